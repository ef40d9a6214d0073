"""What could be built, and what is known of it before any training."""

from dataclasses import replace

import pytest

import neurosim as ns
from neurosim.machine.parts import PARTS
from neurosim.schedule import schedule
from neurosim.study import problem
from neurosim.study.abilities import abilities
from neurosim.study.design import judge as judging
from neurosim.study.design.judge import Judge
from neurosim.study.design.space import LADDERS, neighbours, rungs, scenario
from neurosim.study.hardware.choice import choice_of
from neurosim.study.problem import Problem
from neurosim.study.scenario import digest
from tests.design.demands import DEMAND, SMALL

pytest.importorskip("optuna")


def test_every_rule_of_the_space_learns_and_has_a_program_for_a_chip():
    for name in LADDERS["rule"]:
        assert problem.rules.rule(name, {}, 0.05).moves
        assert abilities(problem.rules.rule(name, {}, 0.05)).chip


def test_a_candidate_is_what_run_would_make_of_its_scenario():
    described = scenario(DEMAND, SMALL)
    assert digest(problem.single(described, described.rule.name)) == digest(described)
    number = Problem.of(described, 0).number
    assert number == ns.Fixed(12, 8, 24, 20)
    rate = Problem.of(described, 0).rule("trtrl").learning_rate
    assert rate == SMALL.learning_rate


def test_neighbours_are_rungs_of_the_ladders():
    found = list(neighbours(SMALL))
    assert SMALL not in found
    assert {each.rule for each in found} == set(LADDERS["rule"])
    for each in found:
        moved = [n for n, at in rungs(each).items() if at != rungs(SMALL)[n]]
        assert len(moved) in (1, 2)


@pytest.mark.parametrize(
    ("rule", "part"), [("trtrl", "ice40-up5k"), *((rule, "ecp5-25f") for rule in LADDERS["rule"])]
)
def test_lanes_are_those_that_keep_the_rate_at_the_least_cost(part, rule):
    candidate = replace(SMALL, rule=rule)
    clock = PARTS[part].clock_mhz
    posed, judge = Problem.of(scenario(DEMAND, candidate), 0), Judge(DEMAND)
    cycles = {n: schedule(posed.network, posed.rule(rule), n).cycles for n in (1, 2, 4)}
    for wanted in cycles:
        found = judge.judged(candidate, part, 1e6 * clock / cycles[wanted])
        keeping = [choice_of(posed.network, posed.rule(rule), posed.number, n, PARTS[part])
                   for n in cycles if n >= wanted]  # fmt: skip
        assert found.good
        assert found.cycles == cycles[found.lanes] <= cycles[wanted]
        assert found.cost == max(found.shares.values())
        assert found.steps_per_second == pytest.approx(1e6 * clock / cycles[found.lanes])
        least = min(keeping, key=lambda each: each.fit.blocks / each.fit.blocks_there)
        assert found.fit.blocks <= least.fit.blocks or found.fit.luts <= least.fit.luts


def test_what_cannot_keep_the_rate_or_fit_is_refused_without_a_plan(monkeypatch):
    monkeypatch.setattr(judging, "choice_of", lambda *_: pytest.fail("was planned"))
    fast = Judge(replace(DEMAND, rate_hz=5e6)).judged(SMALL)
    assert (fast.lacks, fast.good) == ("rate", False)
    assert fast.violation > 0
    large = Judge(replace(DEMAND, rate_hz=1.0)).judged(replace(SMALL, units=48))
    assert large.lacks == "block RAMs"
    assert large.fit.blocks > large.fit.blocks_there
    wide = Judge(DEMAND).judged(replace(SMALL, units=48, density=0.75, word_bits=18))
    assert wide.lacks == "multipliers"


def test_a_chip_is_planned_once_whatever_its_rate_of_learning(monkeypatch):
    judge, before = Judge(DEMAND), judging.choice_of
    seen = []
    monkeypatch.setattr(judging, "choice_of", lambda *a: seen.append(a) or before(*a))
    first = judge.judged(SMALL)
    planned = len(seen)
    second = judge.judged(replace(SMALL, learning_rate=0.34))
    assert len(seen) == planned
    assert second.candidate.learning_rate == 0.34
    assert second.rank == first.rank
