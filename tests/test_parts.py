"""Parts, and which chip fits them: the closed form against chips that were planned."""

from dataclasses import replace
from pathlib import Path

import pytest

import neurosim as ns
from myhdl_core.assemble import assemble
from neurosim.learning import RULES, Census
from neurosim.machine.parts import PARTS, Memory, fit, fitted, part_named
from neurosim.report.fit import print_fits
from neurosim.report.terminal import console
from neurosim.study.fit import fits, largest, of_census, rows
from neurosim.study.fit.memories import memories
from neurosim.study.fit.sizes import Sizes
from neurosim.study.hardware import planned
from neurosim.study.hardware.summary import summarised
from tests.networks import dense_network

# As the makers' data sheets sum them up: Kbit of block RAM, multipliers, logic cells.
SHEETS = {
    "ecp5-25f": (1_008, 28, 24_288),
    "ecp5-45f": (1_944, 72, 43_848),
    "ecp5-85f": (3_744, 156, 83_640),
    "ice40-up5k": (120, 8, 5_280),
    "ice40-hx8k": (128, 0, 7_680),
    "artix7-35t": (1_800, 90, 20_800),
    "artix7-100t": (4_860, 240, 63_400),
    "gw2a-18": (828, 48, 20_736),
}
RULE_NAMES = ("inference", "trtrl", "rtrl")
CHIPS = [
    (rule, units, lanes, outputs)
    for rule in RULE_NAMES
    for units, lanes, outputs in (
        (2, 1, 1), (3, 3, 2), (4, 1, 1), (5, 3, 5), (6, 4, 2), (7, 3, 7), (8, 8, 1), (9, 2, 2),
        (9, 4, 3), (10, 5, 1),
    )
]  # fmt: skip
NUMBERS = [
    ns.Fixed(8, 6, 16, 12),
    ns.Fixed(12, 8, 24, 16),
    ns.Fixed(18, 12),
    ns.Fixed(24, 20, 40, 30),
]


def real(rule, units, lanes, outputs=1, number=None, inputs=1):
    """The memories of a chip that is scheduled and assembled."""
    number = number or ns.Fixed()
    network = dense_network(units, inputs, outputs)
    assembled = assemble(planned(network, RULES[rule](0.05), number, lanes), number)
    return summarised("real", assembled, number, False).memories


def test_parts_are_those_of_the_data_sheets():
    assert set(PARTS) == set(SHEETS)
    for name, part in PARTS.items():
        kbit, multipliers, cells = SHEETS[name]
        assert part.blocks * part.block_bits == kbit * 1024
        assert (part.multipliers, part.cells) == (multipliers, cells)
        assert part.source
        assert part.status


@pytest.mark.parametrize("name", PARTS)
def test_a_small_chip_fits_every_part(name):
    part = part_named(name.upper())
    found = fitted(part, memories("trtrl", Sizes(4, 1), ns.Fixed()), 1, ns.Fixed())
    assert found.fits
    assert found.blocks <= part.blocks
    assert "why" not in found.as_dict()


def test_a_wide_word_takes_as_many_multipliers_as_its_operands_need():
    assert PARTS["artix7-35t"].product(24, 24).multipliers == 2  # 25 x 18
    assert PARTS["ecp5-25f"].product(24, 24).multipliers == 4  # 18 x 18
    assert PARTS["gw2a-18"].product(16, 16).multipliers == 1
    assert PARTS["ice40-hx8k"].product(16, 16).multipliers == 0  # of cells


def test_what_is_missing_is_said():
    memory = Memory("x", 1, 100_000, 16)
    assert (
        "block RAMs, and Gowin GW2A-18 has 46" in fit(PARTS["gw2a-18"], [memory], 2, ns.Fixed()).why
    )
    assert "needs 9 multipliers for 8 lanes" in fit(PARTS["ice40-up5k"], [], 8, ns.Fixed()).why
    assert "no multipliers" in fit(PARTS["ice40-hx8k"], [], 32, ns.Fixed()).why
    with pytest.raises(ns.UserError, match=r"--part artix7-35: unknown. Did you mean artix7-35t"):
        part_named("artix7-35")


@pytest.mark.parametrize(("rule", "units", "lanes", "outputs"), CHIPS)
def test_the_closed_form_is_the_planned_chip(rule, units, lanes, outputs):
    assert memories(rule, Sizes(units, lanes, outputs), ns.Fixed()) == real(
        rule, units, lanes, outputs
    )


