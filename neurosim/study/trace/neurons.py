"""What a simulated step looks like as a trace: tracks of neurons, memories, bus or links, DRAM."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from neurosim.engines.clock.recorder import LATE
from neurosim.engines.clock.score import Burst, Score
from neurosim.machine import Bus
from neurosim.machine.description import PER_NEURON
from neurosim.model.operations import (
    Activate,
    Clip,
    Compute,
    Divide,
    Dot,
    Draw,
    Root,
    Solve,
    Words,
    operands,
    results,
)
from neurosim.noc.arbiter import Clock
from neurosim.study.trace.events import EventFile, Track

STEPS, NEURONS, MEMORIES, LINKS, DRAM = range(1, 6)
GROUPS = ("", "steps", "neurons", "shared memories", "bus and links", "memory off the chip")
UNDER_WAY = "messages under way"
WAITS = {
    "lane": "wait for the lane",
    "memory": "wait for memory",
    "link": "wait for messages",
    "barrier": "wait for the others",
}
"""What a neuron's waiting is called, by the name that ``NeuronActivity`` has for it."""


class Timeline:
    """A recorder that writes trace events.

    A neuron's track shows its bursts (their ``compute_cycles`` and waiting for memory ports, which
    is the rest), what else it waits for, and the moments in which messages leave and arrive, joined
    by arrows. A shared memory's track shows who holds it, a link's what crosses it.

    Parameters
    ----------
    file
        Takes the events.
    """

    score: Score
    clock: Clock

    def __init__(self, file: EventFile) -> None:
        self.file, self.step, self.start, self.origin = file, 0, 0, 0
        self._tracks: dict[object, Track] = {}
        self._free: defaultdict[int, list[int]] = defaultdict(list)  # a sender's links, when
        self._messages = self._under_way = 0
        self._mine: list[Track] = []

    @property
    def full(self) -> bool:
        """Whether the file takes no more."""
        return self.file.full is not None

    def skip(self, steps: int, cycles: int) -> None:
        """Leave out steps that took so many cycles."""
        self.step, self.start = self.step + steps, self.start + cycles

    def begin(self, score: Score, clock: Clock) -> None:
        """Begin a step."""
        self.score, self.clock, self.origin = score, clock, self.start - clock.now
        steps = self._track(STEPS, "steps")
        self.file.begin(steps, self.start, f"step {self.step}", "step")
        self._mine = [self._neuron(n) for n in range(len(score.parts))]
        mail, freight = score.mail, score.freight
        self._firsts = np.searchsorted(mail.send, np.arange(len(mail.sendings) + 1))
        self._away = mail.source != mail.destination
        number = {(s.consignment, s.destination): n for n, s in enumerate(freight.shipments)}
        ends = zip(
            freight.of_send[mail.send].tolist(),
            freight.tiles[mail.destination].tolist(),
            strict=True,
        )
        shipments = np.array([number[pair] for pair in ends], dtype=np.int64)
        self._together = np.argsort(shipments, kind="stable")
        self._bounds = np.searchsorted(
            shipments[self._together], np.arange(len(freight.shipments) + 1)
        )

    def end(self, cycles: int) -> None:
        """End the step, and with it the waiting of those that were done before."""
        self._now()
        self.start += cycles
        for track in self._mine[: len(self.score.network.units)]:
            self.file.end(track, self.start)
        self.file.end(self._track(STEPS, "steps"), self.start)
        self.step += 1
        self._messages += len(self.score.mail.send)

    def compute(self, neuron: int, burst: Burst, start: int) -> None:
        """Show a burst that a neuron does by itself."""
        self._now()
        about = _about(burst)
        self.file.slice(
            self._mine[neuron], self.origin + start, burst.cycles, *about[0], **about[1]
        )

    def wait(self, neuron: int, kind: str, burst: Burst) -> None:
        """Begin to show a neuron's waiting."""
        about = {"phase": burst.phase, "before": equation(burst.operation)}
        self.file.begin(self._mine[neuron], self._now(), WAITS[kind], kind, **about)

    def go_on(self, neuron: int) -> None:
        """End it."""
        self.file.end(self._mine[neuron], self._now())

    def work(self, neuron: int, burst: Burst) -> None:
        """Begin to show a burst that takes nobody knows how long."""
        about = _about(burst)
        self.file.begin(self._mine[neuron], self._now(), *about[0], **about[1])

    def rest(self, neuron: int) -> None:
        """End it."""
        self.file.end(self._mine[neuron], self._now())

    def finish(self, neuron: int) -> None:
        """Begin to show that a unit waits for the others."""
        if neuron < len(self.score.network.units):
            self.file.begin(self._mine[neuron], self._now(), WAITS["barrier"], "barrier")

    def take(self, bank: tuple[str, int], neuron: int, cycles: int) -> None:
        """Begin to show who holds a shared memory."""
        name = self.score.parts[neuron].neuron.name
        self.file.begin(self._bank(bank), self._now(), name, "memory", port_cycles=cycles)

    def release(self, bank: tuple[str, int]) -> None:
        """End it."""
        self.file.end(self._bank(bank), self._now())

    def launch(self, consignment: int) -> None:
        """Show messages as they leave."""
        now = self._now()
        for send in self.score.freight.consignments[consignment].sends:
            neuron, _, operation, _ = self.score.mail.sendings[send]
            messages = np.arange(self._firsts[send], self._firsts[send + 1])
            messages = messages[self._away[messages]]
            if not len(messages):
                continue
            about = {"words": _shown(operation.words), "messages": len(messages)}
            track = self._mine[neuron]
            self.file.slice(track, now, 0, f"send {operation.kind}", "message", **about)
            for message in messages.tolist():
                self.file.flow(track, now, self._messages + message, operation.kind)
            self._count(now, len(messages))

    def deliver(self, shipment: int) -> None:
        """Show messages as they arrive."""
        now, mail = self._now(), self.score.mail
        messages = self._together[self._bounds[shipment] : self._bounds[shipment + 1]]
        messages = messages[self._away[messages]]
        for message in messages.tolist():
            neuron, _, operation, _ = mail.sendings[int(mail.send[message])]
            name = f"{operation.kind} from {self.score.parts[neuron].neuron.name}"
            words = 1 if operation.scatter else operation.words.count
            track = self._mine[int(mail.destination[message])]
            self.file.slice(track, now, 0, name, "message", words=words)
            self.file.flow(track, now, self._messages + message, operation.kind, ends=True)
        if len(messages):
            self._count(now, -len(messages))

    def carry(self, shipment: int) -> None:
        """Show a message on the bus, or on a link of its own."""
        now, made = self._now(), self.score.freight.shipments[shipment]
        track = self._medium(shipment, now, made.cycles)
        about = {"words": made.carried, "received_words": made.received}
        self.file.slice(track, now, made.cycles, self._what(shipment), "link", **about)

    def cross(self, link: int, shipment: int, start: int, cycles: int) -> None:
        """Show what crosses a link between tiles."""
        self._now()
        made, topology = self.score.freight.shipments[shipment], self.score.topology
        assert topology is not None
        assert made.train is not None
        ends = ("switch" if n == topology.nodes else f"tile {n}" for n in topology.links[link])
        name = "bus" if topology.kind == "bus" else " to ".join(ends)
        about = {"flits": made.train.flits, "packets": made.train.packets, "words": made.carried}
        self.file.slice(
            self._track(LINKS, name, link), self.origin + start, cycles, self._what(shipment),
            "link", **about, to=f"tile {made.destination}",
        )  # fmt: skip

    def serve(self, requester: int, bits: int, cycles: int) -> None:
        """Show a request that the memory off the chip serves."""
        name = self.score.parts[requester].neuron.name
        self.file.slice(self._track(DRAM, "channel"), self._now(), cycles, name, "dram", bits=bits)

    def _now(self) -> int:
        """Return the cycle, having written what is certain."""
        now = self.origin + self.clock.now
        self.file.flush(now - LATE)
        return now

    def _count(self, now: int, change: int) -> None:
        self._under_way += change
        self.file.count(STEPS, now, UNDER_WAY, self._under_way)

    def _what(self, shipment: int) -> str:
        """Name what is carried: its kind, and who sends it."""
        made = self.score.freight.shipments[shipment]
        sends = self.score.freight.consignments[made.consignment].sends
        neuron, _, operation, _ = self.score.mail.sendings[sends[0]]
        more = f" and {len(sends) - 1} more" if len(sends) > 1 else ""
        return f"{operation.kind} from {self.score.parts[neuron].neuron.name}{more}"

    def _track(self, group: int, name: str, place: int = 0) -> Track:
        key = (group, name, place)
        if key not in self._tracks:
            if not any(track.group == group for track in self._tracks.values()):
                self.file.group(group, GROUPS[group])
            self._tracks[key] = self.file.track(*key)
        return self._tracks[key]

    def _neuron(self, number: int) -> Track:
        """Return a neuron's track, which says where the neuron is."""
        score, part = self.score, self.score.parts[number]
        name = f"{part.neuron.name}"
        if number >= len(score.network.units):
            name += " (input)"
        elif score.topology is not None:
            name += f" (tile {int(score.tiles[number])})"
        elif score.machine.compute.lanes != PER_NEURON:
            name += f" (lane {part.lane})"
        return self._track(NEURONS, name, number)

    def _bank(self, bank: tuple[str, int]) -> Track:
        kind = next(one for one in self.score.machine.memory if one.name == bank[0])
        instance, port = divmod(bank[1], kind.n_banks)
        name = f"{kind.name} of tile {instance}" if kind.scope == "tile" else kind.name
        return self._track(MEMORIES, f"{name}, bank {port}" if kind.n_banks > 1 else name, bank[1])

    def _medium(self, shipment: int, now: int, cycles: int) -> Track:
        """Return the track of the bus, or of a link of the sender that is free."""
        if isinstance(self.score.machine.interconnect, Bus):
            return self._track(LINKS, "bus")
        consignment = self.score.freight.shipments[shipment].consignment
        send = self.score.freight.consignments[consignment].sends[0]
        neuron = self.score.mail.sendings[send].neuron
        free = self._free[neuron]
        which = next((n for n, then in enumerate(free) if then <= now), len(free))
        free[which : which + 1] = [now + cycles]
        name = f"from {self.score.parts[neuron].neuron.name}"
        return self._track(LINKS, f"{name}, {which + 1}" if which else name, neuron)


