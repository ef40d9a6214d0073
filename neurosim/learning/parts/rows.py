"""Rows of words that every unit sends along its out-edges and adds up from its in-edges.

::

    r_k = sum_l w_kl p_l,          p_l a row of words of unit l                      (1)

A unit hears its sources in the order of the units, sends its own row in its own turn, and adds
``w_kl`` times a row as it arrives: its inbox holds two rows, one arriving while the other is used.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

from neurosim.model.messages import SENSITIVITY
from neurosim.model.neuron import Memory, Neuron, Role
from neurosim.model.operations import Operation, Receive, Send, Words

INBOXES = 2

Add = Callable[[str, int, int], Iterator[Operation]]
"""What to do with a row: the memory it is in, the slot of its edge, the how many-th it is."""


def inboxes(neuron: Neuron, words: int) -> tuple[Memory, ...]:
    """Return the memories that rows of so many words arrive in."""
    count = min(len(others(neuron, neuron.units)), INBOXES)
    return tuple(Memory(f"inbox{n}", words, Role.INBOX, by_reference=True) for n in range(count))


def others(neuron: Neuron, far: tuple[int, ...]) -> tuple[int, ...]:
    """Leave the neuron itself out of those at the other ends of its edges."""
    if neuron.self_slot is None:
        return far
    place = far.index(neuron.number)
    return far[:place] + far[place + 1 :]


def exchange(neuron: Neuron, row: Words, add: Add) -> Iterator[Operation]:
    """Send a row, and do ``add`` with those of all units that this one hears."""
    listeners = others(neuron, neuron.targets)
    heard, received = 0, 0
    for unit in sorted({*neuron.units, neuron.number}):
        if unit == neuron.number:
            burst = row.memory
            if listeners:
                yield Send(SENSITIVITY, row, listeners)
        else:
            burst, received = f"inbox{received % INBOXES}", received + 1
            yield Receive(SENSITIVITY, Words(burst, 0, row.count), (unit,))
        if unit in neuron.units:
            heard += 1
            yield from add(burst, neuron.units.index(unit), heard)


def work(neuron: Neuron, row: Words, add: Add) -> Iterator[tuple[int, Operation]]:
    """Yield the operations of ``exchange``, with the turns of units that are heard alike once."""
    if listeners := others(neuron, neuron.targets):
        yield 1, Send(SENSITIVITY, row, listeners)
    heard = others(neuron, neuron.units)[:1]
    for times, turn, own in _turns(neuron) if neuron.unit_sources else ():
        burst = row.memory if own else "inbox0"
        if not own:
            yield times, Receive(SENSITIVITY, Words(burst, 0, row.count), heard)
        for operation in add(burst, 0, turn):
            yield times, operation


def _turns(neuron: Neuron) -> Iterator[tuple[int, int, bool]]:
    """Yield how the units that a unit hears have their turns: how often, place, whether itself.

    The first and the last differ from those between, and the unit itself from all others.
    """
    last, own = neuron.unit_sources, 0
    if neuron.self_slot is not None:
        sides = neuron.units[: neuron.self_slot], neuron.units[neuron.self_slot + 1 :]
        own = 1 + sum(bisect_left(side, neuron.number) for side in sides)  # each in order
    apart = sorted({1, last, own} - {0})
    for turn in apart[:-1]:
        yield 1, turn, turn == own
    if last > len(apart):
        yield last - len(apart), 2, False
    yield 1, last, last == own
