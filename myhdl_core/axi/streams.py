"""Samples come in whole or not at all, and answers go out whole.

Both streams have room for two, so that the next sample comes and the last answer goes while a step
runs. A sample counts once its last word is there with ``tlast``; the network never sees one that
is too short or too long. What a register slice is for is done here by registers at every port.
"""

from __future__ import annotations

from myhdl import concat

from myhdl_core.axi.interface import Interface
from myhdl_core.circuit import width_of
from myhdl_core.hdl import (
    Instances,
    Wire,
    always,
    always_comb,
    bit,
    bits,
    block,
    constant,
    field,
    module,
    tap,
    word,
)


@block
def joined(high: Wire, low: Wire, to: Wire) -> Instances:
    """An address: which of two places, and where in it."""

    @always_comb
    def join() -> None:
        to.next = concat(high, low)

    return join


@block
def pair(clk: Wire, reset: Wire, more: Wire, less: Wire, some: Wire, both: Wire) -> Instances:
    """How many of two places are taken: some, both."""

    @always(clk.posedge)
    def count() -> None:
        if reset:
            some.next = False
            both.next = False
        elif more and not less:
            some.next = True
            both.next = some
        elif less and not more:
            some.next = both
            both.next = False

    return count


@block
def axi_intake(
    clk: Wire,
    reset: Wire,
    s_axis_tdata: Wire,
    s_axis_tvalid: Wire,
    s_axis_tready: Wire,
    s_axis_tlast: Wire,
    rewind: Wire,
    fill: Wire,
    in_ready: Wire,
    in_data: Wire,
    used: Wire,
    sample: Wire,
    short: Wire,
    long: Wire,
    chip: Interface,
) -> Instances:
    """Samples, from the stream to the core."""
    LAST = chip.sample - 1
    index_bits = width_of(chip.sample)
    index, place = bits(index_bits), bits(index_bits)
    into, out_of, both, discarding = bit(), bit(), bit(), bit()
    beat, ends, complete, advance, too_short, too_long = (bit() for _ in range(6))
    write_address, read_address = bits(index_bits + 1), bits(index_bits + 1)
    given, q = bits(chip.word_bits), word(chip.word_bits)
    low, unused = field(s_axis_tdata, 0, chip.word_bits), bits(chip.beat_bits - chip.word_bits)

    @always_comb
    def look() -> None:
        beat.next = s_axis_tvalid and s_axis_tready
        ends.next = index == LAST
        given.next = low

    @always_comb
    def judge() -> None:
        complete.next = beat and s_axis_tlast and ends and not discarding
        too_short.next = beat and s_axis_tlast and not ends and not discarding
        too_long.next = beat and ends and not s_axis_tlast and not discarding
        advance.next = fill or in_ready

    @always(clk.posedge)
    def receive() -> None:
        short.next = too_short and not reset
        long.next = too_long and not reset
        s_axis_tready.next = not (reset or both or (sample and complete))
        if reset:
            index.next = 0
            discarding.next = False
        elif beat:
            discarding.next = (discarding or ends) and not s_axis_tlast
            if s_axis_tlast or ends or discarding:
                index.next = 0
            else:
                index.next = index + 1

    @always(clk.posedge)
    def turn() -> None:
        if reset:
            into.next = False
            out_of.next = False
        else:
            into.next = into != complete
            out_of.next = out_of != used

    @always(clk.posedge)
    def give() -> None:
        if rewind:
            place.next = 0
        elif advance:
            place.next = place + 1
        if advance:
            in_data.next = q

    addresses = (
        joined(into, index, write_address),
        joined(out_of, place, read_address),
    )
    held = pair(clk, reset, complete, used, sample, both)
    ports = {"clk": clk, "write": beat, "write_address": write_address, "data": given}
    ports |= {"read": advance, "read_address": read_address}
    numbers = {"WIDTH": chip.word_bits, "DEPTH": 2 << index_bits, "BITS": index_bits + 1}
    words = module("axi_buffer", "u_words", ports, {"q": q}, **numbers)
    above = tap(field(s_axis_tdata, chip.word_bits, len(unused)), unused)
    rest = above if chip.beat_bits > chip.word_bits else ()
    return look, judge, receive, turn, give, addresses, held, words, rest


@block
def axi_answers(
    clk: Wire,
    aresetn: Wire,
    reset: Wire,
    out_valid: Wire,
    out_data: Wire,
    m_axis_tdata: Wire,
    m_axis_tvalid: Wire,
    m_axis_tready: Wire,
    m_axis_tlast: Wire,
    answer: Wire,
    room: Wire,
    chip: Interface,
) -> Instances:
    """Answers, from the core to the stream; a soft reset leaves those that are whole."""
    LAST = chip.outputs - 1
    several = chip.outputs > 1
    index_bits = width_of(chip.outputs) if several else 0
    index, place = bits(max(1, index_bits)), bits(max(1, index_bits))
    into, out_of, both, always_on = bit(), bit(), bit(), constant(1, 1)
    complete, sent, there, take, off = (bit() for _ in range(5))
    ends, last = (bit() if several else constant(1, 1) for _ in range(2))
    write_address, read_address = bits(index_bits + 1), bits(index_bits + 1)
    given, q = bits(chip.word_bits), word(chip.word_bits)

    @always_comb
    def look() -> None:
        off.next = not aresetn
        complete.next = out_valid and ends and not reset
        take.next = there and (m_axis_tready or not m_axis_tvalid)
        room.next = not both
        always_on.next = True
        given.next = out_data

    @always_comb
    def compare() -> None:
        ends.next = index == LAST
        last.next = place == LAST

    @always_comb
    def finish() -> None:
        sent.next = take and last

    @always(clk.posedge)
    def count() -> None:
        if reset or complete:
            index.next = 0
        elif out_valid:
            index.next = index + 1
        if off or sent:
            place.next = 0
        elif take:
            place.next = place + 1

    @always(clk.posedge)
    def turn() -> None:
        if off:
            into.next = False
            out_of.next = False
        else:
            into.next = into != complete
            out_of.next = out_of != sent

    @always(clk.posedge)
    def send() -> None:
        there.next = answer and not take and not off
        if off:
            m_axis_tvalid.next = False
        elif take:
            m_axis_tvalid.next = True
        elif m_axis_tready:
            m_axis_tvalid.next = False
        if take:
            m_axis_tdata.next = q
            m_axis_tlast.next = last

    addresses = tap(into, write_address), tap(out_of, read_address)
    if several:
        addresses = joined(into, index, write_address), joined(out_of, place, read_address)
    counted = (compare, count) if several else ()
    held = pair(clk, off, complete, sent, answer, both)
    ports = {"clk": clk, "write": out_valid, "write_address": write_address, "data": given}
    ports |= {"read": always_on, "read_address": read_address}
    numbers = {"WIDTH": chip.word_bits, "DEPTH": 2 << index_bits, "BITS": index_bits + 1}
    words = module("axi_buffer", "u_words", ports, {"q": q}, **numbers)
    return look, counted, finish, turn, send, addresses, held, words
