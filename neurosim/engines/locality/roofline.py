"""The roofline of every level of a machine: how fast a rule's multiplications can be fed from it.

No more multiplications a cycle than the lanes make, and no more than a level brings words for::

    attainable = min( peak, multiplications per word * words per cycle )

(S. Williams, A. Waterman and D. Patterson, "Roofline: an insightful visual performance model for
multicore architectures", Communications of the ACM 52(4), 2009, doi 10.1145/1498765.1498785). A
level is a kind of memory with all its instances, the DRAM, or what carries messages. Each figure is
a bound: contention, latency and uneven loads come on top.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.cells import operations_of
from neurosim.engines.clock.homes import Home, settle
from neurosim.engines.clock.timing import accesses
from neurosim.engines.locality.traffic import Traffic, carried
from neurosim.engines.mapping.placement import carried_hop_words, distances
from neurosim.learning.counts import Census
from neurosim.learning.rule import Rule
from neurosim.machine import Bus, Dram, Links, Machine, MemoryBank, Noc
from neurosim.model.arithmetic import Number
from neurosim.model.network import Network
from neurosim.model.operations import Receive, Send, touched
from neurosim.noc.topology import Topology

DRAM = "dram"


class Level(NamedTuple):
    """One level: what a step takes through it, and what it can bring.

    Attributes
    ----------
    level
        Name of the memory, ``dram``, or what carries messages.
    words
        Words through it in a step; on a network on chip once for each link that they cross.
    words_per_cycle
        At most, for this mix of reads and writes.
    multiplications
        Of the step.
    macs_per_cycle
        Peak of all lanes.
    """

    level: str
    words: int
    words_per_cycle: float
    multiplications: int
    macs_per_cycle: int

    @property
    def multiplications_per_word(self) -> float:
        """The arithmetic intensity, in words: bytes would depend on the number format."""
        return self.multiplications / self.words

    @property
    def attainable(self) -> float:
        """Multiplications per cycle that this level allows."""
        fed = self.multiplications_per_word * self.words_per_cycle
        return min(float(self.macs_per_cycle), fed)

    def as_dict(self) -> dict[str, object]:
        """Return the figures by name."""
        return {
            "level": self.level,
            "words": self.words,
            "multiplications_per_word": self.multiplications_per_word,
            "words_per_cycle": self.words_per_cycle,
            "macs_per_cycle": self.macs_per_cycle,
            "attainable_macs_per_cycle": self.attainable,
        }


@dataclass
class _Use:
    """What all neurons ask of a memory: words, and accesses or, of the DRAM, bits."""

    words: int = 0
    amount: list[int] = field(default_factory=lambda: [0, 0])  # read, written


def roofline(
    network: Network,
    rule: Rule,
    machine: Machine,
    number: Number,
    messages: Traffic,
    tiles: NDArray[np.int64],
) -> tuple[Level, ...]:
    """Return all levels that a step of a rule uses, the one that binds first.

    A memory's words are those that computing reads and writes; messages have a port of their own,
    but for what lies in the DRAM.

    Parameters
    ----------
    network, rule, machine, number
        What learns, how, on what, and in which numbers.
    messages, tiles
        What neurons say, and the tile of each.

    Raises
    ------
    UserError
        When a memory does not fit its bank and there is no DRAM.
    """
    memories = [rule.described(neuron, network) for neuron in network.neurons]
    pairs = list(zip(network.neurons, memories, strict=True))
    homes = settle(pairs, machine, number, tiles.tolist()).of
    uses = _uses(network, rule, machine, homes)
    units = len(network.units)
    found = [(bank.name, uses[bank.name], _rates(bank, machine, units)) for bank in machine.memory]
    if machine.dram is not None:
        found.append((DRAM, uses[DRAM], _dram_rates(machine.dram, machine.clock_mhz)))
    fed = [(name, use.words, _cycles(use, rates)) for name, use, rates in found if use.words]
    carrier = _carried(messages, machine, number, tiles)
    phase = rule.beats[-1].phase
    multiplications = rule.counted_at(Census.of(network), phase).multiplications
    peak = machine.lanes(units) * machine.compute.macs_per_lane
    levels = [
        Level(name, words, words / cycles, multiplications, peak)
        for name, words, cycles in (*fed, *carrier)
        if words
    ]
    return tuple(sorted(levels, key=lambda level: level.attainable))


def _uses(
    network: Network, rule: Rule, machine: Machine, homes: Sequence[Mapping[str, Home]]
) -> defaultdict[str, _Use]:
    """Add up what the operations of all neurons read and write, by memory."""
    uses: defaultdict[str, _Use] = defaultdict(_Use)
    for neuron in network.neurons:
        own = homes[neuron.number]
        for operation in operations_of(neuron, rule, network, rule.beats[-1].phase):
            for words, side in touched(operation):
                home, message = own[words.memory], isinstance(operation, (Send, Receive))
                if home.bank is not None and not message:
                    use = uses[home.bank.name]
                    use.amount[side] += accesses(home.bank, words.distinct, home.bits)
                    use.words += words.distinct
                elif home.address is not None:
                    uses[DRAM].amount[side] += words.distinct * home.bits
                    uses[DRAM].words += words.distinct
    return uses


def _rates(bank: MemoryBank, machine: Machine, units: int) -> tuple[float, float, float]:
    """Return accesses per cycle of all instances: reads, writes, and both together."""
    instances = {"neuron": units, "tile": machine.tiles.count * bank.n_banks, "chip": bank.n_banks}
    many = instances[bank.scope]
    return many * bank.n_rd_ports, many * bank.n_wr_ports, float("inf")


def _dram_rates(dram: Dram, clock_mhz: float) -> tuple[float, float, float]:
    """Return bits per cycle of the channel, which moves some on both edges of its clock."""
    bits = 2 * dram.channel_width * 1000 / clock_mhz / dram.tCK_ns
    return bits, bits, bits


def _cycles(use: _Use, rates: tuple[float, float, float]) -> float:
    read, written = use.amount
    return max(read / rates[0], written / rates[1], (read + written) / rates[2])


def _carried(
    messages: Traffic, machine: Machine, number: Number, tiles: NDArray[np.int64]
) -> list[tuple[str, int, float]]:
    """Return what carries messages, its words and the cycles that they take at the least.

    Nothing for a chip whose lanes share a rotator and a bus by a schedule.
    """
    carrier = machine.interconnect
    if isinstance(carrier, Noc):
        return [_on_network(messages, machine, carrier, number, tiles)]
    if isinstance(carrier, Links):
        pairs = len(np.unique(messages.source * messages.neurons + messages.destination))
        words = messages.total
        return [("links", words, words / max(pairs, 1) / carrier.words_per_cycle)]
    if isinstance(carrier, Bus):
        words = _on_bus(messages, carrier)
        return [("bus", words, words / carrier.words_per_cycle)]
    return []


def _on_bus(messages: Traffic, bus: Bus) -> int:
    """Count the words on the bus, which many can hear at once."""
    bursts = messages.bursts
    away = np.bincount(messages.burst, minlength=len(bursts.words))
    copies = np.where(bursts.scatter | (not bus.broadcast), away, np.minimum(away, 1))
    return int((bursts.words * copies).sum())


def _on_network(
    messages: Traffic, machine: Machine, noc: Noc, number: Number, tiles: NDArray[np.int64]
) -> tuple[str, int, float]:
    """Count words once a link; a multicast word crosses at least one for each tile it goes to."""
    if noc.multicast == "none":
        words = carried_hop_words(messages, tiles, distances(machine))
    else:
        words = int(carried(messages, tiles, machine.tiles.count).sum())
    flits = 1 / max(noc.flit_bits // number.word_bits, 1) * -(-number.word_bits // noc.flit_bits)
    links = len(Topology(noc, machine.tiles).links)
    return noc.topology, words, words * flits / max(links, 1)
