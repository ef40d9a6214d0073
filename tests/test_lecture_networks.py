"""Networks of the lectures against a few lines of NumPy each, and their automatic derivatives.

Every edge takes a tick here: an output at t hears the hidden units of t - 1, which heard the inputs
of t - 1 and what was there at t - 2.
"""

from __future__ import annotations

import re
from pathlib import Path

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import jacobian

import neurosim as ns
from neurosim.learning import RULES as ALL_RULES
from neurosim.model.kinds import KINDS
from neurosim.study.graphs import graph_from
from tests.networks import difference, stream
from tests.test_agreement import NUMBERS, RULES, compare

STEPS = 14
PAGE = (Path(__file__).parents[1] / "docs" / "networks.md").read_text("utf-8")


def network_of(topology, units=6, outputs=2, inputs=("x0", "x1"), **options):
    graph, inputs, outputs = graph_from(
        topology, units=units, inputs=inputs, outputs=outputs, **options
    )
    return ns.Network(graph, inputs, outputs, seed=2, name=topology)


def matrix(network, weights, units, sources):
    """Return the weights from sources to units as a matrix, zero where no edge is."""
    place = {edge: n for n, edge in enumerate(network.edges)}
    padded = anp.concatenate([weights, anp.zeros(1)])
    return padded[[[place.get((a, b), len(place)) for a in sources] for b in units]]


def names(*numbers):
    return [f"n{number}" for number in numbers]


def delayed(hidden, readout):
    """Return outputs by the readout of the hidden units of the tick before, bias last."""
    before = anp.concatenate([anp.zeros((1, hidden.shape[1])), hidden[:-1]])
    ones = anp.ones((len(before), 1))
    return anp.tanh(anp.dot(anp.concatenate([before, ones], axis=1), readout.T))


def tdnn(network, weights, x):
    """Each hidden unit convolves each input with its taps, a filter of three."""
    units = [*names(0, 1, 2, 3)]
    sums = anp.dot(anp.ones((len(x), 1)), matrix(network, weights, units, ["bias"]).T)
    for column, name in enumerate(network.inputs):
        taps = matrix(network, weights, units, [name, f"{name}.1", f"{name}.2"])
        past = np.stack([np.convolve(x[:, column], np.eye(3)[k])[: len(x)] for k in range(3)])
        sums = sums + anp.dot(taps, past).T
    return delayed(anp.tanh(sums), matrix(network, weights, names(4, 5), [*units, "bias"]))


def feed_forward(network, weights, x):
    layers = [names(0, 1, 2), names(3), names(4, 5)]
    y = [*x]
    below = list(network.inputs)
    for depth, layer in enumerate(layers):
        W = matrix(network, weights, layer, [*below, "bias"])
        late = y if not depth else [anp.zeros(len(below)), *y[:-1]]
        y = [anp.tanh(anp.dot(W, anp.concatenate([each, anp.ones(1)]))) for each in late]
        below = layer
    return anp.stack(y)


def jordan(network, weights, x):
    inner = matrix(network, weights, names(0, 1), [*names(2, 3), *network.inputs, "bias"])
    readout = matrix(network, weights, names(4, 5), [*names(0, 1), "bias"])
    hidden, context, output, told = anp.zeros(2), anp.zeros(2), anp.zeros(2), []
    for sample in x:
        heard = anp.concatenate([context, sample, anp.ones(1)])
        context = 0.3 * context + output
        output = anp.tanh(anp.dot(readout, anp.concatenate([hidden, anp.ones(1)])))
        hidden = anp.tanh(anp.dot(inner, heard))
        told.append(output)
    return anp.stack(told)


CASES = {
    "tdnn": (tdnn, {"taps": 2}),
    "feed_forward": (feed_forward, {"layers": [3, 1, 2]}),
    "jordan": (jordan, {"decay": 0.3}),
}


@pytest.mark.parametrize("topology", CASES)
def test_outputs_are_those_of_the_definition(topology):
    definition, options = CASES[topology]
    network = network_of(topology, **options)
    x, target = stream(network, STEPS)
    run = ns.train(network, ns.Inference(), x, target)
    expected = definition(network, network.weight_vector, x)
    np.testing.assert_allclose(run.outputs, expected, rtol=0, atol=1e-14)
    assert np.abs(run.outputs[4:]).min() > 1e-4


@pytest.mark.parametrize("rule", [ns.RTRL(), ns.BPTT()], ids=lambda rule: rule.name)
@pytest.mark.parametrize("topology", CASES)
def test_exact_rules_are_exact_and_fixed_weights_have_no_gradient(topology, rule):
    definition, options = CASES[topology]
    network = network_of(topology, **options)
    x, target = stream(network, STEPS)

    def losses(weights):
        return 0.5 * anp.sum((definition(network, weights, x) - target) ** 2, axis=1)

    expected = jacobian(losses)(network.weight_vector)
    expected[:, network.fixed] = 0
    assert difference(ns.gradients(network, rule, x, target), expected) < 1e-12
    assert network.fixed.sum() == {"tdnn": 4, "feed_forward": 0, "jordan": 4}[topology]


def test_a_window_as_deep_as_the_layers_is_all_that_feed_forward_needs():
    network = network_of("feed_forward", layers=[3, 1, 2])
    x, target = stream(network, STEPS)
    whole, three, two = (
        ns.gradients(network, rule, x, target)
        for rule in (ns.RTRL(), ns.BPTT(window=3), ns.BPTT(window=2))
    )
    assert difference(three, whole) < 1e-14
    assert difference(two, whole) > 0.01


