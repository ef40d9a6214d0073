"""Parts of the market: whether a chip can fit at all, from its memories and multipliers alone.

An estimate to refuse early what is hopeless; logic and timing are for synthesis to say. The totals
are those of Lattice FPGA-DS-02012 (ECP5), FPGA-DS-02029 (iCE40 HX) and FPGA-DS-02008 (iCE40
UltraPlus), with the block RAM shapes of Yosys' ``techlibs``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from neurosim.errors import UserError, nearest

# Below this many bits a ROM is logic.
SMALL_ROM_BITS = 512


@dataclass(frozen=True)
class Part:
    """A part: its block RAMs and multipliers.

    Attributes
    ----------
    title
        As its maker calls it.
    blocks, shapes
        Block RAMs, and the (depth, width) that one can have with a read and a write port.
    multipliers, operand_bits
        Signed multipliers, and the bits of each of their two operands.
    cells
        Logic cells, of which a part without multipliers makes them.
    """

    title: str
    blocks: int
    shapes: tuple[tuple[int, int], ...]
    multipliers: int
    operand_bits: int
    cells: int


_ECP5 = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))
_ICE40 = ((2048, 2), (1024, 4), (512, 8), (256, 16))
PARTS = {
    "ecp5-25f": Part("Lattice ECP5 LFE5U-25F", 56, _ECP5, 28, 18, 24_288),
    "ecp5-45f": Part("Lattice ECP5 LFE5U-45F", 108, _ECP5, 72, 18, 43_848),
    "ecp5-85f": Part("Lattice ECP5 LFE5U-85F", 208, _ECP5, 156, 18, 83_640),
    "ice40-up5k": Part("Lattice iCE40 UP5K", 30, _ICE40, 8, 16, 5_280),
    "ice40-hx8k": Part("Lattice iCE40 HX8K", 32, _ICE40, 0, 16, 7_680),
}


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


def part_named(name: str) -> Part:
    """Return the part of that name.

    Raises
    ------
    UserError
        When it is not in the table.
    """
    if name.lower() not in PARTS:
        raise UserError(f"--part {name}: unknown.{nearest(name, PARTS)} Known: {', '.join(PARTS)}.")
    return PARTS[name.lower()]


@dataclass(frozen=True)
class Fit:
    """How much of a part's block RAMs and multipliers a chip takes."""

    part: str
    blocks: int
    blocks_there: int
    multipliers: int
    multipliers_there: int


def fitted(part: Part, memories: Iterable[Memory], lanes: int, word_bits: int) -> Fit:
    """Return what a chip takes of a part: one product a lane, and one in the activation unit.

    Raises
    ------
    UserError
        When the part has less than that.
    """
    blocks = sum(memory.blocks(part) for memory in memories)
    if blocks > part.blocks:
        raise UserError(
            f"--part: the chip needs about {blocks:,} block RAMs, and {part.title} has"
            f" {part.blocks}. Use fewer units, narrower words or another part."
        )
    products = lanes + 1
    if not part.multipliers:
        cells = products * word_bits**2  # an adder of a word's width for every bit of the other
        if cells > part.cells:
            raise UserError(
                f"--part: {part.title} has no multipliers, and {products} made of logic take about"
                f" {cells:,} of its {part.cells:,} cells. Use fewer --lanes or another part."
            )
        return Fit(part.title, blocks, part.blocks, 0, 0)
    needed = products * ceil(word_bits / part.operand_bits) ** 2
    if needed > part.multipliers:
        raise UserError(
            f"--part: the chip needs {needed} multipliers for {lanes} lanes of {word_bits} bits and"
            f" the activation unit, and {part.title} has {part.multipliers}. Use fewer --lanes,"
            " narrower words or another part."
        )
    return Fit(part.title, blocks, part.blocks, needed, part.multipliers)
