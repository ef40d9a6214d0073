"""What waits for what: a neuron's program as a plan that the clocked engine can overlap.

A neuron computes in the order of its program. Its messages overlap with that as far as words
allow: a ``Send`` starts when the last computation that wrote its words is done, a ``Receive`` is
posted when its buffer is free, and a computation waits for what it reads to have arrived and for
what it overwrites to have left. Because control flow never depends on data, all of this is known
before the first cycle.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from neurosim.model.operations import Operation, Receive, Send, Words, touched


class Access(NamedTuple):
    """One operation's touch of a run of words."""

    position: int
    start: int
    stop: int
    writes: bool
    message: bool


@dataclass
class Plan:
    """The dependencies of one neuron's program, by position in it.

    Attributes
    ----------
    waits
        How many other operations each one waits for (the order of computing is not among them).
    then
        Which operations may go on when this one is done.
    """

    operations: tuple[Operation, ...]
    waits: list[int] = field(default_factory=list)
    then: list[list[int]] = field(default_factory=list)


def plan(operations: tuple[Operation, ...]) -> Plan:
    """Find out what each operation of a program has to wait for."""
    result = Plan(operations, [0] * len(operations), [[] for _ in operations])
    shared = _touched_by_messages(operations)
    histories: defaultdict[str, list[Access]] = defaultdict(list)
    awaited: dict[int, set[int]] = {}
    for position, operation in enumerate(operations):
        message = isinstance(operation, (Send, Receive))
        before: set[int] = set()
        accesses = [a for a in touched(operation) if a[0].memory in shared]
        for words, writes in accesses:
            access = Access(position, *_range(words), writes, message)
            before |= _conflicts(histories[words.memory], access)
        for words, writes in accesses:
            access = Access(position, *_range(words), writes, message)
            history = histories[words.memory]
            if writes:  # whoever conflicts with the older ones conflicts with this one too
                history[:] = [old for old in history if not _replaced(old, access)]
            history.append(access)
        implied = {m for earlier in before for m in awaited.get(earlier, ())}
        awaited[position] = before = before - implied
        for earlier in before:
            result.waits[position] += 1
            result.then[earlier].append(position)
    return result


def _touched_by_messages(operations: tuple[Operation, ...]) -> set[str]:
    return {op.words.memory for op in operations if isinstance(op, (Send, Receive))}


def _range(words: Words) -> tuple[int, int]:
    part = words.slice
    return part.start, part.stop


def _conflicts(history: list[Access], new: Access) -> set[int]:
    """Find the earlier operations that the new one has to wait for.

    Computations are done in order, so a message waits for the last of them only, and no
    computation waits for another.
    """
    meeting = [
        old
        for old in history
        if (old.writes or new.writes) and old.start < new.stop and new.start < old.stop
    ]
    messages = {old.position for old in meeting if old.message}
    if not new.message:
        return messages
    computed = [old.position for old in meeting if not old.message]
    return messages | ({max(computed)} if computed else set())


def _replaced(old: Access, new: Access) -> bool:
    """Whether waiting for the new access implies that the old one is over."""
    return new.start <= old.start and old.stop <= new.stop
