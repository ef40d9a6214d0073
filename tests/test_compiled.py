"""Compiled kernels: the array form's numbers, whatever the graph, the units and the parts."""

import signal
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.engines import compiled
from neurosim.engines.arrays import ArraysEngine
from neurosim.learning import RFLO, UORO, Hybrid, SnAp
from neurosim.model import Fixed, Float, Network
from neurosim.study.graphs import graph_from

MANY = 10**9  # steps to come: worth a kernel
STEPS = 45
RULES = {
    "rtrl": ns.RTRL(0.05),
    "trtrl": ns.TRTRL(0.05),
    "trtrl-ingress": ns.TRTRL(0.05, ingress_only=True),
    "trtrl-no-self": ns.TRTRL(0.05, self_terms=False),
    "hybrid": Hybrid(0.05, block=6),
    "snap-0": SnAp(0.05, order=0),
    "snap-1": SnAp(0.05),
    "rflo": RFLO(0.05),
    "rflo-random": RFLO(0.05, feedback="random"),
    "uoro": UORO(0.01, seed=3),
}
NETWORKS = {
    "dense": ("fully_recurrent", {}, {}),
    "dense, leaky, logistic": ("fully_recurrent", {}, {"leak": 0.4, "activation": "logistic"}),
    "sparse": ("sparse_random", {"density": 0.2}, {}),
    "sparse, leaky": ("sparse_random", {"density": 0.2}, {"leak": 0.5}),
    "layered": ("layered", {"layers": (5, 6)}, {}),
}


def network(name: str = "dense", units: int = 11, outputs: int = 2) -> Network:
    topology, options, traits = NETWORKS[name]
    graph, inputs, names = graph_from(
        topology, units=units, inputs=("x0", "x1"), outputs=outputs, **options
    )
    return Network(graph, inputs, names, seed=3, **traits)


def varied() -> Network:
    """Return a network whose units differ, one of whose weights is fixed."""
    graph = network("sparse").graph
    for n, unit in enumerate(network("sparse").units):
        graph.nodes[unit]["leak"] = 1.0 - 0.1 * (n % 4)
        graph.nodes[unit]["activation"] = ("tanh", "logistic", "linear")[n % 3]
    first = next(iter(graph.edges))
    graph.edges[first]["fixed"] = True
    return Network(graph, ["x0", "x1"], list(network("sparse").outputs), seed=3)


def learnt(described: Network, rule, number=None, steps=MANY, parts=(STEPS,)):
    """Return what an engine makes of a stream that comes in parts, and the engine."""
    number = number or Float()
    engine = ArraysEngine(described, rule.for_units(len(described.units)), number, steps=steps)
    rng = np.random.default_rng(4)
    x = number.encode(rng.uniform(-1, 1, (STEPS, len(described.inputs))))
    target = number.encode(rng.uniform(-0.5, 0.5, (STEPS, len(described.outputs))))
    y, error = np.zeros((2, *target.shape), dtype=number.dtype)
    first = 0
    for length in parts:
        part = slice(first, first + length)
        engine.run(x[part], target[part], y[part], error[part])
        first += length
    return (y, error, engine.weights(), engine.gradient(), engine.activations), engine


def is_compiled(engine) -> bool:
    return engine._work is not None


def close(found, expected, tolerance: float) -> None:
    for one, other in zip(found, expected, strict=True):
        scale = max(np.abs(other).max(), 1e-3)
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("rule", RULES)
def test_a_kernel_is_the_array_form(rule: str, name: str) -> None:
    found, engine = learnt(network(name), RULES[rule])
    expected, plain = learnt(network(name), RULES[rule], steps=0)
    assert not is_compiled(plain)
    assert is_compiled(engine) is (rule != "hybrid" or name.startswith("dense"))
    close(found, expected, 1e-12)
    assert np.abs(engine.weights() - network(name).weight_vector).max() > 1e-3
    assert engine.steps == plain.steps == STEPS


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "hybrid"])
def test_units_that_differ_and_a_weight_that_is_fixed(rule: str) -> None:
    described = varied()
    found, engine = learnt(described, RULES[rule])
    assert is_compiled(engine)
    close(found, learnt(described, RULES[rule], steps=0)[0], 1e-12)
    assert engine.weights()[described.fixed] == described.weight_vector[described.fixed]


