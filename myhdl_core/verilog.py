"""Verilog as files: blocks converted beside this process, written, and found again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from neurosim.errors import RunFailed

AT_ONCE = 2
FAILURE = ".err"  # of the file that says why a block could not be converted
KEPT = 64
#: Names in the same order every time, and no threads that a fork would have to do without.
ALONE = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_kept: dict[tuple[str, str, str], str] = {}  # by converter, block and what it is made from
_PORT = re.compile(r"^(input|output)\s+(?:signed\s+)?(?:\[(\d+):0\]\s*)?(\w+);", re.MULTILINE)


class Port(NamedTuple):
    """A port of a module: its name, `input` or `output`, and its bits."""

    name: str
    direction: str
    bits: int


def all_converted(converter: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the Verilog of blocks by their names; what was converted lately is not again.

    Parameters
    ----------
    converter
        The module that converts when it is run; see ``conversion.converted_apart``.
    given
        What each block is made from, as JSON. A block is a module and a file in Verilog.

    Raises
    ------
    RunFailed
        When a conversion fails, with what it said.
    """
    keys = {name: (converter, name, text) for name, text in given.items()}
    missing = {name: given[name] for name, key in keys.items() if key not in _kept}
    parts = [missing] if hasattr(os, "fork") else [{name: missing[name]} for name in missing]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for part in pool.map(partial(_converted, converter), filter(None, parts)):
            _kept.update((keys[name], text) for name, text in part.items())
    found = {name: _kept[key] for name, key in keys.items()}
    for oldest in list(_kept)[:-KEPT]:
        del _kept[oldest]
    return found


def _converted(converter: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the Verilog of blocks by their names, which a process of its own converts."""
    here = str(Path(__file__).parents[1])
    search = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", ""))))
    # when this process is ended early, forks of that one may write for another moment
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        done = subprocess.run(
            [sys.executable, "-m", converter, place],
            input=json.dumps(dict(given)),
            env={**os.environ, **ALONE, "PYTHONPATH": search},
            capture_output=True,
            text=True,
        )
        return {name: _text_of(name, Path(place), done.stderr) for name in given}


def _text_of(name: str, folder: Path, said: str) -> str:
    file, why = folder / f"{name}.v", folder / f"{name}{FAILURE}"
    if why.is_file():
        said = why.read_text()
    elif file.is_file():
        return file.read_text()
    raise RunFailed(f"module {name}: not converted to Verilog.\n{said.strip()}")


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
