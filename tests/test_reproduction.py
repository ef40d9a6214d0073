"""The reproduction pack: its checker can fail, its page is its record, a quick cell is rebuilt."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from benchmarks import reproduce
from benchmarks.reproduction import costs, page, record
from benchmarks.reproduction.cells import Cell, cells
from benchmarks.reproduction.figures import Claim, Figure, verdict, verdicts
from neurosim.errors import RunFailed

CELLS = cells()
QUICK = "kronecker"
SEEDS = [1e-4, 3e-4, 2e-4, 9e-4, 2e-4]


@pytest.fixture(scope="module")
def committed() -> record.Record:
    return record.read(record.PATH)


@pytest.fixture(scope="module")
def quick() -> record.Built:
    return reproduce.rebuilt(CELLS[QUICK])


def test_what_is_committed_is_what_the_cells_ask_for_and_what_is_said(committed) -> None:
    assert list(committed.cells) == list(CELLS)
    for name, built in committed.cells.items():
        found = reproduce.compared(CELLS[name], built, built)
        assert all(each.good for each in found), [each for each in found if not each.good]
        again = built._replace(scenario=record.asked(CELLS[name].scenario))
        assert reproduce.compared(CELLS[name], built, again) == found
    assert sum(built.seconds for built in committed.cells.values()) < 600


def test_the_page_is_made_from_the_record(committed) -> None:
    written = record.PATH.with_suffix(".md").read_text(encoding="utf-8")
    assert page.text(committed, CELLS) == written, "python -m benchmarks.reproduce --write"


def test_the_quick_cell_is_built_again_as_committed(committed, quick) -> None:
    found = reproduce.compared(CELLS[QUICK], committed.cells[QUICK], quick)
    assert {each.words for each in found} == {"same"}
    assert all(each.good for each in found)


@pytest.mark.parametrize("figure", [each.name for each in CELLS[QUICK].figures])
def test_any_spoilt_figure_of_the_quick_cell_is_caught(committed, quick, figure: str) -> None:
    kept = committed.cells[QUICK]
    (value,) = kept.figures[figure]
    spoilt = kept._replace(figures={**kept.figures, figure: [value * (1 + 1e-6) + 1e-6]})
    found = reproduce.compared(CELLS[QUICK], spoilt, quick)
    assert [each.figure.name for each in found if not each.good] == [figure]


def test_exponents_are_those_of_powers() -> None:
    sizes = (3, 9, 27)
    assert costs.exponent(sizes, [5 * n**4 for n in sizes]) == pytest.approx(4, abs=1e-12)


def test_a_learned_figure_may_lie_four_standard_errors_away() -> None:
    """By SciPy's median deviation, and the standard error of a normal sample's median."""
    figure, errors = Figure("error", "ratio"), np.array(SEEDS)
    spread = median_abs_deviation(np.log(errors), scale="normal")
    width = 4 * np.sqrt(2) * np.sqrt(np.pi / 2) * spread / np.sqrt(len(SEEDS))
    for shift, good in ((0.99 * width, True), (1.01 * width, False)):
        for sign in (1, -1):
            moved = (errors * np.exp(sign * shift)).tolist()
            assert verdict(figure, SEEDS, moved).good == good
    assert verdict(figure, SEEDS, SEEDS).words == "same"
    assert not verdict(figure, SEEDS, SEEDS[:-1]).good
    alike = Figure("bits", "spread")  # seeds with the same bits leave no room
    assert not verdict(alike, [2.0, 2.0], [2.1, 2.1]).good


@pytest.mark.parametrize(
    ("shift", "least", "most"), [(0, 0, 0.04), (3, 0.4, 0.8), (6, 0.9, 1)], ids=str
)
def test_other_draws_pass_and_others_than_these_do_not(shift, least, most) -> None:
    """Five seeds of a normal value, against five of one that lies so many deviations away."""
    random, figure, tries = np.random.default_rng(3), Figure("bits", "spread"), 400
    draws = random.normal(size=(tries, 2, 5)) + np.array([[0.0], [shift]])
    off = sum(not verdict(figure, *pair.tolist()).good for pair in draws) / tries
    assert least <= off <= most


def test_a_seed_that_does_not_learn_leaves_no_room_for_the_others() -> None:
    figure = Figure("error", "ratio")
    failed = [*SEEDS[:-1], 4.0]
    assert not verdict(figure, failed, [100 * each for each in SEEDS]).good


def test_a_claim_is_held_against_what_is_built_now() -> None:
    figure = Figure("error", "ratio", Claim("below 0.001", 0, 1e-3))
    assert verdict(figure, SEEDS, SEEDS).good
    worse = [10 * each for each in SEEDS]
    assert "not as claimed" in verdict(figure, worse, worse).words
    assert not verdict(figure, worse, worse).good


def test_what_depends_on_the_computer_is_told_alone() -> None:
    assert verdict(Figure("time", "told"), [1.0], [900.0]).good


def test_a_figure_that_one_side_lacks_is_off() -> None:
    figures = (Figure("a", "exact"), Figure("b", "exact"))
    found = verdicts(figures, {"a": [1], "old": [3]}, {"a": [1], "b": [2]})
    assert [(each.figure.name, each.words) for each in found if not each.good] == [
        ("b", "not committed"),
        ("old", "not rebuilt"),
    ]


def test_another_question_has_no_committed_answer(committed) -> None:
    cell, built = CELLS["mackey_glass"], committed.cells["mackey_glass"]
    changed = replace(cell.scenario, seeds=(0, 1, 2))
    now = built._replace(scenario=record.asked(changed))
    found = reproduce.compared(cell, built, now)
    assert [each.figure.name for each in found if not each.good] == ["what the scenario asks for"]


# --- the command -----------------------------------------------------------------------------


def replaced(monkeypatch, *built) -> list[str]:
    """Let cells of these names be what the pack has, made by these functions."""
    begun: list[str] = []
    scenario = CELLS[QUICK].scenario

    def cell(name, make) -> Cell:
        def build(scenario, watch, say):
            begun.append(name)
            return make()

        figures = (Figure("count", "exact", Claim("7", 7, 7)),)
        return Cell(name, "Title", "source", "said", "command", scenario, figures, build)

    monkeypatch.setattr(reproduce, "cells", lambda: {n: cell(n, make) for n, make in built})
    return begun


def interrupted():
    raise KeyboardInterrupt


def test_it_writes_checks_and_finds_what_is_spoilt(tmp_path, monkeypatch, capsys) -> None:
    path = tmp_path / "kept.json"
    with monkeypatch.context() as patched:
        replaced(patched, ("one", lambda: {"count": [7]}), ("two", lambda: {"count": [7]}))
        assert reproduce.main(["--write", "--record", str(path)]) == 0
        assert "| count | 7 | 7 | equal |" in path.with_suffix(".md").read_text()
        assert reproduce.main(["--record", str(path)]) == 0
        assert "all as committed" in capsys.readouterr().out
        kept = json.loads(path.read_text())
        kept["cells"]["two"]["figures"]["count"] = [8]
        path.write_text(json.dumps(kept))
        assert reproduce.main(["--record", str(path), "one"]) == 0
        assert reproduce.main(["--record", str(path)]) == 1
        assert "1 figures are off" in capsys.readouterr().out
        path.write_text("{}")
        assert reproduce.main(["--record", str(path)]) == 2
        assert "kept.json: is no record" in capsys.readouterr().err
    assert reproduce.main(["kroneker", "--record", str(path)]) == 2
    assert "Did you mean kronecker?" in capsys.readouterr().err


def test_it_says_so_when_what_it_writes_is_not_what_is_said(tmp_path, monkeypatch) -> None:
    replaced(monkeypatch, ("one", lambda: {"count": [6]}))
    assert reproduce.main(["--write", "--record", str(tmp_path / "kept.json")]) == 1


def test_a_cell_that_fails_is_off_and_the_others_are_checked(tmp_path, monkeypatch, capsys) -> None:
    def failing():
        raise RunFailed("diverged at step 3")

    path = tmp_path / "kept.json"
    with monkeypatch.context() as patched:
        replaced(patched, ("one", lambda: {"count": [7]}), ("two", lambda: {"count": [7]}))
        assert reproduce.main(["--write", "--record", str(path)]) == 0
    begun = replaced(monkeypatch, ("one", failing), ("two", lambda: {"count": [7]}))
    assert reproduce.main(["--record", str(path)]) == 1
    said = capsys.readouterr()
    assert begun == ["one", "two"]
    assert "one: diverged at step 3" in said.err
    assert "1 figures are off" in said.out


def test_ctrl_c_keeps_the_cells_that_are_whole(tmp_path, monkeypatch, capsys) -> None:
    path = tmp_path / "kept.json"
    made = ("one", lambda: {"count": [7]}), ("two", interrupted), ("three", interrupted)
    begun = replaced(monkeypatch, *made)
    assert reproduce.main(["--write", "--record", str(path)]) == 130
    assert begun == ["one", "two"]
    assert list(record.read(path).cells) == ["one"]
    assert "the cells above are kept" in capsys.readouterr().err
    assert reproduce.main(["--record", str(path)]) == 130
    assert "count" in capsys.readouterr().out


@pytest.mark.slow
def test_everything_is_built_again_as_committed() -> None:
    assert reproduce.main([]) == 0
