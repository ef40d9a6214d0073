"""Which candidates are trained, in which order, until time or trials are used up.

First come a few that are usually of use, then samples of Optuna. Then the search walks down: costs
are known without training, so from the cheapest design that learns well enough it tries whatever is
a rung away and cheaper, as long as that finds something; and where it finds nothing more, samples
that would be cheaper still, until a dozen in a row have brought nothing. Whatever becomes the best
is trained from two other seeds too, and is the best only if the median of the three will do; where
no error is demanded, so is what learns best, since others are held against it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import NamedTuple

from neurosim.study.design.demand import Demand
from neurosim.study.design.judge import Judge
from neurosim.study.design.space import DENSE, Candidate, neighbours, scenario
from neurosim.study.design.trials import Draw, Trials, Tried
from neurosim.study.scenario import Scenario, folder_name
from neurosim.study.sweep.cells import CellResult, computed

#: Candidates that are trained together: the next ones are drawn from what all of them taught.
BATCH = 4
#: Draws after which a batch is trained as it is, since nearly all that is drawn does not fit.
MOST_DRAWS = 40
#: Cheaper samples without success after which the search ends.
PATIENCE = 12
#: Shares of the budget after which sampling ends, and after which all of the search does: what is
#: left is for the winners to be confirmed.
SAMPLING, SEARCHING = 0.4, 0.8
#: Initial weights that a design has to learn from: those that are built, and others.
SEEDS = 3
#: Without a largest error, what comes so near to the best that can be promised is as good.
NEAR_BEST = 1.1
STARTERS = tuple(
    Candidate(rule, units, DENSE, 16, 32, rate)
    for rule, units, rate in (
        ("trtrl", 8, 0.048), ("rtrl", 6, 0.048), ("rflo", 8, 0.068), ("trtrl", 12, 0.048),
    )
)  # fmt: skip


class Progress(NamedTuple):
    """How far a search is: what it does, trainings done, the best so far, its share of budget."""

    doing: str
    trained: int
    best: Tried | None
    target: float | None
    share: float
    seconds_left: float


Watcher = Callable[[Progress], object]


@dataclass
class Limits:
    """How long a search may take: seconds, trainings, or both.

    Attributes
    ----------
    seconds, trainings
        The most of each; endless where not given.
    """

    seconds: float = inf
    trainings: float = inf
    _began: float = field(default_factory=time.monotonic)
    _longest: float = 0.0

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def share(self, trained: int) -> float:
        """Return the larger share that is used up of either."""
        return max(self.spent / self.seconds, trained / self.trainings)

    def noted(self, seconds: float) -> None:
        """Note how long a batch took, to begin none that would not end in time."""
        self._longest = max(self._longest, seconds)

    def allows(self, trained: int, part: float) -> bool:
        """Say whether another batch ends within a part of what is allowed."""
        in_time = self.spent + self._longest < part * self.seconds
        # trainings that confirm are not counted
        return (in_time or not trained) and trained < part / SEARCHING * self.trainings


class Search:
    """A search for what a demand asks.

    Attributes
    ----------
    judge, trials
        What is known before training, and from it.
    trained
        How many candidates were trained, by this call and earlier ones.
    """

    def __init__(
        self, demand: Demand, executor: Executor, cells: Path, trials: Trials, limits: Limits,
        watch: Watcher,
    ) -> None:  # fmt: skip
        self.demand, self.judge, self.trials = demand, Judge(demand), trials
        self.limits, self._cells = limits, cells
        self._executor, self._watch = executor, watch
        self.trained = len(trials.tried)

    # --- what is known ------------------------------------------------------------------------

    @property
    def target(self) -> float | None:
        """The error that is to be reached; None where nothing was trained yet to say so."""
        if self.demand.max_error is not None:
            return self.demand.max_error
        best = self._learns_best
        return None if best is None else NEAR_BEST * best.promised

    def good(self) -> list[Tried]:
        """Return what was trained and is good on the part."""
        return [each for each in self.trials.tried.values()
                if each.error is not None and each.verdict.good]  # fmt: skip

    def ranked(self) -> list[Tried]:
        """Return what meets the target, the cheapest first."""
        target = self.target  # which looks at all of them
        met = [each for each in self.good() if each.meets(target)]
        return sorted(met, key=lambda each: (*each.verdict.rank, each.error or 0.0))

    @property
    def best(self) -> Tried | None:
        """The cheapest that meets the target, or else the one that learns best."""
        met = self.ranked()
        return met[0] if met else self._learns_best

    @property
    def _learns_best(self) -> Tried | None:
        return min(self.good(), key=lambda each: each.promised, default=None)

    # --- what is tried ------------------------------------------------------------------------

    def run(self) -> None:
        """Search until nothing is found any more, or what is allowed is used up."""
        self._batches(_started(), SAMPLING, "sampling")
        self._walk()
        idle = 0
        while self.ranked() and idle < PATIENCE and self.limits.allows(self.trained, SEARCHING):
            before, best = self.trained, self.best
            self._batch(_samples(), "looking for cheaper ones", cheaper=True)
            idle += self.trained - before or PATIENCE
            if self.best != best:
                idle = 0
                self._walk()

    def train(self, wanted: Iterable[Candidate], doing: str) -> None:
        """Train candidates whether they are good on the part or not."""
        fresh = [each for each in wanted if each not in self.trials.tried]
        draws = [self.trials.drawn(each) for each in fresh]
        self._trained(draws, doing)

    def computed(self, scenarios: Iterable[Scenario]) -> Iterator[CellResult]:
        """Yield what becomes of scenarios that are trained, or were before."""
        yield from computed(self._executor, scenarios, self._cells)

    def robust(self, tried: Tried) -> Tried:
        """Return what was tried with its errors from other seeds, trained now where they are not.

        A search that tries hundreds from one seed would else choose those that are lucky with it.
        """
        if tried.others is None:
            first = self.demand.seed
            seeds = range(first + 1, first + SEEDS)
            others = [scenario(self.demand, tried.candidate, seed) for seed in seeds]
            rows = {each.scenario.seeds: each.row or {} for each in self.computed(others)}
            errors = [rows[each.seeds].get("nmse") for each in others]
            tried = tried._replace(others=tuple(inf if e is None else float(e) for e in errors))
            self.trials.tried[tried.candidate] = tried
        return tried

    def _make_sure(self) -> None:
        """Look at what decides from other seeds too, until what decides with them was looked at."""
        while self.limits.spent < self.limits.seconds:
            unsure = [each for each in self._deciding() if each.others is None]
            if not unsure:
                return
            self.say("training the best from other seeds")
            self.robust(unsure[0])

    def _deciding(self) -> Iterator[Tried]:
        """Yield what the answer hangs on: what sets the target, and the cheapest that meets it."""
        if self.demand.max_error is None and (best := self._learns_best):
            yield best
        yield from self.ranked()[:1]

    def _walk(self) -> None:
        while self.limits.allows(self.trained, SEARCHING) and (best := self.best) is not None:
            if not self._batch(self._nearby(best), "walking down"):
                return

    def _nearby(self, best: Tried) -> Iterator[Candidate]:
        """Yield what is near and cheaper, the cheapest first, or all while the error is missed."""
        fresh = [each for each in neighbours(best.candidate) if each not in self.trials.tried]
        found = [verdict for each in fresh if (verdict := self.judge.judged(each)).good]
        if best.meets(self.target):
            found = [each for each in found if each.rank < best.verdict.rank]
            found.sort(key=lambda each: each.rank)
        yield from dict.fromkeys(each.candidate for each in found)

    def _batches(self, source: Iterator[Candidate | None], part: float, doing: str) -> None:
        idle = 0
        while idle < 2 and self.limits.allows(self.trained, part):
            idle = 0 if self._batch(source, doing) else idle + 1

    def _batch(self, source: Iterator[Candidate | None], doing: str, cheaper: bool = False) -> int:
        """Train some that are good of those that a source names or leaves to chance."""
        room = min(BATCH, self.limits.trainings - self.trained)
        below = self.best.verdict.rank if cheaper and self.best else None
        draws: list[Draw] = []
        self.say(doing)
        for _, wanted in zip(range(MOST_DRAWS), source, strict=False):
            draw = self.trials.drawn(wanted)
            verdict = self.judge.judged(draw.candidate)
            if draw.candidate in self.trials.tried:
                self.trials.tell(draw, self.trials.tried[draw.candidate], again=True)
            elif not verdict.good:
                self.trials.reject(draw, verdict)
            elif (below and verdict.rank >= below) or draw.candidate in [
                d.candidate for d in draws
            ]:
                self.trials.drop(draw)
            else:
                draws.append(draw)
            if len(draws) >= room:
                break
        self._trained(draws, doing)
        self._make_sure()
        return len(draws)

    def _trained(self, draws: list[Draw], doing: str) -> None:
        """Train what was drawn side by side, and tell of it in the order of the draws."""
        if not draws:
            return
        began = time.monotonic()
        scenarios = [scenario(self.demand, draw.candidate) for draw in draws]
        found: dict[str, tuple[float | None, str | None]] = {}
        try:
            for result in self.computed(scenarios):
                error = None if result.row is None else result.row.get("nmse")
                failure = result.error or (None if error else "its error is not defined")
                found[folder_name(result.scenario)] = (error or None, failure)
                self.trained += 1
                self.say(doing)
        finally:  # Ctrl-C loses only what is not done
            for draw, one in zip(draws, scenarios, strict=True):
                if folder_name(one) in found:
                    verdict = self.judge.judged(draw.candidate)
                    self.trials.tell(draw, Tried(verdict, *found[folder_name(one)]))
        self.limits.noted(time.monotonic() - began)
        self.say(doing)

    def say(self, doing: str) -> None:
        """Tell who watches what is being done, and how far it is."""
        limits = self.limits
        left = max(0.0, limits.seconds - limits.spent)
        share = min(1.0, limits.share(self.trained))
        self._watch(Progress(doing, self.trained, self.best, self.target, share, left))


def _started() -> Iterator[Candidate | None]:
    yield from STARTERS
    yield from _samples()


def _samples() -> Iterator[Candidate | None]:
    while True:
        yield None
