"""Computes a sweep: what is missing of it, wherever, while its folder grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from neurosim.errors import UserError
from neurosim.study import results, sources
from neurosim.study.checks import whole
from neurosim.study.scenario import RUNS, Scenario, folder_name, resolve_files
from neurosim.study.sweep import axes as fields
from neurosim.study.sweep import cells, folder, table
from neurosim.study.sweep.executors import opened
from neurosim.study.sweep.folder import Sweep
from neurosim.study.sweep.plan import Cell, Plan, planned
from neurosim.study.sweep.table import Outcome

SECONDS_BETWEEN_WRITES = 3.0


class Progress(NamedTuple):
    """How far a sweep is: cells done or failed, those failed, those found finished, all of them."""

    done: int
    failed: int
    found: int
    cells: int


Watcher = Callable[[Progress], object]


def sweep(
    scenario: str | Path | Scenario,
    over: Mapping[str, Sequence[Any]],
    seeds: int | Sequence[int] | None = None,
    executor: Executor | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    out: str | Path = RUNS,
) -> Sweep:
    """Compute every combination of some fields of a scenario, and keep it in the run store.

    Cells that were computed before, in any sweep or by `neurosim run`, are taken from there. A cell
    that fails is told of in `Sweep.failed`, stops no other, and is tried again by the next call.

    Parameters
    ----------
    scenario
        Name of a scenario, a file, or a `Scenario`.
    over
        Values by field, as ``{"network.units": [8, 16], "rule": ["rtrl", "trtrl"]}``.
    seeds
        How many seeds each point is tried from (0, 1, ...), or which; the scenario's where None.
    executor
        Any of `concurrent.futures`: that of Ray, joblib, MPI or Dask, or one of Python's own. It
        stays open. How many threads linear algebra has in its workers is for whoever made it.
    jobs
        Without one: worker processes on this computer, as many as it has cores where None.
    cluster
        Without one: the address of a Dask scheduler, or ``local`` for one that is started here.
    out
        Folder of the run folders.

    Returns
    -------
    Sweep
        Rows, medians, fronts, and what failed.

    Raises
    ------
    UserError
        For a field or scenario that there is not, or when no worker can be had.

    Examples
    --------
    >>> import neurosim as ns
    >>> found = ns.sweep("compare", {"network.units": [4, 8]}, seeds=3)  # doctest: +SKIP
    >>> found.front("cycles_per_step")  # doctest: +SKIP
    """
    if executor is not None and (jobs is not None or cluster is not None):
        raise UserError("executor: is given, so jobs and cluster say nothing. Drop them.")
    base = resolve_files(scenario, Path.cwd()) if isinstance(scenario, Scenario) else (
        sources.load(str(scenario))
    )  # fmt: skip
    plan = planned(base, fields.given(over), _seeds(seeds))
    workers = nullcontext(executor) if executor is not None else opened(jobs, cluster)
    return computed(plan, Path(out), workers)


def _seeds(seeds: int | Sequence[int] | None) -> Sequence[int] | None:
    if seeds is None:
        return None
    if isinstance(seeds, Sequence):
        return [whole("seeds", seed, least=0) for seed in seeds]
    return range(whole("seeds", seeds, most=fields.MOST_CELLS))


def computed(
    plan: Plan,
    out: Path,
    workers: Any,
    watch: Watcher = lambda progress: None,
    parquet: bool = False,
    ended: cells.Ended = lambda: False,
) -> Sweep:
    """Compute what is missing of a planned sweep.

    Its folder is written every few seconds, and at the end however that comes: what is done is
    kept.

    Parameters
    ----------
    plan
        What to compute.
    out
        Folder of the run folders.
    workers
        A context manager that opens an executor, entered only where something is missing.
    watch
        Called whenever a cell is done.
    parquet
        Whether to write the rows as Parquet too.
    ended
        Asked now and then whether to end early, by a KeyboardInterrupt.
    """
    if parquet:
        table.arrows()
    with _folder(plan, out) as place:
        state = _State(plan, place, watch, parquet)
        try:
            state.take_kept(out)
            if state.waiting:
                with workers as executor:
                    scenarios = [cell.scenario for cell in state.waiting if cell.scenario]
                    for result in cells.begun(executor, scenarios, out, ended):
                        state.take(result)
        except BaseException:
            state.take_kept(out)  # a cell may have come just before
            raise
        finally:
            if state.outcomes:
                state.write()
        return state.sweep()


@contextmanager
def _folder(plan: Plan, out: Path) -> Iterator[Path]:
    with results.made(out / plan.folder_name) as place:
        yield place


class _State:
    """What is known of a sweep while it is computed."""

    def __init__(self, plan: Plan, place: Path, watch: Watcher, parquet: bool) -> None:
        self.plan, self.place, self.watch, self.parquet = plan, place, watch, parquet
        self.names = [
            None if cell.scenario is None else folder_name(cell.scenario) for cell in plan.cells
        ]
        self.places: dict[str | None, list[int]] = {}
        for n, name in enumerate(self.names):
            self.places.setdefault(name, []).append(n)
        self.outcomes: dict[int, Outcome] = {}
        self.found = 0
        self.written_at = time.monotonic()

    @property
    def waiting(self) -> list[Cell]:
        """The cells that are not done, of two with the same scenario the first."""
        left: dict[str, Cell] = {}
        for n, (cell, name) in enumerate(zip(self.plan.cells, self.names, strict=True)):
            if n not in self.outcomes and name:
                left.setdefault(name, cell)
        return list(left.values())

    def take_kept(self, out: Path) -> None:
        """Take what was computed before, and what could never be."""
        for n, cell in enumerate(self.plan.cells):
            if n in self.outcomes:
                continue
            result = cells.kept(cell.scenario, out) if cell.scenario else None
            if result is not None:
                self.outcomes[n] = self._outcome(cell, result)
            elif cell.scenario is None:
                self.outcomes[n] = _outcome(self.plan, cell, None, None, cell.error)
        self.found = self.found or len(self.outcomes)
        self._tell()

    def take(self, result: cells.CellResult) -> None:
        """Take what became of a cell."""
        for n in self.places[result.folder.name]:
            self.outcomes[n] = self._outcome(self.plan.cells[n], result)
        self._tell()
        if time.monotonic() - self.written_at > SECONDS_BETWEEN_WRITES:
            self.write()

    def _outcome(self, cell: Cell, result: cells.CellResult) -> Outcome:
        row = None if result.row is None else table.with_blocks(result.scenario, result.row)
        run = result.folder.name if (result.folder / results.SUMMARY).exists() else None
        return _outcome(self.plan, cell, run, row, result.error)

    def _tell(self) -> None:
        failed = sum(each.error is not None for each in self.outcomes.values())
        self.watch(Progress(len(self.outcomes), failed, self.found, len(self.plan.cells)))

    def sweep(self) -> Sweep:
        """Return the sweep as far as it is."""
        rows = tuple(self.outcomes[n].row() for n in sorted(self.outcomes))
        plan = self.plan
        return Sweep(plan.base, plan.axes, plan.seeds, rows, len(plan.cells), self.place)

    def write(self) -> None:
        """Write the folder as far as it is."""
        folder.write(self.sweep(), self.parquet)
        self.written_at = time.monotonic()


def _outcome(
    plan: Plan, cell: Cell, run: str | None, row: Mapping[str, Any] | None, error: str | None
) -> Outcome:
    rule = str(cell.point.get(fields.RULE, plan.base.rule.name))
    why = None if error is None else " ".join(error.split())  # a line of a table
    return Outcome(cell.point, cell.seed, rule, run, row, why)
