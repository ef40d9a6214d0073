"""Writes what a board adds to a chip: top, clock, bridge, constraints and scripts."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from myhdl_core.boards import top as texts
from myhdl_core.boards.board import BAUD, Board
from myhdl_core.boards.line import Line
from myhdl_core.silicon.families import FAMILIES
from myhdl_core.verilog import all_converted, of_chip, widths_of

#: The modules of the bridge, and whether they know how long a bit on the line is.
BLOCKS = {
    "uart_bridge": False,
    "uart_receiver": True,
    "uart_requests": False,
    "uart_answers": False,
    "uart_sender": True,
}
SCRIPTS = ("build.py", "serial_link.py", "example.py")


def emit(board: Board, rtl: Path, folder: Path, word_bits: int) -> list[Path]:
    """Write a board's files to a folder; ``rtl`` holds the chip, of which it reads the ports.

    Returns
    -------
    list[Path]
        The files, the top module first.

    Raises
    ------
    RunFailed
        When a conversion to Verilog fails.
    """
    clock_mhz = board.clock_mhz
    widths = widths_of(rtl / "network_axi.v")
    address_bits = widths["s_axil_awaddr"]
    line = Line(clock_mhz * 1_000_000 // BAUD, (address_bits + 7) // 8, widths["s_axis_tdata"] // 8)
    made = {
        "top.v": texts.top(board, clock_mhz, line, address_bits),
        "board_clock.v": texts.clock(board, clock_mhz),
    }
    name, text = texts.constraints(board)
    made[name] = text
    given = {
        block: json.dumps(line if timed else line._replace(divider=0))
        for block, timed in BLOCKS.items()
    }
    blocks = all_converted("myhdl_core.boards.convert", given)
    made |= {f"{block}.v": verilog for block, verilog in blocks.items()}
    own = [file for file in made if file.endswith(".v")]
    told = _told(board, line, word_bits) | {
        "constraints": name,
        "sources": sorted(own) + sorted(f"../../{path.name}" for path in of_chip(rtl)),
    }
    made["board.json"] = json.dumps(told, indent=1) + "\n"
    for script in SCRIPTS:
        made[script] = (files("myhdl_core.boards") / script).read_text("utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in made.items():
        (folder / file).write_text(content, "utf-8", newline="\n")
    return [folder / file for file in made]


def _told(board: Board, line: Line, word_bits: int) -> dict[str, Any]:
    """Return what the scripts have to know of a board."""
    return {
        "board": board.title,
        "family": board.family,
        "synthesis": FAMILIES[board.family].synthesis,
        "place": board.place,
        "clock_mhz": board.clock_mhz,
        "bitstream": board.bitstream,
        "load": board.load,
        "port": board.port,
        "word_bits": word_bits,
        "address_bytes": line.address_bytes,
    }