def equation(operation: Compute) -> str:
    """Return an operation in the terms of its rule, such as ``g = g + v * z``."""
    if isinstance(operation, Activate):
        function = operation.function or "f"
        return f"{operation.to.memory}, {operation.slope.memory} = {function}({operation.s.memory})"
    if isinstance(operation, (Clip, Divide, Root, Draw, Solve)):
        return f"{operation.to.memory} = {_special(operation)}"
    product = " * ".join(w.memory for w in (operation.a, operation.b) if w is not None)
    product = f"sum({product})" if isinstance(operation, Dot) else product
    plus = f"{operation.plus.memory} + " if operation.plus is not None else ""
    return f"{operation.to.memory} = {plus}{product}"


def _special(operation: Clip | Divide | Root | Draw | Solve) -> str:
    match operation:
        case Clip():
            return f"clip({operation.a.memory}, {operation.bound.memory})"
        case Divide():
            return f"{operation.a.memory} / {operation.b.memory}"
        case Root():
            return f"sqrt({operation.a.memory})"
        case Draw():
            return f"sign({operation.counter.memory})"
        case Solve():
            return f"{operation.method.name}({operation.of.memory})"


def _about(burst: Burst) -> tuple[tuple[str, str], dict[str, Any]]:
    """Return a burst's name and kind, and what else its slice says."""
    operation = burst.operation
    return (equation(operation), "compute"), {
        "phase": burst.phase,
        "compute_cycles": burst.time.compute,
        "reads": ", ".join(_shown(words) for words in operands(operation)),
        "writes": ", ".join(_shown(words) for words in results(operation)),
    }


def _shown(words: Words) -> str:
    """Write a run of words as Python would."""
    if not words.stride or words.count == 1:
        times = f" x {words.count}" if words.count > 1 else ""
        return f"{words.memory}[{words.start}]{times}"
    step = f":{words.stride}" if words.stride > 1 else ""
    return f"{words.memory}[{words.start}:{words.start + words.count * words.stride}{step}]"
