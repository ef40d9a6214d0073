"""Placement: what nextpnr says, in numbers and in words, and where everything lies."""

import json
import sys
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from myhdl_core import tools
from myhdl_core.silicon import floor, placement, timing
from myhdl_core.silicon.families import Kind
from myhdl_core.silicon.floor import Thing
from myhdl_core.silicon.netlist import Cell, Netlist
from myhdl_core.silicon.placement import failure, placed, utilised
from myhdl_core.silicon.synthesis import synthesised
from neurosim.errors import RunFailed, UserError
from neurosim.machine.parts import PARTS, part_for, part_named
from neurosim.report.figures.floorplan import floorplan, keep
from neurosim.report.silicon import print_silicon
from neurosim.study.hardware import silicon
from tests.hardware import needs, toy_silicon

LANES = toy_silicon.LANES
LANE_3 = "u_network.u_lane_3"


# --- on real tools ----------------------------------------------------------------------------


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("gw2a-18", "ice40-hx8k")]


@pytest.fixture(scope="module", params=["ecp5-25f", "ice40-up5k", *SLOW])
def toy(request, tmp_path_factory):
    part = part_named(request.param)
    if not needs.has("pyosys", tools.placer_name(part.placer)):
        pytest.skip("pyosys or nextpnr is not here")
    folder = tmp_path_factory.mktemp(part.name)
    seeds = 1 if part.name == "ecp5-25f" else 2
    rtl, asked = toy_silicon.write(folder / "rtl"), silicon.Wanted(part.synthesis, part, seeds)
    said: list[str] = []
    kept: list[silicon.Silicon] = []
    made = silicon.made(rtl, asked, folder, kept.append, said.append)
    assert kept == [silicon.Silicon(made.synthesis), made]
    return made.placement, made.synthesis, said


def test_each_seed_has_its_clock_and_its_path(toy):
    found, _, said = toy
    assert [run.seed for run in found.runs] == [1, 2][: len(found.runs)]
    assert found.worst.mhz == min(run.mhz for run in found.runs) > 20
    for run in found.runs:
        assert run.path.ns == pytest.approx(1000 / run.mhz, rel=0.01)
        assert run.path.logic_ns + run.path.wire_ns == pytest.approx(run.path.ns, abs=0.01)
    assert f"seed 1: {found.runs[0].mhz:.1f} MHz" in said


def test_netlist_and_reports_are_kept(toy):
    found, chip, _ = toy
    kept = chip.path.parent
    assert kept.parts[-2:] == (silicon.FOLDER, chip.family.name)
    assert chip.path.is_file()
    for run in found.runs:
        report = json.loads((kept / f"report-{run.seed}.json").read_text())
        assert placement.mhz(report) == run.mhz


def test_what_is_used_is_the_chip_and_its_harness(toy):
    found, chip, _ = toy
    used = {placement.NAMES.get(name, name): each for name, each in found.utilisation.items()}
    assert used["block RAMs"] == (chip.whole.block_rams, found.part.blocks)
    products = used.get("multipliers", (0, 0))
    assert products == (chip.whole.multipliers, found.part.multipliers)
    assert found.harness.registers == 60


def test_every_block_of_the_chip_lies_somewhere(toy):
    found, chip, _ = toy
    plan = found.floorplan
    assert set(plan.blocks) - {floor.HARNESS} == set(chip.blocks)
    memories = [each for each in plan.placed if each.thing == Thing.BLOCK_RAM]
    assert {each.block for each in memories} == {f"lane {lane}" for lane in range(LANES)}
    tiles = {(each.column, each.row) for each in plan.placed}
    assert {plan.path[0], plan.path[-1]} <= tiles


def test_the_record_and_the_report_say_the_same(toy, capsys):
    found, chip, _ = toy
    record = json.loads(json.dumps(silicon.Silicon(chip, found).as_dict()))
    assert record["placement"]["worst_mhz"] == round(found.worst.mhz, 2)
    assert record["placement"]["part"] == found.part.name
    assert record["synthesis"]["whole"] == chip.whole.as_dict()
    print_silicon(silicon.Silicon(chip, found), Console(width=100))
    said = capsys.readouterr().out
    for words in (found.part.title, f"{found.worst.mhz:.1f} MHz", "slowest path: from", "whole"):
        assert words in said


def test_the_floorplan_names_what_it_shows(toy, tmp_path):
    found, _, _ = toy
    picture = floorplan(found)
    svg = picture.svg()
    for words in ("lane 0", "lane 1", "sequencer", "harness", "block RAM", "slowest path"):
        assert f">{words}<" in svg
    assert found.worst.path.words in picture.caption
    assert keep(found, tmp_path).read_text("utf-8") == svg
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be made"):
        keep(found, tmp_path / "file")


