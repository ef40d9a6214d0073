"""Leaky integrate-and-fire units: their rate in closed form, and all engines alike.

Between spikes ``tau dv/dt = -v + R I`` from 0 reaches the threshold V after ``tau ln(RI / (RI -
V))`` (W. Gerstner and W. Kistler, "Spiking Neuron Models", 2002, doi 10.1017/CBO9780511815706).
What e-prop makes of these units is in test_local_rules.py.
"""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

import neurosim as ns
from neurosim.engines.train import engine_for
from neurosim.learning import RULES
from tests.networks import random_network, stream
from tests.test_agreement import NUMBERS


def driven(tau, current, number=None):
    """Return the steps at which a unit under constant current spikes."""
    leak = 1 - math.exp(-1 / tau)
    graph = nx.DiGraph()
    graph.add_node("n0", kind="lif", leak=leak)
    graph.add_edge("x", "n0", weight=current * leak)
    steps = 15 * tau
    run = ns.train(
        ns.Network(graph), ns.Inference(), np.ones(steps), np.zeros(steps), number=number
    )
    return np.flatnonzero(run.outputs[:, 0] == 1.0) + 1


@pytest.mark.parametrize("current", [1.1, 1.5, 3.0])
@pytest.mark.parametrize("tau", [20, 100])
def test_the_interval_between_spikes_has_a_closed_form(tau, current):
    interval = tau * math.log(current / (current - 1))
    spikes = driven(tau, current)
    assert spikes[0] == math.ceil(interval)
    assert abs(np.diff(spikes).mean() - interval) < 1.5  # steps
    assert np.ptp(np.diff(spikes)) <= 1


def test_no_spike_below_the_threshold():
    assert not len(driven(20, 0.99))


def test_fixed_point_spikes_as_often():
    real, words = driven(20, 1.5), driven(20, 1.5, ns.Fixed())
    assert abs(len(real) - len(words)) <= 1


def reservoir():
    """Spiking and leaky units that hear each other, and an output of each kind."""
    plain = random_network(7, 0.5, 2, 2, seed=3, gain=2.5)
    graph = plain.graph.copy()
    for place, unit in enumerate(plain.units):
        graph.nodes[unit].update({"leak": 0.2} if place % 3 == 1 else {"leak": 0.3, "kind": "lif"})
        graph.add_edge("bias", unit, weight=0.5)  # enough to spike now and then
    return ns.Network(graph, plain.inputs, plain.outputs)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("engine", ["stepwise", "clocked"])
def test_arrays_are_the_messages(engine, number):
    network, numbers = reservoir(), NUMBERS[number]
    steps = 60 if engine == "stepwise" else 12
    x, target = (numbers.encode(3 * each) for each in stream(network, steps))
    one, other = (engine_for(network, ns.Inference(), name, numbers) for name in (engine, "arrays"))
    spikes = 0.0
    for t in range(steps):
        first, second = one.step(x[t], target[t])[0], other.step(x[t], target[t])[0]
        np.testing.assert_allclose(first, second, rtol=0, atol=1e-12)
        spikes += float(numbers.decode(second)[0] > 0.9)
    assert one.counts == other.counts
    assert 0 < spikes < steps


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if "lif" not in rule.kinds])
def test_other_rules_say_that_they_cannot(name):
    words = r"unit n0 is of kind lif, which .* has no gradient for\. Rules that have:.*eprop"
    for engine in ("arrays", "stepwise"):
        with pytest.raises(ns.UserError, match=words):
            engine_for(reservoir(), RULES[name](), engine, ns.Float())


def test_a_saved_reservoir_spikes_as_before(tmp_path):
    reservoir().save(tmp_path / "net")
    x, target = stream(reservoir(), 20)
    first, second = (
        ns.train(network, ns.Inference(), 3 * x, target).outputs
        for network in (reservoir(), ns.load(tmp_path / "net"))
    )
    np.testing.assert_array_equal(first, second)


def test_words_that_end_below_the_threshold_are_refused():
    with pytest.raises(ns.UserError, match=r"unit n0 spikes at 1, and fixed16\.15 ends below"):
        driven(20, 1.5, ns.Fixed(fraction_bits=15))
