"""The array forms' index arrays: a matrix on complete graphs, a vector of edges on all others."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from neurosim.engines import arrays
from neurosim.model import Layout
from tests.networks import (
    dense_network,
    difference,
    problem,
    random_network,
    stream,
    weight_matrix,
)


class Flat(Layout):
    """A layout that takes no advantage of a complete graph."""

    def __init__(self, network):
        super().__init__(network)
        self.complete, self.shape = False, (self.edges,)


COMPLETE = [
    dense_network(1),
    dense_network(4, 2, 2),
    dense_network(6, 1, 3, bias=False, activation="logistic"),
    dense_network(7, 2, 7, seed=3),
]
SPARSE = [
    random_network(1, 0.1),
    random_network(5, 0.4, 2, 2, seed=1),
    random_network(8, 0.3, 1, 3, bias=False, seed=2),
    random_network(6, 1.0, loops=False),
]
LAYOUTS = [
    *((n, Layout(n)) for n in (*COMPLETE, *SPARSE)),
    *((n, Flat(n)) for n in COMPLETE),
]
NAMES = [f"{layout.__class__.__name__}-{n}" for n, (_, layout) in enumerate(LAYOUTS)]
each_layout = pytest.mark.parametrize(("network", "layout"), LAYOUTS, ids=NAMES)
each_lead = pytest.mark.parametrize("lead", [(), (3,), (2, 3)], ids=str)
RULES = [
    ns.RTRL(0.05),
    ns.TRTRL(0.05),
    ns.TRTRL(0.05, literal=True),
    ns.TRTRL(0.05, ingress_only=True),
    ns.TRTRL(0.05, self_terms=False),
    ns.BPTT(0.05, window=4),
]
each_rule = pytest.mark.parametrize("rule", RULES, ids=repr)
NUMBERS = [ns.Float(), ns.Fixed()]
each_number = pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number.name)


def draw(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


def numbered(network):
    """Return the edges as (owner, source) numbers, in network order."""
    return [(network.numbers[unit], network.numbers[source]) for source, unit in network.edges]


def test_only_a_complete_graph_is_a_matrix():
    assert all(Layout(n).complete for n in COMPLETE)
    assert not any(Layout(n).complete for n in SPARSE)
    assert Layout(dense_network(4, 2)).shape == (4, 7)


@each_layout
@each_lead
def test_to_network_inverts_from_network(network, layout, lead):
    values = draw(*lead, len(network.edges))
    inside = layout.from_network(values)
    assert inside.shape == (*lead, *layout.shape)
    assert np.array_equal(layout.to_network(inside), values)
    assert np.array_equal(layout.from_network(layout.to_network(inside)), inside)
    assert layout.flat(inside).shape == values.shape


@each_layout
@each_lead
def test_looking_up_at_edges(network, layout, lead):
    units, edges = draw(*lead, layout.units), numbered(network)
    sources, weights = draw(*lead, layout.sources), draw(*lead, layout.edges)

    def in_order(values):
        whole = np.broadcast_to(values, (*lead, *layout.shape))
        return layout.to_network(np.ascontiguousarray(whole))

    assert np.array_equal(in_order(layout.at_owner(units)), units[..., [i for i, _ in edges]])
    assert np.array_equal(in_order(layout.at_source(sources)), sources[..., [j for _, j in edges]])
    padded = np.concatenate((units, np.zeros((*lead, layout.sources - layout.units))), axis=-1)
    assert np.array_equal(in_order(layout.at_source(units)), padded[..., [j for _, j in edges]])
    place = {edge: n for n, edge in enumerate(edges)}
    reverse = np.zeros_like(weights)
    for (i, j), n in place.items():
        if i != j and (j, i) in place:
            reverse[..., n] = weights[..., place[j, i]]
    assert np.array_equal(in_order(layout.at_reverse(layout.from_network(weights))), reverse)


@each_layout
def test_matrices_and_sums(network, layout):
    number, W = ns.Float(), weight_matrix(network)
    n, outputs = layout.units, layout.outputs
    weights = layout.from_network(network.weight_vector)
    y, x, v = draw(n), draw(len(network.inputs), 1)[:, 0], draw(len(outputs), 1)[:, 0]
    z = layout.sense(y, x, 1.0)
    full = np.concatenate((y, x, [1.0]))
    assert np.array_equal(z, full[: layout.sources])
    assert np.array_equal(layout.recurrent(weights), W[:, :n])
    assert np.array_equal(layout.self_weights(weights), np.diagonal(W))
    assert np.allclose(layout.weighted_sums(number, weights, z), W @ full, rtol=1e-13)
    q = layout.back_from_outputs(number, v, weights)
    assert np.allclose(q, v @ W[outputs, :n], rtol=1e-13)


@each_layout
@each_lead
def test_adding_at_outputs_touches_their_edges_only(network, layout, lead):
    edges = draw(*lead, layout.edges)
    v, z = draw(*lead, len(network.outputs)), draw(*lead, layout.sources)
    expected = edges.copy()
    for n, (source, unit) in enumerate(network.edges):
        if unit in network.outputs:
            k = network.outputs.index(unit)
            expected[..., n] += v[..., k] * z[..., network.numbers[source]]
    found = layout.add_at_outputs(ns.Float(), layout.from_network(edges), v, z)
    assert np.allclose(layout.to_network(found), expected, rtol=1e-15, atol=1e-15)


@each_rule
@each_number
@pytest.mark.parametrize("network", COMPLETE, ids=repr)
def test_both_layouts_learn_alike(monkeypatch, network, rule, number):
    """On a complete graph a matrix of edges and a vector of them are the same network."""
    x, target = stream(network, 60)
    matrix = ns.train(network, rule, x, target, number=number)
    monkeypatch.setattr(arrays, "Layout", Flat)
    flat = ns.train(network, rule, x, target, number=number)
    before, after = network.weight_vector, matrix.network.weight_vector
    assert np.abs(after - before).max() > 1e-2
    if number == ns.Float():
        assert difference(flat.outputs, matrix.outputs) < 1e-10
        assert np.allclose(flat.network.weight_vector, after, rtol=1e-11, atol=1e-12)
    else:
        assert np.array_equal(flat.outputs, matrix.outputs)
        assert np.array_equal(flat.network.weight_vector, after)


@each_rule
@pytest.mark.parametrize("network", COMPLETE, ids=repr)
def test_both_layouts_find_the_same_gradient(monkeypatch, network, rule):
    given = problem(network, 12)
    matrix = ns.gradients(network, rule, *given)
    monkeypatch.setattr(arrays, "Layout", Flat)
    assert difference(ns.gradients(network, rule, *given), matrix) < 1e-12


@each_rule
@each_number
@pytest.mark.parametrize("network", [COMPLETE[1], SPARSE[1]], ids=repr)
def test_networks_side_by_side_learn_as_they_do_alone(network, rule, number):
    many = [network.with_weights(network.weight_vector * scale) for scale in (1.0, -0.5, 0.8)]
    x, target = stream(network, 40)
    together = ns.train_many(many, rule, x, target, number=number)
    for each, run in zip(many, together, strict=True):
        alone = ns.train(each, rule, x, target, number=number)
        assert run.outputs.shape == alone.outputs.shape
        exact = number != ns.Float()
        assert exact or difference(run.outputs, alone.outputs) < 1e-10
        assert not exact or np.array_equal(run.outputs, alone.outputs)
        found, expected = run.network.weight_vector, alone.network.weight_vector
        assert np.allclose(found, expected, rtol=0, atol=0 if exact else 1e-11)
        assert np.abs(expected - each.weight_vector).max() > 1e-2
    assert not np.allclose(together[0].outputs, together[1].outputs)


BASE = random_network(5, 0.6, 1, 2)
UNLIKE = {
    "edges": [BASE, random_network(5, 0.6, 1, 2, seed=9)],
    "outputs": [BASE, ns.Network(BASE.graph, BASE.inputs, BASE.outputs[::-1])],
    "activation": [BASE, ns.Network(BASE.graph, BASE.inputs, BASE.outputs, "logistic")],
    "none at all": [],
}


@pytest.mark.parametrize("name", UNLIKE)
def test_networks_side_by_side_differ_in_weights_only(name):
    with pytest.raises(ns.UserError, match="networks that differ in their weights only"):
        ns.train_many(UNLIKE[name], ns.TRTRL(), *stream(BASE, 5))
