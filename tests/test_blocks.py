"""Rules that learn from a block of steps at its end: truncated BPTT(h, h') and the hybrid.

Gradients are held against automatic differentiation and RTRL; what steps that differ take, one by
one against the closed forms of their phase, and on the mean against the sum of a round.
"""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from autograd import grad

import neurosim as ns
from neurosim.engines import closed_cost, cost, cost_of, energy_of, simulated_step
from neurosim.engines.analytic.bounds import least
from neurosim.engines.arrays import ArraysEngine
from neurosim.engines.locality.measures import locality
from neurosim.engines.train import engine_for
from neurosim.learning import BPTT, RTRL, Census, Hybrid
from neurosim.learning.counts import total
from neurosim.machine import load
from neurosim.model import Fixed, Float
from tests.networks import (
    at_edges,
    dense_network,
    difference,
    problem,
    random_network,
    weight_matrix,
)
from tests.test_agreement import TOPOLOGIES, small, stream
from tests.test_census import worked
from tests.test_gradients import activations, losses

BLOCKS = (1, 3, 6, 12)
STEPS = 24
NETWORKS = [
    dense_network(7, 2, 2),
    dense_network(5, 1, 5, bias=False, activation="logistic", gain=2.5),
    random_network(9, 0.4, 1, 3, seed=1),
    random_network(12, 0.2, 2, 2, seed=2),
    random_network(6, 0.6, 1, 1, loops=False, seed=3),
]
each_network = pytest.mark.parametrize("network", NETWORKS, ids=lambda n: f"{len(n.edges)} edges")
UNLIKE = [Hybrid(0.05, 1), Hybrid(0.05, 4), Hybrid(0.05), BPTT(0.05, 5, 2), BPTT(0.05, 3, 3)]
each_rule = pytest.mark.parametrize("rule", UNLIKE, ids=lambda r: f"{r.name} {r}"[-24:])


def leaky(network: ns.Network) -> ns.Network:
    """Return the network with every other unit leaking."""
    graph = nx.DiGraph()
    graph.add_nodes_from(network.inputs)
    for place, unit in enumerate(network.units):
        graph.add_node(unit, leak=0.35 if place % 2 else 1.0)
    for (source, unit), weight in network.weights.items():
        graph.add_edge(source, unit, weight=weight)
    return ns.Network(graph, network.inputs, network.outputs, name="leaky")


