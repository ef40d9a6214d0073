"""STDP against its closed form for one pair of spikes, its bounds, and all engines alike."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

import neurosim as ns
from neurosim.engines.train import engine_for
from neurosim.study.agreement import check_rule
from tests.networks import stream
from tests.test_spiking_units import reservoir

STEPS = 80


def pair(distance, rule, weight=0.5, before=None):
    """Return the weight after one spike comes and the unit spikes ``distance`` steps later."""
    graph = nx.DiGraph()
    graph.add_node("n0", kind="lif", leak=1.0)
    graph.add_edge("x", "n0", weight=weight)
    graph.add_edge("drive", "n0", weight=1.2, fixed=True)
    network = ns.Network(graph, ["x", "drive"], ["n0"])
    x = np.zeros((STEPS, 2))
    x[30, 0] = x[30 + distance, 1] = 1.0
    run = ns.train(network, rule, x, np.zeros(STEPS), engine=before or "arrays")
    assert run.outputs.sum() == 1.0  # the driven spike, and no other
    assert run.outputs[30 + distance, 0] == 1.0
    return run.network.weights["x", "n0"]


@pytest.mark.parametrize("engine", ["arrays", "stepwise"])
@pytest.mark.parametrize("distance", [-25, -7, -2, -1, 0, 1, 2, 7, 25])
def test_one_pair_changes_the_weight_by_the_closed_form(distance, engine):
    rule = ns.STDP(a_plus=0.05, a_minus=0.03, tau_plus=9.0, tau_minus=14.0)
    if distance >= 0:
        change = 0.05 * math.exp(-distance / 9.0)
    else:
        change = -0.03 * math.exp(distance / 14.0)
    assert pair(distance, rule, before=engine) == pytest.approx(0.5 + change, abs=1e-14)


def test_the_learning_rate_scales_a_pair():
    rule = ns.STDP(0.25, a_plus=0.05)
    assert pair(3, rule) == pytest.approx(0.5 + 0.25 * 0.05 * math.exp(-3 / 20), abs=1e-14)


@pytest.mark.parametrize(("distance", "weight", "end"), [(1, 0.49, 0.5), (-1, 0.01, 0.0)])
def test_weights_stay_within_their_bounds(distance, weight, end):
    rule = ns.STDP(a_plus=0.2, a_minus=0.2, w_max=0.5)
    assert pair(distance, rule, weight) == pytest.approx(end, abs=1e-15)
    free = ns.STDP(a_plus=0.2, a_minus=0.2, w_max=None)
    assert abs(pair(distance, free, weight) - weight) > 0.1


@pytest.mark.parametrize("rule", [ns.STDP(0.5, a_plus=0.1), ns.STDP(a_plus=0.1, w_max=None)])
def test_messages_arrays_and_counts_agree_on_spiking_units(rule):
    network = reservoir()
    x, target = stream(network, 60)
    one, other = (engine_for(network, rule, name, ns.Float()) for name in ("stepwise", "arrays"))
    for sample, wanted in zip(3 * x, target, strict=True):
        one.step(sample, wanted)
        other.step(sample, wanted)
        np.testing.assert_allclose(one.weights(), other.weights(), rtol=0, atol=1e-12)
    assert one.counts == other.counts
    moved = other.weights()
    assert np.abs(moved - network.weight_vector).max() > 0.1
    if rule.w_max is not None:
        assert moved.min() > -1e-15
        assert moved.max() < rule.w_max + 1e-15


def test_bounds_agree_on_plain_units_and_on_a_machine():
    assert check_rule(ns.STDP(0.5, a_plus=0.05)).held


def test_gradients_leave_weights_and_bounds_alone():
    network = reservoir()
    x, target = stream(network, 10)
    found = ns.gradients(network, ns.STDP(a_plus=0.1), 3 * x, target)
    assert np.abs(found).max() > 0.01


WRONG = [
    ({"a_plus": -0.1}, r"STDP\.a_plus: must be a finite number from 0 up \(got -0.1\)"),
    ({"tau_minus": 0.0}, r"STDP\.tau_minus: must be a finite number above 0 \(got 0.0\)"),
    ({"w_max": 0}, r"STDP\.w_max: must be a finite number above 0 \(got 0\)"),
]


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_mistakes_are_named(options, words):
    with pytest.raises(ns.UserError, match=words):
        ns.STDP(**options)


def test_bounds_want_floats_and_no_optimiser():
    network = reservoir()
    x, target = stream(network, 3)
    with pytest.raises(ns.UserError, match="too coarse for the bounds"):
        ns.train(network, ns.STDP(0.5), x, target, number=ns.Fixed())
    with pytest.raises(ns.UserError, match="would take weights beyond their bounds"):
        ns.train(network, ns.STDP(), x, target, optimizer=ns.Adam())
