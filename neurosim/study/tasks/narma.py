"""A task of system identification: NARMA-10, a nonlinear filter of its own input and output."""

from __future__ import annotations

import numpy as np

from neurosim.study.series import REACH, Series, single
from neurosim.study.tasks.lengths import STANDARD_STEPS, in_words

ORDER = 10
WASHOUT = 100
MOST_INPUT, MOST = 0.5, 1.0
# Targets lie between what the constant alone gives and the limit.
MIDDLE, HALF = 0.55, 0.45


def narma10(steps: int | None, random: np.random.Generator) -> Series:
    """See random numbers, answer with the state of the NARMA-10 system that they drive.

    ``y(t+1) = 0.3 y(t) + 0.05 y(t) [y(t) + .. + y(t-9)] + 1.5 u(t-9) u(t) + 0.1`` with u uniform
    between 0 and 0.5 (Atiya and Parlos 2000, "New results on recurrent network training", IEEE
    Transactions on Neural Networks 11, doi 10.1109/72.846741), so the task asks for a memory of ten
    steps and for products. The network sees ``4 u(t) - 1`` and answers y(t+1), mapped from 0.1 .. 1
    to +-0.8.

    Left alone, the system runs away about once in 200,000 steps. A u(t) that would lead above 1 is
    therefore drawn again, which happens about once in 20,000 steps; below 1 there always is one.
    """
    length = steps or STANDARD_STEPS
    u, y = _driven(length + WASHOUT, random)
    columns = 4 * u[WASHOUT:] - 1, (y[WASHOUT:] - MIDDLE) * (REACH / HALF)
    origin = f"NARMA-10, a memory of {in_words(ORDER)}"
    return single(*columns, ("u", "y"), origin, scale=HALF / REACH, offset=MIDDLE)


def _driven(
    length: int, random: np.random.Generator
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    """Return inputs, and the state that follows each, both of shape (length,)."""
    u = random.uniform(0, MOST_INPUT, length).tolist()
    y = [0.0] * ORDER
    before = [0.0] * (ORDER - 1) + u
    for t in range(length):
        free = 0.3 * y[-1] + 0.05 * y[-1] * sum(y[-ORDER:]) + 0.1
        while free + 1.5 * before[t] * u[t] > MOST:
            u[t] = before[t + ORDER - 1] = random.uniform(0, MOST_INPUT)
        y.append(free + 1.5 * before[t] * u[t])
    return np.array(u), np.array(y[ORDER:])
