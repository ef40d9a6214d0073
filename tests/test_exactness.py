"""Which weights TRTRL gives the exact gradient: the graph's prediction against the numbers.

A weight counts as exact when TRTRL's gradient equals RTRL's at every step to 1e-10 of that
weight's largest gradient, and as inexact when they differ by more at some step. Two weights whose
gradient is zero for both rules are exact, as the predicate has it: an inexact weight always has a
path to an output that TRTRL does not follow. Weights, inputs and starting activations are kept
away from zero, so that no path is blocked by chance, and the run is longer than any path.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from tests.networks import dense_network, network_of, problem, random_network

TOLERANCE = 1e-10


def found_exact(network, seed=0):
    """Return the edges at which the two gradients agree at every step."""
    steps = 3 * len(network.units) + 4
    given = problem(network, steps, seed)
    rtrl, trtrl = (ns.gradients(network, rule, *given) for rule in (ns.RTRL(), ns.TRTRL()))
    apart = np.abs(rtrl - trtrl).max(axis=0)
    agree = apart <= TOLERANCE * np.abs(rtrl).max(axis=0)
    return tuple(edge for edge, same in zip(network.edges, agree, strict=True) if same)


@st.composite
def networks(draw):
    """Any graph of up to six units on which every unit hears somebody."""
    units = [f"n{n}" for n in range(draw(st.integers(1, 6)))]
    outputs = draw(st.lists(st.sampled_from(units), min_size=1, max_size=3, unique=True))
    sources = st.sampled_from([*units, "x0", "bias"])
    pairs = {(draw(sources), unit) for unit in units}
    anything = st.tuples(sources, st.sampled_from(units))
    pairs |= draw(st.sets(anything, max_size=len(units) ** 2))
    seed = draw(st.integers(0, 2**16))
    return network_of(sorted(pairs), units, ["x0"], outputs, seed=seed)


@given(network=networks(), seed=st.integers(0, 2**16))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_the_graph_predicts_which_weights_are_exact(network, seed):
    assert ns.exact_weights(network) == found_exact(network, seed)


def test_no_mismatch_on_random_graphs_of_every_density():
    exact = inexact = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        units = int(rng.integers(1, 7))
        network = random_network(
            units,
            float(rng.choice([0.1, 0.2, 0.35, 1.0])),
            outputs=int(rng.integers(1, min(3, units) + 1)),
            loops=bool(rng.random() < 0.7),
            seed=seed,
        )
        predicted = ns.exact_weights(network)
        assert predicted == found_exact(network, seed), network.name
        exact, inexact = exact + len(predicted), inexact + len(network.edges) - len(predicted)
    assert exact + inexact > 1000
    assert min(exact, inexact) > 300  # neither answer is right by default


def chain(*nodes):
    return list(pairwise(nodes))


# name: edges, outputs, the exact ones among the edges
GRAPHS = {
    "one unit": (
        [("a", "a"), ("x", "a"), ("bias", "a")],
        "a",
        [("a", "a"), ("x", "a"), ("bias", "a")],
    ),
    "a chain: the last two hops": (
        chain("x", "a", "b", "c"),
        "c",
        [("a", "b"), ("b", "c")],
    ),
    "a hidden unit with a loop": (
        [("x", "a"), ("a", "a"), ("a", "b")],
        "b",
        [("x", "a"), ("a", "a"), ("a", "b")],
    ),
    "two units, both ways: the cross weights": (
        [("x", "a"), ("a", "b"), ("b", "a"), ("a", "a")],
        "a",
        [("a", "b"), ("b", "a")],
    ),
    "a ring of three: none": (
        [*chain("a", "b", "c", "a"), ("x", "a")],
        "a",
        [],
    ),
    "a part that reaches no output": (
        [("x", "a"), ("x", "b"), *chain("b", "c", "b")],
        "a",
        [("x", "a"), ("x", "b"), ("b", "c"), ("c", "b")],
    ),
    "an output that leads on to a dead end": (
        [("x", "a"), ("a", "b")],
        "a",
        [("x", "a"), ("a", "b")],
    ),
    "an output that leads on to another output": (
        chain("x", "a", "b", "c"),
        "abc",
        [("a", "b"), ("b", "c")],
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_worked_out_by_hand(name):
    pairs, outputs, exact = GRAPHS[name]
    units = sorted({unit for _, unit in pairs})
    network = network_of(pairs, units, ["x"], list(outputs))
    assert set(ns.exact_weights(network)) == set(exact)
    assert set(found_exact(network)) == set(exact)


def test_in_network_order_and_none_in_a_large_dense_network():
    pairs = chain("x", "e", "d", "c", "b", "a")
    network = network_of(pairs, list("cabde"), ["x"], list("ab"))
    exact = ns.exact_weights(network)
    assert 0 < len(exact) < len(network.edges)
    assert list(exact) == [edge for edge in network.edges if edge in set(exact)]
    assert ns.exact_weights(dense_network(10)) == ()
