"""Families of FPGAs: how Yosys is called for each, and what its cells are in common terms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from neurosim.errors import UserError, nearest


class Kind(StrEnum):
    """What a cell is, whatever the family calls it; ``OTHER`` is none that counts."""

    LUT = "luts"
    CARRY = "carries"
    REGISTER = "registers"
    BLOCK_RAM = "block_rams"
    MULTIPLIER = "multipliers"
    LUT_RAM = "lut_rams"
    OTHER = "other"


@dataclass(frozen=True)
class Resources:
    """Cells of a chip or of a part of it, in terms that all families share.

    Attributes
    ----------
    luts
        Cells that are a LUT, inverters and shift registers in LUTs among them.
    carries
        Carry cells, of the family's own size.
    registers
        Flip-flops.
    block_rams
        Block RAMs; of Artix-7 halves of 18 kbit.
    multipliers
        Multipliers.
    lut_rams
        Memories made of LUTs.
    """

    luts: int = 0
    carries: int = 0
    registers: int = 0
    block_rams: int = 0
    multipliers: int = 0
    lut_rams: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(*(a + b for a, b in zip(self.values, other.values, strict=True)))

    @property
    def values(self) -> tuple[int, ...]:
        """The numbers, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def as_dict(self) -> dict[str, int]:
        """Return the numbers by name."""
        return asdict(self)


@dataclass(frozen=True)
class Family:
    """A family: the commands of Yosys, and which cell is what.

    Attributes
    ----------
    name, title
        As it is called here, and by its maker.
    synthesis
        The command that synthesises a design without pins.
    harness
        The command for a design whose ports are pins; empty where nothing is placed.
    carry_luts
        LUTs that a carry cell occupies besides those that are counted.
    kinds
        For each kind, a pattern of the names of its cells, and how many a cell is.
    paired
        Whether a LUT and a register are one cell, which a register alone takes whole.
    """

    name: str
    title: str
    synthesis: str
    harness: str
    carry_luts: int
    kinds: Mapping[str, tuple[Kind, int]]
    paired: bool = False

    def kind(self, cell: str) -> tuple[Kind, int]:
        """Return what a cell of that name is, and how many of them it is."""
        for pattern, found in self.kinds.items():
            if re.fullmatch(pattern, cell):
                return found
        return Kind.OTHER, 1

    def resources(self, cells: Mapping[str, int]) -> Resources:
        """Return what numbers of cells by name are."""
        found: dict[Kind, int] = dict.fromkeys(Kind, 0)
        for cell, count in cells.items():
            kind, each = self.kind(cell)
            found[kind] += each * count
        return Resources(*(found[kind] for kind in Kind if kind != Kind.OTHER))

    def lut_sites(self, resources: Resources) -> int:
        """Return the places of LUTs that are occupied, those of carry cells among them."""
        return resources.luts + self.carry_luts * resources.carries + resources.lut_rams

    def command(self, multipliers: bool = True) -> str:
        """Return the command that synthesises, also for a part of iCE40 without multipliers."""
        return self.synthesis if multipliers else self.synthesis.replace(" -dsp", "")


# Names of cells: Yosys techlibs/{lattice,ice40,xilinx,gowin}/cells_sim.v. For area, so without
# multiplexers between LUTs, which need more of them. On iCE40, where eight registers share enable
# and reset, those of a word are logic: it takes few LUTs more, and a chip that is nearly full can
# be routed. A RAMB36E1 is two halves (AMD UG473).
FAMILIES = {
    family.name: family
    for family in (
        Family(
            "ecp5", "Lattice ECP5", "synth_ecp5 -nowidelut", "synth_ecp5", 2,
            {
                "LUT4": (Kind.LUT, 1), "CCU2C": (Kind.CARRY, 1), "TRELLIS_FF": (Kind.REGISTER, 1),
                "DP16KD|PDPW16KD": (Kind.BLOCK_RAM, 1), "MULT(18X18|9X9)D": (Kind.MULTIPLIER, 1),
                "TRELLIS_DPR16X4": (Kind.LUT_RAM, 1),
            },
        ),
        Family(
            "ice40", "Lattice iCE40", "synth_ice40 -dsp -dffe_min_ce_use 17",
            "synth_ice40", 0,
            {
                "SB_LUT4": (Kind.LUT, 1), "SB_CARRY": (Kind.CARRY, 1),
                r"SB_DFF\w*": (Kind.REGISTER, 1), r"SB_RAM40_4K\w*": (Kind.BLOCK_RAM, 1),
                "SB_MAC16": (Kind.MULTIPLIER, 1),
            },
            paired=True,
        ),
        Family(
            "xc7", "AMD 7 series", "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf",
            "", 0,
            {
                r"LUT\d|INV|SRL\w+": (Kind.LUT, 1), "CARRY4": (Kind.CARRY, 1),
                r"FD[A-Z]+(_1)?": (Kind.REGISTER, 1), "RAMB18E1": (Kind.BLOCK_RAM, 1),
                "RAMB36E1": (Kind.BLOCK_RAM, 2), "DSP48E1": (Kind.MULTIPLIER, 1),
                r"RAM\d+\w+": (Kind.LUT_RAM, 1),
            },
        ),
        Family(
            "gowin", "Gowin GW2A", "synth_gowin -family gw2a -noiopads",
            "synth_gowin -family gw2a", 1,
            {
                r"LUT\d": (Kind.LUT, 1), "ALU": (Kind.CARRY, 1), r"DFF\w*": (Kind.REGISTER, 1),
                r"S?DPB|S?DPX9B|DPX9B|SP|SPX9|pROM|pROMX9": (Kind.BLOCK_RAM, 1),
                "MULT36X36": (Kind.MULTIPLIER, 4), r"MULT\w+": (Kind.MULTIPLIER, 1),
                r"RAM16\w+": (Kind.LUT_RAM, 1),
            },
        ),
    )
}  # fmt: skip


def family_named(name: str, where: str = "--synth") -> Family:
    """Return the family of that name; ``where`` opens the message of the error.

    Raises
    ------
    UserError
        When there is none.
    """
    if name not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise UserError(f"{where} {name}: unknown family.{nearest(name, FAMILIES)} Known: {known}.")
    return FAMILIES[name]