def test_elman_is_one_step_back_through_a_copy_layer():
    """The copy of the hidden units is an input like any other: no derivative goes through it."""
    network = network_of("elman")
    hidden, readouts = names(0, 1, 2, 3), names(4, 5)
    x, target = stream(network, STEPS)

    def tick(weights, copied, sample):
        W = matrix(network, weights, hidden, [*hidden, *network.inputs, "bias"])
        return anp.tanh(anp.dot(W, anp.concatenate([copied, sample, anp.ones(1)])))

    def loss(weights, copied, sample, wanted):
        W = matrix(network, weights, readouts, [*hidden, "bias"])
        h = tick(weights, copied, sample)
        output = anp.tanh(anp.dot(W, anp.concatenate([h, anp.ones(1)])))
        return 0.5 * anp.sum((output - wanted) ** 2)

    w = network.weight_vector
    copied, expected = np.zeros(4), []
    for t in range(1, STEPS):
        expected.append(jacobian(loss)(w, copied, x[t - 1], target[t]))
        copied = tick(w, copied, x[t - 1])
    found = ns.gradients(network, ns.BPTT(window=2), x, target)[1:]
    assert difference(found, np.array(expected)) < 1e-12
    assert difference(ns.gradients(network, ns.RTRL(), x, target)[1:], np.array(expected)) > 0.01


@pytest.mark.torch
def test_elman_is_torchs_recurrent_layer_with_its_state_detached():
    torch = pytest.importorskip("torch")
    network = network_of("elman")
    hidden, readouts = names(0, 1, 2, 3), names(4, 5)
    x, target = stream(network, STEPS)
    w = torch.tensor(network.weight_vector, requires_grad=True)

    def block(units, sources):
        place = {edge: n for n, edge in enumerate(network.edges)}
        return w[torch.tensor([[place[a, b] for a in sources] for b in units])]

    state = torch.zeros(1, 1, 4, dtype=torch.float64)
    expected = []
    for t in range(1, STEPS):
        layer = torch.nn.RNN(2, 4, batch_first=True).double()
        own = {
            "weight_hh_l0": block(hidden, hidden),
            "weight_ih_l0": block(hidden, network.inputs),
            "bias_ih_l0": block(hidden, ["bias"])[:, 0],
            "bias_hh_l0": torch.zeros(4, dtype=torch.float64),
        }
        given = torch.tensor(x[t - 1 : t][None])
        h, state = torch.func.functional_call(layer, own, (given, state.detach()))
        told = torch.tanh(block(readouts, hidden) @ h[0, 0] + block(readouts, ["bias"])[:, 0])
        loss = 0.5 * ((told - torch.tensor(target[t])) ** 2).sum()
        expected.append(torch.autograd.grad(loss, w)[0].numpy())
    found = ns.gradients(network, ns.BPTT(window=2), x, target)[1:]
    assert difference(found, np.array(expected)) < 1e-12


@pytest.mark.parametrize("number", ["float", "fixed16"])
@pytest.mark.parametrize("rule", ["rtrl", "trtrl", "trtrl-owner", "bptt-3"])
@pytest.mark.parametrize("topology", CASES)
def test_arrays_are_the_messages(topology, rule, number):
    network = network_of(topology, **CASES[topology][1])
    compare(network, RULES[rule], NUMBERS[number], "stepwise", "arrays", 12)


def test_what_has_layers_is_described_as_it_is_built():
    from neurosim.learning import Census
    from neurosim.study.graphs import described_by

    for layers in (None, [3, 1, 2]):
        options = {"units": 6, "inputs": ("x0", "x1"), "outputs": 2, "layers": layers}
        described = described_by("feed_forward", **options)
        assert described is not None
        assert ns.TRTRL().closed(Census.described(described)) == ns.TRTRL().cost(
            network_of("feed_forward", layers=layers)
        )


@pytest.mark.parametrize(
    ("topology", "options", "words"),
    [
        ("jordan", {"decay": 1.0}, "jordan: decay: must be a number from 0 to below 1"),
        ("jordan", {"units": 4}, "jordan: 4 units leave no hidden one beside 2 outputs and"),
        ("tdnn", {"units": 2}, "tdnn: 2 units leave no hidden one"),
        ("tdnn", {"taps": -1}, "tdnn: taps"),
        ("tdnn", {"inputs": ("x", "x.1")}, "tdnn: the name x.1 is taken"),
        ("feed_forward", {"units": 2}, "feed_forward: 2 units leave no hidden one"),
        ("feed_forward", {"layers": [6]}, "feed_forward: layers: needs at least two layers"),
        ("lstm", {"units": 2}, "lstm: 2 units leave no hidden one"),
        ("gru", {"inputs": ("n0.reset",)}, "inputs: the name n0.reset is taken"),
    ],
)
def test_mistakes_say_what_is_wrong(topology, options, words):
    with pytest.raises(ns.UserError) as caught:
        network_of(topology, **options)
    assert words in str(caught.value)


def test_the_page_says_which_rules_have_which_kinds():
    kinds = re.findall(r"^\| `(\w+)` \| `.* \| ([a-z, ]+) \|$", PAGE, re.M)
    assert [kind for kind, _ in kinds] == list(KINDS)
    for kind, listed in kinds:
        able = [name for name, rule in ALL_RULES.items() if kind in rule.kinds]
        assert able == (
            list(ALL_RULES) if listed == "all" else sorted(listed.split(", "), key=able.index)
        )


def test_the_pages_network_learns():
    block, *others = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    names_: dict[str, object] = {}
    exec(compile(block, "docs/networks.md", "exec"), names_)
    for other in others:
        exec(compile(other, "docs/networks.md", "exec"), {})
    run = names_["run"]
    assert run.network.weights["x", "o"] == 1.0
    assert run.network.weights["x", "h"] != names_["network"].weights["x", "h"]
