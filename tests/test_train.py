"""Training: the loop, its arguments, and how it ends."""

import networkx as nx
import numpy as np
import pytest

import neurosim as ns
from neurosim.study.graphs import graph_from

STEPS = 40
RNG = np.random.default_rng(5)
INPUTS, TARGETS = RNG.uniform(-1, 1, (2, STEPS, 1))


def network(**options) -> ns.Network:
    graph, inputs, outputs = graph_from("fully_recurrent", units=4)
    return ns.Network(graph, inputs, outputs, **options)


def test_a_run_has_what_it_promises_and_leaves_its_argument_alone() -> None:
    before = network()
    weights = before.weights
    run = ns.train(before, ns.TRTRL(0.05), INPUTS, TARGETS)
    assert run.outputs.shape == run.errors.shape == (STEPS, 1)
    np.testing.assert_allclose(run.outputs + run.errors, TARGETS, atol=1e-15)
    assert before.weights == weights != run.network.weights
    assert run.cycles is None
    assert run.counts == ns.TRTRL().cost(before)
    tail = slice(-STEPS // 10, None)
    assert run.nmse() == pytest.approx(np.mean(run.errors[tail] ** 2) / np.var(TARGETS[tail]))


def test_runs_repeat_to_the_bit() -> None:
    for engine in ("arrays", "stepwise", "clocked"):
        first, second = (
            ns.train(network(seed=4), ns.RTRL(0.1), INPUTS, TARGETS, engine=engine)
            for _ in range(2)
        )
        assert first.network.weights == second.network.weights
        np.testing.assert_array_equal(first.outputs, second.outputs)


def test_the_clocked_engine_tells_the_cycles_of_every_step() -> None:
    run = ns.train(network(), ns.TRTRL(), INPUTS, TARGETS, engine="clocked", machine="ideal")
    assert run.cycles is not None
    assert run.cycles.shape == (STEPS,)
    assert run.cycles[0] == ns.cost(network(), ns.TRTRL(), "ideal").cycles_per_step


def test_many_networks_side_by_side_learn_what_each_would_alone() -> None:
    each = [network(seed=s) for s in range(3)]
    for number in (ns.Float(), ns.Fixed()):
        for rule in (ns.RTRL(0.05), ns.TRTRL(0.05), ns.BPTT(0.05, window=3)):
            together = ns.train_many(each, rule, INPUTS, TARGETS, number=number)
            for one, run in zip(each, together, strict=True):
                alone = ns.train(one, rule, INPUTS, TARGETS, number=number)
                np.testing.assert_allclose(run.outputs, alone.outputs, rtol=0, atol=1e-13)


def test_on_step_sees_every_step() -> None:
    seen = []
    run = ns.train(
        network(), ns.TRTRL(), INPUTS, TARGETS, on_step=lambda t, y, e: seen.append((t, y[0], e[0]))
    )
    assert [t for t, _, _ in seen] == list(range(STEPS))
    np.testing.assert_array_equal([y for _, y, _ in seen], run.outputs[:, 0])


def test_ctrl_c_keeps_what_was_done() -> None:
    def stop(t, outputs, errors):
        if t == 9:
            raise KeyboardInterrupt

    run = ns.train(network(), ns.TRTRL(0.05), INPUTS, TARGETS, on_step=stop)
    assert (run.interrupted, run.steps) == (True, 10)
    shorter = ns.train(network(), ns.TRTRL(0.05), INPUTS[:10], TARGETS[:10])
    assert run.network.weights == shorter.network.weights


def test_diverging_says_when_and_keeps_the_run() -> None:
    with pytest.raises(ns.RunFailed, match=r"TRTRL on network: diverged at step \d+") as caught:
        ns.train(network(), ns.TRTRL(1e308), INPUTS, TARGETS + 9)
    run = caught.value.run
    assert run.diverged_at == run.steps < STEPS
    assert np.isfinite(run.outputs).all()


def line(rate: float, scale: float = 1.0, steps: int = 2_100, activation: str = "linear"):
    """Let one unit learn to be ``scale``, from an input that is always 1."""
    graph = nx.DiGraph([("x", "u")])
    described = ns.Network(graph, ["x"], ["u"], activation=activation, seed=1)
    return ns.train(described, ns.TRTRL(rate), np.ones(steps), np.full(steps, scale))


def test_errors_that_grow_without_bound_end_a_run_long_before_they_overflow() -> None:
    """The error's factor a step is 1 - rate: at a rate of 2.005 it grows, by one in 200."""
    with pytest.raises(ns.RunFailed, match=r"diverged at step 2048, .* mean squared err") as caught:
        line(2.005)
    run = caught.value.run
    assert run.steps == run.diverged_at == len(run.errors) == 2_048
    assert np.isfinite(run.outputs).all()
    assert run.nmse() is None
    assert line(1.995).diverged_at is None


def test_weights_that_grow_without_bound_are_found_where_outputs_cannot() -> None:
    with pytest.raises(ns.RunFailed, match=r"a weight has grown to 1e\+12 times") as caught:
        line(1e12, 3.0, activation="tanh")
    assert caught.value.run.steps == 1_024


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e6, 1e12])
def test_targets_of_any_size_are_learned_without_alarm(scale: float) -> None:
    assert abs(line(0.1, scale, steps=1_100).errors[-1]) <= 1e-9 * scale


