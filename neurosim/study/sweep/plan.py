"""The cells of a sweep before anything is computed: which scenario each is, or why it is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import NamedTuple

from neurosim.errors import UserError
from neurosim.study.overrides import override
from neurosim.study.problem import single
from neurosim.study.scenario import Scenario, digest, in_path, resolve_files
from neurosim.study.sweep.axes import MOST_CELLS, RULE, Axis, Point, changes, points


class Cell(NamedTuple):
    """A point of a sweep from one seed: its scenario, or why there is none."""

    point: Point
    seed: int
    scenario: Scenario | None
    error: str | None = None


class Plan(NamedTuple):
    """A sweep that nobody has computed yet.

    Attributes
    ----------
    base
        The scenario that all cells begin with.
    axes
        What is gone over, the last fastest.
    seeds
        Every point is tried from each of these.
    cells
        Point by point, seed by seed.
    """

    base: Scenario
    axes: tuple[Axis, ...]
    seeds: tuple[int, ...]
    cells: tuple[Cell, ...]

    @property
    def folder_name(self) -> str:
        """``NAME-sweep-HASH``: the hash names what the sweep computes."""
        over = [[axis.field, list(axis.values)] for axis in self.axes]
        text = json.dumps([digest(self.base), over, list(self.seeds)], ensure_ascii=True)
        hashed = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{in_path(self.base.name) or 'scenario'}-sweep-{hashed}"


def planned(base: Scenario, axes: Sequence[Axis], seeds: Sequence[int] | None = None) -> Plan:
    """Return the cells of ``base`` gone over ``axes``, from ``seeds`` or else its own.

    A point that is no scenario is a cell with an error.

    Raises
    ------
    UserError
        When ``base`` tries several cases itself, no point is a scenario, or there are more than
        `MOST_CELLS`.
    """
    if base.swept:
        raise UserError(
            f"{base.name}: tries several cases itself, and a cell is one. Name another scenario, or"
            " drop its sizes, machines, placements and sensitivities."
        )
    chosen = base.seeds if seeds is None else seeds
    count = len(chosen) * prod(len(axis.values) for axis in axes)
    if count > MOST_CELLS:
        raise UserError(f"sweep: makes {count:,} cells, and {MOST_CELLS:,} is the most.")
    chosen = tuple(chosen)
    cells = tuple(cell for point in points(axes) for cell in _cells(base, point, chosen))
    if all(cell.scenario is None for cell in cells):
        raise UserError(str(cells[0].error))
    return Plan(base, tuple(axes), chosen, cells)


def _cells(base: Scenario, point: Point, seeds: Sequence[int]) -> Iterator[Cell]:
    for seed in seeds:
        try:
            yield Cell(point, seed, _scenario(base, point, seed))
        except UserError as error:
            yield Cell(point, seed, None, str(error))


def _scenario(base: Scenario, point: Point, seed: int) -> Scenario:
    """Return what `neurosim run` of the base would compute with a point's fields as flags."""
    one = single(base, str(point.get(RULE, base.rule.name)))
    return resolve_files(override(one, {**changes(point), "seeds": [seed]}), Path.cwd())
