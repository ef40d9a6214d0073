"""The activation unit: y = f(s) from a table with linear interpolation, and f'(s) from y.

A word comes from the bus in cycle 0. Its y shows in cycle 5, its slope in cycle 8, each on the way
to the down register; one multiplier does both (operands in cycle 3 and 6). Words come at distances
of 2, or 4 and more, cycles.
"""

from __future__ import annotations

from typing import Any

from myhdl import concat

from myhdl_core.hdl import (
    Bundle,
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
    named,
    ports,
    word,
)


@block
def look_up(
    clk: Wire, valid0: Wire, s: Wire, base2: Wire, after2: Wire, rest2: Wire, circuit: Any
) -> Instances:
    """The two entries of the table between which a word lies, and where it lies between them."""
    shape, n, between = circuit.shape, circuit.table_bits, circuit.between
    upper, sign = field(s, between, n - 1), field(s, shape.word_bits - 1, 1)
    rest0, rest1 = field(s, 0, between), bits(between)
    index0, address, behind1, last1, last2 = bits(n), bits(n), bits(n), bit(), bit()
    entry1 = word(shape.word_bits)
    LAST, END = (1 << n) - 1, circuit.behind_table

    @always_comb
    def find() -> None:
        index0.next = concat(not sign, upper)

    @always_comb
    def point() -> None:
        address.next = index0
        if not valid0:
            address.next = behind1

    @always_comb
    def last_one() -> None:
        after2.next = entry1
        if last2:
            after2.next = END

    @always(clk.posedge)
    def travel() -> None:
        behind1.next = index0 + 1
        last1.next = index0 == LAST
        last2.next = last1
        base2.next = entry1

    @always(clk.posedge)
    def travel_rest() -> None:
        rest1.next = rest0
        rest2.next = rest1

    @always(clk.posedge)
    def travel_whole() -> None:
        base2.next = entry1

    into = {"clk": clk}
    if not between:
        table = module("activation_table", "u_table", {**into, "address": index0}, {"q": entry1})
        return find, travel_whole, table
    table = module("activation_table", "u_table", {**into, "address": address}, {"q": entry1})
    return find, point, last_one, travel, travel_rest, table


@block
def timing(
    clk: Wire,
    reset: Wire,
    heard: Bundle,
    parity: Wire,
    result: Bundle,
    y5: Wire,
    slope8: Wire,
    valid5: Wire,
    circuit: Any,
) -> Instances:
    """When a result is there and where it goes: y to the half of this step, slopes to theirs."""
    valid1, valid2, valid3, valid4, valid6, valid7, valid8 = (bit() for _ in range(7))
    own1, own2, own3, own4, own5, own6, own7, own8 = (bits(len(heard.place)) for _ in range(8))
    valid0, own0 = heard.write, heard.place
    write, place, data = result.write, result.place, result.word
    HALF, SLOPE = circuit.shape.half, circuit.slope

    @always(clk.posedge)
    def travel() -> None:
        valid1.next = valid0 and not reset
        valid2.next = valid1 and not reset
        valid3.next = valid2 and not reset
        valid4.next = valid3 and not reset
        valid5.next = valid4 and not reset
        valid6.next = valid5 and not reset
        valid7.next = valid6 and not reset
        valid8.next = valid7 and not reset
        own1.next = own0
        own2.next = own1
        own3.next = own2
        own4.next = own3
        own5.next = own4
        own6.next = own5
        own7.next = own6
        own8.next = own7

    @always_comb
    def tell() -> None:
        write.next = valid5 or valid8
        place.next = own5
        data.next = y5
        if not parity:
            place.next = own5 + HALF
        if valid8:
            place.next = own8 + SLOPE
            data.next = slope8

    return travel, tell


@block
def activation(
    clk: Wire, reset: Wire, heard: Bundle, parity: Wire, active: Bundle, circuit: Any
) -> Instances:
    """The activation unit."""
    shape, between = circuit.shape, circuit.between
    W, F = shape.word_bits, shape.fraction_bits
    base2, after2, base3, base4, y5, y7 = (word(W) for _ in range(6))
    rest2, valid5, rise2 = bits(between), bit(), word(W + 1)
    left, right, product, slope8 = word(W + 1), word(W), word(2 * W + 1), word(W)
    start4, sum4 = word(W + between), word(2 * W + 2)
    start7, sum7 = word(W + F + 1 - shape.linear), word(2 * W + 2)
    half = constant(1 << between >> 1, between)
    low = constant(1 << F - 1, F)
    y_sum, slope_sum = field(sum4, between, W), field(sum7, F, W)
    whole = constant(shape.constant << F, W + 1)
    HIGH = (1 << W - 1) - 1

    @always_comb
    def rise() -> None:
        rise2.next = after2 - base2

    @always(clk.posedge)
    def multiply() -> None:
        base3.next = base2
        base4.next = base3
        product.next = left * right
        if valid5:
            left.next = y5
            right.next = y5
        else:
            left.next = rise2
            right.next = rest2

    @always(clk.posedge)
    def square() -> None:
        base3.next = base2
        base4.next = base3
        y5.next = base4
        left.next = y5
        right.next = y5
        product.next = left * right

    @always_comb
    def connect() -> None:
        start4.next = concat(base4, half)

    @always_comb
    def interpolate() -> None:
        sum4.next = start4 + product

    @always(clk.posedge)
    def keep() -> None:
        y5.next = y_sum.signed()
        if (sum4 >> between) > HIGH:
            y5.next = HIGH

    @always_comb
    def open_sum() -> None:
        start7.next = concat(whole, low)

    @always(clk.posedge)
    def follow() -> None:
        y7.next = right

    @always_comb
    def begin_linear() -> None:
        start7.next = concat(y7, low)

    @always_comb
    def bend() -> None:
        sum7.next = start7 - product

    @always(clk.posedge)
    def keep_slope() -> None:
        slope8.next = slope_sum.signed()
        if (sum7 >> F) > HIGH:
            slope8.next = HIGH

    named(rise if between else square, **ports("heard", heard), **ports("active", active))
    table = look_up(clk, heard.write, heard.word, base2, after2, rest2, circuit)
    when = timing(clk, reset, heard, parity, active, y5, slope8, valid5, circuit)
    y_parts = (rise, multiply, connect, interpolate, keep) if between else (square,)
    start = (follow, begin_linear) if shape.linear else (open_sum,)
    return y_parts, start, bend, keep_slope, table, when
