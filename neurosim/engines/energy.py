"""Energy of a step: what was counted, times what a technology's tables say of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from neurosim.learning.counts import Counts
from neurosim.machine.description import Bus, Machine, MemoryBank, Noc
from neurosim.machine.technology import Energy, EnergyTable, load
from neurosim.model.arithmetic import Number

MACHINE_FILE = "machine file"


class MemoryAccess(NamedTuple):
    """How often the memories of one kind were used in one way.

    Attributes
    ----------
    bank
        The kind.
    kind
        ``reads`` or ``writes``.
    bits
        How many at once.
    times
        How often, over all memories of the kind.
    bits_each
        Size of one of them.
    """

    bank: MemoryBank
    kind: str
    bits: int
    times: int
    bits_each: int


@dataclass(frozen=True)
class EnergyPart:
    """One kind of thing that takes energy: how often, how much each time, by whose figures."""

    name: str
    count: float
    pj_each: float
    source: str

    @property
    def pj(self) -> float:
        """Its energy in the step."""
        return self.count * self.pj_each


@dataclass(frozen=True)
class EnergySplit:
    """Where the energy of a step goes.

    Attributes
    ----------
    technology
        Name of the table.
    parts
        All that was counted at least once.
    """

    technology: str
    parts: tuple[EnergyPart, ...]

    @property
    def total_pj(self) -> float:
        """Energy of the step."""
        return sum(part.pj for part in self.parts)

    @property
    def by_part(self) -> dict[str, float]:
        """Energy of each part, in pJ; accesses of several widths to a memory are one part."""
        found: defaultdict[str, float] = defaultdict(float)
        for part in self.parts:
            found[part.name] += part.pj
        return dict(found)

    @property
    def sources(self) -> dict[str, str]:
        """Source of each part's figure."""
        return {part.name: part.source for part in self.parts}


def step_energy(
    machine: Machine,
    technology: str,
    number: Number,
    counts: Counts,
    accesses: Sequence[MemoryAccess],
    *,
    flit_hops: int = 0,
    bus_words: int = 0,
    nodes: int = 1,
    dram_bits: int = 0,
) -> EnergySplit:
    """Return the energy of a step on a machine.

    Parameters
    ----------
    machine
        Its memories' own energies stand in place of the table's; its network gives the flits.
    technology
        Name of a table.
    number
        Format of the words.
    counts
        Products, sums, activations and divisions of the step; draws of signs are left out.
    accesses
        What went through each kind of memory.
    flit_hops
        Flits times the routers that each passed.
    bus_words, nodes
        Words on a shared bus, or on a private link between two nodes, and the nodes on it.
    dram_bits
        Bits read and written off the chip.

    Raises
    ------
    UserError
        When there is no such table.
    """
    table = load(technology)
    parts = [
        EnergyPart("multiply", counts.multiplications, *table.multiply(number)),
        EnergyPart("add", counts.additions, *table.add(number)),
        EnergyPart("activate", counts.activations, *table.activate(number)),
        EnergyPart("divide", counts.divisions, *table.divide(number)),
    ]
    parts += (_of_memory(access, table) for access in accesses)
    parts.append(EnergyPart("link", flit_hops, *_flit_hop(machine, table)))
    parts.append(
        EnergyPart("bus", bus_words, *table.bus_word(number.word_bits, _taps(machine, nodes)))
    )
    parts.append(EnergyPart("dram", dram_bits, *table.dram(1)))
    return EnergySplit(technology, tuple(part for part in parts if part.count))


def same_ranking(totals: Mapping[str, Mapping[str, float]]) -> str:
    """Say whether the rules rank alike by energy in all technologies.

    Parameters
    ----------
    totals
        For each technology, the energy of a step of each rule.
    """
    ranks = {name: tuple(sorted(rules, key=rules.__getitem__)) for name, rules in totals.items()}
    shown = {name: " < ".join(rank) for name, rank in ranks.items()}
    if len(set(ranks.values())) <= 1:
        order = next(iter(shown.values()), "")
        return f"By energy the rules rank alike on {' and '.join(shown)}: {order}."
    said = "; ".join(f"{order} on {name}" for name, order in shown.items())
    return f"By energy the rules do not rank alike: {said}."


def _of_memory(access: MemoryAccess, table: EnergyTable) -> EnergyPart:
    bank, reading = access.bank, access.kind == "reads"
    given = bank.read_energy_pj if reading else bank.write_energy_pj
    published = table.sram_read if reading else table.sram_write
    if given is None:
        energy = published(access.bits_each, access.bits)
    else:
        energy = Energy(given, bank.energy_source or MACHINE_FILE)
    name = f"{bank.name} {'read' if reading else 'write'}"
    return EnergyPart(name, access.times, *energy)


def _flit_hop(machine: Machine, table: EnergyTable) -> Energy:
    noc = machine.interconnect if isinstance(machine.interconnect, Noc) else Noc()
    return table.flit_hop(noc.flit_bits, noc.vc_buf_size)


def _taps(machine: Machine, nodes: int) -> int:
    """Return the nodes that a wire runs past: all of a shared bus, one of a private link."""
    return nodes if isinstance(machine.interconnect, Bus) else 1
