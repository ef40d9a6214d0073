"""What a chip is predicted to take, against what Yosys makes of it."""

import re
import subprocess
from pathlib import Path

import pytest

import neurosim as ns
from myhdl_core import leaves, tools
from myhdl_core.assemble import assemble
from myhdl_core.contents import varying_bits
from myhdl_core.emit import emit
from myhdl_core.silicon.logic import Functions, Logic
from myhdl_core.silicon.prediction import predicted
from myhdl_core.silicon.synthesis import synthesised
from neurosim.learning import RULES
from neurosim.machine.blocks import mapped, mapped_anywhere
from neurosim.machine.multipliers import product_of
from neurosim.machine.parts import PARTS, part_for
from neurosim.study.hardware import axi, planned
from neurosim.study.hardware.summary import summarised
from tests.hardware import needs
from tests.networks import dense_network

LUT_ERROR = 0.15
EVERYDAY = "inference", 3, 1, (12, 8)
# None is one that the formulas were derived from: N = 16 on 4 lanes (ECP5, iCE40) and N = 6 on
# 2 lanes (Artix-7, Gowin) of TRTRL, N = 8 on 3 of RTRL, N = 7 on 3 of RFLO with 24 bits (Artix-7).
SWEEP = [
    (rule, units, lanes, words, family)
    for family in ("ecp5", "ice40", "xc7", "gowin")
    for rule, units, lanes, words in (
        ("trtrl", 12, 4, (12, 8)), ("trtrl", 9, 3, (20, 14)), ("trtrl", 24, 8, (16, 12)),
        ("trtrl", 6, 3, (24, 18)), ("trtrl", 7, 1, (16, 12)), ("rtrl", 6, 2, (16, 12)),
        ("rtrl", 9, 4, (18, 12)), ("snap", 6, 1, (24, 18)), ("rflo", 7, 2, (18, 12)),
        ("inference", 6, 2, (16, 12)), ("trtrl", 3, 3, (8, 5)),
    )
]  # fmt: skip

PACKED = [
    ("trtrl", 10, 3, (16, 12)), ("trtrl", 6, 1, (12, 8)), ("trtrl", 6, 2, (24, 18)),
    ("rtrl", 7, 3, (16, 12)), ("snap", 8, 4, (10, 6)), ("inference", 6, 2, (16, 12)),
]  # fmt: skip


def emitted(rule, units, lanes, words, folder: Path):
    """Write a chip; what it does and its memories."""
    number, learning = ns.Fixed(*words), RULES[rule](0.05)
    assembled = assemble(planned(dense_network(units), learning, number, lanes), number)
    emit(assembled.program, folder)
    axi.write(assembled, number, learning, folder)
    return assembled.program, summarised("chip", assembled, number, False).memories


def check(program, memories, part, folder: Path):
    prediction, netlist = predicted(program, memories, part), folder / "netlist.json"
    there = part.multipliers > 0
    measured = synthesised(folder, part.synthesis, netlist, multipliers=there)
    assert measured.top == "network_axi"
    expected, found = prediction.whole, measured.whole
    assert expected.block_rams == found.block_rams
    assert expected.multipliers == found.multipliers
    assert expected.lut_rams == found.lut_rams
    assert abs(expected.luts / found.luts - 1) <= LUT_ERROR
    assert set(measured.blocks) <= set(prediction.blocks)


@needs.synthesis
def test_synthesis_takes_what_was_predicted(tmp_path):
    chip = emitted(*EVERYDAY, tmp_path)
    for family in ("ecp5", "ice40"):
        check(*chip, part_for(family), tmp_path)


@needs.synthesis
@pytest.mark.slow
@pytest.mark.parametrize(("rule", "units", "lanes", "words", "family"), SWEEP)
def test_it_holds_for_other_sizes_words_rules_and_lanes(
    rule, units, lanes, words, family, tmp_path
):
    check(*emitted(rule, units, lanes, words, tmp_path), part_for(family), tmp_path)


@needs.synthesis
@pytest.mark.slow
def test_it_holds_where_products_are_logic(tmp_path):
    check(*emitted("snap", 5, 2, (12, 8), tmp_path), PARTS["ice40-hx8k"], tmp_path)


def packed(netlist: Path) -> int:
    """Return how many cells of an iCE40 nextpnr makes of a netlist."""
    command = [*tools.placer("ice40"), *PARTS["ice40-up5k"].arguments, "--pack-only"]
    command += ["--json", netlist.name, "--log", "packed.log"]
    subprocess.run(command, cwd=netlist.parent, check=True, capture_output=True)
    (cells,) = re.findall(r"ICESTORM_LC: +(\d+)/", (netlist.parent / "packed.log").read_text())
    return int(cells)


