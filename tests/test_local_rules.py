"""RFLO, e-prop and focused backpropagation against automatic differentiation.

The oracles share no line with the package. What a rule leaves out is a constant there: units hear
each other's activations of the step before as numbers, and the outputs alone hear them live.
"""

from __future__ import annotations

from itertools import pairwise

import autograd.numpy as anp
import networkx as nx
import numpy as np
import pytest
from autograd import elementwise_grad, jacobian
from autograd.extend import defvjp, primitive

import neurosim as ns
from neurosim.learning.parts.feedback import drawn
from tests.networks import at_edges, difference, problem, random_network, weight_matrix
from tests.test_agreement import compare

STEPS = 12
TOLERANCE = 1e-12


@primitive
def spike(v):
    return (v >= 1).astype(float)


defvjp(spike, lambda ans, v: lambda g: g * 0.3 * np.maximum(0, 1 - np.abs(v - 1)))
FUNCTIONS = {
    "tanh": anp.tanh,
    "logistic": lambda s: 1.0 / (1.0 + anp.exp(-s)),
    "linear": lambda s: s,
    "spike": spike,
}


def each_by_its_own(network, s):
    return anp.stack(
        [FUNCTIONS[each.activation](s[k]) for k, each in enumerate(network.traits)]
    )  # fmt: skip


def leaks(network):
    return np.array([each.leak for each in network.traits])


def spiking(network):
    return np.array([each.kind == "lif" for each in network.traits])


def next_state(network, W, heard, h, y, sample):
    """Return states and activations: those of ``heard`` reach the sums, h and y the unit itself."""
    s, a = anp.dot(W, anp.concatenate([heard, sample, anp.ones(1)])), leaks(network)
    lif = spiking(network)
    h = anp.where(lif, (1 - a) * h + s - y, (1 - a) * h + a * each_by_its_own(network, s))
    return h, anp.where(lif, spike(h), h)


def trajectory(network, x, initial):
    """Return the activations before every step and after the last, as numbers."""
    W, h, y = weight_matrix(network), initial * ~spiking(network), initial
    passed = [y]
    for sample in x:
        h, y = next_state(network, W, y, h, y, sample)
        passed.append(y)
    return np.array(passed)


def local_gradients(network, x, target, initial, back=None, lasting=False):
    """Differentiate what outputs read of live units, whose own sources are numbers.

    ``back``, (units, outputs), stands for the weights by which outputs read others. What outputs
    that leak have read before is a number to them, unless it is ``lasting``.
    """
    passed, W_now, a = trajectory(network, x, initial), weight_matrix(network), leaks(network)
    outputs = np.array([network.units.index(o) for o in network.outputs])
    errors = passed[1:, outputs] - target

    def read(W, t, h, y):
        """Return the activations that outputs would have, all sources live."""
        s = anp.dot(W, anp.concatenate([y, x[t], anp.ones(1)]))
        return ((1 - a) * h + a * each_by_its_own(network, s))[outputs]

    def fed_back(t, y):
        s = W_now @ np.concatenate([passed[t], x[t], [1.0]])
        slope = elementwise_grad(lambda s: each_by_its_own(network, s))(s)
        return anp.dot(back @ (errors[t] * (a * slope)[outputs]), y)

    def losses(W):
        h, y = initial * ~spiking(network), initial
        last, found = h, []
        for t, sample in enumerate(x):
            result = read(W, t, last if lasting else h, y if back is None else passed[t])
            found.append(anp.dot(errors[t], result) + (0 if back is None else fed_back(t, y)))
            if lasting:
                last = anp.concatenate([last[: outputs[0]], result, last[outputs[-1] + 1 :]])
            h, y = next_state(network, W, passed[t], h, passed[t], sample)
        return anp.stack(found)

    return at_edges(network, jacobian(losses)(W_now))


