"""Parts of the market: whether a chip can fit at all, from its memories and multipliers alone.

An estimate to refuse early what is hopeless; logic and timing are for synthesis to say. The parts
stand in ``tables/parts.toml`` with their citations.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from neurosim.errors import UserError, nearest

TABLE = Path(__file__).with_name("tables") / "parts.toml"
# Below this many bits a ROM is logic.
SMALL_ROM_BITS = 512


@dataclass(frozen=True)
class Part:
    """A part: its block RAMs and multipliers.

    Attributes
    ----------
    name, title
        As it is called here, and by its maker.
    blocks, shapes
        Block RAMs, and the (depth, width) that one can have with a read and a write port.
    multipliers, operand_bits
        Signed multipliers, and the bits of each of their two operands.
    cells
        Logic cells, of which a part without multipliers makes them.
    source, status
        Where these numbers are from, and how far they were checked.
    """

    name: str
    title: str
    blocks: int
    shapes: tuple[tuple[int, int], ...]
    multipliers: int
    operand_bits: tuple[int, int]
    cells: int
    source: str
    status: str

    def products(self, word_bits: int) -> int:
        """Return how many products of two words its multipliers, or else its cells, are for."""
        if not self.multipliers:
            return self.cells // word_bits**2
        return self.multipliers // self.multipliers_of(word_bits)

    def multipliers_of(self, word_bits: int) -> int:
        """Return the multipliers that a product of two words takes."""
        one, other = self.operand_bits
        return ceil(word_bits / one) * ceil(word_bits / other)


@dataclass(frozen=True)
class Memory:
    """A memory of the chip: how often it is there, its words, and the bits of each."""

    name: str
    count: int
    words: int
    bits: int
    rom: bool = False

    def blocks(self, part: Part) -> int:
        """Return the block RAMs of a part that all of them take."""
        if self.rom and self.words * self.bits <= SMALL_ROM_BITS:
            return 0
        one = min(ceil(self.words / d) * ceil(self.bits / w) for d, w in part.shapes)
        return self.count * one


@dataclass(frozen=True)
class Fit:
    """How much of a part's block RAMs and multipliers a chip of some lanes takes.

    ``why`` says what there is too little of; it is empty where the chip fits.
    """

    part: str
    lanes: int
    blocks: int
    blocks_there: int
    multipliers: int
    multipliers_there: int
    why: str = ""

    @property
    def fits(self) -> bool:
        """Whether there is enough of both."""
        return not self.why

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name, without an empty reason."""
        return {name: value for name, value in asdict(self).items() if value != ""}


def _read() -> dict[str, Part]:
    tables = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    parts = {}
    for name, row in tables["parts"].items():
        family = tables["families"][row["family"]]
        parts[name] = Part(
            name=name,
            title=row["title"],
            blocks=row["blocks"],
            shapes=tuple((depth, width) for depth, width in family["shapes"]),
            multipliers=row["multipliers"],
            operand_bits=(family["operand_bits"][0], family["operand_bits"][1]),
            cells=row["cells"],
            source=family["cite"],
            status=row["status"],
        )
    return parts


PARTS = _read()


def part_named(name: str, where: str = "--part") -> Part:
    """Return the part of that name; ``where`` opens the message of the error.

    Raises
    ------
    UserError
        When it is not in the table.
    """
    if name.lower() not in PARTS:
        known = ", ".join(PARTS)
        raise UserError(f"{where} {name}: unknown.{nearest(name, PARTS)} Known: {known}.")
    return PARTS[name.lower()]


def fit(part: Part, memories: Iterable[Memory], lanes: int, word_bits: int) -> Fit:
    """Return what a chip takes of a part: one product a lane, and one in the activation unit."""
    blocks = sum(memory.blocks(part) for memory in memories)
    products = lanes + 1
    needed = products * part.multipliers_of(word_bits) if part.multipliers else 0
    why = ""
    if blocks > part.blocks:
        why = (
            f"the chip needs about {blocks:,} block RAMs, and {part.title} has {part.blocks}."
            " Use fewer units, narrower words or another part."
        )
    elif needed > part.multipliers:
        why = (
            f"the chip needs {needed} multipliers for {lanes} lanes of {word_bits} bits and the"
            f" activation unit, and {part.title} has {part.multipliers}. Use fewer --lanes,"
            " narrower words or another part."
        )
    elif products > part.products(word_bits):
        # a multiplier of logic is an adder of a word's width for every bit of the other
        why = (
            f"{part.title} has no multipliers, and {products} made of logic take about"
            f" {products * word_bits**2:,} of its {part.cells:,} cells. Use fewer --lanes or"
            " another part."
        )
    return Fit(part.title, lanes, blocks, part.blocks, needed, part.multipliers, why)


def fitted(part: Part, memories: Iterable[Memory], lanes: int, word_bits: int) -> Fit:
    """Return what a chip takes of a part, as ``fit`` does.

    Raises
    ------
    UserError
        When the part has less than that.
    """
    found = fit(part, memories, lanes, word_bits)
    if not found.fits:
        raise UserError(f"--part: {found.why}")
    return found
