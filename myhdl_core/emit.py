"""Writes a microprogram as hierarchical Verilog-2001, one module a file.

Equal programs give equal bytes: no date, no path, no name of a user's node is in them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from myhdl_core.circuit import CONTROL, Circuit, width_of
from myhdl_core.contents import contents
from myhdl_core.leaves import MEMORY, microcode, rom
from myhdl_core.microcode import Microprogram
from neurosim.errors import RunFailed

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
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    circuit, tables = _complete(program)
    blocks = [name for name in BLOCKS if name != "rotator" or circuit.bits("ride")]
    given = json.dumps(circuit)
    with ThreadPoolExecutor(max_workers=2) as pool:
        made = pool.map(lambda name: converted("myhdl_core.convert", name, given), blocks)
        texts = dict(zip(blocks, made, strict=True))
    texts |= {"memory": MEMORY} | tables
    for name, text in texts.items():
        (folder / f"{name}.v").write_text(text)
    return [folder / f"{name}.v" for name in texts]


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


@lru_cache(maxsize=64)
def converted(converter: str, name: str, given: str) -> str:
    """Return the Verilog of a block, converted in a process of its own.

    Parameters
    ----------
    converter
        The module that converts when it is run, with ``given`` on standard input.
    name
        The block, which is the module and the file in Verilog.
    given
        What the block is made from, as JSON.

    Raises
    ------
    RunFailed
        When the conversion fails, with what it said.
    """
    here = str(Path(__file__).parents[1])
    search = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", ""))))
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", converter, name, folder],
            input=given,
            env={**os.environ, "PYTHONPATH": search, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RunFailed(f"module {name}: not converted to Verilog.\n{done.stderr.strip()}")
        return (Path(folder) / f"{name}.v").read_text()
