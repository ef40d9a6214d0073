"""`network.core`: how FuseSoC takes the chip in, lints, simulates and builds it (CAPI2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from myhdl_core.boards.board import BOARDS, Board
from myhdl_core.verilog import of_chip
from neurosim.study.hardware.boards import FOLDER

NAME, CORE = "network.core", "neurosim:chip:network:1.0.0"
# What converted Verilog is waived, as when `--check` lints it; here for all files alike.
LINT = ["-Wall", "-Wno-DECLFILENAME", "-Wno-WIDTHEXPAND"]
FLOWS = {"ecp5": "trellis", "ice40": "icestorm"}


def text(rtl: Path) -> str:
    """Return the core file of a folder: all Verilog, the test bench, and the boards in it."""
    boards = [board for board in BOARDS.values() if (rtl / FOLDER / board.name).is_dir()]
    chip = [path.name for path in of_chip(rtl)]
    top = "network_axi" if "network_axi.v" in chip else "network"
    described: dict[str, Any] = {
        "name": CORE,
        "description": "A network that learns while it runs",
        "filesets": {
            "rtl": {"files": chip, "file_type": "verilogSource-2005"},
            "tb": _bench(rtl),
            **{board.name: _files(rtl, board) for board in boards},
        },
        "targets": {
            "default": {"filesets": ["rtl"], "toplevel": top},
            "lint": _flow("lint", ["rtl"], top, tool="verilator", verilator_options=LINT),
            "sim": _flow("sim", ["rtl", "tb"], "network_tb", tool="icarus",
                         iverilog_options=["-g2005"]),
            "sim_verilator": _flow("sim", ["rtl", "tb"], "network_tb", tool="verilator",
                                   mode="binary", verilator_options=["--timing", "-Wno-WIDTH"]),
            **{board.name: _target(rtl, board) for board in boards},
        },
    }  # fmt: skip
    return "CAPI=2:\n" + "\n".join(_yaml(described)) + "\n"


def _bench(rtl: Path) -> dict[str, Any]:
    """Return the test bench; it reads its vectors where it runs."""
    vectors = sorted(path.relative_to(rtl).as_posix() for path in rtl.glob("vectors/*.hex"))
    benches = [_file(path.name) for path in rtl.glob("network_tb.v")]
    return {"files": benches + [{name: {"file_type": "user", "copyto": name}} for name in vectors]}


def _file(name: str, kind: str = "verilogSource-2005") -> dict[str, Any]:
    return {name: {"file_type": kind}}


def _files(rtl: Path, board: Board) -> dict[str, Any]:
    """Return a board's Verilog and constraints."""
    folder = f"{FOLDER}/{board.name}"
    verilog = sorted(path.name for path in (rtl / folder).glob("*.v"))
    kind = {"ecp5": "lpf", "ice40": "pcf"}[board.family]
    files = [_file(f"{folder}/{name}") for name in verilog]
    return {"files": [*files, _file(f"{folder}/top.{kind}", kind.upper())]}


def _flow(flow: str, filesets: list[str], top: str, **options: Any) -> dict[str, Any]:
    return {"flow": flow, "filesets": filesets, "toplevel": top, "flow_options": options}


def _target(rtl: Path, board: Board) -> dict[str, Any]:
    """Return what makes a board's bitstream, by the same commands as its ``build.py``."""
    told = json.loads((rtl / FOLDER / board.name / "board.json").read_text("utf-8"))
    packing = {"ecppack_options": ["--compress"]} if board.family == "ecp5" else {}
    return _flow(
        FLOWS[board.family],
        ["rtl", board.name],
        "top",
        yosys_synth_options=told["synthesis"].split()[1:],
        nextpnr_options=[*told["place"], "--freq", str(told["clock_mhz"])],
        **packing,
    )


def _yaml(value: Any, depth: int = 0) -> list[str]:
    """Return the lines of a mapping or a list; strings are quoted as in JSON, which YAML reads."""
    lines = []
    for key, each in value.items() if isinstance(value, Mapping) else ((None, v) for v in value):
        head = "  " * depth + ("-" if key is None else f"{json.dumps(key)}:")
        if isinstance(each, Mapping | list):
            lines += [head, *_yaml(each, depth + 1)]
        else:
            lines.append(f"{head} {json.dumps(each)}")
    return lines
