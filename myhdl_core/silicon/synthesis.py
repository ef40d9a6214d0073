"""A chip as cells of a family: what it takes as a whole and in each block, and its netlist."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from myhdl_core.silicon import netlist, yosys
from myhdl_core.silicon.families import Family, Resources, family_named
from myhdl_core.verilog import of_chip
from neurosim.errors import RunFailed, UserError

Say = Callable[[str], object]
#: What is synthesised, where there is a choice: the first of these that the folder holds.
TOPS = ("network_axi", "network")


def silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Synthesis:
    """What a chip takes of a family.

    Attributes
    ----------
    family, top
        The family, and the module that was synthesised.
    command, yosys
        How Yosys was called, and its version.
    seconds
        How long it took.
    cells
        Number of cells by the family's names.
    whole
        What they are.
    blocks
        The same of each block; they add up to the whole. Logic that Yosys shares across borders
        counts where it is used.
    latches
        Signals that became latches.
    path
        The netlist, as JSON of Yosys.
    """

    family: Family
    top: str
    command: str
    yosys: str
    seconds: float
    cells: Mapping[str, int]
    whole: Resources
    blocks: Mapping[str, Resources]
    latches: tuple[str, ...]
    path: Path

    @property
    def lanes(self) -> int:
        """How many lanes the chip has."""
        return sum(name.startswith("lane ") for name in self.blocks)

    @property
    def luts_of_a_lane(self) -> float:
        """LUTs of a lane with its table, the mean of all lanes."""
        of_lanes = (each.luts for name, each in self.blocks.items() if of_a_lane(name))
        return sum(of_lanes) / max(1, self.lanes)

    @property
    def luts_of_the_rest(self) -> int:
        """LUTs of all that is there once, however many lanes there are."""
        return sum(each.luts for name, each in self.blocks.items() if not of_a_lane(name))

    @property
    def alarms(self) -> tuple[str, ...]:
        """What the chip never means to have: latches, and memories made of LUTs.

        The AXI interface has small buffers of LUTs, which are meant.
        """
        found = [f"{name} is a latch" for name in self.latches]
        found += [
            f"{each.lut_rams} cells of memory in {name} are LUTs, not block RAM"
            for name, each in self.blocks.items()
            if each.lut_rams and name != netlist.AXI
        ]
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the path, as JSON has it."""
        return {
            "family": self.family.name,
            "top": self.top,
            "command": self.command,
            "yosys": self.yosys,
            "seconds": round(self.seconds, 1),
            "cells": dict(self.cells),
            "whole": self.whole.as_dict(),
            "lut_sites": self.family.lut_sites(self.whole),
            "blocks": {name: each.as_dict() for name, each in self.blocks.items()},
            "luts_of_a_lane": round(self.luts_of_a_lane, 1),
            "luts_of_the_rest": self.luts_of_the_rest,
            "alarms": list(self.alarms),
        }


def synthesised(
    folder: Path,
    family: str,
    path: Path,
    top: str | None = None,
    say: Say = silent,
    multipliers: bool = True,
) -> Synthesis:
    """Synthesise the chip in a folder, and keep its netlist.

    Parameters
    ----------
    folder
        Holds the Verilog, one module a file.
    family
        Name of a family.
    path
        Where the netlist goes.
    top
        The module; by default the one with AXI where there is one.
    say
        Hears what is being done.
    multipliers
        Whether the part has any.

    Raises
    ------
    UserError
        When pyosys or the top module is missing, or the family is unknown.
    RunFailed
        When Yosys does not take the Verilog.
    """
    chosen = family_named(family)
    top, command = top or top_of(folder), chosen.command(multipliers)
    say(f"synthesising for {chosen.title}")
    began = time.perf_counter()
    # the hierarchy first, so that every cell knows its instance when all becomes one module
    steps = (
        f"hierarchy -check -top {top}",
        "proc",
        "uniquify",
        yosys.MARK,
        f"{command} -top {top}",
        "autoname",
        f"write_json {yosys.quoted(path.resolve())}",
    )
    said = yosys.run((*sources(folder), *steps), folder, str(folder))
    seconds = time.perf_counter() - began
    if not path.is_file():
        raise RunFailed(f"{folder}: Yosys wrote no netlist.")
    found = netlist.read(path, chosen, top)
    return Synthesis(
        family=chosen,
        top=top,
        command=command,
        yosys=yosys.version(found.creator),
        seconds=seconds,
        cells=netlist.types(found),
        whole=netlist.whole(found, chosen),
        blocks=netlist.by_block(found, chosen),
        latches=yosys.latches(said),
        path=path,
    )


def top_of(folder: Path) -> str:
    """Return the module to synthesise: the one with AXI where there is one."""
    for top in TOPS:
        if (folder / f"{top}.v").is_file():
            return top
    raise UserError(f"{folder}: holds no {TOPS[-1]}.v. Write the chip there first.")


def sources(folder: Path) -> list[str]:
    """Return the commands that read the Verilog of a folder, without test benches."""
    return [f"read_verilog {yosys.quoted(file.name)}" for file in of_chip(folder)]


def of_a_lane(name: str) -> bool:
    """Return whether a block is a lane or its table, which are there once a lane."""
    return name.startswith(("lane ", "table "))
