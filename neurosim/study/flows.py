"""Two chaotic flows of three variables, both of Lorenz's form, solved step by step.

    dx/dt = sigma (y - x)
    dy/dt = x (r - z) - y                                                               (1)
    dz/dt = x y - b z

Lorenz (1963), doi 10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2. The equations of a single-mode
laser are the same, with the field for x, the polarisation for y and what is lacking from the
inversion for z (Haken 1975, doi 10.1016/0375-9601(75)90353-9). Its steady light turns into pulses
at r = sigma (sigma + b + 3) / (sigma - b - 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Flow(NamedTuple):
    """The parameters of (1), the longest step that solves it well, and how long it settles."""

    sigma: float
    r: float
    b: float
    longest_step: float
    settling: float


LORENZ = Flow(10.0, 28.0, 8 / 3, longest_step=0.01, settling=40.0)
LASER = Flow(2.0, 15.0, 0.25, longest_step=0.05, settling=200.0)
Point = tuple[float, float, float]


def lorenz(length: int, start: ArrayLike, interval: float) -> NDArray[np.float64]:
    """Return points of the Lorenz attractor, ``interval`` of time apart, shape (length, 3)."""
    return solve(LORENZ, length, start, interval, LORENZ.settling)


def laser(length: int, start: ArrayLike, interval: float) -> NDArray[np.float64]:
    """Return field, polarisation and inversion of a pulsing laser, shape (length, 3)."""
    return solve(LASER, length, start, interval, LASER.settling)


def solve(
    flow: Flow, length: int, start: ArrayLike, interval: float, settling: float
) -> NDArray[np.float64]:
    """Return points of (1) by the classical fourth-order Runge-Kutta method, shape (length, 3).

    Parameters
    ----------
    flow : Flow
        The parameters.
    length : int
        How many points.
    start : array_like (3,)
        Where the flow is ``settling`` of time before the first point.
    interval, settling : float
        Time between two points, and time that is dropped.
    """
    parts = math.ceil(interval / flow.longest_step)
    first = round(settling / interval) * parts
    path = _path(flow, start, interval / parts)
    wanted = range(first + (length - 1) * parts + 1)
    kept = [point for n, point in zip(wanted, path, strict=False) if n >= first]
    return np.array(kept[::parts])


def _path(flow: Flow, start: ArrayLike, h: float) -> Iterator[Point]:
    """Yield the start, and from there a point every ``h`` of time, without end."""
    sigma, r, b = flow[:3]

    def slope(x: float, y: float, z: float) -> Point:
        return sigma * (y - x), x * (r - z) - y, x * y - b * z  # (1)

    x, y, z = (float(value) for value in np.asarray(start, dtype=np.float64))
    half, sixth = h / 2, h / 6
    while True:
        yield x, y, z
        a0, a1, a2 = slope(x, y, z)
        b0, b1, b2 = slope(x + half * a0, y + half * a1, z + half * a2)
        c0, c1, c2 = slope(x + half * b0, y + half * b1, z + half * b2)
        d0, d1, d2 = slope(x + h * c0, y + h * c1, z + h * c2)
        x += sixth * (a0 + 2 * (b0 + c0) + d0)
        y += sixth * (a1 + 2 * (b1 + c1) + d1)
        z += sixth * (a2 + 2 * (b2 + c2) + d2)
