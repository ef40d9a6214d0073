"""The bus: what one lane says goes to all unit banks, the activation unit or the output stream.

Lanes that have nothing to say, say zero, so that all of them can be OR-ed. What the bus hears shows
in its register one cycle later, and in the down register, out of which all unit banks are written,
one cycle after that. The down register serves the activation unit, the input stream and the host
too: the program sees to it that no two of them come in one cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import concat

from myhdl_core.circuit import ACTIVATE, STREAM, UNIT, Circuit
from myhdl_core.hdl import (
    Bundle,
    Instances,
    Wire,
    always,
    always_comb,
    bit,
    bits,
    block,
    either,
    field,
    named,
    optional,
    ports,
    word,
)


def word_wires(circuit: Circuit) -> Bundle:
    """Return a word on its way to the unit banks."""
    width = circuit.shape.word_bits
    return Bundle(write=bit(), place=bits(circuit.address_bits["u"]), word=word(width))


@block
def bus(
    clk: Wire,
    reset: Wire,
    ups: Wire,
    take: Bundle,
    in_data: Wire,
    post: Bundle,
    active: Bundle,
    heard: Bundle,
    down: Bundle,
    out_valid: Wire,
    host_valid: Wire,
    host_q: Wire,
    circuit: Any,
) -> Instances:
    """The bus and the registers at its end."""
    shape, size, low = circuit.shape, circuit.up_bits, circuit.deeper
    width, place_bits = shape.word_bits, circuit.address_bits["u"]
    together = bits(size)
    parts: list[Instances] = []
    sources = [field(ups, lane * size, size) for lane in range(shape.lanes)]
    while len(sources) > 2:
        pair = bits(size)
        parts.append(either(sources[0], sources[1], pair))
        sources = [*sources[2:], pair]
    parts.append(either(sources[0], sources[-1], together))
    kind4, place4 = field(together, size - 2, 2), field(together, size - 2 - place_bits, place_bits)
    word4 = field(together, low, width)
    low4 = field(together, 0, low)
    kind5, low5, hears = bits(2), bits(low), bit()
    place5, word5, full5 = heard.place, heard.word, word(circuit.weight_range_bits)
    upper5 = field(word5, 0, len(full5) - low)
    write, place, data = down.write, down.place, down.word
    host_place, host_word, host_write = post.place, post.word, post.write
    answer5, weight5 = post.answer5, post.weight5
    active_write, active_place, active_word = active.write, active.place, active.word
    accepted, take_place, one = take.accepted, take.place, optional(take, "one")
    activates, unit, activation, stream = heard.write, UNIT, ACTIVATE, STREAM
    ONE = min(1 << shape.fraction_bits, (1 << width - 1) - 1)

    @always(clk.posedge)
    def listen() -> None:
        kind5.next = kind4
        if reset:
            kind5.next = 0
        place5.next = place4
        word5.next = word4

    @always(clk.posedge)
    def listen_low() -> None:
        low5.next = low4

    @always_comb
    def tell() -> None:
        activates.next = kind5 == activation
        hears.next = kind5 == unit

    @always(clk.posedge)
    def store() -> None:
        write.next = (hears or active_write or accepted or host_write) and not reset
        out_valid.next = kind5 == stream and not reset
        place.next = place5
        data.next = word5
        if active_write:
            place.next = active_place
            data.next = active_word
        elif accepted:
            place.next = take_place
            data.next = in_data
            if one:
                data.next = ONE
        elif host_write:
            place.next = host_place
            data.next = host_word.signed()

    @always_comb
    def connect() -> None:
        full5.next = concat(upper5, low5)

    @always_comb
    def connect_short() -> None:
        full5.next = upper5

    @always(clk.posedge)
    def answer() -> None:
        host_valid.next = answer5 and not reset
        host_q.next = word5
        if weight5:
            host_q.next = full5

    wires = {"take": take, "post": post, "active": active, "heard": heard, "down": down}
    for name, bundle in wires.items():
        named(listen, **ports(name, bundle))
    lowest = (listen_low, connect) if low else (connect_short,)
    return listen, lowest, tell, store, answer, parts
