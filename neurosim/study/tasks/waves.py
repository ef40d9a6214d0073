"""A task of sines: the frequency doubler of the TRTRL slides."""

from __future__ import annotations

import numpy as np

from neurosim.study.checks import number
from neurosim.study.series import REACH, Series, single
from neurosim.study.tasks.lengths import STANDARD_STEPS


def frequency_doubler(
    steps: int | None, random: np.random.Generator, period: float = 25.0
) -> Series:
    """See a sine, answer with one of twice the frequency.

    Input ``0.8 sin(x)``, target ``0.8 sin(2x)``, with ``period`` steps in a period of the input and
    a phase drawn at random. The first test case of the TRTRL slides (Budik and Elhanany 2006).
    """
    number("task frequency_doubler: period", period, 4, 1e6, above=True)
    x = 2 * np.pi * np.arange(steps or STANDARD_STEPS) / period + random.uniform(0, 2 * np.pi)
    origin = f"sine of period {period:g} in, twice its frequency out"
    columns = REACH * np.sin(x), REACH * np.sin(2 * x)
    return single(*columns, ("sine", "doubled"), origin, scale=1 / REACH)
