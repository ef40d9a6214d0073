"""Counted operations against closed forms, and the conservation of words."""

import numpy as np
import pytest

import neurosim
from neurosim.cli import main
from neurosim.engines import simulated_step
from neurosim.engines.train import engine_for
from neurosim.learning import (
    BPTT,
    KFRTRL,
    OK,
    RTRL,
    TRTRL,
    UORO,
    Counts,
    EProp,
    FocusedBP,
    Inference,
    SnAp,
)
from neurosim.model import Float, Network
from neurosim.schedule import schedule
from neurosim.study.graphs import graph_from

RULES = [
    RTRL(),
    TRTRL(),
    TRTRL(literal=True),
    TRTRL(ingress_only=True),
    TRTRL(self_terms=False),
    TRTRL(placement="owner"),
    TRTRL(placement="owner", self_terms=False),
    BPTT(window=4),
    UORO(),
    KFRTRL(),
    OK(rank=2),
    SnAp(),
    EProp(kappa=0.5),
    FocusedBP(depth=3),
    Inference(),
]


def network_of(units: int, outputs: int, dense: bool) -> Network:
    if dense:
        graph, inputs, names = graph_from("fully_recurrent", units=units, outputs=outputs)
    else:
        density = min(0.8, max(0.1, 2.5 / units))
        graph, inputs, names = graph_from(
            "sparse_random", units=units, outputs=outputs, density=density, seed=units
        )
    return Network(graph, inputs, names, seed=0)


def counted(network: Network, rule) -> Counts:
    """Count one step of the message form, operation by operation."""
    engine = engine_for(network, rule, "stepwise", Float())
    engine.step(np.full(len(network.inputs), 0.3), np.full(len(network.outputs), 0.1))
    return engine.counts


@pytest.mark.parametrize("dense", [True, False], ids=["dense", "sparse"])
@pytest.mark.parametrize("outputs", ["1", "3", "N"])
@pytest.mark.parametrize("units", [2, 5, 16, 25])
def test_counted_is_the_closed_form(units: int, outputs: str, dense: bool) -> None:
    k = min(units, int(outputs) if outputs != "N" else units)
    network = network_of(units, k, dense)
    for rule in RULES:
        assert counted(network, rule) == rule.cost(network), rule


@pytest.mark.parametrize("dense", [True, False], ids=["dense", "sparse"])
@pytest.mark.parametrize("outputs", [1, 3, 100])
def test_counted_is_the_closed_form_at_100_units(outputs: int, dense: bool) -> None:
    network = network_of(100, outputs, dense)
    for rule in (TRTRL(), RTRL()):
        assert counted(network, rule) == rule.cost(network), rule


@pytest.mark.parametrize("machine", ["bus", "lanes", "ideal"])
@pytest.mark.parametrize("dense", [True, False], ids=["dense", "sparse"])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_clocked_engine_conserves_words_and_cycles(rule, dense: bool, machine: str) -> None:
    network = network_of(9, 2, dense)
    activity, counts = simulated_step(network, rule, machine, Float())
    assert counts == rule.cost(network)
    assert activity.words_received == counts.words_sent == counts.words_received
    assert sum(bank.reads for bank in activity.banks.values()) <= counts.reads
    assert 0 < activity.utilisation <= 1
    bounds = (
        activity.compute_bound,
        activity.memory_bound,
        activity.link_bound,
        activity.barrier_bound,
    )
    assert activity.cycles >= max(bounds)
    for neuron in activity.neurons:
        assert neuron.cycles == activity.cycles
        assert min(neuron.compute, neuron.lane, neuron.memory, neuron.link, neuron.barrier) >= 0
    by_phase = sum(activity.phases.values())
    spent = sum(n.compute + n.lane + n.memory + n.link for n in activity.neurons)
    assert by_phase == spent


def test_the_slides_figures() -> None:
    """RTRL takes N^4 multiplications and N^3 words to leading order, TRTRL 2 N^2 words."""
    for n in (25, 50, 100):
        network = network_of(n, 1, dense=True)
        rtrl, trtrl = RTRL().cost(network), TRTRL().cost(network)
        assert rtrl.stored_words == n**2 * (n + 2)
        assert n**4 < rtrl.multiplications < n**4 * (1 + 5 / n)
        assert trtrl.stored_words == n * (n + 2) + n * (n - 1)
        assert 10 * n**2 < trtrl.multiplications < 11 * n**2


def test_trtrl_does_not_pay_for_outputs_and_rtrl_broadcasts() -> None:
    few, many = (network_of(40, k, dense=True) for k in (1, 40))
    grown = TRTRL().cost(many).multiplications - TRTRL().cost(few).multiplications
    assert grown == 39 * (2 + 40 + 42)  # error, blame and own sources of every further output
    assert TRTRL().cost(many).words_broadcast == 0
    assert RTRL().cost(few).words_broadcast == 39 * 42


def test_the_chip_is_charged_for_the_placement_that_it_runs(capsys) -> None:
    network = network_of(5, 1, dense=True)
    owner = TRTRL(placement="owner").cost(network)
    cost = neurosim.cost(network, TRTRL(), machine="chip")
    assert cost.words_sent_per_step == owner.words_sent
    assert cost.cycles_per_step == schedule(network, TRTRL(), lanes=5).cycles
    assert main(["cost", "compare", "--network.units", "4", "--machine", "chip"]) == 0
    assert "broken" not in capsys.readouterr().err
