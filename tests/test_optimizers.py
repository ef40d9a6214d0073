"""Optimisers: the papers' pseudo-code, messages against arrays, counts, schedules, refusals."""

import math
from dataclasses import replace
from statistics import median

import numpy as np
import pytest

import neurosim as ns
from neurosim.engines.arrays import ArraysEngine
from neurosim.engines.train import engine_for
from neurosim.errors import UserError
from neurosim.learning import Census, Hybrid
from neurosim.learning.optimizers import OPTIMIZERS, SCHEDULES, Exponential, Linear
from neurosim.model import Fixed, Float
from neurosim.study.graphs import graph_from
from neurosim.study.optimizers import OptimizerSpec
from neurosim.study.problem import Problem
from neurosim.study.scenario import digest, from_mapping
from tests.networks import dense_network
from tests.test_agreement import RULES, compare, small
from tests.test_census import worked
from tests.test_compiled import close, is_compiled, learnt, varied

OPTIMISERS = {
    "plain": ns.Plain(),
    "momentum": ns.Momentum(0.8),
    "nesterov": ns.Momentum(0.8, nesterov=True),
    "adam": ns.Adam(0.8, 0.99),
    "value": ns.Clipped(value=0.02),
    "norm": ns.Clipped(norm=0.1),
    "nesterov by value": ns.Clipped(ns.Momentum(0.8, nesterov=True), value=0.02),
    "adam by both": ns.Clipped(ns.Adam(), value=0.05, norm=0.2),
}
IN_FIXED = ("plain", "momentum", "nesterov", "value", "nesterov by value")
COSINE = ns.Cosine(steps=30, warmup=5)


# --- one word at a time, as the papers say it -----------------------------------------------------


def by_momentum(gradients, mu, nesterov=False):
    v = 0.0
    for g in gradients:
        v = mu * v + g
        yield g + mu * v if nesterov else v


