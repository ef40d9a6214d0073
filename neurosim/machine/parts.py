"""Parts of the market: whether a chip fits, from its memories, its multipliers and its logic.

Block RAMs and multipliers are those that Yosys takes; timing is for placement to say. The parts
stand in ``tables/parts.toml`` with their citations, and with what the tools call them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from neurosim.errors import UserError, nearest
from neurosim.machine.blocks import BlockKind, Mapped, mapped, mapped_anywhere
from neurosim.machine.multipliers import Cut, MultiplierKind, product_of
from neurosim.model.fixed import Fixed

TABLE = Path(__file__).with_name("tables") / "parts.toml"


@dataclass(frozen=True)
class Part:
    """A part: its block RAMs and multipliers.

    Attributes
    ----------
    name, title
        As it is called here, and by its maker.
    blocks, block_kinds
        Block RAMs, and the ways in which they are used.
    lut_ram_kinds
        Ways in which LUTs are used as memories.
    multipliers, multiplier_kinds
        Multipliers, and the ways in which they are used.
    cells, lut_inputs
        LUTs, and the inputs of one.
    source, status
        Where these numbers are from, and how far they were checked.
    synthesis
        The family as which it is synthesised.
    placer
        The nextpnr that places on it; empty where there is none, as ``why_not_placed`` says.
    device, package, speed
        The part as it is placed.
    arguments
        What tells nextpnr so.
    pins
        Pins for the clock, an input and an output, where nextpnr does not choose them.
    goal_mhz
        The clock that a placement tries for.
    clock_mhz, clock_source
        A clock that chips reached on it, to count on where nothing was placed; 0 where none was.
    """

    name: str
    title: str
    blocks: int
    block_kinds: tuple[BlockKind, ...]
    multipliers: int
    multiplier_kinds: tuple[MultiplierKind, ...]
    cells: int
    lut_inputs: int
    source: str
    status: str
    synthesis: str = ""
    placer: str = ""
    device: str = ""
    package: str = ""
    speed: str = ""
    arguments: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    goal_mhz: float = 0.0
    why_not_placed: str = ""
    clock_mhz: float = 0.0
    clock_source: str = ""
    lut_ram_kinds: tuple[BlockKind, ...] = ()

    @property
    def block_bits(self) -> int:
        """Bits of a block RAM."""
        sizes = [
            (width << kind.address_bits - n) // kind.blocks
            for kind in self.block_kinds
            for n, width in enumerate(kind.widths)
        ]
        return max(sizes)

    def product(self, one: int, other: int) -> Cut:
        """Return what the product of two signed operands of these bits takes."""
        return product_of(one, other, self.multiplier_kinds if self.multipliers else ())


@dataclass(frozen=True)
class Memory:
    """A memory of the chip: how often it is there, its words, and the bits of each.

    ``varying`` are, for each time that a ROM is there, the bits that differ between its words:
    synthesis stores no others. Where it is empty, all may. A RAM that may lie ``anywhere`` is made
    of block RAM, LUTs or flip-flops, whatever is cheapest.
    """

    name: str
    count: int
    words: int
    bits: int
    rom: bool = False
    varying: tuple[int, ...] = field(default=(), compare=False)
    anywhere: bool = False

    def mapped(self, part: Part) -> list[Mapped]:
        """Return how each of them lies in the block RAMs of a part."""
        if self.anywhere:
            kinds = (*part.lut_ram_kinds, *part.block_kinds)
            return [mapped_anywhere(self.words, self.bits, kinds)] * self.count
        each = self.varying or (self.bits,) * self.count
        return [mapped(self.words, self.bits, self.rom, part.block_kinds, kept) for kept in each]

    def blocks(self, part: Part) -> int:
        """Return the block RAMs of a part that all of them take."""
        return sum(each.blocks for each in self.mapped(part))


def buffers(inputs: int, outputs: int, word_bits: int) -> tuple[Memory, Memory]:
    """Return what keeps two samples and two answers of a chip on AXI, each in a power of two."""
    samples = 2 << max(1, (inputs + outputs - 1).bit_length())
    answers = 2 << (outputs - 1).bit_length()
    return (
        Memory("samples", 1, samples, word_bits, anywhere=True),
        Memory("answers", 1, answers, word_bits, anywhere=True),
    )


@dataclass(frozen=True)
class Fit:
    """How much of a part's block RAMs, multipliers and LUTs a chip of some lanes takes.

    ``luts`` is 0 where nobody said how many, and ``why`` says what there is too little of; it is
    empty where the chip fits.
    """

    part: str
    lanes: int
    blocks: int
    blocks_there: int
    multipliers: int
    multipliers_there: int
    luts: int
    luts_there: int
    why: str = ""

    @property
    def fits(self) -> bool:
        """Whether there is enough of all."""
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
            block_kinds=tuple(BlockKind(**_frozen(kind)) for kind in family["block_kinds"]),
            multipliers=row["multipliers"],
            multiplier_kinds=tuple(
                MultiplierKind(**_frozen(kind)) for kind in family["multiplier_kinds"]
            ),
            cells=row["cells"],
            lut_inputs=family["lut_inputs"],
            source=family["cite"],
            status=row["status"],
            synthesis=family["synthesis"],
            placer=family.get("placer", ""),
            device=row["device"],
            package=row.get("package", ""),
            speed=row.get("speed", ""),
            arguments=tuple(row.get("arguments", ())),
            pins=tuple(row.get("pins", ())),
            goal_mhz=float(row.get("goal_mhz", 0.0)),
            why_not_placed=family.get("why_not_placed", ""),
            clock_mhz=float(row.get("clock_mhz", 0.0)),
            clock_source=row.get("clock_source", ""),
            lut_ram_kinds=tuple(
                BlockKind(**_frozen(kind)) for kind in family.get("lut_ram_kinds", ())
            ),
        )
    return parts


def _frozen(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(it) if isinstance(it, list) else it for name, it in row.items()}


PARTS = _read()
_STANDARD = {
    "ecp5": "ecp5-85f", "ice40": "ice40-up5k", "xc7": "artix7-100t", "gowin": "gw2a-18",
}  # fmt: skip


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


def part_for(family: str) -> Part:
    """Return the part on which a family is placed where none is named."""
    return PARTS[_STANDARD[family]]


def fit(
    part: Part, memories: Iterable[Memory], lanes: int, number: Fixed, luts: int = 0
) -> Fit:  # fmt: skip
    """Return what a chip takes of a part: one product a lane, and one in the activation unit.

    ``luts`` are the places of LUTs that it takes, where they are known.
    """
    blocks = sum(memory.blocks(part) for memory in memories)
    found = Fit(
        part.title, lanes, blocks, part.blocks, multipliers(part, lanes, number),
        part.multipliers, luts, part.cells,
    )  # fmt: skip
    return replace(found, why=_why_not(part, found, number))


def multipliers(part: Part, lanes: int, number: Fixed) -> int:
    """Return the multipliers of a part that lanes and activation unit take."""
    word = number.word_bits
    wide = word + bool(number.interpolation_bits)  # differences of two entries of its table
    return lanes * part.product(word, word).multipliers + part.product(wide, word).multipliers


def _why_not(part: Part, found: Fit, number: Fixed) -> str:
    """Say what there is too little of; nothing where all is enough."""
    if found.blocks > part.blocks:
        return (
            f"the chip needs {found.blocks:,} block RAMs, and {part.title} has {part.blocks}."
            " Use fewer units, narrower words or another part."
        )
    if found.multipliers > part.multipliers:
        return (
            f"the chip needs {found.multipliers} multipliers for {found.lanes} lanes of"
            f" {number.word_bits} bits and the activation unit, and {part.title} has"
            f" {part.multipliers}. Use fewer --lanes, narrower words or another part."
        )
    if part.multipliers:
        if found.luts <= part.cells:
            return ""
        return (
            f"the chip needs about {found.luts:,} LUTs, and {part.title} has {part.cells:,}."
            " Use fewer --lanes, narrower words or another part."
        )
    # a multiplier of logic is an adder of a word's width for every bit of the other
    products = found.lanes + 1
    logic = found.luts or products * number.word_bits**2
    if logic <= part.cells:
        return ""
    return (
        f"{part.title} has no multipliers, and a chip with {products} made of logic takes about"
        f" {logic:,} of its {part.cells:,} LUTs. Use fewer --lanes or another part."
    )


def fitted(
    part: Part, memories: Iterable[Memory], lanes: int, number: Fixed, luts: int = 0,
    where: str = "--part",
) -> Fit:  # fmt: skip
    """Return what a chip takes of a part, as ``fit`` does; ``where`` opens the error's message.

    Raises
    ------
    UserError
        When the part has less than that.
    """
    found = fit(part, memories, lanes, number, luts)
    if not found.fits:
        raise UserError(f"{where}: {found.why}")
    return found
