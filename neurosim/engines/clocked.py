"""The engine with a clock: neuron programs as SimPy processes on a machine, words and all.

A neuron's process goes through its bursts in order. While nothing can stand in its way its own
clock runs ahead, and it returns to simulated time only to meet others: to take a lane or a chip's
memory, to hand over or await a message. So an event never stands for less than a burst.

The words are computed as the bursts happen. If a burst ever ran before its operands had arrived,
or after a buffer was overwritten, they would differ from the stepwise engine's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from neurosim.engines.activity import Activity, BankActivity, LinkActivity, NeuronActivity
from neurosim.engines.arbiter import Arbiter, Clock
from neurosim.engines.cells import Cells
from neurosim.engines.score import Burst, Part, Score
from neurosim.learning.counts import Counts
from neurosim.learning.rule import Rule
from neurosim.machine import Bus, Machine, load
from neurosim.machine.description import PER_NEURON
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.network import Network

Process = Generator[simpy.Event, Any, None]


class ClockedEngine:
    """Steps a network on a machine.

    Attributes
    ----------
    cycles
        Of every step so far.
    activity
        Where the last step's cycles went.
    """

    def __init__(
        self,
        network: Network,
        rule: Rule,
        number: Number,
        machine: Machine | str,
        initial: Array | None = None,
    ) -> None:
        self.machine = load(machine) if isinstance(machine, str) else machine
        self.cells = Cells(network, rule, number, initial)
        self.number, self.period = number, rule.period
        self.clock = Clock()
        self.cycles: list[int] = []
        self.counts = Counts()
        self.activity: Activity | None = None
        self._scores: dict[int, Score] = {}

    def step(self, x: Array, target: Array) -> tuple[Array, Array]:
        """Learn from one raw sample; return the raw activations and errors of the outputs."""
        phase = len(self.cycles) % self.period
        if phase not in self._scores:
            self._scores[phase] = Score(self.cells, self.machine, phase)
        self.cells.feed(x, target)
        played = Performance(self._scores[phase], self.clock)
        self.activity = played.play()
        self.cycles.append(self.activity.cycles)
        self.counts = self.cells.counts(phase, self.activity.words_received)
        self.activity.multiplications = self.counts.multiplications
        return self.cells.read("y"), self.cells.read("error")

    def weights(self) -> Array:
        """Return the weights as real values, in network order."""
        return self.number.decode(self.cells.gather("w"), Format.WEIGHT)

    def gradient(self) -> Array:
        """Return the last step's ``sum_o e_o dy_o/dw`` as real values, in network order."""
        return self.number.decode(self.cells.gather("g"))


