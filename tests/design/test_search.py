"""Which candidates are tried, and what stops or spoils a search."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from math import inf

import pytest

import neurosim as ns
from neurosim.engines.checkpoint.lock import locked
from neurosim.study.design import search as searching
from neurosim.study.design.answer import designed
from neurosim.study.design.judge import Judge
from neurosim.study.design.search import Limits
from neurosim.study.design.space import Candidate
from tests.design.demands import DEMAND, TINY, learnt

pytest.importorskip("optuna")


def every():
    return [Candidate(*each) for each in product(*TINY.values())]


def test_brute_force_finds_nothing_that_is_cheaper_by_a_tenth(toy, tmp_path):
    error = 0.16
    demand = replace(DEMAND, max_error=error)
    found = designed(demand, None, tmp_path, Limits(trainings=20))
    judge = Judge(demand)
    good = [v for each in every() if learnt(each, 1) <= error and (v := judge.judged(each)).good]
    cheapest = min(good, key=lambda each: each.rank)
    assert found.status == "found"
    assert found.chosen.error <= error
    assert found.chosen.verdict.cost <= 1.1 * cheapest.cost
    assert len(set(toy)) < len(every())  # and did not try them all


def test_a_search_that_was_ended_goes_on_to_a_design(toy, tmp_path):
    toy.enough = 6
    cut = designed(DEMAND, None, tmp_path, Limits(trainings=20))
    assert cut.status == "interrupted"
    toy.enough = inf
    gone_on = designed(DEMAND, None, tmp_path, Limits(trainings=20))
    assert gone_on.status == "found"
    assert {each.candidate for each in cut.every} <= {each.candidate for each in gone_on.every}
    toy.clear()
    once_more = designed(DEMAND, None, tmp_path, Limits(trainings=20))
    assert once_more.as_dict() == gone_on.as_dict()
    # only other seeds, which a real store would have
    assert len(toy) <= 2 * sum(each.others is not None for each in gone_on.every)


def test_the_same_seed_searches_alike_and_another_does_not(toy, tmp_path):
    found = {}
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        toy.clear()
        demand = replace(DEMAND, seed=seed)
        designed(demand, None, tmp_path / name, Limits(trainings=8))
        found[name] = list(toy)
    assert found["one"] == found["same"] != found["other"]


def test_without_a_largest_error_what_is_near_the_best_will_do(toy, tmp_path):
    found = designed(replace(DEMAND, max_error=None), None, tmp_path, Limits(trainings=12))
    best = min(found.every, key=lambda each: each.promised)
    assert best.others is not None
    assert found.target == pytest.approx(1.1 * best.promised)
    assert best.promised <= found.chosen.promised <= found.target


@pytest.mark.parametrize("demanded", [0.5, None])
def test_a_design_that_learns_from_one_seed_alone_is_none(demanded, toy, tmp_path, monkeypatch):
    lucky = []
    before = searching.computed

    def computed(executor, scenarios, out):
        for result in before(executor, scenarios, out):
            seed, nmse = result.scenario.seeds[0], result.row["nmse"]
            small = result.scenario.network.units < 8
            lucky.append(small)
            yield result._replace(row={"nmse": nmse + 10 * bool(seed) if small else 2 * nmse})

    monkeypatch.setattr(searching, "computed", computed)
    found = designed(replace(DEMAND, max_error=demanded), None, tmp_path, Limits(trainings=16))
    assert any(lucky)
    assert found.chosen.candidate.units == 8
    assert max(found.chosen.others) <= (demanded or found.target)


def test_a_chip_that_differs_from_its_engine_is_no_design(toy, tmp_path, monkeypatch):
    longer = lambda demand, tried: (tried.error, (tried.verdict.cycles + 1,))  # noqa: E731
    monkeypatch.setattr("neurosim.study.design.confirm._clocked", longer)
    found = designed(DEMAND, None, tmp_path, Limits(trainings=8))
    assert (found.status, found.chosen) == ("none", None)
    assert not any(each.agrees for each in found.confirmed)


def test_what_cannot_learn_is_told_and_stops_nothing(toy, tmp_path, monkeypatch):
    before = searching.computed

    def computed(executor, scenarios, out):
        for result in before(executor, scenarios, out):
            fails = result.scenario.rule.name == "rflo"
            yield result._replace(row=None, error="diverged") if fails else result

    monkeypatch.setattr(searching, "computed", computed)
    found = designed(DEMAND, None, tmp_path, Limits(trainings=16))
    assert found.failed > 0
    assert found.chosen.candidate.rule == "trtrl"


def test_a_damaged_journal_is_refused(toy, tmp_path):
    found = designed(DEMAND, None, tmp_path, Limits(trainings=4))
    journal = next((tmp_path / "designs").glob("*/trials.journal"))
    journal.write_text("nonsense\n" + journal.read_text())
    assert found.folder.is_dir()
    with pytest.raises(ns.UserError, match="cannot be read as the trials of a design"):
        designed(DEMAND, None, tmp_path, Limits(trainings=4))


def test_a_line_that_was_being_written_is_cut_and_the_search_goes_on(toy, tmp_path):
    first = designed(DEMAND, None, tmp_path, Limits(trainings=4))
    journal = next((tmp_path / "designs").glob("*/trials.journal"))
    with journal.open("a") as file:
        file.write('{"op_code": 5, "wor')
    found = designed(DEMAND, None, tmp_path, Limits(trainings=6))
    assert found.tried + found.failed > first.tried + first.failed
    assert designed(DEMAND, None, tmp_path, Limits(trainings=6)).tried == found.tried


def test_one_process_at_a_time_searches_for_the_same(toy, tmp_path, monkeypatch):
    found = designed(DEMAND, None, tmp_path, Limits(trainings=4))
    monkeypatch.setattr("neurosim.engines.checkpoint.lock.PATIENCE_SECONDS", 0.0)
    with (
        locked(next((tmp_path / "designs").glob("design-*"))),
        pytest.raises(ns.UserError, match="another process is at work on it"),
    ):
        designed(DEMAND, None, tmp_path, Limits(trainings=6))
    assert designed(DEMAND, None, tmp_path, Limits(trainings=4)).tried == found.tried


def test_time_ends_a_search(toy, tmp_path):
    found = designed(DEMAND, None, tmp_path, Limits(seconds=1e-9))
    assert found.tried == 4  # the first batch, so that there is an answer


def test_any_executor_trains(tmp_path):
    with ThreadPoolExecutor(1) as executor:
        found = designed(replace(DEMAND, max_error=2.0), executor, tmp_path, Limits(trainings=4))
    assert found.tried == 4
    assert found.chosen.error < inf
