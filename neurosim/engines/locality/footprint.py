"""How much a network has to keep: words, bits, and the block RAMs of real parts."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.clock.homes import instance
from neurosim.learning.rule import Rule
from neurosim.machine import Machine
from neurosim.machine.parts import PARTS
from neurosim.machine.parts import Memory as Block
from neurosim.model.arithmetic import Number
from neurosim.model.network import Network
from neurosim.model.neuron import Role


class Footprint(NamedTuple):
    """What all neurons keep, registers for constants left out.

    Attributes
    ----------
    words, bits
        Of all memories, as the number format stores them.
    by_role
        Words by the memory's role: ``weight``, ``activation``, ``stored``, ``buffer``, ``inbox``.
    largest
        Words of the neuron that keeps most.
    blocks
        Block RAMs by part, were each memory of the machine (one a neuron, a tile or the chip, as
        it says) made of whole ones.
    """

    words: int
    bits: int
    by_role: dict[str, int]
    largest: int
    blocks: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """Return the figures by name."""
        return dict(self._asdict())


def footprint(
    network: Network, rule: Rule, machine: Machine, number: Number, tiles: NDArray[np.int64]
) -> Footprint:
    """Count what a rule keeps on a machine whose neurons lie on ``tiles``."""
    roles: Counter[str] = Counter()
    places: defaultdict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])  # words, width
    bits = largest = 0
    at = tiles.tolist()
    for neuron in network.neurons:
        own = 0
        for memory in rule.described(neuron, network).values():
            if memory.role is Role.CONSTANT:
                continue
            width = number.width(memory.form)
            roles[memory.role.value] += memory.words
            own, bits = own + memory.words, bits + memory.words * width
            bank = machine.bank_of(memory.role)
            if bank is not None and memory.words:
                here = places[bank.name, instance(bank, neuron.number, at)]
                here[:] = here[0] + memory.words, max(here[1], width)
        largest = max(largest, own)
    return Footprint(roles.total(), bits, dict(roles), largest, _blocks(places))


def _blocks(places: dict[tuple[str, int], list[int]]) -> dict[str, int]:
    alike = Counter((name, words, bits) for (name, _), (words, bits) in places.items())
    blocks = [Block(name, many, words, bits) for (name, words, bits), many in alike.items()]
    return {part.name: sum(block.blocks(part) for block in blocks) for part in PARTS.values()}
