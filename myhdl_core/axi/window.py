"""The window: where words of the memories are, and how they get to the host port and back."""

from __future__ import annotations

from myhdl import concat

from myhdl_core.axi.interface import BITS, Interface
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
    named,
    tap,
    word,
)


@block
def below(number: Wire, LIMIT: int, to: Wire) -> Instances:
    """Whether a number is below a limit."""

    @always_comb
    def compare() -> None:
        to.next = number < LIMIT

    return compare


@block
def in_memory(clk: Wire, address: Wire, present: Wire, chip: Interface) -> Instances:
    """Whether there is a word at an address of the window, a cycle later."""
    low, count = chip.word_shift, chip.address_bits
    place = field(address, low, count)
    bank = field(address, low + count, 2)
    lane = field(address, low + count + 2, chip.lane_bits)
    asked = [(place, depth) for depth in chip.depths] + [(lane, chip.lanes)]
    sure = [limit >> len(number) > 0 for number, limit in asked]
    in_w, in_x, in_y, in_u, known = (constant(1, 1) if always else bit() for always in sure)
    flags = zip(asked, sure, (in_w, in_x, in_y, in_u, known), strict=True)
    limits = [below(*each, to) for each, always, to in flags if not always]

    @always(clk.posedge)
    def compare() -> None:
        present.next = known and in_u
        if bank == 0:
            present.next = known and in_w
        elif bank == 1:
            present.next = known and in_x
        elif bank == 2:
            present.next = known and in_y

    return compare, limits


@block
def from_host(host_q: Wire, upper: Wire, to: Wire, chip: Interface) -> Instances:
    """A word of a memory as the bus has it: sign-extended, or one half of a wide one."""
    full = word(2 * BITS if chip.wide else BITS)
    low, high = field(full, 0, BITS), field(full, BITS, BITS) if chip.wide else constant(0, BITS)

    @always_comb
    def extend() -> None:
        full.next = host_q

    @always_comb
    def halve() -> None:
        to.next = low
        if upper:
            to.next = high

    @always_comb
    def keep() -> None:
        to.next = low

    return extend, halve if chip.wide else keep


@block
def to_host(
    s_axil_wdata: Wire, opening: Wire, opens: Wire, host_data: Wire, chip: Interface
) -> Instances:
    """What is written to a memory, of words that one beat has room for."""
    unused = bits(BITS - chip.weight_bits)

    @always_comb
    def open_it() -> None:
        opens.next = opening

    named(open_it, unused=unused)
    above = tap(field(s_axil_wdata, chip.weight_bits, len(unused)), unused)
    given = tap(field(s_axil_wdata, 0, chip.weight_bits), host_data)
    return open_it, given, above if chip.weight_bits < BITS else ()


@block
def to_host_wide(
    clk: Wire,
    s_axil_wdata: Wire,
    opening: Wire,
    writing: Wire,
    upper: Wire,
    opens: Wire,
    host_data: Wire,
    chip: Interface,
) -> Instances:
    """What is written to a memory of wider words: the lower half waits for the upper."""
    rest = chip.weight_bits - BITS
    high, low = field(s_axil_wdata, 0, rest), bits(BITS)

    @always_comb
    def open_it() -> None:
        opens.next = opening and (upper or not writing)

    @always(clk.posedge)
    def keep() -> None:
        if opening and writing and not upper:
            low.next = s_axil_wdata

    @always_comb
    def join() -> None:
        host_data.next = concat(high, low)

    return open_it, keep, join
