"""The netlist of a chip: the cells that synthesis makes of it, as Verilog that simulates.

It is the iCE40's, whose cells Yosys describes in full: block RAM and multiplier are in it too. The
module keeps its name and ports, so whatever drives the chip drives the netlist; its memories are in
block RAMs, and are seen by the host port alone.
"""

from __future__ import annotations

from pathlib import Path

from myhdl_core import tools
from myhdl_core.silicon import yosys
from myhdl_core.silicon.families import FAMILIES
from myhdl_core.silicon.synthesis import sources

FLOW = FAMILIES["ice40"].command()
CELLS = Path("share") / "ice40" / "cells_sim.v"
# Inputs that are left open have values of their own only in SystemVerilog.
DEFINES = "`define NO_ICE40_DEFAULT_ASSIGNMENTS\n"


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
    written = f"write_verilog -noattr {yosys.quoted(netlist)}"
    yosys.run([*sources(rtl), f"{FLOW} -top {top}", written], rtl, str(rtl))
    texts = [DEFINES, cells.read_text("utf-8"), netlist.read_text("utf-8")]
    netlist.write_text("\n".join(texts), "utf-8")
    return netlist
