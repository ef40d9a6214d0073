"""The registers: one description, of which the Verilog and all that is read beside it are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from myhdl_core.axi.interface import BITS, Interface

#: What a chip of this kind answers at address 0: ``NSIM``.
IDENTITY = 0x4E53494D
#: Of this map of registers. Programs made for another major version must not go on.
MAJOR, MINOR = 1, 0
#: Byte addresses from here on belong to what changes; below it everything is a constant.
LIVE = 0x40


class Access(Enum):
    """What a field does when it is read and written; the value is the usual short name."""

    CONSTANT = "constant"
    READ = "ro"
    WRITE = "rw"
    PULSE = "w1"
    EVENT = "w1c"


@dataclass(frozen=True)
class Field:
    """Some bits of a register.

    Attributes
    ----------
    name
        In small letters.
    low, bits
        Lowest bit, and how many.
    meaning
        For the table.
    access
        A pulse is given where a one is written, and reads as zero. An event stays one until a one
        is written to it.
    value
        Of a constant; of a field that is written, what it holds after a reset.
    kept
        Of an event: whether the registers keep it. The core keeps ``saturated`` itself.
    """

    name: str
    low: int
    bits: int
    meaning: str
    access: Access = Access.CONSTANT
    value: int = 0
    kept: bool = True

    @property
    def mask(self) -> int:
        """The field's bits in the register."""
        return (1 << self.bits) - 1 << self.low


@dataclass(frozen=True)
class Register:
    """32 bits at an address, a multiple of four."""

    name: str
    offset: int
    meaning: str
    fields: tuple[Field, ...]

    @property
    def value(self) -> int:
        """What it holds after a reset; of constants always."""
        return sum((f.value & f.mask >> f.low) << f.low for f in self.fields)

    @property
    def constant(self) -> bool:
        """Whether it always holds the same."""
        return all(field.access is Access.CONSTANT for field in self.fields)

    @property
    def written(self) -> bool:
        """Whether writing to it does anything; elsewhere a write is an error."""
        return any(f.access in (Access.WRITE, Access.PULSE, Access.EVENT) for f in self.fields)


def registers(chip: Interface) -> tuple[Register, ...]:
    """Return all registers of a chip, in the order of their addresses.

    Raises
    ------
    ValueError
        When two fields or registers are at one place, or a constant has no room.
    """
    found = (*_constants(chip), *_live(chip))
    _check(found)
    return found


def fields_with(listed: tuple[Register, ...], *access: Access) -> Iterator[tuple[Register, Field]]:
    """Yield the fields with one of these kinds of access, each with its register."""
    return ((r, f) for r in listed for f in r.fields if f.access in access)


def _pair(name: str, offset: int, meaning: str, low: Field, high: Field) -> Register:
    return Register(name, offset, meaning, (low, high))


def _whole(name: str, offset: int, meaning: str, value: int) -> Register:
    return Register(name, offset, meaning, (Field("value", 0, BITS, meaning, value=value),))


def _half(name: str, high: int, meaning: str, value: int) -> Field:
    return Field(name, 16 * high, 16, meaning, value=value)


def _byte(name: str, number: int, meaning: str, value: int) -> Field:
    return Field(name, 8 * number, 8, meaning, value=value)


