"""Lower bounds of the cycles of a step, from a census alone: nothing is built or simulated.

Each bound is of one thing that a step cannot do without, were everything else in no time; what
simulation gives is never less than the largest of them. ``docs/analytic.md`` has the formulas.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.analytic.all_to_all import haulage
from neurosim.engines.analytic.haulage import MOST_TILES, Haulage, counted, tiles_of
from neurosim.engines.analytic.lines import Line, lines
from neurosim.engines.analytic.spill import dram_cycles
from neurosim.engines.clock.score import Score
from neurosim.engines.clock.timing import send_cycles
from neurosim.learning.counts import Census
from neurosim.learning.rule import Rule
from neurosim.machine import Bus, Fabric, Links, Machine, MemoryBank, Noc
from neurosim.machine.description import PER_NEURON, PER_TILE
from neurosim.model.arithmetic import Number
from neurosim.model.network import Network

Ints = NDArray[np.int64]


class Bounds(NamedTuple):
    """Cycles that a step takes at the least, each for one reason, the barrier at its end included.

    Attributes
    ----------
    compute
        The busiest lane's multiplications enter it one after the other.
    memory
        The busiest bank serves its accesses, as many a cycle as it has ports; the DRAM moves the
        bits that cannot but spill.
    link
        The bus, or the busiest link, carries its words, and the last of them is then used.
    dependency
        The busiest lane's bursts, filling and draining included, once its first words are there.
    """

    compute: int
    memory: int
    link: int
    dependency: int

    @property
    def cycles(self) -> int:
        """The largest of them: what a step takes at the least."""
        return max(self)

    @property
    def by(self) -> str:
        """The name of the largest; the first of equal ones."""
        return self._fields[self.index(self.cycles)]


class Least(NamedTuple):
    """What is known of a step on a machine without simulating it.

    Attributes
    ----------
    bounds
        Lower bounds of its cycles.
    hop_words
        Words times the links that each crosses; None where that has no closed form.
    haulage
        What goes between the tiles of a network on chip; None where that has no closed form.
    """

    bounds: Bounds
    hop_words: int | None
    haulage: Haulage | None = None


def least(census: Census, rule: Rule, machine: Machine, number: Number, phase: int = 0) -> Least:
    """Return what a step of a rule takes at the least, and what has a closed form beside.

    Parameters
    ----------
    census
        The network.
    rule, machine, number
        How it learns, on what, and in which numbers.
    phase
        The step modulo the rule's period.

    Raises
    ------
    UserError
        When a neuron's words do not fit the machine's memories.
    """
    barrier, counts = machine.sync.latency_cycles, rule.counted_at(census, phase)
    if isinstance(machine.interconnect, Fabric):  # whose lanes go through a schedule of their own
        passes = -(-counts.multiplications // machine.lanes(census.n))
        bounds = Bounds(passes + barrier, barrier, barrier, barrier)
        return Least(bounds, counts.words_sent)
    machine = machine.on(census.n)
    work = lines(census, rule, machine, number, phase)
    step = _Step(census, rule, machine, number, phase, work)
    found = (step.compute(), step.memory(), step.link(), step.dependency())
    bounds = Bounds(*(cycles + barrier for cycles in found))
    if not isinstance(machine.interconnect, Noc):
        return Least(bounds, counts.words_sent)
    hauled = step.haulage
    return Least(bounds, hauled.hop_words if hauled else None, hauled)


@dataclass(frozen=True)
class _Step:
    """What all lines of a step ask of what they share."""

    census: Census
    rule: Rule
    machine: Machine
    number: Number
    phase: int
    lines: Sequence[Line]

    @property
    def units(self) -> list[Line]:
        """The lines of units."""
        return [line for line in self.lines if not line.kind.example.is_input]

    @cached_property
    def tiles(self) -> Ints:
        """The tile of every neuron."""
        return tiles_of(self.census, self.rule, self.machine)

    def compute(self) -> int:
        """The busiest lane's multiplications."""
        return self._busiest_lane(lambda line: line.passes)

    def dependency(self) -> int:
        """The busiest lane's bursts, from when the first of them can begin."""
        start = min(self._arrival(line) for line in self.units)
        together = start + self._busiest_lane(lambda line: line.busy)
        return max(together, *(self._arrival(line) + line.busy for line in self.units))

    def memory(self) -> int:
        """The busiest memory: a neuron's own, one that neurons share, or the DRAM."""
        own = max(line.fed for line in self.units)
        banks = [bank for bank in self.machine.memory if bank.scope != "neuron"]
        dram = dram_cycles(self.units, self.machine, self.tiles, self.number.word_bits)
        return max([own, dram, *map(self._shared, banks)])

    def link(self) -> int:
        """What carries messages, and the bursts that follow on the last of them."""
        tails = [tail for line in self.units if (tail := line.tail()) is not None]
        sends = [(len(line.kind.numbers), *send) for line in self.lines for send in line.sends]
        if not tails or not sends:
            return 0
        carrier = self.machine.interconnect
        if isinstance(carrier, Noc):
            ways = self.haulage
            carried = max(ways.busiest_link, ways.busiest_end) if ways else 0
        elif isinstance(carrier, Bus):
            carried = sum(n * t * send_cycles(op, away, carrier) for n, t, op, away in sends)
        else:
            assert isinstance(carrier, Links)
            carried = max(send_cycles(op, away, carrier) for _, _, op, away in sends)
        return carried + min(tails)

    @cached_property
    def haulage(self) -> Haulage | None:
        """What goes between tiles, where that is known."""
        noc, bits = self.machine.interconnect, self.number.word_bits
        if not isinstance(noc, Noc) or self.machine.tiles.count > MOST_TILES:
            return None
        closed = haulage(self.census, self.lines, self.tiles, noc, self.machine, bits)
        network = self.census.network
        if closed is not None or not isinstance(network, Network):
            return closed
        return counted(Score(network, self.rule, self.number, self.machine, self.phase))

    def _arrival(self, line: Line) -> int:
        """When a unit's first words can be there at the earliest."""
        carrier, number = self.machine.interconnect, line.kind.example.number
        if isinstance(carrier, (Fabric, Noc)):
            return 0
        waits = [
            (len(r.along) - (number in r.along), self._quickest(r.kind, carrier))
            for r in line.awaited()
        ]
        if isinstance(carrier, Bus):
            return sum(messages * cycles for messages, cycles in waits)
        return max((cycles for messages, cycles in waits if messages), default=0)

    def _quickest(self, kind: str, carrier: Bus | Links) -> int:
        every = (send for line in self.lines for send in line.sends)
        cycles = (send_cycles(op, away, carrier) for _, op, away in every if op.kind == kind)
        return min(cycles, default=0)

    def _busiest_lane(self, each: Callable[[Line], int]) -> int:
        lanes = self.machine.compute.lanes
        if lanes == PER_NEURON:
            return max(each(line) for line in self.units)
        if lanes == PER_TILE:
            return self._busiest(each, lambda numbers: self.tiles[numbers])
        return self._busiest(each, lambda numbers: numbers % self.machine.lanes(self.census.n))

    def _shared(self, bank: MemoryBank) -> int:
        """The busiest bank of a memory that neurons share."""

        def served_by(numbers: Ints) -> Ints:
            tile = self.tiles[numbers] if bank.scope == "tile" else 0
            return np.asarray(tile * bank.n_banks + numbers % bank.n_banks)

        return self._busiest(lambda line: line.turns(bank.name), served_by)

    def _busiest(self, each: Callable[[Line], int], where: Callable[[Ints], Ints]) -> int:
        """Add up a figure of all units at each place; return the largest sum."""
        sums: Counter[int] = Counter()
        for line in self.units:
            places, units = np.unique(where(_array(line.kind.numbers)), return_counts=True)
            for place, count in zip(places.tolist(), units.tolist(), strict=True):
                sums[place] += count * each(line)  # which can be more than 64 bits hold
        return max(sums.values())


def _array(numbers: Sequence[int]) -> Ints:
    if isinstance(numbers, range):
        return np.arange(numbers.start, numbers.stop)
    return np.array(numbers, dtype=np.int64)
