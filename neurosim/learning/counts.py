"""What a learning step takes, as counts, and the graph figures that closed forms are made of.

How operations are counted, by the engines and by the closed forms alike:

* a multiplication is one product of an ``Fma`` or ``Dot``; an addition one sum in them;
  an activation function with its slope is one activation, whatever it takes inside;
* reads and writes are words of a neuron's own memories; a broadcast operand is read once;
  sending reads, receiving writes;
* a word sent is counted once per neuron that it is sent to; a neuron's messages to itself move
  no word. What the stream writes (inputs and targets) is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from neurosim.model.network import Network
from neurosim.model.neuron import Neuron


@dataclass(frozen=True)
class Counts:
    """Counts of one learning step of a whole network, in operations and words."""

    multiplications: int = 0
    additions: int = 0
    activations: int = 0
    reads: int = 0
    writes: int = 0
    words_sent: int = 0
    words_received: int = 0
    words_broadcast: int = 0
    stored_words: int = 0
    buffer_words: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Add field by field."""
        return total((self, other))

    @property
    def local_access_ratio(self) -> float:
        """Accesses to a neuron's own memories over all, words from other neurons included."""
        local = self.reads + self.writes
        return local / (local + self.words_sent) if local else 1.0


def total(many: Iterable[Counts]) -> Counts:
    """Add up counts field by field."""
    return Counts(*map(sum, zip(*(vars(each).values() for each in many), strict=True)))


@dataclass(frozen=True)
class Census:
    """Sums over the units of a network, from which the closed forms are made."""

    network: Network

    @cached_property
    def units(self) -> tuple[Neuron, ...]:
        """The units, without the inputs."""
        return self.network.neurons[: len(self.network.units)]

    @property
    def n(self) -> int:
        """Units."""
        return len(self.units)

    @property
    def k(self) -> int:
        """Outputs."""
        return len(self.network.outputs)

    @cached_property
    def edges(self) -> int:
        """Incoming edges of all units."""
        return sum(u.edges for u in self.units)

    @cached_property
    def heard(self) -> int:
        """Edges that carry a word of activation: all but those of the bias."""
        return sum(len(u.sources) for u in self.units)

    @cached_property
    def between_units(self) -> int:
        """Edges from a unit to a unit, loops included."""
        return sum(u.unit_sources for u in self.units)

    @cached_property
    def loops(self) -> int:
        """Edges from a unit to itself."""
        return sum(u.self_slot is not None for u in self.units)

    @cached_property
    def reciprocal(self) -> int:
        """Edges whose reverse is there too, loops excluded."""
        return sum(u.reciprocal for u in self.units)

    @cached_property
    def speaking(self) -> int:
        """Units and inputs that have a target at all."""
        return sum(bool(u.targets) for u in self.network.neurons)

    @cached_property
    def output_units(self) -> tuple[Neuron, ...]:
        """The units that are outputs."""
        return tuple(u for u in self.units if u.is_output)
