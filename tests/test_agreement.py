"""One program, several readers: engines agree on every rule, topology and number format.

A new rule earns its place by a row in ``RULES``.
"""

from dataclasses import replace

import numpy as np
import pytest

from neurosim import machine
from neurosim.engines.train import engine_for
from neurosim.errors import UserError
from neurosim.learning import (
    BPTT,
    KFRTRL,
    OK,
    RFLO,
    RLS,
    RTRL,
    STDP,
    TRTRL,
    UORO,
    EProp,
    FocusedBP,
    Hybrid,
    Inference,
    Ridge,
    SnAp,
)
from neurosim.model import Fixed, Float, Network
from neurosim.study import catalog
from neurosim.study.graphs import graph_from

# Those with units or weights of their own kind: test_gated_units.py, test_lecture_networks.py,
# test_reservoirs.py, test_hopfield.py.
SPECIAL = {
    "echo_state",
    "feed_forward",
    "gru",
    "hopfield",
    "jordan",
    "liquid",
    "lstm",
    "tdnn",
}
TOPOLOGIES = sorted({*catalog.names("topologies")} - SPECIAL)
RULES = {
    "rtrl": RTRL(0.05),
    "trtrl": TRTRL(0.05),
    "trtrl-literal": TRTRL(0.05, literal=True),
    "trtrl-ingress": TRTRL(0.05, ingress_only=True),
    "trtrl-no-self": TRTRL(0.05, self_terms=False),
    "trtrl-owner": TRTRL(0.05, placement="owner"),
    "trtrl-owner-no-self": TRTRL(0.05, placement="owner", self_terms=False),
    "trtrl-literal-ingress": TRTRL(0.05, literal=True, ingress_only=True),
    "bptt-3": BPTT(0.05, window=3),
    "bptt-5-2": BPTT(0.05, window=5, every=2),
    "hybrid-4": Hybrid(0.05, block=4),
    "uoro": UORO(0.05),
    "kf-rtrl": KFRTRL(0.05),
    "ok-2": OK(0.05, rank=2),
    "uoro-hop": UORO(0.05, readout="one_hop"),
    "kf-rtrl-hop": KFRTRL(0.05, readout="one_hop"),
    "ok-2-hop": OK(0.05, rank=2, readout="one_hop"),
    "snap": SnAp(0.05),
    "snap-3": SnAp(0.05, order=3),
    "rflo": RFLO(0.05),
    "eprop": EProp(0.05, kappa=0.5, feedback="random"),
    "focused-2": FocusedBP(0.05, depth=2),
    "rls": RLS(0.5, ridge=1.0, forgetting=0.95),
    "ridge": Ridge(ridge=1.0, washout=2, until=9, steps=14, teacher_forcing=True),
    "stdp": STDP(0.5, a_plus=0.05, w_max=None),
    "inference": Inference(),
}
DRAWING = {"uoro", "kf-rtrl", "ok-2", "uoro-hop", "kf-rtrl-hop", "ok-2-hop"}
FLOAT_ONLY = {*DRAWING, "rls", "ridge"}
NUMBERS = {
    "float": Float(),
    "fixed16": Fixed(),
    "fixed10": Fixed(
        word_bits=10, fraction_bits=7, weight_bits=20, weight_fraction_bits=15, table_bits=6
    ),
}
ON_CHIP = {name for name, rule in RULES.items() if not isinstance(rule, (BPTT, Hybrid))} - {
    "trtrl-literal",
    "trtrl-literal-ingress",
    "snap-3",
    "eprop",
    "focused-2",
    "stdp",
    *FLOAT_ONLY,
}
STEPS = 200


def small(topology: str, outputs: int = 2) -> Network:
    """Return a network of seven units."""
    graph, inputs, names = graph_from(topology, units=7, inputs=("x0", "x1"), outputs=outputs)
    return Network(graph, inputs, names, seed=3, name=topology)


