"""The table of a sweep: a row for each cell, medians for each point, and what no other beats.

No wall-clock time stands in it, so it is the same to the last byte whoever computed the cells.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from neurosim.errors import UserError
from neurosim.machine.parts import part_named
from neurosim.model.fixed import Fixed
from neurosim.study import pareto
from neurosim.study.fit import fits
from neurosim.study.scenario import WIDTHS, RuleSpec, Scenario
from neurosim.study.specs import STANDARD_TOPOLOGY
from neurosim.study.sweep.axes import RULE, SEED, Point

Row = dict[str, Any]
RUN, ERROR, BLOCKS = "run", "error", "block_rams"
COSTS = ("cycles_per_step", "energy_pj_per_step", BLOCKS)
"""What an error is held against, each where all points have it."""

STANDARD_PART = "ecp5-85f"
# Times on a clock, and what a table of one seed a row says anyway.
_LEFT_OUT = {"training_seconds", "seconds_per_step", "seeds", "nmse_by_seed"}
# Of one point, these are medians' own.
_COUNTED = {SEED, RUN, ERROR}


class Outcome(NamedTuple):
    """What became of a cell: its point, seed and run folder, and its figures or its error."""

    point: Point
    seed: int
    rule: str
    run: str | None
    figures: Mapping[str, Any] | None
    error: str | None

    def row(self) -> Row:
        """Return it as a flat row; ``point`` may name its rule itself."""
        figures = {k: v for k, v in (self.figures or {}).items() if k not in _LEFT_OUT}
        found = {**self.point, SEED: self.seed, RULE: self.rule}
        found |= {key: value for key, value in figures.items() if key not in found}
        ends = {RUN: self.run, ERROR: self.error}
        return found | {key: value for key, value in ends.items() if value is not None}


def with_blocks(scenario: Scenario, figures: Mapping[str, Any]) -> Row:
    """Return a cell's figures with the block RAMs of its chip, where a closed form knows them.

    That is a fully recurrent network and a rule, as it is, that has a program. The part is the
    scenario's first, or `STANDARD_PART`.
    """
    units, outputs = figures["units"], figures["outputs"]
    inputs, rest = divmod(figures["edges"] - units * (units + 1), units)
    if not _is_plain(scenario) or rest or inputs < 1:
        return dict(figures)
    part = part_named(scenario.parts[0] if scenario.parts else STANDARD_PART)
    widths = {width: getattr(scenario.number, width) for width in WIDTHS}
    number = Fixed(**widths) if scenario.number.kind == "fixed" else Fixed()
    try:
        found = fits(scenario.rule.name, part, units, number, None, outputs, inputs)
    except UserError:  # a rule or numbers that no chip has
        return dict(figures)
    return {**figures, BLOCKS: found.blocks}


def _is_plain(scenario: Scenario) -> bool:
    """Say whether the closed form is about such a network and rule."""
    network, rule = scenario.network, scenario.rule
    plain = RuleSpec(name=rule.name, learning_rate=rule.learning_rate)
    named = network.topology == STANDARD_TOPOLOGY and network.file is None
    return named and network.leak is None and rule == plain


def error_name(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return by which figure the rows of a sweep are judged: bits where it is classes."""
    return "bits_per_symbol" if any("bits_per_symbol" in row for row in rows) else "nmse"


def medians(rows: Sequence[Row], fields: Sequence[str]) -> list[Row]:
    """Return a row for each point: medians over the seeds that were done, and how far they lie.

    Parameters
    ----------
    rows
        Of cells.
    fields
        The axes.
    """
    judged = error_name(rows)
    return [_median(mine, fields, judged) for mine in _by_point(rows, fields)]


def _by_point(rows: Sequence[Row], fields: Sequence[str]) -> list[list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(repr([row[field] for field in fields]), []).append(row)
    return list(found.values())


def _median(rows: Sequence[Row], fields: Sequence[str], judged: str) -> Row:
    done = [row for row in rows if ERROR not in row]
    found = {**{field: rows[0][field] for field in fields}, RULE: rows[0][RULE]}
    found |= {"done": len(done), "failed": len(rows) - len(done)}
    for key, value in done[0].items() if done else ():
        if key in found or key in _COUNTED:
            continue
        values = [row[key] for row in done if key in row]
        if not _is_number(value):
            found[key] = value
        elif len(values) == len(done):
            found[key] = value if len(set(values)) == 1 else median(values)
            if key == judged:
                found |= {f"{key}_low": min(values), f"{key}_high": max(values)}
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def front(points: Sequence[Row], cost: str, judged: str) -> list[Row]:
    """Return the points that no other beats in both error and cost, the cheapest first.

    A point of which a seed failed is not among them.
    """
    whole = [row for row in points if not row["failed"] and {cost, judged} <= row.keys()]
    return pareto.front(whole, lambda row: (row[cost], row[judged]))


def columns(rows: Sequence[Row]) -> list[str]:
    """Return the names of all columns: in the order in which rows have them, errors last."""
    found = dict.fromkeys(key for row in rows for key in row if key not in (RUN, ERROR))
    return [*found, RUN, ERROR]


def as_csv(rows: Sequence[Row]) -> str:
    """Return the rows as CSV with a header line; what a row has not is empty."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns(rows), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: shown(value) for key, value in row.items()} for row in rows)
    return buffer.getvalue()


def shown(value: Any) -> str:
    """Return a value as CSV and reports write it: all digits, and lists as ``8+8``."""
    if isinstance(value, list):
        return "+".join(map(shown, value))
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) and math.isfinite(value) else str(value)


def as_parquet(rows: Sequence[Row]) -> bytes:
    """Return the rows as a Parquet file.

    Raises
    ------
    UserError
        When PyArrow is not installed.
    """
    arrow, parquet = arrows()
    names = columns(rows)
    plain = [{k: shown(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows]
    whole = arrow.table({name: [row.get(name) for row in plain] for name in names})
    buffer = io.BytesIO()
    parquet.write_table(whole, buffer)
    return buffer.getvalue()


def arrows() -> tuple[Any, Any]:
    """Return what writes Parquet.

    Raises
    ------
    UserError
        When it is not installed.
    """
    import importlib

    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise UserError(
            "--parquet: needs PyArrow, which is not installed."
            " `pip install 'neurosim-hdl[parquet]'`"
        ) from None


def described(axes: Mapping[str, Sequence[Any]]) -> str:
    """Return in words what a sweep goes over."""
    return ", ".join(f"{field} {' '.join(map(shown, found))}" for field, found in axes.items())
