"""Networks: what a graph may be, where its edges stand, and which weights it gets."""

from __future__ import annotations

import copy
import math
from fractions import Fraction
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

import neurosim as ns
from tests.networks import problem, random_network

PAIRS = [("x", "n0"), ("n0", "n0"), ("n0", "n1"), ("n1", "n0"), ("bias", "n1")]


def graph(*pairs, **weights):
    """Return the small graph of this file, with more edges, or weights as ``x_n0=0.5``."""
    result = nx.DiGraph([*PAIRS, *pairs])
    for edge, weight in weights.items():
        result.edges[tuple(edge.split("_"))]["weight"] = weight
    return result


def with_node(*nodes):
    result = graph()
    result.add_nodes_from(nodes)
    return result


# --- mistakes: arguments, and words that the message must have ------------------------------

MISTAKES = {
    "undirected": (lambda: ns.Network(nx.Graph(PAIRS)), "needs a networkx.DiGraph (got Graph)"),
    "several edges": (lambda: ns.Network(nx.MultiDiGraph(PAIRS)), "(got MultiDiGraph)"),
    "no graph": (lambda: ns.Network({"x": ["n0"]}), "needs a networkx.DiGraph (got dict)"),
    "nothing": (lambda: ns.Network(None), "(got NoneType)"),
    "empty graph": (lambda: ns.Network(nx.DiGraph(), (), ()), "there is no unit"),
    "inputs only": (
        lambda: ns.Network(nx.empty_graph(["x", "bias"], nx.DiGraph), ["x"], []),
        "there is no unit",
    ),
    "names that read alike": (lambda: ns.Network(with_node(1, "1")), "two nodes are named 1."),
    "unknown input": (lambda: ns.Network(graph(), ["signal"]), "input signal is no node"),
    "misspelt input": (
        lambda: ns.Network(graph(("pressure", "n0")), ["presure"]),
        "input presure is no node of the graph. Did you mean pressure?",
    ),
    "unknown output": (lambda: ns.Network(graph(), outputs=["n00"]), "output n00 is no node"),
    "misspelt output": (lambda: ns.Network(graph(), outputs=["N1"]), "Did you mean n1?"),
    "input twice": (lambda: ns.Network(graph(), ["x", "x"]), "input x is named twice"),
    "output twice": (lambda: ns.Network(graph(), outputs=["n1", "n1"]), "output n1 is named twice"),
    "no outputs": (lambda: ns.Network(graph(), outputs=[]), "there are no outputs"),
    "output is an input": (
        lambda: ns.Network(graph(), outputs=["x"]),
        "output x is no unit, so no weight can reach it",
    ),
    "output is the bias": (
        lambda: ns.Network(graph(), outputs=["bias"]),
        "output bias is no unit, so no weight can reach it",
    ),
    "edge into an input": (
        lambda: ns.Network(graph(("n1", "x"))),
        "edge n1 -> x leads into an input",
    ),
    "edge into the bias": (lambda: ns.Network(graph(("n0", "bias"))), "edge n0 -> bias leads into"),
    "the bias as input": (
        lambda: ns.Network(graph(), ["x", "bias"]),
        "input bias is the constant 1",
    ),
    "deaf unit": (
        lambda: ns.Network(with_node("n7")),
        "unit n7 has no incoming edge, so it can learn nothing. Add an edge",
    ),
    "forgotten input": (lambda: ns.Network(graph(), []), "unit x has no incoming edge"),
    "weight nan": (
        lambda: ns.Network(graph(x_n0=math.nan)),
        "edge x -> n0: weight nan is no finite number",
    ),
    "weight infinite": (lambda: ns.Network(graph(n0_n1=-math.inf)), "edge n0 -> n1: weight -inf"),
    "weight text": (lambda: ns.Network(graph(x_n0="0.5")), "weight '0.5' is no finite number"),
    "weight complex": (lambda: ns.Network(graph(x_n0=1j)), "weight 1j is no finite number"),
    "weight a truth": (lambda: ns.Network(graph(x_n0=True)), "weight True is no finite number"),
    "weight beyond floats": (lambda: ns.Network(graph(x_n0=10**400)), "weight 1000000"),
    "weight a list": (lambda: ns.Network(graph(x_n0=[0.5])), "weight [0.5] is no finite number"),
    "activation": (
        lambda: ns.Network(graph(), activation="tan"),
        "activation 'tan': unknown. Did you mean tanh? Choose one of: tanh, logistic, linear,"
        " spike.",
    ),
    "seed negative": (lambda: ns.Network(graph(), seed=-1), "seed must be a whole number"),
    "seed broken": (lambda: ns.Network(graph(), seed=1.5), "from 0 up (got 1.5)"),
    "seed text": (lambda: ns.Network(graph(), seed="0"), "from 0 up (got '0')"),
    "seed a truth": (lambda: ns.Network(graph(), seed=True), "from 0 up (got True)"),
    "seed missing": (lambda: ns.Network(graph(), seed=None), "from 0 up (got None)"),
    "new weight of no edge": (
        lambda: ns.Network(graph()).with_weights({("n1", "n1"): 1.0}),
        "there is no edge ('n1', 'n1')",
    ),
    "too few new weights": (
        lambda: ns.Network(graph()).with_weights(np.ones(4)),
        "needs 5 weights, one an edge (got shape (4,))",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_say_what_is_wrong(name):
    mistake, words = MISTAKES[name]
    with pytest.raises(ns.UserError) as caught:
        mistake()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_messages_name_the_network():
    with pytest.raises(ns.UserError, match=r"^network ring-3: there are no outputs"):
        ns.Network(graph(), outputs=(), name="ring-3")


# --- order ----------------------------------------------------------------------------------

each_network = pytest.mark.parametrize(
    "network", [random_network(1 + n, 0.4 + 0.1 * n, 2, seed=n) for n in range(7)], ids=repr
)


def kind(network, source, unit):
    """Return the class of a slot: reciprocal, itself, other unit, input, bias."""
    if source == "bias":
        return 4
    if source in network.inputs:
        return 3
    if source == unit:
        return 1
    return 0 if (unit, source) in network.edges else 2


@each_network
def test_edges_stand_by_destination_in_slot_order(network):
    names = [*network.units, *network.inputs, "bias"]
    expected = sorted(
        network.graph.edges,
        key=lambda e: (network.units.index(e[1]), kind(network, *e), names.index(e[0])),
    )
    assert list(network.edges) == expected
    assert [network.numbers[name] for name in names if name in network.graph] == list(
        range(len(network.numbers))
    )


@each_network
def test_neurons_know_their_edges_and_nothing_else(network):
    number = network.numbers
    units = [n for n in network.neurons if not n.is_input]
    assert [n.name for n in network.neurons] == [*network.units, *network.inputs]
    assert [n.number for n in network.neurons] == list(range(len(network.neurons)))
    for n in units:
        own = network.edges[n.first_edge : n.first_edge + n.edges]
        heard = [source for source, unit in network.edges if unit == n.name]
        assert [source for source, _ in own] == heard
        assert list(n.sources) == [number[s] for s in heard if s != "bias"]
        assert n.has_bias == ("bias" in heard)
        assert n.units == n.sources[: n.unit_sources]
        assert all(s < len(network.units) for s in n.units)
        assert n.self_slot == (heard.index(n.name) if n.name in heard else None)
    assert sum(n.edges for n in units) == len(network.edges)


@each_network
def test_what_belongs_to_both_directions_is_one_run_at_both_ends(network):
    for n in network.neurons:
        assert set(n.targets) == {network.numbers[t] for t in network.graph.successors(n.name)}
        assert n.reciprocals == n.targets[: n.reciprocal] == n.sources[: n.reciprocal]
        both = {s for s in n.sources if s in n.targets and s != n.number}
        assert set(n.reciprocals) == both
        assert set(n.output_targets) == set(n.targets) & {
            network.numbers[o] for o in network.outputs
        }


def test_outputs_are_numbered_in_the_order_given():
    network = ns.Network(graph(("n1", "n2"), ("x", "n3")), outputs=["n3", "n0"])
    assert network.outputs == ("n3", "n0")
    assert {n.name: n.output for n in network.neurons if n.is_output} == {"n3": 0, "n0": 1}


# --- weights --------------------------------------------------------------------------------


def test_drawn_weights_depend_on_the_seed_alone():
    first, again, other = (ns.Network(graph(), seed=seed) for seed in (3, np.int64(3), 4))
    assert first.weights == again.weights
    assert all(first.weights[edge] != other.weights[edge] for edge in first.edges)


@pytest.mark.parametrize("units", [1, 4, 40])
def test_drawn_weights_have_variance_one_over_incoming_edges(units):
    complete = nx.complete_graph(units, nx.DiGraph)
    complete.add_edges_from(("x", unit) for unit in range(units))
    drawn = ns.Network(complete, outputs=["0"]).weight_vector * math.sqrt(units)
    assert np.abs(drawn).max() <= math.sqrt(3)
    if units == 40:
        assert abs(drawn.mean()) < 0.1
        assert abs(drawn.var() - 1) < 0.1


@pytest.mark.parametrize("edge", PAIRS)
def test_a_given_weight_is_kept_and_changes_no_other(edge):
    plain, given = ns.Network(graph()), graph()
    given.edges[edge]["weight"] = 0.125
    assert ns.Network(given).weights == {**plain.weights, edge: 0.125}


@pytest.mark.parametrize(
    "weight", [2, 0, -0.0, Fraction(1, 4), np.float32(0.25), np.int8(-3), 1e308, 5e-324]
)
def test_any_real_number_is_a_weight(weight):
    kept = ns.Network(graph(x_n0=weight)).weights["x", "n0"]
    assert type(kept) is float
    assert kept == weight


def test_a_weight_of_none_is_drawn():
    assert ns.Network(graph(x_n0=None)).weights == ns.Network(graph()).weights


def test_with_weights_by_edge_and_by_vector():
    network = ns.Network(graph())
    before = network.weights
    one = network.with_weights({("x", "n0"): 9.0})
    assert one.weights == {**before, ("x", "n0"): 9.0}
    vector = np.arange(5.0)
    all_of_them = network.with_weights(vector)
    vector[:] = 7
    assert all_of_them.weight_vector.tolist() == [0, 1, 2, 3, 4]
    assert list(all_of_them.weights) == list(network.edges)
    assert network.weights == before
    assert (one.edges, one.inputs, one.outputs) == (network.edges, network.inputs, network.outputs)


def test_handing_weights_out_gives_nothing_away():
    network = ns.Network(graph())
    before = network.weights
    network.weight_vector[:] = 0
    network.weights.clear()
    assert network.weights == before


# --- graphs ---------------------------------------------------------------------------------


def test_the_graph_that_was_given_is_left_alone():
    given = graph(x_n0=0.5)
    given.graph.update({0: "a key that is no text", "backend": "mine"})
    given.nodes["n0"]["colour"] = "red"
    before = copy.deepcopy(given)
    network = ns.Network(given)
    ns.train(network, ns.TRTRL(), np.ones(20), np.ones(20))
    assert nx.utils.graphs_equal(given, before)
    assert given.graph == before.graph


def test_changing_the_graph_afterwards_changes_no_network():
    given = graph(x_n0=0.5)
    network = ns.Network(given)
    edges, weights = network.edges, network.weights
    given.edges["x", "n0"]["weight"] = 9.0
    given.remove_node("n1")
    assert (network.edges, network.weights) == (edges, weights)
    assert len(network.neurons) == 3


STRANGE = [0, 17, "Ü 1", "a -> b", "  ", "数", "n0\tn1", "", ("a", 1), 2.5, "weights", "x"]


def test_any_node_name_will_do():
    given = nx.DiGraph(pairwise(STRANGE))
    given.add_edges_from([(STRANGE[-1], STRANGE[0]), (frozenset("i"), 0)])
    source = str(frozenset("i"))
    network = ns.Network(given, [source], [str(STRANGE[3]), "0"])
    assert network.units == tuple(map(str, STRANGE))
    assert network.numbers[source] == len(STRANGE)
    for rule in (ns.RTRL(), ns.TRTRL()):
        found = ns.gradients(network, rule, *problem(network, 3))
        assert np.isfinite(found).all()
        assert found.any()


def test_one_name_will_do_for_inputs_and_outputs():
    network = ns.Network(graph(("pressure", "n0")), ("x", "pressure"), "n1")
    assert (network.inputs, network.outputs) == (("x", "pressure"), ("n1",))
    assert ns.Network(graph(), "x").inputs == ("x",)


@pytest.mark.parametrize("rule", [ns.RTRL(), ns.TRTRL(), ns.BPTT()], ids=repr)
@pytest.mark.parametrize("engine", ["arrays", "stepwise"])
def test_units_that_hear_inputs_only_are_a_perceptron(rule, engine):
    """No unit hears a unit: the gradient is ``(y - target) f'(s) z`` of this step alone."""
    given = nx.DiGraph([("x", "a"), ("bias", "a"), ("x", "b")])
    network = ns.Network(given, outputs=["a"])
    x, target, initial = problem(network, 5)
    w = network.weights
    y = np.tanh(w["x", "a"] * x[:, 0] + w["bias", "a"])
    blame = (y - target[:, 0]) * (1 - y**2)
    expected = {("x", "a"): blame * x[:, 0], ("bias", "a"): blame, ("x", "b"): 0 * blame}
    found = ns.gradients(network, rule, x, target, initial, engine=engine)
    assert np.allclose(found, np.stack([expected[e] for e in network.edges], axis=1), atol=1e-15)


def test_a_network_without_inputs_runs_from_its_start():
    network = ns.Network(nx.DiGraph([("a", "b"), ("b", "a")]), inputs=(), outputs=["a"])
    found = ns.gradients(network, ns.RTRL(), np.empty((4, 0)), np.ones((4, 1)), [0.5, -0.5])
    assert np.abs(found).max(axis=1).min() > 0


def test_repr_says_how_large_it_is():
    assert repr(ns.Network(graph(), name="mine")) == (
        "<Network mine: 2 units, 5 edges, inputs x, outputs n0>"
    )


@pytest.mark.parametrize("names", [5, None])
def test_names_that_are_no_list(names) -> None:
    with pytest.raises(ns.UserError, match="inputs must be a list of node names"):
        ns.Network(nx.DiGraph([("x", "n0")]), inputs=names)


def test_an_activation_that_is_no_name() -> None:
    with pytest.raises(ns.UserError, match="unknown"):
        ns.Network(nx.DiGraph([("x", "n0")]), activation=["tanh"])