def _constants(chip: Interface) -> tuple[Register, ...]:
    w, x, y, u = chip.depths
    return (
        _whole("id", 0x00, "tells that this is such a chip", IDENTITY),
        _pair("version", 0x04, "of this map of registers",
              _half("minor", 0, "grows when something is added", MINOR),
              _half("major", 1, "grows when something is not as before", MAJOR)),
        _whole("map", 0x08, "the first 32 bits of the SHA-256 of map.csv", chip.layout),
        _pair("neurons", 0x0C, "how many there are",
              _half("units", 0, "neurons", chip.units), _half("lanes", 1, "lanes", chip.lanes)),
        _pair("sample", 0x10, "words of a step",
              _half("inputs", 0, "inputs", chip.inputs),
              _half("outputs", 1, "outputs, and as many targets", chip.outputs)),
        _whole("edges", 0x14, "how many weights there are", chip.edges),
        Register("format", 0x18, "of the numbers", (
            _byte("word_bits", 0, "bits of a word", chip.word_bits),
            _byte("fraction_bits", 1, "of them behind the point", chip.fraction_bits),
            _byte("weight_bits", 2, "bits of a weight", chip.weight_bits),
            _byte("weight_fraction_bits", 3, "of them behind the point",
                  chip.weight_fraction_bits))),
        _whole("learning_cycles", 0x1C, "cycles of a step with learning on", chip.learning_cycles),
        _whole("inference_cycles", 0x20, "cycles of a step with learning off",
               chip.inference_cycles),
        _whole("depth_weights", 0x24, "words that a lane has in bank 0", w),
        _whole("depth_x", 0x28, "words that a lane has in bank 1", x),
        _whole("depth_y", 0x2C, "words that a lane has in bank 2", y),
        _whole("depth_units", 0x30, "words that a lane has in bank 3", u),
        Register("window", 0x34, "how addresses in the window are made", (
            _byte("base_bits", 0, "the window begins at two to this power", chip.base_bits),
            _byte("word_shift", 1, "bits of a byte address below a word's", chip.word_shift),
            _byte("address_bits", 2, "bits of a word's address in a bank", chip.address_bits))),
    )  # fmt: skip


def _live(chip: Interface) -> tuple[Register, ...]:
    def bit(name: str, n: int, meaning: str, access: Access, value: int = 0) -> Field:
        return Field(name, n, 1, meaning, access, value)

    return (
        Register("control", LIVE, "what steps do", (
            bit("enable", 0, "steps begin as samples come", Access.WRITE),
            bit("learn", 1, "steps learn; taken over when a step begins", Access.WRITE, 1))),
        Register("command", LIVE + 0x04, "does what ones are written for; reads as zero", (
            bit("start", 0, "do one step, as soon as there is a sample", Access.PULSE),
            bit("clear", 1, "write zero to all memories, after a step that runs", Access.PULSE),
            bit("reset", 2, "begin anew: as aresetn, but whole answers still go out",
                Access.PULSE))),
        Register("status", LIVE + 0x08, "what the chip does", (
            bit("busy", 0, "a step or a clear runs or is about to; the window is closed",
                Access.READ),
            bit("waiting", 1, "start was given, and no step began yet", Access.READ),
            bit("sample", 2, "there is a whole sample that no step has used", Access.READ),
            bit("answer", 3, "there is a whole answer that was not taken", Access.READ),
            Field("phase", 8, chip.phase_bits, "phase of the step", Access.READ))),
        Register("events", LIVE + 0x0C, "what happened since a one was written here", (
            Field("saturated", 0, 1, "a result was clipped; clear and reset forget it too",
                  Access.EVENT, kept=False),
            bit("short", 1, "a sample was dropped: tlast came too early", Access.EVENT),
            bit("long", 2, "a sample was dropped: no tlast on its last word", Access.EVENT))),
        Register("rate", LIVE + 0x10, "learning rate; taken over when a step begins", (
            Field("value", 0, chip.word_bits - 1,
                  f"unsigned, {chip.word_bits - 1} bits behind the point", Access.WRITE,
                  chip.rate),)),
        Register("steps", LIVE + 0x14, "steps done since the reset or the last clear", (
            Field("value", 0, BITS, "begins again at zero after 2^32", Access.READ),)),
        Register("cycles", LIVE + 0x18, "cycles of the step that runs, or of the last one", (
            Field("value", 0, BITS, "cycles", Access.READ),)),
    )  # fmt: skip


def _check(listed: tuple[Register, ...]) -> None:
    taken: set[int] = set()
    for r in listed:
        if r.offset in taken or r.offset % 4 or r.constant != (r.offset < LIVE):
            raise ValueError(f"register {r.name}: {r.offset:#x} is no place for it")
        taken.add(r.offset)
        masks = 0
        for f in r.fields:
            if masks & f.mask or f.mask >> BITS:
                raise ValueError(f"register {r.name}: no room for {f.name}")
            if not 0 <= f.value < 1 << f.bits:
                raise ValueError(f"register {r.name}: {f.name} has no room for {f.value}")
            masks |= f.mask
