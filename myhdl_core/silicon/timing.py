"""The critical path of a placed chip in words: from what, through what and to what it leads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from myhdl_core.silicon.families import Kind
from myhdl_core.silicon.harness import CHIP
from myhdl_core.silicon.netlist import Cell, Netlist, block

# Ports by which a carry goes from cell to cell; a chain of them is one level.
_CARRIES = ("FCI", "CIN", "CI")
_MEMORIES = {
    "u_weights": "weights bank", "u_x": "x bank", "u_y": "y bank", "u_units": "unit bank",
    "u_microcode": "microcode ROM", "u_turns": "ROM of turns", "u_table": "activation table",
}  # fmt: skip
_PORTS = (
    ("address", re.compile(r"AD[AB]?\d+|[RW]ADDR_\d+|ADDR\w*")),
    ("data", re.compile(r"D[IO]?[AB]?\d+|WDATA_\d+|[A-D]_?\d+")),
)
_CONTROLS = (
    ("the enable of ", re.compile("CE|CEN")),
    ("the reset of ", re.compile("LSR|SR|RESET|SET|PRESET|CLEAR")),
)
_CALLED = {
    "axi": "the AXI interface", "activation": "the activation unit", "host": "the host port",
    "network": "the top module",
}  # fmt: skip
_HARNESS = "the register at a port"


@dataclass(frozen=True)
class CriticalPath:
    """The slowest path from register to register.

    Attributes
    ----------
    begins, ends
        Where it leads from and to, in words.
    blocks
        The blocks of the chip that it goes through, in order.
    ns, logic_ns, wire_ns
        How long it takes, in cells and on wires.
    levels
        LUTs, multipliers and chains of carries that it goes through.
    places
        Where its cells lie: columns and rows.
    """

    begins: str
    ends: str
    blocks: tuple[str, ...]
    ns: float
    logic_ns: float
    wire_ns: float
    levels: int
    places: tuple[tuple[int, int], ...]

    @property
    def words(self) -> str:
        """The path in a sentence."""
        return (
            f"from {self.begins} to {self.ends}: {self.ns:.1f} ns, {self.logic_ns:.1f} in"
            f" {self.levels} level{'s' * (self.levels != 1)} of logic and {self.wire_ns:.1f} on"
            " wires"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return everything, with the sentence."""
        return asdict(self) | {"words": self.words}


def critical(report: Mapping[str, Any], design: Netlist) -> CriticalPath | None:
    """Return the critical path in a report of nextpnr, or None where there is none.

    Parameters
    ----------
    report
        The JSON of ``--report``.
    design
        The chip's netlist, without its harness.
    """
    paths = [each for each in report.get("critical_paths", ()) if _clocked(each)]
    return _path(paths[0]["path"], design) if paths else None


def _clocked(path: Mapping[str, Any]) -> bool:
    return bool(path["from"].startswith("posedge") and path["to"].startswith("posedge"))


def _path(steps: Sequence[Mapping[str, Any]], design: Netlist) -> CriticalPath:
    wires = sum(step["delay"] for step in steps if step["type"] == "routing")
    whole = sum(step["delay"] for step in steps)
    ends = [steps[0]["from"], *(step["to"] for step in steps)]
    cells = dict.fromkeys(end["cell"] for end in ends)
    net = next((step["net"] for step in steps if step["type"] == "routing"), "")
    last = steps[-1]["to"]
    return CriticalPath(
        begins=_begin(ends[0]["cell"], net, design),
        ends=_end(last["cell"], last["port"], design),
        blocks=_through(cells, design),
        ns=round(whole, 3),
        logic_ns=round(whole - wires, 3),
        wire_ns=round(wires, 3),
        levels=sum(_level(step) for step in steps),
        places=tuple(place for place, _ in groupby((e["loc"][0], e["loc"][1]) for e in ends)),
    )


def _level(step: Mapping[str, Any]) -> bool:
    return step["type"] == "logic" and not step["from"]["port"].startswith(_CARRIES)


def _through(cells: Iterable[str], design: Netlist) -> tuple[str, ...]:
    found: list[str] = []
    for cell in filter(None, map(_inside, cells)):
        name = block(design.within(cell), design.top)
        if design.found(cell) and found[-1:] != [name]:
            found.append(name)
    return tuple(found)


def _inside(name: str) -> str:
    """Return the name of a cell within the chip; nothing for one of the harness."""
    return name.removeprefix(f"{CHIP}.") if name.startswith(f"{CHIP}.") else ""


# --- ends in words ----------------------------------------------------------------------------


def _begin(cell: str, net: str, design: Netlist) -> str:
    inside = _inside(cell)
    if not inside:
        return _HARNESS
    found = design.cells.get(design.found(inside))
    if found is not None and found.kind in (Kind.BLOCK_RAM, Kind.MULTIPLIER):
        return _part(found, design)
    return _register(found, design, _inside(net) or inside)


def _end(cell: str, port: str, design: Netlist) -> str:
    inside = _inside(cell)
    if not inside:
        return _HARNESS
    found = design.cells.get(design.found(inside))
    if found is not None and found.kind in (Kind.BLOCK_RAM, Kind.MULTIPLIER):
        what = next((name for name, shape in _PORTS if shape.fullmatch(port)), "enable")
        what = "" if found.kind == Kind.MULTIPLIER else f"the {what} of "
        return what + _part(found, design)
    # what nextpnr packs with its LUT has the LUT's name
    driven = found and found.kind == Kind.LUT and _driven(found, design)
    what = next((name for name, shape in _CONTROLS if shape.fullmatch(port)), "")
    return what + _register(driven or found, design, inside)


def _driven(lut: Cell, design: Netlist) -> Cell | None:
    """Return the register that a LUT drives."""
    for bits in lut.outputs.values():
        for name in (name for bit in bits for name in design.users.get(bit, ())):
            if design.cells[name].kind == Kind.REGISTER:
                return design.cells[name]
    return None


def _part(cell: Cell, design: Netlist) -> str:
    """Return a memory or multiplier in words."""
    path = design.owners[cell.name]
    name = block(path, design.top)
    if cell.kind == Kind.MULTIPLIER:
        return f"the multiplier of {_the(name)}"
    memory = _MEMORIES.get(path.rpartition(".")[2], "memory")
    if name.startswith("table "):
        return f"the table ROM of lane {name[6:]}"
    if path.rpartition(".")[2] in ("u_microcode", "u_turns", "u_table"):
        return f"the {memory}"
    return f"the {memory} of {_the(name)}"


def _register(cell: Cell | None, design: Netlist, otherwise: str) -> str:
    """Return a register in words: its signal, and its block."""
    if cell is None:
        owner = design.instance(otherwise)
        return f"register {_signal(otherwise)} of {_the(block(owner, design.top))}"
    owner = design.owners[cell.name]
    bits = (bit for bits in cell.outputs.values() for bit in bits)
    names = [name for bit in bits for name in design.names.get(bit, ())] or [otherwise]
    name = min(names, key=lambda name: (design.instance(name) != owner, len(name)))
    return f"register {_signal(name)} of {_the(block(owner, design.top))}"


def _signal(name: str) -> str:
    """Return a signal as its module's Verilog has it, without what Yosys adds."""
    last = name.rpartition(".")[2]
    plain = re.sub(r"_(TRELLIS_FF|SB_|DFF|LUT\d|CCU2C|ALU|MULT|MUX2)\w*?(?=$|\[).*", "", last)
    return plain or last


def _the(name: str) -> str:
    return _CALLED.get(name) or (name if name.startswith("lane ") else f"the {name}")
