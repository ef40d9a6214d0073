"""Tasks made of data that other Python packages bring: digits, and series of the world."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError, nearest
from neurosim.study import recorded
from neurosim.study.checks import short, whole
from neurosim.study.series import Series, classes, one_hot
from neurosim.study.table import MOST_ROWS, Table
from neurosim.study.tasks import lengths
from neurosim.study.tasks.lengths import MOST_STEPS, STANDARD_STEPS

# The data sets of statsmodels that are series in time, not cross-sections.
SERIES = (
    "co2", "copper", "danish_data", "elec_equip", "interest_inflation", "longley", "macrodata",
    "nile", "sunspots",
)  # fmt: skip
# Those of river that are series in time and come with the package, so nothing is downloaded.
BUNDLED = ("AirlinePassengers", "SP500Stocks", "TrumpApproval", "WaterFlow")
# Columns that count time, which nobody means to foretell.
CALENDAR = ("year", "quarter", "time")
READINGS = {"row": 8, "pixel": 1}
PIXELS, SHADES, DIGITS = 64, 16, 10


def digits(steps: int | None, random: np.random.Generator, by: str = "row") -> Series:
    """See handwritten digits piece by piece, answer which digit it is.

    The 1,797 pictures of 8 by 8 pixels that scikit-learn brings (Alpaydin and Kaynak 1998, "Optical
    recognition of handwritten digits", UCI machine learning repository, doi 10.24432/C50P49), in
    random order, each once before any comes again. ``by`` row, 8 inputs for 8 steps, or by pixel,
    one input for 64. Pixels are 0 to 1, targets ten classes, the same at every step of a picture.
    Accuracy counts at its last step, when all is seen. Needs the package scikit-learn.
    """
    if by not in READINGS:
        raise UserError(
            f"task digits: by: must be {' or '.join(READINGS)} (got {short(by)})."
            f"{nearest(str(by), READINGS)}"
        )
    found = _package("digits", "sklearn.datasets", "scikit-learn").load_digits()
    count, width = steps or STANDARD_STEPS, READINGS[by]
    pieces = PIXELS // width
    pictures = -(-count // pieces)
    rounds = [random.permutation(len(found.data)) for _ in range(-(-pictures // len(found.data)))]
    order = np.concatenate(rounds)[:pictures]
    seen = found.data[order].reshape(-1, width)[:count] / SHADES
    labels = np.repeat(found.target[order], pieces)[:count]
    return classes(
        inputs=np.ascontiguousarray(seen, dtype=np.float64),
        targets=one_hot(labels.astype(np.int64), DIGITS),
        input_names=[f"pixel_{n}" for n in range(width)],
        target_names=[f"is_{digit}" for digit in range(DIGITS)],
        origin=f"handwritten digits of scikit-learn, {by} by {by}",
        judged=np.arange(count) % pieces == pieces - 1,
    )


def statsmodels(
    steps: int | None,
    random: np.random.Generator,
    dataset: str = "co2",
    input: recorded.Names | None = None,
    target: recorded.Names | None = None,
    horizon: int = 1,
    passes: int | None = None,
) -> Series:
    """See columns of a data set of statsmodels, answer with columns ``horizon`` rows ahead.

    ``dataset`` is one of its series in time: co2 (weekly, Mauna Loa), copper, danish_data,
    elec_equip, interest_inflation, longley, macrodata (quarterly, United States), nile, sunspots.
    Columns are chosen and mapped to +-0.8 as those of a CSV file are; a gap is filled on a straight
    line between its neighbours. Needs the package statsmodels (Seabold and Perktold 2010, doi
    10.25080/Majora-92bf1922-011).
    """
    _known("statsmodels", dataset, SERIES)
    package = _package("statsmodels", f"statsmodels.datasets.{dataset}", "statsmodels")
    frame = package.load_pandas().data
    columns = {str(name): frame[name].tolist() for name in frame.columns}
    where = f"statsmodels {dataset}"
    return _series(where, columns, input, target, horizon, steps, passes)


def river(
    steps: int | None,
    random: np.random.Generator,
    dataset: str = "AirlinePassengers",
    input: recorded.Names | None = None,
    target: recorded.Names | None = None,
    horizon: int = 1,
    passes: int | None = None,
) -> Series:
    """See columns of a stream of river, answer with columns ``horizon`` rows ahead.

    ``dataset`` is one of its series in time that need no download: AirlinePassengers, SP500Stocks,
    TrumpApproval, WaterFlow. What river has learned is the column ``target``, which predicts itself
    where no column is named. Columns are chosen and mapped to +-0.8 as those of a CSV file are; a
    gap is filled on a straight line between its neighbours. Needs the package river (Montiel and
    others 2021, JMLR 22(110)).
    """
    _known("river", dataset, BUNDLED)
    stream = getattr(_package("river", "river.datasets", "river"), dataset)()
    rows = [{**features, "target": label} for features, label in stream]
    columns = {str(name): [row.get(name) for row in rows] for name in rows[0]}
    where = f"river {dataset}"
    if input is None and target is None:
        target = "target"
    return _series(where, columns, input, target, horizon, steps, passes)


def _package(task: str, module: str, package: str) -> Any:
    """Return an optional package's module."""
    try:
        return import_module(module)
    except ImportError:
        raise UserError(
            f"task {task}: needs the package {package}, which is not installed."
            " Get it with: pip install 'neurosim-hdl[streams]'"
        ) from None


def _known(task: str, dataset: object, names: tuple[str, ...]) -> None:
    if dataset not in names:
        raise UserError(
            f"task {task}: dataset: {short(dataset)} is unknown.{nearest(str(dataset), names)}"
            f" Known: {', '.join(names)}."
        )


def _series(
    where: str,
    columns: Mapping[str, list[Any]],
    given: recorded.Names | None,
    target: recorded.Names | None,
    horizon: int,
    steps: int | None,
    passes: int | None,
) -> Series:
    """Return the series of a package's columns; those without numbers, such as dates, are left."""
    lengths.said_once(where, steps, passes)
    ahead = whole(f"{where}: horizon", horizon, most=MOST_ROWS)
    usable = {name: numbers for name, found in columns.items() if (numbers := _numbers(found))}
    told = [name for name in usable if name.lower() not in CALENDAR]
    if given is None and target is None and len(told) == 1:
        target = told
    inputs, targets = recorded.chosen(where, tuple(usable), given, target)
    distinct = tuple(dict.fromkeys((*inputs, *targets)))
    values = np.stack([_filled(np.array(usable[name])) for name in distinct], axis=1)
    table = Table(where, distinct, values, np.arange(len(values)))
    return recorded.of_table(
        table, inputs, targets, ahead, steps=steps, passes=passes, most_steps=MOST_STEPS
    )


def _numbers(cells: list[Any]) -> list[float] | None:
    """Return a column as numbers, NaN where there is a gap; None where it holds anything else."""
    if not all(cell is None or isinstance(cell, (int, float)) for cell in cells):
        return None
    found = [math.nan if cell is None else float(cell) for cell in cells]
    return found if any(map(math.isfinite, found)) else None


def _filled(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a column with its gaps filled on a straight line between their neighbours."""
    place, known = np.arange(len(column)), np.isfinite(column)
    return np.interp(place, place[known], column[known])
