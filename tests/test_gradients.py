"""The gradients of RTRL and BPTT against automatic and complex-step differentiation.

Both oracles are written here from Williams and Zipser's equations, on a dense weight matrix, and
share no line with the package: ``z(t) = [y(t-1), x(t), 1]``, ``s = W z``, ``y = f(s)`` and
``loss(t) = 1/2 sum_o (y_o(t) - target_o(t))^2``. "Relative" is always: the largest difference of
a step over the largest gradient entry of that step, and every step has to pass.
"""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad, jacobian

import neurosim as ns
from tests.networks import (
    at_edges,
    dense_network,
    difference,
    problem,
    random_network,
    weight_matrix,
)

STEPS = 15
TOLERANCE = 1e-12
DENSITIES = (0.2, 0.4, 0.6, 0.8, 1.0)


def _described(seed):
    """Return one row of the table of graphs; the strides are chosen to mix the columns."""
    units, block = 1 + seed % 12, seed // 12
    return {
        "units": units,
        "density": DENSITIES[seed % 5],
        "inputs": 1 + (seed // 2) % 2,
        "outputs": min(units, 1 + (seed + block) % 3),
        "loops": block % 2 == 0,
        "bias": (seed + block) % 2 == 0,
        "activation": ("tanh", "logistic")[(seed // 3) % 2],
        "seed": seed,
    }


GRAPHS = [_described(seed) for seed in range(48)]
NETWORKS = [random_network(**row) for row in GRAPHS]
each_network = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)


def squash(network, np_):
    """Return f; the logistic function as its textbook says, which complex numbers can follow."""
    if network.activation == "tanh":
        return np_.tanh
    return lambda s: 1.0 / (1.0 + np_.exp(-s))


def losses(network, W, x, target, y):
    """Return the loss of every step, for automatic differentiation by W."""
    f, chosen = squash(network, anp), [network.units.index(o) for o in network.outputs]
    result = []
    for sample, wanted in zip(x, target, strict=True):
        y = f(anp.dot(W, anp.concatenate([y, sample, anp.ones(1)])))
        result.append(0.5 * anp.sum((y[anp.array(chosen)] - wanted) ** 2))
    return anp.stack(result)


def autograd_gradients(network, x, target, initial):
    full = jacobian(lambda W: losses(network, W, x, target, initial))(weight_matrix(network))
    return at_edges(network, full)


def detached_gradients(network, x, target, initial, window):
    """The last loss of every window, from the constant activations that the window begins with."""
    W = weight_matrix(network)
    passed = activations(network, W, x, initial)
    rows = []
    for t in range(len(x)):
        first = max(0, t - window + 1)

        def last_loss(W, span=slice(first, t + 1), y=passed[first]):
            return losses(network, W, x[span], target[span], y)[-1]

        rows.append(at_edges(network, grad(last_loss)(W)))
    return np.array(rows)


def activations(network, W, x, y):
    """Return the activations before every step and after the last, (steps + 1, ..., units)."""
    f, passed = squash(network, np), [y]
    for sample in x:
        outside = np.broadcast_to([*sample, 1.0], (*y.shape[:-1], len(sample) + 1))
        z = np.concatenate([passed[-1], outside], axis=-1)
        passed.append(f((W @ z[..., None])[..., 0]))
    return np.array(passed)


def complex_step_gradients(network, x, target, initial, h=1e-30):
    """Nudge one weight at a time along the imaginary axis: no difference, so no cancellation."""
    edges, matrix = len(network.edges), weight_matrix(network)
    nudged = np.tile(matrix.astype(complex), (edges, 1, 1))
    for place, (source, unit) in enumerate(network.edges):
        column = [*network.units, *network.inputs, "bias"].index(source)
        nudged[place, network.units.index(unit), column] += 1j * h
    y = np.tile(initial.astype(complex), (edges, 1))
    chosen = [network.units.index(o) for o in network.outputs]
    reached = activations(network, nudged, x, y)[1:, :, chosen]
    return (0.5 * (reached - target[:, None]) ** 2).sum(axis=-1).imag / h


def test_the_table_of_graphs_covers_what_it_should():
    assert len(GRAPHS) >= 30
    assert {row["units"] for row in GRAPHS} == set(range(1, 13))
    assert {row["density"] for row in GRAPHS} == set(DENSITIES)
    assert {row["outputs"] for row in GRAPHS} == {1, 2, 3}
    kinds = {(r["loops"], r["bias"], r["activation"], r["inputs"]) for r in GRAPHS}
    assert len(kinds) == 2**4
    assert any(s == u for network in NETWORKS for s, u in network.edges)


@each_network
@pytest.mark.parametrize("rule", [ns.RTRL(), ns.BPTT()], ids=lambda rule: rule.name)
def test_gradient_equals_automatic_differentiation(network, rule):
    x, target, initial = problem(network, STEPS)
    reference = autograd_gradients(network, x, target, initial)
    found = ns.gradients(network, rule, x, target, initial)
    assert found.shape == (STEPS, len(network.edges))
    assert np.abs(reference).max(axis=1).min() > 1e-4  # every step has something to find
    assert difference(found, reference) < TOLERANCE


@each_network
def test_rtrl_equals_bptt(network):
    x, target, initial = problem(network, 40, seed=1)
    rtrl = ns.gradients(network, ns.RTRL(), x, target, initial)
    assert difference(rtrl, ns.gradients(network, ns.BPTT(), x, target, initial)) < TOLERANCE


@pytest.mark.parametrize("network", NETWORKS[::4], ids=lambda network: network.name)
@pytest.mark.parametrize("rule", [ns.RTRL(), ns.BPTT()], ids=lambda rule: rule.name)
def test_gradient_equals_complex_step_differentiation(network, rule):
    x, target, initial = problem(network, STEPS, seed=2)
    reference = complex_step_gradients(network, x, target, initial)
    assert difference(ns.gradients(network, rule, x, target, initial), reference) < TOLERANCE


def test_initial_activations_are_zero_unless_given():
    network = dense_network(5, outputs=2)
    x, target, initial = problem(network, STEPS)
    resting = ns.gradients(network, ns.RTRL(), x, target)
    zeros = autograd_gradients(network, x, target, np.zeros(5))
    assert difference(resting, zeros) < TOLERANCE
    assert difference(ns.gradients(network, ns.RTRL(), x, target, initial), zeros) > 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_the_past_matters(seed):
    """Were the recurrent part dead, every test above would be about the last step only."""
    network = random_network(6, 0.8, outputs=2, seed=seed)
    x, target, initial = problem(network, STEPS)
    full = ns.gradients(network, ns.RTRL(), x, target, initial)
    for window in (1, 2, 5):
        short = ns.gradients(network, ns.BPTT(window=window), x, target, initial)
        assert difference(short[6:], full[6:]) > 1e-4


@pytest.mark.parametrize("window", [1, 2, 3, 6, STEPS - 1])
@pytest.mark.parametrize("network", NETWORKS[3::7], ids=lambda network: network.name)
def test_truncated_bptt_equals_a_graph_cut_at_the_window(network, window):
    x, target, initial = problem(network, STEPS, seed=3)
    reference = detached_gradients(network, x, target, initial, window)
    found = ns.gradients(network, ns.BPTT(window=window), x, target, initial)
    assert difference(found, reference) < TOLERANCE


@pytest.mark.parametrize("window", [STEPS, STEPS + 1, 1000])
def test_a_window_as_long_as_the_run_is_full_bptt(window):
    network = random_network(7, 0.6, 2, 2)
    x, target, initial = problem(network, STEPS)
    full = ns.gradients(network, ns.BPTT(), x, target, initial)
    assert np.array_equal(ns.gradients(network, ns.BPTT(window=window), x, target, initial), full)
