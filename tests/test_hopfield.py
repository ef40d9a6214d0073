"""Patterns stored at once and recalled unit by unit: energies, capacities, mistakes."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.engines.attractor import energy
from neurosim.study.graphs import graph_from


def network(units):
    graph, inputs, outputs = graph_from("hopfield", units=units)
    return ns.Network(graph, inputs, outputs, name="hopfield")


def drawn(units, patterns, seed=0):
    return np.random.default_rng([seed, units]).choice([-1.0, 1.0], (patterns, units))


def wrong(net, patterns):
    """Return how many units of how many patterns change at once when nothing disturbs them."""
    matrix = np.zeros((len(net.units),) * 2)
    for (source, unit), weight in net.weights.items():
        if source in net.units:
            matrix[net.numbers[unit], net.numbers[source]] = weight
    return float((np.sign(patterns @ matrix.T) * patterns < 0).mean())


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_energy_never_rises(units, seed):
    """By any symmetric weights without loops, any bias and any inputs."""
    random, graph = np.random.default_rng(seed), nx.DiGraph()
    for i in range(units):
        for source in ("x", "bias"):
            graph.add_edge(source, f"n{i}", weight=float(random.normal()))
        for j in range(i):
            for ends in ((i, j), (j, i)):
                graph.add_edge(f"n{ends[0]}", f"n{ends[1]}")
            weight = float(random.normal())
            graph.edges[f"n{i}", f"n{j}"]["weight"] = weight
            graph.edges[f"n{j}", f"n{i}"]["weight"] = weight
    net = ns.Network(graph)
    state, x = random.choice([-1.0, 1.0], units), random.normal(size=1)
    found = ns.recall(net, state, x, seed=seed)
    assert found.settled
    assert np.all(np.diff(found.energies) < 0)
    again = ns.recall(net, found.state, x, seed=seed + 1)
    assert again.sweeps == 1
    assert found.energies[-1] == pytest.approx(again.energies[0])
    assert min(energy(net, y, x) for y in (found.state, state)) == pytest.approx(found.energies[-1])


def test_energy_is_that_of_the_definition():
    net = ns.hebbian(network(9), drawn(9, 2))
    xi, y = drawn(9, 2), drawn(9, 1, seed=5)[0]
    W = xi.T @ xi / 9
    np.fill_diagonal(W, 0)
    assert energy(net, y) == pytest.approx(-0.5 * y @ W @ y)


def test_stored_patterns_stay_well_below_the_capacity_and_errors_jump_there():
    """At 0.05 N Hebb's rule holds all, at 0.138 N it breaks down: recall ends far away."""
    units, overlaps = 200, {}
    for share in (0.05, 0.10, 0.30):
        patterns = drawn(units, round(share * units))
        net = ns.hebbian(network(units), patterns)
        ends = [ns.recall(net, pattern, seed=k).state for k, pattern in enumerate(patterns[:4])]
        overlaps[share] = np.mean(
            [end @ xi / units for end, xi in zip(ends, patterns, strict=False)]
        )
        if share == 0.05:
            assert wrong(net, patterns) < 1e-3
    assert overlaps[0.05] > 0.999
    assert overlaps[0.10] > 0.95
    assert overlaps[0.30] < 0.7


def test_a_disturbed_pattern_is_completed():
    patterns = drawn(100, 5)
    net = ns.hebbian(network(100), patterns)
    for seed, pattern in enumerate(patterns):
        state = pattern.copy()
        state[np.random.default_rng(seed).permutation(100)[:15]] *= -1
        found = ns.recall(net, state, seed=seed)
        np.testing.assert_array_equal(found.state, pattern)
        assert found.settled


def test_the_pseudo_inverse_stores_one_less_than_units():
    patterns = drawn(20, 19)
    assert np.linalg.matrix_rank(patterns) == 19
    net = ns.pseudo_inverse(network(20), patterns)
    assert wrong(net, patterns) == 0
    assert wrong(ns.hebbian(network(20), patterns), patterns) > 0.1
    for pattern in patterns:
        np.testing.assert_array_equal(ns.recall(net, pattern).state, pattern)
    many = drawn(20, 20)
    assert np.linalg.matrix_rank(many) == 20  # then all that is left of W is its diagonal
    assert np.abs(ns.pseudo_inverse(network(20), many).weight_vector).max() < 1e-9


def test_the_order_follows_from_the_seed():
    net, state = ns.hebbian(network(30), drawn(30, 6)), drawn(30, 1, seed=9)[0]
    one, other = (ns.recall(net, state, seed=4).energies for _ in range(2))
    assert one == other
    assert any(ns.recall(net, state, seed=k).energies != one for k in range(5, 9))


WRONG = [
    (lambda net: ns.hebbian(net, [[1, -1]]), r"shape \(patterns, 4\), .* \(got \(1, 2\)\)"),
    (lambda net: ns.hebbian(net, [[1, 0, 1, 1]]), "Turn zeros into -1"),
    (lambda net: ns.pseudo_inverse(net, "ab"), "must be an array of"),
    (lambda net: ns.recall(net, [1, 1, 1, 0.5]), r"state: must be of \+1 and -1"),
    (lambda net: ns.recall(net, [1, 1]), r"state: must be of shape \(4,\) \(got \(2,\)\)"),
    (lambda net: ns.recall(net, [1, 1, 1, 1], "a"), "inputs: must be an array of numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "words"), WRONG)
def test_mistakes_are_named(made, words):
    with pytest.raises(ns.UserError, match=words):
        made(network(4))
