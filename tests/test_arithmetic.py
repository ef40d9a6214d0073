"""Fixed point: plain integers against arrays against fractions, exhaustively where words are short.

Plain integers are the definition that hardware is compared with; arrays are what the engines run;
``exactly`` rounds a fraction.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

import neurosim as ns
from neurosim.model.arithmetic import Format, Operand
from neurosim.model.fixed import narrow_array, narrow_int
from tests.fixed_point import SMALL, each_small, exactly, real, words


def grid(*axes):
    """Return all combinations as int64 arrays, and as tuples of plain integers."""
    arrays = [a.ravel() for a in np.meshgrid(*[np.array(axis) for axis in axes], indexing="ij")]
    return arrays, list(zip(*(a.tolist() for a in arrays), strict=True))


# --- narrowing ------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", range(7))
@pytest.mark.parametrize("bits", [2, 4, 7])
def test_narrow_rounds_to_the_nearest_ties_up_and_saturates(shift, bits):
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    accumulators = range(-700, 701)
    plain = [narrow_int(each, shift, low, high) for each in accumulators]
    rounded = [math.floor(Fraction(each, 2**shift) + Fraction(1, 2)) for each in accumulators]
    assert plain == [min(high, max(low, each)) for each in rounded]
    assert narrow_array(np.array(accumulators), shift, low, high).tolist() == plain


def test_narrow_leaves_the_array_alone():
    accumulator = np.array([1, 2, 3])
    narrow_array(accumulator, 1, -8, 7)
    assert accumulator.tolist() == [1, 2, 3]


# --- operations -----------------------------------------------------------------------------


@each_small
def test_multiply_every_pair(number):
    (a, b), pairs = grid(words(number), words(number))
    plain = [number.multiply(*pair) for pair in pairs]
    assert plain == [exactly(number, real(number, x) * real(number, y)) for x, y in pairs]
    assert number.multiply(a, b).tolist() == plain


@each_small
def test_add_every_pair(number):
    (a, b), pairs = grid(words(number), words(number))
    plain = [number.add(*pair) for pair in pairs]
    assert plain == [exactly(number, real(number, x) + real(number, y)) for x, y in pairs]
    assert number.add(a, b).tolist() == plain


@each_small
def test_fma_every_pair_onto_the_corners_and_the_middle(number):
    _, low, high = number.ranges[Format.WORD]
    everything = range(low, high + 1)
    plus = everything if number.word_bits == 4 else (low, low + 1, -1, 0, 1, high // 2, high)
    (p, a, b), triples = grid(plus, everything, everything)
    plain = [number.fma(*triple) for triple in triples]
    assert plain == [
        exactly(number, real(number, z) + real(number, x) * real(number, y)) for z, x, y in triples
    ]
    assert number.fma(p, a, b).tolist() == plain


LEARN = {
    "weights finer than products": ns.Fixed(4, 2, 9, 7, 3),
    "products finer than weights": ns.Fixed(4, 2, 8, 3, 3),
    "both alike": ns.Fixed(4, 2, 8, 5, 3),
    "weights no wider than words": ns.Fixed(5, 3, 5, 3, 3),
    "a weight range inside the words'": ns.Fixed(5, 2, 6, 5, 3),
}


@pytest.mark.parametrize("name", LEARN)
def test_learn_every_weight_rate_and_gradient(name):
    number = LEARN[name]
    weights, rates = words(number, Format.WEIGHT), words(number, Format.RATE)
    (w, r, g), triples = grid(weights, rates, words(number))
    plain = [number.learn(*triple) for triple in triples]
    assert plain == [
        exactly(
            number,
            real(number, x, Format.WEIGHT) + real(number, y, Format.RATE) * real(number, z),
            Format.WEIGHT,
        )
        for x, y, z in triples
    ]
    assert number.learn(w, r, g).tolist() == plain


@pytest.mark.parametrize("fraction", [24, 30, 39])
def test_learn_at_the_widest_is_still_exact(fraction):
    number = ns.Fixed(24, 23, 40, fraction)
    corners = [
        (*number.ranges[form][1:], -1, 0, 1) for form in (Format.WEIGHT, Format.RATE, Format.WORD)
    ]
    (w, r, g), triples = grid(*corners)
    assert number.learn(w, r, g).tolist() == [number.learn(*triple) for triple in triples]


@pytest.mark.parametrize("number", LEARN.values(), ids=LEARN)
def test_operand_is_the_weight_rounded_down_and_always_a_word(number):
    weights = words(number, Format.WEIGHT)
    plain = [number.operand(weight) for weight in weights]
    one = 2**number.fraction_bits
    assert plain == [math.floor(real(number, each, Format.WEIGHT) * one) for each in weights]
    assert number.operand(np.array(weights)).tolist() == plain
    assert set(plain) <= set(words(number))


# --- encoding -------------------------------------------------------------------------------


@each_small
@pytest.mark.parametrize("form", list(Format))
def test_encode_inverts_decode(number, form):
    _, low, high = number.ranges[form]
    raw = np.unique(np.linspace(low, high, 5000).astype(np.int64))
    values = number.decode(raw, form)
    assert values.dtype == np.float64
    assert [Fraction(v) for v in values.tolist()] == [real(number, r, form) for r in raw.tolist()]
    assert np.array_equal(number.encode(values, form), raw)


@each_small
@pytest.mark.parametrize("form", [Format.WORD, Format.WEIGHT, Format.RATE])
def test_encode_is_the_nearest_and_saturates(number, form):
    fraction, low, high = number.ranges[form]
    values = np.linspace(1.5 * low, 1.5 * high, 999) / 2**fraction
    raw = number.encode(values, form)
    wanted = np.clip(values, low / 2**fraction, high / 2**fraction)
    assert np.abs(number.decode(raw, form) - wanted).max() <= 0.5 / 2**fraction
    assert number.encode([-np.inf, np.inf], form).tolist() == [low, high]


def test_formats_of_the_default():
    number = ns.Fixed()
    assert number.name == "fixed16.12"
    assert [number.width(form) for form in Format] == [16, 32, 48, 16]
    assert number.ranges[Format.WEIGHT][1:] == (-(1 << 27), (1 << 27) - 1)  # where words saturate
    assert (number.one, number.interpolation_bits) == (4096, 7)
    assert number == ns.Fixed(16, 12, 32, 24, 9)


# --- sums -----------------------------------------------------------------------------------


def exact_matmul(number, a, b, plus=None):
    """Sum Python integers, so nothing can overflow or round before the one narrowing."""
    wide = np.matmul(a.astype(object), b.astype(object))
    if plus is not None:
        wide = wide + plus.astype(object) * 2**number.fraction_bits
    one = 4**number.fraction_bits
    narrowed = [exactly(number, Fraction(int(each), one)) for each in wide.ravel()]
    return np.array(narrowed).reshape(wide.shape)


@pytest.mark.parametrize("corner", [False, True], ids=["random", "corner"])
@pytest.mark.parametrize("inner", [1, 7, 127, 128, 200])  # 24 bits leave BLAS at 128
@pytest.mark.parametrize("bits", [4, 16, 24])
def test_matmul_is_exact_in_blas_and_beyond(bits, inner, corner):
    number = ns.Fixed(bits, bits - 3, max(bits, 30), bits - 3)
    _, low, high = number.ranges[Format.WORD]
    rng = np.random.default_rng(inner)
    a, b = rng.integers(low, high + 1, (2, 3, inner)), rng.integers(low, high + 1, (2, inner, 5))
    if corner:  # the largest products, and a last bit that only exact sums keep
        a[:], b[:] = low, low
        a[..., -1], b[..., -1, :] = 1, 1
    found = number.matmul(a, b)
    assert found.dtype == np.int64
    assert np.array_equal(found, exact_matmul(number, a, b))


def test_matmul_keeps_a_last_bit_that_float64_would_lose():
    """Large products go up and come down again around a few small ones, in every BLAS lane."""
    number, many = ns.Fixed(24, 1, 30, 1), 1 << 14
    up, few = np.full(many, 1 << 22), np.ones(64, dtype=np.int64)
    a = np.concatenate((up, few, -up))[None]
    b = np.concatenate((2 * up - 1, few, 2 * up - 1))[:, None]
    assert number.matmul(a, b).item() == 64 >> number.fraction_bits


@pytest.mark.parametrize("bits", [16, 24])
def test_matmul_adds_before_it_narrows(bits):
    number = ns.Fixed(bits, bits - 3, max(bits, 30), bits - 3)
    rng = np.random.default_rng(1)
    half = number.ranges[Format.WORD].high // 9
    a, b = rng.integers(-half, half, (2, 150, 3)), rng.integers(-half, half, (2, 5, 150))
    a, b = np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2)  # strided, as slices of weights are
    at, plus = np.array([0, 4, 14]), rng.integers(-half, half, (2, 3))
    full = np.zeros((2, 15), dtype=np.int64)
    full[:, at] = plus
    wanted = exact_matmul(number, a, b, full.reshape(2, 3, 5))
    assert np.array_equal(number.matmul(a, b, plus=plus, at=at), wanted)


def test_row_sums_and_total_narrow_once():
    number = ns.Fixed(8, 4, 16, 10)
    rng = np.random.default_rng(2)
    a, b = rng.integers(-40, 40, (3, 10)), rng.integers(-40, 40, (3, 10))
    starts = np.array([0, 4, 5])
    sums = [
        exact_matmul(number, a[:, None, i:j], b[:, i:j, None])[:, 0, 0]
        for i, j in ((0, 4), (4, 5), (5, 10))
    ]
    assert np.array_equal(number.row_sums(a, b, starts), np.stack(sums, axis=-1))
    totals = [exactly(number, Fraction(int(row.sum()), 16)) for row in a]
    assert number.total(a).tolist() == totals
    assert number.total(np.full((1, 9), 100)).tolist() == [127]


# --- combine, what a burst means ------------------------------------------------------------


def operands(number, seed=0):
    rng = np.random.default_rng(seed)

    def draw(form):
        _, low, high = number.ranges[form]
        return rng.integers(max(low, -(2**40)), min(high, 2**40) + 1, 300)

    return {form: draw(form) for form in Format}, draw(Format.WORD), draw(Format.WORD)


NUMBERS = {"default": ns.Fixed(), "24.20": ns.Fixed(24, 20, 36, 30), **SMALL, **LEARN}
each_number = pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
WORD, WEIGHT = Format.WORD, Format.WEIGHT


@each_number
def test_combine_equals_the_method_for_its_case(number):
    drawn, b, c = operands(number)
    a, w, rate = drawn[WORD], drawn[WEIGHT], drawn[Format.RATE]
    x, y, z = Operand(a, WORD), Operand(b, WORD), Operand(c, WORD)
    weight, zero = Operand(w, WEIGHT), np.array([0])
    seen = number.operand(w)
    for found, wanted in (
        (number.combine(WORD, x, None, None, False), a),
        (number.combine(WORD, weight, None, None, False), seen),
        (number.combine(WORD, x, y, None, False), number.multiply(a, b)),
        (number.combine(WORD, x, y, z, False), number.fma(c, a, b)),
        (number.combine(WORD, weight, y, z, False), number.fma(c, seen, b)),
        (number.combine(WORD, x, None, z, False), number.add(a, c)),
        (number.combine(WORD, x, None, None, True), number.total(a[None])),
        (number.combine(WORD, x, y, None, True), number.row_sums(a, b, zero)),
        (number.combine(WORD, weight, y, None, True), number.row_sums(seen, b, zero)),
        (
            number.combine(WEIGHT, Operand(rate, Format.RATE), x, weight, False),
            number.learn(w, rate, a),
        ),
    ):
        assert np.array_equal(found, wanted)


@each_small
@pytest.mark.parametrize("to", list(Format))
@pytest.mark.parametrize("summed", [False, True], ids=["each", "summed"])
def test_combine_takes_operands_of_any_format(number, to, summed):
    """A weight in a product counts as its operand; added, it counts in full.

    Two accumulators are never multiplied: that alone would not fit.
    """
    drawn = {form: each[:40] for form, each in operands(number)[0].items()}
    one = 2**number.fraction_bits

    def factor(form):
        if form is None:
            return [Fraction(1)] * 40
        if form is WEIGHT:
            return [Fraction(each, one) for each in number.operand(drawn[form]).tolist()]
        return [real(number, each, form) for each in drawn[form].tolist()]

    for a, b, plus in product(Format, [None, *Format], [None, *Format]):
        if a is b is Format.ACCUMULATOR:
            continue
        products = [x * y for x, y in zip(factor(a), factor(b), strict=True)]
        added = [0] * 40 if plus is None else [real(number, n, plus) for n in drawn[plus].tolist()]
        if summed:
            products, added = [sum(products)], added[:1]
        wanted = [exactly(number, x + y, to) for x, y in zip(products, added, strict=True)]
        given = [form and Operand(drawn[form], form) for form in (a, b)]
        more = plus and Operand(drawn[plus][: len(wanted)], plus)
        assert number.combine(to, *given, more, summed).tolist() == wanted


@each_number
def test_partial_sums_in_an_accumulator_are_one_long_sum(number):
    """RTRL adds ``w_kl p^l`` burst by burst; the array form sums in one product."""
    rng = np.random.default_rng(5)
    drawn, z, _ = operands(number)
    w, p = drawn[WEIGHT][:20], rng.choice(drawn[WORD], (20, 300))
    partial = Operand(z, WORD)
    for weight, burst in zip(w, p, strict=True):
        operand = Operand(weight, WEIGHT)
        to = Format.ACCUMULATOR
        partial = Operand(number.combine(to, operand, Operand(burst, WORD), partial, False), to)
    found = number.combine(WORD, partial, None, None, False)
    at = np.arange(300)
    wanted = number.matmul(number.operand(w)[None], p, plus=z, at=at)[0]
    assert np.array_equal(found, wanted)


def test_float_does_what_it_says():
    number, rng = ns.Float(), np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 40))
    x, y, z = (Operand(each, WORD) for each in (a, b, c))
    for found, wanted in (
        (number.combine(WORD, x, y, z, False), number.fma(c, a, b)),
        (number.combine(WORD, x, None, z, False), number.add(a, c)),
        (number.combine(WORD, x, y, None, False), number.multiply(a, b)),
        (number.combine(WORD, x, None, None, True), number.total(a)),
        (number.fma(c, a, b), c + a * b),
        (number.learn(a, 0.5, b), a + 0.5 * b),
        (number.row_sums(a, b, np.array([0, 10])), [a[:10] @ b[:10], a[10:] @ b[10:]]),
        (number.encode(number.decode(a)), a),
    ):
        assert np.allclose(found, wanted, rtol=1e-13, atol=1e-13)
    assert (number.name, number.word_bits, number.width(WEIGHT)) == ("float64", 64, 64)


# --- mistakes -------------------------------------------------------------------------------

WIDEST = {"word_bits": 24, "fraction_bits": 23, "weight_bits": 40}
BAD = [
    ({"word_bits": 3}, "word_bits: must lie between 4 and 24"),
    ({"word_bits": 25}, "word_bits: must lie between 4 and 24"),
    ({"word_bits": -16}, "got -16"),
    ({"word_bits": 16.0}, "word_bits: must be an integer (got 16.0)"),
    ({"word_bits": "16"}, "word_bits: must be an integer (got '16')"),
    ({"word_bits": True}, "word_bits: must be an integer (got True)"),
    ({"word_bits": None}, "word_bits: must be an integer (got None)"),
    ({"fraction_bits": 0}, "fraction_bits: must lie between 1 and 15"),
    ({"fraction_bits": 16}, "one bit of the word is its sign"),
    ({"weight_bits": 15}, "weight_bits: must lie between 16 and 40"),
    ({"weight_bits": 41}, "weight_bits: must lie between 16 and 40"),
    ({"weight_fraction_bits": 11}, "weight_fraction_bits: must lie between 12 and 31"),
    ({"weight_fraction_bits": 32}, "weight_fraction_bits: must lie between 12 and 31"),
    ({"table_bits": 1}, "table_bits: must lie between 2 and 16"),
    ({"table_bits": 17}, "table_bits: must lie between 2 and 16"),
    ({**WIDEST, "weight_fraction_bits": 23}, "a learning step would need 63 bits"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_widths_say_what_is_wrong(arguments, message):
    with pytest.raises(ns.UserError) as caught:
        ns.Fixed(**arguments)
    assert str(caught.value).startswith("Fixed")
    assert message in str(caught.value)
