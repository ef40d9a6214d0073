"""Graphs of units with gates: hidden units that see each other, and linear readouts of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

import networkx as nx

from neurosim.model.network import BIAS
from neurosim.study.wiring import afford, names_apart, remaining


class Part(NamedTuple):
    """A node of a hidden unit: its name, its attributes, and whom it hears beside the bias."""

    name: str
    attributes: dict[str, Any]
    hears_units: bool = True
    hears_inputs: bool = True


def gated(
    topology: str,
    units: int,
    inputs: Sequence[str],
    outputs: int,
    parts: Callable[[str], Sequence[Part]],
) -> nx.DiGraph:
    """Return the graph of a network whose hidden units are several nodes each.

    Parameters
    ----------
    topology
        Name of the topology; it opens every message.
    units, outputs
        How many units there are, each counted once, and how many of them are readouts.
    inputs
        Names of the input nodes.
    parts
        The nodes of a hidden unit, from its name; others hear the one that bears it.

    Raises
    ------
    UserError
        When there can be no such network.
    """
    size = remaining(topology, units, outputs)
    hidden = [f"n{number}" for number in range(size)]
    readouts = [f"n{number}" for number in range(size, units)]
    every = [part for unit in hidden for part in parts(unit)]
    afford(topology, units, len(every) * (len(hidden) + len(inputs)))
    names = names_apart(inputs, [*(part.name for part in every), *readouts])
    graph = nx.DiGraph(inputs=names, outputs=readouts)
    for part in every:
        graph.add_node(part.name, **part.attributes)
    graph.add_nodes_from(readouts, activation="linear")
    graph.add_nodes_from([*names, BIAS])
    for part in every:
        heard = [*(hidden if part.hears_units else ()), *(names if part.hears_inputs else ())]
        graph.add_edges_from((source, part.name) for source in (*heard, BIAS))
    graph.add_edges_from(product([*hidden, BIAS], readouts))
    return graph