def exact_gradients(network, x, target, initial):
    """Differentiate everything."""
    outputs = np.array([network.units.index(o) for o in network.outputs])

    def losses(W):
        h, y, found = initial, initial, []
        for sample, wanted in zip(x, target, strict=True):
            h, y = next_state(network, W, y, h, y, sample)
            found.append(0.5 * anp.sum((y[outputs] - wanted) ** 2))
        return anp.stack(found)

    return at_edges(network, jacobian(losses)(weight_matrix(network)))


def with_nodes(network, attributes):
    """Return the network with attributes of nodes, by name."""
    graph = network.graph.copy()
    for node, given in attributes.items():
        graph.nodes[node].update(given)
    return ns.Network(graph, network.inputs, network.outputs, network.activation, name=network.name)


def leaky(seed, units=6, outputs=2):
    """A random graph whose units leak, each by its own."""
    rng = np.random.default_rng(seed)
    network = random_network(units, 0.6, 1 + seed % 2, outputs, loops=seed % 2 == 0, seed=seed)
    return with_nodes(network, {u: {"leak": float(rng.uniform(0.2, 1))} for u in network.units})


def readout(kind, keep, seed=0):
    """Leaky or spiking units that hear each other, and linear outputs that hear them and leak."""
    rng, hidden = np.random.default_rng(seed), [f"h{i}" for i in range(6)]
    graph = nx.DiGraph()
    graph.add_nodes_from(hidden, **{"leak": 0.3, **kind})
    graph.add_nodes_from(["o0", "o1"], leak=1 - keep, activation="linear")
    pairs = [(s, u) for u in hidden for s in [*hidden, "x", "bias"]]
    pairs += [(s, o) for o in ("o0", "o1") for s in [*hidden, "bias"]]
    graph.add_weighted_edges_from((s, u, float(rng.normal() * 0.7)) for s, u in pairs)
    return ns.Network(graph, ["x"], ["o0", "o1"], name=f"readout {seed}")


def weights_back(network):
    """Return the weights from units to outputs, (units, outputs)."""
    rows = [network.units.index(o) for o in network.outputs]
    return weight_matrix(network)[rows, : len(network.units)].T


@pytest.mark.parametrize("seed", range(4))
def test_rflo_is_the_gradient_without_recurrence_between_units(seed):
    network = leaky(seed)
    stream = problem(network, STEPS)
    reference = local_gradients(network, *stream)
    found = ns.gradients(network, ns.RFLO(), *stream)
    assert difference(found, reference) < TOLERANCE
    exact = ns.gradients(network, ns.RTRL(), *stream)
    assert difference(found[3:], exact[3:]) > 1e-3  # what is left out is something


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rule", [ns.RFLO, ns.EProp])
def test_random_feedback_takes_the_place_of_the_weights(rule, seed):
    network = leaky(seed, outputs=1 + seed % 3)
    stream = problem(network, STEPS)
    outputs = tuple(network.units.index(o) for o in network.outputs)
    back = drawn(len(network.units), outputs, 5)
    found = ns.gradients(network, rule(feedback="random", feedback_seed=5), *stream)
    assert difference(found, local_gradients(network, *stream, back=back)) < TOLERANCE
    other = ns.gradients(network, rule(feedback="random", feedback_seed=6), *stream)
    assert difference(found, other) > 1e-2


def test_random_feedback_is_drawn_for_all_but_outputs():
    found = drawn(400, (0, 3), 7)
    assert not found[[0, 3]].any()
    hidden = np.delete(found, [0, 3], axis=0)
    assert abs(hidden.var() * 400 - 1) < 0.1
    assert abs(hidden.mean()) < 0.01
    assert np.array_equal(found, drawn(400, (0, 3), 7))


@pytest.mark.parametrize("seed", range(4))
def test_units_that_forget_at_once_have_immediate_derivatives_alone(seed):
    network = random_network(7, 0.5, 1, 2, seed=seed)
    stream = problem(network, STEPS)
    snap = ns.gradients(network, ns.SnAp(order=0), *stream)
    for rule in (ns.RFLO(), ns.EProp()):
        assert np.array_equal(ns.gradients(network, rule, *stream), snap)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("keep", [0.0, 0.6])
