"""What `neurosim sweep` does: compute every combination of some fields, and show what comes out."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from neurosim.cli.flags import Shortcuts, apply
from neurosim.errors import UserError
from neurosim.report import progress, sweep_page, terminal
from neurosim.report import sweep as report
from neurosim.study import checks, description, results, rules, sources
from neurosim.study.sweep import axes as fields
from neurosim.study.sweep.axes import Axis
from neurosim.study.sweep.executors import opened
from neurosim.study.sweep.folder import CELLS, PARQUET, RECORD, Sweep, found, read
from neurosim.study.sweep.plan import planned
from neurosim.study.sweep.running import computed

DONE, FAILED = 0, 1
ENDS: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""Exit codes of signals, as shells have them."""

__all__ = ["Wishes", "again", "found", "swept"]


class Wishes(NamedTuple):
    """What a sweep goes over, who computes it, and what is written."""

    over: Sequence[str]
    seeds: str | None = None
    jobs: int | None = None
    cluster: str | None = None
    parquet: bool = False


def swept(
    name: str, flags: Any, short: Shortcuts | None, wishes: Wishes, out: Path, as_json: bool
) -> int:
    """Compute what is missing of a sweep of ``name``, print it, and return the exit code."""
    if wishes.jobs is not None:
        checks.whole("--jobs", wishes.jobs)  # also where nothing is left to be computed
    over = fields.written(wishes.over)
    seeds = None if wishes.seeds is None else fields.seeds(wishes.seeds)
    base = apply(sources.load(name), "sweep", flags, short)
    _refuse_unused(flags, over, base.rule.name)
    plan = planned(base, over, seeds)
    place = out / plan.folder_name
    with ending() as ended:
        try:
            with progress.cells(len(plan.cells)) as watch:
                workers = opened(wishes.jobs, wishes.cluster)
                sweep = computed(plan, out, workers, watch, wishes.parquet, ended)
        except KeyboardInterrupt:
            _say_interrupted(place, wishes)
            return ENDS[ended.number or signal.SIGINT]
    return _shown(sweep, as_json)


def again(folder: Path, as_json: bool) -> int:
    """Print the report of a sweep's folder, and draw it."""
    return _shown(read(folder), as_json, asked=True)


def _refuse_unused(flags: Any, over: Sequence[Axis], own: str) -> None:
    """Refuse an option of a rule that none of the rules takes."""
    given = set((description.mapping(flags) if flags else {}).get("rule", {}))
    given |= {axis.field.removeprefix("rule.") for axis in over if axis.field.startswith("rule.")}
    texts = next((axis.values for axis in over if axis.field == fields.RULE), (own,))
    for option in sorted(given - {"name", "learning_rate", "options"}):
        if "." not in option and not any(option in rules.options(text) for text in texts):
            listed = ", ".join(map(str, texts))
            raise UserError(f"rule.{option}: does not apply to {listed}. Drop it.")


def _shown(sweep: Sweep, as_json: bool, asked: bool = False) -> int:
    if as_json:
        print(json.dumps(sweep.as_dict(), indent=2, allow_nan=False))
    else:
        report.print_sweep(sweep, _listed(sweep.folder), _hints(sweep), terminal.console())
    sys.stdout.flush()
    if asked or not _is_drawn(sweep):
        print(f"neurosim: written {sweep_page.draw(sweep)}", file=sys.stderr)
    for line in report.failures(sweep, report.MOST_FAILED) if as_json else ():
        print(f"neurosim: {line}", file=sys.stderr)
    return FAILED if sweep.failed and not asked else DONE


def _is_drawn(sweep: Sweep) -> bool:
    """Say whether the page is of these very rows."""
    drawn, rows = sweep.folder / results.PAGE, sweep.folder / CELLS
    return checks.is_file(drawn) and drawn.stat().st_mtime_ns >= rows.stat().st_mtime_ns


def _listed(folder: Path) -> str:
    names = [name for name in (RECORD, CELLS, PARQUET) if checks.is_file(folder / name)]
    return f"{folder}: {', '.join([*names, results.SCENARIO])}"


def _hints(sweep: Sweep) -> tuple[tuple[str, str], ...]:
    """Return commands that could follow."""
    hints = []
    if sweep.status != "done":
        hints.append((sweep_page.again(sweep), "computes what is missing or failed"))
    best = [row for cost in sweep.costs[:1] for row in sweep.front(cost)][-1:]
    for row in best:
        place = {field: row[field] for field in sweep.fields}
        run = next(r["run"] for r in sweep.rows if place.items() <= r.items())
        scenario = shlex.quote(str(sweep.folder.parent / run / results.SCENARIO))
        hints.append((f"neurosim hardware {scenario}", "writes the chip of the smallest error"))
    return tuple(hints)


def _say_interrupted(place: Path, wishes: Wishes) -> None:
    """Say what is kept of a sweep that was ended early, and what goes on with it."""
    said = "no cell was done yet."
    if checks.is_file(place / RECORD):
        sweep = read(place)
        done, failed = len(sweep.rows) - len(sweep.failed), len(sweep.failed)
        ends = f"{done:,} of {sweep.cells:,} cells are done" + f", {failed:,} failed" * bool(failed)
        again = f"{terminal.as_typed(sweep_page.again(sweep))}{_who(wishes)}"
        said = f"{ends}, and kept in {place.parent}. `{again}` goes on."
    print(f"neurosim: interrupted: {said}", file=sys.stderr)


def _who(wishes: Wishes) -> str:
    said = {"jobs": wishes.jobs, "cluster": wishes.cluster}
    flags = [f" --{name} {value}" for name, value in said.items() if value is not None]
    return "".join(flags) + " --parquet" * wishes.parquet


class Ending:
    """Whether somebody wants the sweep to end: the number of the first signal, None before."""

    number: int | None = None

    def __call__(self) -> bool:
        """Return whether it is to end."""
        return self.number is not None

    def hear(self, number: int, frame: object) -> None:
        """Take a signal; the second ends at once."""
        if self.number is not None:
            raise KeyboardInterrupt
        self.number = number


@contextmanager
def ending() -> Iterator[Ending]:
    """Let Ctrl-C and SIGTERM end the block between two cells, when nothing is half written."""
    found = Ending()
    if threading.current_thread() is not threading.main_thread():
        yield found
        return
    before = {number: signal.signal(number, found.hear) for number in ENDS}
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
