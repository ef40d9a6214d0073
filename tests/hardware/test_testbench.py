"""The test bench that a chip is written with passes, and fails where a vector is changed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from myhdl_core import tools
from neurosim.cli import main
from tests.hardware import needs

SMALL = ("fully_recurrent", "--network.units", "3", "--lanes", "2")


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Path:
    """A chip with its test bench."""
    out = tmp_path_factory.mktemp("bench")
    assert main(["hardware", *SMALL, "--out", str(out), "--json"]) == 0
    (made,) = out.iterdir()
    return made / "rtl"


def spoil(rtl: Path, name: str) -> None:
    """Change the lowest digit of the second word of a file of vectors."""
    path = rtl / "vectors" / f"{name}.hex"
    words = path.read_text().split("\n")
    words[1] = f"{words[1][:-1]}{int(words[1][-1], 16) ^ 1:x}"
    path.write_text("\n".join(words))


@needs.myhdl
@needs.iverilog
def test_icarus_passes_and_fails_the_bench(bench, tmp_path):
    rtl = shutil.copytree(bench, tmp_path / "rtl")
    sources = sorted(path.name for path in rtl.glob("*.v"))
    compiled = ["iverilog", "-g2005", "-Wall", "-Wno-timescale", "-o", "tb.vvp", *sources]
    done = subprocess.run(compiled, cwd=rtl, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")

    def printed() -> str:
        return subprocess.run(["vvp", "tb.vvp"], cwd=rtl, capture_output=True, text=True).stdout

    assert printed().startswith("PASS: 24 steps")
    for name, what in (("outputs", "output"), ("final_a_0", "memory"), ("final_b_1", "memory"),
                       ("final_weights_1", "memory"), ("cycles", "cycles")):  # fmt: skip
        kept = (rtl / "vectors" / f"{name}.hex").read_bytes()
        spoil(rtl, name)
        said = printed()
        assert f": {what}: lane" in said
        assert "FAIL: 1 of" in said
        (rtl / "vectors" / f"{name}.hex").write_bytes(kept)


@needs.compiler
@needs.make
def test_verilator_passes_the_bench(bench, tmp_path):
    rtl = shutil.copytree(bench, tmp_path / "rtl")
    (command, *_), root = tools.verilator()
    quick = "PYTHON3=python3 CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0"
    flags = ["--binary", "--timing", "-Wno-WIDTH", "--top-module", "network_tb", "network_tb.v",
             "-MAKEFLAGS", quick, "-CFLAGS", "-std=c++20 -fcoroutines"]  # fmt: skip
    if root:  # by a path without blanks, which make would not take
        (tmp_path / "verilator").symlink_to(root)
    env = {**os.environ, **({"VERILATOR_ROOT": str(tmp_path / "verilator")} if root else {})}
    done = subprocess.run([command, *flags], cwd=rtl, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = subprocess.run(["./obj_dir/Vnetwork_tb"], cwd=rtl, capture_output=True, text=True)
    assert "PASS: 24 steps" in ran.stdout
