"""The engine with the clock of a chip of lanes: passes over banks, in the order of the schedule.

What the clocked engine is on a machine with a fabric. Words are computed from the lanes' banks, by
the addresses that the chip uses, so a word at a wrong place or time shows as a wrong word; cycles
are those of the schedule, which does not depend on data.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from neurosim.engines.activity import Activity, BankActivity, LinkActivity, NeuronActivity
from neurosim.engines.cells import encoded_rate
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
        for run in self._passes:
            run()
        self.cycles.append(self.schedule.cycles)
        y, error = self.chip.outputs("y.new"), self.chip.outputs("error")
        self.chip.turn()
        return y, error

    def weights(self) -> Array:
        """Return the weights as real values, in network order."""
        return self.number.decode(self.chip.by_edge("w"), Format.WEIGHT)

    def gradient(self) -> Array:
        """Return the last step's ``sum_o e_o dy_o/dw`` as real values, in network order."""
        return self.number.decode(self.chip.by_edge("g"))


def account(plan: Schedule, machine: Machine, counts: Counts) -> Activity:
    """Say where the cycles of a step go: the schedule's account, the same for every step."""
    placement, issued = plan.placement, sum(t.burst.length for t in plan.steps)
    owner = {
        (lane, placement.place[u.number]): u.number
        for lane, units in enumerate(placement.lanes)
        for u in units
    }
    busy: Counter[int] = Counter()
    working: Counter[int] = Counter()
    phases: Counter[tuple[str, str]] = Counter()
    link = LinkActivity("rotator and bus")
    for burst in (t.burst for t in plan.steps):
        for lane, walk in enumerate(burst.walks):
            own = 0
            for slot in walk:
                link.words += slot.send
                if slot.act is Act.IDLE:
                    continue
                own = _owner(slot.edge, lane, plan) if slot.act is not Act.LOAD else own
                number = owner[lane, slot.unit] if slot.act is Act.LOAD else own
                busy[number] += 1
                working[lane] += 1
                phases[burst.phase, "compute"] += 1
        link.words += len(burst.turns) and sum(s.act is Act.WORD for w in burst.walks for s in w)
    neurons = []
    for unit in plan.network.neurons[: len(plan.network.units)]:
        lane = placement.lane[unit.number]
        neurons.append(
            NeuronActivity(
                unit.name,
                lane,
                compute=busy[unit.number],
                lane=working[lane] - busy[unit.number],
                link=issued - working[lane],
                barrier=plan.cycles - issued,
            )
        )
    link.busy_cycles = link.bursts = link.words
    received = counts.words_received
    return Activity(
        cycles=plan.cycles,
        neurons=neurons,
        banks={bank.name: BankActivity(bank.name) for bank in machine.memory},
        link=link,
        phases=phases,
        multiplications=counts.multiplications,
        macs=plan.lanes,
        compute_bound=max(working.values()),
        barrier_bound=plan.cycles - issued,
        words_received=received,
        hop_words=received,
        events=len(plan.steps),
    )


def _owner(edge: int, lane: int, plan: Schedule) -> int:
    """Return the unit whose run an edge of a lane belongs to."""
    hosts = plan.placement.lanes[lane]
    return max((u.number for u in hosts if plan.placement.first[u.number] <= edge),
               key=plan.placement.first.__getitem__)  # fmt: skip
