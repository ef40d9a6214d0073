"""What a chip takes of an FPGA, by Yosys: cells of the whole and of its modules."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from myhdl_core import tools
from neurosim.errors import RunFailed, UserError

#: How each family is synthesised: for area, so without multiplexers that need more LUTs.
FAMILIES = {"ecp5": "synth_ecp5 -nowidelut", "ice40": "synth_ice40 -dsp", "gowin": "synth_gowin"}
#: What is no cell of an FPGA, but what Yosys counts among them.
IGNORED = ("$scopeinfo",)
_CHILD = """\
import sys
from pyosys import libyosys as ys
design = ys.Design()
for command in sys.stdin.read().splitlines():
    ys.run_pass(command, design)
"""


def synth(
    folder: Path | str, family: str = "ecp5", top: str = "network", modules: bool = False
) -> dict[str, dict[str, int]]:
    """Return how many cells of each kind a chip takes.

    Parameters
    ----------
    folder
        Holds the Verilog, one module a file.
    family
        One of ``FAMILIES``.
    top
        The module that is synthesised.
    modules
        Whether every module is counted on its own too, which keeps Yosys from sharing logic
        across their borders, so that the whole is a little larger.

    Returns
    -------
    dict[str, dict[str, int]]
        Cells by module; those of the whole under ``top``. A latch shows as a cell with ``LATCH``
        in its name, a memory that found no block RAM as flip-flops or as ``TRELLIS_DPR16X4``.

    Raises
    ------
    UserError
        When pyosys is missing or the family is unknown.
    RunFailed
        When Yosys does not take the Verilog.
    """
    tools.require(("pyosys",), "synthesis")
    if family not in FAMILIES:
        raise UserError(f"family {family!r}: unknown. Choose one of: {', '.join(FAMILIES)}.")
    sources = [f"read_verilog {file.name}" for file in sorted(Path(folder).glob("*.v"))]
    flow = f"{FAMILIES[family]} -top {top}{' -noflatten' if modules else ''}"
    with tempfile.TemporaryDirectory() as made:
        report = Path(made) / "stat.json"
        done = subprocess.run(
            [sys.executable, "-c", _CHILD],
            cwd=folder,
            input="\n".join((*sources, flow, f"tee -q -o {report} stat -json")),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if not report.is_file() or done.returncode:
            wrong = [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
            why = "\n".join(wrong or done.stdout.splitlines()[-5:])
            raise RunFailed(f"{folder}: not synthesised.\n{why}")
        counted = json.loads(report.read_text())
    found = {name.split("\\")[-1]: each for name, each in counted["modules"].items()}
    by_module = {name: _cells(each, found) for name, each in found.items()} if modules else {}
    return by_module | {top: _cells(counted["design"], found)}


def _cells(counted: dict[str, Any], modules: dict[str, Any]) -> dict[str, int]:
    """Return the cells of a report, without instances of modules."""
    cells: dict[str, int] = counted["num_cells_by_type"]
    return {
        kind: count
        for kind, count in sorted(cells.items())
        if kind not in IGNORED and kind.split("\\")[-1] not in modules
    }