@pytest.mark.parametrize("rule", RULES)
def test_parts_of_any_length_give_the_same_bits(rule: str) -> None:
    whole, _ = learnt(network(), RULES[rule])
    for parts in ((1,) * STEPS, (7, 30, 8)):
        for one, other in zip(learnt(network(), RULES[rule], parts=parts)[0], whole, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rule", ["rtrl", "trtrl", "snap-1"])
def test_one_step_at_a_time_is_the_same_kernel(rule: str) -> None:
    (y, *_), engine = learnt(network(), RULES[rule])
    single = ArraysEngine(network(), RULES[rule], Float(), steps=MANY)
    rng = np.random.default_rng(4)
    x, target = rng.uniform(-1, 1, (STEPS, 2)), rng.uniform(-0.5, 0.5, (STEPS, 2))
    for t in range(STEPS):
        np.testing.assert_array_equal(single.step(x[t], target[t])[0], y[t])
    np.testing.assert_array_equal(single.weights(), engine.weights())


@pytest.mark.parametrize(
    "rule",
    [
        "trtrl",
        *(pytest.param(rule, marks=pytest.mark.slow) for rule in RULES if rule != "trtrl"),
    ],
)
@pytest.mark.parametrize("name", ["dense", "sparse, leaky"])
def test_single_precision(rule: str, name: str) -> None:
    number = Float(32)
    found, _ = learnt(network(name), RULES[rule], number)
    single, plain = learnt(network(name), RULES[rule], number, steps=0)
    double, _ = learnt(network(name), RULES[rule], steps=0)
    assert plain._weights.dtype == found[0].dtype == np.float32
    close(found, single, 1e-5)
    close(single, double, 1e-4)
    assert np.abs(single[2] - double[2]).max() > 1e-9  # these are single words


@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("rule", RULES)
def test_the_smallest_networks(rule: str, units: int) -> None:
    described = network(units=units, outputs=1)
    found, engine = learnt(described, RULES[rule])
    assert is_compiled(engine)
    close(found, learnt(described, RULES[rule], steps=0)[0], 1e-12)


def test_what_a_kernel_does_not_know_is_left_to_the_array_form() -> None:
    @dataclass(frozen=True)
    class Own(ns.RTRL):
        """A rule of one's own."""

    shared = network()
    softmax = Network(shared.graph, shared.inputs, shared.outputs, loss="cross_entropy")
    for described, rule, number in (
        (shared, Own(), Float()),
        (shared, ns.TRTRL(literal=True), Float()),
        (shared, SnAp(order=2), Float()),
        (shared, ns.BPTT(window=3), Float()),
        (shared, ns.TRTRL(), Fixed()),
        ([shared, shared], ns.TRTRL(), Float()),
        (softmax, ns.TRTRL(), Float()),
    ):
        assert not is_compiled(ArraysEngine(described, rule, number, steps=MANY))


def test_short_runs_do_not_wait_for_a_kernel() -> None:
    """The choice follows from steps and edges alone, so that a scenario repeats to the bit."""
    described = network()
    words = compiled.WORDS_OF_A_CALL + len(described.edges)
    enough = -(-compiled.WORTH // words)
    for steps, kernel in ((enough - 1, False), (enough, True)):
        engine = ArraysEngine(described, ns.TRTRL(), Float(), steps=steps)
        assert is_compiled(engine) is kernel


PLAIN = """
import sys
sys.modules["numba"] = None
from tests.test_compiled import *
(_, _, weights, *_), engine = learnt(network(), RULES["trtrl"])
learnt(network(), RULES["rtrl"])
assert not is_compiled(engine)
print(weights.sum())
"""


def test_without_a_compiler_the_array_form_learns_and_says_so_once() -> None:
    plain = subprocess.run(
        [sys.executable, "-c", PLAIN], capture_output=True, text=True, check=True
    )
    expected, _ = learnt(network(), RULES["trtrl"], steps=0)
    assert float(plain.stdout) == pytest.approx(expected[2].sum(), abs=1e-12)
    assert plain.stderr.count("numba is not here") == 1


def test_training_uses_it_and_stops_where_it_is_told() -> None:
    described, rule = network(outputs=1), ns.TRTRL(0.02)
    steps = -(-compiled.WORTH // (compiled.WORDS_OF_A_CALL + len(described.edges)))
    inputs = np.random.default_rng(0).uniform(-1, 1, (steps, 2))
    targets, seen, engines = 0.5 * inputs[:, 0], [], []

    def look(done, outputs, errors):
        seen.append((done, len(outputs), len(errors)))
        if done > steps // 3:
            raise KeyboardInterrupt

    run = ns.train(described, rule, inputs, targets, on_part=look, on_start=engines.append)
    assert is_compiled(engines[0])
    assert run.interrupted
    assert run.steps == seen[-1][0] == sum(length for _, length, _ in seen) < steps
    again = ArraysEngine(described, rule, Float(), steps=MANY)
    y, error = np.zeros((2, run.steps, 1))
    again.run(inputs[: run.steps], targets[: run.steps, None], y, error)
    np.testing.assert_array_equal(run.outputs, y)
    np.testing.assert_array_equal(run.network.weight_vector, again.weights())


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
def test_ctrl_c_amid_compiled_code_keeps_every_step_that_was_done() -> None:
    def interrupt(*_):
        raise KeyboardInterrupt

    def once(done, outputs, errors):
        if done < 100:
            signal.setitimer(signal.ITIMER_REAL, 0.4)

    described, rule = network(outputs=1), ns.TRTRL(0.02)
    inputs = np.random.default_rng(0).uniform(-1, 1, (2_000_000, 2))
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        run = ns.train(described, rule, inputs, 0.5 * inputs[:, 0], on_part=once)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert run.interrupted
    assert 0 < run.steps < len(inputs)
    again = ArraysEngine(described, rule, Float(), steps=MANY)
    y, error = np.zeros((2, run.steps, 1))
    again.run(inputs[: run.steps], 0.5 * inputs[: run.steps, :1], y, error)
    np.testing.assert_array_equal(run.outputs, y)
    np.testing.assert_array_equal(run.network.weight_vector, again.weights())


@pytest.mark.parametrize("name", ["dense", "sparse"])
def test_diverging_is_found_at_the_same_step(name: str, monkeypatch) -> None:
    rng = np.random.default_rng(2)
    stream = rng.uniform(-1, 1, (300, 2)), rng.uniform(8, 9, (300, 2))
    found = []
    for worth in (1, compiled.WORTH):
        monkeypatch.setattr(compiled, "WORTH", worth)
        with pytest.raises(ns.RunFailed, match="not finite") as caught:
            ns.train(network(name), ns.TRTRL(1e308), *stream)
        found.append(caught.value.run)
    first, second = found
    assert 0 < first.diverged_at == second.diverged_at == first.steps < 300
    np.testing.assert_allclose(first.outputs, second.outputs, atol=1e-9)


@pytest.mark.parametrize("bits", [16, 32.0, True, "64"])
def test_widths_that_no_float_has(bits) -> None:
    with pytest.raises(ns.UserError, match=r"Float\.bits: must be 32 or 64"):
        Float(bits)


def test_a_block_goes_on_where_a_part_ended() -> None:
    """Learning moves weights at a block's end only, wherever parts end."""
    rule = replace(RULES["hybrid"], block=10)
    (*_, gradient, _), engine = learnt(network(), rule, parts=(9,))
    np.testing.assert_array_equal(engine.weights(), network().weight_vector)
    assert not gradient.any()
    (*_, gradient, _), engine = learnt(network(), rule, parts=(9, 1))
    assert gradient.any()
