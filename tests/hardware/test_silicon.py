"""What a chip takes of each family, and whose each cell is."""

import json
from collections import Counter
from pathlib import Path

import pytest

from myhdl_core.silicon import harness, netlist
from myhdl_core.silicon.families import FAMILIES, Kind, Resources, family_named
from myhdl_core.silicon.synthesis import synthesised, top_of
from neurosim.errors import RunFailed, UserError
from tests.hardware import needs, toy_silicon

LANES = toy_silicon.LANES


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> Path:
    return toy_silicon.write(tmp_path_factory.mktemp("toy") / "rtl")


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("xc7", "gowin")]


@pytest.fixture(scope="module", params=["ecp5", "ice40", *SLOW])
def chip(request, toy):
    return synthesised(toy, request.param, toy.parent / f"{request.param}.json")


@needs.synthesis
def test_blocks_add_up_to_the_whole(chip):
    assert sum(chip.blocks.values(), start=Resources()) == chip.whole
    assert set(chip.blocks) <= {"lane 0", "lane 1", "sequencer", "network"}
    assert chip.lanes == LANES
    luts = LANES * chip.luts_of_a_lane + chip.luts_of_the_rest
    assert luts == chip.whole.luts


@needs.synthesis
def test_memories_and_products_are_in_their_lanes(chip):
    for lane in range(LANES):
        found = chip.blocks[f"lane {lane}"]
        assert (found.block_rams, found.multipliers) == (1, 1)
    assert chip.whole.block_rams == chip.whole.multipliers == LANES
    assert chip.blocks["sequencer"].registers == 8


@needs.synthesis
def test_what_is_deep_in_the_hierarchy_is_known_too(tmp_path):
    toy_silicon.write(tmp_path, axi=True)
    found = synthesised(tmp_path, "ecp5", tmp_path / "chip.json")
    assert found.top == "network_axi"
    registers = {name: each.registers for name, each in found.blocks.items() if each.registers}
    assert registers == {"axi": 16, "lane 0": 80, "lane 1": 80, "sequencer": 8}


@needs.synthesis
def test_what_is_kept_says_how_it_was_made(chip):
    record = json.loads(json.dumps(chip.as_dict()))
    assert record["yosys"][0].isdigit()
    assert record["alarms"] == []
    assert record["whole"]["luts"] == chip.whole.luts
    assert chip.path.is_file()
    assert record["lut_sites"] == chip.whole.luts + (chip.family.carry_luts * chip.whole.carries)


@needs.synthesis
def test_latches_and_memories_of_luts_are_alarms(tmp_path):
    toy_silicon.write(tmp_path)
    lane = (tmp_path / "lane.v").read_text()
    latch = "reg signed [15:0] kept;\nalways @* if (reset) kept = word;\n"
    lane = lane.replace("memory #", f"{latch}memory #").replace("<= operand * word", "<= kept * q")
    (tmp_path / "lane.v").write_text(lane)
    memory = (tmp_path / "memory.v").read_text().replace('"block"', '"distributed"')
    (tmp_path / "memory.v").write_text(memory)
    with pytest.raises(RunFailed, match="kept is a latch"):  # there it would be a loop of LUTs
        synthesised(tmp_path, "ecp5", tmp_path / "chip.json")
    found = synthesised(tmp_path, "gowin", tmp_path / "chip.json")
    assert any("kept is a latch" in alarm for alarm in found.alarms)
    assert any("not block RAM" in alarm for alarm in found.alarms)
    assert found.whole.lut_rams


@needs.synthesis
def test_a_harness_leaves_the_chip_as_it_was_counted(toy, tmp_path):
    chip = synthesised(toy, "ice40", tmp_path / "chip.json")
    design = netlist.read(chip.path, chip.family, chip.top)
    path = tmp_path / "harness.json"
    around = harness.wrapped(chip, design, path)
    whole = netlist.read(path, chip.family, harness.TOP)
    inside = Counter(c.type for n, c in whole.cells.items() if n.startswith(f"{harness.CHIP}."))
    assert inside == Counter(netlist.types(design))
    assert set(whole.ports) == set(harness.PINS)
    inputs, outputs = 17, 32
    assert around.registers == inputs + outputs + -(-outputs // 3)
    assert around.block_rams == around.multipliers == 0


@needs.synthesis
def test_what_is_no_verilog_is_said(tmp_path):
    (tmp_path / "network.v").write_text("module network (; endmodule")
    with pytest.raises(RunFailed, match="not synthesised"):
        synthesised(tmp_path, "ecp5", tmp_path / "chip.json")


def test_the_interface_is_the_top_where_there_is_one(tmp_path):
    with pytest.raises(UserError, match=r"holds no network\.v"):
        top_of(tmp_path)
    (tmp_path / "network.v").touch()
    assert top_of(tmp_path) == "network"
    (tmp_path / "network_axi.v").touch()
    assert top_of(tmp_path) == "network_axi"


def test_an_unknown_family_is_named_with_those_there_are():
    with pytest.raises(UserError, match=r"--synth ecp: unknown family\. Did you mean ecp5\?"):
        family_named("ecp")


@pytest.mark.parametrize(
    ("family", "cell", "expected"),
    [
        ("ecp5", "CCU2C", (Kind.CARRY, 1)),
        ("ecp5", "PFUMX", (Kind.OTHER, 1)),
        ("ecp5", "TRELLIS_DPR16X4", (Kind.LUT_RAM, 1)),
        ("ice40", "SB_DFFESR", (Kind.REGISTER, 1)),
        ("ice40", "SB_RAM40_4KNR", (Kind.BLOCK_RAM, 1)),
        ("xc7", "LUT6", (Kind.LUT, 1)),
        ("xc7", "SRL16E", (Kind.LUT, 1)),
        ("xc7", "RAMB36E1", (Kind.BLOCK_RAM, 2)),
        ("xc7", "RAM32M", (Kind.LUT_RAM, 1)),
        ("xc7", "FDRE", (Kind.REGISTER, 1)),
        ("gowin", "SDPX9B", (Kind.BLOCK_RAM, 1)),
        ("gowin", "pROM", (Kind.BLOCK_RAM, 1)),
        ("gowin", "MUX2_LUT5", (Kind.OTHER, 1)),
    ],
)
def test_cells_in_common_terms(family, cell, expected):
    assert FAMILIES[family].kind(cell) == expected


@pytest.mark.parametrize(
    ("path", "top", "block"),
    [
        ("", "network", "network"),
        ("u_lane_3.u_x", "network", "lane 3"),
        ("u_table_12", "network", "table 12"),
        ("u_network.u_lane_3", "network_axi", "lane 3"),
        ("u_network", "network_axi", "network"),
        ("u_registers", "network_axi", "axi"),
        ("", "network_axi", "axi"),
    ],
)
def test_instances_are_blocks_of_the_chip(path, top, block):
    assert netlist.block(path, top) == block
