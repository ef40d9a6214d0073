"""What a chip takes of an FPGA by Yosys, cell by cell and module by module, without any netlist.

``myhdl_core/silicon`` goes on from there: netlist, terms that all families share, placement.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from myhdl_core.silicon import yosys
from myhdl_core.silicon.families import family_named
from myhdl_core.silicon.synthesis import sources

#: What is no cell of an FPGA, but what Yosys counts among them.
IGNORED = ("$scopeinfo",)


def synth(
    folder: Path | str, family: str = "ecp5", top: str = "network", modules: bool = False
) -> dict[str, dict[str, int]]:
    """Return how many cells of each kind a chip takes.

    Parameters
    ----------
    folder
        Holds the Verilog, one module a file.
    family
        One of ``silicon.families.FAMILIES``.
    top
        The module that is synthesised.
    modules
        Whether every module is counted on its own too, which keeps Yosys from sharing logic
        across their borders, so that the whole is a little larger.

    Returns
    -------
    dict[str, dict[str, int]]
        Cells by module; those of the whole under ``top``. A memory that found no block RAM shows
        as flip-flops or as ``TRELLIS_DPR16X4``.

    Raises
    ------
    UserError
        When pyosys is missing or the family is unknown.
    RunFailed
        When Yosys does not take the Verilog.
    """
    chosen = family_named(family, "family")
    command = chosen.synthesis
    if modules:
        command = command.replace(" -flatten", "") + _KEPT[family]
    with tempfile.TemporaryDirectory() as made:
        report = Path(made) / "stat.json"
        stat = f"tee -q -o {yosys.quoted(report)} stat -json"
        steps = (*sources(Path(folder)), f"{command} -top {top}", stat)
        yosys.run(steps, Path(folder), str(folder))
        counted = json.loads(report.read_text())
    found = {name.split("\\")[-1]: each for name, each in counted["modules"].items()}
    by_module = {name: _cells(each, found) for name, each in found.items()} if modules else {}
    return by_module | {top: _cells(counted["design"], found)}


# What keeps the hierarchy: the command for AMD does where it is not told to flatten.
_KEPT = {"ecp5": " -noflatten", "ice40": " -noflatten", "gowin": " -noflatten", "xc7": ""}


def _cells(counted: dict[str, Any], modules: dict[str, Any]) -> dict[str, int]:
    """Return the cells of a report, without instances of modules."""
    cells: dict[str, int] = counted["num_cells_by_type"]
    return {
        kind: count
        for kind, count in sorted(cells.items())
        if kind not in IGNORED and kind.split("\\")[-1] not in modules
    }
