"""A chip on an FPGA: synthesised for a family, placed on a part if that is wished, and kept."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from myhdl_core import tools
from myhdl_core.silicon.families import family_named
from myhdl_core.silicon.placement import SEEDS, Placement, check_part, placed
from myhdl_core.silicon.synthesis import Synthesis, synthesised
from neurosim.errors import UserError
from neurosim.machine.parts import Part, part_for
from neurosim.study.costing import Say

NETLIST, FOLDER = "netlist.json", "silicon"
KEPT = (NETLIST, "pins.cst", "report-*.json", "placed-*.log")
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
    seeds: int = len(SEEDS)


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
    return Wanted(chosen, part if place else None, seeds or len(SEEDS))


def _require(part: Part | None) -> None:
    tools.require(("pyosys",), "synthesis")
    if part is not None:
        check_part(part)


def made(
    rtl: Path, asked: Wanted, folder: Path, keep: Callable[[Silicon], object], say: Say
) -> Silicon:
    """Synthesise and place the chip in ``rtl``, and keep netlist and reports.

    Parameters
    ----------
    rtl
        Holds the Verilog.
    asked
        What is wanted.
    folder
        The run folder; all goes to ``silicon/FAMILY`` in it.
    keep
        Takes what there is as soon as it is there: the synthesis, then that with its placement.
    say
        Hears what is being done.

    Raises
    ------
    RunFailed
        When Yosys does not take the Verilog, or the chip has no room on the part.
    """
    kept = folder / FOLDER / asked.family
    with tempfile.TemporaryDirectory() as beside:
        work = Path(beside)
        products = asked.part is None or asked.part.multipliers > 0
        chip = synthesised(rtl, asked.family, work / NETLIST, say=say, multipliers=products)
        _forget(kept)
        _keep(work, kept)
        found = Silicon(replace(chip, path=kept / NETLIST))
        keep(found)
        if asked.part is None:
            return found
        seeds = tuple(range(1, asked.seeds + 1))
        processes = min(len(seeds), os.cpu_count() or 1)
        placement = placed(chip, asked.part, work, seeds, processes=processes, say=say)
        _keep(work, kept)
    found = replace(found, placement=placement)
    keep(found)
    return found


def _forget(kept: Path) -> None:
    """Remove what an earlier call kept: it may be of another chip, or of more seeds."""
    for pattern in KEPT:
        for file in kept.glob(pattern):
            file.unlink()


def _keep(work: Path, kept: Path) -> None:
    """Keep the netlist, and what nextpnr said; what it placed is large and can be had again."""
    kept.mkdir(parents=True, exist_ok=True)
    for pattern in KEPT:
        for file in work.glob(pattern):
            shutil.copyfile(file, kept / file.name)
