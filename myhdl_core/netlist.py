"""The netlist of a chip: the cells that synthesis makes of it, as Verilog that simulates.

It is the iCE40's, whose cells Yosys describes in full: block RAM and multiplier are in it too. The
module keeps its name and ports, so whatever drives the chip drives the netlist; its memories are in
block RAMs, and are seen by the host port alone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from myhdl_core import tools
from neurosim.errors import RunFailed

FLOW = "synth_ice40 -dsp"
CELLS = Path("share") / "ice40" / "cells_sim.v"
# Inputs that are left open have values of their own only in SystemVerilog.
DEFINES = "`define NO_ICE40_DEFAULT_ASSIGNMENTS\n"
_CHILD = """\
import sys
from pyosys import libyosys as ys
design = ys.Design()
for command in sys.stdin.read().splitlines():
    ys.run_pass(command, design)
"""


def write(rtl: Path, folder: Path, top: str = "network") -> Path:
    """Synthesise a chip and write its netlist, with the cells, as one file ``TOP.v``.

    Parameters
    ----------
    rtl
        Holds the Verilog, one module a file.
    folder
        Where the netlist goes.
    top
        The module that is synthesised; its file in ``folder`` gets this name.

    Raises
    ------
    UserError
        When pyosys is missing.
    RunFailed
        When Yosys does not take the Verilog.
    """
    tools.require(("pyosys",), "synthesis")
    cells = Path(tools.TOOLS["pyosys"](version=False).where) / CELLS
    netlist = folder.absolute() / f"{top}.v"
    sources = sorted(path.name for path in rtl.glob("*.v") if not path.stem.endswith("_tb"))
    commands = [f"read_verilog {name}" for name in sources]
    commands += [f"{FLOW} -top {top}", f"write_verilog -noattr {netlist}"]
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        cwd=rtl,
        input="\n".join(commands),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode or not netlist.is_file():
        wrong = [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
        why = "\n".join(wrong or done.stdout.splitlines()[-5:])
        raise RunFailed(f"{rtl}: not synthesised.\n{why}")
    texts = [DEFINES, cells.read_text("utf-8"), netlist.read_text("utf-8")]
    netlist.write_text("\n".join(texts), "utf-8")
    return netlist
