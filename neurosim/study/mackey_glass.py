"""The Mackey-Glass equation, solved by the method of steps.

    dx/dt = beta x(t - tau) / (1 + x(t - tau)^n) - gamma x(t)                           (1)

Mackey and Glass (1977), Science 197, doi 10.1126/science.267326, with the usual beta 0.2, gamma
0.1, n 10. While t is less than tau ahead of what is known, the delayed term is a known function
g(t), so (1) is linear in x and a step of the classical fourth-order Runge-Kutta method is

    x(t + h) = r x(t) + c0 g(t) + c1 g(t + h/2) + c2 g(t + h)                           (2)

whose last three terms are computed for a whole stretch of almost tau at once.
"""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

BETA, GAMMA, POWER = 0.2, 0.1, 10
STEPS_PER_UNIT = 10
H = 1.0 / STEPS_PER_UNIT
# The transient that is dropped: so many units of time, or so many delays where that is longer.
WASHOUT, WASHOUT_DELAYS = 1_000, 20
# Cubic interpolation looks this many points beyond the place it is asked for.
MARGIN = 3


def mackey_glass(
    length: int, tau: float, history: float, washout: int | None = None
) -> NDArray[np.float64]:
    """Return x at ``length`` times, one unit of time apart, shape (length,).

    Parameters
    ----------
    length : int
        How many values.
    tau : float
        The delay, in units of time; at least 1.
    history : float
        x before time 0, where it is constant.
    washout : int, optional
        Values that are dropped from the start, so that the history is forgotten.
    """
    dropped = max(WASHOUT, math.ceil(WASHOUT_DELAYS * tau)) if washout is None else washout
    points = (dropped + length) * STEPS_PER_UNIT
    before = math.ceil(tau * STEPS_PER_UNIT) + MARGIN
    x = np.full(before + points, history)
    stretch = int(tau * STEPS_PER_UNIT) - MARGIN
    for start in range(before - 1, len(x) - 1, stretch):
        _solve(x, start, min(stretch, len(x) - 1 - start), tau)
    return x[before - 1 + dropped * STEPS_PER_UNIT :: STEPS_PER_UNIT][:length]


def _solve(x: NDArray[np.float64], start: int, count: int, tau: float) -> None:
    """Fill in the ``count`` points after ``start``."""
    delayed = _interpolated(x, start - tau * STEPS_PER_UNIT, 2 * count + 1)  # at half steps
    g = BETA * delayed / (1 + delayed**POWER)  # (1)
    z = -GAMMA * H
    c0 = H / 6 * (1 + z + z**2 / 2 + z**3 / 4)
    c1 = H / 6 * (4 + 2 * z + z**2 / 2)
    c2 = H / 6
    r = 1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24
    forced = c0 * g[:-1:2] + c1 * g[1::2] + c2 * g[2::2]
    solved = accumulate(forced.tolist(), lambda value, term: r * value + term, initial=x[start])
    x[start + 1 : start + 1 + count] = list(solved)[1:]  # (2)


def _interpolated(x: NDArray[np.float64], first: float, count: int) -> NDArray[np.float64]:
    """Return x at ``count`` places, half a point apart from ``first`` on, by cubics."""
    places = first + 0.5 * np.arange(count)
    whole = np.floor(places).astype(np.int64)
    p = places - whole
    a, b, c, d = (x[whole + shift] for shift in (-1, 0, 1, 2))
    return np.asarray(
        -a * p * (p - 1) * (p - 2) / 6
        + b * (p + 1) * (p - 1) * (p - 2) / 2
        - c * (p + 1) * p * (p - 2) / 2
        + d * (p + 1) * p * (p - 1) / 6
    )
