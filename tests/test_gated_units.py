"""LSTM and GRU units: a few lines of NumPy as their oracle, and its automatic derivatives.

The cells are written here as their papers and PyTorch's manual have them, on one vector of hidden
units, and share no line with the package.
"""

from __future__ import annotations

import autograd.numpy as anp
import networkx as nx
import numpy as np
import pytest
from autograd import jacobian

import neurosim as ns
from neurosim.engines.train import engine_for
from neurosim.learning import RULES as ALL_RULES
from neurosim.study.graphs import graph_from
from tests.networks import difference, stream
from tests.test_agreement import NUMBERS, compare

STEPS = 10
HIDDEN, INPUTS, OUTPUTS = 3, 2, 2
EXACT = {"rtrl": ns.RTRL(0.05), "bptt": ns.BPTT(0.05, window=4), "bptt-2": ns.BPTT(0.05, 4, 2)}
KINDS = ("lstm", "gru")


def network_of(kind, loss="squared"):
    graph, inputs, outputs = graph_from(
        kind, units=HIDDEN + OUTPUTS, inputs=("x0", "x1"), outputs=OUTPUTS
    )
    network = ns.Network(graph, inputs, outputs, seed=6, name=kind, loss=loss)
    return network.with_weights(2.0 * network.weight_vector)


def blocks(network, kind):
    """Return where each block of the oracle's matrices lies in the vector of weights."""
    place = {edge: n for n, edge in enumerate(network.edges)}
    hidden = [f"n{k}" for k in range(HIDDEN)]
    parts = {"lstm": ("input", "forget", "cell", ""), "gru": ("reset", "update", "", "recurrent")}
    find = np.vectorize(lambda source, unit: place.get((source, unit), len(place)), otypes=[int])

    def rows(part, sources):
        units = [f"{unit}.{part}" if part else unit for unit in hidden]
        return find(np.array(sources)[None, :], np.array(units)[:, None])

    heard = [rows(part, [*hidden, "x0", "x1", "bias"]) for part in parts[kind]]
    readout = find(np.array([*hidden, "bias"])[None, :], np.array(network.outputs)[:, None])
    return [*heard, readout]


def sigmoid(s):
    return 1.0 / (1.0 + anp.exp(-s))


def lstm(W, h, c, x):
    """Hochreiter and Schmidhuber 1997, forget gate by Gers and others 2000."""
    z = anp.concatenate([h, x, anp.ones(1)])
    into, forget, new, out = (anp.dot(w, z) for w in W)
    c = sigmoid(forget) * c + sigmoid(into) * anp.tanh(new)
    return sigmoid(out) * anp.tanh(c), c


def gru(W, h, c, x):
    """PyTorch's manual: n = tanh(W_in x + b_in + r * (W_hn h + b_hn)), h = (1 - z) n + z h."""
    z = anp.concatenate([h, x, anp.ones(1)])
    reset, update, new, recurrent = (anp.dot(w, z) for w in W)
    n = anp.tanh(new + sigmoid(reset) * recurrent)
    return (1 - sigmoid(update)) * n + sigmoid(update) * h, c


CELLS = {"lstm": lstm, "gru": gru}


def told(network, kind, weights, x):
    """Return the outputs of every step; readouts hear the hidden units one step late."""
    padded = anp.concatenate([weights, anp.zeros(1)])  # where no edge is
    *W, readout = (padded[block] for block in blocks(network, kind))
    h = c = anp.zeros(HIDDEN)
    outputs = []
    for sample in x:
        outputs.append(anp.dot(readout, anp.concatenate([h, anp.ones(1)])))
        h, c = CELLS[kind](W, h, c, sample)
    return anp.stack(outputs)


