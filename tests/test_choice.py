"""Which chip: what fits, how fast it is, and what is advised."""

from dataclasses import replace
from itertools import pairwise

import pytest

import neurosim as ns
from neurosim.machine.parts import PARTS
from neurosim.report.choice import advice, print_choices
from neurosim.report.figures.choice import choice
from neurosim.report.terminal import console
from neurosim.study.hardware import choice as study
from neurosim.study.hardware.choice import Choices, Placed, choices, lanes_tried, placement_in
from tests.networks import dense_network

NETWORK, RULE, NUMBER = dense_network(8), ns.TRTRL(0.05), ns.Fixed()


@pytest.fixture(scope="module")
def found() -> Choices:
    known = [Placed("ecp5-85f", 2, 111.0)]
    return choices("ring", NETWORK, RULE, NUMBER, lanes=(1, 2, 8), known=known)


def test_every_part_has_a_line_for_every_number_of_lanes(found):
    assert found.parts == tuple(PARTS)
    assert all([each.lanes for each in found.of(part)] == [1, 2, 8] for part in found.parts)
    assert all(each.exact and each.cycles for each in found.choices)
    by_lanes = [each.cycles for each in found.of("ecp5-85f")]
    assert by_lanes == sorted(by_lanes, reverse=True)
    assert len({found.of(part)[0].cycles for part in found.parts}) == 1  # a part changes no cycle


def test_a_placement_is_believed_and_else_the_parts_own_clock(found):
    clocks = [each.clock_mhz for each in found.of("ecp5-85f")]
    assert clocks == [PARTS["ecp5-85f"].clock_mhz, 111.0, PARTS["ecp5-85f"].clock_mhz]
    at = found.of("ecp5-85f")[1]
    assert at.steps_per_second == pytest.approx(111e6 / at.cycles)
    assert at.clock_from == "placed"
    assert all(each.steps_per_second is None for each in found.of("artix7-35t"))


def test_what_does_not_fit_says_why(found):
    tight = [each for each in found.choices if not each.fits]
    assert tight
    assert all(each.fit.why and each.rate == 0 for each in tight)


def test_the_front_gets_faster_with_luts_and_nothing_beats_it(found):
    front = found.front
    assert front
    for less, more in pairwise(front):
        assert less.fit.luts <= more.fit.luts
        assert less.rate < more.rate
    for each in found.choices:
        assert not any(each.rate > at.rate and each.fit.luts <= at.fit.luts for at in front)


def test_the_advice_is_the_fastest_that_fits_and_the_smallest_that_will_do(found):
    best = found.fastest("ecp5-85f")
    assert best is not None
    assert best.rate == max(each.rate for each in found.of("ecp5-85f"))
    small = found.smallest()
    assert small is not None
    cells = [PARTS[each.part].cells for each in found.choices if each.fits]
    assert PARTS[small.part].cells == min(cells)
    assert any("ECP5 LFE5U-85F: fastest with" in line for line in advice(found))


def test_the_largest_networks_are_those_of_the_closed_form(found):
    from neurosim.study.fit import largest

    for each in found.of("ecp5-25f"):
        assert each.largest_units == largest("trtrl", PARTS["ecp5-25f"], NUMBER, each.lanes)


def test_the_table_has_eighty_columns_and_the_record_is_plain(found, capsys):
    print_choices(found, console())
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert all(PARTS[part].title in printed for part in found.parts)
    assert "2 lanes placed at 111.0 MHz" in " ".join(printed.split())
    rows = found.as_dict()["choices"]
    assert len(rows) == len(found.choices)
    assert sum(row["on_front"] for row in rows) == len(found.front)


def test_the_figure_shows_the_parts_that_have_a_rate(found):
    picture = choice(found)
    assert picture is not None
    svg = picture.svg()
    assert PARTS["ecp5-85f"].title in svg
    assert PARTS["artix7-35t"].title not in svg
    assert choice(replace(found, choices=found.of("artix7-35t"))) is None


def test_what_fits_nothing_and_what_would_take_minutes_is_not_scheduled(monkeypatch):
    def planned(*_):
        raise AssertionError

    monkeypatch.setattr(study, "planned", planned)
    huge = dense_network(60)
    (row,) = choices("huge", huge, RULE, NUMBER, parts=["ice40-up5k"], lanes=[60]).choices
    assert not row.fits
    assert "multipliers" in row.fit.why or "block RAMs" in row.fit.why
    monkeypatch.setattr(study, "MOST_WORK", 10)
    (row,) = choices("huge", NETWORK, RULE, NUMBER, parts=["ecp5-85f"], lanes=[2]).choices
    assert (row.cycles, row.fits, row.fit.why) == (None, False, study.TOO_LARGE)


def test_lanes_that_are_tried():
    assert lanes_tried(32) == (1, 2, 4, 8, 16, 32)
    assert lanes_tried(12) == (1, 2, 3, 4, 6, 8, 12)
    assert lanes_tried(1) == (1,)


def test_a_record_tells_its_placement():
    record = {"lanes": 4, "placement": {"part": "ecp5-85f", "worst_mhz": 101.5}}
    assert placement_in(record) == Placed("ecp5-85f", 4, 101.5)


@pytest.mark.parametrize(
    "found", [None, 5, [], {}, {"x": 1}, {"part": "ecp5-85f"}, {"part": 5, "worst_mhz": 100.0},
              {"part": "ecp5-85f", "worst_mhz": "fast"}, {"part": "ecp5-85f", "worst_mhz": 0}]
)  # fmt: skip
def test_a_placement_that_cannot_be_read_is_none(found):
    assert placement_in({"lanes": 4, "placement": found}) is None
    assert placement_in({"lanes": "4", "placement": {"part": "x", "worst_mhz": 9.0}}) is None
    assert placement_in({"lanes": 4}) is None


def test_an_unknown_part_is_said():
    with pytest.raises(ns.UserError, match="--part ecp5-85: unknown"):
        choices("ring", NETWORK, RULE, NUMBER, parts=["ecp5-85"])