@pytest.mark.slow
@needs.synthesis
def test_a_chip_that_is_too_large_says_what_there_is_too_little_of(tmp_path):
    part = part_named("ice40-up5k")
    if not needs.has(tools.placer_name(part.placer)):
        pytest.skip("nextpnr is not here")
    rtl = toy_silicon.write(tmp_path / "rtl")
    lanes = 9  # one more than the part has multipliers
    text = (rtl / "network.v").read_text().split("lane u_lane_0")[0]
    text += "".join(
        f"wire signed [31:0] s{n};\n"
        f"lane u_lane_{n} (.clk(clk), .reset(reset), .at(at + 8'd{n}), .word(in_data),"
        f" .sum(s{n}));\n"
        for n in range(lanes)
    )
    text += f"assign out_data = {' ^ '.join(f's{n}' for n in range(lanes))};\nendmodule\n"
    (rtl / "network.v").write_text(text)
    chip = synthesised(rtl, "ice40", tmp_path / "chip.json")
    with pytest.raises(RunFailed, match="9 multipliers are needed, and there are 8"):
        placed(chip, part, tmp_path, seeds=(1,))


# --- on text ----------------------------------------------------------------------------------


def _cell(name: str, kind: Kind, output: int = 0, inputs: tuple[int, ...] = ()) -> Cell:
    return Cell(name, kind.name, kind, "", {"Q": (output,)}, {"D": inputs})


@pytest.fixture
def design() -> Netlist:
    cells = (
        _cell("u_network.u_table_3.words.0.0", Kind.BLOCK_RAM, 1),
        _cell("u_network.u_lane_3.x_LUT4_Z", Kind.LUT, 2, (1,)),
        _cell("u_network.u_lane_3.address4_TRELLIS_FF_Q_1", Kind.REGISTER, 3, (2,)),
        _cell("u_network.u_lane_3.u_units.words.0.0", Kind.BLOCK_RAM, 4),
        _cell("u_network.u_lane_3.product_SB_MAC16_O", Kind.MULTIPLIER, 5),
        _cell("held_TRELLIS_FF_Q", Kind.REGISTER, 6),
    )
    instances = {
        "u_network": "network",
        "u_network.u_table_3": "table_3",
        "u_network.u_lane_3": "lane",
        "u_network.u_lane_3.u_units": "memory",
    }
    names = {3: ("u_network.u_lane_3.address4[1]", "u_network.place[1]"), 6: ("held",)}
    return Netlist("network_axi", {c.name: c for c in cells}, instances, names, {}, "")


def _report(*steps: tuple[str, str, str, str, float]) -> dict:
    """Return a report with a path: for each step its type, cell, ports and delay."""
    path, lies = [], {}
    for number, (kind, cell, out, into, delay) in enumerate(steps):
        name = cell if cell.startswith("other") else f"u_chip.{cell}"
        loc = lies.setdefault(name, [number, 1])
        step = {"type": kind, "delay": delay, "net": f"u_chip.{cell}", "loc": loc}
        for side, port in (("from", out), ("to", into)):
            step[side] = {"cell": name, "loc": loc, "port": port}
        path.append(step)
    return {
        "critical_paths": [
            {"from": "<async>", "to": "posedge clk", "path": []},
            {"from": "posedge clk", "to": "posedge clk", "path": path},
        ]
    }


def test_a_path_in_words(design):
    found = timing.critical(
        _report(
            ("clk-to-q", "u_network.u_table_3.words.0.0", "DOA1", "DOA1", 5.6),
            ("routing", "u_network.u_lane_3.x_LUT4_Z", "DOA1", "A", 1.5),
            ("logic", "u_network.u_lane_3.x_LUT4_Z", "A", "F", 0.25),
            ("logic", "u_network.u_lane_3.x_LUT4_Z", "FCI", "FCO", 0.25),
            ("routing", "u_network.u_lane_3.address4_TRELLIS_FF_Q_1", "F", "DI", 0.5),
            ("setup", "u_network.u_lane_3.address4_TRELLIS_FF_Q_1", "DI", "DI", 0.0),
        ),
        design,
    )
    assert found.begins == "the table ROM of lane 3"
    assert found.ends == "register address4[1] of lane 3"
    assert (found.ns, found.logic_ns, found.wire_ns, found.levels) == (8.1, 6.1, 2.0, 1)
    assert found.blocks == ("table 3", "lane 3")
    assert found.words.startswith("from the table ROM of lane 3 to register address4[1] of lane 3:")
    assert "1 level of logic" in found.words


