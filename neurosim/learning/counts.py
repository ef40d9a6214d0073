"""What a learning step takes, as counts, and the graph figures that closed forms are made of.

How operations are counted, by the engines and by the closed forms alike:

* a multiplication is one product of an ``Fma`` or ``Dot``; an addition one sum in them;
  an activation function with its slope is one activation, whatever it takes inside;
* clipping a word is one addition, since comparing is subtracting;
* a division is one quotient or square root, a draw one random sign; what serial algebra at one
  neuron (``Solve``) takes is stated by its rule;
* reads and writes are words of a neuron's own memories; a broadcast operand is read once;
  sending reads, receiving writes;
* a word sent is counted once per neuron that it is sent to; a neuron's messages to itself move
  no word. What the stream writes (inputs and targets) is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from neurosim.model.blocks import Blocks, complete
from neurosim.model.network import Network
from neurosim.model.neuron import Neuron, Surroundings


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
    divisions: int = 0
    draws: int = 0

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


def mean(many: Iterable[tuple[Counts, int]]) -> Counts:
    """Return the mean of counts that come so many times each, to the nearest whole numbers."""
    listed = list(many)
    steps = sum(times for _, times in listed)
    sums = (
        sum(value * times for value, (_, times) in zip(values, listed, strict=True))
        for values in zip(*(vars(each).values() for each, _ in listed), strict=True)
    )
    return Counts(*((2 * each + steps) // (2 * steps) for each in sums))


class Kind(NamedTuple):
    """Units, or inputs, that take part in a step alike: one of them, and the numbers of all."""

    example: Neuron
    numbers: Sequence[int]


@dataclass(frozen=True)
class Census:
    """A network by kinds of alike neurons: all that closed forms are made of, at any size.

    Attributes
    ----------
    kinds, inputs
        Units and inputs by kind.
    network
        What a neuron's program may ask of the network: the network itself, or its description.
    """

    kinds: tuple[Kind, ...]
    inputs: tuple[Kind, ...]
    network: Surroundings

    @classmethod
    def of(cls, network: Network) -> Census:
        """Take the census of a network that is built."""
        alike: dict[Hashable, list[Neuron]] = {}
        edges = len(network.edges)
        for neuron in network.neurons:
            alike.setdefault(_likeness(neuron, edges), []).append(neuron)
        kinds = [Kind(each[0], [neuron.number for neuron in each]) for each in alike.values()]
        return cls._sorted(kinds, network)

    @classmethod
    def described(cls, blocks: Blocks) -> Census:
        """Take the census of a network that is described and not built."""
        kinds = [Kind(blocks.neuron(run.start), run) for run in blocks.runs]
        return cls._sorted(kinds, blocks)

    @classmethod
    def complete(cls, units: int, inputs: int = 1, outputs: int = 1, bias: bool = True) -> Census:
        """Take the census of the fully recurrent network, which has N^2 edges and more."""
        return cls.described(complete(units, inputs, outputs, bias))

    @classmethod
    def _sorted(cls, kinds: Iterable[Kind], network: Surroundings) -> Census:
        listed = tuple(kinds)
        units = tuple(kind for kind in listed if not kind.example.is_input)
        return cls(units, tuple(kind for kind in listed if kind.example.is_input), network)

    def sum(self, each: Callable[[Neuron], int]) -> int:
        """Add up a figure of every unit."""
        return sum(len(kind.numbers) * each(kind.example) for kind in self.kinds)

    @cached_property
    def n(self) -> int:
        """Units."""
        return len(self.network.units)

    @property
    def k(self) -> int:
        """Outputs."""
        return len(self.network.outputs)

    @cached_property
    def edges(self) -> int:
        """Incoming edges of all units."""
        return self.sum(lambda u: u.edges)

    @cached_property
    def heard(self) -> int:
        """Edges that carry a word of activation: all but those of the bias."""
        return self.sum(lambda u: len(u.sources))

    @cached_property
    def between_units(self) -> int:
        """Edges from a unit to a unit, loops included."""
        return self.sum(lambda u: u.unit_sources)

    @cached_property
    def loops(self) -> int:
        """Edges from a unit to itself."""
        return self.sum(lambda u: u.self_slot is not None)

    @cached_property
    def learned(self) -> int:
        """Edges whose weights are learned: all but the fixed ones."""
        return self.sum(lambda u: u.edges - len(u.fixed))

    @cached_property
    def learned_runs(self) -> int:
        """Runs of such edges that follow each other, of all units."""
        return self.sum(lambda u: len(u.learned))

    @cached_property
    def leaky(self) -> int:
        """Units that leak."""
        return self.sum(lambda u: u.leaks)

    @cached_property
    def keeping(self) -> int:
        """Units whose activation holds on to the one of the step before."""
        return self.sum(lambda u: u.keeps)

    @cached_property
    def speaking(self) -> int:
        """Units and inputs that have a target at all."""
        inputs = sum(len(kind.numbers) for kind in self.inputs if kind.example.targets)
        return inputs + self.sum(lambda u: bool(u.targets))


def _likeness(neuron: Neuron, edges: int) -> Hashable:
    """Return what two neurons have in common when a step asks the same of both."""
    return (
        neuron.is_input,
        neuron.edges,
        len(neuron.sources),
        neuron.unit_sources,
        neuron.reciprocal,
        neuron.self_slot is None,
        neuron.is_output,
        neuron.leaks,
        neuron.activation,
        neuron.fixed,
        len(neuron.rivals),
        neuron.kind,
        len(neuron.gated),
        len(neuron.targets),
        len(neuron.output_targets),
        neuron.first_edge == 0,  # RTRL cuts all edges there, and unit 0 adds up what all send
        neuron.first_edge + neuron.edges == edges,
        neuron.self_slot is not None and neuron.number == min(neuron.units),  # and takes turns
        neuron.self_slot is not None and neuron.number == max(neuron.units),
    )
