"""The score of one step: all neurons' plans, timed for a machine and joined by their messages.

Made once for each phase of a rule's program; the clocked engine plays it step after step.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from neurosim.engines.cells import Cell, Cells
from neurosim.engines.plan import Plan, plan
from neurosim.engines.timing import BurstTime, burst_time, carried_words, send_cycles, shape
from neurosim.machine import Machine
from neurosim.machine.description import Fabric
from neurosim.model.arithmetic import Array
from neurosim.model.operations import Compute, Phase, Receive, Send


class Burst(NamedTuple):
    """One computing operation of a neuron.

    Where it stands in the program, what it does, how many cycles that takes on memories and a
    lane of its own, which operations wait for it, and what those cycles are made of.
    """

    position: int
    run: Callable[[], Any]
    cycles: int
    then: list[int]
    time: BurstTime
    phase: str


@dataclass
class Part:
    """What one neuron plays: its bursts in order, and the plan that joins them to its messages.

    ``transfers`` are the ones that a Send or Receive, by its position, takes part in. ``passes``,
    ``compute``, ``traffic`` and ``phases`` are the sums over its bursts that no contention changes.
    """

    cell: Cell
    plan: Plan
    bursts: list[Burst]
    passes: int = 0
    compute: int = 0
    traffic: Counter[tuple[str, str]] = field(default_factory=Counter)  # bank, "reads" or "writes"
    phases: Counter[tuple[str, str]] = field(default_factory=Counter)  # phase, kind of cycles
    transfers: dict[int, list[int]] = field(default_factory=dict)


@dataclass
class Transfer:
    """One burst between neurons, from a Send to the Receives it fills."""

    sender: int
    position: int
    operation: Send
    away: int
    cycles: int
    carried: int
    payload: Callable[[], Array]
    store: Array
    arrivals: Array = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    places: Array | None = None  # where the words go in the store; None when by reference
    buffers: list[tuple[Cell, str]] = field(default_factory=list)
    missing: int = 0

    @property
    def received(self) -> int:
        """Words that arrive at other neurons."""
        return self.away * (1 if self.operation.scatter else self.operation.words.count)


class Arrival(NamedTuple):
    """One Receive: whose it is and how many messages fill it."""

    part: int
    position: int
    messages: int


class Score:
    """All parts of a step, all transfers between them, and what is ready at its beginning."""

    def __init__(self, cells: Cells, machine: Machine, phase: int) -> None:
        self.machine, self.store = machine, cells.store
        self._times: dict[Hashable, BurstTime] = {}
        self.parts = [self._part(cell, phase) for cell in cells.cells]
        self.transfers: list[Transfer] = []
        self.arrivals: list[Arrival] = []
        awaited = self._list_arrivals()
        for number, part in enumerate(self.parts):
            self._list_transfers(number, part, awaited, phase)
        if any(awaited.values()):
            kind, source, destination = next(key for key, queue in awaited.items() if queue)
            raise RuntimeError(f"neuron {destination} waits for {kind} from {source}, never sent")
        self.outstanding = np.array([arrival.messages for arrival in self.arrivals])
        self.at_once = [n for n, transfer in enumerate(self.transfers) if transfer.missing == 0]

    def _part(self, cell: Cell, phase: int) -> Part:
        bound = cell.program(phase)
        waiting = plan(tuple(operation for operation, _ in bound))
        bursts, label = [], ""
        for position, (operation, run) in enumerate(bound):
            if isinstance(operation, Phase):
                label = operation.name
            elif not isinstance(operation, (Send, Receive)):
                time = self._time(operation, cell)
                cycles, then = time.compute + time.stall, waiting.then[position]
                bursts.append(Burst(position, run, cycles, then, time, label))
        part = Part(cell, waiting, bursts)
        for burst in bursts:
            part.passes += burst.time.passes
            part.compute += burst.time.compute
            part.phases[burst.phase, "compute"] += burst.time.compute
            for bank, (reads, writes) in burst.time.traffic.items():
                part.traffic[bank, "reads"] += reads
                part.traffic[bank, "writes"] += writes
        return part

    def _time(self, operation: Compute, cell: Cell) -> BurstTime:
        alike = shape(operation, cell.described)
        if alike not in self._times:
            self._times[alike] = burst_time(operation, cell.described, self.machine)
        return self._times[alike]

    def _list_arrivals(self) -> dict[tuple[str, int, int], deque[tuple[int, int]]]:
        """Number all Receives; queue them by kind, source and destination, with their place."""
        awaited: defaultdict[tuple[str, int, int], deque[tuple[int, int]]] = defaultdict(deque)
        for number, part in enumerate(self.parts):
            for position, operation in enumerate(part.plan.operations):
                if not isinstance(operation, Receive):
                    continue
                arrival = len(self.arrivals)
                part.transfers[position] = []
                self.arrivals.append(Arrival(number, position, len(operation.along)))
                for place, source in enumerate(operation.along):
                    awaited[operation.kind, source, number].append((arrival, place))
        return awaited

    def _list_transfers(
        self,
        number: int,
        part: Part,
        awaited: dict[tuple[str, int, int], deque[tuple[int, int]]],
        phase: int,
    ) -> None:
        bound = part.cell.program(phase)
        for position, operation in enumerate(part.plan.operations):
            if not isinstance(operation, Send):
                continue
            filled = [awaited[operation.kind, number, far].popleft() for far in operation.along]
            away = sum(far != number for far in operation.along)
            carrier = self.machine.interconnect
            assert not isinstance(carrier, Fabric)  # which has an engine of its own
            transfer = Transfer(
                number,
                position,
                operation,
                away,
                send_cycles(operation, away, carrier) if away else 0,
                carried_words(operation, away, carrier) if away else 0,
                bound[position].run,
                self.store,
            )
            self._fill(transfer, filled)
            part.transfers[position] = [len(self.transfers)]
            for arrival, _ in filled:
                where = self.arrivals[arrival]
                self.parts[where.part].transfers[where.position].append(len(self.transfers))
            transfer.missing = int(part.plan.waits[position] > 0) + sum(
                self._waits(arrival) for arrival, _ in filled
            )
            self.transfers.append(transfer)

    def _waits(self, arrival: int) -> bool:
        """Whether a Receive cannot be posted from the start."""
        where = self.arrivals[arrival]
        return self.parts[where.part].plan.waits[where.position] > 0

    def _fill(self, transfer: Transfer, filled: list[tuple[int, int]]) -> None:
        """Work out where the words of a message go."""
        transfer.arrivals = np.array([arrival for arrival, _ in filled], dtype=np.int64)
        places = []
        for arrival, place in filled:
            where = self.arrivals[arrival]
            cell = self.parts[where.part].cell
            words = self.parts[where.part].plan.operations[where.position].words  # type: ignore[union-attr]
            if cell.described[words.memory].by_reference:
                transfer.buffers.append((cell, words.memory))
                continue
            share = words.count // where.messages
            start = cell.offset[words.memory] + words.start + place * share
            places.append(np.arange(start, start + share))
        if places:
            transfer.places = np.array(places)
            if transfer.operation.scatter:
                transfer.places = transfer.places[:, 0]
