"""Counting what an operation does, from the operation alone."""

from __future__ import annotations

from collections.abc import Iterable

from neurosim.learning.counts import Counts
from neurosim.model.neuron import Memory, Role
from neurosim.model.operations import (
    Activate,
    Dot,
    Fma,
    Operation,
    Phase,
    Receive,
    Send,
    operands,
    results,
)


def tally(operation: Operation, neuron: int) -> Counts:
    """Count one operation of a neuron; words received are counted where they arrive."""
    match operation:
        case Phase():
            return Counts()
        case Send():
            return _sent(operation, neuron)
        case Receive():
            return Counts(writes=operation.words.count)
        case _:
            return Counts(
                multiplications=_multiplications(operation),
                additions=_additions(operation),
                activations=int(isinstance(operation, Activate)),
                reads=sum(words.distinct for words in operands(operation)),
                writes=sum(words.count for words in results(operation)),
            )


def storage(memories: Iterable[Memory]) -> Counts:
    """Count the words of a neuron's memories that a rule keeps, and those it needs in between."""
    kept = {memory.name: memory for memory in memories}.values()
    return Counts(
        stored_words=sum(m.words for m in kept if m.role is Role.STORED),
        buffer_words=sum(m.words for m in kept if m.role in (Role.BUFFER, Role.INBOX)),
    )


def _multiplications(operation: Fma | Dot | Activate) -> int:
    if isinstance(operation, Activate) or operation.b is None:
        return 0
    return operation.a.count


def _additions(operation: Fma | Dot | Activate) -> int:
    if isinstance(operation, Activate):
        return 0
    sums = operation.a.count if operation.plus is not None else 0
    if isinstance(operation, Dot):
        return operation.a.count - 1 + (operation.plus is not None)
    return sums


def _sent(operation: Send, neuron: int) -> Counts:
    away = len(operation.along) - operation.along.count(neuron)
    words = away if operation.scatter else away * operation.words.count
    return Counts(
        reads=operation.words.count,
        words_sent=words,
        words_broadcast=words if operation.broadcast else 0,
    )
