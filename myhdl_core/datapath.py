"""The arithmetic of a lane: one multiplier, one accumulator, one place that rounds and saturates.

Operands show in cycle 4 after their entry was issued, the product in 5, the sum in 6 and the result
in 7. Words and weights share the accumulator: products stand at the same bits in both, addends
where their format says. An addend brings the half that rounding adds.
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
    block,
    chosen,
    constant,
    field,
    optional,
    tap,
    word,
)
from myhdl_core.microcode import Plus


@block
def scalar(clk: Wire, load3: Wire, control: Bundle, banks: Bundle, circuit: Any) -> Instances:
    """Register K, the factor that a LOAD fetches for the entries behind it."""
    operand, u_q, k = banks.operand, banks.u, banks.k
    units, weights = 0 in circuit.loads, 1 in circuit.loads
    load_weight = optional(control, "load_weight") if units else constant(1, 1)

    @always(clk.posedge)
    def keep() -> None:
        if load3:
            if load_weight:
                k.next = operand
            else:
                k.next = u_q

    @always(clk.posedge)
    def keep_unit() -> None:
        if load3:
            k.next = u_q

    return keep if weights else keep_unit


@block
def raised(source: Wire, half: Wire, to: Wire) -> Instances:
    """A source as an addend: the half that rounding adds stands below its last bit."""

    @always_comb
    def connect() -> None:
        to.next = concat(source, half)

    return connect


@block
def operands(
    clk: Wire,
    control: Bundle,
    banks: Bundle,
    left4: Wire,
    right4: Wire,
    addend4: Wire,
    circuit: Any,
) -> Instances:
    """The factors and the addend, out of the sources that the program names."""
    width, low, weight_low = circuit.shape.word_bits, circuit.word_shift, circuit.weight_shift
    told = vars(control)
    lefts = (banks.operand, banks.u, banks.k, banks.y, told.get("constant"))
    rights = (banks.x, banks.y, banks.u, banks.k)
    half = constant(1 << low - 1, low)
    weight_half = constant(1 << weight_low >> 1, weight_low)
    addends, raises = [], []
    for code in circuit.pluses:
        if code == Plus.NONE:
            addends.append(half)
        elif code == Plus.W and not weight_low:
            addends.append(banks.w)
        elif code == Plus.X_WIDE:
            addends.append(banks.sums)
        else:
            source: Wire = (None, banks.x, banks.y, banks.u, banks.w)[code]
            addends.append(word(len(source) + (weight_low if code == Plus.W else low)))
            raises.append(raised(source, weight_half if code == Plus.W else half, addends[-1]))
    select_left, select_right, select_plus = told.get("left"), told.get("right"), told.get("plus")
    left3, right3, addend3 = word(width), word(width), word(circuit.addend_bits)
    left = chosen(select_left, [lefts[code] for code in circuit.lefts], left3)
    right = chosen(select_right, [rights[code] for code in circuit.rights], right3)
    plus = chosen(select_plus, addends, addend3)

    @always(clk.posedge)
    def keep() -> None:
        left4.next = left3
        right4.next = right3
        addend4.next = addend3

    return keep, raises, left, right, plus


@block
def accumulate(
    clk: Wire,
    control: Bundle,
    flags: Bundle,
    left4: Wire,
    right4: Wire,
    addend4: Wire,
    total6: Wire,
    circuit: Any,
) -> Instances:
    """The sum: an addend at its first entry, and a product at each.

    A difference a - p is ~(~a + p), so that one adder does both; the total of a difference is kept
    in that complement.
    """
    shift, width = circuit.product_shift, circuit.shape.word_bits
    subtract, work5, first5 = optional(control, "subtract"), flags.work5, flags.first5
    product5, addend5 = word(2 * width), word(circuit.addend_bits)
    step5, base5 = word(2 * width + shift), word(circuit.total_bits)
    zeros = constant(0, shift)

    @always(clk.posedge)
    def multiply() -> None:
        product5.next = left4 * right4
        addend5.next = addend4

    @always_comb
    def align() -> None:
        step5.next = concat(product5, zeros)

    @always_comb
    def same() -> None:
        step5.next = product5

    @always_comb
    def open_sum() -> None:
        base5.next = total6
        if first5:
            base5.next = addend5
            if subtract:
                base5.next = ~addend5

    @always(clk.posedge)
    def add() -> None:
        if work5:
            total6.next = base5 + step5

    return multiply, align if shift else same, open_sum, add


@block
def narrow(
    clk: Wire, total6: Wire, own: Bundle, host: Wire, low: int, width: int, to: Wire
) -> Instances:
    """A register that gets the sum, or the host's word.

    The sum loses its ``low`` last bits and saturates at ``width`` bits.

    ``own`` has ``give6``, which says that the sum is a result, ``complement6``, which says that the
    sum is kept as its complement, and ``over6``, which tells that it is too large.
    """
    give6, complement6, over6, bounded6 = own.give6, own.complement6, own.over6, word(width)
    above6 = field(total6, low + width - 1, len(total6) - low - width + 1)
    slice6, exact6, kept6, limit6 = field(total6, low, width), word(width), word(width), word(width)
    wide6, host_wide, fits6, high6, low6 = word(len(to)), word(len(to)), bit(), bit(), bit()
    total_sign = field(total6, len(total6) - 1, 1)
    all_ones = constant((1 << len(above6)) - 1, len(above6))
    ones, zeros = constant((1 << width - 1) - 1, width - 1), constant(0, width - 1)

    @always_comb
    def look() -> None:
        over6.next = above6 != 0 and above6 != all_ones
        exact6.next = slice6.signed()
        if complement6:
            exact6.next = ~slice6

    @always_comb
    def judge() -> None:
        fits6.next = give6 and not over6
        high6.next = give6 and over6 and total_sign == complement6
        low6.next = give6 and over6 and total_sign != complement6

    @always_comb
    def bound() -> None:
        kept6.next = 0
        limit6.next = 0
        if fits6:
            kept6.next = exact6
        if high6:
            limit6.next = concat(low6, ones)
        elif low6:
            limit6.next = concat(low6, zeros)

    @always_comb
    def join_up() -> None:
        bounded6.next = kept6 | limit6
        wide6.next = bounded6

    @always(clk.posedge)
    def store() -> None:
        to.next = wide6 | host_wide

    return look, judge, bound, join_up, store, tap(host, host_wide)


@block
def narrows(
    clk: Wire,
    control: Bundle,
    flags: Bundle,
    host_data: Wire,
    total6: Wire,
    result7: Wire,
    weight7: Wire,
    clipped: Wire,
    circuit: Any,
) -> Instances:
    """The result as a word and as a weight; they differ in the bits that they take."""
    give6 = flags.give6
    host_word, width = field(host_data, 0, len(result7)), len(result7)
    complement6, word_over, weight_over = optional(control, "complement"), bit(), bit()
    never = constant(0, 1)
    is_weight, exact = optional(control, "weight"), optional(control, "exact")
    as_word = Bundle(give6=give6, complement6=complement6, over6=word_over)
    sign = complement6 if circuit.weights_subtract else never
    as_weight = Bundle(give6=give6, complement6=sign, over6=weight_over)
    word_narrow = narrow(clk, total6, as_word, host_word, circuit.word_shift, width, result7)

    @always(clk.posedge)
    def notice() -> None:
        clipped.next = give6 and word_over and not exact

    @always(clk.posedge)
    def notice_both() -> None:
        if is_weight:
            clipped.next = give6 and weight_over
        else:
            clipped.next = give6 and word_over and not exact

    @always(clk.posedge)
    def host_only() -> None:
        weight7.next = host_data

    if Plus.W not in circuit.pluses:
        return word_narrow, notice, host_only
    low, width = circuit.weight_shift, circuit.weight_range_bits
    weight_narrow = narrow(clk, total6, as_weight, host_data, low, width, weight7)
    return word_narrow, weight_narrow, notice_both