def test_gradients_hold_the_weights_fixed_and_point_uphill() -> None:
    net = network()
    gradients = ns.gradients(net, ns.RTRL(0.5), INPUTS, TARGETS)
    assert gradients.shape == (STEPS, len(net.edges))
    first = ns.train(net, ns.RTRL(0.5), INPUTS[:1], TARGETS[:1]).network.weight_vector
    np.testing.assert_allclose(first, net.weight_vector - 0.5 * gradients[0], atol=1e-15)


def test_bptt_of_a_whole_run_is_rtrl() -> None:
    one = ns.gradients(network(), ns.BPTT(), INPUTS, TARGETS)
    other = ns.gradients(network(), ns.RTRL(), INPUTS, TARGETS)
    np.testing.assert_allclose(one, other, atol=1e-13)


NAN = INPUTS.copy()
NAN[3, 0] = np.nan
MISTAKES = {
    "engine": ({"engine": "array"}, "engine 'array': unknown. Did you mean arrays?"),
    "machine without time": ({"machine": "bus"}, "the arrays engine has no time"),
    "machine unknown": ({"engine": "clocked", "machine": "bsu"}, "machine 'bsu': unknown"),
    "two columns": ({"inputs": np.zeros((STEPS, 2))}, "inputs: must have shape (steps, 1)"),
    "lengths": ({"inputs": INPUTS[:7]}, "inputs have 7 steps, targets 40"),
    "nan": ({"inputs": NAN}, "inputs: step 3, column 0 is nan"),
    "text": ({"targets": ["a"] * STEPS}, "targets: must be an array of numbers"),
    "empty": ({"inputs": [], "targets": []}, "inputs: is empty"),
    "rate too large": (
        {"rule": ns.TRTRL(1.5), "number": ns.Fixed()},
        "fixed16.12 holds rates below 1",
    ),
    "rate too small": ({"rule": ns.TRTRL(1e-9), "number": ns.Fixed()}, "rounds to zero"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake: str) -> None:
    options, message = MISTAKES[mistake]
    arguments = {"rule": ns.TRTRL(), "inputs": INPUTS, "targets": TARGETS, **options}
    with pytest.raises(ns.UserError) as caught:
        ns.train(network(), **arguments)
    assert message in str(caught.value)


@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf"), "fast", None])
def test_learning_rates_that_are_none(rate) -> None:
    with pytest.raises(ns.UserError, match="learning_rate: must be a finite number"):
        ns.TRTRL(rate)


def test_placements_that_are_none() -> None:
    with pytest.raises(ns.UserError, match=r"TRTRL\.placement: must be one of unit, owner"):
        ns.TRTRL(placement="onwer")
    with pytest.raises(ns.UserError, match="Set placement to unit"):
        ns.TRTRL(literal=True, placement="owner")


@pytest.mark.parametrize("window", [0, -1, 2.5, "all", True])
def test_windows_that_are_none(window) -> None:
    with pytest.raises(ns.UserError, match=r"BPTT\.window"):
        ns.BPTT(0.1, window)


def test_initial_activations_that_are_none() -> None:
    for initial in ([0.0], [np.nan] * 4):
        with pytest.raises(ns.UserError, match="initial: must be 4 finite numbers"):
            ns.gradients(network(), ns.RTRL(), INPUTS, TARGETS, initial=initial)


def test_the_normalised_error_of_several_outputs() -> None:
    """Outputs around different means: each varies about its own."""
    graph, inputs, outputs = graph_from("fully_recurrent", units=4, outputs=2)
    targets = np.hstack([TARGETS, 0.1 * TARGETS + 5])
    run = ns.train(ns.Network(graph, inputs, outputs), ns.TRTRL(0.0), INPUTS, targets)
    tail = slice(-STEPS // 10, None)
    expected = (run.errors[tail] ** 2).mean(axis=0).sum() / targets[tail].var(axis=0).sum()
    assert run.nmse() == pytest.approx(expected)
