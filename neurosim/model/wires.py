"""The edges of a graph as arrays, in the order in which a network numbers them.

A million edges are sorted, told apart and counted here in a few array operations, where going from
one to the next would take minutes of a user's day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Snapshot(NamedTuple):
    """A directed graph as it was when it was taken; what is done to the graph later is not in it.

    Attributes
    ----------
    names
        Of the nodes, as text.
    attributes
        Of the graph itself.
    sources, targets
        Of every edge, the places of its ends among the names, shape (edges,).
    data
        Of every edge, its attributes; None where no edge has any.
    nodes
        Attributes of the nodes that have any, by name.
    """

    names: tuple[str, ...]
    attributes: dict[Any, Any]
    sources: Ints
    targets: Ints
    data: list[dict[Any, Any]] | None
    nodes: dict[str, dict[Any, Any]]

    def graph(self) -> nx.DiGraph:
        """Return the graph, its nodes named by text."""
        graph = nx.DiGraph()
        graph.graph.update(self.attributes)  # as keywords they could be no text, or mean something
        graph.add_nodes_from((name, self.nodes.get(name, {})) for name in self.names)
        names = self.names.__getitem__
        ends = map(names, self.sources.tolist()), map(names, self.targets.tolist())
        graph.add_edges_from(zip(*ends) if self.data is None else zip(*ends, self.data))  # noqa: B905
        return graph


def taken(graph: nx.DiGraph) -> Snapshot:
    """Take a snapshot of a directed graph."""
    adjacency = [neighbours for _, neighbours in graph.adjacency()]
    place = {node: number for number, node in enumerate(graph)}
    lengths = [len(neighbours) for neighbours in adjacency]
    ends = map(place.__getitem__, chain.from_iterable(adjacency))
    data = list(chain.from_iterable(neighbours.values() for neighbours in adjacency))
    return Snapshot(
        tuple(map(str, graph)),
        dict(graph.graph),
        np.repeat(np.arange(len(adjacency)), lengths),
        np.fromiter(ends, dtype=np.int64, count=sum(lengths)),
        [dict(each) for each in data] if any(data) else None,
        {str(node): dict(each) for node, each in graph.nodes(data=True) if each},
    )


@dataclass(frozen=True)
class Wires:
    """Edges between numbered nodes, units first.

    Attributes
    ----------
    source, target
        Numbers of the ends of every edge, in any order, shape (edges,).
    units, nodes
        How many units there are, and nodes at all.
    """

    source: Ints
    target: Ints
    units: int
    nodes: int

    @cached_property
    def mutual(self) -> NDArray[np.bool_]:
        """Of every edge, whether its reverse is there too; a loop is no such edge."""
        keys = np.sort(self.target * self.nodes + self.source)
        reverse = self.source * self.nodes + self.target
        places = np.minimum(np.searchsorted(keys, reverse), max(len(keys) - 1, 0))
        return np.asarray((keys[places] == reverse) & (self.source != self.target))

    @cached_property
    def by_slot(self) -> Ints:
        """The edges by target, and of each target by slot.

        Slots are reciprocal neighbours, itself, other units, inputs, bias; each by number.
        """
        itself = self.source == self.target
        kind = np.where(self.source >= self.units, 3, np.where(itself, 1, 2 - 2 * self.mutual))
        return np.argsort((self.target * 4 + kind) * self.nodes + self.source)

    @cached_property
    def by_source(self) -> Ints:
        """The edges by source, and of each source reciprocal neighbours first, by number."""
        return np.argsort((self.source * 2 + ~self.mutual) * self.nodes + self.target)

    def heard(self) -> Iterator[list[int]]:
        """Yield the sources of each unit, by slot."""
        return _cut(self.source[self.by_slot], np.bincount(self.target, minlength=self.nodes))

    def told(self, among: NDArray[np.bool_] | None = None) -> Iterator[list[int]]:
        """Yield the targets of each node; with ``among``, shape (nodes,), only some of them."""
        source, target = self.source[self.by_source], self.target[self.by_source]
        if among is not None:
            source, target = source[among[target]], target[among[target]]
        return _cut(target, np.bincount(source, minlength=self.nodes))

    def count(self, which: NDArray[np.bool_]) -> list[int]:
        """Count some of the edges, by target."""
        return [int(n) for n in np.bincount(self.target[which], minlength=self.nodes)]


def _cut(numbers: Ints, lengths: Ints) -> Iterator[list[int]]:
    every, start = numbers.tolist(), 0
    for length in lengths.tolist():
        yield every[start : start + length]
        start += length
