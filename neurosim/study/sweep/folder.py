"""The folder of a sweep, beside the run folders of its cells.

`NAME-sweep-HASH/` holds `scenario.toml` (what all cells begin with), `sweep.json` (what was gone
over, a row for each cell, medians of the points, fronts) and `cells.csv` (the rows alone), with
`--parquet` also `cells.parquet`. `neurosim report` draws `report.html` and `figures/`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from neurosim.errors import UserError
from neurosim.study import checks, description, results, sources
from neurosim.study.scenario import Scenario
from neurosim.study.sweep import table
from neurosim.study.sweep.axes import Axis
from neurosim.study.sweep.table import Row

SCHEMA = 1
RECORD, CELLS, PARQUET = "sweep.json", "cells.csv", "cells.parquet"
Status = Literal["done", "failed", "unfinished"]


@dataclass(frozen=True)
class Sweep:
    """A sweep, as far as it was computed.

    Attributes
    ----------
    scenario
        What all cells begin with.
    axes, seeds
        What was gone over, and from which seeds each point was tried.
    rows
        A row for each cell that is there: the fields gone over, ``seed``, ``rule``, the figures of
        ``summary.json`` but for times on a clock, ``run`` (its run folder), and ``error`` if it
        failed. Point by point, the last axis fastest.
    cells
        How many cells there are in all.
    folder
        Of the sweep; run folders lie beside it.
    """

    scenario: Scenario
    axes: tuple[Axis, ...]
    seeds: tuple[int, ...]
    rows: tuple[Row, ...]
    cells: int
    folder: Path

    @property
    def status(self) -> Status:
        """done, failed where a cell is, or unfinished where one is missing."""
        if len(self.rows) < self.cells:
            return "unfinished"
        return "failed" if self.failed else "done"

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that were gone over."""
        return tuple(axis.field for axis in self.axes)

    @property
    def failed(self) -> tuple[Row, ...]:
        """The rows of cells that failed, each with its ``error``."""
        return tuple(row for row in self.rows if table.ERROR in row)

    @cached_property
    def medians(self) -> tuple[Row, ...]:
        """A row for each point: medians over its seeds, with the error's ``_low`` and ``_high``."""
        return tuple(table.medians(self.rows, self.fields))

    @cached_property
    def judged(self) -> str:
        """The figure that is the error: ``nmse``, or ``bits_per_symbol`` of classes."""
        return table.error_name(self.rows)

    @property
    def costs(self) -> tuple[str, ...]:
        """The costs that every finished point has, of cycles, energy and block RAMs."""
        done = [row for row in self.medians if row["done"]]
        return tuple(
            cost for cost in table.COSTS if done and all(row.get(cost) is not None for row in done)
        )

    def front(self, cost: str = table.COSTS[0]) -> tuple[Row, ...]:
        """Return the points, as `medians`, that no other beats in both error and ``cost``."""
        return tuple(table.front(self.medians, cost, self.judged))

    def to_csv(self, path: str | Path) -> None:
        """Write the rows as CSV."""
        results.replace_whole(Path(path), lambda beside: beside.write_text(table.as_csv(self.rows)))

    def to_parquet(self, path: str | Path) -> None:
        """Write the rows as Parquet; needs PyArrow."""
        content = table.as_parquet(self.rows)
        results.replace_whole(Path(path), lambda beside: beside.write_bytes(content))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "schema": SCHEMA,
            "name": self.scenario.name,
            "status": self.status,
            "over": {axis.field: list(axis.values) for axis in self.axes},
            "seeds": list(self.seeds),
            "cells": self.cells,
            "rows": list(self.rows),
            "medians": list(self.medians),
            "fronts": {cost: list(self.front(cost)) for cost in self.costs},
        }


def write(sweep: Sweep, parquet: bool = False) -> None:
    """Write the folder of a sweep as far as it is computed; each file whole, or not at all.

    Raises
    ------
    UserError
        When it cannot be written.
    """
    _place(sweep.folder / CELLS, table.as_csv(sweep.rows).encode())
    if parquet:
        _place(sweep.folder / PARQUET, table.as_parquet(sweep.rows))
    toml = description.toml(description.mapping(sweep.scenario))
    _place(sweep.folder / results.SCENARIO, toml.encode())
    # last, since a folder is known by it
    text = json.dumps(sweep.as_dict(), indent=2, allow_nan=False) + "\n"
    results.place(sweep.folder / RECORD, text.encode())


def _place(path: Path, content: bytes) -> None:
    """Write a file, unless that is what it holds: then its page still holds too."""
    if not checks.is_file(path) or path.read_bytes() != content:
        results.place(path, content)


def read(folder: Path) -> Sweep:
    """Return the sweep that a folder holds.

    Raises
    ------
    UserError
        When it holds none, or one that this version does not know.
    """
    path = folder / RECORD
    try:
        record = json.loads(sources.text(path))
        if record["schema"] != SCHEMA:
            raise UserError(
                f"{path}: has schema {record['schema']!r:.20}, and known is {SCHEMA}."
                " Read it with the neurosim that wrote it."
            )
        axes = tuple(Axis(field, tuple(found)) for field, found in record["over"].items())
        rows = tuple(_row(row, axes) for row in record["rows"])
        seeds, cells = tuple(map(int, record["seeds"])), int(record["cells"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UserError(f"{path}: is no sweep that neurosim wrote. Run it again.") from None
    scenario = sources.load(str(folder / results.SCENARIO))
    return Sweep(scenario, axes, seeds, rows, cells, folder)


def _row(row: Mapping[str, Any], axes: tuple[Axis, ...]) -> Row:
    for key in (*(axis.field for axis in axes), "seed", "rule"):
        row[key]
    return dict(row)


def found(name: str | None, out: Path) -> Path | None:
    """Return the sweep's folder that a name means, None where it means none but perhaps a run.

    A name is a path, or the beginning of a name in ``out``; without one it is the newest, unless a
    run is newer.

    Raises
    ------
    UserError
        When several sweeps, and no run, begin with the name.
    """
    if name is not None and checks.is_file(Path(name) / RECORD):
        return Path(name)
    known = {path.parent.name: path.parent for path in sorted(out.glob(f"*/{RECORD}"))}
    if name is None:
        return _newest(known.values(), out)
    begin = [folder for key, folder in known.items() if key.startswith(name)]
    if name in known or len(begin) < 2:
        found = known.get(name) or next(iter(begin), None)
        return found if found is None or not _runs(name, out) else None
    if _runs(name, out):
        return None
    raise UserError(
        f"{name or 'NAME'}: begins several sweeps ({', '.join(each.name for each in begin[:8])})."
        " Write more of it."
    )


def _runs(name: str, out: Path) -> bool:
    return any(path.parent.name.startswith(name) for path in out.glob(f"*/{results.SUMMARY}"))


def _newest(sweeps: Any, out: Path) -> Path | None:
    def written_at(path: Path) -> int:
        return path.stat().st_mtime_ns

    last = max(sweeps, key=lambda folder: written_at(folder / RECORD), default=None)
    runs = max(map(written_at, out.glob(f"*/{results.SUMMARY}")), default=0)
    return last if last is not None and written_at(last / RECORD) >= runs else None
