"""Where a network's words lie on a machine: every neuron's memories in banks, or in the DRAM.

Memories are laid down in the order of the neurons, and of each neuron in the order of its rule. One
that does not fit into what is left of its bank lies in the DRAM as a whole, and is used from there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from neurosim.errors import UserError
from neurosim.machine import Machine, MemoryBank
from neurosim.model.arithmetic import Number
from neurosim.model.neuron import Memory, Neuron
from neurosim.model.operations import Words


class Home(NamedTuple):
    """Where one memory of a neuron lies, and how many bits each of its words has.

    ``bank`` is None for constants, which are registers, and for what lies in the DRAM, where
    ``address`` is the first bit of it.
    """

    bank: MemoryBank | None
    bits: int
    address: int | None = None


class Run(NamedTuple):
    """Bits in the DRAM that follow each other."""

    address: int
    bits: int


@dataclass
class Homes:
    """All memories of a network in their places.

    Attributes
    ----------
    of
        For each neuron by number, its memories by name.
    bits
        Filled bits of every instance of a bank, by name and instance: the neuron, the tile or 0.
    spilled_words, dram_bits
        What did not fit.
    """

    of: list[dict[str, Home]] = field(default_factory=list)
    bits: defaultdict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    spilled_words: int = 0
    dram_bits: int = 0

    def largest(self, bank: MemoryBank) -> int:
        """Return the bits that the fullest instance of a bank has to hold."""
        return max((b for (name, _), b in self.bits.items() if name == bank.name), default=0)


def settle(
    neurons: Sequence[tuple[Neuron, Mapping[str, Memory]]],
    machine: Machine,
    number: Number,
    tiles: Sequence[int],
) -> Homes:
    """Lay down all memories of a network.

    Parameters
    ----------
    neurons
        Neurons in order, with their memories.
    machine, number
        Where, and in how many bits.
    tiles
        The tile of each neuron.

    Raises
    ------
    UserError
        When a memory does not fit its bank and there is no DRAM.
    """
    homes = Homes()
    for neuron, memories in neurons:
        own: dict[str, Home] = {}
        for memory in memories.values():
            bank, bits = machine.bank_of(memory.role), number.width(memory.form)
            if bank is None or not memory.words:
                own[memory.name] = Home(bank, bits)
                continue
            place = instance(bank, neuron.number, tiles)
            taken, room = homes.bits[bank.name, place], capacity(bank, bits)
            if room is None or taken + memory.words * bits <= room:
                homes.bits[bank.name, place] += memory.words * bits
                own[memory.name] = Home(bank, bits)
                continue
            _refuse_without_dram(machine, bank, room, neuron, memory, bits)
            own[memory.name] = Home(None, bits, homes.dram_bits)
            homes.dram_bits += memory.words * bits
            homes.spilled_words += memory.words
        homes.of.append(own)
    return homes


def instance(bank: MemoryBank, neuron: int, tiles: Sequence[int]) -> int:
    """Return which memory of its kind serves a neuron."""
    return {"neuron": neuron, "tile": tiles[neuron], "chip": 0}[bank.scope]


def dram_runs(words: Sequence[Words], homes: Mapping[str, Home]) -> tuple[Run, ...]:
    """Return what operands touch of the DRAM, in their order."""
    runs = []
    for part in words:
        home = homes[part.memory]
        if home.address is not None:
            runs.append(Run(home.address + part.start * home.bits, part.distinct * home.bits))
    return tuple(runs)


def capacity(bank: MemoryBank, word_bits: int) -> int | None:
    """Return the bits of one instance, None for no limit; without a width an access is a word."""
    if bank.depth is None:
        return None
    return bank.n_banks * bank.depth * (bank.width_bits or word_bits)


def _refuse_without_dram(
    machine: Machine, bank: MemoryBank, room: int, neuron: Neuron, memory: Memory, bits: int
) -> None:
    if machine.dram is None:
        raise UserError(
            f"machine {machine.name}: [[memory]] {bank.name} holds {room:,} bits a"
            f" {bank.scope}, and {neuron.name}'s {memory.words:,} words {memory.name} of {bits}"
            " bits do not fit in what is left. Give it depth, use fewer units, or add a section"
            " [dram] for what does not fit."
        )
