"""Microprograms: what the sequencer goes through in a step, as frozen data and as ROM words.

An *instruction* is one pass over a section of the *table*. Every lane has a table of its own, which
says what the lane does in each cycle of the pass; the instruction says what all lanes have in
common. Nothing here knows MyHDL: the assembler, the emitter and the tests share this file.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Act(IntEnum):
    """What a lane does in a cycle."""

    IDLE = 0
    LOAD = 1
    WORD = 2
    LAST = 3


class Left(IntEnum):
    """Left factor of the product."""

    W = 0
    U = 1
    K = 2
    Y = 3
    CONSTANT = 4


class Right(IntEnum):
    """Right factor of the product."""

    X = 0
    Y = 1
    U = 2
    K = 3


class Plus(IntEnum):
    """What the product is added to; ``W`` is the full weight, ``X_WIDE`` a sum kept exactly."""

    NONE = 0
    X = 1
    Y = 2
    U = 3
    W = 4
    X_WIDE = 5


class To(IntEnum):
    """Where a result goes.

    ``ACTIVATION`` is the up bus and the activation unit behind it; ``X_WIDE`` keeps a sum as it is,
    with the half that rounding adds.
    """

    NOTHING = 0
    X = 1
    Y = 2
    W = 3
    BUS = 4
    ACTIVATION = 5
    X_WIDE = 6


class SendFrom(IntEnum):
    """What entries with ``send`` put on the up bus."""

    W = 0
    U = 1
    X = 2
    Y = 3


class Fresh(IntEnum):
    """Half of the unit bank that an offset means: as it stands, of the step before, of this one."""

    PLAIN = 0
    OLD = 1
    NEW = 2


class Instruction(NamedTuple):
    """One pass of all lanes over a section of their tables.

    ``gap`` idle cycles precede its entries ``start .. start + length - 1``. The section is empty
    where ``take`` (the words of the input stream, one a cycle) or ``end`` is set. ``hush`` and
    ``still`` have a bit for every lane that does not send, or does nothing at all; with ``mute`` no
    lane sends. The meaning of
    the other fields stands with the enumerations of this file; offsets count words.
    """

    gap: int = 0
    start: int = 0
    length: int = 0
    end: int = 0
    phase: int = 0
    left: int = 0
    right: int = 0
    plus: int = 0
    subtract: int = 0
    dot: int = 0
    weight: int = 0
    constant: int = 0
    x_offset: int = 0
    y_offset: int = 0
    u_offset: int = 0
    load_offset: int = 0
    load_weight: int = 0
    u_fresh: int = 0
    load_fresh: int = 0
    to: int = 0
    to_offset: int = 0
    to_unit: int = 0
    send_from: int = 0
    send_offset: int = 0
    give: int = 0
    ride: int = 0
    take: int = 0
    hush: int = 0
    mute: int = 0
    still: int = 0

    @property
    def cycles(self) -> int:
        """Cycles that it takes when the input stream keeps up."""
        return self.gap + (0 if self.end else self.length)


class Shape(NamedTuple):
    """Numbers that fix the circuit: lanes, widths, depths of the banks in words.

    ``half`` is the power of two that separates the unit words of two successive steps.
    ``constant`` and ``linear`` give the slope of the activation function from its value.
    ``table_bits``: the activation table has ``2^table_bits`` intervals (at most ``2^word_bits``).
    ``units`` counts places for units; ``bias`` is 1 where the constant one is an input word.
    ``far`` is 1 where a unit of an instruction with ``ride`` has one bit more than ``unit_bits``:
    the one that says ``send`` elsewhere.
    """

    lanes: int
    units: int
    inputs: int
    targets: int
    word_bits: int
    fraction_bits: int
    weight_bits: int
    weight_fraction_bits: int
    edge_bits: int
    unit_bits: int
    w_depth: int
    x_depth: int
    y_depth: int
    u_depth: int
    half: int
    activation: str = "tanh"
    constant: int = 1
    linear: int = 0
    table_bits: int = 9
    bias: int = 1
    far: int = 0

    @property
    def entry_bits(self) -> int:
        """Bits of a table entry."""
        return 3 + self.edge_bits + self.unit_bits


class Entry(NamedTuple):
    """What one lane does in one cycle."""

    act: int = 0
    send: int = 0
    edge: int = 0
    unit: int = 0


def pack_entry(entry: Entry, shape: Shape) -> int:
    """Return ``act | send | edge | unit`` as one word, act in the highest bits.

    Where units may be far, ``send`` is the highest bit of a unit that is.

    Raises
    ------
    ValueError
        When a number does not fit in its bits.
    """
    if shape.far and not entry.send:
        entry = entry._replace(
            send=entry.unit >> shape.unit_bits, unit=entry.unit & (1 << shape.unit_bits) - 1
        )
    word = 0
    for value, bits in zip(entry, (2, 1, shape.edge_bits, shape.unit_bits), strict=True):
        if not 0 <= value < 1 << bits:
            raise ValueError(f"{entry}: {value} does not fit in {bits} bits")
        word = word << bits | value
    return word


def unpack_entry(word: int, shape: Shape, ride: int = 0) -> Entry:
    """Return the entry that ``pack_entry`` made ``word`` of, for an instruction with ``ride``."""
    unit = word & (1 << shape.unit_bits) - 1
    edge = word >> shape.unit_bits & (1 << shape.edge_bits) - 1
    high = word >> shape.unit_bits + shape.edge_bits
    if ride and shape.far:
        return Entry(high >> 1, 0, edge, unit | (high & 1) << shape.unit_bits)
    return Entry(high >> 1, high & 1, edge, unit)


class Microprogram(NamedTuple):
    """A whole program: instructions, and a table of packed entries for every lane.

    ``turns[k]`` is how far the rotator turns the word of the k-th entry of an instruction with
    ``ride``. ``entry_learn`` and ``entry_infer`` are the indices of the two first instructions.
    """

    shape: Shape
    instructions: tuple[Instruction, ...]
    entry_learn: int
    entry_infer: int
    tables: tuple[tuple[int, ...], ...]
    turns: tuple[int, ...] = ()

    def cycles(self, learn: bool) -> int:
        """Cycles of a step when the input stream keeps up."""
        total = 0
        for instruction in self.instructions[self.entry_learn if learn else self.entry_infer :]:
            total += instruction.cycles
            if instruction.end:
                break
        return total
