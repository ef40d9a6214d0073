"""Where everything of a placed chip lies: the tiles of the part, with the blocks in them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from myhdl_core.silicon.harness import CHIP
from myhdl_core.silicon.netlist import Netlist, block

HARNESS = "harness"
_BEL = re.compile(r"X(\d+)/?Y(\d+)")
_GONE = re.compile(r"GND|VCC|GSR|DUMMY|\$PACKER")


class Thing(StrEnum):
    """What lies in a place, by how it is drawn."""

    LOGIC = "logic"
    BLOCK_RAM = "block RAM"
    MULTIPLIER = "multiplier"
    PIN = "pin"


class Placed(NamedTuple):
    """What lies in a tile: of which block, what, and how many cells of it."""

    column: int
    row: int
    block: str
    thing: Thing
    cells: int


@dataclass(frozen=True)
class Floorplan:
    """A placed chip as tiles.

    Attributes
    ----------
    part
        The part that it lies on.
    placed
        What lies where, by column and row.
    path
        The tiles of the critical path, in order.
    """

    part: str
    placed: tuple[Placed, ...]
    path: tuple[tuple[int, int], ...] = ()

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks in it, the largest first."""
        counted: Counter[str] = Counter()
        for each in self.placed:
            counted[each.block] += each.cells
        return tuple(name for name, _ in counted.most_common())


# Types of cells as nextpnr has them after packing.
_THINGS = (
    (Thing.BLOCK_RAM, re.compile(r"DP16KD|PDPW16KD|ICESTORM_RAM|S?DP|SP|S?DPX?9?B?|SPX9|pROM\w*")),
    (Thing.MULTIPLIER, re.compile(r"MULT\w+|ICESTORM_DSP")),
    (Thing.PIN, re.compile(r"TRELLIS_IO|SB_IO|[IO]BUF")),
    (
        Thing.LOGIC,
        re.compile(r"TRELLIS_(COMB|FF)|ICESTORM_LC|LUT\d|DFF\w*|ALU|MUX2_\w+|RAM\w+|SLICE"),
    ),
)


def read(
    path: Path, design: Netlist, part: str, critical: tuple[tuple[int, int], ...] = ()
) -> Floorplan:
    """Read a floorplan from what nextpnr writes.

    Parameters
    ----------
    path
        The JSON of ``--write``.
    design
        The chip's netlist, without its harness.
    part
        What the part is called.
    critical
        The tiles of the critical path.
    """
    modules = json.loads(path.read_text("utf-8"))["modules"]
    counted: Counter[tuple[int, int, str, Thing]] = Counter()
    for name, cell in next(iter(modules.values()))["cells"].items():
        if found := _place(name, cell, design):
            counted[found] += 1
    placed = tuple(Placed(*where, cells) for where, cells in sorted(counted.items()))
    return Floorplan(part, placed, critical)


def _place(
    name: str, cell: Mapping[str, Any], design: Netlist
) -> tuple[int, int, str, Thing] | None:
    """Return where a cell lies and what it is; None for one that is nowhere or nothing."""
    where = _BEL.match(cell["attributes"].get("NEXTPNR_BEL", ""))
    thing = next((thing for thing, names in _THINGS if names.fullmatch(cell["type"])), None)
    if where is None or thing is None or _GONE.search(name):
        return None
    return int(where[1]), int(where[2]), _block(name, design), thing


def _block(name: str, design: Netlist) -> str:
    if f"{CHIP}." not in name:
        return HARNESS
    inside = name.partition(f"{CHIP}.")[2]
    return block(design.within(inside), design.top)
