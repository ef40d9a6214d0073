"""Tasks by name: a family a file, and any CSV or text file of the user's.

A task is a function of the number of steps, a random generator and its own options. The same seed
gives the same series. Targets lie within +-0.8, where a tanh unit reaches them with ease, or are
classes: 1 for one output and 0 for the others (`neurosim.study.series.Series.kind`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from neurosim.errors import UserError, nearest
from neurosim.study.checks import whole
from neurosim.study.series import Series
from neurosim.study.specs import READING_FILES
from neurosim.study.tasks import chaos, files, languages, memory, narma, packages, text, waves
from neurosim.study.tasks.lengths import MOST_STEPS

OF_FILES = ("input", "target", "passes")
TASKS: dict[str, Callable[..., Series]] = {
    "mackey_glass": chaos.mackey_glass,
    "frequency_doubler": waves.frequency_doubler,
    "delayed_copy": memory.delayed_copy,
    "copy": memory.copy,
    "adding": memory.adding,
    "online_add": memory.online_add,
    "an_bn": languages.an_bn,
    "narma10": narma.narma10,
    "lorenz": chaos.lorenz,
    "henon": chaos.henon,
    "laser_simulated": chaos.laser_simulated,
    "digits": packages.digits,
    "text": text.text,
    "statsmodels": packages.statsmodels,
    "river": packages.river,
    "csv": files.from_csv,
}


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
        How many; 30,000 where it is left out, and one pass through what is of a given length: a
        CSV file, a package's data, a text that is shorter.
    seed : int
        Of whatever the task draws. A file is what it is, whatever the seed.
    **options
        What the task takes besides, such as ``tau``. None is not set.

    Raises
    ------
    UserError
        For an unknown task, an option that it does not take, a package that is missing, or any
        mistake in a file.
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
            takes = f"It takes {', '.join(taken)}." if taken else "It takes no options."
            raise UserError(
                f"task {name}: does not take {option}.{nearest(option, taken)} {takes}{hint}"
            )
    if steps is not None:
        whole(f"task {name}: steps", steps, most=MOST_STEPS)
    random = np.random.default_rng(whole(f"task {name}: seed", seed, least=0))
    return task(steps, random, **chosen)


def series_for(name: str = "mackey_glass", data: str | None = None, **fields: object) -> Series:
    """Return the series that the fields of a scenario's task describe.

    A file without the name of a task that reads files means csv.
    """
    if data is not None and name not in READING_FILES:
        name = "csv"
    return make(name, data=data, **fields)  # type: ignore[arg-type]
