"""TRTRL against its slides, and the identities that tie it to RTRL, BPTT and SnAp-1.

Two references are written here in plain loops over names: the equations for a and b as the slides
state them, and RTRL whose sum is restricted to any set of units (``keep``). Both share no line
with the package. All comparisons are relative per step, as in ``difference``.
"""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

import neurosim as ns
from neurosim.model import Layout
from tests.networks import (
    dense_network,
    difference,
    network_of,
    problem,
    random_network,
)

TOLERANCE = 1e-12
STEPS = 12


def _random(seed):
    units = 1 + seed % 8
    return random_network(
        units,
        (0.3, 0.5, 0.7, 1.0)[(seed // 2) % 4],
        1 + seed % 2,
        min(units, 1 + (seed // 3) % 3),
        loops=seed % 5 != 0,
        bias=seed % 3 != 0,
        activation=("tanh", "logistic")[seed // 4 % 2],
        seed=seed,
    )


RANDOM = [_random(seed) for seed in range(24)]
each_random = pytest.mark.parametrize("network", RANDOM, ids=lambda network: network.name)


# --- references -----------------------------------------------------------------------------


def forward(network, y, sample):
    """Return z and, by unit, y and d of one step; everything by name."""
    z = {**y, **dict(zip(network.inputs, sample, strict=True)), "bias": 1.0}
    s = dict.fromkeys(network.units, 0.0)
    for (j, i), weight in network.weights.items():
        s[i] += weight * z[j]
    if network.activation == "tanh":
        y = {unit: math.tanh(s[unit]) for unit in s}
        return z, y, {unit: 1 - y[unit] ** 2 for unit in s}
    y = {unit: 1 / (1 + math.exp(-s[unit])) for unit in s}
    return z, y, {unit: y[unit] * (1 - y[unit]) for unit in s}


def keep_set_gradients(network, x, target, initial, keep, self_terms=True):
    """RTRL whose sum is restricted, for every edge j -> i, to the units in ``keep(j, i)``.

    Outputs hear the kept units of the step before, and are not kept for that.
    """
    w, y = network.weights, dict(zip(network.units, initial, strict=True))
    p = {edge: dict.fromkeys(keep(*edge), 0.0) for edge in network.edges}
    rows = []
    for sample, wanted in zip(x, target, strict=True):
        z, y, d = forward(network, y, sample)

        def bracket(k, edge, loops, z=z, p=p):
            heard = [unit for unit in p[edge] if (unit, k) in w and (loops or unit != k)]
            own = z[edge[0]] if edge[1] == k else 0.0
            return own + sum(w[unit, k] * p[edge][unit] for unit in heard)

        error = {o: y[o] - t for o, t in zip(network.outputs, wanted, strict=True)}
        rows.append(
            [sum(error[o] * d[o] * bracket(o, edge, True) for o in error) for edge in network.edges]
        )
        p = {e: {k: d[k] * bracket(k, e, self_terms) for k in p[e]} for e in network.edges}
    return np.array(rows)


def slides_gradients(network, x, target, initial):
    """a_ij, b_ij and p^o_ij, each as the slides write it."""
    weights, y = network.weights, dict(zip(network.units, initial, strict=True))
    a = dict.fromkeys(network.edges, 0.0)
    b = {edge: 0.0 for edge in network.edges if edge[0] in network.units and edge[0] != edge[1]}
    rows = []

    def w(i, j):
        return weights.get((j, i), 0.0)

    for sample, wanted in zip(x, target, strict=True):
        z, y, d = forward(network, y, sample)
        row = []
        for j, i in network.edges:
            total = 0.0
            for o, t in zip(network.outputs, wanted, strict=True):
                own = z[j] if o == i else 0.0
                p = d[o] * (w(o, i) * a[j, i] + w(o, j) * b.get((j, i), 0.0) + own)
                total += (t - y[o]) * p
            row.append(-total)
        rows.append(row)
        a, b = (
            {
                (j, i): d[i] * (w(i, i) * a[j, i] + w(i, j) * b.get((j, i), 0.0) + z[j])
                for j, i in a
            },
            {(j, i): d[j] * (w(j, i) * a[j, i] + w(j, j) * b[j, i]) for j, i in b},
        )
    return np.array(rows)


def snap_1(network, x, initial):
    """SnAp-1, ``G <- mask * (J G + M)`` with M's own pattern; yield each edge's entry of G."""
    units = list(network.units)
    recurrent = np.zeros((len(units), len(units)))
    for (j, i), weight in network.weights.items():
        if j in units:
            recurrent[units.index(i), units.index(j)] = weight
    edges = np.arange(len(network.edges))
    owners = np.array([units.index(i) for _, i in network.edges])
    mask = owners == np.arange(len(units))[:, None]
    G, y = np.zeros(mask.shape), dict(zip(units, initial, strict=True))
    for sample in x:
        z, y, d = forward(network, y, sample)
        slope = np.array(list(d.values()))
        M = mask * slope[:, None] * np.array([z[j] for j, _ in network.edges])
        G = mask * ((slope[:, None] * recurrent) @ G + M)
        yield G[owners, edges]


def ends(network):
    """What TRTRL keeps: the two ends of an edge that are units."""
    return lambda j, i: {j, i} & set(network.units)


def trtrl_states(network, rule, x, target, initial):
    """Yield TRTRL's a and b after every step, in network order."""
    layout, number = Layout(network), ns.Float()
    weights = layout.from_network(network.weight_vector)
    state = rule.init(layout, number, initial)
    for sample, wanted in zip(x, target, strict=True):
        state = rule.step(layout, number, weights, state, sample, wanted).state
        yield layout.to_network(state.a), layout.to_network(state.b)


def columns(network, chosen):
    return [place for place, edge in enumerate(network.edges) if chosen(*edge)]


# --- the rule is what its slides say --------------------------------------------------------


@each_random
@pytest.mark.parametrize("engine", ["arrays", "stepwise"])
@pytest.mark.parametrize("literal", [False, True], ids=["factored", "literal"])
def test_gradient_equals_the_slides(network, engine, literal):
    given = problem(network, STEPS)
    found = ns.gradients(network, ns.TRTRL(literal=literal), *given, engine=engine)
    assert difference(found, slides_gradients(network, *given)) < TOLERANCE


OPTIONS = {
    "both ends": ({}, ends, True),
    "ingress only": ({"ingress_only": True}, lambda network: lambda j, i: {i}, True),
    "no self terms": ({"self_terms": False}, ends, False),
    "neither": (
        {"ingress_only": True, "self_terms": False},
        lambda network: lambda j, i: {i},
        False,
    ),
}
each_option = pytest.mark.parametrize("option", OPTIONS)


@each_random
@each_option
def test_gradient_equals_rtrl_restricted_to_what_is_kept(network, option):
    options, kept, self_terms = OPTIONS[option]
    given = problem(network, STEPS, seed=1)
    reference = keep_set_gradients(network, *given, kept(network), self_terms)
    assert difference(ns.gradients(network, ns.TRTRL(**options), *given), reference) < TOLERANCE


@each_random
@each_option
def test_factored_equals_literal(network, option):  # property 7
    options = OPTIONS[option][0]
    given = problem(network, 50, seed=2)
    factored = ns.gradients(network, ns.TRTRL(**options), *given)
    literal = ns.gradients(network, ns.TRTRL(literal=True, **options), *given)
    assert difference(factored, literal) < TOLERANCE


@pytest.mark.parametrize("option", ["ingress only", "no self terms", "neither"])
def test_every_option_changes_the_gradient(option):
    network = dense_network(5, outputs=2)
    given = problem(network, STEPS)
    plain = ns.gradients(network, ns.TRTRL(), *given)
    changed = ns.gradients(network, ns.TRTRL(**OPTIONS[option][0]), *given)
    assert difference(changed, plain) > 1e-3


# --- properties 1 to 6 ----------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
@pytest.mark.parametrize("inputs", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_1_one_unit_is_rtrl(activation, inputs, bias):
    network = dense_network(1, inputs, bias=bias, activation=activation)
    given = problem(network, 40)
    rtrl = ns.gradients(network, ns.RTRL(), *given)
    assert difference(ns.gradients(network, ns.TRTRL(), *given), rtrl) < TOLERANCE


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("outputs", [1, 2])
def test_1_cross_weights_of_two_units_are_rtrl(seed, outputs):
    network = dense_network(2, outputs=outputs, seed=seed)
    given = problem(network, 40, seed)
    rtrl, trtrl = (ns.gradients(network, rule, *given) for rule in (ns.RTRL(), ns.TRTRL()))
    cross = columns(network, lambda j, i: {j, i} == {"n0", "n1"})
    assert len(cross) == 2
    assert difference(trtrl[:, cross], rtrl[:, cross]) < TOLERANCE
    other = columns(network, lambda j, i: i == "n0" and j != "n1")
    assert difference(trtrl[:, other], rtrl[:, other]) > 1e-3


@each_random
def test_2_first_two_steps_are_rtrl(network):
    given = problem(network, 2, seed=3)
    rtrl = ns.gradients(network, ns.RTRL(), *given)
    assert difference(ns.gradients(network, ns.TRTRL(), *given), rtrl) < TOLERANCE


@pytest.mark.parametrize("units", [3, 5, 12])
def test_2_and_the_third_is_not(units):
    network = dense_network(units, seed=units)
    given = problem(network, 3)
    rtrl = ns.gradients(network, ns.RTRL(), *given)
    trtrl = ns.gradients(network, ns.TRTRL(), *given)
    assert difference(trtrl[:2], rtrl[:2]) < TOLERANCE
    assert difference(trtrl[2:], rtrl[2:]) > 1e-3


def layers(hidden, outputs, inputs, bias, seed):
    """Hidden units that hear themselves and the inputs; outputs that hear hidden and inputs."""
    feeds = [f"x{n}" for n in range(inputs)]
    above = [*feeds, *(["bias"] if bias else [])]
    units = [f"n{n}" for n in range(hidden + outputs)]
    out, inner = units[:outputs], units[outputs:]
    pairs = [(unit, unit) for unit in inner]
    pairs += [(source, unit) for unit in inner for source in above]
    pairs += [(source, unit) for unit in out for source in (*inner, *above)]
    return network_of(pairs, units, feeds, out, seed=seed)


@pytest.mark.parametrize("hidden", [1, 2, 5])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_3_diagonal_hidden_units_and_memoryless_outputs_are_exact(hidden, outputs, bias):
    network = layers(hidden, outputs, inputs=2, bias=bias, seed=hidden)
    given = problem(network, 40)
    trtrl = ns.gradients(network, ns.TRTRL(), *given)
    assert difference(trtrl, ns.gradients(network, ns.RTRL(), *given)) < TOLERANCE
    assert difference(trtrl, ns.gradients(network, ns.BPTT(), *given)) < TOLERANCE
    window_1 = ns.gradients(network, ns.BPTT(window=1), *given)
    assert difference(trtrl[2:], window_1[2:]) > 1e-2  # there is a past to be exact about


def tournament(units, outputs, seed):
    """Between any two units one edge, loops at every other unit: no 2-cycle."""
    rng = np.random.default_rng(seed)
    names = [f"n{n}" for n in range(units)]
    pairs = [
        (names[i], names[j]) if rng.random() < 0.5 else (names[j], names[i])
        for i in range(units)
        for j in range(i)
    ]
    pairs += [(name, name) for name in names[::2]]
    pairs += [(source, name) for name in names for source in ("x0", "bias")]
    return network_of(pairs, names, ["x0"], names[:outputs], seed=seed)


each_tournament = pytest.mark.parametrize(
    "network", [tournament(n, min(n, 2), seed=n) for n in (2, 3, 5, 8)], ids=repr
)


@each_tournament
def test_4_without_2_cycles_there_is_no_egress(network):
    given = problem(network, 30)
    rule = ns.TRTRL()
    assert not any(b.any() for _, b in trtrl_states(network, rule, *given))
    without = ns.gradients(network, ns.TRTRL(ingress_only=True), *given)
    assert np.array_equal(ns.gradients(network, rule, *given), without)
    kept = {m.name for neuron in network.neurons for m in rule.memories(neuron, network)}
    assert kept
    assert "b" not in kept


@each_tournament
def test_4_without_2_cycles_ingress_is_snap_1(network):
    x, target, initial = problem(network, 30)
    states = trtrl_states(network, ns.TRTRL(), x, target, initial)
    for (a, _), reference in zip(states, snap_1(network, x, initial), strict=True):
        assert difference(a, reference) < TOLERANCE


def test_4_a_2_cycle_is_all_it_takes():
    network = dense_network(4)
    x, target, initial = problem(network, 10)
    *_, (a, b) = trtrl_states(network, ns.TRTRL(), x, target, initial)
    *_, reference = snap_1(network, x, initial)
    assert difference(a, reference) > 1e-3
    between = columns(network, lambda j, i: j != i and j in network.units)
    assert np.abs(b[between]).min() > 0
    elsewhere = columns(network, lambda j, i: j == i or j not in network.units)
    assert not b[elsewhere].any()


@pytest.mark.parametrize("units", [1, 2, 3, 5])
@pytest.mark.parametrize("density", [0.5, 1.0])
def test_5_keeping_all_outputs_too_with_every_unit_an_output_is_rtrl(units, density):
    network = random_network(units, density, outputs=units, seed=units)
    given = problem(network, STEPS)
    reference = keep_set_gradients(
        network, *given, lambda j, i: ({j, i} & set(network.units)) | set(network.outputs)
    )
    assert difference(ns.gradients(network, ns.RTRL(), *given), reference) < TOLERANCE


@pytest.mark.parametrize("seed", range(4))
def test_5_keeping_every_unit_is_rtrl(seed):
    network = random_network(5, 0.6, outputs=2, seed=seed)
    given = problem(network, STEPS, seed)
    everything = keep_set_gradients(network, *given, lambda j, i: set(network.units))
    assert difference(ns.gradients(network, ns.RTRL(), *given), everything) < TOLERANCE


@pytest.mark.parametrize("rule", [ns.RTRL(), ns.TRTRL(), ns.TRTRL(literal=True)], ids=repr)
def test_a_part_without_path_to_an_output_gets_no_gradient(rule):
    pairs = [("n0", "n0"), ("x0", "n0"), ("n1", "n2"), ("n2", "n1"), ("x0", "n1")]
    network = network_of(pairs, ["n0", "n1", "n2"], ["x0"], ["n0"])
    assert not nx.has_path(network.graph, "n1", "n0")
    found = ns.gradients(network, rule, *problem(network, 20))
    dead = columns(network, lambda j, i: i != "n0")
    assert not found[:, dead].any()
    alive = columns(network, lambda j, i: i == "n0")
    assert np.abs(found[1:, alive]).min() > 0