@needs.synthesis
@pytest.mark.skipif(not tools.placer("ice40"), reason="nextpnr-ice40 is not here")
@pytest.mark.slow
@pytest.mark.parametrize("chip", PACKED, ids=str)
def test_registers_that_have_a_cell_of_their_own_are_counted(chip, tmp_path):
    program, memories = emitted(*chip, tmp_path)
    part, netlist = PARTS["ice40-up5k"], tmp_path / "netlist.json"
    synthesised(tmp_path, part.synthesis, netlist)
    expected = predicted(program, memories, part).lut_sites
    assert abs(expected / packed(netlist) - 1) <= LUT_ERROR


# Words and bits of RAMs and ROMs, and the block RAMs that Yosys 0.70 took of each.
RAMS = [(4, 16), (300, 24), (140, 32), (600, 16), (1025, 16), (1025, 20), (512, 36), (600, 40),
        (2049, 9), (5000, 8), (1030, 24)]  # fmt: skip
ROMS = [(16, 24), (32, 16), (33, 16), (1342, 19), (40, 52), (600, 19), (2100, 18), (513, 38)]
TAKEN = {
    "ecp5-85f": ([1, 1, 1, 1, 2, 3, 1, 3, 2, 3, 3], [0, 0, 1, 2, 2, 2, 3, 3]),
    "ice40-up5k": ([1, 3, 2, 3, 5, 7, 5, 8, 6, 10, 8], [0, 0, 1, 8, 4, 4, 11, 8]),
    "artix7-35t": ([1, 1, 1, 1, 2, 3, 1, 3, 2, 3, 3], [0, 0, 1, 2, 2, 2, 3, 3]),
    "gw2a-18": ([1, 1, 1, 1, 2, 3, 1, 3, 2, 3, 3], [0, 0, 1, 2, 2, 2, 3, 3]),
}


@pytest.mark.parametrize("name", TAKEN)
def test_memories_lie_in_block_ram_as_yosys_lays_them(name):
    kinds, (rams, roms) = PARTS[name].block_kinds, TAKEN[name]
    assert [mapped(*shape, False, kinds).blocks for shape in RAMS] == rams
    assert [mapped(*shape, True, kinds).blocks for shape in ROMS] == roms


# Words and bits of buffers, and the block RAMs and memories of LUTs that Yosys 0.70 took of each.
BUFFERS = [(2, 8), (2, 16), (8, 16), (16, 16), (32, 24), (64, 16), (256, 16)]
BUFFERED = {
    "ecp5-85f": [(0, 2), (0, 4), (0, 4), (0, 4), (0, 12), (0, 16), (1, 0)],
    "ice40-up5k": [(0, 0), (0, 0), (1, 0), (1, 0), (2, 0), (1, 0), (1, 0)],
    "artix7-35t": [(0, 2), (0, 3), (0, 3), (0, 3), (0, 4), (0, 6), (1, 0)],
    "gw2a-18": [(0, 2), (0, 4), (0, 4), (0, 4), (0, 12), (0, 16), (1, 0)],
}


@pytest.mark.parametrize("name", BUFFERED)
def test_buffers_lie_where_yosys_puts_them(name):
    kinds = (*PARTS[name].lut_ram_kinds, *PARTS[name].block_kinds)
    found = [mapped_anywhere(*shape, kinds) for shape in BUFFERS]
    assert [(each.blocks, each.lut_rams) for each in found] == BUFFERED[name]


# Bits of both operands, and the multipliers that Yosys 0.70 took of ECP5, iCE40, Artix-7 and Gowin.
PRODUCTS = {
    (16, 16): (1, 1, 1, 1), (17, 16): (1, 1, 1, 1), (18, 18): (1, 3, 1, 1), (19, 18): (1, 3, 1, 1),
    (20, 20): (4, 3, 2, 1), (21, 21): (4, 3, 2, 1), (22, 21): (4, 4, 2, 3), (24, 24): (4, 4, 2, 4),
    (30, 30): (4, 4, 4, 4),
}  # fmt: skip


@pytest.mark.parametrize("bits", PRODUCTS)
def test_products_are_cut_as_yosys_cuts_them(bits):
    found = [product_of(*bits, PARTS[name].multiplier_kinds).multipliers for name in TAKEN]
    assert tuple(found) == PRODUCTS[bits]


def test_bits_that_never_change_are_not_stored():
    assert varying_bits([0b1010, 0b1000, 0b1011], 4) == 2
    assert varying_bits([-1, -2], 3) == 1
    assert mapped(48, 101, True, PARTS["ice40-up5k"].block_kinds, 74).blocks == 5


def test_a_rom_is_logic_where_its_verilog_says_so():
    for words, bits in ((32, 60), (33, 15), (33, 16), (512, 1), (513, 1)):
        asks = leaves.BLOCK in leaves.rom("r", "", [0] * words, bits, 10)
        assert asks == bool(mapped(words, bits, True, PARTS["ecp5-85f"].block_kinds).blocks)


def test_a_lut_takes_in_as_many_inputs_as_it_has():
    logic = Logic((Functions(10, 4), Functions(3, 5), Functions(7, 1)))
    assert logic.luts(4) == 10 + 2 * 3
    assert logic.luts(6) == 10 + 3
    assert logic.times(2).luts(4) == 2 * logic.luts(4)