@pytest.mark.parametrize("kind", [{}, {"kind": "lif"}], ids=["rate", "spikes"])
def test_eprop_is_the_gradient_with_the_recurrent_path_cut(kind, keep, seed):
    network = readout(kind, keep, seed)
    x, target, initial = problem(network, 16, seed)
    if kind:
        initial = 0 * initial
        spikes = trajectory(network, x, initial)[1:, :6]
        assert 0.05 < spikes.mean() < 0.8  # the network is alive
    reference = local_gradients(network, x, target, initial, lasting=True)
    found = ns.gradients(network, ns.EProp(kappa=keep), x, target, initial)
    assert np.abs(reference[3:]).max(axis=1).min() > 1e-4
    assert difference(found, reference) < TOLERANCE
    if keep:
        unfiltered = ns.gradients(network, ns.EProp(), x, target, initial)
        assert difference(unfiltered[3:], reference[3:]) > 1e-2


def test_spikes_are_read_by_units_that_do_not_spike():
    graph = readout({"kind": "lif"}, 0.5).graph.copy()
    spiking = ns.Network(graph, ["x"], ["h0", "o1"])
    for engine in ("arrays", "stepwise"):
        with pytest.raises(ns.UserError, match=r"EProp: .*outputs that do not spike"):
            ns.train(spiking, ns.EProp(), np.ones(3), np.ones((3, 2)), engine=engine)


def context(depth, decay):
    """Context units with a decay of one kind, and layers above them up to the outputs."""
    rng = np.random.default_rng(depth)
    layers = [[f"c{i}" for i in range(3)]]
    layers += [[f"l{layer}{i}" for i in range(3)] for layer in range(1, depth)] + [["o0", "o1"]]
    graph = nx.DiGraph()
    leak = {"leak": 0.25} if decay == "leak" else {"activation": "linear"}
    graph.add_nodes_from(layers[0], **(leak if decay != "loop" else {}))
    pairs = [(s, c) for c in layers[0] for s in ("x", "bias")]
    pairs += [(s, u) for a, b in pairwise(layers) for s in a for u in b]
    graph.add_weighted_edges_from((s, u, float(rng.normal() * 0.8)) for s, u in pairs)
    if decay != "leak":
        graph.add_weighted_edges_from((c, c, float(rng.uniform(0.3, 0.9))) for c in layers[0])
    return ns.Network(graph, ["x"], ["o0", "o1"], name=f"{depth} layers, {decay}")


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("decay", ["leak", "loop", "linear loop"])
def test_focused_backpropagation_is_exact_above_a_context(depth, decay):
    network = context(depth, decay)
    x, target, initial = problem(network, STEPS)
    reference = exact_gradients(network, x, target, initial)
    initial_free = ns.gradients(network, ns.FocusedBP(depth=depth), x, target, initial)
    assert difference(initial_free, reference) < TOLERANCE
    assert np.abs(reference[depth:]).min(axis=1).max() > 1e-5
    if depth > 1:
        short = ns.gradients(network, ns.FocusedBP(depth=depth - 1), x, target, initial)
        assert difference(short, reference) > 1e-2


def test_the_decay_learns_where_it_is_a_weight():
    """alpha of Mozer's: c <- decay c + s, so dc/ddecay = c_before + decay alpha."""
    network = context(1, "linear loop")
    x, target, initial = problem(network, 10)
    found = ns.gradients(network, ns.FocusedBP(), x, target, initial)
    W, decays = weight_matrix(network), {c: network.weights[c, c] for c in ("c0", "c1", "c2")}
    passed, alpha = trajectory(network, x, initial), 0.0
    outputs = [network.units.index(o) for o in network.outputs]
    for t in range(10):
        delta = (passed[t + 1, outputs] - target[t]) * (1 - passed[t + 1, outputs] ** 2)
        k = network.units.index("c0")
        by_hand = delta @ W[outputs, k] * alpha
        assert abs(found[t, network.edges.index(("c0", "c0"))] - by_hand) < TOLERANCE
        alpha = passed[t, k] + decays["c0"] * alpha


