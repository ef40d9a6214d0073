"""What could be built: the ladders of sizes, widths and rates, and a rung up or down on each.

Lanes are no ladder: `judge` finds those that are needed. A word keeps its sign and three bits
before the point, as `Fixed` does, and a weight spends all its other bits behind the point, since it
cannot leave the range of a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from neurosim.study.design.demand import Demand
from neurosim.study.scenario import NetworkSpec, NumberSpec, RuleSpec, Scenario

#: Bits of a word before the point, its sign among them.
BEFORE_POINT = 4
DENSE = 1.0
#: The rungs of every ladder, the cheapest first as far as that can be said. The rules are those
#: that learn and have a program for a chip; e-prop's is that of RFLO where nothing is filtered.
LADDERS: Mapping[str, tuple[Any, ...]] = {
    "rule": ("rflo", "snap", "trtrl", "rtrl"),
    "units": (3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48),
    "density": (0.25, 0.5, 0.75, DENSE),
    "word_bits": (8, 10, 12, 14, 16, 18),
    "weight_bits": (18, 24, 32),
    "learning_rate": (0.012, 0.017, 0.024, 0.034, 0.048, 0.068, 0.096, 0.14, 0.19, 0.27, 0.38),
}


@dataclass(frozen=True)
class Candidate:
    """A design that could be tried.

    Attributes
    ----------
    rule
        By which it learns.
    units, density
        Of the network: fully recurrent where the density is 1, else edges drawn by that chance.
    word_bits, weight_bits
        Widths of its numbers.
    learning_rate
        How fast it learns, which costs nothing.
    """

    rule: str
    units: int
    density: float
    word_bits: int
    weight_bits: int
    learning_rate: float

    @property
    def hardware(self) -> tuple[Any, ...]:
        """All that makes the chip another one: everything but the learning rate."""
        return tuple(asdict(self).values())[:-1]

    @property
    def network(self) -> str:
        """The network in words."""
        return f"{self.units} units" + (f", {self.density:.0%} dense" * (self.density < DENSE))

    @property
    def numbers(self) -> str:
        """The numbers in words: bits of a word, and of a weight."""
        return f"{self.word_bits}/{self.weight_bits}"


def suggested(rung: Callable[[str, int], int]) -> Candidate:
    """Return the candidate whose rung of each ladder ``rung(name, rungs)`` chooses."""
    return Candidate(**{name: steps[rung(name, len(steps))] for name, steps in LADDERS.items()})


def at(places: Mapping[str, int]) -> Candidate:
    """Return the candidate on these rungs of the ladders, by their names."""
    return suggested(lambda name, _: int(places[name]))


def rungs(candidate: Candidate) -> dict[str, int]:
    """Return on which rung of each ladder a candidate stands."""
    return {name: steps.index(getattr(candidate, name)) for name, steps in LADDERS.items()}


def neighbours(candidate: Candidate) -> Iterator[Candidate]:
    """Yield what is a rung away on one ladder, or narrower or smaller and so on another too.

    All smaller networks are among them: block RAMs are whole ones, so one rung may save nothing.
    """
    singles = [each for name in LADDERS for each in _moved(candidate, name)]
    yield from singles
    for units in LADDERS["units"]:
        if units < candidate.units:
            for density in LADDERS["density"]:
                yield replace(candidate, units=units, density=density)
    less = [each for each in singles if each.rule == candidate.rule
            and (each.units, each.word_bits) < (candidate.units, candidate.word_bits)]  # fmt: skip
    for each in less:  # what it loses may be won back
        for name in LADDERS:
            yield from (near for near in _moved(each, name) if near != candidate)


def _moved(candidate: Candidate, name: str) -> Iterator[Candidate]:
    steps = LADDERS[name]
    at = steps.index(getattr(candidate, name))
    near = range(len(steps)) if name == "rule" else (at - 1, at + 1)
    for rung in near:
        if 0 <= rung < len(steps) and rung != at:
            yield replace(candidate, **{name: steps[rung]})


def larger(candidate: Candidate) -> Iterator[Candidate]:
    """Yield what should learn better than a candidate and costs more, the most modest first."""
    top = {name: steps[-1] for name, steps in LADDERS.items()}
    wide = replace(candidate, word_bits=16, weight_bits=top["weight_bits"], density=DENSE)
    more = [units for units in LADDERS["units"] if units >= candidate.units]
    for units in more:
        for rule in dict.fromkeys((candidate.rule, LADDERS["rule"][0], LADDERS["rule"][-1])):
            yield replace(wide, units=units, rule=rule)


def scenario(demand: Demand, candidate: Candidate, seed: int | None = None) -> Scenario:
    """Return what `neurosim run` has to train for a candidate, from the demand's seed or another.

    The machine is left out, since the chip is planned and its cycles are known.
    """
    sparse = candidate.density < DENSE
    return Scenario(
        name=demand.name,
        network=NetworkSpec(
            topology="sparse_random" if sparse else "fully_recurrent",
            units=candidate.units,
            density=candidate.density if sparse else None,
        ),
        task=demand.task,
        rule=RuleSpec(name=candidate.rule, learning_rate=candidate.learning_rate),
        compare=(candidate.rule,),
        number=NumberSpec(
            kind="fixed",
            word_bits=candidate.word_bits,
            fraction_bits=candidate.word_bits - BEFORE_POINT,
            weight_bits=candidate.weight_bits,
            weight_fraction_bits=candidate.weight_bits - BEFORE_POINT,
        ),
        machine="none",
        seeds=(demand.seed if seed is None else seed,),
    )
