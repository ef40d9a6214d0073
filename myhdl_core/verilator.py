"""Verilog to a shared library: Verilator makes C++ of it, a C++ compiler the rest.

The compiler is called directly, so neither make nor Perl nor ccache is needed; what was built is
kept (``myhdl_core/cache.py``), and Verilator's own runtime is compiled once for all chips.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from myhdl_core import cache, tools
from neurosim.errors import RunFailed, UserError

LIBRARY = "chip.dll" if os.name == "nt" else "chip.so"
RUNTIME = ("verilated.cpp", "verilated_threads.cpp")
TRACE_RUNTIME = "verilated_vcd_c.cpp"
TRACE_FLAGS = ("--trace-vcd", "--trace-max-array", "65536", "--trace-max-width", "4096")
VERILATE = (
    "--cc", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--no-assert", "--prefix", "Vchip",
    "--Mdir", ".", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--output-split", "5000",
)  # fmt: skip
COMPILE = (
    "-std=gnu++17", "-fPIC", "-w", "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0",
    "-DVM_TRACE_FST=0", "-DVM_TRACE_SAIF=0", "-DVM_TIMING=0",
    "-fno-sanitize=all",  # which ziglang's compiler turns on where nothing is optimised
    "-fvisibility=hidden",  # with which a chip runs twice as fast: its functions may be inlined
)  # fmt: skip
# For what runs in every cycle, for what runs once, and for Verilator's runtime.
FAST, SLOW, COMMON = "-O2", "-O0", "-O1"
# Lets the harness look into the memories, which the Verilog itself says nothing about.
CONTROL = """\
`verilator_config
public_flat_rd -module "memory*" -var "words"
"""
# Converted Verilog names operands of different widths where Verilog means what is wanted.
WAIVED = """\
`verilator_config
lint_off -rule WIDTHEXPAND -file "*" -match "*'s VARREF '*"
lint_off -rule DECLFILENAME -file "*"
"""
PROCESSES = 2
LINES_SHOWN = 12


def harness() -> str:
    """Return the C++ that drives the chip's top module."""
    return (files("myhdl_core") / "harness.cpp").read_text("utf-8")


def compile_library(
    folder: Path, top: str = "network", harness: str | None = None, trace: bool = False
) -> Path:
    """Return the shared library of the Verilog in a folder, building it where it is not kept.

    Parameters
    ----------
    folder
        Holds the Verilog, one module a file, each named after its module.
    top
        The module that the harness drives; in C++ its class is ``Vchip``.
    harness
        C++ with the functions that Python calls; that of the chip where left out.
    trace
        Whether it can write waveforms, which costs time in every cycle and in the build.

    Raises
    ------
    UserError
        When a tool or the top module is missing.
    RunFailed
        When a tool does not take what it is given.
    """
    tools.require(("verilator", tools.COMPILER), "simulating the chip")
    if not (folder / f"{top}.v").is_file():
        raise UserError(f"{folder}: holds no {top}.v. Write the chip's Verilog there first.")
    text = _own_harness() if harness is None else harness
    sources = b"".join(
        f"{path.name} {len(content)}\n".encode() + content
        for path, content in ((p, p.read_bytes()) for p in sorted(folder.glob("*.v")))
    )
    key = _key(top, text, str(trace), sources)

    def make(made: Path) -> None:
        _verilate(folder.absolute(), top, made, trace)
        (made / "harness.cpp").write_text(text, "utf-8")
        _link(_compile_all(made, trace), made)
        for path in made.iterdir():
            if path.name != LIBRARY:
                path.unlink()

    return cache.kept(f"chip-{key}", make) / LIBRARY


_own_harness = harness  # the parameter of ``compile_library`` hides it


