"""What a rule runs with: numbers, kinds of units, and a chip; found by trying."""

from __future__ import annotations

from typing import NamedTuple

import networkx as nx
import numpy as np

from neurosim.engines.train import engine_for
from neurosim.errors import UserError
from neurosim.learning import Rule
from neurosim.model import Fixed, Float, Network
from neurosim.model.arithmetic import Number
from neurosim.schedule.step import schedule

NUMBERS: dict[str, Number] = {"float": Float(), "fixed": Fixed()}
STEPS = 2


class Abilities(NamedTuple):
    """What a rule runs with.

    Attributes
    ----------
    numbers
        float, fixed.
    units
        plain, leaky, gated (LSTM, GRU), spiking.
    chip
        Whether its program has a place on the chip.
    """

    numbers: tuple[str, ...]
    units: tuple[str, ...]
    chip: bool


def abilities(rule: Rule) -> Abilities:
    """Return what a rule runs with, from a few steps of very small networks."""
    rule = rule.for_steps(STEPS)
    plain = _network()
    numbers = tuple(name for name, number in NUMBERS.items() if _runs(rule, plain, number))
    first = NUMBERS[numbers[0]] if numbers else Float()
    kinds = {
        "plain": plain,
        "leaky": _network(leak=0.5),
        "gated": _gated(),
        "spiking": _network(kind="lif"),
    }
    units = tuple(name for name, network in kinds.items() if _runs(rule, network, first))
    return Abilities(numbers, units, "fixed" in numbers and _has_place(rule, plain))


def _runs(rule: Rule, network: Network, number: Number) -> bool:
    sample = number.encode(np.full(len(network.inputs), 0.5))
    target = number.encode(np.full(len(network.outputs), 0.25))
    try:
        for form in ("stepwise", "arrays"):
            engine = engine_for(network, rule, form, number)
            for _ in range(STEPS):
                engine.step(sample, target)
    except UserError:
        return False
    return True


def _has_place(rule: Rule, network: Network) -> bool:
    try:
        schedule(network, rule, 1)
    except UserError:
        return False
    return True


def _network(**attributes: object) -> Network:
    """Return a network of two units and an output, the units with these attributes."""
    graph = nx.DiGraph([("x", "a"), ("a", "b"), ("b", "a"), ("b", "out"), ("out", "a")])
    nx.set_node_attributes(graph, {"a": attributes, "b": attributes})
    return Network(graph, ["x"], ["out"], seed=1)


def _gated() -> Network:
    """Return a network of one GRU unit, with its gates, and an output."""
    gates = {"reset_gate": "r", "update_gate": "u", "recurrent": "n"}
    graph = nx.DiGraph([("x", unit) for unit in ("h", "r", "u")])
    graph.add_edges_from([("h", unit) for unit in ("r", "u", "n", "out")])
    graph.nodes["h"].update(kind="gru", **gates)
    attributes = {"r": "logistic", "u": "logistic", "n": "linear"}
    nx.set_node_attributes(graph, attributes, "activation")
    return Network(graph, ["x"], ["out"], seed=1)
