"""Units that leak or have functions of their own, and weights that are fixed.

The oracle is written here, from ``y <- (1 - a) y + a f(W z)`` unit by unit, and differentiated by
the autograd package; it shares no line with the package.
"""

from __future__ import annotations

from dataclasses import replace

import autograd.numpy as anp
import networkx as nx
import numpy as np
import pytest
from autograd import jacobian

import neurosim as ns
from neurosim.engines.train import engine_for
from neurosim.learning import Census
from neurosim.model.blocks import complete
from neurosim.study.graphs import graph_from
from tests.networks import at_edges, difference, problem, random_network, stream, weight_matrix
from tests.test_agreement import FLOAT_ONLY, NUMBERS, RULES, compare

FUNCTIONS = {
    "tanh": anp.tanh,
    "logistic": lambda s: 1.0 / (1.0 + anp.exp(-s)),
    "linear": lambda s: s,
}
# Rules that have no place for what an output keeps of the step before.
REFUSED = {"trtrl-literal", "trtrl-literal-ingress"}
STEPS = 12


def mixed(network, leaks=(1.0, 0.3, 0.7), functions=("tanh", "logistic", "linear"), fixed=0):
    """Return the same network with leaks and functions in turns, every ``fixed``-th edge fixed."""
    graph = network.graph.copy()
    for place, unit in enumerate(network.units):
        graph.nodes[unit]["leak"] = leaks[place % len(leaks)]
        graph.nodes[unit]["activation"] = functions[place % len(functions)]
    for place, edge in enumerate(network.edges if fixed else ()):
        graph.edges[edge]["weight"] = network.weights[edge]
        graph.edges[edge]["fixed"] = place % fixed == 0
    return ns.Network(graph, network.inputs, network.outputs, seed=3, name=network.name)


def on_shelf(topology, **kinds):
    graph, inputs, outputs = graph_from(topology, units=7, inputs=("x0", "x1"), outputs=2)
    return mixed(ns.Network(graph, inputs, outputs, seed=3, name=topology), **kinds)


def losses(network, W, x, target, y):
    """Return the loss of every step, from the equation in the docstring."""
    places = anp.array([network.units.index(o) for o in network.outputs])
    attributes = [network.graph.nodes[unit] for unit in network.units]
    result = []
    for sample, wanted in zip(x, target, strict=True):
        s = anp.dot(W, anp.concatenate([y, sample, anp.ones(1)]))
        y = anp.stack(
            [
                (1.0 - each["leak"]) * y[i] + each["leak"] * FUNCTIONS[each["activation"]](s[i])
                for i, each in enumerate(attributes)
            ]
        )
        result.append(0.5 * anp.sum((y[places] - wanted) ** 2))
    return anp.stack(result)


def automatic(network, x, target, initial):
    full = jacobian(lambda W: losses(network, W, x, target, initial))(weight_matrix(network))
    return at_edges(network, full)


@pytest.mark.parametrize("rule", [ns.RTRL(), ns.BPTT()], ids=lambda rule: rule.name)
@pytest.mark.parametrize("density", [0.3, 1.0])
def test_exact_rules_are_exact(rule, density):
    network = mixed(random_network(5, density, 2, 3, seed=1))
    found = ns.gradients(network, rule, *problem(network, STEPS))
    assert difference(found, automatic(network, *problem(network, STEPS))) < 1e-12


def test_the_slides_rule_is_exact_for_one_leaky_unit_and_where_the_graph_says_so():
    one = mixed(random_network(1, 1.0, 1, 1, seed=2), leaks=(0.4,))
    assert difference(
        ns.gradients(one, ns.TRTRL(), *problem(one, STEPS)),
        automatic(one, *problem(one, STEPS)),
    ) < 1e-12  # fmt: skip
    count = 0
    for seed in range(12):
        network = mixed(random_network(6, 0.25, 1, 1, seed=seed))
        wrong = ns.gradients(network, ns.TRTRL(), *problem(network, STEPS))
        wrong -= automatic(network, *problem(network, STEPS))
        exact = set(ns.exact_weights(network))
        count += len(exact)
        for edge, off in zip(network.edges, np.abs(wrong).max(axis=0), strict=True):
            assert edge not in exact or off < 1e-12
    assert count > 20


