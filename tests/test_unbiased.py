"""Rules that are right on average: UORO, KF-RTRL and r-OK against exact real-time learning.

The mean over 20,000 seeded learners that go through the same steps with weights held fixed is
compared with the exact gradient, weight by weight, in standard errors of that mean.
"""

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise, product

import networkx as nx
import numpy as np
import pytest

import neurosim as ns
from neurosim.learning import KFRTRL, OK, RTRL, UORO, kf_rtrl, ok, uoro
from neurosim.learning.parts import ok_mixing
from neurosim.model.arithmetic import Float
from neurosim.model.chance import signs
from neurosim.model.layout import Layout
from neurosim.study.graphs import graph_from
from tests.test_agreement import small, stream

LEARNERS, AT_ONCE, STEPS = 20_000, 4_000, 6
BOUND = 4.0  # standard errors, of each of 24 weights: one seeded run in 700 would fail
GRAPHS = ("fully_recurrent", "leaky", "layered", "ring", "sparse_random", "tournament")
RULES = {
    "uoro": UORO(),
    "kf_rtrl": KFRTRL(),
    "1-ok": OK(),
    "2-ok": OK(rank=2),
    "4-ok": OK(rank=4),
}


def network_of(topology: str = "fully_recurrent", leak: float = 1.0) -> ns.Network:
    graph, inputs, outputs = graph_from(topology, units=4, outputs=2)
    return ns.Network(graph, inputs, outputs, seed=3, leak=leak)


