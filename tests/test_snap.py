"""SnAp-n against a dense influence with a mask, and the graphs on which it is exact."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import neurosim as ns
from neurosim.learning import Census
from neurosim.model.blocks import complete
from tests.networks import (
    at_edges,
    dense_network,
    difference,
    network_of,
    problem,
    random_network,
    weight_matrix,
)

STEPS = 12
TOLERANCE = 1e-12


def _random(seed):
    network = random_network(
        2 + seed % 7,
        (0.25, 0.4, 0.6)[seed % 3],
        1 + seed % 2,
        min(2 + seed % 7, 1 + seed % 3),
        loops=seed % 2 == 0,
        bias=seed % 3 != 0,
        activation=("tanh", "logistic")[seed // 2 % 2],
        seed=seed,
    )
    return leaky(network, seed) if seed % 2 else network


def leaky(network, seed=0):
    """Let about half of the units leak."""
    rng, graph = np.random.default_rng(seed), network.graph.copy()
    for unit in network.units:
        if rng.random() < 0.6:
            graph.nodes[unit]["leak"] = float(rng.uniform(0.2, 0.9))
    return ns.Network(graph, network.inputs, network.outputs, network.activation, name=network.name)


RANDOM = [_random(seed) for seed in range(12)]
each_random = pytest.mark.parametrize("network", RANDOM, ids=lambda network: network.name)


def mask_of(network, order):
    """Where (unit, owner) influence is not zero so many steps after a start, by matrix powers."""
    wires = np.abs(weight_matrix(network)[:, : len(network.units)]) > 0
    steps = np.eye(len(wires), dtype=int) + wires
    return np.linalg.matrix_power(steps, order - 1) > 0 if order else np.eye(len(wires)) > 0


def masked_gradients(network, order, x, target, y):
    """``G <- mask (J G + M)`` on matrices, and ``e (J G + M)`` of the outputs before the mask."""
    W, n = weight_matrix(network), len(network.units)
    leak = np.array([each.leak for each in network.traits])
    mask = mask_of(network, order)
    outputs = [network.units.index(o) for o in network.outputs]
    G = np.zeros((n, n, W.shape[1]))  # unit, owner, source
    found = []
    for sample, wanted in zip(x, target, strict=True):
        z = np.concatenate([y, sample, [1.0]])
        f = np.tanh(W @ z) if network.activation == "tanh" else 1 / (1 + np.exp(-W @ z))
        slope = leak * (1 - f**2 if network.activation == "tanh" else f * (1 - f))
        y = (1 - leak) * y + leak * f
        J = np.diag(1 - leak) + slope[:, None] * W[:, :n]
        M = np.einsum("ki,k,j->kij", np.eye(n), slope, z)
        full = np.einsum("kl,lij->kij", J, G) + M
        G = mask[:, :, None] * (full if order else M)
        error = np.zeros(n)
        error[outputs] = y[outputs] - wanted
        found.append(np.einsum("k,kij->ij", error, full))
    return at_edges(network, np.array(found))


@each_random
@pytest.mark.parametrize("order", [0, 1, 2, 3, 5])
def test_snap_is_the_influence_with_a_mask(network, order):
    stream = problem(network, STEPS)
    reference = masked_gradients(network, order, *stream)
    found = ns.gradients(network, ns.SnAp(order=order), *stream)
    assert np.abs(reference).max(axis=1).min() > 1e-4
    assert difference(found, reference) < TOLERANCE


@each_random
@pytest.mark.parametrize("order", [2, 3])
def test_the_words_kept_are_those_of_the_mask(network, order):
    edges = np.array([sum(u == unit for _, u in network.edges) for unit in network.units])
    kept = int((mask_of(network, order) * edges).sum())
    assert ns.SnAp(order=order).cost(network).stored_words == kept


@each_random
def test_snap_1_is_trtrl_without_egress(network):
    stream = problem(network, STEPS)
    trtrl = ns.gradients(network, ns.TRTRL(ingress_only=True), *stream)
    assert np.array_equal(ns.gradients(network, ns.SnAp(), *stream), trtrl)
    assert ns.SnAp().cost(network) == ns.TRTRL(ingress_only=True).cost(network)


def test_without_leaks_rflo_is_the_program_of_snap_0():
    """So it runs wherever the one does: on any machine, and in silicon."""
    network = RANDOM[2]
    for neuron in network.neurons[: len(network.units)]:
        rflo, snap = ([*r.program(neuron, network)] for r in (ns.RFLO(), ns.SnAp(order=0)))
        assert rflo == snap


@each_random
def test_snap_0_looks_back_one_hop(network):
    """Immediate derivatives, read one tick later: truncated BPTT over two ticks."""
    stream = problem(network, STEPS)
    found = ns.gradients(network, ns.SnAp(order=0), *stream)
    assert difference(found, ns.gradients(network, ns.BPTT(window=2), *stream)) < TOLERANCE


@pytest.mark.parametrize("outputs", [1, 3])
def test_on_a_complete_graph_two_steps_are_all(outputs):
    network = leaky(dense_network(5, outputs=outputs, seed=1))
    stream = problem(network, STEPS)
    rtrl = ns.gradients(network, ns.RTRL(), *stream)
    assert difference(ns.gradients(network, ns.SnAp(order=2), *stream), rtrl) < TOLERANCE
    assert difference(ns.gradients(network, ns.SnAp(order=1), *stream), rtrl) > 1e-3


@pytest.mark.parametrize("units", [3, 4, 6])
def test_a_ring_of_n_is_exact_first_at_n(units):
    names = [f"n{i}" for i in range(units)]
    ring = [(names[i], names[(i + 1) % units]) for i in range(units)]
    network = network_of([*ring, *(("x", name) for name in names)], names, ["x"], ["n0"], gain=1.5)
    stream = problem(network, 5 * units)
    rtrl = ns.gradients(network, ns.RTRL(), *stream)
    apart = [
        difference(ns.gradients(network, ns.SnAp(order=n), *stream), rtrl)
        for n in range(1, units + 2)
    ]
    assert max(apart[units - 1 :]) < TOLERANCE
    assert min(apart[: units - 1]) > 1e-6


def test_the_gradient_nears_that_of_rtrl_with_the_order():
    network = random_network(12, 0.25, seed=5)
    stream = problem(network, 40)
    rtrl = ns.gradients(network, ns.RTRL(), *stream)
    apart = [
        np.linalg.norm(ns.gradients(network, ns.SnAp(order=n), *stream) - rtrl)
        for n in (0, 1, 3, 9)
    ]
    assert apart == sorted(apart, reverse=True)
    assert apart[-1] < 1e-9 < apart[-2]


def test_a_low_order_sends_no_sensitivity_and_a_high_one_only_what_is_needed():
    network = random_network(20, 0.1, seed=2)
    costs = [ns.SnAp(order=n).cost(network) for n in (0, 1, 2, 3, 20)]
    rtrl = ns.RTRL().cost(network)
    inference = ns.cost(network, ns.RTRL()).edges + 1
    assert costs[0].words_sent == costs[1].words_sent < inference + 20
    sent = [cost.words_sent for cost in costs[1:]]
    assert sent == sorted(set(sent))
    assert sent[-1] < rtrl.words_sent
    assert costs[-1].multiplications < rtrl.multiplications


def test_described_networks_have_closed_forms_as_built_ones_do():
    for order in (0, 1, 2):
        described = ns.SnAp(order=order).closed(Census.complete(6, outputs=2))
        built = ns.SnAp(order=order).cost(dense_network(6, outputs=2))
        assert described == built
    assert ns.SnAp().closed(Census.complete(100_000)).stored_words == 100_000 * 100_002
    with pytest.raises(ns.UserError, match=r"SnAp\.order: 2 needs the paths.*Count order 0 or 1"):
        ns.SnAp(order=2).closed(Census.described(complete(5_000)))


@pytest.mark.parametrize("order", [-1, 1.5, True, "2"])
def test_the_order_is_a_whole_number(order):
    with pytest.raises(ns.UserError, match=r"SnAp\.order: must be a whole number from 0 up"):
        ns.SnAp(order=order)


def test_units_that_hear_nobody_have_no_sums():
    graph = nx.DiGraph([("x", "a"), ("a", "b"), ("b", "b"), ("x", "deaf")])
    network = ns.Network(graph, ["x"], ["b"], seed=1)
    stream = problem(network, STEPS)
    found = ns.gradients(network, ns.SnAp(order=2), *stream)
    assert difference(found, ns.gradients(network, ns.RTRL(), *stream)) < TOLERANCE
