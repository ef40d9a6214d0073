"""What a step of each rule costs: counted, simulated, held against promises, and profiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from neurosim import engines
from neurosim.engines.activity import Activity
from neurosim.engines.energy import EnergySplit
from neurosim.engines.locality.measures import profile
from neurosim.learning import RTRL, Counts
from neurosim.learning.rule import Rule
from neurosim.machine import Fabric, Machine
from neurosim.model.network import Network
from neurosim.study import rules
from neurosim.study.cases import place
from neurosim.study.problem import Problem
from neurosim.study.profiles import Profile
from neurosim.study.summary import Check

Row = dict[str, Any]
Say = Callable[[str], object]
# About what simulating a step takes here; only ever said as "about".
EDGE_SECONDS, RTRL_EDGE_SECONDS = 1e-5, 1e-4  # RTRL's programs have bursts for every edge
TRAIN_SECONDS, PASS_SECONDS = 1e-4, 1e-3  # from tile to tile; of a chip's schedule, for an edge
PROMISES = (
    "counts of the simulated step = closed forms",
    "words sent = words received",
    "cycles >= lower bound (lanes, memories, link, barrier)",
    "a neuron's compute + memory + link + barrier = cycles",
)
Tried = dict[str, bool]
DRAWN = ("mesh", "ring")  # topologies whose links lie between tiles


@dataclass
class Costs:
    """What was found out: a row for each rule and size, and what stands beside the rows.

    ``tried`` are the promises that were tried on each, ``profiles`` those of each rule's last.
    """

    rows: list[Row] = field(default_factory=list)
    tried: list[tuple[str, list[Tried]]] = field(default_factory=list)
    profiles: dict[str, Profile] = field(default_factory=dict)

    @property
    def checks(self) -> list[Check]:
        """Each promise with what was compared for it, over rules and sizes."""
        checks = []
        for n, promise in enumerate(PROMISES if self.tried else ()):
            found = [
                (rule, one, held) for rule, each in self.tried for one, held in each[n].items()
            ]
            broken = tuple(f"{rule} {name}" for rule, name, held in found if not held)
            checks.append(Check(promise, len(found), broken))
        return checks


def costs(problems: Sequence[Problem], say: Say, profiled: bool) -> Costs:
    """Count each rule, and simulate one step of it on the machine where there is one.

    Parameters
    ----------
    problems
        One for each size.
    say
        Called with what is being done.
    profiled
        Whether to look into where words and cycles go, as a report draws it: in each rule's last
        and largest problem.
    """
    found = Costs()
    last = {name: n for n, problem in enumerate(problems) for name in problem.scenario.compare}
    for n, problem in enumerate(problems):
        for name in problem.scenario.compare:
            with rules.blamed(name):
                _cost(found, problem, name, say, profiled and last[name] == n)
    return found


def _cost(found: Costs, problem: Problem, name: str, say: Say, profiled: bool) -> None:
    rule, machine = problem.rule(name).for_steps(problem.series.steps), problem.machine
    if machine is not None and problem.scenario.tier != "analytic":
        _simulate(found, problem, rules.key(name), rule, machine, say, profiled)
        return
    cost = engines.closed_cost(problem.census, rule, machine, problem.number)
    found.rows.append(_row(cost, rules.key(name), problem))


def _row(cost: engines.Cost, key: str, problem: Problem) -> Row:
    return {**cost.as_dict(), "rule": key, **place(problem.scenario)}


def _simulate(
    found: Costs, problem: Problem, key: str, rule: Rule, machine: Machine, say: Say,
    profiled: bool,
) -> None:  # fmt: skip
    network, number, tier = problem.network, problem.number, problem.scenario.tier
    rule, machine = machine.as_run(rule).for_units(problem.census.n), machine.on(problem.census.n)
    say(_simulating(key, rule, network, machine))
    steps = []
    for phase, times in rule.beats:
        activity, counts = engines.simulated_step(network, rule, machine, number, tier, phase)
        energies = engines.energy_of(network, machine, number, activity, counts)
        cost = engines.cost_of(network, rule, machine, number, activity, energies, tier)
        steps.append((cost, times))
        closed = rule.counted_at(problem.census, phase)
        found.tried.append((key, _tried(closed, activity, counts)))
    found.rows.append(_row(engines.mean_cost(steps), key, problem))
    if profiled:  # of the dearest step, which is the last
        own = {} if isinstance(machine.interconnect, Fabric) else _where(network, rule, problem)
        found.profiles[key] = {**own, **_when(activity, machine), **_energy(energies)}


def _simulating(key: str, rule: Rule, network: Network, machine: Machine) -> str:
    """Say what is being simulated, and how long it takes where that is long."""
    units, edges = len(network.units), len(network.edges)
    each = RTRL_EDGE_SECONDS if isinstance(rule, RTRL) else EDGE_SECONDS
    seconds = each * edges + TRAIN_SECONDS * min(edges, machine.tiles.count**2)
    if isinstance(machine.interconnect, Fabric):
        seconds = PASS_SECONDS * edges * (units if isinstance(rule, RTRL) else 1)
    patience = f", about {seconds:,.0f} s (--tier analytic only bounds)" if seconds > 5 else ""
    return f"simulating {key}, {units:,} units{patience}"


def _where(network: Network, rule: Rule, problem: Problem) -> dict[str, Any]:
    """Return the part of a profile that follows from programs and places."""
    assert problem.machine is not None
    return profile(network, rule, problem.machine, problem.number)


def _when(activity: Activity, machine: Machine) -> dict[str, Any]:
    """Return the part of a profile that the simulated step shows."""
    cycles: dict[str, dict[str, int]] = {}
    for (phase, kind), count in activity.phases.items():
        cycles.setdefault(phase or "step", {})[kind] = count
    found: dict[str, Any] = {"cycles": cycles}
    link = activity.link
    if link.links and machine.interconnect.topology in DRAWN:  # type: ignore[union-attr]
        found["links"] = {
            "rows": machine.tiles.rows,
            "cols": machine.tiles.cols,
            "topology": link.name,
            "flits": [[*pair, n] for pair, n in zip(link.links, link.link_flits, strict=True)],
            "cycles": activity.cycles,
        }
    return found


def _energy(energies: Sequence[EnergySplit]) -> dict[str, Any]:
    return {
        "energy_pj": {split.technology: split.by_part for split in energies},
        "energy_sources": {split.technology: split.sources for split in energies},
    }


def _tried(closed: Counts, activity: Activity, counted: Counts) -> list[Tried]:
    """Return, for each promise, what was compared and whether it held."""
    bounds = ("compute_bound", "memory_bound", "link_bound", "dependency_bound", "barrier_bound")
    return [
        {f.name: getattr(closed, f.name) == getattr(counted, f.name) for f in fields(Counts)},
        {"words": activity.words_received == counted.words_sent == counted.words_received},
        {bound: activity.cycles >= getattr(activity, bound) for bound in bounds},
        {n.name: n.cycles == activity.cycles for n in activity.neurons},
    ]
