"""The activation unit: y = f(s) from a table with linear interpolation, and f'(s) from y.

A word comes from the bus in cycle 0. Its y shows in cycle 6, its slope in cycle 9, each on the way
to the down register; one multiplier does both (operands in cycle 4 and 7). Words come at distances
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
    clk: Wire, valid0: Wire, s: Wire, base3: Wire, after3: Wire, rest3: Wire, circuit: Any
) -> Instances:
    """The two entries of the table between which a word lies, and where it lies between them."""
    shape, n, between = circuit.shape, circuit.table_bits, circuit.between
    upper, sign = field(s, between, n - 1), field(s, shape.word_bits - 1, 1)
    rest0, rest1, rest2 = field(s, 0, between), bits(between), bits(between)
    index0, address, behind1 = bits(n), bits(n), bits(n)
    last1, last2, last3 = bit(), bit(), bit()
    entry2 = word(shape.word_bits)
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
        after3.next = entry2
        if last3:
            after3.next = END

    @always(clk.posedge)
    def travel() -> None:
        behind1.next = index0 + 1
        last1.next = index0 == LAST
        last2.next = last1
        last3.next = last2
        base3.next = entry2

    @always(clk.posedge)
    def travel_rest() -> None:
        rest1.next = rest0
        rest2.next = rest1
        rest3.next = rest2

    @always(clk.posedge)
    def travel_whole() -> None:
        base3.next = entry2

    into = {"clk": clk}
    if not between:
        table = module("activation_table", "u_table", {**into, "address": index0}, {"q": entry2})
        return find, travel_whole, table
    table = module("activation_table", "u_table", {**into, "address": address}, {"q": entry2})
    return find, point, last_one, travel, travel_rest, table


@block
def timing(
    clk: Wire,
    reset: Wire,
    heard: Bundle,
    parity: Wire,
    result: Bundle,
    y6: Wire,
    slope9: Wire,
    valid6: Wire,
    circuit: Any,
) -> Instances:
    """When a result is there and where it goes: y to the half of this step, slopes to theirs."""
    valid1, valid2, valid3, valid4, valid5, valid7, valid8, valid9 = (bit() for _ in range(8))
    own1, own2, own3, own4, own5, own6, own7, own8, own9 = (
        bits(len(heard.place)) for _ in range(9)
    )
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
        valid9.next = valid8 and not reset
        own1.next = own0
        own2.next = own1
        own3.next = own2
        own4.next = own3
        own5.next = own4
        own6.next = own5
        own7.next = own6
        own8.next = own7
        own9.next = own8

    @always_comb
    def tell() -> None:
        write.next = valid6 or valid9
        place.next = own6
        data.next = y6
        if not parity:
            place.next = own6 + HALF
        if valid9:
            place.next = own9 + SLOPE
            data.next = slope9

    return travel, tell


@block
def activation(
    clk: Wire, reset: Wire, heard: Bundle, parity: Wire, active: Bundle, circuit: Any
) -> Instances:
    """The activation unit."""
    shape, between = circuit.shape, circuit.between
    W, F = shape.word_bits, shape.fraction_bits
    base3, after3, base4, base5, y6, y8 = (word(W) for _ in range(6))
    rest3, valid6, rise3 = bits(between), bit(), word(W + 1)
    left, right, product, slope9 = word(W + 1), word(W), word(2 * W + 1), word(W)
    start5, sum5 = word(W + between), word(2 * W + 2)
    start8, sum8 = word(W + F + 1 - shape.linear), word(2 * W + 2)
    half = constant(1 << between >> 1, between)
    low = constant(1 << F - 1, F)
    y_sum, slope_sum = field(sum5, between, W), field(sum8, F, W)
    whole = constant(shape.constant << F, W + 1)
    HIGH = (1 << W - 1) - 1

    @always_comb
    def rise() -> None:
        rise3.next = after3 - base3

    @always(clk.posedge)
    def multiply() -> None:
        base4.next = base3
        base5.next = base4
        product.next = left * right
        if valid6:
            left.next = y6
            right.next = y6
        else:
            left.next = rise3
            right.next = rest3

    @always(clk.posedge)
    def square() -> None:
        base4.next = base3
        base5.next = base4
        y6.next = base5
        left.next = y6
        right.next = y6
        product.next = left * right

    @always_comb
    def connect() -> None:
        start5.next = concat(base5, half)

    @always_comb
    def interpolate() -> None:
        sum5.next = start5 + product

    @always(clk.posedge)
    def keep() -> None:
        y6.next = y_sum.signed()
        if (sum5 >> between) > HIGH:
            y6.next = HIGH

    @always_comb
    def open_sum() -> None:
        start8.next = concat(whole, low)

    @always(clk.posedge)
    def follow() -> None:
        y8.next = right

    @always_comb
    def begin_linear() -> None:
        start8.next = concat(y8, low)

    @always_comb
    def bend() -> None:
        sum8.next = start8 - product

    @always(clk.posedge)
    def keep_slope() -> None:
        slope9.next = slope_sum.signed()
        if (sum8 >> F) > HIGH:
            slope9.next = HIGH

    named(rise if between else square, **ports("heard", heard), **ports("active", active))
    table = look_up(clk, heard.write, heard.word, base3, after3, rest3, circuit)
    when = timing(clk, reset, heard, parity, active, y6, slope9, valid6, circuit)
    y_parts = (rise, multiply, connect, interpolate, keep) if between else (square,)
    start = (follow, begin_linear) if shape.linear else (open_sum,)
    return y_parts, start, bend, keep_slope, table, when