@pytest.mark.parametrize("number", ["float", "fixed16"])
@pytest.mark.parametrize("rule", RULES)
def test_arrays_are_the_messages(rule, number):
    network = on_shelf("small_world", fixed=3)
    if rule in FLOAT_ONLY and number != "float":
        pytest.skip("needs divisions")
    if rule in REFUSED:
        for engine in ("arrays", "stepwise"):
            with pytest.raises(ns.UserError, match=r"leaks\. Leave literal out"):
                engine_for(network, RULES[rule], engine, NUMBERS[number])
        network = on_shelf("small_world", leaks=(1.0, 1.0, 0.3), fixed=3)
    for engine, steps in (("stepwise", 20), ("clocked", 8)):
        compare(network, RULES[rule], NUMBERS[number], engine, "arrays", steps)


@pytest.mark.parametrize("rule", ["rtrl", "trtrl", "trtrl-owner", "bptt-3"])
@pytest.mark.parametrize("topology", ["fully_recurrent", "layered", "sparse_random", "elman"])
def test_agreement_on_other_graphs(topology, rule):
    compare(on_shelf(topology), RULES[rule], NUMBERS["fixed16"], "stepwise", "arrays", 12)


def test_literal_is_factored_where_no_output_leaks():
    network = on_shelf("fully_recurrent", leaks=(1.0, 1.0, 0.3, 0.8))
    literal, factored = (
        ns.gradients(network, ns.TRTRL(literal=literal), *problem(network, STEPS))
        for literal in (True, False)
    )
    assert difference(literal, factored) < 1e-12


def test_a_network_of_leak_one_is_the_plain_one():
    plain = random_network(4, 1.0, seed=5)
    leaky = ns.Network(plain.graph, plain.inputs, plain.outputs, leak=1.0)
    assert ns.cost(leaky, ns.RTRL()) == ns.cost(plain, ns.RTRL())
    half = ns.Network(plain.graph, plain.inputs, plain.outputs, leak=0.5)
    assert {traits.leak for traits in half.traits} == {0.5}
    assert (
        ns.cost(half, ns.RTRL()).multiplications_per_step
        > ns.cost(plain, ns.RTRL()).multiplications_per_step
    )


@pytest.mark.parametrize("engine", ["arrays", "stepwise", "clocked"])
def test_fixed_weights_stay_and_the_others_learn(engine):
    network = on_shelf("small_world", fixed=2)
    run = ns.train(network, ns.TRTRL(0.1), *stream(network, 9), engine=engine)
    moved = run.network.weight_vector != network.weight_vector
    assert not moved[network.fixed].any()
    assert moved[~network.fixed].mean() > 0.8
    found = ns.gradients(network, ns.TRTRL(), *stream(network, 9), engine=engine)
    free = ns.gradients(on_shelf_free(network), ns.TRTRL(), *stream(network, 9), engine=engine)
    assert not found[:, network.fixed].any()
    np.testing.assert_array_equal(found[:, ~network.fixed], free[:, ~network.fixed])


def on_shelf_free(network):
    graph = network.graph.copy()
    for edge in network.edges:
        graph.edges[edge]["fixed"] = False
    return ns.Network(graph, network.inputs, network.outputs).with_weights(network.weight_vector)


def test_a_saved_network_keeps_its_units_and_fixed_weights(tmp_path):
    network = on_shelf("small_world", fixed=4)
    network.save(tmp_path / "net")
    back = ns.load(tmp_path / "net")
    assert back.traits == network.traits
    np.testing.assert_array_equal(back.fixed, network.fixed)
    x, target = stream(network, 6)
    first, second = (ns.train(each, ns.RTRL(0.1), x, target).outputs for each in (network, back))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", ["json", "graphml"])
