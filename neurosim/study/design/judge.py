"""Whether a candidate fits a part and keeps the rate, from counts and the schedule alone.

What is cheap to know is asked first: the multiplications that the lanes have to do in the cycles
there are, and the memories and multipliers that any such chip has. Only what passes is scheduled,
for the fewest lanes that keep the rate, and for more while they make it cheaper.

The *cost* of a design is the largest of its shares of the part's LUTs, block RAMs and multipliers:
what is scarcest decides how much of the part is left for anything else. Of two that cost the same
the one with fewer LUTs is cheaper.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, log
from typing import Any

from neurosim.errors import UserError
from neurosim.learning import Census
from neurosim.machine.parts import Fit, Part, multipliers, part_named
from neurosim.model.fixed import Fixed
from neurosim.study.design.demand import Demand, cycles_at
from neurosim.study.design.space import Candidate, scenario
from neurosim.study.fit import fits
from neurosim.study.fit.memories import LAYOUTS
from neurosim.study.hardware.choice import choice_of, lanes_tried
from neurosim.study.problem import Problem

#: Multiplications of a step up to which a candidate is scheduled: beyond, that takes too long.
MOST_PRODUCTS = 60_000


@dataclass(frozen=True)
class Verdict:
    """What is known of a candidate on a part before it is trained.

    Attributes
    ----------
    candidate, part
        What was judged, and where.
    lanes
        Those of the cheapest chip that keeps the rate and fits, mostly the fewest that do; 0 where
        there are none.
    cycles
        Of a learning step with these lanes.
    fit
        What the chip takes of the part; None where no chip was planned.
    steps_per_second
        Learning steps a second at the part's conservative clock.
    lacks
        What there is too little of: rate, block RAMs, multipliers or LUTs; empty where nothing is.
    short
        How many times as much would be needed, as far as known; 1 where it is enough.
    """

    candidate: Candidate
    part: str
    lanes: int = 0
    cycles: int = 0
    fit: Fit | None = None
    steps_per_second: float = 0.0
    lacks: str = ""
    short: float = 1.0

    @property
    def good(self) -> bool:
        """Whether it fits and keeps the rate."""
        return not self.lacks

    @property
    def shares(self) -> dict[str, float]:
        """What share of each resource of the part it takes."""
        found = self.fit
        if found is None:
            return {}
        rows = {
            "LUTs": (found.luts, found.luts_there),
            "block RAMs": (found.blocks, found.blocks_there),
            "multipliers": (found.multipliers, found.multipliers_there),
        }
        return {name: taken / there for name, (taken, there) in rows.items() if there}

    @property
    def cost(self) -> float:
        """The largest of its shares of the part."""
        return max(self.shares.values(), default=float("inf"))

    @property
    def rank(self) -> tuple[float, int]:
        """What sorts designs from the cheapest up."""
        return self.cost, 0 if self.fit is None else self.fit.luts

    @property
    def violation(self) -> float:
        """How far it is from being good: 0 or less where it is, more the worse it is."""
        return 0.0 if self.good else max(1e-3, log(self.short))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it; what is not known is None."""
        known = self.fit is not None
        return {
            "lanes": self.lanes,
            "cycles_per_step": self.cycles,
            "cost": self.cost if known else None,
            "shares": self.shares,
            "steps_per_second": self.steps_per_second,
            "fit": self.fit.as_dict() if self.fit is not None else None,
        }


class Judge:
    """Judges candidates for a demand, each chip once."""

    def __init__(self, demand: Demand) -> None:
        self.demand = demand
        self._known: dict[tuple[Any, ...], Verdict] = {}

    def judged(
        self, candidate: Candidate, part: str | None = None, rate_hz: float | None = None
    ) -> Verdict:
        """Return what a candidate is on a part at a rate, those of the demand by default."""
        part, rate_hz = part or self.demand.part, rate_hz or self.demand.rate_hz
        key = (*candidate.hardware, part, rate_hz)
        if key not in self._known:
            self._known[key] = self._judged(candidate, part_named(part), rate_hz)
        return replace(self._known[key], candidate=candidate)

    def fastest(self, candidate: Candidate, part: str) -> Verdict:
        """Return the number of lanes with which a candidate learns fastest on a part."""
        return self.judged(candidate, part, float("inf"))

    def _judged(self, candidate: Candidate, part: Part, rate_hz: float) -> Verdict:
        try:
            problem = Problem.of(scenario(self.demand, candidate), self.demand.seed)
            trial = _Trial(problem, candidate, part)
        except UserError:  # such as more outputs than units
            return Verdict(candidate, part.name, lacks="not planned", short=2.0)
        return trial.fastest() if rate_hz == float("inf") else trial.meeting(rate_hz)


