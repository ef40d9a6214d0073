"""What a chip of eight units takes of an FPGA: memories in block RAM, products in multipliers."""

import pytest

import neurosim as ns
from myhdl_core.assemble import assemble
from myhdl_core.emit import emit
from myhdl_core.silicon.synthesis import synthesised
from neurosim.errors import RunFailed
from neurosim.learning import RULES
from neurosim.study.graphs import graph_from
from neurosim.study.hardware import planned
from tests.hardware import needs

LANES = 4
pytestmark = needs.synthesis


@pytest.fixture(
    scope="module",
    params=["trtrl", pytest.param("rtrl", marks=pytest.mark.slow)],
)
def chip(request, tmp_path_factory):
    graph, inputs, outputs = graph_from("fully_recurrent", units=8)
    network, number = ns.Network(graph, inputs, outputs), ns.Fixed()
    rule = RULES[request.param](0.05)
    folder = tmp_path_factory.mktemp(rule.name)
    emit(assemble(planned(network, rule, number, LANES), number).program, folder)
    return rule.name, synthesised(folder, "ecp5", folder / "netlist.json")


def test_memories_are_block_ram(chip):
    name, found = chip
    wide = 1 if name == "rtrl" else 0  # its sums are exact: two block RAMs side by side
    banks = LANES * (1 + 4 + wide)  # table; weights, x, y, units
    microcode = found.blocks["sequencer"].block_rams  # none where there are few instructions
    assert bool(microcode) == (name == "rtrl")
    assert found.whole.block_rams == banks + microcode + found.blocks["activation"].block_rams
    assert found.whole.lut_rams == 0
    assert all(found.blocks[f"lane {lane}"].registers < 800 for lane in range(LANES))


def test_a_lane_is_small(chip):
    """The bound of RTRL is there for its sums, which are exact in bank X and in the addend."""
    name, found = chip
    assert found.luts_of_a_lane <= {"trtrl": 250, "rtrl": 340}[name]


def test_only_a_register_follows_a_table(chip):
    _, found = chip
    for lane in range(LANES):
        table = found.blocks[f"table {lane}"]
        assert (table.luts, table.carries, table.block_rams) == (0, 0, 1)
        assert table.registers > 0


def test_every_lane_has_one_multiplier(chip):
    _, found = chip
    blocks = [f"lane {lane}" for lane in range(LANES)] + ["activation"]
    assert [found.blocks[block].multipliers for block in blocks] == [1] * (LANES + 1)
    assert found.whole.multipliers == LANES + 1


def test_nothing_is_there_that_was_not_meant(chip):
    _, found = chip
    assert found.alarms == ()


def test_what_is_no_verilog_is_said(tmp_path):
    (tmp_path / "network.v").write_text("module network (; endmodule")
    with pytest.raises(RunFailed, match="not synthesised"):
        synthesised(tmp_path, "ecp5", tmp_path / "netlist.json")
