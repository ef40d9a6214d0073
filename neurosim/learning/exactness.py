"""Which weights TRTRL gives the exact gradient, from the graph alone."""

from __future__ import annotations

import networkx as nx

from neurosim.errors import UserError
from neurosim.model.kinds import PLAIN
from neurosim.model.network import Edge, Network


def exact_weights(network: Network) -> tuple[Edge, ...]:
    """Return the edges whose gradient TRTRL finds exactly at every step, in network order.

    TRTRL keeps the sensitivities of the two ends of an edge j -> i. Let S = {i, j} and let R be
    those of them that the weight can move: i, and j where the edge i -> j exists. The gradient is
    exact for all time if and only if no successor of R outside S has a path of length one or more
    to an output. (A successor that only *is* an output is reached by the rule's last hop.) A unit
    that leaks remembers, as one with an edge to itself does.
    """
    for unit, traits in zip(network.units, network.traits, strict=True):
        if traits.kind != PLAIN:
            raise UserError(
                f"network {network.name}: unit {unit} is of kind {traits.kind}, which TRTRL has no"
                " gradient for. Ask about a network of plain units."
            )
    units = nx.DiGraph(network.graph.subgraph(network.units))
    units.add_edges_from((unit, unit) for unit in _leaking(network))
    leads_on = _leading_to_outputs(units, network.outputs)
    return tuple(edge for edge in network.edges if not _escapes(units, leads_on, *edge))


def _leaking(network: Network) -> list[str]:
    pairs = zip(network.units, network.traits, strict=True)
    return [unit for unit, traits in pairs if traits.leak != 1.0]


def _leading_to_outputs(units: nx.DiGraph, outputs: tuple[str, ...]) -> set[str]:
    """Return the units with a path of length one or more to an output."""
    leading: set[str] = set()
    for output in outputs:
        for before in units.predecessors(output):
            leading |= {before} | nx.ancestors(units, before)
    return leading


def _escapes(units: nx.DiGraph, leads_on: set[str], source: str, owner: str) -> bool:
    """Whether the weight's effect leaves both ends and still comes back to an output."""
    moved = [owner, *([source] if units.has_edge(owner, source) else [])]
    return any(
        successor in leads_on
        for unit in moved
        for successor in units.successors(unit)
        if successor not in (owner, source)
    )