class Performance:
    """One step on its way: who waits for what, and who has what."""

    def __init__(self, score: Score, clock: Clock) -> None:
        self.score, self.clock, self.machine = score, clock, score.machine
        units = sum(not part.cell.neuron.is_input for part in score.parts)
        self.lanes = self.machine.lanes(units)
        self.waits = [list(part.plan.waits) for part in score.parts]
        self.missing = [transfer.missing for transfer in score.transfers]
        self.outstanding = score.outstanding.copy()
        self.asleep: dict[int, tuple[int, simpy.Event]] = {}  # neuron -> burst it waits with
        self.neurons = [
            NeuronActivity(part.cell.neuron.name, number % self.lanes)
            for number, part in enumerate(score.parts)
        ]
        self.phases: Counter[tuple[str, str]] = Counter()
        self.banks = {bank.name: BankActivity(bank.name) for bank in self.machine.memory}
        self.link = LinkActivity("bus" if self._bus else "links")
        self.received = self.running = self.undelivered = 0
        self._arbitrate()

    @property
    def _bus(self) -> Bus | None:
        carrier = self.machine.interconnect
        return carrier if isinstance(carrier, Bus) else None

    def play(self) -> Activity:
        """Simulate the step and account for its cycles."""
        started = self.clock.now
        self.running, self.undelivered = len(self.score.parts), len(self.score.transfers)
        for number, part in enumerate(self.score.parts):
            self.clock.process(self._neuron(number, part))
        for transfer in self.score.at_once:
            self._launch(transfer)
        events = self.clock.play()
        if self.running or self.undelivered:
            raise RuntimeError(
                f"deadlock: {self.running} neurons and {self.undelivered} messages wait for ever"
            )
        cycles = self.clock.now - started + self.machine.sync.latency_cycles
        return self._account(cycles, events)

    def _neuron(self, number: int, part: Part) -> Process:
        """Go through one neuron's bursts."""
        clock, waits, ahead = self.clock, self.waits[number], 0
        few_lanes = self.machine.compute.lanes != PER_NEURON
        for burst in part.bursts:
            position, run, cycles, followers, time, _ = burst
            if waits[position]:
                if ahead:
                    yield clock.timeout(ahead)
                    ahead = 0
                if waits[position]:
                    since, event = clock.now, simpy.Event(clock)
                    self.asleep[number] = (position, event)
                    yield event
                    self._note(number, burst, "link", clock.now - since)
            if few_lanes or time.shared:
                if ahead:
                    yield clock.timeout(ahead)
                    ahead = 0
                yield from self._in_turn(number, burst)
            else:
                run()
                ahead += cycles
                if time.stall:
                    self._note(number, burst, "memory", time.stall)
            if followers:
                if ahead:
                    yield clock.timeout(ahead)
                    ahead = 0
                for follower in followers:
                    self._go_on(number, follower)
        if ahead:
            yield clock.timeout(ahead)
        self.running -= 1

    def _in_turn(self, number: int, burst: Burst) -> Process:
        """Do a burst on a lane or memory that others use too."""
        lane, since = number % self.lanes, self.clock.now
        if self.machine.compute.lanes != PER_NEURON:
            yield self._ask(self.lane[lane], number)
        self._note(number, burst, "lane", self.clock.now - since)
        since, busy = self.clock.now, burst.time.passes + burst.time.stall
        for bank, cycles in burst.time.shared:
            yield self._ask(self.bank[bank], lane)
            busy = max(busy, cycles)
        burst.run()
        waited = self.clock.now - since + busy - burst.time.passes
        yield self.clock.timeout(burst.time.compute - burst.time.passes + busy)
        for bank, cycles in burst.time.shared:
            self.banks[bank].busy_cycles += cycles
            self.bank[bank].release()
        if self.machine.compute.lanes != PER_NEURON:
            self.lane[lane].release()
        self._note(number, burst, "memory", waited)

    def _ask(self, arbiter: Arbiter, requester: int) -> simpy.Event:
        event = self.clock.event()
        arbiter.request(requester, event)
        return event

    def _arbitrate(self) -> None:
        """Set up what is fought over."""

        def grant(event: simpy.Event) -> None:
            event.succeed()

        shared = [bank.name for bank in self.machine.memory if bank.scope == "chip"]
        self.bank = {name: Arbiter(self.clock, grant) for name in shared}
        few = self.machine.compute.lanes != PER_NEURON
        self.lane = [Arbiter(self.clock, grant) for _ in range(self.lanes)] if few else []
        policy = self._bus.arbitration if self._bus else "round_robin"
        self.bus = Arbiter(self.clock, self._carry, policy)

    def _go_on(self, number: int, position: int) -> None:
        """One thing less to wait for, for an operation of a neuron."""
        waits = self.waits[number]
        waits[position] -= 1
        if waits[position]:
            return
        part = self.score.parts[number]
        if position in part.transfers:
            for transfer in part.transfers[position]:
                self.missing[transfer] -= 1
                if not self.missing[transfer]:
                    self._launch(transfer)
        elif number in self.asleep and self.asleep[number][0] == position:
            self.asleep.pop(number)[1].succeed()

    def _launch(self, number: int) -> None:
        """Start a message whose words and buffers are ready."""
        transfer = self.score.transfers[number]
        if not transfer.away:
            self._deliver(number)
        elif self._bus:
            self.bus.request(transfer.sender, number)
        else:
            self._account_link(number)
            self.clock.call(lambda: self._deliver(number), transfer.cycles)

    def _carry(self, number: int) -> None:
        """Use the bus for one message, from now on."""

        def arrive() -> None:
            self._deliver(number)
            self.bus.release()

        self._account_link(number)
        self.clock.call(arrive, self.score.transfers[number].cycles)

    def _account_link(self, number: int) -> None:
        transfer = self.score.transfers[number]
        self.link.bursts += 1
        self.link.words += transfer.carried
        self.link.busy_cycles += transfer.cycles

    def _deliver(self, number: int) -> None:
        """Write a message's words where they belong, and let go on who waited for them."""
        transfer = self.score.transfers[number]
        payload = transfer.payload()
        if transfer.places is not None:
            transfer.store[transfer.places] = payload
        for cell, buffer in transfer.buffers:
            cell.memory[buffer] = payload
        self.received += transfer.received
        self.undelivered -= 1
        self.outstanding[transfer.arrivals] -= 1
        complete = transfer.arrivals[self.outstanding[transfer.arrivals] == 0]
        for arrival in complete.tolist():
            where = self.score.arrivals[arrival]
            for position in self.score.parts[where.part].plan.then[where.position]:
                self._go_on(where.part, position)
        for position in self.score.parts[transfer.sender].plan.then[transfer.position]:
            self._go_on(transfer.sender, position)

    def _note(self, number: int, burst: Burst, kind: str, cycles: int) -> None:
        """Charge a neuron with cycles in which it did not compute."""
        if cycles:
            activity = self.neurons[number]
            setattr(activity, kind, getattr(activity, kind) + cycles)
            self.phases[burst.phase, kind] += cycles

    def _account(self, cycles: int, events: int) -> Activity:
        """Add up what the step did, and the bounds that its cycles cannot undercut."""
        lanes = np.zeros(self.lanes, dtype=np.int64)
        units: list[NeuronActivity] = []
        for activity, part in zip(self.neurons, self.score.parts, strict=True):
            if part.cell.neuron.is_input:
                continue
            activity.compute = part.compute
            activity.barrier = cycles - activity.cycles
            units.append(activity)
            lanes[activity.lane_number] += part.passes
            self.phases.update(part.phases)
            for (bank, kind), words in part.traffic.items():
                setattr(self.banks[bank], kind, getattr(self.banks[bank], kind) + words)
        shared = [self.banks[bank.name].busy_cycles for bank in self.machine.memory]
        self.link.waited_cycles = self.bus.waited_cycles
        longest = max((t.cycles for t in self.score.transfers), default=0)
        return Activity(
            cycles=cycles,
            neurons=units,
            banks=self.banks,
            link=self.link,
            phases=self.phases,
            macs=self.lanes * self.machine.compute.macs_per_lane,
            compute_bound=int(lanes.max()),
            memory_bound=max(shared),
            link_bound=self.link.busy_cycles if self._bus else longest,
            barrier_bound=self.machine.sync.latency_cycles,
            words_received=self.received,
            hop_words=self.received,
            events=events,
        )
