"""What units do in a step, kind by kind: the bursts of a census with their times on a machine.

Units of a kind take the same time, so one of them stands for all, and a rule says the operations
of a loop once (``Rule.work``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from neurosim.engines.clock.homes import Home, capacity, settle
from neurosim.engines.clock.timing import BurstTime, burst_time
from neurosim.learning.counts import Census, Kind
from neurosim.learning.rule import Rule, speak
from neurosim.machine import Machine
from neurosim.model.arithmetic import Number
from neurosim.model.neuron import Memory
from neurosim.model.operations import Operation, Phase, Receive, Send, operands


class Item(NamedTuple):
    """An operation of a unit, how often it comes, and its time where it computes."""

    times: int
    operation: Operation
    time: BurstTime | None


@dataclass(frozen=True)
class Line:
    """What a unit of a kind does in a step, in order, each operation with its time.

    ``memories`` and ``homes`` are its memories by name, and where they lie.
    """

    kind: Kind
    items: tuple[Item, ...]
    memories: Mapping[str, Memory]
    homes: Mapping[str, Home]

    @cached_property
    def bursts(self) -> tuple[tuple[int, BurstTime], ...]:
        """The computing operations: how often each comes, and its time."""
        return tuple((item.times, item.time) for item in self.items if item.time is not None)

    @cached_property
    def passes(self) -> int:
        """Cycles in which its multiplications enter the lane."""
        return sum(times * time.passes for times, time in self.bursts)

    @cached_property
    def fed(self) -> int:
        """The same at the pace of its own memories' ports."""
        return sum(times * (time.passes + time.stall) for times, time in self.bursts)

    @cached_property
    def busy(self) -> int:
        """Cycles of its bursts one after the other, filling and draining the pipeline included."""
        return sum(times * _busy(time) for times, time in self.bursts)

    def turns(self, bank: str) -> int:
        """Cycles that it has a memory for, which it shares with other neurons."""
        return sum(times * dict(time.shared).get(bank, 0) for times, time in self.bursts)

    @cached_property
    def sends(self) -> tuple[tuple[int, Send, int], ...]:
        """Its messages: how often each comes, and to how many other neurons it goes."""
        number, found = self.kind.example.number, []
        for times, operation, _ in self.items:
            if times and isinstance(operation, Send):
                away = len(operation.along) - (number in operation.along)
                found += [(times, operation, away)] if away else []
        return tuple(found)

    def awaited(self) -> Iterator[Receive]:
        """Yield the messages that its first burst waits for."""
        posted: dict[str, Receive] = {}
        for _, operation, _ in self.items:
            if isinstance(operation, Receive):
                posted[operation.words.memory] = operation
            elif not isinstance(operation, (Phase, Send)):
                read = {words.memory for words in operands(operation)}
                yield from (receive for name, receive in posted.items() if name in read)
                return

    def tail(self) -> int | None:
        """Cycles of its bursts after any message has come, at the least; None if none comes."""
        after: int | None = None
        for place, (times, operation, _) in enumerate(self.items):
            if times and isinstance(operation, Receive):
                tail = self._after(place, operation.words.memory)
                after = tail if after is None else min(after, tail)
        return after

    def _after(self, place: int, memory: str) -> int:
        """Cycles of its bursts from the one on that reads what has come at a place."""
        cycles = 0
        for times, operation, time in self.items[place:]:
            if time is None or not times or isinstance(operation, (Phase, Receive, Send)):
                continue
            if cycles:
                cycles += times * _busy(time)
            elif memory in {words.memory for words in operands(operation)}:
                cycles = _busy(time)  # of those alike, the last
        return cycles


def lines(
    census: Census, rule: Rule, machine: Machine, number: Number, phase: int = 0
) -> tuple[Line, ...]:
    """Return the lines of all kinds of units, then of the inputs, in a step of that phase.

    Raises
    ------
    UserError
        When a neuron's words do not fit the machine's memories.
    """
    kinds = rule.alike(census)
    memories = [rule.described(kind.example, census.network) for kind in kinds]
    crowded = _crowded(kinds, memories, machine, number)
    found = []
    for kind, own in zip(kinds, memories, strict=True):
        homes = _homes(kind, own, machine, number, crowded)
        work = rule.work_at(kind, census, phase)
        items = (Item(times, op, _time(op, homes, machine)) for times, op in work)
        found.append(Line(kind, tuple(items), own, homes))
    return (*found, *(_input(kind) for kind in census.inputs))


def _input(kind: Kind) -> Line:
    items = (Item(1, operation, None) for operation in speak(kind.example))
    return Line(kind, tuple(items), {}, {})


def _time(operation: Operation, homes: Mapping[str, Home], machine: Machine) -> BurstTime | None:
    if isinstance(operation, (Send, Receive, Phase)):
        return None
    return burst_time(operation, homes, machine)


def _homes(
    kind: Kind,
    memories: Mapping[str, Memory],
    machine: Machine,
    number: Number,
    crowded: set[str],
) -> dict[str, Home]:
    """Lay a unit's memories down; what may lie in the DRAM is taken to ask nothing of a bank."""
    one_tile = [0] * (kind.example.number + 1)
    homes = settle([(kind.example, memories)], machine, number, one_tile).of[0]
    return {
        name: Home(None, home.bits, 0) if home.bank and home.bank.name in crowded else home
        for name, home in homes.items()
    }


def _crowded(
    kinds: Sequence[Kind],
    memories: Sequence[Mapping[str, Memory]],
    machine: Machine,
    number: Number,
) -> set[str]:
    """Return the memories that neurons share and that do not hold all that is meant for them."""
    bits: defaultdict[str, int] = defaultdict(int)
    for kind, own in zip(kinds, memories, strict=True):
        for memory in own.values():
            if (bank := machine.bank_of(memory.role)) and bank.scope != "neuron":
                each = memory.words * number.width(memory.form)
                bits[bank.name] += each * len(kind.numbers)
    rooms = {bank.name: capacity(bank, number.word_bits) for bank in machine.memory}
    return {name for name, room in rooms.items() if room is not None and bits[name] > room}


def _busy(time: BurstTime) -> int:
    """Cycles of a burst when nobody else is there."""
    turn = max([time.passes + time.stall, *(cycles for _, cycles in time.shared)])
    return time.compute - time.passes + turn
