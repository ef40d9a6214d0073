"""Where the cycles went: the clocked engine's account of one step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class NeuronActivity:
    """Cycles of one neuron; together they are the cycles of the step.

    Attributes
    ----------
    compute
        Multiplying, activating, and filling the pipeline.
    lane
        Waiting for the lane, which another neuron uses.
    memory
        Waiting for memory ports.
    link
        Waiting for messages to arrive, or to leave a buffer that is needed again.
    barrier
        Waiting for the other neurons at the end of the step.
    """

    name: str
    lane_number: int = 0
    compute: int = 0
    lane: int = 0
    memory: int = 0
    link: int = 0
    barrier: int = 0

    @property
    def cycles(self) -> int:
        """All cycles of the step."""
        return self.compute + self.lane + self.memory + self.link + self.barrier


@dataclass
class BankActivity:
    """What went through the memories of one kind, messages included.

    ``reads`` and ``writes`` are words, ``accesses`` how often so many bits are read or written at
    once. ``busy_cycles`` are those of the busiest memory that neurons share, and ``largest_bits``
    what the fullest one has to hold.
    """

    name: str
    reads: int = 0
    writes: int = 0
    busy_cycles: int = 0
    largest_bits: int = 0
    accesses: dict[tuple[str, int], int] = field(default_factory=dict)


@dataclass
class DramActivity:
    """What the memory off the chip did, and what lies there for want of room.

    ``row_hits`` and ``row_misses`` count runs of bits within one row, whether it was open or not.
    """

    bits: int
    row_hits: int
    row_misses: int
    busy_cycles: int
    waited_cycles: int
    spilled_words: int


@dataclass
class LinkActivity:
    """What the bus, the links together, or the network between tiles carried.

    ``words`` are those on the medium (a broadcast word counts once on a bus); ``bound_cycles`` are
    those that it takes at least. Between tiles, ``links`` are pairs of tiles and ``link_flits`` the
    flits over each.
    """

    name: str
    bursts: int = 0
    words: int = 0
    busy_cycles: int = 0
    waited_cycles: int = 0
    bound_cycles: int = 0
    packets: int = 0
    flits: int = 0
    flit_hops: int = 0
    links: list[tuple[int, int]] = field(default_factory=list)
    link_flits: list[int] = field(default_factory=list)


@dataclass
class Activity:
    """One simulated step.

    Attributes
    ----------
    cycles
        From the first to the barrier's end.
    neurons, banks, link
        By neuron, by kind of memory (all of a kind together), and of what carries messages.
    phases
        Cycles of all neurons by phase of the program and what they did, (phase, kind).
    multiplications, macs
        Products needed, and multiply-accumulate units there are.
    compute_bound, memory_bound, link_bound, dependency_bound, barrier_bound
        Cycles that the busiest lane, the busiest shared memory, the bus or busiest link, the
        longest program and the barrier take at the least: lower bounds of ``cycles``.
    words_received, hop_words
        Words that arrived at other neurons, and links they crossed on the way.
    events
        SimPy events that the step took to simulate.
    """

    cycles: int
    neurons: list[NeuronActivity]
    banks: dict[str, BankActivity]
    link: LinkActivity
    dram: DramActivity | None = None
    phases: Counter[tuple[str, str]] = field(default_factory=Counter)
    multiplications: int = 0
    macs: int = 1
    compute_bound: int = 0
    memory_bound: int = 0
    link_bound: int = 0
    dependency_bound: int = 0
    barrier_bound: int = 0
    words_received: int = 0
    hop_words: int = 0
    events: int = 0

    @property
    def utilisation(self) -> float:
        """Multiplications over what all multipliers could have done; at most 1."""
        return self.multiplications / (self.macs * self.cycles)

    @property
    def link_utilisation(self) -> float:
        """Share of the cycles in which the bus, or the busiest link, carries something."""
        return self.link.bound_cycles / self.cycles

    def mean(self, kind: str) -> float:
        """Return the mean over neurons of one kind of cycles."""
        total: int = sum(getattr(neuron, kind) for neuron in self.neurons)
        return total / len(self.neurons)
