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
    microcode, activation = cells["microcode"]["DP16KD"], cells["activation_table"]["DP16KD"]
    assert cells["network"]["DP16KD"] == banks + microcode + activation
    assert not any("DPR" in kind for kind in cells["network"])
    assert cells["lane"]["TRELLIS_FF"] < 600


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
