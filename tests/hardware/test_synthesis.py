"""What a chip of eight units takes of an FPGA: memories in block RAM, products in multipliers."""

import pytest

import neurosim as ns
from myhdl_core.assemble import assemble
from myhdl_core.emit import emit
from myhdl_core.synthesis import synth
from neurosim.errors import RunFailed
from neurosim.study.graphs import graph_from
from neurosim.study.hardware import planned
from tests.hardware import needs

LANES = 4
pytestmark = needs.synthesis


@pytest.fixture(scope="module", params=[ns.TRTRL(0.05), ns.RTRL(0.05)], ids=lambda r: r.name)
def chip(request, tmp_path_factory):
    graph, inputs, outputs = graph_from("fully_recurrent", units=8)
    network, number = ns.Network(graph, inputs, outputs), ns.Fixed()
    folder = tmp_path_factory.mktemp(request.param.name)
    emit(assemble(planned(network, request.param, number, LANES), number).program, folder)
    return request.param.name, synth(folder, modules=True)


def test_memories_are_block_ram(chip):
    name, cells = chip
    wide = 1 if name == "rtrl" else 0  # its sums are exact: two block RAMs side by side
    banks = LANES * (1 + 4 + wide)  # table; weights, x, y, units
    microcode = cells["microcode"].get("DP16KD", 0)  # none where there are few instructions
    assert bool(microcode) == (name == "rtrl")
    assert cells["network"]["DP16KD"] == banks + microcode + cells["activation_table"]["DP16KD"]
    assert not any("DPR" in kind for kind in cells["network"])
    assert cells["lane"]["TRELLIS_FF"] < 800


def test_a_lane_is_small(chip):
    """The bound of RTRL is there for its sums, which are exact in bank X and in the addend."""
    name, cells = chip
    assert cells["lane"]["LUT4"] <= {"trtrl": 250, "rtrl": 340}[name]


def test_only_a_register_follows_a_table(chip):
    _, cells = chip
    for lane in range(LANES):
        assert set(cells[f"table_{lane}"]) == {"DP16KD", "TRELLIS_FF"}
    assert set(cells["activation_table"]) == {"DP16KD", "TRELLIS_FF"}


def test_every_lane_has_one_multiplier(chip):
    _, cells = chip
    assert cells["lane"]["MULT18X18D"] == cells["activation"]["MULT18X18D"] == 1
    assert cells["network"]["MULT18X18D"] == LANES + 1


def test_there_are_no_latches(chip):
    _, cells = chip
    assert not any("LATCH" in kind.upper() for kind in cells["network"])


def test_what_is_no_verilog_is_said(tmp_path):
    (tmp_path / "network.v").write_text("module network (; endmodule")
    with pytest.raises(RunFailed, match="not synthesised"):
        synth(tmp_path)
