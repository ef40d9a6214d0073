"""The chip on AXI against bus models, with random stalls, on Verilator and on Icarus."""

import json
import os
import re
import stat
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import neurosim as ns
from myhdl_core import tools
from myhdl_core.verilator import lint
from tests.hardware import needs
from tests.hardware.axi_case import Made

BENCH = Path(__file__).with_name("axi_bench.py")
QUICK = "PYTHON3=python3 OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O0 CFG_CXXFLAGS_PCH_I=-include"
MODULE = "tests.hardware.axi_bench"
TESTS = re.findall(r"^@cocotb.test.*\nasync def (\w+)", BENCH.read_text(), re.MULTILINE)


def run(made: Made, simulator: str, steps: int, place: Path) -> dict[str, str]:
    """Run all of the bench in a simulator; return what went wrong, by test."""
    from cocotb_tools.runner import get_runner

    case = place / "case.json"
    case.write_text(json.dumps(made.case(steps)))
    sources = sorted(made.folder.glob("*.v"))
    flags = {
        "verilator": ["-Wno-fatal", "-Wno-lint", "-Wno-style", "--no-assert", "-O3"],
        "icarus": ["-g2005"],
    }
    runner = get_runner(simulator)
    with pytest.MonkeyPatch.context() as patch:
        if simulator == "verilator":
            patch.setenv("PATH", f"{shim(place)}{os.pathsep}{os.environ['PATH']}")
            patch.setenv("MAKEFLAGS", QUICK)
        patch.setenv("NEUROSIM_AXI_CASE", str(case))
        patch.setenv("COCOTB_LOG_LEVEL", "WARNING")
        runner.build(sources=sources, hdl_toplevel="network_axi", build_dir=place / simulator,
                     build_args=flags[simulator], timescale=("1ns", "1ps"),
                     log_file=place / "build.log")  # fmt: skip
        results = runner.test(hdl_toplevel="network_axi", test_module=MODULE,
                              build_dir=place / simulator, test_dir=place,
                              log_file=place / "test.log")  # fmt: skip
    return outcome(results)


def outcome(results: Path) -> dict[str, str]:
    found = {}
    for case in ElementTree.parse(results).iter("testcase"):
        wrong = [part for part in case if part.tag in ("failure", "error")]
        found[case.get("name", "")] = "".join(str(part.attrib) for part in wrong)
    return found


def shim(place: Path) -> Path:
    """Return a folder with a program `verilator`, as cocotb looks for it."""
    (command, *_), root = tools.verilator()
    folder = place / "bin"
    folder.mkdir()
    program = folder / "verilator"
    exported = f"export VERILATOR_ROOT='{root}'\n" if root else ""
    program.write_text(f"#!/bin/sh\n{exported}exec '{command}' \"$@\"\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Made(tmp_path_factory.mktemp("axi"), ns.Fixed(), 2)


@pytest.fixture(scope="module")
def on_verilator(made, tmp_path_factory):
    return run(made, "verilator", 1000, tmp_path_factory.mktemp("verilator"))


@pytest.fixture(scope="module")
def on_icarus(made, tmp_path_factory):
    """Four-state logic: what a reset leaves out shows as X."""
    return run(made, "icarus", 30, tmp_path_factory.mktemp("icarus"))


@needs.bus
@needs.compiler
@needs.make
@pytest.mark.slow
@pytest.mark.parametrize("name", TESTS)
def test_verilator(on_verilator, name):
    assert on_verilator[name] == ""


@needs.bus
@needs.myhdl
@needs.iverilog
@pytest.mark.parametrize("name", TESTS)
def test_icarus(on_icarus, name):
    assert on_icarus[name] == ""


SHAPES = {
    "narrow, three lanes": (ns.Fixed(12, 8, 20, 16), 3),
    "wide weights, one lane": (ns.Fixed(18, 12, 40, 30), 1),
    "several words each way": (ns.Fixed(), 2, ("a", "b"), 3),
    "one answer of several words": (ns.Fixed(), 2, ("a",), 2),
}


@needs.bus
@needs.iverilog
@needs.compiler
@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_other_shapes(shape, tmp_path):
    made = Made(tmp_path / "rtl", *shape)
    assert lint(made.folder, "network_axi") == ""
    found = run(made, "icarus", 30, tmp_path)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert set(found) == set(TESTS)


@needs.compiler
def test_free_of_lint(made):
    assert lint(made.folder, "network_axi") == ""
