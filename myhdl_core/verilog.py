"""Verilog as files: blocks converted in processes of their own, written, and found again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from neurosim.errors import RunFailed

_PORT = re.compile(r"^(input|output)\s+(?:signed\s+)?(?:\[(\d+):0\]\s*)?(\w+);", re.MULTILINE)


class Port(NamedTuple):
    """A port of a module: its name, `input` or `output`, and its bits."""

    name: str
    direction: str
    bits: int


def all_converted(converter: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the Verilog of blocks by their names, two at a time; see ``converted``."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        made = pool.map(lambda name: converted(converter, name, given[name]), given)
        return dict(zip(given, made, strict=True))


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


def written(modules: Mapping[str, str], folder: Path | str) -> list[Path]:
    """Write modules to a folder, each to a file of its name; return the files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in modules.items():
        (folder / f"{name}.v").write_text(text)
    return [folder / f"{name}.v" for name in modules]


def of_chip(folder: Path) -> list[Path]:
    """Return the Verilog of a chip in its folder, without test benches, sorted by name."""
    return sorted(path for path in folder.glob("*.v") if not path.stem.endswith("_tb"))


def ports_of(module: Path) -> tuple[Port, ...]:
    """Return the ports of a module, as its file declares them."""
    found = _PORT.findall(module.read_text("utf-8"))
    return tuple(Port(name, kind, int(top or 0) + 1) for kind, top, name in found)


def widths_of(module: Path) -> dict[str, int]:
    """Return the bits of a module's ports, by their names."""
    return {port.name: port.bits for port in ports_of(module)}
