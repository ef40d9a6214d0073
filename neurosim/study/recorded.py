"""Series recorded in a CSV file: which columns, how far ahead, in what range, how often.

Each column is mapped to +-0.8 by its own smallest and largest value in the whole file: convenient,
and honest only for a study on a finished record, since a device in the field does not know the
largest value that is still to come. A file that is shorter than the steps asked for is gone through
again from its first row: time goes on for the network, whose state is kept, and meets a jump.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError
from neurosim.study import table
from neurosim.study.checks import whole
from neurosim.study.series import REACH, Series
from neurosim.study.table import Table

Columns = tuple[str, ...]
Names = str | Sequence[str]


def columns(path: Path, given: Names | None, target: Names | None) -> tuple[Columns, Columns]:
    """Return the names of the input and of the target columns.

    A text names one column, or several with commas between; a list names several. Where only
    inputs or only targets are named, a column predicts itself; where none is, the file must have a
    single column.

    Raises
    ------
    UserError
        When the file cannot be read, has no such column, or a column is named twice.
    """
    return chosen(path, table.header(path), given, target)


def chosen(
    where: str | Path, names: Columns, given: Names | None, target: Names | None
) -> tuple[Columns, Columns]:
    """Return which of the columns ``names`` are inputs and targets; see `columns`."""
    if given is None and target is None:
        if len(names) > 1:
            raise UserError(
                f"{where}: has the columns {', '.join(f'{name:.20}' for name in names[:8])}."
                " Say which is predicted with --target COLUMN."
            )
        return names, names
    found = {
        what: _listed(where, names, named, what)
        for what, named in (("input", given), ("target", target))
        if named is not None
    }
    one = next(iter(found.values()))
    return found.get("input", one), found.get("target", one)


def series(
    path: Path,
    inputs: Columns,
    targets: Columns,
    horizon: int,
    steps: int | None = None,
    passes: int | None = None,
    most_steps: int = 10_000_000,
) -> Series:
    """Return the series in a file, its targets ``horizon`` rows after its inputs.

    Parameters
    ----------
    path : Path
        The CSV file.
    inputs, targets : tuple of str
        Names of columns.
    horizon : int
        Rows from an input to its target.
    steps, passes : int, optional
        How many steps, or how often through the file; once where neither is given.
    most_steps : int
        More are refused.

    Raises
    ------
    UserError
        For a mistake in the file, a constant column, or too few rows.
    """
    found = table.read(path, tuple(dict.fromkeys((*inputs, *targets))))
    return of_table(found, inputs, targets, horizon, steps, passes, most_steps)


def of_table(
    found: Table,
    inputs: Columns,
    targets: Columns,
    horizon: int,
    steps: int | None = None,
    passes: int | None = None,
    most_steps: int = 10_000_000,
) -> Series:
    """Return the series in a table that has been read; see `series`."""
    where, distinct = found.where, found.names
    pairs = _pairs(where, len(found.values), horizon)
    count = steps
    if count is None:
        count = pairs * whole(f"{where}: passes", 1 if passes is None else passes)
    whole(f"{where}: {pairs:,} rows a pass, passes times as many steps", count, most=most_steps)
    scaled, scale, offset = _scaled(found)
    step = np.arange(count) % pairs
    seen = scaled[:, [distinct.index(name) for name in inputs]]
    own = [distinct.index(name) for name in targets]
    ahead = "1 row" if horizon == 1 else f"{horizon} rows"
    whole_file = count >= pairs
    extent = f"{count / pairs:.3g} passes" if whole_file else f"first {count:,} of {pairs:,} rows"
    return Series(
        inputs=seen[step],
        targets=scaled[:, own][step + horizon],
        input_names=inputs,
        target_names=targets,
        origin=f"{', '.join(targets)} of {Path(where).name}, {ahead} ahead, {extent}",
        scale=tuple(scale[own].tolist()),
        offset=tuple(offset[own].tolist()),
        distinct=min(pairs, count),
    )


def _pairs(where: str | Path, rows: int, horizon: int) -> int:
    """Return how many rows have a target ``horizon`` rows on."""
    if rows - horizon < 2:
        raise UserError(
            f"{where}: {rows} rows are too few to look {horizon} ahead: two pairs of input and"
            f" target need {horizon + 2}. Use a smaller horizon or a longer file."
        )
    return rows - horizon


def _listed(path: str | Path, names: Columns, given: Names, what: str) -> Columns:
    if not isinstance(given, str):
        listed = tuple(str(name) for name in given)
    elif given in names:  # a column whose own name has a comma in it is meant before a list is
        listed = (given,)
    else:
        listed = tuple(name.strip() for name in given.split(","))
    if not any(listed):
        raise UserError(f"{path}: {what}: names no column. Write --{what} COLUMN,COLUMN.")
    for name in listed:
        if not name:
            raise UserError(f"{path}: {what}: a name is empty. Write --{what} COLUMN,COLUMN.")
        if listed.count(name) > 1:
            raise UserError(f"{path}: {what}: column {name} is named twice. Name it once.")
        table.place(path, names, name)
    return listed


def _scaled(found: Table) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the columns within +-0.8, and the scale and offset that lead back."""
    low, high = found.values.min(axis=0), found.values.max(axis=0)
    for name, least, most in zip(found.names, low.tolist(), high.tolist(), strict=True):
        if least == most:
            raise UserError(
                f"{found.where}: column {name} is {least:g} in every row, so there is nothing to"
                " learn from it. Choose another column."
            )
        if not np.isfinite(most - least):
            raise UserError(
                f"{found.where}: column {name} spans {least:g} to {most:g}, too much for a float."
                " Scale it down."
            )
    scale, offset = (high - low) / (2 * REACH), low + (high - low) / 2
    return (found.values - offset) / scale, scale, offset
