"""Yosys in a process of its own, so that it can be stopped and its words read."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from myhdl_core import tools
from neurosim.errors import RunFailed

#: Not of Yosys: writes into every cell, where its line of Verilog stands, the instance it is in.
MARK = "mark"
_CHILD = """\
import sys
from pyosys import libyosys as ys
design = ys.Design()

def mark():
    for name in [str(name).lstrip(chr(92)) for name in design.modules_]:
        ys.run_pass(f'setattr -set src "{name}" {name}/c:*', design)

for command in sys.stdin.read().splitlines():
    mark() if command == "mark" else ys.run_pass(command, design)
"""
_LATCH = re.compile(r"^Warning: Latch inferred for signal `(.*?)'", re.MULTILINE)


def latches(said: str) -> tuple[str, ...]:
    """Return the signals that Yosys says became latches, which some families make of LUTs."""
    found = (name.replace("\\", "") for name in _LATCH.findall(said))
    return tuple(dict.fromkeys(found))


def run(commands: Iterable[str], folder: Path, what: str) -> str:
    """Run commands of Yosys in a folder, and return what it says.

    ``what`` opens the message of an error.

    Raises
    ------
    UserError
        When pyosys is missing.
    RunFailed
        When Yosys gives up, with its errors.
    """
    tools.require(("pyosys",), "synthesis")
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        cwd=folder,
        input="\n".join(commands),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        wrong = [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
        found = [f"{name} is a latch." for name in latches(done.stdout)]
        why = "\n".join([*found, *(wrong or done.stdout.splitlines()[-5:])])
        raise RunFailed(f"{what}: not synthesised.\n{why}")
    return done.stdout


def quoted(path: Path | str) -> str:
    """Return a path as a command of Yosys takes it."""
    return f'"{path}"'


def version(creator: str) -> str:
    """Return the version in what a file of Yosys says of its maker."""
    found = re.search(r"Yosys (\S+)", creator)
    return found[1] if found else ""