@pytest.mark.parametrize(
    ("cell", "port", "words"),
    [
        (f"{LANE_3}.u_units.words.0.0_RAM", "WADDR_3", "the address of the unit bank of lane 3"),
        (f"{LANE_3}.u_units.words.0.0", "DIA7", "the data of the unit bank of lane 3"),
        (f"{LANE_3}.u_units.words.0.0", "WEA", "the enable of the unit bank of lane 3"),
        (f"{LANE_3}.product_SB_MAC16_O_DSP", "A_3", "the multiplier of lane 3"),
        (f"{LANE_3}.address4_TRELLIS_FF_Q_1", "LSR", "the reset of register address4[1] of lane 3"),
        (f"{LANE_3}.x_LUT4_Z_LC", "I3", "register address4[1] of lane 3"),
        ("held_TRELLIS_FF_Q", "DI", "register held of the AXI interface"),
        ("other_harness", "DI", "the register at a port"),
    ],
)  # fmt: skip
def test_ends_of_paths_in_words(cell, port, words, design):
    begin = ("clk-to-q", "u_network.u_table_3.words.0.0", "DOA1", "DOA1", 5.6)
    found = timing.critical(_report(begin, ("setup", cell, port, port, 0.1)), design)
    assert found.ends == words


def test_a_report_without_a_path_has_none(design):
    assert timing.critical({"critical_paths": []}, design) is None
    with pytest.raises(RunFailed, match="no clock"):
        placement.mhz({"fmax": {}})


def test_what_there_is_too_little_of():
    log = (
        "Info: Device utilisation:\n"
        "Info: \t          ICESTORM_LC:  6201/   5280   117%\n"
        "Info: \t         ICESTORM_RAM:    41/     30   136%\n"
        "Info: \t         ICESTORM_DSP:     5/      8    62%\n"
        "ERROR: Unable to place cell 'x', no BELs remaining to implement cell type 'ICESTORM_RAM'\n"
    )
    said = failure(log)
    assert "6,201 logic cells are needed, and there are 5,280" in said
    assert "41 block RAMs are needed, and there are 30" in said
    assert "multipliers" not in said
    assert "--lanes" in said
    assert "no route" in failure("Info: x\nERROR: there is no route\n")


def test_only_what_is_used_is_told():
    report = {"utilization": {"A": {"used": 2, "available": 5}, "B": {"used": 0, "available": 3}}}
    assert utilised(report) == {"A": (2, 5)}


def test_stopping_ends_what_runs_and_lets_nothing_start(tmp_path):
    started = placement._Started()
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    ended: list[int] = []
    waiting = threading.Thread(target=lambda: ended.append(started.run(command, tmp_path)[0]))
    waiting.start()
    while not started._running:
        time.sleep(0.01)
    started.stop()
    waiting.join(20)
    assert ended
    assert ended[0] != 0
    assert started.run(command, tmp_path)[0] != 0


# --- mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((None, False, None, 3), "--place-seeds: says how often"),
        ((None, True, None, 0), "--place-seeds: must be from 1 to 99"),
        (("ecp", False, None, None), "Did you mean ecp5"),
        (("ice40", True, "ecp5-25f", None), "is synthesised as ecp5"),
        (("xc7", True, None, None), "nothing places on AMD Artix-7"),
        ((None, True, "artix7-35t", None), "no open place and route"),
    ],
)
@needs.synthesis
def test_flags_that_contradict_each_other(flags, said):
    family, place, part, seeds = flags
    with pytest.raises(UserError, match=said):
        silicon.wanted(family, place, part_named(part) if part else None, seeds)


def test_a_missing_placer_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setattr(tools, "_folder_of", lambda name: Path() if name == "pyosys" else None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match=r"placing a chip needs nextpnr-ecp5.*hdl\[place\]"):
        silicon.wanted(None, True, None, None)


def test_a_placer_of_the_system_serves_where_there_is_no_wheel(monkeypatch, tmp_path):
    program = tmp_path / "nextpnr-ice40"
    program.write_text("#!/bin/sh\necho 'nextpnr (Version nextpnr-0.9)' >&2\n")
    program.chmod(0o755)
    monkeypatch.setattr(tools, "_folder_of", lambda name: None)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert tools.placer("ice40") == [str(program)]
    assert tools.placer_version("ice40") == "nextpnr-ice40 0.9"


@needs.synthesis
def test_what_is_wanted_by_default():
    assert silicon.wanted(None, False, None, None) is None
    assert silicon.wanted("gowin", False, None, None) == silicon.Wanted("gowin")
    assert part_for("ice40").name == "ice40-up5k"


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_part_that_can_be_placed_says_how(part):
    assert part.synthesis
    assert bool(part.placer) == bool(part.arguments) == bool(part.goal_mhz)
    assert bool(part.placer) != bool(part.why_not_placed)
