"""One step on its way: who waits for what, who has what, and where the cycles go.

A neuron's process goes through its bursts in order. While nothing can stand in its way its own
clock runs ahead, and it returns to simulated time only to meet others: to take a lane or a memory
that is shared, to hand over or await a message. So an event never stands for less than a burst.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import numpy as np
import simpy

from neurosim.engines.activity import Activity, NeuronActivity
from neurosim.engines.clock.account import account
from neurosim.engines.clock.carriers import carrier_for
from neurosim.engines.clock.dram import DramChannel
from neurosim.engines.clock.recorder import Recorder
from neurosim.engines.clock.score import Burst, Part, Score
from neurosim.model.arithmetic import Array
from neurosim.noc.arbiter import Arbiter, Clock

Process = Generator[simpy.Event, Any, None]
DONE = 1 << 60  # messages that a Receive waits for once it has gone on: never 0 again


class Performance:
    """Plays a score once.

    Parameters
    ----------
    score
        What is played.
    clock
        Simulated time, which goes on from the last step.
    dram
        The memory off the chip, whose open rows are those of the last step.
    tier
        ``burst`` or ``cycle``: how a network between tiles is simulated.
    store
        All words, where they are played too.
    recorder
        Who is told what happens when, if anyone.
    """

    def __init__(
        self,
        score: Score,
        clock: Clock,
        dram: DramChannel | None = None,
        tier: str = "burst",
        store: Array | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.score, self.clock, self.machine, self.dram = score, clock, score.machine, dram
        self.store, self.recorder = store, recorder
        self.waits = [list(part.plan.waits) for part in score.parts]
        self.missing = score.missing.copy()
        self.outstanding = score.messages.copy()
        self.filled = [0] * len(score.least)
        self.early: list[list[int] | None] = [[] for _ in score.least]
        self.undelivered = [len(c.shipments) for c in score.freight.consignments]
        self.asleep: dict[int, tuple[int, simpy.Event]] = {}  # neuron -> burst it waits with
        self.neurons = [NeuronActivity(part.neuron.name, part.lane) for part in score.parts]
        self.phases: Counter[tuple[str, str]] = Counter()
        self.done: list[Callable[[], object]] = []  # what changed words, in its order
        self.bank_busy: Counter[tuple[str, int]] = Counter()
        self.received = self.running = 0
        self.bank: dict[tuple[str, int], Arbiter] = {}
        self.lane: dict[int, Arbiter] = {}
        self.carrier = carrier_for(score, clock, self._deliver, tier, recorder)

    def play(self) -> Activity:
        """Simulate the step and account for its cycles."""
        started = self.clock.now
        self.running = len(self.score.parts)
        if self.dram is not None:
            self.dram.begin()
            self.dram.recorder = self.recorder
        if self.recorder is not None:
            self.recorder.begin(self.score, self.clock)
        for number, part in enumerate(self.score.parts):
            self.clock.process(self._neuron(number, part))
        for consignment, missing in enumerate(self.score.missing):
            if not missing:
                self._launch(consignment)
        events = self.clock.play()
        if self.running or any(self.undelivered):
            raise RuntimeError(
                f"deadlock: {self.running} neurons and {sum(self.undelivered)} messages wait for"
                " ever"
            )
        cycles = self.clock.now - started + self.machine.sync.latency_cycles
        if self.recorder is not None:
            self.recorder.end(cycles)
        return account(self, cycles, events)

    def _neuron(self, number: int, part: Part) -> Process:
        """Go through one neuron's bursts."""
        clock, waits, ahead = self.clock, self.waits[number], 0
        recorder = self.recorder
        for burst in part.bursts:
            position = burst.position
            if waits[position]:
                if ahead:
                    yield clock.timeout(ahead)
                    ahead = 0
                if waits[position]:
                    since, event = clock.now, simpy.Event(clock)
                    self.asleep[number] = (position, event)
                    if recorder is not None:
                        recorder.wait(number, "link", burst)
                    yield event
                    if recorder is not None:
                        recorder.go_on(number)
                    self._note(number, burst, "link", clock.now - since)
            if burst.in_turn:
                if ahead:
                    yield clock.timeout(ahead)
                    ahead = 0
                yield from self._in_turn(number, part, burst)
            else:
                self._compute(burst)
                if recorder is not None:
                    recorder.compute(number, burst, clock.now + ahead)
                ahead += burst.cycles
            if burst.then:
                if ahead:
                    yield clock.timeout(ahead)
                    ahead = 0
                for follower in burst.then:
                    self._go_on(number, follower)
        if ahead:
            yield clock.timeout(ahead)
        if recorder is not None:
            recorder.finish(number)
        self.running -= 1

    def _in_turn(self, number: int, part: Part, burst: Burst) -> Process:
        """Do a burst on a lane or memory that others use too."""
        clock, since, recorder = self.clock, self.clock.now, self.recorder
        if self.score.few_lanes:
            if recorder is not None:
                recorder.wait(number, "lane", burst)
            yield self._ask(self.lane, part.lane, number)
            if recorder is not None:
                recorder.go_on(number)
        self._note(number, burst, "lane", clock.now - since)
        since, busy, served = clock.now, burst.time.passes + burst.time.stall, 0
        if recorder is not None:
            recorder.wait(number, "memory", burst)
        for bank, cycles in burst.time.shared:
            yield self._ask(self.bank, part.banks[bank], part.lane)
            busy = max(busy, cycles)
            if recorder is not None:
                recorder.take(part.banks[bank], number, cycles)
        if recorder is not None:
            recorder.go_on(number)
            recorder.work(number, burst)
        self._compute(burst)
        if burst.dram and self.dram is not None:
            event = clock.event()
            self.dram.use(number, burst.dram, event.succeed)
            served = yield event  # while the lane takes what comes
        yield clock.timeout(burst.time.compute - burst.time.passes + max(0, busy - served))
        for bank, cycles in burst.time.shared:
            self.bank_busy[part.banks[bank]] += cycles
            self.bank[part.banks[bank]].release()
            if recorder is not None:
                recorder.release(part.banks[bank])
        if recorder is not None:
            recorder.rest(number)
        if self.score.few_lanes:
            self.lane[part.lane].release()
        self._note(number, burst, "memory", clock.now - since - burst.time.compute)

    def _compute(self, burst: Burst) -> None:
        """Change words, where they are played too."""
        if burst.run is not None:
            burst.run()
            self.done.append(burst.run)

    def _ask(self, arbiters: dict[Any, Arbiter], which: Any, requester: int) -> simpy.Event:
        event = self.clock.event()
        if which not in arbiters:
            arbiters[which] = Arbiter(self.clock, _grant)
        arbiters[which].request(requester, event)
        return event

    def _go_on(self, number: int, position: int) -> None:
        """One thing less to wait for, for an operation of a neuron."""
        waits = self.waits[number]
        waits[position] -= 1
        if waits[position]:
            return
        sleeping = self.asleep.get(number)
        if sleeping is not None and sleeping[0] == position:
            del self.asleep[number]
            sleeping[1].succeed()
            return
        for consignment in self.score.parts[number].gates.get(position, ()):
            self.missing[consignment] -= 1
            if not self.missing[consignment]:
                self._launch(consignment)

    def _launch(self, consignment: int) -> None:
        """Hand over a consignment whose words and buffers are ready."""
        if self.recorder is not None:
            self.recorder.launch(consignment)
        runs = self.score.outbound.get(consignment)
        if runs and self.dram is not None:
            first = self.score.freight.consignments[consignment].sends[0]
            requester = self.score.mail.sendings[first].neuron
            self.dram.use(requester, runs, lambda _: self.carrier.launch(consignment))
        else:
            self.carrier.launch(consignment)

    def _deliver(self, number: int) -> None:
        """Write a shipment's words where they belong, and let go on who waited for them."""
        score, shipment = self.score, self.score.freight.shipments[number]
        if self.recorder is not None:
            self.recorder.deliver(number)
        if self.store is not None:
            for landing in score.landings[number]:
                landing.land(self.store)
                self.done.append(partial(landing.land, self.store))
        self.received += shipment.received
        block = shipment.block
        self.filled[block] += shipment.most
        early = self.early[block]
        if self.filled[block] < score.least[block]:
            early.append(number)  # type: ignore[union-attr]  # nothing of the block is full yet
        else:
            if early is not None:
                self._open(block, early)
            self.outstanding[shipment.arrivals] -= shipment.counts
            self._complete(shipment.arrivals)
        group = shipment.consignment
        self.undelivered[group] -= 1
        if not self.undelivered[group]:
            for neuron, follower in score.released[group]:
                self._go_on(neuron, follower)

    def _open(self, block: int, early: list[int]) -> None:
        """Count what came to a block so far, or what is missing where that is less."""
        self.early[block] = None
        shipments, every = self.score.freight.shipments, self.score.blocks[block]
        if 2 * len(early) < len(every):
            for number in early:
                self.outstanding[shipments[number].arrivals] -= shipments[number].counts
            return
        came = set(early)
        self.outstanding[self.score.arrivals_of(block)] = 0
        for number in every:
            if number not in came:
                self.outstanding[shipments[number].arrivals] += shipments[number].counts

    def _complete(self, arrivals: slice | Array) -> None:
        """Let go on whose last message has come, of some Receives."""
        full = np.flatnonzero(self.outstanding[arrivals] == 0)
        if not len(full):
            return
        numbers = full + arrivals.start if isinstance(arrivals, slice) else arrivals[full]
        self.outstanding[numbers] = DONE
        for arrival in numbers.tolist():
            neuron, followers = self.score.followers[arrival]
            runs = self.score.inbound.get(arrival)
            if runs and self.dram is not None:
                self.dram.use(neuron, runs, partial(self._followed, neuron, followers))
            else:
                self._followed(neuron, followers)

    def _followed(self, neuron: int, followers: list[int], _: int = 0) -> None:
        for position in followers:
            self._go_on(neuron, position)

    def _note(self, number: int, burst: Burst, kind: str, cycles: int) -> None:
        """Charge a neuron with cycles in which it did not compute."""
        if cycles:
            activity = self.neurons[number]
            setattr(activity, kind, getattr(activity, kind) + cycles)
            self.phases[burst.phase, kind] += cycles


def _grant(event: simpy.Event) -> None:
    event.succeed()