def by_adam(gradients, b1, b2, epsilon):
    """Algorithm 1 of Kingma and Ba, for a gradient that points downhill."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        yield m_hat / (math.sqrt(v_hat) + epsilon)


def clipped(rows, value=None, norm=None):
    """Clip the gradients (steps, edges) of one network."""
    for row in rows:
        if value is not None:
            row = [max(-value, min(value, g)) for g in row]
        size = math.sqrt(sum(g * g for g in row))
        if norm is not None and size > norm:
            row = [g * norm / size for g in row]
        yield row


REFERENCES = {
    "plain": (ns.Plain(), list, {}),
    "momentum": (ns.Momentum(0.7), lambda g: by_momentum(g, 0.7), {}),
    "nesterov": (ns.Momentum(0.7, nesterov=True), lambda g: by_momentum(g, 0.7, True), {}),
    "adam": (ns.Adam(0.8, 0.95, 1e-3), lambda g: by_adam(g, 0.8, 0.95, 1e-3), {}),
    "value": (ns.Clipped(value=0.5), list, {"value": 0.5}),
    "norm": (ns.Clipped(norm=1.0), list, {"norm": 1.0}),
    "both": (
        ns.Clipped(ns.Adam(), value=0.5, norm=0.8),
        lambda g: by_adam(g, 0.9, 0.999, 1e-8),
        {"value": 0.5, "norm": 0.8},
    ),
}


def directions(optimizer, gradients):
    """Return what the pure pair makes of gradients (steps, ..., edges)."""
    state, found = optimizer.init(gradients.shape[1:], Float()), []
    for t, gradient in enumerate(gradients):
        direction, state = optimizer.step(Float(), state, gradient, t)
        found.append(direction)
    return np.array(found)


@pytest.mark.parametrize("name", REFERENCES)
def test_the_pure_pair_is_the_pseudo_code(name: str) -> None:
    optimizer, method, bounds = REFERENCES[name]
    gradients = np.random.default_rng(1).normal(size=(30, 2, 5))
    gradients[7] = 0.0
    found = directions(optimizer, gradients)
    for n in range(2):
        rows = np.array(list(clipped(gradients[:, n].tolist(), **bounds)))
        expected = np.array([list(method(rows[:, edge].tolist())) for edge in range(5)]).T
        np.testing.assert_allclose(found[:, n], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["momentum", "nesterov", "adam", "value", "norm"])
def test_the_pure_pair_is_that_of_torch(name: str) -> None:
    import torch

    gradients = np.random.default_rng(2).normal(size=(30, 6))
    w = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    made = {
        "momentum": lambda: torch.optim.SGD([w], lr=0.1, momentum=0.7),
        "nesterov": lambda: torch.optim.SGD([w], lr=0.1, momentum=0.7, nesterov=True),
        "adam": lambda: torch.optim.Adam([w], lr=0.1, betas=(0.8, 0.95), eps=1e-3),
    }.get(name, lambda: torch.optim.SGD([w], lr=0.1))()
    for gradient in gradients:
        w.grad = torch.tensor(-gradient)
        if name == "value":
            torch.nn.utils.clip_grad_value_([w], 0.5)
        if name == "norm":
            torch.nn.utils.clip_grad_norm_([w], 1.0)
        made.step()
    expected = 0.1 * directions(REFERENCES[name][0], gradients).sum(axis=0)
    tolerance = 1e-5 if name == "norm" else 1e-12  # torch adds 1e-6 to the norm
    np.testing.assert_allclose(w.detach().numpy(), expected, rtol=tolerance, atol=tolerance)


# --- schedules ------------------------------------------------------------------------------------


def test_schedules_are_their_formulas() -> None:
    steps = np.arange(12)
    np.testing.assert_allclose(ns.Constant(warmup=4).factors(0, 6), [0.25, 0.5, 0.75, 1, 1, 1])
    linear = [1 - 0.9 * min(s, 10) / 10 for s in steps]
    np.testing.assert_allclose(ns.Linear(steps=10, final=0.1).factors(0, 12), linear)
    cosine = [0.5 * (1 + math.cos(math.pi * min(1, max(0, s - 2) / 8))) for s in steps]
    rising = [0.5, *[1.0] * 11]
    found = ns.Cosine(steps=10, warmup=2).factors(0, 12)
    np.testing.assert_allclose(found, np.multiply(cosine, rising), atol=1e-15)
    stairs = Exponential(decay=0.1, every=5, stairs=True).factors(3, 8)
    np.testing.assert_allclose(stairs, [1, 1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.01])
    np.testing.assert_allclose(Exponential(decay=0.1, every=5).factors(10, 1), [0.01])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_does_not_depend_on_the_parts_that_it_is_asked_in(schedule: str) -> None:
    made = SCHEDULES[schedule](warmup=3).for_steps(20)
    parts = np.concatenate([made.factors(0, 7), made.factors(7, 1), made.factors(8, 12)])
    np.testing.assert_array_equal(parts, made.factors(0, 20))
    assert made.steady is False
    assert SCHEDULES[schedule]().steady is (schedule == "constant")


def test_a_schedule_ends_with_the_run() -> None:
    network = dense_network(3)
    x = np.zeros((50, 1))
    unsaid, same, other = (
        ns.train(network, ns.TRTRL(0.1), x, x + 0.5, schedule=schedule).network.weight_vector
        for schedule in (ns.Linear(), ns.Linear(steps=50), ns.Linear(steps=49))
    )
    np.testing.assert_array_equal(unsaid, same)
    assert (unsaid != other).any()
    with pytest.raises(UserError, match=r"Linear.steps: how long the stream is"):
        engine_for(network, ns.TRTRL(schedule=Linear()), "arrays", Float()).step(x[0], x[0])


@pytest.mark.torch
def test_schedules_are_those_of_torch() -> None:
    import torch

    kinds = torch.optim.lr_scheduler
    for own, make in (
        (ns.Cosine(steps=20, final=0.1), lambda o: kinds.CosineAnnealingLR(o, 20, 0.1)),
        (ns.Linear(steps=20, final=0.1), lambda o: kinds.LinearLR(o, 1.0, 0.1, 20)),
        (ns.Exponential(decay=0.9, every=1), lambda o: kinds.ExponentialLR(o, 0.9)),
        (ns.Exponential(decay=0.5, every=7, stairs=True), lambda o: kinds.StepLR(o, 7, 0.5)),
    ):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        scheduler, rates = make(optimizer), []
        for _ in range(20):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        np.testing.assert_allclose(own.factors(0, 20), rates, rtol=1e-12)


# --- messages, arrays, kernels --------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["stepwise", "clocked"])
@pytest.mark.parametrize("rule", ["rtrl", "trtrl"])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_arrays_are_the_messages(name: str, rule: str, engine: str) -> None:
    described = replace(RULES[rule], optimizer=OPTIMISERS[name], schedule=COSINE)
    compare(varied(), described, Float(), engine, "arrays", 25)
    if name in IN_FIXED:
        compare(small("small_world"), described, Fixed(), engine, "arrays", 25)


@pytest.mark.parametrize("rule", ["bptt-5-2", "hybrid-4", "uoro", "snap-3", "trtrl-owner"])
@pytest.mark.parametrize("name", ["nesterov", "adam by both"])
def test_arrays_are_the_messages_of_other_rules(name: str, rule: str) -> None:
    described = replace(RULES[rule], optimizer=OPTIMISERS[name])
    compare(small("elman"), described, Float(), "stepwise", "arrays", 13)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_weights_follow_the_gradients_that_the_engine_reports(name: str) -> None:
    network, optimizer = dense_network(4, 1, 2), OPTIMISERS[name]
    rule = Hybrid(0.05, block=3, optimizer=optimizer, schedule=COSINE)
    engine, rng = ArraysEngine(network, rule, Float()), np.random.default_rng(5)
    weights, state = network.weight_vector, optimizer.init((len(network.edges),), Float())
    for t in range(12):
        engine.step(rng.uniform(-1, 1, 1), rng.uniform(-0.8, 0.8, 2))
        if t % 3 == 2:  # only the end of a block is a step of the optimiser
            direction, state = optimizer.step(Float(), state, engine.gradient(), t // 3)
            weights = weights + 0.05 * COSINE.factors(t, 1) * direction
        np.testing.assert_allclose(engine.weights(), weights, rtol=0, atol=1e-12)


SINGLE = pytest.param(Float(32), marks=pytest.mark.slow)  # another kernel to be compiled


@pytest.mark.parametrize("number", [Float(), SINGLE], ids=lambda number: number.name)
@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_kernel_is_the_array_form(name: str, number: Float) -> None:
    rule = ns.SnAp(0.05, optimizer=OPTIMISERS[name], schedule=COSINE)
    found, engine = learnt(varied(), rule, number, parts=(7, 20, 18))
    expected, plain = learnt(varied(), rule, number, steps=0)
    assert is_compiled(engine)
    assert not is_compiled(plain)
    close(found, expected, 1e-9 if number.bits == 64 else 2e-3)


def test_an_optimiser_of_ones_own_goes_without_a_kernel() -> None:
    class Sign(ns.Plain):
        def step(self, number, state, gradient, t):
            return np.sign(gradient), None

    _, engine = learnt(varied(), ns.SnAp(0.05, optimizer=Sign()))
    assert not is_compiled(engine)


@pytest.mark.parametrize("name", ["norm", "adam by both"])
def test_networks_side_by_side_do_not_know_of_each_other(name: str) -> None:
    networks = [dense_network(4, seed=seed) for seed in range(3)]
    networks = [networks[0].with_weights(each.weight_vector) for each in networks]
    x = np.random.default_rng(6).uniform(-1, 1, (40, 1))
    rule, optimizer = ns.TRTRL(0.05), OPTIMISERS[name]
    for network, run in zip(
        networks, ns.train_many(networks, rule, x, x / 2, optimizer=optimizer), strict=True
    ):
        alone = ns.train(network, rule, x, x / 2, optimizer=optimizer)
        np.testing.assert_allclose(
            run.network.weight_vector, alone.network.weight_vector, rtol=0, atol=1e-12
        )


def test_a_fixed_weight_stays_and_costs_nothing() -> None:
    network = varied()
    assert network.fixed.sum() == 1
    engine = engine_for(network, ns.TRTRL(0.05, optimizer=ns.Adam()), "stepwise", Float())
    for _ in range(5):
        engine.step(np.array([0.3, -0.2]), np.array([0.5, 0.1]))
    moved = engine.weights() != network.weight_vector
    assert moved[~network.fixed].any()
    assert not moved[network.fixed].any()
    plain, adam = (ns.TRTRL(optimizer=each).cost(network) for each in (ns.Plain(), ns.Adam()))
    learned, units = len(network.edges) - 1, len(network.units)
    assert adam.divisions - plain.divisions == 2 * learned + 2 * units
    assert adam.stored_words - plain.stored_words == 2 * learned + 2 * units


@pytest.mark.parametrize("rule", ["rtrl", "trtrl", "bptt-5-2", "hybrid-4", "uoro", "inference"])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_census_counts_what_programs_do(name: str, rule: str) -> None:
    described = replace(RULES[rule], optimizer=OPTIMISERS[name])
    for census, network in (
        (Census.complete(5, outputs=2), dense_network(5, 1, 2)),
        (Census.of(varied()), varied()),
    ):
        assert described.counted(census) == described.cost(network)
        for beat in described.beats:
            expected = described.counted_at(census, beat.phase)
            assert worked(described, census, beat.phase) == expected


def test_inference_takes_nothing_of_an_optimiser() -> None:
    network = dense_network(4)
    assert ns.Inference(optimizer=ns.Adam()).cost(network) == ns.Inference().cost(network)
    kept = ns.Inference(optimizer=ns.Adam()).described(network.neurons[0], network)
    assert "mean" not in kept


def test_only_the_norm_is_not_local() -> None:
    network = dense_network(6)
    sent = {name: ns.TRTRL(optimizer=each).cost(network).words_broadcast
            for name, each in OPTIMISERS.items()}  # fmt: skip
    assert {name for name, words in sent.items() if words} == {"norm", "adam by both"}
    assert sent["norm"] == 2 * 5  # to the root, and back


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [
        (ns.Adam(), r"^Adam: needs divisions and square roots.*--number.kind float, or use mom"),
        (ns.Clipped(ns.Adam(), value=1.0), r"^Adam: needs divisions"),
        (ns.Clipped(norm=1.0), r"^Clipped.norm: needs a division.*Clip by value"),
        (ns.Momentum(0.99999), r"^Momentum.momentum: 0.99999 rounds to 1"),
        (ns.Clipped(value=1e-6), r"^Clipped.value: 1e-06 rounds to zero"),
    ],
)
@pytest.mark.parametrize("engine", ["arrays", "stepwise", "clocked"])
def test_what_fixed_point_cannot_do(optimizer, said: str, engine: str) -> None:
    with pytest.raises(UserError, match=said):
        engine_for(dense_network(3), ns.TRTRL(optimizer=optimizer), engine, Fixed())


@pytest.mark.parametrize("rule", [ns.RTRL, ns.TRTRL])
@pytest.mark.parametrize("optimizer", [ns.Momentum(), ns.Clipped(value=0.1)])
def test_the_chip_takes_plain_steps_only(rule, optimizer) -> None:
    with pytest.raises(UserError, match=r"optimizer \w+ has no place on the chip"):
        engine_for(dense_network(3), rule(optimizer=optimizer), "clocked", Fixed(), machine="chip")


def test_the_chip_follows_a_schedule() -> None:
    rule = ns.TRTRL(0.05, schedule=COSINE, placement="owner")
    compare(small("small_world"), rule, Fixed(), "clocked", "arrays", 12, "chip")
    with pytest.raises(UserError, match="register"):
        ns.hardware.planned(small("small_world"), rule)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ns.Adam(beta1=1.0), r"Adam.beta1: .* from 0 up and below 1 \(got 1.0\)"),
        (lambda: ns.Adam(epsilon=0.0), r"Adam.epsilon: .* above 0"),
        (lambda: ns.Momentum(True), r"Momentum.momentum: must be a finite number"),
        (lambda: ns.Clipped(ns.Adam()), r"Clipped: clips nothing"),
        (lambda: ns.Clipped(norm=-1.0), r"Clipped.norm: "),
        (lambda: ns.Cosine(steps=5, warmup=5), r"Cosine.steps: the warm-up alone takes 5"),
        (lambda: ns.Linear(final=1.5), r"Linear.final: "),
        (lambda: ns.Exponential(decay=0.0), r"Exponential.decay: "),
        (lambda: ns.Constant(warmup=-1), r"Constant.warmup: must be a whole number from 0 up"),
        (lambda: ns.TRTRL(optimizer="adam"), r"TRTRL.optimizer: .* such as Adam\(\)"),
        (lambda: ns.TRTRL(schedule=0.1), r"TRTRL.schedule: .* such as Cosine\(\)"),
    ],
)
def test_settings_without_a_meaning(make, said: str) -> None:
    with pytest.raises(UserError, match=said):
        make()


# --- scenarios ------------------------------------------------------------------------------------


def test_a_scenario_says_which() -> None:
    given = {"name": "adam", "beta1": 0.8, "clip_norm": 2.0, "schedule": "cosine", "warmup": 9}
    scenario = from_mapping({"optimizer": given, "machine": "none"}, "test:")
    rule = Problem.of(scenario, 0).rule("trtrl")
    assert rule.optimizer == ns.Clipped(ns.Adam(0.8), norm=2.0)
    assert rule.schedule == ns.Cosine(warmup=9)
    nothing = from_mapping({"optimizer": {}}, "test:")
    assert digest(nothing) == digest(from_mapping({}, "test:")) != digest(scenario)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"momentum": 0.5}, "momentum: does not apply to plain. Drop it, or use momentum"),
        ({"name": "adam", "nesterov": True}, "nesterov: does not apply to adam"),
        ({"decay_steps": 7}, "decay_steps: does not apply to constant. Drop it, or use linear"),
        ({"schedule": "exponential", "final": 0.1}, "final: does not apply to exponential"),
        ({"schedule": "linear", "decay_steps": 0}, "^decay_steps: must be a whole number from 1"),
        ({"clip_value": 0.0}, "^clip_value: must be a finite number above 0"),
        ({"name": "sgd"}, "name: sgd is unknown. Known: plain, momentum, adam"),
    ],
)
def test_options_that_do_not_apply(given, said: str) -> None:
    with pytest.raises(UserError, match=said):
        OptimizerSpec(**given)


def test_the_section_knows_all_options() -> None:
    for kinds in (OPTIMIZERS, SCHEDULES):
        for name in kinds:
            key = "name" if kinds is OPTIMIZERS else "schedule"
            spec = OptimizerSpec(**{key: name})
            made = spec.optimizer() if kinds is OPTIMIZERS else spec.rates()
            assert made == kinds[name]()  # the documented defaults are those of the classes


# --- learning -------------------------------------------------------------------------------------


def doubler(seed: int) -> ns.Network:
    graph, inputs, outputs = graph_from("fully_recurrent", units=12)
    return ns.Network(graph, inputs, outputs, seed=seed)


def test_momentum_and_adam_learn_at_a_rate_that_is_too_small_for_plain_steps() -> None:
    t = np.arange(4000)
    x, target = np.sin(2 * np.pi * t / 12), 0.8 * np.sin(4 * np.pi * t / 12)
    networks, left = [doubler(seed) for seed in range(3)], {}
    for name, optimizer in (("plain", None), ("momentum", ns.Momentum()), ("adam", ns.Adam())):
        runs = ns.train_many(networks, ns.TRTRL(0.001), x, target, optimizer=optimizer)
        left[name] = median(float((run.errors[-500:] ** 2).mean() / 0.32) for run in runs)
    assert left["plain"] > 0.5  # of the target's variance
    assert left["momentum"] < 0.05
    assert left["adam"] < 0.1
