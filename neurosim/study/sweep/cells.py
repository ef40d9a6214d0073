"""The cells of a sweep: each computed once, wherever, and kept as a run folder here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from pathlib import Path
from typing import Any, NamedTuple

import neurosim
from neurosim.errors import UserError
from neurosim.study import results
from neurosim.study.scenario import Scenario, folder_name
from neurosim.study.summary import Summary, finite, summary_in
from neurosim.study.sweep import parcels

SECONDS_BETWEEN_LOOKS = 0.2
Ended = Callable[[], bool]
"""Asked now and then whether to end early."""

VERBS = ("run", "compare")  # of which the folder of one rule and seed holds the same figures


class CellResult(NamedTuple):
    """What became of a cell.

    Attributes
    ----------
    scenario
        What was computed: one rule from one seed.
    folder
        Its run folder; there is none where it could not begin.
    row
        Its figures, named as in ``summary.json``; None where it failed.
    error
        Why it failed, or None.
    """

    scenario: Scenario
    folder: Path
    row: dict[str, Any] | None
    error: str | None


def kept(scenario: Scenario, out: Path) -> CellResult | None:
    """Return what an earlier run of a cell has left in ``out``.

    None where it did not finish, or where another version of neurosim computed it.
    """
    folder = out / folder_name(scenario)
    try:
        summary = summary_in(folder / results.SUMMARY)
    except UserError:
        return None
    ours = summary.versions.get("neurosim") == neurosim.__version__
    done = summary.status == "done" and summary.verb in VERBS and len(summary.rows) == 1 and ours
    return _result(scenario, folder, summary) if done else None


def computed(executor: Executor, scenarios: Iterable[Scenario], out: Path) -> Iterator[CellResult]:
    """Yield what becomes of cells, as they are finished; those finished before come first.

    Their run folders are in ``out`` by then. A cell that fails is yielded with its error and is
    computed again by the next call. When the iteration ends early, cells that have not begun are
    cancelled.

    Parameters
    ----------
    executor
        Any of `concurrent.futures`, such as `neurosim.study.sweep.executors.opened` gives.
    scenarios
        Of one rule and one seed each, and without sizes or machines to be tried.
    out
        Folder of the run folders.

    Raises
    ------
    UserError
        When ``out`` cannot be written.
    """
    waiting = []
    for scenario in scenarios:
        found = kept(scenario, out)
        if found is None:
            waiting.append(scenario)
        else:
            yield found
    yield from begun(executor, waiting, out)


def begun(
    executor: Executor, scenarios: Iterable[Scenario], out: Path, ended: Ended = lambda: False
) -> Iterator[CellResult]:
    """Yield what becomes of cells that are computed whatever ``out`` holds of them.

    Where ``ended`` says so, it raises KeyboardInterrupt, between two cells and never within one.
    """
    futures: dict[Future[parcels.Reply], Scenario] = {}
    try:
        for scenario in scenarios:
            try:
                sent = parcels.parcel(scenario)
            except UserError as error:
                yield CellResult(scenario, out / folder_name(scenario), None, str(error))
            else:
                futures[executor.submit(parcels.computed, sent)] = scenario
        left = set(futures)
        while left:
            done, left = wait(left, SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
            for future in done:
                yield _stored(futures[future], _reply(future), out)
            if ended():
                raise KeyboardInterrupt
    finally:
        for future in futures:
            future.cancel()


def _reply(future: Future[parcels.Reply]) -> parcels.Reply:
    """Return what a worker answered, or why none did."""
    try:
        return future.result()
    except CancelledError:
        return parcels.Reply({}, "was cancelled. Is the cluster's scheduler still there?")
    except Exception as error:
        return parcels.Reply({}, str(error) or type(error).__name__)


def _stored(scenario: Scenario, reply: parcels.Reply, out: Path) -> CellResult:
    """Write the run folder of a cell, its summary last, since the folder is known by that."""
    folder = out / folder_name(scenario)
    if reply.error is not None:
        return CellResult(scenario, folder, None, reply.error)
    with results.prepared(scenario, out):
        results.put(folder, reply.files)
    return _result(scenario, folder, summary_in(folder / results.SUMMARY))


def _result(scenario: Scenario, folder: Path, summary: Summary) -> CellResult:
    if summary.status == "done":
        return CellResult(scenario, folder, finite(summary.rows[0]), None)
    why = " ".join(summary.notes) or f"was {summary.status}"
    return CellResult(scenario, folder, None, why)
