"""What a chip of lanes does in a step: passes over tables, and the places of all words.

Lanes run in lockstep under one sequencer. A *pass* is one instruction for all of them: which
sources the multiplier takes, where results go, and for every lane a walk of *slots*, one a cycle,
that says which edge and which unit it is about. Every lane has four memories that are read and
written at once: weights, two banks of words with one place an edge, and the unit bank, which holds
words with one place a unit and is the same in all lanes, because only the shared bus writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Source(StrEnum):
    """Where a multiplier's operand comes from, or a result goes."""

    WEIGHT = "weight"  # the weight of the slot's edge
    X = "x"  # a bank of words, one an edge
    Y = "y"  # the other one
    UNIT = "unit"  # the unit bank, at the slot's unit
    SCALAR = "scalar"  # the lane's register, loaded at the start of a neuron's run
    RATE = "rate"
    MINUS_ONE = "minus one"


class Act(IntEnum):
    """What a lane does in one cycle."""

    IDLE = 0
    LOAD = 1  # fill the scalar register, and begin a neuron's run
    WORD = 2  # multiply
    LAST = 3  # multiply; the sum is complete


class Slot(NamedTuple):
    """One cycle of one lane: what to do, and with which edge and unit.

    ``send`` puts a word on the bus besides.
    """

    act: Act
    edge: int = 0
    unit: int = 0
    send: bool = False


class Operand(NamedTuple):
    """A source, the array in it that is meant, and from which word of the array on.

    ``wide`` words are exact sums that have not been narrowed yet.
    """

    source: Source
    array: str = ""
    shift: int = 0
    wide: bool = False


Walk = tuple[Slot, ...]


@dataclass(frozen=True)
class Pass:
    """One instruction: ``to <- plus + left * right`` over the walks of all lanes.

    Attributes
    ----------
    name, phase
        In the terms of the rule's program, and the phase of the step that it belongs to.
    walks
        A walk for each lane, all of one length.
    left, right, plus
        Operands; ``subtract`` takes the product away instead of adding it.
    to
        Array of results: in a bank, or in the unit bank by way of the bus.
    scalar
        What LOAD puts into the scalar register.
    dot
        Whether slots add up until LAST.
    activate
        Whether results go through the activation unit, which writes ``y`` and ``to``.
    to_unit
        Whether results go to the slot's unit rather than to the one that LOAD named.
    send, send_to
        What slots with ``send`` put on the bus, and the unit array that it fills.
    give
        Words sent leave the chip.
    ride, turns
        The array that words on the rotator fill, and by how many lanes it turns in each cycle.
    take
        Words taken from the stream, instead of walks.
    only, alone
        The one lane whose slots send, where walks are the same for all lanes; ``alone`` says that
        the others do not compute either.
    """

    name: str
    phase: str
    walks: tuple[Walk, ...] = ()
    left: Operand | None = None
    right: Operand | None = None
    plus: Operand | None = None
    subtract: bool = False
    to: Operand | None = None
    scalar: Operand | None = None
    dot: bool = False
    activate: bool = False
    to_unit: bool = False
    send: Operand | None = None
    send_to: str = ""
    give: bool = False
    ride: str = ""
    turns: tuple[int, ...] = ()
    take: int = 0
    only: int | None = None
    alone: bool = False

    @property
    def length(self) -> int:
        """Cycles from its first slot to its last."""
        return self.take or len(self.walks[0])

    @property
    def multiplications(self) -> int:
        """Products that the pass is there for."""
        if self.left is None or self.right is None or self.subtract:
            return 0
        return sum(slot.act >= Act.WORD for walk in self.active for slot in walk)

    @property
    def active(self) -> tuple[Walk, ...]:
        """The walks with what the lanes do: nothing where another is alone."""
        if not self.alone:
            return self.walks
        idle = (Slot(Act.IDLE),) * self.length
        return tuple(w if lane == self.only else idle for lane, w in enumerate(self.walks))

    def sends(self, slot: Slot, lane: int) -> bool:
        """Whether a lane's slot puts a word on the bus."""
        return slot.send and self.send is not None and self.only in (None, lane)