def test_graph_files_keep_them(tmp_path, kind):
    import json

    network = on_shelf("ring", fixed=4)
    path = tmp_path / f"net.{kind}"
    if kind == "graphml":
        network.graph.graph.clear()  # GraphML takes no lists
        nx.write_graphml(network.graph, path)
    else:
        path.write_text(json.dumps(nx.node_link_data(network.graph, edges="edges")))
    definition = graph_from(file=path, inputs=network.inputs, outputs=network.outputs)
    back = ns.Network(*definition, seed=3)
    assert back.traits == network.traits
    np.testing.assert_array_equal(back.fixed, network.fixed)


MISTAKES = {
    "leak 0": (("n0", {"leak": 0.0}), {}, "unit n0: leak: must be a number above 0"),
    "leak text": (("n0", {"leak": "a"}), {}, "unit n0: leak: must be"),
    "function": (("n0", {"activation": "tan"}), {}, "unit n0: activation 'tan': unknown. Did"),
    "input": (("x", {"leak": 0.5}), {}, "node x: has leak, but is no unit"),
    "all": (("n0", {}), {"leak": 2}, "leak: must be a number above 0 and at most 1 (got 2)"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_say_what_is_wrong(name):
    node, options, words = MISTAKES[name]
    graph = nx.DiGraph([("x", "n0"), ("n0", "n0")])
    graph.add_nodes_from([node])
    with pytest.raises(ns.UserError) as caught:
        ns.Network(graph, **options)
    assert words in str(caught.value)
    assert str(caught.value).startswith("network network: ")


def test_fixed_must_be_true_or_false():
    graph = nx.DiGraph()
    graph.add_edge("x", "n0", fixed="no")
    with pytest.raises(ns.UserError, match="edge x -> n0: fixed must be True or False"):
        ns.Network(graph)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"leaks": (1.0, 0.5), "functions": ("tanh",)}, "unit n1 leaks, which has no place"),
        ({"leaks": (1.0,), "functions": ("tanh", "linear")}, "unit n1 is linear, which has no"),
        ({"leaks": (1.0,), "functions": ("tanh", "logistic")}, "the chip's one table is tanh"),
        ({"leaks": (1.0,), "functions": ("tanh",), "fixed": 3}, "is fixed, and the chip learns"),
    ],
)
def test_the_chip_says_what_it_has_no_place_for(changes, words):
    with pytest.raises(ns.UserError, match=words):
        engine_for(on_shelf("ring", **changes), ns.TRTRL(), "clocked", ns.Fixed(), "chip")


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
@pytest.mark.parametrize("rule", [ns.RTRL(), ns.TRTRL(placement="owner"), ns.BPTT(window=3)])
def test_a_described_network_costs_what_the_built_one_does(rule, loss):
    described = replace(complete(6, 2, 3), leak=0.5, loss=loss)
    graph, inputs, outputs = graph_from("fully_recurrent", units=6, inputs=("x0", "x1"), outputs=3)
    built = ns.Network(graph, inputs, outputs, leak=0.5, loss=loss)
    assert rule.closed(Census.described(described)) == rule.cost(built)


def test_a_scenario_says_so(tmp_path, capsys, monkeypatch):
    from neurosim.cli import main

    monkeypatch.chdir(tmp_path)
    flags = ["ring", "--network.units", "5", "--task.steps", "60", "--machine", "none"]
    assert main(["run", *flags, "--network.leak", "0.25", "--network.activation", "linear"]) == 0
    (saved,) = (tmp_path / "runs").glob("*/checkpoint.safetensors")
    assert {each[:2] for each in ns.load(saved).traits} == {(0.25, "linear")}
    assert main(["run", *flags, "--network.leak", "0"]) != 0
    assert "leak: must be a number above 0 and at most 1" in capsys.readouterr().err
