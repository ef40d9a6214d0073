"""Chaotic series to be foretold: Mackey-Glass, Lorenz, Henon and a simulated laser.

Each is seen through one variable, so that a network has to remember to answer well. Inputs and
targets are mapped by fixed figures, never by the largest value of the series at hand.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from neurosim.study import flows
from neurosim.study.checks import number
from neurosim.study.mackey_glass import mackey_glass as solution
from neurosim.study.series import REACH, Series, single
from neurosim.study.tasks.lengths import STANDARD_STEPS, ahead_of, in_words

# Of x in the Mackey-Glass series, about, for tau from 17 to 30.
MEAN, DEVIATION = 0.9, 0.25
# Beyond the largest |x| of the Lorenz and the Henon attractor, which is 19.8 and 1.29.
LORENZ_MOST, HENON_MOST = 20.0, 1.3
LORENZ_DEVIATION = 8.0
LORENZ_START, LASER_START = (0.0, 0.0, 25.0), (3.0, 3.0, 14.0)
HENON = 1.4, 0.3
HENON_WASHOUT = 1_000
# Beyond the greatest intensity of the laser, its mean and deviation, and the time of a step.
LASER_MOST, LASER_MEAN, LASER_DEVIATION = 40.0, 3.3, 3.9
LASER_INTERVAL = 0.45


def mackey_glass(
    steps: int | None,
    random: np.random.Generator,
    tau: float = 17.0,
    horizon: int = 1,
) -> Series:
    """See the chaotic Mackey-Glass series, answer with its value ``horizon`` steps ahead.

    One step is one unit of time of ``dx/dt = 0.2 x(t-tau) / (1 + x(t-tau)^10) - 0.1 x`` (Mackey and
    Glass 1977, "Oscillation and chaos in physiological control systems", Science 197, doi
    10.1126/science.267326), after the transient of a random constant history. The input is
    ``(x - 0.9) / 0.25``, of about zero mean and unit variance, and the target ``(x - 0.8) / 0.8``:
    x stays between 0 and 1.45 for any tau, so the same maps serve all. A horizon of 0 is for
    outputs that do not hear the input: what they hear is a step old, so they look one ahead.
    """
    # below 4.71 the fixed point x = 1 is stable, and the series would be constant
    number("task mackey_glass: tau", tau, 5, 1_000)
    length, ahead = _lengths("mackey_glass", steps, horizon, least=0)
    x = solution(length + ahead, tau, history=random.uniform(0.4, 0.8))
    columns = (x[:length] - MEAN) / DEVIATION, (x[ahead:] - REACH) / REACH
    origin = f"Mackey-Glass, tau {tau:g}, {in_words(ahead)} ahead"
    return single(*columns, ("x", "x_ahead"), origin, scale=REACH, offset=REACH)


def lorenz(steps: int | None, random: np.random.Generator, horizon: int = 5) -> Series:
    """See x of the Lorenz attractor, answer with x ``horizon`` steps ahead.

    ``dx/dt = 10 (y - x)``, ``dy/dt = x (28 - z) - y``, ``dz/dt = x y - 8/3 z`` (Lorenz 1963,
    "Deterministic nonperiodic flow", Journal of the Atmospheric Sciences 20, doi
    10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2). A step is 0.02 of time, the start is drawn near
    the attractor, and its transient is dropped. The input is ``x / 8``, the target ``x / 25``.
    """
    length, ahead = _lengths("lorenz", steps, horizon)
    start = np.add(LORENZ_START, random.uniform(-1, 1, 3))
    x = flows.lorenz(length + ahead, start, 0.02)[:, 0]
    columns = x[:length] / LORENZ_DEVIATION, x[ahead:] * (REACH / LORENZ_MOST)
    origin = f"x of the Lorenz attractor, {in_words(ahead)} of 0.02 ahead"
    return single(*columns, ("x", "x_ahead"), origin, scale=LORENZ_MOST / REACH)


def henon(steps: int | None, random: np.random.Generator, horizon: int = 1) -> Series:
    """See x of the Henon map, answer with x ``horizon`` steps ahead.

    ``x(t+1) = 1 - 1.4 x(t)^2 + 0.3 x(t-1)`` (Henon 1976, "A two-dimensional mapping with a strange
    attractor", Communications in Mathematical Physics 50, doi 10.1007/BF01608556), from a start
    drawn near the attractor, its first 1,000 values dropped. The input is x, the target
    ``x * 0.8 / 1.3``.
    """
    length, ahead = _lengths("henon", steps, horizon)
    a, b = HENON
    start = tuple(random.uniform(-0.1, 0.1, 2).tolist())
    drawn = accumulate(
        range(HENON_WASHOUT + length + ahead - 1),
        lambda pair, _: (1 - a * pair[0] ** 2 + b * pair[1], pair[0]),
        initial=start,
    )
    x = np.array([now for now, _ in drawn])[HENON_WASHOUT:]
    columns = x[:length], x[ahead:] * (REACH / HENON_MOST)
    origin = f"x of the Henon map, {in_words(ahead)} ahead"
    return single(*columns, ("x", "x_ahead"), origin, scale=HENON_MOST / REACH)


def laser_simulated(steps: int | None, random: np.random.Generator, horizon: int = 1) -> Series:
    """See the intensity of a simulated chaotic laser, answer with it ``horizon`` steps ahead.

    Simulated, not measured: it stands for series A of the Santa Fe competition, the far-infrared
    ammonia laser that pulses as the Lorenz-Haken equations do (Weiss and others 1995, Applied
    Physics B 61, doi 10.1007/BF01082041). Those are ``dE/dt = 2 (P - E)``, ``dP/dt = (15 - D) E -
    P``, ``dD/dt = E P - D / 4`` (Haken 1975, Physics Letters A 53, doi
    10.1016/0375-9601(75)90353-9), pumped at 15 where pulsing begins at 14, and what is seen is
    ``E^2``, without noise. A step is 0.45 of time, so that a pulse takes about eight, as in
    series A. The input is ``(E^2 - 3.3) / 3.9``, the target ``0.8 (E^2 - 20) / 20``.
    """
    length, ahead = _lengths("laser_simulated", steps, horizon)
    start = np.add(LASER_START, random.uniform(-1, 1, 3))
    intensity = flows.laser(length + ahead, start, LASER_INTERVAL)[:, 0] ** 2
    half = LASER_MOST / 2
    seen = (intensity[:length] - LASER_MEAN) / LASER_DEVIATION
    origin = f"intensity of a simulated chaotic laser, {in_words(ahead)} ahead"
    return single(
        seen,
        (intensity[ahead:] - half) * (REACH / half),
        ("intensity", "intensity_ahead"),
        origin,
        scale=half / REACH,
        offset=half,
    )


def _lengths(task: str, steps: int | None, ahead: int, least: int = 1) -> tuple[int, int]:
    return steps or STANDARD_STEPS, ahead_of(task, ahead, least)
