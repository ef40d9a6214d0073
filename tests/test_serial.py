"""Divisions, roots, random signs and serial algebra: what they do, what is counted, how long."""

from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.cli import main
from neurosim.engines.clock.homes import Home
from neurosim.engines.clock.timing import burst_time
from neurosim.engines.energy import step_energy
from neurosim.engines.kernels import bind
from neurosim.engines.tally import tally
from neurosim.learning import KFRTRL, OK, UORO, Census
from neurosim.learning.counts import Counts
from neurosim.machine import load
from neurosim.machine.technology import load as technology
from neurosim.model.chance import signs
from neurosim.model.fixed import Fixed
from neurosim.model.neuron import Memory, Role
from neurosim.model.operations import Divide, Draw, Method, Root, Solve, Words
from neurosim.study.trace.neurons import equation
from tests.test_agreement import small

TWICE = Method("twice", lambda words: 2 * words, multiplications=3, additions=5, divisions=7)
A, B, TO, COUNTER = Words("a", 0, 3), Words("b", 0, 3), Words("to", 0, 3), Words("counter")
OPERATIONS = {
    "divide": Divide(TO, A, B),
    "root": Root(TO, A),
    "draw": Draw(TO, COUNTER, seed=4, first=10),
    "solve": Solve(TO, A, TWICE),
}
COUNTED = {
    "divide": Counts(divisions=3, reads=6, writes=3),
    "root": Counts(divisions=3, reads=3, writes=3),
    "draw": Counts(draws=3, reads=1, writes=4),
    "solve": Counts(multiplications=3, additions=5, divisions=7, reads=3, writes=3),
}
SHOWN = {
    "divide": "to = a / b",
    "root": "to = sqrt(a)",
    "draw": "to = sign(counter)",
    "solve": "to = twice(a)",
}


def memories() -> tuple[dict, dict]:
    values = {"a": [1.0, 4.0, 9.0], "b": [2.0, -4.0, 8.0], "to": [0.0] * 3, "counter": [6.0]}
    memory = {name: np.array(words) for name, words in values.items()}
    return memory, {name: Memory(name, len(words)) for name, words in values.items()}


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_they_do(name: str) -> None:
    memory, described = memories()
    bind(OPERATIONS[name], memory, described, ns.Float(), "tanh", np.empty(9))()
    expected = {
        "divide": [0.5, -1.0, 1.125],
        "root": [1.0, 2.0, 3.0],
        "draw": signs(4, 6, 0, [10, 11, 12]),
        "solve": [2.0, 8.0, 18.0],
    }
    np.testing.assert_array_equal(memory["to"], expected[name])
    assert memory["counter"] == (7.0 if name == "draw" else 6.0)


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_counted_and_shown(name: str) -> None:
    assert tally(OPERATIONS[name], 0) == COUNTED[name]
    assert equation(OPERATIONS[name]) == SHOWN[name]


@pytest.mark.parametrize("name", OPERATIONS)
def test_fixed_point_says_that_it_cannot(name: str) -> None:
    memory, described = memories()
    with pytest.raises(ns.UserError, match=r"into to: fixed16\.12 has no divisions"):
        bind(OPERATIONS[name], memory, described, Fixed(), "tanh", np.empty(9))


@pytest.mark.parametrize(("given", "each"), [(0, 64), (10, 10)])
@pytest.mark.parametrize(
    ("name", "products", "divisions"), [("divide", 0, 3), ("root", 0, 3), ("solve", 3, 7)]
)
def test_a_division_has_the_lane_for_a_cycle_a_bit(name, products, divisions, given, each) -> None:
    """By hand, on a machine whose memories take a cycle before and behind the pipeline's three."""
    bus = load("bus")
    machine = replace(bus, compute=replace(bus.compute, divide_latency_cycles=given))
    bank = machine.bank_of(Role.BUFFER)
    assert bank is not None
    assert bank.read_latency_cycles == bank.write_latency_cycles == 1
    homes = {memory: Home(bank, 64) for memory in ("a", "b", "to")}
    time = burst_time(OPERATIONS[name], homes, machine)
    assert time.passes == products + each * divisions
    assert time.compute == time.passes + 1 + machine.compute.mac_latency_cycles + 1
    assert time.stall == 0


def test_the_energy_of_a_division_is_a_sum_a_bit() -> None:
    counts = Counts(divisions=5, draws=9)
    (part,) = step_energy(load("bus"), "nm45", ns.Float(), counts, []).parts
    assert (part.name, part.count) == ("divide", 5)
    assert part.pj == pytest.approx(5 * 64 * technology("nm45").operation("add", "int", 64).pj)
    assert "assumed" in part.source


@pytest.mark.parametrize("rule", [UORO(), KFRTRL(), OK(rank=3)], ids=lambda rule: rule.name)
def test_what_is_broadcast_grows_with_units_and_not_with_edges(rule) -> None:
    """By hand: parts to the root, the answer back, and what outputs tell."""
    n, k, r = 40, 3, getattr(rule, "rank", 1)
    counts = rule.closed(Census.complete(n, 1, k))
    of_ok = ((r + 1) * (r + 2), 2 * r * (r + 1))
    parts, answer = {"uoro": (3, 5), "kf_rtrl": (4, 4), "ok": of_ok}[rule.name]
    told = 2 * (k - 1) if rule.name == "uoro" else k * (n - 1) * r  # unit 0 is an output, too
    assert counts.words_broadcast == (n - 1) * (parts + answer) + told
    rows = 1 if rule.name == "uoro" else r * n
    assert counts.words_sent - counts.words_broadcast == n * (n - 1) * (rows + 1) + n


def test_costs_of_the_field_s_tables() -> None:
    """Multiplications grow as n^2 (UORO) and r n^3 (KF-RTRL, r-OK), words kept as n^2 and r n^2."""
    powers = {UORO(): (2, 2), KFRTRL(): (3, 2), OK(rank=1): (3, 2), OK(rank=4): (3, 2)}
    for rule, (work, words) in powers.items():
        small_one, large = (rule.closed(Census.complete(n)) for n in (1_000, 2_000))
        grown = large.multiplications / small_one.multiplications
        assert np.log2(grown) == pytest.approx(work, abs=0.05)
        kept = large.stored_words / small_one.stored_words
        assert np.log2(kept) == pytest.approx(words, abs=0.01)
    four, one = (OK(rank=r).closed(Census.complete(2_000)) for r in (4, 1))
    assert four.multiplications / one.multiplications == pytest.approx(4, rel=0.05)
    assert four.stored_words / one.stored_words == pytest.approx(4, rel=0.01)


@pytest.mark.parametrize("rule", [UORO(), KFRTRL(), OK(rank=2)], ids=lambda rule: rule.name)
@pytest.mark.parametrize("machine", ["bus", "mesh"])
def test_divisions_and_signs_are_in_the_costs(rule, machine: str) -> None:
    found = ns.cost(small("small_world"), rule, machine)
    counts = rule.cost(small("small_world"))
    assert found.divisions_per_step == counts.divisions > 0
    assert found.draws_per_step == counts.draws > 0
    plain = ns.cost(small("small_world"), ns.TRTRL(), machine)
    assert "divisions_per_step" not in plain.as_dict()


def test_a_study_in_fixed_point_is_refused_before_it_begins(capsys) -> None:
    words = "compare frequency_doubler --compare uoro --number.kind fixed --task.steps 50"
    assert main(words.split()) == 2
    assert "UORO: needs divisions and square roots" in capsys.readouterr().err
