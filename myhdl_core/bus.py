"""The bus: what one lane says goes to all unit banks, the activation unit or the output stream.

Lanes that have nothing to say, say zero, so that all of them can be OR-ed: the words that are sent,
and the results. What the bus hears shows in its register one cycle later, and in the down register,
out of which all unit banks are written, one cycle after that. The down register serves the
activation unit, the input stream and the host too: the program sees to it that no two of them come
in one cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import concat

from myhdl_core.circuit import Circuit
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
    manner: Bundle,
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
    half = 1 + place_bits + width
    sent5, spoke9 = field(together, low + half - 1, 1), field(together, low + 2 * half - 1, 1)
    sent_place, place_told = (field(together, low + n * half + width, place_bits) for n in (0, 1))
    sent_word, word_told = (field(together, low + n * half, width) for n in (0, 1))
    low5, low6, hears, streams = field(together, 0, low), bits(low), bit(), bit()
    place5, word5 = bits(place_bits), bits(width)
    parts += [either(sent_place, place_told, place5), either(sent_word, word_told, word5)]
    give, activate = optional(manner, "give"), optional(manner, "activate")
    place6, word6, full6 = heard.place, heard.word, word(circuit.weight_range_bits)
    upper6 = field(word6, 0, len(full6) - low)
    write, place, data = down.write, down.place, down.word
    host_place, host_word, host_write = post.place, post.word, post.write
    quiet5, answer6, weight = post.quiet5, post.answer6, post.weight
    active_write, active_place, active_word = active.write, active.place, active.word
    accepted, take_place, one = take.accepted, take.place, optional(take, "one")
    activates = heard.write
    ONE = min(1 << shape.fraction_bits, (1 << width - 1) - 1)

    @always(clk.posedge)
    def listen() -> None:
        place6.next = place5
        word6.next = word5.signed()
        streams.next = sent5 and give and not reset
        activates.next = spoke9 and activate and not reset
        hears.next = False
        if not (quiet5 or reset):
            hears.next = (sent5 and not give) or (spoke9 and not activate)

    @always(clk.posedge)
    def listen_low() -> None:
        low6.next = low5

    @always(clk.posedge)
    def store() -> None:
        write.next = (hears or active_write or accepted or host_write) and not reset
        out_valid.next = streams and not reset
        place.next = place6
        data.next = word6
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
        full6.next = concat(upper6, low6)

    @always_comb
    def connect_short() -> None:
        full6.next = upper6

    @always(clk.posedge)
    def answer() -> None:
        host_valid.next = answer6 and not reset
        host_q.next = word6
        if weight:
            host_q.next = full6

    wires = {"take": take, "post": post, "manner": manner, "active": active, "heard": heard}
    wires["down"] = down
    for name, bundle in wires.items():
        named(listen, **ports(name, bundle))
    lowest = (listen_low, connect) if low else (connect_short,)
    return listen, lowest, store, answer, parts
