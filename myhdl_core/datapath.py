"""The arithmetic of a lane: one multiplier, one accumulator, one place that rounds and saturates.

Factors show in cycle 4 of an entry, the product in 6, the sum in 7 and the result in 8. Words and
weights share the accumulator: products stand at the same bits in both, addends where their format
says. An addend brings the half that rounding adds. Every source but K, which is one, has a register
of its own, so that nothing lies between a memory and the next register, and nothing before the
multiplier.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from myhdl import concat

from myhdl_core.circuit import addends
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
    masked,
    optional,
    register,
    tap,
    united,
    word,
)
from myhdl_core.microcode import Plus
from myhdl_core.sources import Factor


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
def wanted(clk: Wire, source: Wire, flag: Wire, to: Wire) -> Instances:
    """A register with a word where its flag is set, else zero: a reset takes no logic."""

    @always(clk.posedge)
    def keep() -> None:
        to.next = 0
        if flag:
            to.next = source

    return keep


@block
def registers(
    clk: Wire, select: Wire, sources: Sequence[Wire], kept: Sequence[Wire]
) -> Instances:  # fmt: skip
    """A register for each source, zero unless it is selected; one alone always is."""
    if select is None:
        return register(clk, sources[0], kept[0])
    flags = [select(n) if len(sources) > 1 else select for n in range(len(sources))]
    return [wanted(clk, *each) for each in zip(sources, flags, kept, strict=True)]


@block
def working(
    clk: Wire, work3: Wire, select: Wire, codes: Sequence[int], sources: Bundle, to: Wire
) -> Instances:
    """The factor on the right, the OR of its sources: zero where an entry has no work.

    K stands as it is while its entry is here, so that it needs no register of its own.
    """
    made: list[Instances] = []
    parts = [word(len(to)) for _ in codes]
    for n, (code, part) in enumerate(zip(codes, parts, strict=True)):
        source, flag = getattr(sources, Factor(code).name.lower()), work3
        if len(codes) > 1:
            flag = bit()
            made.append(masked(select(n), work3, flag))
        if code == Factor.K:
            flag4 = bit()
            made += [register(clk, flag, flag4), masked(source, flag4, part)]
        else:
            made.append(wanted(clk, source, flag, part))
    return made, united(parts, to)


@block
def factors(
    clk: Wire,
    work3: Wire,
    control: Bundle,
    banks: Bundle,
    left4: Wire,
    right4: Wire,
    circuit: Any,
) -> Instances:
    """The factors, each the OR of its sources; that on the right is zero without work."""
    told = vars(control)
    sources = Bundle(w=banks.operand, u=banks.u, k=banks.k, y=banks.y, x=banks.x)
    lefts = [getattr(sources, Factor(code).name.lower()) for code in circuit.selected]
    left = [word(len(left4)) for _ in lefts]
    kept = registers(clk, told.get("left"), lefts, left)
    left += [control.constant] if "constant" in told else []
    right = working(clk, work3, told.get("right"), circuit.rights, sources, right4)
    return kept, right, united(left, left4)


@block
def raised(source: Wire, half: Wire, to: Wire) -> Instances:
    """A source as an addend: the half that rounding adds stands below its last bit."""

    @always_comb
    def connect() -> None:
        to.next = concat(source, half)

    return connect


@block
def halved(flag: Wire, to: Wire) -> Instances:
    """Half of what follows, or nothing."""
    zeros = constant(0, len(to) - 1)

    @always_comb
    def connect() -> None:
        to.next = concat(flag, zeros)

    return connect if len(to) > 1 else tap(flag, to)


@block
def weighed(clk: Wire, flag: Wire, w: Wire, low_bits: Wire, to: Wire, low: int) -> Instances:
    """The weight as an addend, with its half; and its lowest bits, which the host reads."""
    kept, weigh4, half = word(len(w)), bit(), bits(low)
    parts = wanted(clk, w, flag, kept), tap(field(kept, 0, len(low_bits)), low_bits)
    if not low:
        return parts, tap(kept, to)
    return parts, register(clk, flag, weigh4), halved(weigh4, half), raised(kept, half, to)


@block
def addend(
    clk: Wire, control: Bundle, banks: Bundle, addend4: Wire, w_low4: Wire, circuit: Any
) -> Instances:
    """The addend, with the half that rounding adds: the OR of the words that it may be."""
    low, width = circuit.word_shift, circuit.shape.word_bits
    flags = {code: control.plus(n) for n, code in enumerate(addends(circuit))}
    sources = {Plus.X: banks.x, Plus.Y: banks.y, Plus.U: banks.u}
    words = [word(width) for _ in sources]
    words4, aligned, half, word4 = word(width), word(width + low), bits(low), bit()
    low4, weigh3, wide3 = bits(len(w_low4)), constant(0, 1), constant(0, 1)
    parts = [wanted(clk, sources[c], flags[c], to) for c, to in zip(sources, words, strict=True)]
    parts += [united(words, words4), halved(word4, half), raised(words4, half, aligned)]
    summed = [aligned]
    if Plus.X_WIDE in flags:
        wide3 = flags[Plus.X_WIDE]
        summed.append(word(len(banks.sums)))
        parts.append(wanted(clk, banks.sums, wide3, summed[-1]))
    if Plus.W in flags:
        weigh3 = flags[Plus.W]
        summed.append(word(len(banks.w) + circuit.weight_shift))
        parts.append(weighed(clk, weigh3, banks.w, w_low4, summed[-1], circuit.weight_shift))
    else:
        parts += [register(clk, field(banks.w, 0, len(low4)), low4), tap(low4, w_low4)]

    @always(clk.posedge)
    def follow() -> None:
        word4.next = not (weigh3 or wide3)

    return follow, parts, united(summed, addend4)


@block
def accumulate(
    clk: Wire,
    control: Bundle,
    flags: Bundle,
    left4: Wire,
    right4: Wire,
    addend4: Wire,
    total7: Wire,
    circuit: Any,
) -> Instances:
    """The sum: an addend where it opens, and a product at each entry; without work it is zero.

    A difference a - p is ~(~a + p), so that one adder does both; the total of a difference is kept
    in that complement.
    """
    shift, width = circuit.product_shift, circuit.shape.word_bits
    subtract, open5 = optional(control, "subtract"), flags.open5
    product6, step6 = word(2 * width), word(2 * width + shift)
    base6, sum6 = word(circuit.total_bits), word(circuit.total_bits)
    left5, right5, addend5 = word(width), word(width), word(circuit.addend_bits)
    zeros = constant(0, shift)

    @always(clk.posedge)
    def ready() -> None:
        left5.next = left4
        right5.next = right4
        addend5.next = addend4

    @always(clk.posedge)
    def multiply() -> None:
        product6.next = left5 * right5

    @always_comb
    def align() -> None:
        step6.next = concat(product6, zeros)

    @always_comb
    def same() -> None:
        step6.next = product6

    @always_comb
    def add() -> None:
        sum6.next = base6 + step6

    @always(clk.posedge)
    def keep() -> None:
        total7.next = sum6
        base6.next = sum6
        if open5:
            base6.next = addend5
            if subtract:
                base6.next = ~addend5

    return ready, multiply, align if shift else same, add, keep


@block
def narrow(
    clk: Wire, total7: Wire, own: Bundle, host: Wire, low: int, width: int, to: Wire
) -> Instances:
    """A register that gets the sum, or the host's word.

    The sum loses its ``low`` last bits and saturates at ``width`` bits.

    ``own`` has ``give7``, which says that the sum is a result, ``complement7``, which says that the
    sum is kept as its complement, and ``over7``, which tells that it is too large.
    """
    give7, complement7, over7, bounded7 = own.give7, own.complement7, own.over7, word(width)
    above7 = field(total7, low + width - 1, len(total7) - low - width + 1)
    slice7, exact7, kept7, limit7 = field(total7, low, width), word(width), word(width), word(width)
    wide7, host_wide, fits7, high7, low7 = word(len(to)), word(len(to)), bit(), bit(), bit()
    total_sign = field(total7, len(total7) - 1, 1)
    all_ones = constant((1 << len(above7)) - 1, len(above7))
    ones, zeros = constant((1 << width - 1) - 1, width - 1), constant(0, width - 1)

    @always_comb
    def look() -> None:
        over7.next = above7 != 0 and above7 != all_ones
        exact7.next = slice7.signed()
        if complement7:
            exact7.next = ~slice7

    @always_comb
    def judge() -> None:
        fits7.next = give7 and not over7
        high7.next = give7 and over7 and total_sign == complement7
        low7.next = give7 and over7 and total_sign != complement7

    @always_comb
    def bound() -> None:
        kept7.next = 0
        limit7.next = 0
        if fits7:
            kept7.next = exact7
        if high7:
            limit7.next = concat(low7, ones)
        elif low7:
            limit7.next = concat(low7, zeros)

    @always_comb
    def join_up() -> None:
        bounded7.next = kept7 | limit7
        wide7.next = bounded7

    @always(clk.posedge)
    def store() -> None:
        to.next = wide7 | host_wide

    return look, judge, bound, join_up, store, tap(host, host_wide)


@block
def narrows(
    clk: Wire,
    control: Bundle,
    flags: Bundle,
    host_data: Wire,
    total7: Wire,
    result8: Wire,
    weight8: Wire,
    clipped: Wire,
    circuit: Any,
) -> Instances:
    """The result as a word and as a weight; they differ in the bits that they take."""
    give7 = flags.give7
    host_word, width = field(host_data, 0, len(result8)), len(result8)
    complement7, word_over, weight_over = optional(control, "complement"), bit(), bit()
    never = constant(0, 1)
    is_weight, exact = optional(control, "weight"), optional(control, "exact")
    as_word = Bundle(give7=give7, complement7=complement7, over7=word_over)
    sign = complement7 if circuit.weights_subtract else never
    as_weight = Bundle(give7=give7, complement7=sign, over7=weight_over)
    word_narrow = narrow(clk, total7, as_word, host_word, circuit.word_shift, width, result8)

    @always(clk.posedge)
    def notice() -> None:
        clipped.next = give7 and word_over and not exact

    @always(clk.posedge)
    def notice_both() -> None:
        if is_weight:
            clipped.next = give7 and weight_over
        else:
            clipped.next = give7 and word_over and not exact

    @always(clk.posedge)
    def host_only() -> None:
        weight8.next = host_data

    if Plus.W not in circuit.pluses:
        return word_narrow, notice, host_only
    low, width = circuit.weight_shift, circuit.weight_range_bits
    weight_narrow = narrow(clk, total7, as_weight, host_data, low, width, weight8)
    return word_narrow, weight_narrow, notice_both