def test_without_a_context_the_layers_are_backpropagation():
    """A graph of layers, and one that is no such graph: never more than depth hops back."""
    network = random_network(7, 0.5, 1, 2, loops=False, seed=4)
    stream = problem(network, STEPS)
    for depth in (1, 2, 4):
        focused = ns.gradients(network, ns.FocusedBP(depth=depth), *stream)
        bptt = ns.gradients(network, ns.BPTT(window=depth + 1), *stream)
        assert difference(focused, bptt) < TOLERANCE


def test_a_local_rule_sends_errors_alone_and_random_feedback_sends_them_to_all():
    network = random_network(20, 1.0, 1, 3, seed=1)
    activations = ns.SnAp(order=0).cost(network).words_sent
    for rule in (ns.RFLO(), ns.EProp(), ns.EProp(kappa=0.5), ns.SnAp()):
        cost = rule.cost(network)
        assert cost.words_sent == activations
        assert cost.words_broadcast == 0
        assert cost.multiplications < 6 * 20 * 22
    random = ns.RFLO(feedback="random").cost(network)
    assert random.words_broadcast == 3 * 17
    assert ns.EProp(kappa=0.5).cost(network).stored_words > ns.EProp().cost(network).stored_words


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ns.RFLO(feedback="randon"), r"RFLO\.feedback: .*Did you mean random"),
        (lambda: ns.RFLO(feedback_seed=-1), r"RFLO\.feedback_seed: must be a whole number"),
        (lambda: ns.EProp(feedback="x"), r"EProp\.feedback: must be one of symmetric, random"),
        (lambda: ns.EProp(kappa=1.0), r"EProp\.kappa: must be a number from 0 to below 1"),
        (lambda: ns.EProp(kappa=True), r"EProp\.kappa: must be a number"),
        (lambda: ns.FocusedBP(depth=0), r"FocusedBP\.depth: must be a whole number from 1 up"),
    ],
)
def test_options_that_make_no_sense_are_refused(make, said):
    with pytest.raises(ns.UserError, match=said):
        make()


NUMBERS = {"float": ns.Float(), "fixed": ns.Fixed()}
RULES = [
    ns.SnAp(0.05),
    ns.SnAp(0.05, order=0),
    ns.SnAp(0.05, order=2),
    ns.RFLO(0.05, feedback="random"),
    ns.EProp(0.05, kappa=0.5),
    ns.FocusedBP(0.05),
    ns.FocusedBP(0.05, depth=3),
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_messages_and_arrays_agree_where_units_leak(rule, number):
    """Words, gradients and counts; the networks of ``test_agreement.py`` do not leak."""
    for network in (leaky(3, units=7), leaky(4, units=5, outputs=1)):
        compare(network, rule, NUMBERS[number], "stepwise", "arrays", 20)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("feedback", ["symmetric", "random"])
def test_messages_and_arrays_agree_where_units_spike(feedback, number):
    rule = ns.EProp(0.02, kappa=0.6, feedback=feedback)
    compare(readout({"kind": "lif"}, 0.6), rule, NUMBERS[number], "stepwise", "arrays", 40)


def test_replicas_learn_side_by_side_as_they_do_alone():
    network = leaky(5, units=6)
    others = [network.with_weights(network.weight_vector * size) for size in (1.0, 0.7, 1.2)]
    x, target, _ = problem(network, 15)
    for rule in RULES:
        together = ns.train_many(others, rule, x, target)
        for alone, run in zip(others, together, strict=True):
            by_itself = ns.train(alone, rule, x, target)
            np.testing.assert_allclose(run.outputs, by_itself.outputs, rtol=0, atol=1e-12)