class _Trial:
    """A candidate's network on a part, with more and more lanes."""

    def __init__(self, problem: Problem, candidate: Candidate, part: Part) -> None:
        assert isinstance(problem.number, Fixed)
        self.network, self.number = problem.network, problem.number
        self.candidate, self.part = candidate, part
        self.rule = problem.rule(candidate.rule)
        self.products = int(self.rule.counted(problem.census).multiplications)
        self.census: Census = problem.census
        self.lanes = lanes_tried(len(self.network.units))

    def meeting(self, rate_hz: float) -> Verdict:
        """Return the cheapest lanes that keep a rate, or what there is too little of."""
        allowed = cycles_at(self.part, rate_hz)
        best = worst = self._none("rate", self.products / max(allowed, 1) / self.lanes[-1])
        for lanes in self.lanes:
            if ceil(self.products / lanes) > allowed:
                continue
            found = self.with_lanes(lanes)
            if found.good and found.cycles > allowed:
                found = replace(found, lacks="rate", short=found.cycles / max(allowed, 1))
            if found.good:
                if best.good and found.rank >= best.rank:
                    break
                best = found
            elif best.good:
                break
            else:
                worst = found
                if found.lacks != "rate":  # with more lanes it takes more
                    break
        return best if best.good else worst

    def fastest(self) -> Verdict:
        """Return the most lanes that fit, or what a single one lacks."""
        for lanes in reversed(self.lanes):
            found = self.with_lanes(lanes)
            if found.good:
                break
        return found

    def with_lanes(self, lanes: int) -> Verdict:
        """Return the verdict on so many lanes, whatever the rate."""
        least = self._least(lanes)
        if least is not None and not least.fits:
            return self._lacking(least)
        if self.products > MOST_PRODUCTS:
            return self._none("not planned", self.products / MOST_PRODUCTS)
        found = choice_of(self.network, self.rule, self.number, lanes, self.part)
        if not found.fits:
            return self._lacking(found.fit)
        assert found.cycles is not None
        return Verdict(
            self.candidate, self.part.name, lanes, found.cycles, found.fit,
            1e6 * self.part.clock_mhz / found.cycles,
        )  # fmt: skip

    def _least(self, lanes: int) -> Fit | None:
        """Return what a chip takes, without its LUTs, where a closed form says it at once."""
        part, number = self.part, self.number
        wanted = multipliers(part, lanes, number)
        if part.multipliers and wanted > part.multipliers:
            return Fit(part.title, lanes, 0, part.blocks, wanted, part.multipliers, 0,
                       part.cells, "multipliers")  # fmt: skip
        units, inputs = len(self.network.units), len(self.network.inputs)
        dense = len(self.network.edges) == units * (units + inputs + 1)
        if not dense or self.candidate.rule not in LAYOUTS or units < 2:
            return None
        outputs = len(self.network.outputs)
        return fits(self.candidate.rule, part, units, number, lanes, outputs, inputs)

    def _lacking(self, fit: Fit) -> Verdict:
        rows = {
            "block RAMs": (fit.blocks, fit.blocks_there),
            "multipliers": (fit.multipliers, fit.multipliers_there),
            "LUTs": (fit.luts, fit.luts_there),
        }
        ratios = {name: taken / max(there, 1) for name, (taken, there) in rows.items()}
        lacks = max(ratios, key=lambda name: ratios[name])
        found = self._none(lacks if ratios[lacks] > 1 else "LUTs", ratios[lacks])
        return replace(found, fit=fit, lanes=fit.lanes)

    def _none(self, lacks: str, short: float) -> Verdict:
        return Verdict(self.candidate, self.part.name, lacks=lacks, short=max(1.001, short))
