"""A synthesised chip: its cells, and which module each belongs to, though all is one module now.

Yosys flattens the hierarchy, shares logic across its borders and names what it makes after signals
near it. Multipliers, carries and flip-flops carry the mark of the instance that they were in, and
memories its name. A LUT is counted where its result is used, and where several use it, where most
do. So the parts add up to the whole.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from myhdl_core.silicon.families import Family, Kind, Resources

_SCOPE = "$scopeinfo"
_ROUNDS = 64  # deeper logic than this is left to its name


@dataclass(frozen=True)
class Cell:
    """A cell: what it is called and is, and its bits by port, outputs apart.

    ``mark`` is the instance that it was made in, with the top module before it; LUTs have none.
    """

    name: str
    type: str
    kind: Kind
    mark: str
    outputs: Mapping[str, tuple[int, ...]]
    inputs: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Netlist:
    """A flattened design.

    Attributes
    ----------
    top
        Its module.
    cells
        All cells, by name.
    instances
        The modules that were in it: ``u_lane_0.u_x`` -> ``memory``.
    names
        For each bit of a wire, the names that it has, with their index.
    ports
        Ports of the design in order: direction and bits.
    creator
        What made it.
    """

    top: str
    cells: Mapping[str, Cell]
    instances: Mapping[str, str]
    names: Mapping[int, tuple[str, ...]]
    ports: Mapping[str, tuple[str, int]]
    creator: str

    def instance(self, name: str) -> str:
        """Return the innermost instance that a name of the design lies in; empty for the top."""
        parts = name.split(".")
        for depth in range(len(parts) - 1, 0, -1):
            if (path := ".".join(parts[:depth])) in self.instances:
                return path
        return ""

    @cached_property
    def users(self) -> Mapping[int, tuple[str, ...]]:
        """For each bit, the cells that use it."""
        found: dict[int, list[str]] = {}
        for cell in self.cells.values():
            for bit in {bit for bits in cell.inputs.values() for bit in bits}:
                found.setdefault(bit, []).append(cell.name)
        return {bit: tuple(cells) for bit, cells in found.items()}

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """For each cell, the instance that it belongs to."""
        return _owned(self)

    def within(self, name: str) -> str:
        """Return the instance that a cell belongs to, also of one that nextpnr made of it."""
        cell = self.found(name)
        return self.owners[cell] if cell else self.instance(name)

    def found(self, name: str) -> str:
        """Return the cell that a cell of nextpnr was, or nothing."""
        while name and name not in self.cells:
            shorter = re.sub(_PACKED, "", name)
            if shorter == name:
                return ""
            name = shorter
        return name


# What nextpnr adds to the names of cells that it packs or splits.
_PACKED = re.compile(
    r"(_LC|_DFFLC|_CARRY_PASS\w*|_RAM|_DSP|\$\w+|_passthrough_lut\$|_cache_lut\$\d+)$"
)


def read(path: Path, family: Family, top: str) -> Netlist:
    """Read the JSON of a flattened design."""
    design = json.loads(path.read_text("utf-8"))
    module = design["modules"][top]
    instances = {
        name: _plain(cell["attributes"].get("module", ""))
        for name, cell in module["cells"].items()
        if cell["type"] == _SCOPE
    }
    cells = (_cell(n, c, family) for n, c in module["cells"].items() if c["type"] != _SCOPE)
    ports = {n: (p["direction"], len(p["bits"])) for n, p in module["ports"].items()}
    creator = design.get("creator", "")
    return Netlist(top, {c.name: c for c in cells}, instances, _names(module), ports, creator)


def _plain(module: str) -> str:
    """Return the name of a module without what Yosys writes before it."""
    return module.split("\\")[-1]


def _cell(name: str, cell: Mapping[str, Any], family: Family) -> Cell:
    sides: dict[str, dict[str, tuple[int, ...]]] = {"output": {}, "input": {}, "inout": {}}
    for port, bits in cell["connections"].items():
        wires = tuple(bit for bit in bits if isinstance(bit, int))
        sides[cell["port_directions"].get(port, "input")][port] = wires
    kind, _ = family.kind(cell["type"])
    marks = (mark for mark in cell["attributes"].get("src", "").split("|"))
    mark = next((mark for mark in marks if mark and ".v:" not in mark), "")
    return Cell(name, cell["type"], kind, mark, sides["output"], sides["input"])


def _names(module: Mapping[str, Any]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for name, net in module["netnames"].items():
        bits, offset = net["bits"], net.get("offset", 0)
        for n, bit in enumerate(bits):
            if isinstance(bit, int):
                found.setdefault(bit, []).append(
                    name if len(bits) == 1 else f"{name}[{n + offset}]"
                )
    return {bit: tuple(names) for bit, names in found.items()}


# --- whose a cell is --------------------------------------------------------------------------


def _owned(netlist: Netlist) -> dict[str, str]:
    """Return the instance of each cell: first of those that are certain, then of the LUTs."""
    owners = {
        name: _certain(netlist, cell)
        for name, cell in netlist.cells.items()
        if cell.kind not in (Kind.LUT, Kind.OTHER)
    }
    waiting = [cell for cell in netlist.cells.values() if cell.name not in owners]
    for _ in range(_ROUNDS):
        left = []
        for cell in waiting:
            if owner := _by_use(netlist, cell, owners):
                owners[cell.name] = owner[0]
            else:
                left.append(cell)
        if len(left) == len(waiting):
            break
        waiting = left
    return owners | {cell.name: netlist.instance(cell.name) for cell in waiting}


def _certain(netlist: Netlist, cell: Cell) -> str:
    """Return the instance that a cell's mark or, of memories, its name speaks of."""
    marked = cell.mark.removeprefix(netlist.top)
    if cell.mark == netlist.top or marked[1:] in netlist.instances:
        return marked[1:]
    return netlist.instance(cell.name)


