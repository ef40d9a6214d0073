"""Tasks by name: a frequency doubler, the Mackey-Glass series, delayed copying, any CSV file.

A task is a function of the number of steps, a random generator and its own options. The same seed
gives the same series. Targets lie within +-0.8, where a tanh unit reaches them with ease.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neurosim.errors import UserError, nearest
from neurosim.study import catalog, recorded
from neurosim.study.checks import number, whole
from neurosim.study.mackey_glass import mackey_glass as solution
from neurosim.study.series import REACH, Series, single
from neurosim.study.table import MOST_ROWS

STANDARD_STEPS = 30_000
MOST_STEPS = 10_000_000
MOST_AHEAD = 100_000
OF_FILES = ("input", "target", "passes")
# Of x in the Mackey-Glass series, about, for tau from 17 to 30.
MEAN, DEVIATION = 0.9, 0.25


def names() -> dict[str, str]:
    """Return every task with a line about it."""
    return {name: (inspect.getdoc(task) or "").splitlines()[0] for name, task in TASKS.items()}


def make(name: str, steps: int | None = None, seed: int = 0, **options: object) -> Series:
    """Return the series of a task.

    Parameters
    ----------
    name : str
        One of `names()`.
    steps : int, optional
        How many; 30,000 where it is left out, and for a CSV file one pass through it.
    seed : int
        Of whatever the task draws. A CSV file is what it is, whatever the seed.
    **options
        What the task takes besides, such as ``tau``. None is not set.

    Raises
    ------
    UserError
        For an unknown task, an option that it does not take, or any mistake in a CSV file.
    """
    task = TASKS.get(name)
    if task is None:
        raise UserError(
            f"task {name}: is unknown.{nearest(name, TASKS)} Known: {', '.join(TASKS)}."
        )
    chosen = {option: value for option, value in options.items() if value is not None}
    taken = [p for p in inspect.signature(task).parameters if p not in ("steps", "random")]
    for option in chosen:
        if option not in taken:
            hint = " Name a file with --data FILE.csv." if option in OF_FILES else ""
            raise UserError(
                f"task {name}: does not take {option}.{nearest(option, taken)}"
                f" It takes {', '.join(taken)}.{hint}"
            )
    if steps is not None:
        whole(f"task {name}: steps", steps, most=MOST_STEPS)
    random = np.random.default_rng(whole(f"task {name}: seed", seed, least=0))
    return task(steps, random, **chosen)


def series_for(name: str = "mackey_glass", data: str | None = None, **fields: object) -> Series:
    """Return the series that the fields of a scenario's task describe; ``data`` means csv."""
    return make(name, **fields) if data is None else make("csv", data=data, **fields)  # type: ignore[arg-type]


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


def mackey_glass(
    steps: int | None, random: np.random.Generator, tau: float = 17.0, horizon: int = 1
) -> Series:
    """See the chaotic Mackey-Glass series, answer with its value ``horizon`` steps ahead.

    One step is one unit of time of ``dx/dt = 0.2 x(t-tau) / (1 + x(t-tau)^10) - 0.1 x`` (Mackey and
    Glass 1977, "Oscillation and chaos in physiological control systems", Science 197, doi
    10.1126/science.267326), after the transient of a random constant history. The input is
    ``(x - 0.9) / 0.25``, of about zero mean and unit variance, and the target ``(x - 0.8) / 0.8``:
    x stays between 0 and 1.45 for any tau, so the same maps serve all.
    """
    # below 4.71 the fixed point x = 1 is stable, and the series would be constant
    number("task mackey_glass: tau", tau, 5, 1_000)
    ahead = whole("task mackey_glass: horizon", horizon, most=MOST_AHEAD)
    length = steps or STANDARD_STEPS
    x = solution(length + ahead, tau, history=random.uniform(0.4, 0.8))
    columns = (x[:length] - MEAN) / DEVIATION, (x[ahead:] - REACH) / REACH
    origin = f"Mackey-Glass, tau {tau:g}, {_steps(ahead)} ahead"
    return single(*columns, ("x", "x_ahead"), origin, scale=REACH, offset=REACH)


def delayed_copy(steps: int | None, random: np.random.Generator, delay: int = 5) -> Series:
    """See random signs, answer with the one of ``delay`` steps ago.

    Values are +-0.8. The first targets are signs from before the first step. The task asks for a
    memory of ``delay`` steps and nothing else (as in Jaeger 2002, "Short term memory in echo state
    networks", GMD report 152).
    """
    back = whole("task delayed_copy: delay", delay, most=MOST_AHEAD)
    length = steps or STANDARD_STEPS
    signs = np.array([-REACH, REACH])[random.integers(0, 2, length + back)]
    origin = f"random signs, copied after {_steps(back)}"
    return single(signs[back:], signs[:length], ("sign", "copy"), origin, scale=1 / REACH)


def from_csv(
    steps: int | None,
    random: np.random.Generator,
    data: str | Path | None = None,
    input: recorded.Names | None = None,
    target: recorded.Names | None = None,
    horizon: int = 1,
    passes: int | None = None,
) -> Series:
    """See columns of a CSV file, answer with columns ``horizon`` rows ahead.

    See `neurosim.study.recorded` for what the file may look like, how columns are chosen and
    scaled, and how a short file is gone through more than once.
    """
    if data is None:
        raise UserError("task csv: needs a file. Name one with --data FILE.csv.")
    path = catalog.find("data", str(data))
    if steps is not None and passes is not None:
        raise UserError("task csv: steps and passes both say how long. Give one of them.")
    ahead = whole("task csv: horizon", horizon, most=MOST_ROWS)
    chosen = recorded.columns(path, input, target)
    return recorded.series(path, *chosen, ahead, steps=steps, passes=passes, most_steps=MOST_STEPS)


TASKS: dict[str, Callable[..., Series]] = {
    "mackey_glass": mackey_glass,
    "frequency_doubler": frequency_doubler,
    "delayed_copy": delayed_copy,
    "csv": from_csv,
}


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"