@pytest.mark.parametrize("rule", RULE_NAMES)
@pytest.mark.parametrize("number", NUMBERS, ids=[n.name for n in NUMBERS])
def test_the_closed_form_holds_for_other_words(rule, number):
    assert memories(rule, Sizes(6, 3), number) == real(rule, 6, 3, number=number)


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_the_closed_form_holds_for_more_inputs(rule):
    found = memories(rule, Sizes(6, 2, 1, inputs=3), ns.Fixed())
    assert found == real(rule, 6, 2, inputs=3)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULE_NAMES)
@pytest.mark.parametrize(("units", "lanes", "outputs"), [(25, 8, 1), (36, 12, 3), (30, 7, 4)])
def test_the_closed_form_holds_for_larger_chips(rule, units, lanes, outputs):
    if rule == "rtrl":
        units //= 2
    assert memories(rule, Sizes(units, lanes, outputs), ns.Fixed()) == real(
        rule, units, lanes, outputs
    )


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("rule", RULE_NAMES)
def test_the_largest_network_fits_and_one_unit_more_does_not(rule, name):
    part = PARTS[name]
    most = largest(rule, part)
    assert most >= 8
    assert fits(rule, part, most).fits
    assert not fits(rule, part, most + 1).fits


def test_what_a_rule_keeps_bounds_the_network():
    for part in PARTS.values():
        sizes = [largest(rule, part) for rule in ("rtrl", "trtrl", "inference")]
        assert sizes == sorted(sizes)
        assert sizes[0] < sizes[1] < sizes[2]
    assert largest("trtrl", PARTS["ecp5-85f"]) > largest("trtrl", PARTS["ecp5-25f"])
    assert largest("trtrl", PARTS["ecp5-85f"], ns.Fixed(8, 6, 16, 12)) > largest(
        "trtrl", PARTS["ecp5-85f"]
    )
    assert largest("rtrl", PARTS["ice40-up5k"], lanes=8) == 0


def test_the_documentation_has_the_largest_networks():
    page = (Path(__file__).parents[1] / "docs" / "energy.md").read_text("utf-8")
    for part in PARTS.values():
        sizes = [str(largest(rule, part)) for rule in ("rtrl", "trtrl", "inference")]
        assert f"| {part.title} | {' | '.join(sizes)} |" in page


def test_the_most_lanes_are_taken_that_fit():
    assert fits("trtrl", PARTS["ecp5-85f"], 25).lanes == 8
    found = fits("trtrl", PARTS["gw2a-18"], 35)
    assert found.lanes == 4
    assert not fits("trtrl", PARTS["gw2a-18"], 35, lanes=8).fits


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bptt", 8, 2), "bptt: has no program for a chip"),
        (("trtl", 8, 2), "Did you mean trtrl"),
        (("trtrl", 8, 9), "lanes: must be from 1 to 8"),
        (("trtrl", 1, 1), "units: must be 2 at least"),
    ],
)
def test_mistakes_are_told(arguments, said):
    rule, units, lanes = arguments
    with pytest.raises(ns.UserError, match=said):
        fits(rule, PARTS["ecp5-25f"], units, lanes=lanes)


def test_a_network_is_judged_as_what_it_is():
    found = of_census(Census.of(dense_network(9, 2, 3)), ["trtrl"], ["gw2a-18"])
    assert found == rows(["trtrl"], ["gw2a-18"], 9, ns.Fixed(), 3, 2)
    chip = [replace(memory, varying=()) for memory in real("trtrl", 9, 8, 3, inputs=2)]
    blocks = sum(memory.blocks(PARTS["gw2a-18"]) for memory in chip)
    assert (found[0].fit.lanes, found[0].fit.blocks) == (8, blocks)
    with pytest.raises(ns.UserError, match="parts: are compared for fully recurrent networks"):
        of_census(Census.of(dense_network(9, bias=False)), ["trtrl"], ["gw2a-18"])


def test_the_report_has_a_line_for_every_part_and_fits_the_width(capsys):
    found = rows(("rtrl", "trtrl"), PARTS, 25)
    print_fits([row.as_dict() for row in found], console())
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    for part in PARTS.values():
        assert printed.count(part.title) == 2
    up5k = next(row for row in found if (row.part, row.rule) == ("ice40-up5k", "rtrl"))
    assert not up5k.as_dict()["fits"]
    assert "block RAMs" in up5k.as_dict()["why"]
    assert "RTRL, 25 units" in printed
