"""Whether a winner is one: from other weights too, and with the chip's clock, word for word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import Any

from neurosim import engines
from neurosim import machine as machines
from neurosim.machine import Machine
from neurosim.study.design.demand import Demand
from neurosim.study.design.search import Search
from neurosim.study.design.space import scenario
from neurosim.study.design.trials import Tried
from neurosim.study.problem import Problem


@dataclass(frozen=True)
class Confirmed:
    """A winner, looked at again.

    Attributes
    ----------
    tried
        The design, with its errors from other seeds.
    clocked_error, cycles
        The error and the cycles of a step that the clocked engine found on the chip of so many
        lanes, one number where all steps took as many; nothing where the seeds missed the error.
    """

    tried: Tried
    clocked_error: float | None = None
    cycles: tuple[int, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the clocked engine gave the same error, bit for bit, in the cycles planned."""
        same = self.clocked_error == self.tried.error
        return same and self.cycles == (self.tried.verdict.cycles,)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        others = [each if each < inf else None for each in self.tried.others or ()]
        return {
            "nmse_by_seed": [self.tried.error, *others],
            "clocked_nmse": self.clocked_error,
            "clocked_cycles": list(self.cycles),
            "agrees": self.agrees,
        }


def confirmed(search: Search, tried: Tried) -> Confirmed:
    """Train a design from other seeds, and where that went well with the clock of its chip."""
    found = search.robust(tried)
    if not found.meets(search.target):
        return Confirmed(found)
    return Confirmed(found, *_clocked(search.demand, found))


def _clocked(demand: Demand, tried: Tried) -> tuple[float | None, tuple[int, ...]]:
    """Return the error and the cycles of a step of a whole training on the chip of the design."""
    problem = Problem.of(scenario(demand, tried.candidate), demand.seed)
    run = engines.train(
        problem.network, problem.rule(tried.candidate.rule), problem.series.inputs,
        problem.series.targets, engine="clocked", number=problem.number,
        machine=chip(tried.verdict.lanes), seed=demand.seed,
    )  # fmt: skip
    if run.interrupted:
        raise KeyboardInterrupt
    assert run.cycles is not None
    return run.nmse(), tuple(sorted({int(each) for each in run.cycles}))


def chip(lanes: int) -> Machine:
    """Return the machine that is the chip of so many lanes."""
    standard = machines.load("chip")
    return replace(standard, compute=replace(standard.compute, lanes=lanes))
