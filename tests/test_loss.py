"""Cross-entropy: a softmax that outputs work out among themselves, and its gradient."""

from __future__ import annotations

import autograd.numpy as anp
import networkx as nx
import numpy as np
import pytest
from autograd import jacobian

import neurosim as ns
from neurosim.engines.train import engine_for
from neurosim.study.graphs import graph_from
from tests.networks import at_edges, difference, problem, random_network, stream, weight_matrix
from tests.test_agreement import NUMBERS, RULES, compare

STEPS = 10


def classifier(units=6, outputs=3, density=1.0, seed=4):
    plain = random_network(units, density, 2, outputs, seed=seed)
    return ns.Network(plain.graph, plain.inputs, plain.outputs, loss="cross_entropy", name="three")


def classes(network, steps=STEPS):
    x, _ = stream(network, steps)
    chosen = np.random.default_rng(3).integers(len(network.outputs), size=steps)
    return x, np.eye(len(network.outputs))[chosen]


def losses(network, W, x, target, y):
    """``- sum_o target_o log p_o`` of every step, as its textbook says."""
    places = np.array([network.units.index(o) for o in network.outputs])
    linear = np.isin(np.arange(len(network.units)), places)
    result = []
    for sample, wanted in zip(x, target, strict=True):
        s = anp.dot(W, anp.concatenate([y, sample, anp.ones(1)]))
        y = anp.where(linear, s, anp.tanh(s))
        p = anp.exp(y[places]) / anp.sum(anp.exp(y[places]))
        result.append(-anp.sum(wanted * anp.log(p)))
    return anp.stack(result)


@pytest.mark.parametrize("rule", [ns.RTRL(), ns.BPTT()], ids=lambda rule: rule.name)
@pytest.mark.parametrize("density", [0.4, 1.0])
def test_gradients_are_those_of_the_cross_entropy(rule, density):
    network = classifier(density=density)
    x, target = classes(network)
    initial = problem(network, STEPS)[2]
    full = jacobian(lambda W: losses(network, W, x, target, initial))(weight_matrix(network))
    found = ns.gradients(network, rule, x, target, initial)
    assert difference(found, at_edges(network, full)) < 1e-12


@pytest.mark.parametrize("rule", RULES)
def test_arrays_are_the_messages(rule):
    for engine in ("stepwise", "clocked"):
        compare(classifier(), RULES[rule], NUMBERS["float"], engine, "arrays", STEPS)


@pytest.mark.parametrize("engine", ["arrays", "stepwise", "clocked"])
def test_outputs_are_probabilities_however_large_the_activations(engine):
    network = classifier()
    network = network.with_weights(network.weight_vector * 2_000)
    with np.errstate(over="raise", invalid="raise"):
        run = ns.train(network, ns.Inference(), *classes(network, 4), engine=engine)
    np.testing.assert_allclose(run.outputs.sum(axis=1), 1.0, rtol=1e-15)
    assert (run.outputs >= 0).all()
    np.testing.assert_allclose(run.errors, run.targets - run.outputs, rtol=0, atol=1e-15)


def test_a_class_is_learned():
    graph, inputs, outputs = graph_from("elman", units=6, inputs=("x0", "x1"), outputs=2)
    network = ns.Network(graph, inputs, outputs, loss="cross_entropy")
    x = np.random.default_rng(0).choice([-1.0, 1.0], (600, 2))
    target = np.stack([x[:, 0] > 0, x[:, 0] < 0], axis=1).astype(float)
    run = ns.train(network, ns.RTRL(0.2), x, np.roll(target, 1, axis=0))  # a step for each layer
    target = run.targets
    assert (run.outputs[-100:].argmax(axis=1) == target[-100:].argmax(axis=1)).all()


def test_what_the_softmax_takes():
    network = classifier()
    squared = ns.Network(network.graph, network.inputs, network.outputs)
    plain, shared = (ns.Inference().cost(each) for each in (squared, network))
    k = 3
    assert shared.words_broadcast - plain.words_broadcast == k * (k - 1)
    assert shared.activations - plain.activations == k * k  # exponentials
    assert shared.divisions - plain.divisions == k
    assert shared.multiplications == plain.multiplications


def test_saved_and_loaded(tmp_path):
    classifier().save(tmp_path / "net")
    back = ns.load(tmp_path / "net")
    assert (back.loss, back.traits) == ("cross_entropy", classifier().traits)


@pytest.mark.parametrize("engine", ["arrays", "stepwise", "clocked"])
def test_fixed_point_has_no_exponentials(engine):
    with pytest.raises(ns.UserError, match=r"loss cross_entropy needs exponentials.*Float\(\)"):
        engine_for(classifier(), ns.TRTRL(), engine, ns.Fixed())


def test_the_chip_has_no_place_for_it():
    with pytest.raises(ns.UserError, match="loss cross_entropy has no place on the chip"):
        engine_for(classifier(), ns.TRTRL(), "clocked", ns.Fixed(), "chip")


MISTAKES = {
    "name": (("a", "b"), {"loss": "crossentropy"}, {}, "Did you mean cross_entropy?"),
    "one output": (("a",), {"loss": "cross_entropy"}, {}, "Name two outputs or more"),
    "squashed": (
        ("a", "b"),
        {"loss": "cross_entropy"},
        {"activation": "tanh"},
        "output a is tanh, and loss cross_entropy has linear outputs",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_say_what_is_wrong(name):
    outputs, options, attributes, words = MISTAKES[name]
    graph = nx.DiGraph([("x", "a"), ("x", "b")])
    graph.add_node("a", **attributes)
    with pytest.raises(ns.UserError) as caught:
        ns.Network(graph, outputs=outputs, **options)
    assert words in str(caught.value)
