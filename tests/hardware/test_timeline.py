"""When each phase of a step begins: planned, drawn, measured and read again."""

import json
from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.report.figures import style, timeline
from neurosim.study.hardware import check, record
from neurosim.study.hardware.check import Begin
from neurosim.study.hardware.summary import PassLine, compared_as, figures, summarised
from tests.hardware import needs, small_chip


@pytest.fixture(scope="module")
def small():
    return small_chip.small(2)


def test_the_timeline_is_that_of_the_schedule(small):
    assembled, chip = small
    begins = timeline.planned(chip.passes)
    assert [(each.cycle, each.phase) for each in begins] == list(assembled.learning.phases)
    bar = timeline.stretches(begins, chip.cycles)
    for phase, cycles in chip.phases:
        own = sum(each.end - each.begin for each in bar if each.phase == phase)
        assert own + (phase == bar[0].phase) * bar[0].begin == cycles
    with style.house():
        texts = small_chip.drawn(timeline.timeline(chip, None))
    products = next(p for p in chip.passes if p.multiplications)
    share = 100 * products.multiplications / (products.cycles * chip.lanes)
    assert f"{products.multiplications:,} products, multipliers {share:.0f} % busy" in texts
    assert f"mean {100 * chip.utilisation:.0f} %" in texts


def test_a_phase_that_begins_elsewhere_is_marked(small):
    chip = small[1]
    right = small_chip.checked(chip)
    with style.house():
        picture = timeline.timeline(chip, right)
        assert "no phase began in another cycle" in picture.caption
        assert not [line for axes in picture.figure.axes[:2] for line in axes.lines]
        second = right.begins[1]
        moved = Begin(second.cycle + 2, second.phase)
        wrong = replace(right, begins=(right.begins[0], moved, *right.begins[2:]))
        picture = timeline.timeline(chip, wrong)
    marks = [line.get_xdata()[0] for line in picture.figure.axes[1].lines]
    assert marks == [second.cycle, moved.cycle]
    assert "red lines" in picture.caption


@pytest.mark.parametrize("phases", [1, 8, 12])
def test_any_number_of_phases_and_passes_can_be_read(small, phases):
    passes = tuple(
        PassLine(10 * n, 7, f"a phase of some name {n}", f"{'a long name ' * n}{n * 'z'}{n}", n)
        for n in range(phases)
    )
    many = tuple(PassLine(10 * n, 9, "all", f"pass {n}z", 3) for n in range(60))
    one = tuple(PassLine(10 * n, 9, "all", f"weights from {n}", 0) for n in range(60))
    with style.house():
        for chosen, rows in ((passes, phases), (many, timeline.MOST_ROWS), (one, 1)):
            chip = replace(small[1], passes=chosen, cycles=10 * len(chosen), utilisation=0.5)
            picture = timeline.timeline(chip, None)
            small_chip.drawn(picture)
            assert len(picture.figure.axes[1].get_yticks()) == rows
    assert picture.figure.axes[1].get_yticklabels()[0].get_text() == "weights from 0 to 59"


@needs.compiler
def test_what_is_measured_is_when_each_phase_began_and_comes_back_from_the_file(tmp_path):
    network, rule, number = small_chip.dense(["n0", "n1", "n2", "x"]), ns.TRTRL(0.05), ns.Fixed()
    core = ns.hardware.build(network, rule, lanes=2)
    x = np.sin(np.arange(12) / 2)
    # the first learning step comes after others
    found = check.compared(core, x, 0.8 * x, learn=np.arange(12) > 2)
    assert found.passed
    chip = summarised("mine", core.assembled, number, False)
    assert list(found.begins) == timeline.planned(chip.passes)
    kept = tmp_path / "hardware.json"
    kept.write_text(json.dumps(figures(chip, None) | compared_as(found, "a line")))
    read = record.read(kept)
    assert (read.chip, read.checked, read.lint) == (chip, found, "a line")
    mismatch = check.Mismatch(3, "weight", "n0, edge n1 -> n0", 1, 2)
    missed = compared_as(replace(found, first=mismatch), "")
    kept.write_text(json.dumps(figures(chip, None) | missed))
    assert record.read(kept).checked.first == mismatch
