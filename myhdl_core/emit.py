"""Writes a microprogram as hierarchical Verilog-2001, one module a file.

Equal programs give equal bytes: no date, no path, no name of a user's node is in them.
"""

from __future__ import annotations

import json
from pathlib import Path

from myhdl_core.circuit import CONTROL, Circuit, width_of
from myhdl_core.contents import contents
from myhdl_core.leaves import MEMORY, microcode, rom
from myhdl_core.microcode import Microprogram
from myhdl_core.verilog import all_converted, written

#: The blocks that `convert.py` makes, each a module in a file of its name.
BLOCKS = ("network", "sequencer", "control", "host", "lane", "bus", "activation", "rotator")


def emit(program: Microprogram, folder: Path | str) -> list[Path]:
    """Write a program's chip to a folder.

    Returns
    -------
    list[Path]
        The files, top module ``network`` first.

    Raises
    ------
    RunFailed
        When a conversion fails, with what it said.
    """
    circuit, tables = _complete(program)
    blocks = (name for name in BLOCKS if name != "rotator" or circuit.bits("ride"))
    modules = all_converted("myhdl_core.convert", dict.fromkeys(blocks, json.dumps(circuit)))
    return written(modules | {"memory": MEMORY} | tables, folder)


def _complete(program: Microprogram) -> tuple[Circuit, dict[str, str]]:
    """Return the circuit, and the Verilog of its ROMs by name."""
    circuit, words, tables, values, turns = contents(program)
    shape = program.shape
    control = circuit.span(CONTROL)
    roms = {"microcode": microcode(words, circuit.instruction_bits, control)}
    about = f"The activation function: {shape.activation} at equally spaced words."
    size = circuit.table_bits
    table = rom("activation_table", about, values, shape.word_bits, size, kept=True)
    roms["activation_table"] = table
    for lane, rows in enumerate(tables):
        about = f"What lane {lane} does in each cycle: act, send, edge, unit. Row 0 is idle."
        name = f"table_{lane}"
        roms[name] = rom(name, about, rows, shape.entry_bits, circuit.row_bits, kept=True)
    if turns:
        about = "How far the rotator turns, for each entry of the instruction that rides."
        roms["turns"] = rom("turns", about, turns, circuit.turn_bits, width_of(len(turns)))
    return circuit, roms
