"""The netlist of the iCE40 computes what the model does."""

import numpy as np
import pytest

import neurosim as ns
from myhdl_core import netlist
from neurosim.errors import RunFailed
from neurosim.study.graphs import graph_from
from neurosim.study.hardware.proof import netlist_checked
from tests.hardware import needs

STEPS = 100


def stream(steps):
    random = np.random.default_rng(3)
    return random.uniform(-1, 1, (steps, 1)), random.uniform(-1, 1, (steps, 1))


@pytest.mark.slow
@needs.synthesis
@needs.compiler
def test_a_hundred_steps_of_the_netlist_are_the_models():
    graph, inputs, outputs = graph_from("fully_recurrent", units=3)
    network = ns.Network(graph, inputs, outputs)
    found = netlist_checked(network, ns.TRTRL(0.1), ns.Fixed(), 2, *stream(STEPS))
    assert (found.steps, found.differing, found.first, found.cycles_differing) == (STEPS, 0, "", 0)
    assert found.words == STEPS * (1 + 3 * len(network.edges))


@needs.synthesis
def test_a_netlist_is_cells_and_no_more(tmp_path):
    (tmp_path / "adder.v").write_text(
        "module adder (input clk, input [3:0] a, output reg [3:0] q);\n"
        "always @(posedge clk) q <= q + a;\nendmodule\n"
    )
    (tmp_path / "out").mkdir()
    text = netlist.write(tmp_path, tmp_path / "out", "adder").read_text()
    cells, _, made = text.rpartition("module adder")
    assert "SB_DFF" in made
    assert "SB_CARRY" in made
    assert "module SB_MAC16" in cells
    assert "q + a" not in made


@needs.synthesis
def test_what_is_no_verilog_is_said(tmp_path):
    (tmp_path / "network.v").write_text("module network (; endmodule")
    (tmp_path / "out").mkdir()
    with pytest.raises(RunFailed, match="not synthesised"):
        netlist.write(tmp_path, tmp_path / "out")