@pytest.mark.parametrize("engine", ["arrays", "stepwise"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_forward_pass_is_the_cell_of_the_manual(kind, engine):
    network = network_of(kind)
    x, target = stream(network, STEPS)
    run = ns.train(network, ns.Inference(), x, target, engine=engine)
    expected = told(network, kind, network.weight_vector, x)
    np.testing.assert_allclose(run.outputs, expected, rtol=0, atol=1e-14)
    assert np.abs(expected[2:]).min() > 1e-3


def test_an_lstm_by_hand():
    """Input gate 1/2, forget gate 3/4, output gate 1/2, and x into the cell alone."""
    graph = nx.DiGraph()
    graph.add_node("h", kind="lstm", cell="c")
    graph.add_node("c", kind="lstm_cell", input_gate="i", forget_gate="f")
    graph.add_nodes_from(["i", "f"], activation="logistic")
    for node, weight in (("h", 0.0), ("i", 0.0), ("f", float(np.log(3.0)))):
        graph.add_edge("bias", node, weight=weight)
    graph.add_edge("x", "c", weight=1.0)
    run = ns.train(ns.Network(graph, ["x"], ["h"]), ns.Inference(), [2.0, -1.0, 0.0], np.zeros(3))
    first = 0.5 * np.tanh(2.0)
    second = 0.75 * first - 0.5 * np.tanh(1.0)
    expected = 0.5 * np.tanh([first, second, 0.75 * second])
    np.testing.assert_allclose(run.outputs[:, 0], expected, rtol=0, atol=1e-15)


def test_a_gru_by_hand():
    """Reset gate 1/2, update gate 1/4, x and the unit itself into the candidate."""
    graph = nx.DiGraph()
    graph.add_node("h", kind="gru", reset_gate="r", update_gate="z", recurrent="m")
    graph.add_nodes_from(["r", "z"], activation="logistic")
    graph.add_node("m", activation="linear")
    graph.add_edge("bias", "r", weight=0.0)
    graph.add_edge("bias", "z", weight=float(-np.log(3.0)))
    graph.add_edge("h", "m", weight=4.0)
    graph.add_edge("x", "h", weight=1.0)
    run = ns.train(ns.Network(graph, ["x"], ["h"]), ns.Inference(), [1.0, 0.5], np.zeros(2))
    first = 0.75 * np.tanh(1.0)
    second = 0.75 * np.tanh(0.5 + 0.5 * 4.0 * first) + 0.25 * first
    np.testing.assert_allclose(run.outputs[:, 0], [first, second], rtol=0, atol=1e-15)


@pytest.mark.parametrize("rule", [ns.RTRL(), ns.BPTT()], ids=lambda rule: rule.name)
@pytest.mark.parametrize("kind", KINDS)
def test_exact_rules_are_exact(kind, rule):
    network = network_of(kind)
    x, target = stream(network, STEPS)

    def losses(weights):
        return 0.5 * anp.sum((told(network, kind, weights, x) - target) ** 2, axis=1)

    expected = jacobian(losses)(network.weight_vector)
    assert difference(ns.gradients(network, rule, x, target)[1:], expected[1:]) < 1e-12
    assert (np.abs(expected[-1]) > 1e-9).all()


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("rule", [*EXACT, "inference"])
@pytest.mark.parametrize("kind", KINDS)
def test_arrays_are_the_messages(kind, rule, number):
    described = EXACT.get(rule, ns.Inference())
    compare(network_of(kind), described, NUMBERS[number], "stepwise", "arrays", 12)


@pytest.mark.parametrize("machine", ["bus", "mesh"])
@pytest.mark.parametrize("rule", EXACT)
@pytest.mark.parametrize("kind", KINDS)
def test_a_machine_changes_no_word(kind, rule, machine):
    compare(network_of(kind), EXACT[rule], ns.Fixed(), "clocked", "arrays", 5, machine)


def strange():
    """Gates that hear and are heard, that are shared, that are outputs, and that leak."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["i", "f"], activation="logistic", leak=0.5)
    graph.add_node("c", kind="lstm_cell", input_gate="i", forget_gate="f")
    graph.add_node("d", kind="lstm_cell", input_gate="i", forget_gate="h")
    graph.add_node("h", kind="lstm", cell="c")
    graph.add_node("g", kind="gru", reset_gate="f", update_gate="d", recurrent="free")
    graph.add_edges_from((a, b) for a in ("c", "h", "g", "f") for b in ("c", "i", "f", "free"))
    graph.add_edges_from([("x", unit) for unit in ("i", "f", "c", "d", "h", "g", "free")])
    return ns.Network(graph, ["x"], ["h", "i", "g"], seed=4)


@pytest.mark.parametrize("number", ["float", "fixed16"])
@pytest.mark.parametrize("rule", EXACT)
def test_any_graph_of_gates(rule, number):
    compare(strange(), EXACT[rule], NUMBERS[number], "stepwise", "arrays", 14)
    compare(strange(), EXACT[rule], NUMBERS[number], "clocked", "arrays", 5)


def test_rtrl_is_bptt_on_any_graph_of_gates():
    x, target = stream(strange(), STEPS)
    assert difference(
        ns.gradients(strange(), ns.RTRL(), x, target),
        ns.gradients(strange(), ns.BPTT(), x, target),
    ) < 1e-12  # fmt: skip


def test_replicas_learn_side_by_side():
    from neurosim.engines.train import train_many

    one, two = network_of("lstm"), network_of("lstm")
    two = two.with_weights(two.weight_vector[::-1])
    x, target = stream(one, STEPS)
    for rule in (ns.RTRL(0.1), ns.BPTT(0.1)):
        together = train_many([one, two], rule, x, target)
        for network, run in zip((one, two), together, strict=True):
            alone = ns.train(network, rule, x, target)
            np.testing.assert_allclose(run.outputs, alone.outputs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", [n for n, rule in ALL_RULES.items() if "lstm" not in rule.kinds])
def test_other_rules_say_that_they_cannot(name):
    for engine in ("arrays", "stepwise", "clocked"):
        with pytest.raises(ns.UserError, match=r"unit n0.cell is of kind lstm_cell.*: rtrl, bptt"):
            engine_for(network_of("lstm"), ALL_RULES[name](), engine, ns.Float())


def test_the_chip_says_that_it_cannot():
    with pytest.raises(ns.UserError, match="has no place on the chip"):
        engine_for(network_of("lstm"), ns.RTRL(), "clocked", ns.Fixed(), "chip")


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded(tmp_path, kind):
    network = network_of(kind)
    network.save(tmp_path / "net")
    back = ns.load(tmp_path / "net")
    assert back.traits == network.traits
    x, target = stream(network, 5)
    first, second = (ns.train(each, ns.RTRL(0.1), x, target).outputs for each in (network, back))
    np.testing.assert_array_equal(first, second)


MISTAKES = {
    "kind": ({"kind": "lstn"}, "unit h: kind 'lstn': unknown. Did you mean lstm?"),
    "no cell": ({"kind": "lstm"}, "unit h: kind lstm needs cell, the name of a unit"),
    "a gate too many": ({"cell": "i"}, "unit h: kind plain has no cell"),
    "no such unit": ({"kind": "lstm", "cell": "ii"}, "cell ii is no unit. Did you mean i?"),
    "itself": ({"kind": "lstm", "cell": "h"}, "unit h: acts on itself within a tick"),
    "leak": ({"kind": "lstm", "cell": "i", "leak": 0.5}, "kind lstm has no leak"),
    "function": (
        {"kind": "lstm", "cell": "i", "activation": "tanh"},
        "the function of kind lstm is logistic",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_say_what_is_wrong(name):
    attributes, words = MISTAKES[name]
    graph = nx.DiGraph([("x", "h"), ("x", "i")])
    graph.nodes["h"].update(attributes)
    with pytest.raises(ns.UserError) as caught:
        ns.Network(graph, outputs=["h"])
    assert words in str(caught.value)


@pytest.mark.torch
@pytest.mark.parametrize("kind", KINDS)
def test_forward_is_that_of_torch(kind):
    torch = pytest.importorskip("torch")
    network = network_of(kind)
    x, target = stream(network, STEPS)
    *W, readout = (np.append(network.weight_vector, 0.0)[block] for block in blocks(network, kind))
    order = {"lstm": (0, 1, 2, 3), "gru": (0, 1, 2)}[kind]  # i, f, g, o and r, z, n
    cell = {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}[kind](INPUTS, HIDDEN).double()
    hidden_rows = [W[3] if kind == "gru" and k == 2 else W[k] for k in order]
    input_rows = [W[k] for k in order]
    with torch.no_grad():
        cell.weight_hh.copy_(torch.tensor(np.vstack([w[:, :HIDDEN] for w in hidden_rows])))
        cell.weight_ih.copy_(torch.tensor(np.vstack([w[:, HIDDEN:-1] for w in input_rows])))
        cell.bias_ih.copy_(torch.tensor(np.concatenate([w[:, -1] for w in input_rows])))
        late = [
            w[:, -1] * (kind == "gru" and k == 2) for k, w in zip(order, hidden_rows, strict=True)
        ]
        cell.bias_hh.copy_(torch.tensor(np.concatenate(late)))
        state, expected = None, []
        h = torch.zeros(1, HIDDEN, dtype=torch.float64)
        for sample in x:
            expected.append(readout @ np.append(h.numpy()[0], 1.0))
            given = torch.tensor(sample[None])
            if kind == "lstm":
                state = cell(given, state)
                h = state[0]
            else:
                h = cell(given, h)
    run = ns.train(network, ns.Inference(), x, target)
    np.testing.assert_allclose(run.outputs, expected, rtol=0, atol=1e-12)