def stream(network: Network, steps: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    inputs = rng.uniform(-1, 1, (steps, len(network.inputs)))
    return inputs, rng.uniform(-0.8, 0.8, (steps, len(network.outputs)))


def compare(network, rule, number, first, second, steps, machine_name=None) -> None:
    """Step two engines side by side and hold their words against each other."""
    engines = [
        engine_for(network, rule, name, number, machine_name if name == "clocked" else None)
        for name in (first, second)
    ]
    inputs, targets = (number.encode(a) for a in stream(network, steps))
    for t in range(steps):
        results = [
            (*engine.step(inputs[t], targets[t]), engine.gradient(), engine.weights())
            for engine in engines
        ]
        for one, other in zip(*results, strict=True):
            if isinstance(number, Fixed):
                np.testing.assert_array_equal(one, other, err_msg=f"step {t}")
            else:
                tolerance = 1e-12 if t == 0 else 1e-9
                np.testing.assert_allclose(one, other, rtol=0, atol=tolerance, err_msg=f"step {t}")
    moved = np.abs(engines[0].weights() - network.weight_vector).max()
    assert (moved > 1e-3) is not isinstance(rule, Inference)  # something was learnt
    assert engines[0].counts == engines[1].counts


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_arrays_are_the_messages(topology: str, rule: str, number: str) -> None:
    if rule in FLOAT_ONLY and number != "float":
        with pytest.raises(UserError, match="needs divisions"):
            engine_for(small(topology), RULES[rule], "stepwise", NUMBERS[number])
        return
    steps = STEPS if rule in ("rtrl", "trtrl") else 16
    compare(small(topology), RULES[rule], NUMBERS[number], "stepwise", "arrays", steps)


@pytest.mark.parametrize("number", ["float", "fixed16"])
@pytest.mark.parametrize("rule", ["rtrl", "trtrl"])
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_clocked_words_are_the_arrays_words(topology: str, rule: str, number: str) -> None:
    compare(small(topology), RULES[rule], NUMBERS[number], "clocked", "arrays", STEPS, "bus")


@pytest.mark.parametrize("machine_name", machine.names())
@pytest.mark.parametrize("rule", RULES)
def test_no_machine_changes_a_word(rule: str, machine_name: str) -> None:
    network, described = small("small_world", outputs=3), RULES[rule]
    number = Float() if rule in FLOAT_ONLY else Fixed()
    if machine_name == "chip" and rule not in ON_CHIP:
        with pytest.raises(UserError, match="has no place on the chip"):
            engine_for(network, described, "clocked", number, machine_name)
        return
    if machine_name == "chip":
        described = described.placed("owner")
    compare(network, described, number, "clocked", "stepwise", 12, machine_name)


@pytest.mark.parametrize("lanes", [1, 2, 3, 7])
@pytest.mark.parametrize("rule", ["rtrl", "trtrl", "trtrl-ingress", "trtrl-no-self", "inference"])
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_lanes_change_no_word(topology: str, rule: str, lanes: int) -> None:
    chip = machine.load("chip")
    chip = replace(chip, compute=replace(chip.compute, lanes=lanes))
    compare(small(topology), RULES[rule].placed("owner"), Fixed(), "clocked", "arrays", 12, chip)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_placement_moves_words_and_changes_none(topology: str, number: str) -> None:
    network = small(topology)
    inputs, targets = (NUMBERS[number].encode(a) for a in stream(network, 30))
    unit, owner = (
        engine_for(network, TRTRL(0.05, placement=where), "stepwise", NUMBERS[number])
        for where in ("unit", "owner")
    )
    for x, target in zip(inputs, targets, strict=True):
        unit.step(x, target)
        owner.step(x, target)
        np.testing.assert_array_equal(unit.weights(), owner.weights())


@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("rule", RULES)
def test_the_smallest_networks(units: int, rule: str) -> None:
    graph, inputs, outputs = graph_from("fully_recurrent", units=units)
    network = Network(graph, inputs, outputs, activation="logistic", seed=1)
    for engine in ("stepwise", "clocked"):
        compare(network, RULES[rule], Float(), engine, "arrays", 20)
        if rule not in FLOAT_ONLY:
            compare(network, RULES[rule], Fixed(), engine, "arrays", 20)


@pytest.mark.parametrize("number", ["float", "fixed16"])
def test_disconnected_parts_and_units_that_nobody_hears(number: str) -> None:
    import networkx as nx

    graph = nx.DiGraph([("x", "a"), ("a", "b"), ("b", "a"), ("x", "deaf"), ("c", "d"), ("d", "c")])
    network = Network(graph, ["x"], ["b"], seed=2)
    for rule in (RULES[name] for name in RULES if number == "float" or name not in FLOAT_ONLY):
        for engine in ("stepwise", "clocked"):
            compare(network, rule, NUMBERS[number], engine, "arrays", 20)