def summed(gradients: np.ndarray, block: int) -> np.ndarray:
    """Add up whole blocks of steps."""
    return gradients.reshape(len(gradients) // block, block, -1).sum(axis=1)


def engine_after(network, rule, x, target, initial):
    """Return the array engine after a run with weights held fixed."""
    engine = ArraysEngine(network, replace(rule, learning_rate=0.0), Float(), initial)
    for sample, wanted in zip(x, target, strict=True):
        engine.step(sample, wanted)
    return engine


@pytest.mark.parametrize(("window", "every"), [(2, 2), (5, 2), (6, 3), (4, 3), (24, 6), (7, 1)])
@each_network
def test_truncated_bptt_is_the_graph_cut_at_the_window(network, window, every) -> None:
    """Autograd of the last h' losses, from the constant activations that the window begins with."""
    x, target, initial = problem(network, STEPS)
    found = ns.gradients(network, BPTT(window=window, every=every), x, target, initial)
    passed = activations(network, weight_matrix(network), x, initial)
    for t in range(STEPS):
        if (t + 1) % every:
            assert not found[t].any()
            continue
        first = max(0, t + 1 - window)

        def last_losses(W, span=slice(first, t + 1), y=passed[first]):
            return losses(network, W, x[span], target[span], y)[-every:].sum()

        reference = at_edges(network, grad(last_losses)(weight_matrix(network)))
        assert difference(found[t : t + 1], reference[None]) < 1e-12


@each_network
@pytest.mark.parametrize("every", [1, 4, 24])
def test_a_window_as_long_as_the_run_is_full_bptt(network, every) -> None:
    x, target, initial = problem(network, STEPS)
    full = ns.gradients(network, BPTT(), x, target, initial)
    for window in (None, STEPS, 1000):
        found = ns.gradients(network, BPTT(window=window, every=every), x, target, initial)
        assert difference(found[every - 1 :: every], summed(full, every)) < 1e-12


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("leaks", [False, True], ids=["", "leaky"])
@each_network
def test_the_hybrid_is_rtrl_at_the_end_of_every_block(network, leaks, block) -> None:
    """Gradient and influence; every entry of RTRL's counts, so none may be vanishingly small."""
    network = leaky(network) if leaks else network
    x, target, initial = problem(network, STEPS, seed=4)
    exact = ns.gradients(network, RTRL(), x, target, initial)
    found = ns.gradients(network, Hybrid(block=block), x, target, initial)
    assert np.abs(summed(exact, block)).max(axis=1).min() > 1e-3
    assert difference(found[block - 1 :: block], summed(exact, block)) < 1e-12
    inside = np.arange(STEPS) % block < block - 1
    assert not found[inside].any()
    hybrid, rtrl = (
        engine_after(network, rule, x, target, initial)._state
        for rule in (Hybrid(block=block), RTRL())
    )
    assert np.abs(rtrl.p).max() > 0.1
    np.testing.assert_allclose(hybrid.p, rtrl.p, rtol=0, atol=1e-12 * np.abs(rtrl.p).max())


@each_network
def test_the_networks_are_alive(network) -> None:
    """What happened a block ago still bears on the gradient, so that equality says something."""
    x, target, initial = problem(network, STEPS, seed=4)
    exact = ns.gradients(network, RTRL(), x, target, initial)
    short = ns.gradients(network, BPTT(window=3), x, target, initial)
    assert difference(short[12:], exact[12:]) > 1e-4
    engine = engine_after(network, Hybrid(block=STEPS + 1), x, target, initial)
    assert min(each.slope.mean() for each in engine._state.block) > 0.05


def test_without_a_block_it_has_as_many_steps_as_the_network_units() -> None:
    network = random_network(6, 0.5, 1, 2)
    x, target, initial = problem(network, 18)
    found = ns.gradients(network, Hybrid(), x, target, initial)
    assert np.array_equal(found, ns.gradients(network, Hybrid(block=6), x, target, initial))
    assert Hybrid().cost(network) == Hybrid(block=6).cost(network) != Hybrid(block=5).cost(network)


@pytest.mark.parametrize("rule", [Hybrid(0.05, 1), Hybrid(0.05, 3), *UNLIKE[3:]], ids=str)
@pytest.mark.parametrize("engine", ["stepwise", "clocked"])
def test_every_step_takes_what_the_closed_form_of_its_phase_says(rule, engine) -> None:
    for topology in ("fully_recurrent", "layered", "sparse_random"):
        for network in (small(topology), leaky(small(topology))):
            described = rule.for_units(len(network.units))
            stepper, census = engine_for(network, described, engine, Float()), Census.of(network)
            steps = sum(times for _, times in described.beats)
            x, target = stream(network, 2 * steps)
            counted = []
            for t in range(2 * steps):
                stepper.step(x[t], target[t])
                assert stepper.counts == described.closed_at(census, t % described.period)
                assert bool(stepper.gradient().any()) is described.learns(t % described.period)
                counted.append(stepper.counts)
            mean = rule.cost(network)
            for name, value in vars(total(counted)).items():
                assert abs(getattr(mean, name) - value / (2 * steps)) <= 0.5, name


@each_rule
def test_what_is_said_once_is_what_is_counted(rule) -> None:
    """``work_at`` of every kind of unit, for every phase, on graphs of every sort."""
    networks = [small(topology) for topology in TOPOLOGIES]
    networks += [leaky(network) for network in NETWORKS]
    networks += [dense_network(1), dense_network(2, outputs=2)]
    for network in networks:
        described, census = rule.for_units(len(network.units)), Census.of(network)
        for phase, _ in described.beats:
            assert worked(described, census, phase) == described.closed_at(census, phase)


@each_rule
@pytest.mark.parametrize("name", ["bus", "mesh"])
def test_a_step_costs_the_mean_of_a_round(rule, name) -> None:
    network, machine = small("small_world", outputs=3), load(name)
    described = machine.as_run(rule).for_units(len(network.units))
    engine = engine_for(network, described, "clocked", Float(), machine)
    steps = sum(times for _, times in described.beats)
    x, target = stream(network, steps)
    bounds = 0
    for t in range(steps):
        engine.step(x[t], target[t])
        at = least(Census.of(network), described, machine, Float(), t % described.period).bounds
        assert engine.cycles[t] >= at.cycles
        bounds += at.cycles
    found = cost(network, rule, machine)
    assert abs(found.cycles_per_step - sum(engine.cycles) / steps) <= 0.5
    parts = ("compute", "memory", "link", "barrier")
    split = sum(getattr(found, f"cycles_{part}") for part in parts)
    assert split == pytest.approx(sum(engine.cycles) / steps)
    assert found.multiplications_per_step == rule.cost(network).multiplications
    assert found.round_steps == (steps if steps > 1 else None)
    analytic = closed_cost(Census.of(network), rule, machine, Float())
    assert abs(analytic.cycles_per_step - bounds / steps) <= 0.5


def test_energy_and_utilisation_are_those_of_a_round() -> None:
    network, rule = small("fully_recurrent"), Hybrid(block=3)
    inside, end = (cost_at(network, rule, phase) for phase in (0, 2))
    found = cost(network, rule, "bus")
    energy = (2 * inside.energy_pj_per_step + end.energy_pj_per_step) / 3
    assert found.energy_pj_per_step == pytest.approx(energy)
    units = len(network.units)
    busy = 2 * inside.utilisation * inside.cycles_per_step + end.utilisation * end.cycles_per_step
    cycles = 2 * inside.cycles_per_step + end.cycles_per_step
    assert found.utilisation == pytest.approx(busy / cycles)
    census = Census.of(network)
    products = sum(rule.closed_at(census, phase).multiplications for phase in (0, 1, 2))
    assert found.utilisation == pytest.approx(products / (units * cycles))


def cost_at(network, rule, phase):
    """Return what one step of a phase costs on the bus."""
    machine = load("bus")
    activity, counts = simulated_step(network, rule, machine, Float(), phase=phase)
    energies = energy_of(network, machine, Float(), activity, counts)
    return cost_of(network, rule, machine, Float(), activity, energies)


@each_rule
def test_locality_is_that_of_the_dearest_step(rule) -> None:
    network = small("small_world")
    described = rule.for_units(len(network.units))
    found = locality(network, rule, load("mesh"), Float())
    counts = described.closed_at(Census.of(network), described.beats[-1].phase)
    assert found.traffic.total == counts.words_sent == found.counts.words_sent
    assert found.reuse.total == counts.reads + counts.writes


def test_a_run_reports_the_mean_step() -> None:
    network, rule = small("ring"), Hybrid(block=4)
    x, target = stream(network, 10)
    for engine in ("arrays", "stepwise", "clocked"):
        assert ns.train(network, rule, x, target, engine=engine).counts == rule.cost(network)


@pytest.mark.parametrize("number", [Float(), Fixed()], ids=["float", "fixed"])
@each_rule
def test_weights_move_at_the_end_of_a_block_only(rule, number) -> None:
    network = small("fully_recurrent")
    described = rule.for_units(len(network.units))
    engine = engine_for(network, described, "arrays", number)
    x, target = (number.encode(each) for each in stream(network, 3 * 7))
    before = engine.weights()
    for t in range(len(x)):
        engine.step(x[t], target[t])
        moved = not np.array_equal(before, engine.weights())
        assert moved is described.learns(t % described.period)
        before = engine.weights()


@pytest.mark.parametrize("number", [Float(), Fixed()], ids=["float", "fixed"])
@each_rule
def test_networks_learn_side_by_side_as_alone(rule, number) -> None:
    networks = [small("sparse_random").with_weights(
        np.random.default_rng(n).uniform(-1, 1, len(small("sparse_random").edges))
    ) for n in range(3)]  # fmt: skip
    x, target = stream(networks[0], 16)
    together = ns.train_many(networks, rule, x, target, number)
    for network, run in zip(networks, together, strict=True):
        alone = ns.train(network, rule, x, target, number=number).network.weight_vector
        np.testing.assert_allclose(run.network.weight_vector, alone, rtol=0, atol=1e-12)
        assert np.abs(alone - network.weight_vector).max() > 1e-3


def test_the_hybrid_takes_n_cubed_where_rtrl_takes_n_to_the_fourth() -> None:
    """Multiplications and words sent a step, with blocks as long as the network has units."""
    sizes = (64, 128, 256)
    for rule, products, words in ((Hybrid(), 3, 3), (RTRL(), 4, 4)):
        counts = [rule.for_units(n).closed(Census.complete(n)) for n in sizes]
        for name, power in (("multiplications", products), ("words_sent", words)):
            figures = np.array([getattr(each, name) for each in counts], dtype=float)
            slopes = np.diff(np.log(figures)) / np.diff(np.log(sizes))
            assert slopes == pytest.approx(power, abs=0.1)
    n = 256
    assert Hybrid().for_units(n).closed(Census.complete(n)).multiplications < 1.1 * 3 * n**3


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: BPTT(window=2, every=3), "BPTT.window: must hold the 3 steps"),
        (lambda: BPTT(every=0), "BPTT.every: must be a whole number from 1 up"),
        (lambda: BPTT(window=2.0), "BPTT.window: must be a whole number from 1 up"),
        (lambda: Hybrid(block=0), "Hybrid.block: must be a whole number from 1 up"),
        (lambda: Hybrid().period, "Hybrid.block: give a block"),
        (lambda: BPTT().period, "BPTT.window: give a window"),
    ],
)
def test_options_that_make_no_sense_are_refused(make, says) -> None:
    with pytest.raises(ns.UserError, match=says):
        make()
