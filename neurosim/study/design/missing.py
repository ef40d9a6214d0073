"""What is missing where no design does: what there is too little of, and what would do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import inf
from typing import Any, NamedTuple

from neurosim.machine.parts import PARTS
from neurosim.study.design.judge import Verdict
from neurosim.study.design.search import Search
from neurosim.study.design.space import LADDERS, Candidate, larger
from neurosim.study.design.trials import Tried

#: Larger designs that are looked at for the error that was not reached.
LARGER = 18
#: Of which so many are trained.
TRAINED = 6


class Way(NamedTuple):
    """A change of the demand with which a design would do.

    Attributes
    ----------
    change
        Which demand is changed: part, rate or error.
    verdict
        What would be built then.
    error
        That it reaches, in the median of three seeds too; None where it was not trained, since the
        rate alone was missed.
    """

    change: str
    verdict: Verdict
    error: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"change": self.change, "part": self.verdict.part, "nmse": self.error,
                **asdict(self.verdict.candidate), **self.verdict.as_dict()}  # fmt: skip


@dataclass(frozen=True)
class Missing:
    """Why there is no design.

    Attributes
    ----------
    lacks
        What there is too little of: rate, block RAMs, multipliers, LUTs or error.
    best
        The design that learns best of those that fit and keep the rate.
    wanted
        A design that would reach the error, as it is on the part; None where none was found.
    fastest
        The least design that fits, as fast as it gets; None where one keeps the rate.
    elsewhere
        The same on the part where it is fastest, where no part keeps the rate.
    larger
        Larger designs that were trained although the part does not hold them, or the rate.
    ways
        What would do.
    """

    lacks: str
    best: Tried | None
    wanted: Verdict | None
    fastest: Verdict | None
    ways: tuple[Way, ...]
    elsewhere: Verdict | None = None
    larger: tuple[Tried, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "lacks": self.lacks,
            "best_nmse": None if self.best is None else self.best.error,
            "wanted": None if self.wanted is None else self._told(self.wanted),
            "fastest": None if self.fastest is None else self._told(self.fastest),
            "elsewhere": None if self.elsewhere is None else self._told(self.elsewhere),
            "best_nmse_of_larger": least if (least := self._least_of_larger()) < inf else None,
            "ways": [way.as_dict() for way in self.ways],
        }

    def _least_of_larger(self) -> float:
        return min((each.promised for each in self.larger), default=inf)

    def _told(self, verdict: Verdict) -> dict[str, Any]:
        return {**asdict(verdict.candidate), **verdict.as_dict(), "lacks": verdict.lacks}


def missing(search: Search) -> Missing:
    """Find out what is missing; trains a few larger designs where it is the error."""
    best = min(search.good(), key=lambda each: each.promised, default=None)
    return _too_fast(search) if best is None else _too_exact(search, best)


def _too_fast(search: Search) -> Missing:
    """Explain a rate that no chip keeps, or a part that holds none, from the least of them."""
    demand, judge = search.demand, search.judge
    leasts = list(_leasts())
    found = [judge.fastest(each, demand.part) for each in leasts]
    fitting = [each for each in found if each.good]
    if not fitting:
        lacks = found[0].lacks
        return Missing(lacks, None, found[0], None, tuple(_parts(search, leasts)))
    fastest = max(fitting, key=lambda each: each.steps_per_second)
    if fastest.steps_per_second >= demand.rate_hz:  # it keeps up, and could not be trained
        return Missing("error", None, None, fastest, ())
    ways = (*_parts(search, leasts), Way("rate", fastest, None))
    elsewhere = _fastest_elsewhere(search, leasts) if len(ways) == 1 else None
    return Missing("rate", None, None, fastest, ways, elsewhere)


def _fastest_elsewhere(search: Search, leasts: list[Candidate]) -> Verdict:
    parts = _other_parts(search.demand.part)
    found = [search.judge.fastest(each, part) for part in parts for each in leasts]
    return max(found, key=lambda each: each.steps_per_second)


def _leasts() -> Iterator[Candidate]:
    """Yield the least design of each rule: fewest units in the narrowest words."""
    least = {name: steps[0] for name, steps in LADDERS.items()}
    for rule in LADDERS["rule"]:
        yield Candidate(**{**least, "rule": rule})


def _parts(search: Search, candidates: list[Candidate]) -> Iterator[Way]:
    """Yield the smallest part on which one of the candidates fits and keeps the rate."""
    for part in _other_parts(search.demand.part):
        good = [v for each in candidates if (v := search.judge.judged(each, part)).good]
        if good:
            yield Way("part", min(good, key=lambda each: each.rank), None)
            return


def _other_parts(part: str) -> list[str]:
    """Return the other parts whose clock is known, the one with fewest LUTs first."""
    others = [each for each in PARTS.values() if each.clock_mhz and each.name != part]
    return [each.name for each in sorted(others, key=lambda each: each.cells)]


def _too_exact(search: Search, best: Tried) -> Missing:
    """Explain an error that nothing on the part reaches, from larger designs elsewhere."""
    best = search.robust(best)
    error = (Way("error", best.verdict, best.promised),) if best.promised < inf else ()
    target = search.demand.max_error
    beyond = [each for each in larger(best.candidate) if not search.judge.judged(each).good]
    hopeful = [each for each in beyond[:LARGER] if _possible(search, each)]
    search.train(hopeful[:: max(1, len(hopeful) // TRAINED)][:TRAINED], "trying larger ones")
    trained = [each for each in search.trials.tried.values() if not each.verdict.good]
    beyond_it = tuple(each for each in trained if each.error is not None)
    hopes = [search.robust(each) for each in beyond_it if each.meets(target)]
    reached = [each for each in hopes if each.meets(target)]
    if not reached:
        return Missing("error", best, None, None, error, larger=beyond_it)
    ways = [way for change in (_elsewhere, _slower) if (way := change(search, reached))]
    wanted = min(reached, key=lambda each: each.verdict.short).verdict
    return Missing(wanted.lacks, best, wanted, None, (*ways, *error), larger=beyond_it)


def _possible(search: Search, candidate: Candidate) -> bool:
    """Say whether a candidate is good on another part, or on this one at some rate."""
    parts = _other_parts(search.demand.part)
    if any(search.judge.judged(candidate, part).good for part in parts):
        return True
    return search.judge.fastest(candidate, search.demand.part).good


def _elsewhere(search: Search, reached: list[Tried]) -> Way | None:
    for part in _other_parts(search.demand.part):
        for each in reached:
            verdict = search.judge.judged(each.candidate, part)
            if verdict.good:
                return Way("part", verdict, each.promised)
    return None


def _slower(search: Search, reached: list[Tried]) -> Way | None:
    found = [
        Way("rate", verdict, each.promised)
        for each in reached
        if (verdict := search.judge.fastest(each.candidate, search.demand.part)).good
    ]
    return max(found, key=lambda way: way.verdict.steps_per_second, default=None)