def samples(network: ns.Network, rule, learners: int = LEARNERS, steps: int = STEPS) -> np.ndarray:
    """Return the gradient at the last step of many learners, (learners, edges)."""
    layout, number = Layout(network), Float()
    weights, (x, target) = layout.from_network(network.weight_vector), stream(network, steps)
    found = []
    for batch in range(learners // AT_ONCE):
        drawing = replace(rule, seed=rule.seed + batch)
        state = drawing.init(layout, number, np.zeros((AT_ONCE, layout.units)))
        for sample, wanted in zip(x, target, strict=True):
            wide = (np.broadcast_to(each, (AT_ONCE, len(each))) for each in (sample, wanted))
            state, _, _, gradient = drawing.step(layout, number, weights, state, *wide)
        found.append(layout.to_network(gradient))
    return np.concatenate(found)


@lru_cache(maxsize=8)
def of_dense(name: str) -> np.ndarray:
    return samples(network_of(), RULES[name])


def exact(network: ns.Network, steps: int = STEPS) -> np.ndarray:
    return -ns.gradients(network, RTRL(), *stream(network, steps))


def furthest(found: np.ndarray, true: np.ndarray) -> float:
    """Return how many standard errors the mean is off, at the weight where that is most."""
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    alive = error > 1e-12 * np.abs(true).max()  # else every learner has the same, so the right one
    if np.abs(found - true)[:, ~alive].max(initial=0.0) > 1e-9:
        return np.inf
    return float((np.abs(found.mean(axis=0) - true)[alive] / error[alive]).max())


@pytest.mark.parametrize("name", RULES)
def test_the_mean_is_the_exact_gradient(name: str) -> None:
    true = exact(network_of())[-1]
    found = of_dense(name)
    assert furthest(found, true) < BOUND
    spread = found.std(axis=0).max() / np.abs(true).max()
    assert spread > 1e-4  # or equality were vacuous


@pytest.mark.parametrize("name", ["uoro", "kf_rtrl"])
@pytest.mark.parametrize(
    ("topology", "leak"), [("ring", 1.0), ("tournament", 1.0), ("fully_recurrent", 0.4)]
)
def test_the_mean_is_exact_on_sparse_graphs_and_with_leaks(name, topology, leak) -> None:
    network = network_of(topology, leak)
    assert furthest(samples(network, RULES[name]), exact(network)[-1]) < BOUND


def variance(name: str) -> float:
    true = exact(network_of())[-1]
    return float(of_dense(name).var(axis=0).sum() / (true**2).sum())


def test_variances_fall_from_rule_to_rule() -> None:
    """UORO > KF-RTRL > 1-OK > 2-OK > 4-OK, each clearly."""
    found = [variance(name) for name in RULES]
    assert all(one > 1.1 * other for one, other in pairwise(found)), found


def loaded(seed, step, replica, index):
    """Signs that are +1 three times in four."""
    return np.maximum(signs(seed, step, replica, index), signs(seed + 10**6, step, replica, index))


def alike(seed, step, replica, index):
    """Fair signs, but one for all of a step."""
    return signs(seed, step, replica, np.zeros_like(index))


@pytest.mark.parametrize(
    ("name", "where", "mutant"),
    [
        ("uoro", uoro, loaded),
        ("uoro", uoro, alike),
        ("kf_rtrl", kf_rtrl, loaded),  # whose two signs may be one: only their product matters
        ("1-ok", ok, loaded),
        ("1-ok", ok, alike),
    ],
)
def test_unfair_signs_are_noticed(name, where, mutant, monkeypatch) -> None:
    monkeypatch.setattr(where, "signs", mutant)
    found = samples(network_of(), RULES[name], learners=AT_ONCE)
    assert furthest(found, exact(network_of())[-1]) > 2 * BOUND


@pytest.mark.parametrize("kind", ["random", "parallel", "missing"])
@pytest.mark.parametrize("r", [1, 2, 3, 4])
def test_mixtures_are_unbiased_and_no_more_variable_than_they_must(r: int, kind: str) -> None:
    """Over all signs; the least variance is ``s1^2 / k - sum_{a > m} c_a^2`` (Benzing 2019)."""
    rng = np.random.default_rng(r)
    u, v = (
        rng.normal(size=(r + 1, 7)),
        rng.normal(size=(r + 1, 9)) * 3.0 ** -np.arange(r + 1)[:, None],
    )
    if kind == "parallel":
        u[0] = 2 * u[-1]
    if kind == "missing":
        u[0] = v[1] = 0
    every_sign = np.array(list(product([-1.0, 1.0], repeat=r + 1)))
    inner = np.concatenate([ok_mixing.pairs(u @ u.T), ok_mixing.pairs(v @ v.T)])
    of = np.concatenate([np.tile(inner, (len(every_sign), 1)), every_sign], axis=1)
    x, y = np.moveaxis(ok_mixing.mix(of, r).reshape(-1, 2, r, r + 1), 1, 0)
    sums = np.einsum("sai,saj->sij", x @ u, y @ v)
    true = u.T @ v
    np.testing.assert_allclose(sums.mean(axis=0), true, rtol=0, atol=1e-11)
    c = np.linalg.svd(true, compute_uv=False)[: r + 1]
    m = next(m for m in range(r) if (r - m) * c[m] <= c[m:].sum() * (1 + 1e-9))
    least = c[m:].sum() ** 2 / (r - m) - (c[m:] ** 2).sum()
    assert ((sums - true) ** 2).sum(axis=(1, 2)).mean() == pytest.approx(least, abs=1e-9)


@pytest.mark.parametrize("rank", [1, 2, 3, 5])
@pytest.mark.parametrize("topology", GRAPHS)
def test_ok_is_exact_as_long_as_its_factors_hold_all_steps(topology: str, rank: int) -> None:
    network = small("fully_recurrent" if topology == "leaky" else topology)
    if topology == "leaky":
        network = ns.Network(network.graph, network.inputs, network.outputs, leak=0.3)
    true = exact(network, rank + 8)
    found = -ns.gradients(network, OK(rank=rank), *stream(network, rank + 8))
    size = np.abs(true).max()
    np.testing.assert_allclose(found[:rank], true[:rank], rtol=0, atol=1e-7 * size)
    if topology in ("fully_recurrent", "leaky"):
        assert np.abs(found - true).max() > 1e-3 * size


def test_without_recurrence_there_is_no_chance() -> None:
    """Where no unit hears one, every rule has the exact gradient but for UORO's and KF's signs."""
    graph = nx.DiGraph([("x", "a"), ("bias", "a"), ("x", "b")])
    network = ns.Network(graph, ["x"], ["a", "b"], seed=1)
    found = -ns.gradients(network, OK(rank=1), *stream(network, 6))
    np.testing.assert_allclose(found, exact(network, 6), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_a_run_has_its_seed(name: str) -> None:
    network, rule = small("small_world"), replace(RULES[name], learning_rate=0.05)
    x, target = stream(network, 30)
    runs = [ns.train(network, rule, x, target, seed=seed) for seed in (0, 0, 1)]
    runs.append(ns.train(network, replace(rule, seed=1), x, target, engine="stepwise"))
    weights = [run.network.weight_vector for run in runs]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.abs(weights[0] - weights[2]).max() > 1e-6
    np.testing.assert_allclose(weights[2], weights[3], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["uoro", "kf_rtrl", "2-ok"])
def test_learners_side_by_side_draw_on_their_own(name: str) -> None:
    network, rule = small("small_world"), replace(RULES[name], learning_rate=0.05)
    x, target = stream(network, 10)
    first, second = ns.train_many([network, network], rule, x, target)
    alone = ns.train(network, rule, x, target).network.weight_vector
    np.testing.assert_allclose(first.network.weight_vector, alone, rtol=0, atol=1e-12)
    assert np.abs(second.network.weight_vector - alone).max() > 1e-6


@pytest.mark.parametrize("name", ["uoro", "kf_rtrl", "2-ok"])
def test_a_network_whose_inputs_are_all_zero_stays_finite(name: str) -> None:
    """Norms are zero there, which no scale may be divided by."""
    graph, inputs, outputs = graph_from("ring", units=4)
    network = ns.Network(graph, inputs, outputs).with_weights(np.zeros(len(graph.edges)))
    for engine in ("arrays", "stepwise"):
        run = ns.train(network, RULES[name], np.zeros(9), np.ones(9), engine=engine)
        assert np.isfinite(run.network.weight_vector).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: OK(rank=0), r"OK\.rank: must be a whole number from 1 up \(got 0\)"),
        (lambda: OK(rank=True), r"OK\.rank"),
        (lambda: UORO(seed=-1), r"UORO\.seed: must be a whole number from 0 up"),
        (lambda: KFRTRL(seed=1.5), r"KFRTRL\.seed"),
    ],
)
def test_mistakes_are_named(wrong, said) -> None:
    with pytest.raises(ns.UserError, match=said):
        wrong()


@pytest.mark.parametrize("name", ["uoro", "kf_rtrl", "2-ok"])
def test_learning_that_diverges_says_so(name: str) -> None:
    network = small("fully_recurrent")
    graph = network.graph.copy()
    for unit in network.units:
        graph.nodes[unit]["activation"] = "linear"
    network = ns.Network(graph, network.inputs, network.outputs, seed=1)
    x, target = stream(network, 600)
    with pytest.raises(ns.RunFailed, match="diverged at step"):
        ns.train(network, replace(RULES[name], learning_rate=50.0), x, target)
