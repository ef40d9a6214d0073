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

from myhdl_core.circuit import Circuit, circuit_of, pack_instruction, width_of
from myhdl_core.leaves import MEMORY, rom
from myhdl_core.microcode import Microprogram
from neurosim.errors import RunFailed
from neurosim.model.fixed import activation_table

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
    with ThreadPoolExecutor(max_workers=2) as pool:
        texts = dict(
            zip(blocks, pool.map(_converted, blocks, [circuit] * len(blocks)), strict=True)
        )
    texts |= {"memory": MEMORY} | tables
    for name, text in texts.items():
        (folder / f"{name}.v").write_text(text)
    return [folder / f"{name}.v" for name in texts]


def _complete(program: Microprogram) -> tuple[Circuit, dict[str, str]]:
    """Return the circuit, and the Verilog of its ROMs by name."""
    circuit, shape = circuit_of(program), program.shape
    values = activation_table(
        shape.activation, shape.word_bits, shape.fraction_bits, circuit.table_bits
    ).tolist()
    circuit = circuit._replace(behind_table=values[-1])
    words = [pack_instruction(circuit, i) for i in program.instructions]
    about = "The instructions, as the sequencer and the control of the lanes take them apart."
    roms = {
        "microcode": rom(
            "microcode", about, words, circuit.instruction_bits, width_of(len(words)), enable=True
        )
    }
    about = f"The activation function: {shape.activation} at equally spaced words."
    table = rom("activation_table", about, values[:-1], shape.word_bits, circuit.table_bits)
    roms["activation_table"] = table
    for lane, rows in enumerate(program.tables):
        about = f"What lane {lane} does in each cycle: act, send, edge, unit. Row 0 is idle."
        name = f"table_{lane}"
        roms[name] = rom(name, about, (0, *rows), shape.entry_bits, circuit.row_bits)
    if circuit.last_turn:
        about = "How far the rotator turns, for each entry of the instruction that rides."
        turns = program.turns
        roms["turns"] = rom("turns", about, turns, circuit.turn_bits, width_of(len(turns)))
    return circuit, roms


@lru_cache(maxsize=64)
def _converted(name: str, circuit: Circuit) -> str:
    """Return the Verilog of a block, converted in a process of its own."""
    here = str(Path(__file__).parents[1])
    search = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", ""))))
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "myhdl_core.convert", name, folder],
            input=json.dumps(circuit),
            env={**os.environ, "PYTHONPATH": search, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RunFailed(f"module {name}: not converted to Verilog.\n{done.stderr.strip()}")
        return (Path(folder) / f"{name}.v").read_text()
