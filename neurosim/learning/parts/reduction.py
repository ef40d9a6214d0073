"""Sums over all units, and what follows from them: the traffic of rules that are not local.

Every unit sends its part of some sums to one unit, the root, which adds them up, works out a few
words by some small algebra, and tells these to all::

    total_c = sum_k part_kc,      answer = method(total, signs)                      (1)

No edge need join a unit to the root, so all of it counts as broadcast.
"""

from __future__ import annotations

from collections.abc import Iterator

from neurosim.learning.counts import Census, Counts
from neurosim.model.messages import FACTOR, REDUCTION
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import (
    Dot,
    Draw,
    Method,
    Operation,
    Phase,
    Receive,
    Send,
    Solve,
    Words,
)

ROOT = 0
"""The unit that adds up; there is one in every network."""
DRAWN = Words("drawn")
"""How many steps a neuron has drawn signs in."""


def memories(
    neuron: Neuron,
    network: Surroundings,
    parts: int,
    answer: int,
    signs: int = 0,
    room: int = 0,
    its: str = "",
) -> tuple[Memory, ...]:
    """Return what (1) needs for so many sums and words of the answer.

    The root has ``signs`` drawn behind its sums, or ``room`` for what it knows besides. ``its``
    begins the names of memories where a program has several reductions.
    """
    told = (Memory(f"{its}part", parts), Memory(f"{its}factor", answer, Role.INBOX))
    if neuron.number != ROOT:
        return told
    drawn = (Memory("drawn", 1, Role.STORED, per_unit=True),) if signs else ()
    return (
        *told,
        *drawn,
        Memory(f"{its}parts", parts * len(network.units), Role.INBOX),
        Memory(f"{its}total", parts + signs + room),
        Memory(f"{its}answer", answer),
    )


def gather(neuron: Neuron, network: Surroundings, parts: int, its: str = "") -> Iterator[Operation]:
    """Send this unit's parts to the root, where they are added up."""
    yield Phase("reduction")
    yield Send(REDUCTION, Words(f"{its}part", 0, parts), (ROOT,), broadcast=True)
    if neuron.number == ROOT:
        n = len(network.units)
        yield Receive(REDUCTION, Words(f"{its}parts", 0, n * parts), tuple(range(n)))
        for c in range(parts):
            yield Dot(Words(f"{its}total", c), Words(f"{its}parts", c, n, parts))


def draw(neuron: Neuron, seed: int, parts: int, signs: int) -> Iterator[Operation]:
    """Draw signs at the root, to stand behind its sums."""
    if neuron.number == ROOT:
        yield Draw(Words("total", parts, signs), DRAWN, seed)


def answer(
    neuron: Neuron, network: Surroundings, of: int, method: Method, words: int, its: str = ""
) -> Iterator[Operation]:
    """Work out the answer from ``of`` words at the root, and tell it to all units."""
    if neuron.number == ROOT:
        yield Solve(Words(f"{its}answer", 0, words), Words(f"{its}total", 0, of), method)
        everyone = tuple(range(len(network.units)))
        yield Send(FACTOR, Words(f"{its}answer", 0, words), everyone, broadcast=True)
    yield Receive(FACTOR, Words(f"{its}factor", 0, words), (ROOT,))


def cost(
    census: Census, parts: int, answer: int, method: Method, signs: int = 0, room: int = 0
) -> Counts:
    """Return the closed form of all of it."""
    n = census.n
    away = (n - 1) * (parts + answer)
    of = parts + signs + room
    return Counts(
        multiplications=method.multiplications,
        additions=parts * (n - 1) + method.additions,
        divisions=method.divisions,
        draws=signs,
        reads=2 * n * parts + bool(signs) + of + answer,
        writes=n * parts + parts + (signs + 1) * bool(signs) + answer + n * answer,
        words_sent=away,
        words_received=away,
        words_broadcast=away,
        stored_words=int(bool(signs)),
        buffer_words=n * (parts + answer) + n * parts + of + answer,
    )
