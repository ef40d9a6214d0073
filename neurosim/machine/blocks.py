"""Block RAMs that a memory takes of a part, exactly as Yosys maps it (pass `memory_libmap`).

A memory of some words is laid into blocks of one width, chosen by cost: blocks, then the
multiplexers and decoders that sections of words need which lie one behind the other. Words of a RAM
begin at a bit that can be written alone; those of a ROM lie bit by bit, so that a block can hold
the last bits of one section and the first of the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil
from typing import NamedTuple

# Bits and words up to which a ROM is logic, as it takes few lookup tables and many short block
# RAMs; above both, it asks for block RAM (`myhdl_core/leaves.py`).
SMALL_ROM_BITS = 512
FEW_ROM_WORDS = 32
# What Yosys adds to the cost of blocks for each bit of a multiplexer or decoder behind them.
_LOGIC_COST = 0.5


class BlockKind(NamedTuple):
    """A way in which a family's block RAM can be used.

    Attributes
    ----------
    address_bits
        Of an address when words are as narrow as they can be.
    widths
        Bits of a word that it can have, each twice as wide as the one before, or nearly.
    granule
        Bits that are written together, 0 for whole words.
    narrowest
        The narrowest width with which it is a RAM; any for a ROM.
    cost, blocks, lut_rams
        What Yosys takes it to cost, and the block RAMs or the memories of LUTs that it is.
    cost_of_bits
        The part of that cost that is for the bits of a word in use (`widthscale`); the rest is for
        any.
    """

    address_bits: int
    widths: tuple[int, ...]
    granule: int
    narrowest: int
    cost: int
    blocks: int
    lut_rams: int = 0
    cost_of_bits: int = 0


class Mapped(NamedTuple):
    """A memory in block RAMs.

    Attributes
    ----------
    blocks
        Block RAMs; none where it is logic.
    sections
        Parts of its words that lie one behind the other, between which logic chooses.
    lut_rams
        Memories of LUTs.
    """

    blocks: int
    sections: int
    lut_rams: int = 0


def mapped(
    words: int, bits: int, rom: bool, kinds: Iterable[BlockKind], kept: int | None = None
) -> Mapped:
    """Return how a memory with a read port, and a write port unless it is a ROM, is mapped.

    Parameters
    ----------
    words, bits, rom
        What it holds.
    kinds
        Those of the family, in the order in which Yosys tries them: the first of the cheapest is
        taken.
    kept
        The bits of a ROM that differ between its words, as it stores no others; all by default.
    """
    kept = bits if kept is None else kept
    is_logic = rom and (words <= FEW_ROM_WORDS or words * bits <= SMALL_ROM_BITS)
    if not kept or is_logic:
        return Mapped(0, 0)
    ways = (way for kind in kinds for way in _ways(words, kept, rom, kind))
    return min(ways, key=lambda way: way[0])[1]


def mapped_anywhere(words: int, bits: int, kinds: Iterable[BlockKind]) -> Mapped:
    """Return how a RAM is mapped that may be of flip-flops too, as ``mapped`` says of others.

    It is of these where neither field of the result counts anything, and where a memory would
    cost as much.
    """
    ways = (way for kind in kinds for way in _ways(words, bits, False, kind))
    flip_flops = float(words * bits), Mapped(0, 0)
    return min((flip_flops, *ways), key=lambda way: way[0])[1]


def _ways(words: int, bits: int, rom: bool, kind: BlockKind) -> Iterator[tuple[float, Mapped]]:
    """Yield what each width costs, and how many blocks it takes."""
    for n, width in enumerate(kind.widths):
        if not rom and width < kind.narrowest:
            continue
        granule = 1 if rom else min(kind.granule or width, width)
        sections = ceil(words / (1 << kind.address_bits - n))
        stored = sections * ceil(bits / granule) * granule
        count = ceil(stored / width)
        decoded = 0 if rom or sections == 1 else sections
        logic = (sections - 1) * bits + decoded
        unused_part = (count * width - sections * bits) / width
        yield (
            kind.cost * count - kind.cost_of_bits * unused_part + _LOGIC_COST * logic,
            Mapped(count * kind.blocks, sections, count * kind.lut_rams),
        )
