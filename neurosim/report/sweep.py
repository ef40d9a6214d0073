"""The report of a sweep on the terminal: a line for each point, what failed, and the fronts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.report import quantities
from neurosim.report.hardware import closing
from neurosim.report.terminal import tidy
from neurosim.study.sweep.axes import SEED
from neurosim.study.sweep.folder import Sweep
from neurosim.study.sweep.table import BLOCKS, ERROR, described, shown

MOST_LINES, MOST_FAILED = 60, 10
ERRORS = {"nmse": "error", "bits_per_symbol": "bits"}
COSTS = {
    "cycles_per_step": "cycles",
    "energy_pj_per_step": "energy",
    BLOCKS: "RAMs",
}
AXES = {
    "cycles_per_step": "cycles a step",
    "energy_pj_per_step": "pJ a step",
    BLOCKS: "block RAMs of a chip",
}
NOTE = (
    "Medians over the seeds, and from where to where the errors lie; * is on a front: no point has"
    " both a smaller error and a smaller cost, be it in cycles, energy or block RAMs."
)


def print_sweep(sweep: Sweep, written: str, hints: Sequence[tuple[str, str]], out: Console) -> None:
    """Print what a sweep found.

    Parameters
    ----------
    sweep
        What was computed of it.
    written
        Its folder, with its files in words.
    hints
        Commands that could follow, each with its purpose.
    out
        Where it goes.
    """
    with tidy(out):
        out.print(Text.assemble((sweep.scenario.name, "bold"), f": {counted(sweep)}"))
        over = described({axis.field: axis.values for axis in sweep.axes})
        out.print(f"over {over or 'seeds alone'}; seeds {' '.join(map(str, sweep.seeds))}")
        out.print()
        _points(sweep, out)
        _failed(sweep, out)
        out.print()
        for cost in sweep.costs:
            out.print(front_in_words(sweep, cost))
        if sweep.costs:
            out.print()
            out.print(NOTE, style="dim")
        out.print()
        closing(written, hints, out)


def counted(sweep: Sweep) -> str:
    """Say how many cells there are, and how they ended."""
    cells = f"{sweep.cells:,} cell{'s' * (sweep.cells != 1)}"
    ends = {"failed": len(sweep.failed), "not computed": sweep.cells - len(sweep.rows)}
    said = [f"{count:,} {end}" for end, count in ends.items() if count]
    return f"{cells}, {', '.join(said)}" if said else f"{cells}, all done"


def headings(sweep: Sweep) -> list[str]:
    """Return the heads of the columns of the points."""
    judged = ERRORS[sweep.judged]
    spread = ["from .. to"] if len(sweep.seeds) > 1 else []
    fields = [field.rpartition(".")[2] for field in sweep.fields]
    return [*fields, judged, *spread, *(COSTS[cost] for cost in sweep.costs), "failed"]


def cells(sweep: Sweep, row: Mapping[str, Any], leads: bool) -> list[str]:
    """Return the cells of a point's line; ``leads`` where it is on a front."""
    judged = sweep.judged
    found = [shown(row[field]) for field in sweep.fields]
    there = judged in row
    found.append(quantities.small(row[judged]) + "*" * leads if there else "-")
    if len(sweep.seeds) > 1:
        low, high = row.get(f"{judged}_low"), row.get(f"{judged}_high")
        found.append(f"{low:.2g} .. {high:.2g}" if there else "-")
    found += [_cost(cost, row) for cost in sweep.costs]
    failed = f"{row['failed']} of {row['failed'] + row['done']}" if row["failed"] else ""
    return [*found, failed]


def leading(sweep: Sweep) -> list[Mapping[str, Any]]:
    """Return the points that are on a front."""
    return [row for cost in sweep.costs for row in sweep.front(cost)]


def _cost(cost: str, row: Mapping[str, Any]) -> str:
    value = row.get(cost)
    if value is None:
        return "-"
    return quantities.energy(value) if cost.startswith("energy") else quantities.count(value)


def _points(sweep: Sweep, out: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    heads = headings(sweep)
    if not sweep.failed:
        heads.pop()
    for heading in heads:
        table.add_column(heading, justify="right", no_wrap=True)
    front = leading(sweep)
    for row in sweep.medians[:MOST_LINES]:
        table.add_row(*cells(sweep, row, row in front)[: len(heads)])
    out.print(table)
    left = len(sweep.medians) - MOST_LINES
    if left > 0:
        out.print(f"... and {left:,} more points, in the page and in cells.csv", style="dim")


def _failed(sweep: Sweep, out: Console) -> None:
    for line in failures(sweep, MOST_FAILED):
        out.print(line, style="red", soft_wrap=True)


def failures(sweep: Sweep, most: int) -> Iterator[str]:
    """Yield which cells failed and why, ``most`` at most."""
    for row in sweep.failed[:most]:
        yield f"failed: {place(sweep, row)}: {row[ERROR]}"
    left = len(sweep.failed) - most
    if left > 0:
        yield f"... and {left:,} more failed, in cells.csv"


def place(sweep: Sweep, row: Mapping[str, Any]) -> str:
    """Return in words which cell a row is of."""
    fields = [f"{field}={shown(row[field])}" for field in sweep.fields]
    return ", ".join([*fields, f"seed {row[SEED]}"])


def front_in_words(sweep: Sweep, cost: str) -> str:
    """Return the front of one cost in a line, the cheapest point first."""
    points = [
        f"{'/'.join(shown(row[field]) for field in sweep.fields) or 'all'}"
        f" ({_cost(cost, row)}, {quantities.small(row[sweep.judged])})"
        for row in sweep.front(cost)
    ]
    return f"front by {COSTS[cost]}: {', '.join(points) or 'no point, since seeds failed'}"
