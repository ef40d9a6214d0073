"""What a small chip takes of an FPGA: memories in block RAM, multipliers in multipliers."""

import pytest

from myhdl_core.emit import emit
from myhdl_core.synthesis import synth
from neurosim.errors import RunFailed
from tests.hardware.random_programs import Rules, Writer

LANES = 2


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    rules = Rules(LANES, 16, 12, 32, 24, "tanh", 9, seed=4, instructions=30)
    folder = tmp_path_factory.mktemp("verilog")
    emit(Writer(rules).program(), folder)
    return synth(folder, modules=True)


def test_memories_are_block_ram(cells):
    banks, tables, activation = 4 * LANES, LANES, 1
    microcode = cells["microcode"]["DP16KD"]
    assert cells["network"]["DP16KD"] == banks + tables + activation + microcode
    assert not any("DPR" in kind for kind in cells["network"])
    assert cells["lane"]["TRELLIS_FF"] < 420


def test_every_lane_has_one_multiplier(cells):
    assert cells["lane"]["MULT18X18D"] == cells["activation"]["MULT18X18D"] == 1
    assert cells["network"]["MULT18X18D"] == LANES + 1


def test_there_are_no_latches(cells):
    assert not any("LATCH" in kind.upper() for kind in cells["network"])


def test_a_lane_stays_small(cells):
    assert cells["lane"]["LUT4"] <= 450  # with all sources of all operands, and subtraction


def test_what_is_no_verilog_is_said(tmp_path):
    (tmp_path / "network.v").write_text("module network (; endmodule")
    with pytest.raises(RunFailed, match="not synthesised"):
        synth(tmp_path)
