"""The chip from Python: what a user reads, writes and switches between steps."""

from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import UserError
from neurosim.study.graphs import graph_from
from tests.hardware import needs

pytestmark = needs.compiler
RATE, STEPS = 0.25, 40


def series(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.uniform(-1, 1, (STEPS, 1)), random.uniform(-0.8, 0.8, (STEPS, 1))


@pytest.fixture(scope="module")
def network() -> ns.Network:
    graph, inputs, outputs = graph_from("fully_recurrent", units=4)
    return ns.Network(graph, inputs, outputs, seed=5)


@pytest.fixture(scope="module")
def built(network: ns.Network):
    return ns.hardware.build(network, ns.TRTRL(RATE), ns.Fixed(), lanes=2)


@pytest.fixture
def core(built):
    built.reset()
    return built


def test_it_trains_like_software(core, network) -> None:
    x, target = series()
    software = ns.train(network, ns.TRTRL(RATE), x, target, number=ns.Fixed())
    run = core.train(x, target)
    np.testing.assert_array_equal(run.outputs, software.outputs)
    np.testing.assert_array_equal(run.errors, software.errors)
    assert run.network.weights == software.network.weights == core.weights
    assert set(run.cycles) == {core.cycles} == {core.schedule.cycles}


def test_steps_are_those_of_a_run(core) -> None:
    x, target = series()
    outputs = [core.step(a, b) for a, b in zip(x, target, strict=True)]
    core.reset()
    np.testing.assert_array_equal(outputs, core.train(x, target).outputs)


def test_a_state_that_was_read_can_be_loaded_and_goes_on(core) -> None:
    (x, target), (later, wanted) = series(), series(1)
    core.train(x[:-1], target[:-1])  # an odd number of steps
    state = core.weights, core.sensitivities, core.activations
    first = core.train(later, wanted)
    core.reset()
    core.weights, core.sensitivities, core.activations = state
    again = core.train(later, wanted)
    np.testing.assert_array_equal(first.outputs, again.outputs)
    assert first.network.weights == again.network.weights


def test_learning_is_a_switch_and_its_rate_a_register(core, network) -> None:
    x, target = series()
    core.train(x, target, learn=False)
    assert core.weights == dict(
        zip(network.edges, ns.Fixed().decode(weights(network), "weight").tolist(), strict=True)
    )
    assert core.cycles == core.assembled.inference.cycles < core.schedule.cycles
    core.reset()
    core.learning_rate = RATE / 4
    software = ns.train(network, ns.TRTRL(RATE / 4), x, target, number=ns.Fixed())
    assert core.train(x, target).network.weights == software.network.weights


def weights(network: ns.Network) -> np.ndarray:
    return ns.Fixed().encode(network.weight_vector, "weight")


def test_what_cannot_be_loaded_is_refused(core) -> None:
    with pytest.raises(UserError, match="keeps no 'c'"):
        core.sensitivities = {"c": np.zeros(24)}
    with pytest.raises(UserError, match="a has shape"):
        core.sensitivities = {"a": np.zeros(3)}
    with pytest.raises(UserError, match="one for each of 4 units"):
        core.activations = [0.0]
    with pytest.raises(UserError, match="there is no edge"):
        core.weights = {("n0", "nowhere"): 1.0}


def test_what_cannot_be_built_is_refused_at_once(network) -> None:
    with pytest.raises(UserError, match="computes in fixed point"):
        ns.hardware.build(network, ns.TRTRL(RATE), ns.Float(), lanes=2)
    with pytest.raises(UserError, match="BPTT"):
        ns.hardware.build(network, ns.BPTT(RATE, window=3), ns.Fixed(), lanes=2)
    with pytest.raises(UserError, match="lanes: must be from 1 to 4"):
        ns.hardware.build(network, ns.TRTRL(RATE), ns.Fixed(), lanes=5)
    with pytest.raises(UserError, match="learning_rate"):
        ns.hardware.build(network, replace(ns.TRTRL(RATE), learning_rate=1e-9), lanes=2)
