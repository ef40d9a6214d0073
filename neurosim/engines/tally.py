"""Counting what an operation does, from the operation alone."""

from __future__ import annotations

from collections.abc import Iterable

from neurosim.learning.counts import Counts
from neurosim.model.neuron import Memory, Role
from neurosim.model.operations import (
    Activate,
    Clip,
    Compute,
    Divide,
    Dot,
    Draw,
    Fma,
    Operation,
    Phase,
    Receive,
    Root,
    Send,
    Solve,
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
            return _arithmetic(operation) + Counts(
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


def _arithmetic(operation: Compute) -> Counts:
    """Count what is worked out, its reads and writes left out."""
    match operation:
        case Activate():
            return Counts(activations=1)
        case Clip():
            return Counts(additions=operation.to.count)
        case Divide() | Root():
            return Counts(divisions=operation.to.count)
        case Draw():
            return Counts(draws=operation.to.count)
        case Solve(method=method):
            return Counts(
                method.multiplications,
                method.additions,
                method.activations,
                divisions=method.divisions,
            )
        case _:
            products = operation.a.count if operation.b is not None else 0
            return Counts(multiplications=products, additions=_additions(operation))


def _additions(operation: Fma | Dot) -> int:
    if isinstance(operation, Dot):
        return operation.a.count - 1 + (operation.plus is not None)
    return operation.a.count if operation.plus is not None else 0


def _sent(operation: Send, neuron: int) -> Counts:
    away = len(operation.along) - operation.along.count(neuron)
    words = away if operation.scatter else away * operation.words.count
    return Counts(
        reads=operation.words.count,
        words_sent=words,
        words_broadcast=words if operation.broadcast else 0,
    )
