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
    """Words that went through one memory, of a neuron or of the chip."""

    name: str
    reads: int = 0
    writes: int = 0
    busy_cycles: int = 0


@dataclass
class LinkActivity:
    """What the bus, or the links together, carried."""

    name: str
    bursts: int = 0
    words: int = 0
    busy_cycles: int = 0
    waited_cycles: int = 0


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
    compute_bound, memory_bound, link_bound, barrier_bound
        Cycles that the busiest lane, the busiest shared memory, the bus and the barrier take at
        the least: lower bounds of ``cycles``.
    words_received, hop_words
        Words that arrived at other neurons, and links they crossed on the way.
    events
        SimPy events that the step took to simulate.
    """

    cycles: int
    neurons: list[NeuronActivity]
    banks: dict[str, BankActivity]
    link: LinkActivity
    phases: Counter[tuple[str, str]] = field(default_factory=Counter)
    multiplications: int = 0
    macs: int = 1
    compute_bound: int = 0
    memory_bound: int = 0
    link_bound: int = 0
    barrier_bound: int = 0
    words_received: int = 0
    hop_words: int = 0
    events: int = 0

    @property
    def utilisation(self) -> float:
        """Multiplications over what all multipliers could have done; at most 1."""
        return self.multiplications / (self.macs * self.cycles)

    def mean(self, kind: str) -> float:
        """Return the mean over neurons of one kind of cycles."""
        total: int = sum(getattr(neuron, kind) for neuron in self.neurons)
        return total / len(self.neurons)
