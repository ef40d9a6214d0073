"""The engine with the clock of a chip of lanes: passes over banks, in the order of the schedule.

What the clocked engine is on a machine with a fabric. Words are computed from the lanes' banks, by
the addresses that the chip uses, so a word at a wrong place or time shows as a wrong word; cycles
are those of the schedule, which does not depend on data.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from neurosim.engines.activity import Activity, BankActivity, LinkActivity, NeuronActivity
from neurosim.engines.cells import encoded_rate, encoded_rates
from neurosim.engines.checkpoint import trees
from neurosim.engines.clocked import ClockedEngine
from neurosim.engines.passes import BoundPass, Chip, bound
from neurosim.learning.counts import Counts
from neurosim.learning.rule import Rule
from neurosim.machine import Machine, load
from neurosim.machine.description import Fabric
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.network import Network
from neurosim.schedule import Act, Schedule, schedule


def clocked_engine(
    network: Network,
    rule: Rule,
    number: Number,
    machine: Machine | str,
    initial: Array | None = None,
) -> ClockedEngine | LockstepEngine:
    """Return the engine with a clock that goes with a machine."""
    machine = load(machine) if isinstance(machine, str) else machine
    kind = LockstepEngine if isinstance(machine.interconnect, Fabric) else ClockedEngine
    return kind(network, rule, number, machine, initial)


class LockstepEngine:
    """Steps a network on a chip of lanes; see ``ClockedEngine`` for arguments and attributes.

    Attributes
    ----------
    schedule
        What every lane does in every cycle of a step.
    """

    def __init__(
        self,
        network: Network,
        rule: Rule,
        number: Number,
        machine: Machine,
        initial: Array | None = None,
    ) -> None:
        self.network, self.number, self.machine = network, number, machine
        assert isinstance(machine.interconnect, Fabric)
        lanes = machine.lanes(len(network.units))
        self.schedule: Schedule = schedule(network, rule, lanes, machine.interconnect)
        self.rule = self.schedule.rule
        self.counts: Counts = self.rule.cost(network)
        self.activity: Activity | None = account(self.schedule, machine, self.counts)
        self.cycles: list[int] = []
        start = np.zeros(len(network.units)) if initial is None else initial
        self.chip = Chip(self.schedule, number, encoded_rate(number, rule), start)
        self._passes: list[BoundPass] = [bound(t.burst, self.chip) for t in self.schedule.steps]

    def step(self, x: Array, target: Array) -> tuple[Array, Array]:
        """Learn from one raw sample; return the raw activations and errors of the outputs."""
        self.chip.take(x, target)
        if not self.rule.schedule.steady:
            self.chip.rate = encoded_rates(self.number, self.rule, len(self.cycles), 1)
        for run in self._passes:
            run()
        self.cycles.append(self.schedule.cycles)
        y, error = self.chip.outputs("y.new"), self.chip.outputs("error")
        self.chip.turn()
        return y, error

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on; see ``checkpoint/trees.py``."""
        return {**self.chip.state, "rate": self.chip.rate, "steps": len(self.cycles)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state that an engine like this one has had."""
        trees.fill(self.chip.state, {key: state[key] for key in self.chip.state})
        self.chip.rate = state["rate"]
        self.cycles = [self.schedule.cycles] * state["steps"]

    def weights(self) -> Array:
        """Return the weights as real values, in network order."""
        return self.number.decode(self.chip.by_edge("w"), Format.WEIGHT)

    def gradient(self) -> Array:
        """Return the last step's ``sum_o e_o dy_o/dw`` as real values, in network order."""
        return self.number.decode(self.chip.by_edge("g"))


def account(plan: Schedule, machine: Machine, counts: Counts) -> Activity:
    """Say where the cycles of a step go: the schedule's account, the same for every step.

    The cycles in which a lane works are shared equally among its neurons.
    """
    placement, issued = plan.placement, sum(t.burst.length for t in plan.steps)
    working = [0] * plan.lanes
    phases: Counter[tuple[str, str]] = Counter()
    link = LinkActivity("rotator and bus")
    for burst in (t.burst for t in plan.steps):
        for lane, walk in enumerate(burst.active):
            busy = sum(slot.act is not Act.IDLE for slot in walk)
            working[lane] += busy
            phases[burst.phase, "compute"] += busy
            link.words += sum(burst.sends(slot, lane) for slot in walk)
            link.words += sum(slot.act is Act.WORD for slot in walk) if burst.turns else 0
    neurons = []
    for unit in plan.network.neurons[: len(plan.network.units)]:
        lane = placement.lane[unit.number]
        hosts = placement.lanes[lane]
        share, rest = divmod(working[lane], len(hosts))
        own = share + (hosts.index(unit) < rest)
        neurons.append(
            NeuronActivity(
                unit.name,
                lane,
                compute=own,
                lane=working[lane] - own,
                link=issued - working[lane],
                barrier=plan.cycles - issued,
            )
        )
    link.busy_cycles = link.bursts = link.words
    return Activity(
        cycles=plan.cycles,
        neurons=neurons,
        banks={bank.name: BankActivity(bank.name) for bank in machine.memory},
        link=link,
        phases=phases,
        multiplications=counts.multiplications,
        macs=plan.lanes,
        compute_bound=max(working),
        barrier_bound=plan.cycles - issued,
        words_received=counts.words_received,
        hop_words=counts.words_received,
        events=len(plan.steps),
    )
