"""A neuron: a unit of the network as its own program sees it, and the memories it owns.

A neuron knows itself, its edges, and the numbers of its neighbours; nothing else. The sources of
its incoming edges stand in *slots*, always in this order::

    reciprocal neighbours | itself | other units | inputs | bias

with the reciprocal neighbours (an edge each way) in the order in which the neuron's targets begin
too, so that whatever belongs to both directions of an edge is one contiguous run of words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, Protocol

from neurosim.model.arithmetic import Format
from neurosim.model.kinds import KINDS, LIF, PLAIN
from neurosim.model.operations import Words


class Role(StrEnum):
    """Why a memory is there, which decides how its words are counted."""

    WEIGHT = "weight"
    ACTIVATION = "activation"
    STORED = "stored"  # what the rule keeps from one step to the next
    BUFFER = "buffer"  # what it needs in between
    INBOX = "inbox"  # the same, filled by messages
    CONSTANT = "constant"


class Memory(NamedTuple):
    """A named memory of one neuron.

    ``by_reference`` marks a message buffer that a message always fills whole: the engine then
    hands the message over instead of copying it. ``per_unit`` marks a word of the neuron itself,
    where others hold a word for each of its edges, even if it has a single one.
    """

    name: str
    words: int
    role: Role = Role.BUFFER
    form: Format = Format.WORD
    by_reference: bool = False
    per_unit: bool = False

    def all(self) -> Words:
        """Return the whole memory as an operand."""
        return Words(self.name, 0, self.words)


@dataclass(frozen=True)
class Neuron:
    """One unit or input of a network.

    Attributes
    ----------
    number, name
        Its place in the network: units first, then inputs; and the user's name for it.
    sources
        Numbers of the neurons its incoming edges come from, by slot, the bias left out.
    targets
        Numbers of the units its outgoing edges go to, reciprocal neighbours first.
    edges
        How many incoming edges it has: ``len(sources)``, and one more with a bias.
    first_edge
        Where its edges begin in ``network.edges``.
    reciprocal, unit_sources
        How many slots belong to reciprocal neighbours, and to units at all.
    self_slot
        The slot of its edge to itself, or None.
    output
        Its place among the network's outputs, or None.
    output_targets
        Those of its targets that are outputs.
    is_input
        Whether it only passes on a word of the stream.
    leak, activation
        a and f in ``y <- (1 - a) y + a f(s)``.
    amid_leaks
        Whether any unit of the network leaks.
    fixed
        Slots of edges whose weight is not learned.
    rivals
        Numbers of the other outputs that share a softmax with this one.
    kind
        Its kind of unit, of ``KINDS``.
    gates, gated
        Numbers of the units that act on it within a tick, and of those on which it acts.
    """

    number: int
    name: str
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    edges: int
    first_edge: int
    reciprocal: int
    unit_sources: int
    self_slot: int | None
    output: int | None
    output_targets: tuple[int, ...]
    is_input: bool = False
    leak: float = 1.0
    activation: str = "tanh"
    amid_leaks: bool = False
    fixed: tuple[int, ...] = ()
    rivals: tuple[int, ...] = ()
    kind: str = PLAIN
    gates: tuple[int, ...] = ()
    gated: tuple[int, ...] = ()

    @property
    def leaks(self) -> bool:
        """Whether its activation leaks into the one of the step before: a plain unit's."""
        return self.leak != 1.0 and self.kind == PLAIN

    @property
    def keeps(self) -> bool:
        """Whether its activation holds on to the one of the step before, by leak or by gate."""
        return self.leaks or KINDS[self.kind].keeps

    @property
    def spikes(self) -> bool:
        """Whether it integrates and fires."""
        return self.kind == LIF

    @property
    def learned(self) -> tuple[tuple[int, int], ...]:
        """Runs of slots whose weights are learned: where each begins, and how long it is."""
        cuts = (-1, *self.fixed, self.edges)
        return tuple((a + 1, b - a - 1) for a, b in pairwise(cuts) if b > a + 1)

    @property
    def reciprocals(self) -> tuple[int, ...]:
        """The neurons joined to this one by an edge each way."""
        return self.sources[: self.reciprocal]

    @property
    def units(self) -> tuple[int, ...]:
        """The units among its sources."""
        return self.sources[: self.unit_sources]

    @property
    def has_bias(self) -> bool:
        """Whether its last slot holds the constant 1."""
        return self.edges > len(self.sources)

    @property
    def is_output(self) -> bool:
        """Whether the network's error is measured at this neuron."""
        return self.output is not None


class Surroundings(Protocol):
    """What a neuron's program may ask of the network around it, built or only described."""

    def __hash__(self) -> int:
        """What follows from a network is found once and remembered."""

    @property
    def units(self) -> Sized:
        """The units."""

    @property
    def edges(self) -> Sized:
        """The edges."""

    @property
    def outputs(self) -> Sequence[str]:
        """Names of the outputs, in order."""

    @property
    def numbers(self) -> Mapping[str, int]:
        """The number of every output, at least."""

    @property
    def neurons(self) -> Sequence[Neuron]:
        """The units and inputs by number."""
