"""What a search answers: the design, what it was chosen from, or what is missing."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from math import inf
from pathlib import Path
from typing import Any, Literal

from neurosim.engines.checkpoint.lock import locked
from neurosim.errors import UserError
from neurosim.study import pareto, results
from neurosim.study.design.confirm import Confirmed, confirmed
from neurosim.study.design.demand import Demand
from neurosim.study.design.missing import Missing, missing
from neurosim.study.design.search import STARTERS, Limits, Search, Watcher
from neurosim.study.design.space import Candidate, scenario
from neurosim.study.design.trials import Trials, Tried
from neurosim.study.problem import Problem
from neurosim.study.scenario import folder_name

SCHEMA = 1  # of `design.json`
#: Where searches are kept beside the run folders, with all that they train.
ROOM, CELLS, JOURNAL, RECORD = "designs", "cells", "trials.journal", "design.json"
#: Winners that are looked at again until one is confirmed.
MOST_CONFIRMED = 12
Status = Literal["found", "none", "interrupted"]


@dataclass(frozen=True)
class Answer:
    """What came out of a search.

    Attributes
    ----------
    demand, status
        What was asked, and how it ended.
    target
        The error that was to be reached: the demand's, or else one near the best.
    chosen
        The cheapest design that does what is demanded.
    confirmed
        What a second look at it, and at others that were cheaper, found; the last is the chosen.
    front
        The designs that no cheaper one beats in error, the cheapest first.
    tried, failed, rejected
        How many were trained, could not learn, and did not fit or keep the rate.
    missing
        Why there is no design.
    folder
        The run folder of the chosen one, or that of the search where there is none.
    """

    demand: Demand
    status: Status
    target: float | None
    chosen: Tried | None
    confirmed: tuple[Confirmed, ...]
    front: tuple[Tried, ...]
    every: tuple[Tried, ...]
    failed: int
    rejected: int
    missing: Missing | None
    folder: Path

    @property
    def tried(self) -> int:
        """How many were trained."""
        return len(self.every)

    @property
    def margin(self) -> float | None:
        """By how much the chosen one is faster than demanded: 0.5 is half as fast again."""
        if self.chosen is None:
            return None
        return self.chosen.verdict.steps_per_second / self.demand.rate_hz - 1

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        last = self.confirmed[-1] if self.confirmed and self.chosen else None
        chosen = None if self.chosen is None else _told(self.chosen)
        if chosen is not None:
            seen = {"confirmed": None if last is None else last.as_dict()}
            chosen = {**chosen, "rate_margin": self.margin, **seen}
        return {
            "schema": SCHEMA,
            "status": self.status,
            "demand": self.demand.as_dict(),
            "target_nmse": self.target,
            "design": chosen,
            "front": [_told(each) for each in self.front],
            "trained": self.tried,
            "failed": self.failed,
            "rejected": self.rejected,
            "missing": None if self.missing is None else self.missing.as_dict(),
            "folder": str(self.folder),
        }


def _told(tried: Tried) -> dict[str, Any]:
    own = asdict(tried.verdict.candidate)
    promised = tried.promised if tried.promised < inf else None
    return {**own, "nmse": tried.error, "nmse_promised": promised, **tried.verdict.as_dict()}


def designed(
    demand: Demand, executor: Executor, out: Path, limits: Limits,
    watch: Watcher = lambda progress: None,
) -> Answer:  # fmt: skip
    """Search for the cheapest design that does what is demanded.

    The same call goes on where an earlier one has ended. Ctrl-C ends the search and answers with
    what is known by then.

    Parameters
    ----------
    demand
        What is asked.
    executor
        Trains the candidates, any of `concurrent.futures`.
    out
        Folder of the run folders; the search is kept in ``designs`` in it.
    limits
        How long it may take.
    watch
        Hears how far it is.

    Raises
    ------
    UserError
        When the data do not fit the demand, Optuna is missing, nothing can be written, or another
        process searches for the same.
    """
    checked(demand)
    folder = out / ROOM / f"{demand.name}-{demand.part}-{demand.digest}"
    with results.made(folder), locked(folder):
        return _searched(demand, executor, out, folder, limits, watch)


def _searched(
    demand: Demand, executor: Executor, out: Path, folder: Path, limits: Limits, watch: Watcher
) -> Answer:
    trials = Trials(demand, folder / JOURNAL)
    search = Search(demand, executor, out / ROOM / CELLS, trials, limits, watch)
    seen: list[Confirmed] = []
    lacking: Missing | None = None
    status: Status = "interrupted"
    with suppress(KeyboardInterrupt):
        search.run()
        chosen = _confirmed(search, seen)
        if chosen is None:
            lacking = missing(search)
        status = "found" if chosen else "none"
    return _kept(_answer(search, status, seen, lacking, folder), out)


def checked(demand: Demand) -> None:
    """Return when the data can be learned from as demanded; the error says why not."""
    problem = Problem.of(scenario(demand, STARTERS[0]), demand.seed)
    if problem.series.kind == "classes":
        raise UserError("--data: design predicts numbers, and these are classes. Use a CSV file.")


def _confirmed(search: Search, seen: list[Confirmed]) -> Tried | None:
    """Return the cheapest design that is confirmed; those that were looked at go into ``seen``."""
    refused: set[Candidate] = set()
    while len(seen) < MOST_CONFIRMED:
        left = [each for each in search.ranked() if each.candidate not in refused]
        if not left:
            return None
        search.say(f"confirming {left[0].candidate.rule} with {left[0].candidate.network}")
        seen.append(confirmed(search, left[0]))
        if seen[-1].agrees:
            return seen[-1].tried
        refused.add(left[0].candidate)
    return None


def _answer(
    search: Search, status: Status, seen: list[Confirmed], lacking: Missing | None, folder: Path
) -> Answer:
    known = search.ranked()
    chosen = None
    if status == "found":
        chosen = seen[-1].tried
    elif status == "interrupted" and known:
        chosen = known[0]
    every = tuple(each for each in search.trials.tried.values() if each.error is not None)
    return Answer(
        search.demand, status, search.target, chosen, tuple(seen), front(search.good()), every,
        len(search.trials.tried) - len(every), search.trials.rejected, lacking, folder,
    )  # fmt: skip


def front(tried: list[Tried]) -> tuple[Tried, ...]:
    """Return the designs that no cheaper one beats in error, the cheapest first."""
    able = [each for each in tried if each.promised < inf]
    return tuple(pareto.front(able, lambda each: (each.verdict.cost, each.promised)))


def _kept(answer: Answer, out: Path) -> Answer:
    """Write the answer into the folder of the search, and the chosen design's into the store."""
    results.place(answer.folder / RECORD, _text(answer))
    if answer.chosen is None:
        return answer
    one = scenario(answer.demand, answer.chosen.candidate)
    cell, folder = out / ROOM / CELLS / folder_name(one), out / folder_name(one)
    files = {path.name: path.read_bytes() for path in cell.iterdir() if path.is_file()}
    with results.prepared(one, out):
        results.put(folder, files)
    answer = replace(answer, folder=folder)
    results.place(folder / RECORD, _text(answer))
    return answer


def _text(answer: Answer) -> bytes:
    return (json.dumps(answer.as_dict(), indent=2, allow_nan=False) + "\n").encode()
