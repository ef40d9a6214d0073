"""How costs grow with the network: the exponents of the slides, fitted over the closed forms.

`test_counts.py` and `test_census.py` hold the closed forms to what is counted.
"""

import math
from itertools import pairwise

import numpy as np
import pytest

from neurosim import machine
from neurosim.engines import closed_cost
from neurosim.learning import RTRL, TRTRL, Census
from neurosim.model import Float

SIZES = (25, 50, 100, 200, 400, 1_000, 3_000, 10_000, 30_000, 100_000)
WINDOW = 3
RULES = {"rtrl": RTRL(), "trtrl": TRTRL(), "trtrl-owner": TRTRL(placement="owner")}
SLOPES = [
    ("rtrl", "multiplications", 4),
    ("rtrl", "stored_words", 3),
    ("rtrl", "words_sent", 4),
    ("trtrl", "multiplications", 2),
    ("trtrl", "stored_words", 2),
    ("trtrl", "words_sent", 2),
    ("trtrl-owner", "multiplications", 2),
    ("trtrl-owner", "stored_words", 2),
]


def windows(values: list[int]) -> list[float]:
    """Fit the exponent over every three sizes that follow each other."""
    x, y = np.log(SIZES), [math.log(value) for value in values]  # some have more than 64 bits
    starts = range(len(SIZES) - WINDOW + 1)
    return [float(np.polyfit(x[n : n + WINDOW], y[n : n + WINDOW], 1)[0]) for n in starts]


def closes_in(slopes: list[float], theory: int) -> None:
    away = [abs(slope - theory) for slope in slopes]
    assert max(away) <= 0.1
    assert all(later < earlier for earlier, later in pairwise(away))
    assert away[-1] < 1e-3


@pytest.mark.parametrize("outputs", [1, 10])
@pytest.mark.parametrize(("rule", "counter", "theory"), SLOPES)
def test_counters_grow_as_the_slides_say(rule, counter, theory, outputs) -> None:
    counts = [RULES[rule].closed(Census.complete(n, outputs=outputs)) for n in SIZES]
    closes_in(windows([getattr(each, counter) for each in counts]), theory)


@pytest.mark.parametrize(
    ("rule", "name", "theory"),
    [("rtrl", "ideal", 3), ("rtrl", "bus", 3), ("trtrl", "ideal", 1), ("trtrl", "bus", 2)],
)
def test_cycles_at_the_least(rule, name, theory) -> None:
    """A multiplier a neuron takes one exponent away; a bus takes TRTRL's away again."""
    described = machine.load(name)
    costs = [closed_cost(Census.complete(n), RULES[rule], described, Float()) for n in SIZES]
    slopes = windows([cost.cycles_per_step or 0 for cost in costs])
    away = [abs(slope - theory) for slope in slopes]
    assert away[-1] < 1e-2
    assert away[-1] < away[0]
    assert max(away[SIZES.index(100) :]) <= 0.2
