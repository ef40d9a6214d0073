"""Activation functions: the table of fixed point against the functions, and slopes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import neurosim as ns
from neurosim.model.arithmetic import Format
from neurosim.model.fixed import activation_table
from tests.fixed_point import each_small, exactly, real, words

each_activation = pytest.mark.parametrize("activation", ["tanh", "logistic"])


@each_small
@each_activation
def test_activation_of_every_word_in_both_forms(number, activation):
    everything = words(number)
    plain = [number.activate(activation, s) for s in everything]
    y, slope = number.activate(activation, np.array(everything))
    assert list(zip(y.tolist(), slope.tolist(), strict=True)) == plain


WIDE = {
    "default": ns.Fixed(),
    "coarse table": ns.Fixed(table_bits=5),
    "table as fine as the words": ns.Fixed(12, 9, 24, 20, 12),
    "table finer than the words": ns.Fixed(8, 5, 16, 12, 10),
    "all but the sign behind the point": ns.Fixed(16, 15, 32, 24, 9),
    "24 bits": ns.Fixed(20, 16, 32, 24, 12),
}
each_wide = pytest.mark.parametrize("number", WIDE.values(), ids=WIDE)
BEND = {"tanh": 4 / (3 * math.sqrt(3)), "logistic": 1 / (6 * math.sqrt(3))}  # largest |f''|


@each_wide
@each_activation
def test_activation_error_is_bounded_by_the_table(number, activation):
    """Half a last bit from the table, half from narrowing, h^2/8 max|f''| from the chord."""
    fraction, low, high = number.ranges[Format.WORD]
    s = np.arange(low, high + 1)
    y, _ = number.activate(activation, s)
    x = s / 2**fraction
    reference = np.tanh(x) if activation == "tanh" else 1 / (1 + np.exp(-x))
    h = 2.0 ** (number.interpolation_bits - fraction) if number.interpolation_bits else 0.0
    allowed = 1.0 + h * h / 8 * BEND[activation] * 2**fraction
    assert np.abs(y - reference * 2**fraction).max() <= allowed
    assert number != ns.Fixed() or allowed < 1.4  # last bits: what the default is worth


@each_wide
@each_activation
def test_activation_rises_and_its_slope_is_exact(number, activation):
    s = np.array(words(number))
    y, slope = number.activate(activation, s)
    assert (np.diff(y) >= 0).all()
    seen = dict(zip(y.tolist(), slope.tolist(), strict=True))
    for value in list(seen)[:: max(1, len(seen) // 2000)]:
        v = real(number, value)
        wanted = 1 - v * v if activation == "tanh" else v * (1 - v)
        assert seen[value] == exactly(number, wanted)


@each_activation
def test_table_cannot_be_written_to(activation):
    table = activation_table(activation, 8, 5, 4)
    assert len(table) == 17
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


@each_activation
def test_float_slope_is_the_derivative(activation):
    s, h = np.linspace(-30, 30, 1001), 1e-20
    y, slope = ns.Float().activate(activation, s)
    nudged = s + 1j * h
    reached = np.tanh(nudged) if activation == "tanh" else 1 / (1 + np.exp(-nudged))
    assert np.allclose(y, reached.real, rtol=0, atol=1e-15)
    assert np.allclose(slope, reached.imag / h, rtol=0, atol=1e-15)


def test_unknown_activation_names_the_nearest():
    with pytest.raises(ns.UserError, match=r"'tahn': unknown\. Did you mean tanh\?"):
        ns.Fixed().activate("tahn", 0)
