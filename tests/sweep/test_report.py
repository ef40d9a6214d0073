"""What is shown of a sweep: table, fronts, figures and page."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from neurosim.report import sweep as report
from neurosim.report.figures import sweep as figures
from neurosim.report.sweep_page import again, draw
from neurosim.report.terminal import console
from neurosim.study.sweep import axes
from neurosim.study.sweep.folder import Sweep
from tests.reported import HOSTILE
from tests.sweep.sweeps import SMALL


def made_up(over: dict[str, list], folder: Path, seeds=(0, 1), fail=()) -> Sweep:
    """Return a sweep whose error falls, and whose costs grow, with every number gone over."""
    found = axes.given(over)
    rows = []
    for point in axes.points(found):
        numbers = [value for value in point.values() if isinstance(value, (int, float))]
        size = 1.0
        for number in numbers:
            size *= number
        for seed in seeds:
            row = {**point, "seed": seed}
            row.setdefault("rule", "trtrl")
            row |= {"units": 3, "nmse": (1 + seed) / size, "cycles_per_step": 10 * size,
                    "energy_pj_per_step": 5 * size, "run": f"small-{len(rows):08x}"}  # fmt: skip
            if (*point.values(), seed) in fail:
                row = {**point, "seed": seed, "rule": row["rule"], "error": f"diverged {HOSTILE}"}
            rows.append(row)
    return Sweep(SMALL, found, tuple(seeds), tuple(rows), len(rows), folder)


UNITS, WORDS, RULES = [4, 8, 16], [8, 12], ["rtrl", "trtrl"]


@pytest.mark.parametrize(
    ("over", "names"),
    [
        ({"network.units": UNITS}, ["over_network_units", "fronts"]),
        ({"rule": RULES}, ["fronts"]),
        ({"rule": RULES, "network.units": UNITS}, ["over_network_units", "fronts"]),
        (
            {"network.units": UNITS, "number.word_bits": WORDS},
            ["over_network_units", "over_number_word_bits", "map", "fronts"],
        ),
        ({"network.units": [4]}, []),
    ],
)
def test_there_is_a_figure_for_every_field_that_is_a_number(over, names, tmp_path):
    assert [each.name for each in figures.drawn(made_up(over, tmp_path))] == names


def test_more_lines_than_can_be_told_apart_become_medians(tmp_path):
    over = {"network.units": [3, 4], "number.word_bits": [8, 9, 10, 11], "rule": ["a", "b", "c"]}
    against = figures.drawn(made_up(over, tmp_path))[0]
    assert "Medians over all values of word bits" in against.caption
    lines = against.figure.axes[0].get_lines()
    assert len(lines) == 3


def test_the_front_drawn_is_the_front_told(tmp_path):
    sweep = made_up({"network.units": UNITS}, tmp_path)
    (picture,) = [each for each in figures.drawn(sweep) if each.name == "fronts"]
    drawn = picture.figure.axes[0].get_lines()[0].get_xydata().tolist()
    assert drawn == [[row["cycles_per_step"], row["nmse"]] for row in sweep.front()]
    assert len(drawn) == 3


def test_the_table_says_medians_spread_front_and_failures(tmp_path, capsys):
    over = {"network.units": [4, 8], "rule": RULES}
    sweep = made_up(over, tmp_path, fail=[(8, "trtrl", 1)])
    report.print_sweep(sweep, "here", (("neurosim report", "draws it"),), console())
    printed = capsys.readouterr().out
    assert max(map(len, printed.partition("failed:")[0].splitlines())) <= 80
    assert "8 cells, 1 failed" in printed
    lines = {tuple(line.split()[:2]): line for line in printed.splitlines() if line[:1] == " "}
    assert "0.375" in lines["4", "rtrl"]
    assert "0.25 .. 0.5" in lines["4", "rtrl"]
    assert "*" in lines["8", "rtrl"]
    assert "*" not in lines["8", "trtrl"]  # a seed of it failed
    assert "1 of 2" in lines["8", "trtrl"]
    assert "failed: network.units=8, rule=trtrl, seed 1: diverged" in printed
    assert "front by cycles: 4/rtrl (40, 0.375), 8/rtrl (80, 0.188)" in printed


def test_a_sweep_of_which_nothing_came_is_told_too(tmp_path, capsys):
    sweep = made_up({"network.units": [4]}, tmp_path, seeds=(0,), fail=[(4, 0)])
    report.print_sweep(sweep, "here", (), console())
    assert "1 cell, 1 failed" in capsys.readouterr().out
    assert figures.drawn(sweep) == []


def test_the_page_shows_all_of_it_and_nothing_that_runs(tmp_path):
    over = {"network.units": [4, 8], "network.options.kind": ["a", HOSTILE]}
    sweep = made_up(over, tmp_path, fail=[(8, HOSTILE, 0)])
    assert "2 figures in" in draw(sweep)
    page = (tmp_path / "report.html").read_text()
    assert "<script>alert" not in page
    assert "What failed" in page
    assert page.count("<svg") == 2
    for path in (tmp_path / "figures").glob("*.svg"):
        ElementTree.parse(path)
    drawn, again_drawn = figures.drawn(sweep), figures.drawn(sweep)
    assert [each.svg() for each in drawn] == [each.svg() for each in again_drawn]
    draw(made_up({"network.units": [4]}, tmp_path))
    assert not list((tmp_path / "figures").iterdir())  # what there is no data for any more


def test_the_command_that_goes_on_says_all_that_differs(tmp_path):
    sweep = made_up({"network.units": [4, 8], "rule": RULES}, Path("runs") / "x", seeds=(3,))
    assert again(sweep).endswith("--over network.units=4,8 --over rule=rtrl,trtrl --seeds 3..3")
    elsewhere = made_up({"network.layers": [[4, 4]]}, tmp_path / "x", seeds=(0, 1))
    assert f"--over network.layers=4+4 --seeds 2 --out {tmp_path}" in again(elsewhere)
