"""Short fixed-point formats and what rounding to them means, shared by the tests of numbers.

The reference is ``exactly``: the real result as a ``Fraction``, rounded to the nearest raw number
of the format (ties up) and saturated.
"""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

import neurosim as ns
from neurosim.model.arithmetic import Format

SMALL = {
    "4.2": ns.Fixed(4, 2, 8, 4, 3),
    "4.3": ns.Fixed(4, 3, 8, 6, 2),
    "5.3": ns.Fixed(5, 3, 9, 5, 3),
    "6.4": ns.Fixed(6, 4, 10, 6, 4),
    "7.1": ns.Fixed(7, 1, 10, 3, 4),
    "7.5": ns.Fixed(7, 5, 12, 8, 5),
}
each_small = pytest.mark.parametrize("number", SMALL.values(), ids=SMALL)


def words(number, form=Format.WORD):
    """Return every raw number of a format."""
    _, low, high = number.ranges[form]
    return range(low, high + 1)


def exactly(number, value, form=Format.WORD):
    """Round a Fraction to a format: to the nearest, ties up, saturating."""
    fraction, low, high = number.ranges[form]
    return max(low, min(high, math.floor(value * 2**fraction + Fraction(1, 2))))


def real(number, raw, form=Format.WORD):
    return Fraction(raw, 2 ** number.ranges[form].fraction)