def _by_use(netlist: Netlist, cell: Cell, owners: Mapping[str, str]) -> tuple[str] | None:
    """Return the instance that uses a LUT's result most, once that of all users is known."""
    users = [
        user
        for bits in cell.outputs.values()
        for bit in bits
        for user in netlist.users.get(bit, ())
    ]
    if not users or any(user not in owners for user in users):
        return None
    counted = Counter(owners[user] for user in users)
    own = netlist.instance(cell.name)
    return (max(counted, key=lambda name: (counted[name], name == own)),)


def types(netlist: Netlist) -> dict[str, int]:
    """Return the number of cells by their family's names."""
    return dict(sorted(Counter(cell.type for cell in netlist.cells.values()).items()))


def whole(netlist: Netlist, family: Family) -> Resources:
    """Return what a netlist takes."""
    return family.resources(types(netlist))


def by_block(netlist: Netlist, family: Family) -> dict[str, Resources]:
    """Return what each block of the chip takes; they add up to the whole."""
    cells: dict[str, Counter[str]] = {}
    for cell in netlist.cells.values():
        name = block(netlist.owners[cell.name], netlist.top)
        cells.setdefault(name, Counter())[cell.type] += 1
    found = {name: family.resources(each) for name, each in cells.items()}
    return {name: found[name] for name in sorted(found, key=_order) if any(found[name].values)}


# --- blocks -----------------------------------------------------------------------------------

AXI, _CORE = "axi", "u_network."


def block(path: str, top: str = "network") -> str:
    """Return the block of the chip that an instance belongs to: ``lane 3``, ``bus``, ``axi``."""
    if top != "network":
        if path != _CORE[:-1] and not path.startswith(_CORE):
            return AXI
        path = path[len(_CORE) :]
    name = path.partition(".")[0].removeprefix("u_")
    found = re.fullmatch(r"(\w+)_(\d+)", name)
    return f"{found[1]} {found[2]}" if found else name or "network"


def _order(name: str) -> tuple[str, int]:
    """Return where a block stands: by name, lanes in their order."""
    word, _, number = name.partition(" ")
    return word, int(number or 0)
