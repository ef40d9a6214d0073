"""A chip on an FPGA: synthesised for a family, placed on a part if that is wished, and kept."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from myhdl_core import tools
from myhdl_core.silicon.families import family_named
from myhdl_core.silicon.placement import Placement, placed
from myhdl_core.silicon.synthesis import Synthesis, synthesised
from neurosim.errors import UserError
from neurosim.machine.parts import Part, part_for
from neurosim.study.costing import Say

NETLIST, FOLDER = "netlist.json", "silicon"
MOST_SEEDS = 99


@dataclass(frozen=True)
class Silicon:
    """What a chip takes of an FPGA, and how fast it is there.

    Attributes
    ----------
    synthesis
        Its cells.
    placement
        Where they lie and what clock they reach; None where that was not asked for.
    """

    synthesis: Synthesis
    placement: Placement | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        found = {"synthesis": self.synthesis.as_dict()}
        if self.placement is not None:
            found["placement"] = self.placement.as_dict()
        return found


@dataclass(frozen=True)
class Wanted:
    """What is asked of an FPGA: a family, a part to place on or None, and how many seeds."""

    family: str
    part: Part | None = None
    seeds: int = 3


def wanted(family: str | None, place: bool, part: Part | None, seeds: int | None) -> Wanted | None:
    """Return what ``--synth``, ``--place``, ``--part`` and ``--place-seeds`` ask for.

    Returns
    -------
    Wanted or None
        None where neither synthesis nor placement is asked for.

    Raises
    ------
    UserError
        Before anything long begins: where the flags contradict each other, nothing places on the
        part, or a tool is missing.
    """
    if seeds is not None and not place:
        raise UserError("--place-seeds: says how often --place places. Give both, or neither.")
    if seeds is not None and not 1 <= seeds <= MOST_SEEDS:
        raise UserError(f"--place-seeds: must be from 1 to {MOST_SEEDS} (got {seeds}).")
    if family is None and not place:
        return None
    if family is not None:
        family_named(family)
    part = (part or part_for(family or "ecp5")) if place else part
    if part is not None and family not in (None, part.synthesis):
        raise UserError(
            f"--synth {family}: {part.title} is synthesised as {part.synthesis}. Give a --part of"
            f" {family}, or --synth {part.synthesis}."
        )
    _require(part if place else None)
    chosen = part.synthesis if part is not None else str(family)
    return Wanted(chosen, part if place else None, seeds or 3)


def _require(part: Part | None) -> None:
    tools.require(("pyosys",), "synthesis")
    if part is None:
        return
    if not part.placer:
        raise UserError(
            f"--place: nothing places on {part.title}: {part.why_not_placed}. Choose another"
            " --part, or --synth alone."
        )
    tools.require((tools.placer_name(part.placer),), "placing a chip")


def made(rtl: Path, asked: Wanted, folder: Path, say: Say) -> Silicon:
    """Synthesise and place the chip in ``rtl``, and keep netlist and reports.

    Parameters
    ----------
    rtl
        Holds the Verilog.
    asked
        What is wanted.
    folder
        The run folder; all goes to ``silicon/FAMILY`` in it.
    say
        Hears what is being done.

    Raises
    ------
    RunFailed
        When Yosys does not take the Verilog, or the chip has no room on the part.
    """
    with tempfile.TemporaryDirectory() as beside:
        work = Path(beside)
        products = asked.part is None or asked.part.multipliers > 0
        netlist = work / NETLIST
        synthesis = synthesised(rtl, asked.family, netlist, say=say, multipliers=products)
        kept = folder / FOLDER / asked.family
        if asked.part is None:
            _keep(work, kept)
            return Silicon(_at(synthesis, kept))
        seeds = tuple(range(1, asked.seeds + 1))
        processes = min(len(seeds), os.cpu_count() or 1)
        placement = placed(synthesis, asked.part, work, seeds, processes=processes, say=say)
        _keep(work, kept)
    return Silicon(_at(synthesis, kept), placement)


def _keep(work: Path, kept: Path) -> None:
    """Keep the netlist, and what nextpnr said; what it placed is large and can be had again."""
    kept.mkdir(parents=True, exist_ok=True)
    for pattern in (NETLIST, "harness.v", "pins.cst", "report-*.json", "placed-*.log"):
        for file in work.glob(pattern):
            shutil.copyfile(file, kept / file.name)


def _at(synthesis: Synthesis, kept: Path) -> Synthesis:
    """Return the synthesis with its netlist where it is kept."""
    return replace(synthesis, path=kept / NETLIST)