def lint(folder: Path, top: str = "network") -> str:
    """Return what Verilator finds wrong with the style of the Verilog: nothing, hopefully."""
    tools.require(("verilator",), "checking the Verilog")
    command, env = _verilator()
    with tempfile.TemporaryDirectory() as place:
        waived = _write(Path(place) / "lint.vlt", WAIVED)
        flags = ["--lint-only", "-Wall", "--top-module", top, "-y", "."]
        done = subprocess.run(
            [*command, *flags, str(waived), f"{top}.v"], cwd=folder, env=env,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
    words = (done.stdout + done.stderr).strip().splitlines()
    return "\n".join(line for line in words if not line.startswith("- "))


# --- the steps --------------------------------------------------------------------------------


def _verilate(folder: Path, top: str, made: Path, trace: bool) -> None:
    command, env = _verilator()
    _write(made / "control.vlt", CONTROL)
    flags = [*VERILATE, *(TRACE_FLAGS if trace else ()), "--top-module", top, "-y", str(folder)]
    _run([*command, *flags, "control.vlt", str(folder / f"{top}.v")], made, "Verilator", env)


def _compile_all(made: Path, trace: bool) -> list[Path]:
    """Compile the harness and the model, in few files, and the runtime if it is not kept."""
    sources = sorted(made.glob("*.cpp"), key=lambda path: -path.stat().st_size)
    slow = [path for path in sources if "Slow" in path.name or "__Dpi" in path.name]
    fast = [path for path in sources if path not in slow]
    jobs = [(_united(group, made / f"{name}.cc"), level, trace) for name, group, level in (
        ("fast_0", fast[::2], FAST), ("fast_1", fast[1::2], FAST), ("slow", slow, SLOW),
    ) if group]  # fmt: skip
    with ThreadPoolExecutor(PROCESSES) as pool:
        runtime = pool.submit(_runtime, trace)
        return [*pool.map(lambda job: _compile(*job), jobs), runtime.result()]


def _united(sources: Sequence[Path], into: Path) -> Path:
    """Write a file that includes all these: its headers are read once."""
    return _write(into, "".join(f'#include "{path.name}"\n' for path in sources))


def _compile(source: Path, level: str, trace: bool) -> Path:
    traced = [f"-DVM_TRACE={int(trace)}", f"-DVM_TRACE_VCD={int(trace)}"]
    include = _root() / "include"
    flags = [*COMPILE, level, *traced, "-I.", f"-I{include}", f"-I{include / 'vltstd'}"]
    made = source.with_suffix(".o")
    command = [*tools.compiler(), *flags, "-x", "c++", "-c", source.name, "-o", made.name]
    _run(command, source.parent, "the C++ compiler")
    return made


def _runtime(trace: bool) -> Path:
    """Return the compiled runtime of Verilator."""

    def make(made: Path) -> None:
        names = (*RUNTIME, TRACE_RUNTIME) if trace else RUNTIME
        sources = [_root() / "include" / name for name in names]
        united = "".join(f'#include "{path.as_posix()}"\n' for path in sources)
        _compile(_write(made / "runtime.cc", united), COMMON, trace)

    return cache.kept(f"runtime-{_key(str(trace))}", make) / "runtime.o"


def _link(objects: Sequence[Path], made: Path) -> None:
    command = [*tools.compiler(), "-shared", "-fPIC", *map(str, objects), "-o", LIBRARY]
    _run([*command, *([] if os.name == "nt" else ["-pthread"])], made, "the C++ compiler")


# --- the tools --------------------------------------------------------------------------------


def _verilator() -> tuple[list[str], dict[str, str]]:
    command, root = tools.verilator()
    return command, {**os.environ, **({"VERILATOR_ROOT": str(root)} if root else {})}


def _root() -> Path:
    """Return the folder of Verilator that has ``include``."""
    command, root = tools.verilator()
    return root or Path(_answer((*command, "--getenv", "VERILATOR_ROOT")))


@lru_cache(maxsize=16)
def _answer(command: tuple[str, ...]) -> str:
    return _run(command, Path.cwd(), command[0]).strip()


def _key(*parts: str | bytes) -> str:
    """Return a name for what is built of these parts, with these tools, flags and system."""
    compiler = tools.compiler()
    setting = [
        CONTROL, *VERILATE, *TRACE_FLAGS, *COMPILE, FAST, SLOW, COMMON, sys.platform,
        platform.machine(), *compiler, _answer((*compiler, "--version")) if compiler else "",
        str(_root()), _answer((*tools.verilator()[0], "--version")),
    ]  # fmt: skip
    digest = hashlib.sha256()
    for part in (*setting, *parts):
        content = part.encode() if isinstance(part, str) else part
        digest.update(f"{len(content)} ".encode() + content)
    return digest.hexdigest()[:24]


def _write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def _run(command: Sequence[str], folder: Path, who: str, env: dict[str, str] | None = None) -> str:
    """Run a tool and return its words; raise with the last of them where it fails."""
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        raise RunFailed(f"{who} could not be started ({error}).") from error
    words = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        last = "\n".join(f"  {line}" for line in words.strip().splitlines()[-LINES_SHOWN:])
        raise RunFailed(f"{who} failed with code {done.returncode}:\n{last}")
    return words
