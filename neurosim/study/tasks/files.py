"""The task of any CSV file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurosim.errors import UserError
from neurosim.study import catalog, recorded
from neurosim.study.checks import whole
from neurosim.study.series import Series
from neurosim.study.table import MOST_ROWS
from neurosim.study.tasks import lengths
from neurosim.study.tasks.lengths import MOST_STEPS


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
    lengths.said_once("task csv", steps, passes)
    ahead = whole("task csv: horizon", horizon, most=MOST_ROWS)
    chosen = recorded.columns(path, input, target)
    return recorded.series(path, *chosen, ahead, steps=steps, passes=passes, most_steps=MOST_STEPS)
