"""A network: a directed graph whose nodes are units and whose edges are weights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from numbers import Real
from typing import Any, NoReturn

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError, nearest
from neurosim.model.activation import activation_named
from neurosim.model.neuron import Neuron

BIAS = "bias"
Edge = tuple[str, str]


class Network:
    """Units, inputs and weights on a directed graph.

    Parameters
    ----------
    graph
        Every node is a unit, unless it is one of ``inputs`` or the constant node ``bias``. An
        edge attribute ``weight`` is kept where it is given and drawn from ``seed`` where not,
        uniformly with variance ``1 / incoming edges`` (LeCun and others 1998, "Efficient
        BackProp", doi 10.1007/3-540-49430-8_2). The graph is copied.
    inputs, outputs
        Names of the nodes that the stream feeds, and of the units that have a target.
    activation
        ``tanh`` or ``logistic``.
    seed
        Of the weights that the graph does not give.
    name
        For reports and error messages.

    Raises
    ------
    UserError
        When the graph cannot be a network; the message names the node or edge.
    """

    def __init__(
        self,
        graph: nx.DiGraph,
        inputs: Sequence[str] = ("x",),
        outputs: Sequence[str] = ("n0",),
        activation: str = "tanh",
        seed: int = 0,
        name: str = "network",
    ) -> None:
        self.name, self.seed = name, _checked_seed(seed, name)
        self.graph = _named_by_text(graph, name)
        self.activation = activation_named(activation).name
        self.inputs = self._known(inputs, "input")
        self.outputs = self._known(outputs, "output")
        self.units = tuple(n for n in self.graph if n not in self.inputs and n != BIAS)
        self._check()
        self._weights = self._given_or_drawn()

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges as (source, destination), by destination, in slot order."""
        return self._edges

    @property
    def weights(self) -> dict[Edge, float]:
        """The weight of every edge."""
        return dict(zip(self.edges, self._weights.tolist(), strict=True))

    @property
    def weight_vector(self) -> NDArray[np.float64]:
        """The weights in the order of ``edges``, shape (edges,)."""
        return self._weights.copy()

    def with_weights(self, weights: NDArray[Any] | Mapping[Edge, float]) -> Network:
        """Return a copy with other weights, in the order of ``edges`` or by edge."""
        if isinstance(weights, Mapping):
            for edge in set(weights).difference(self.edges):
                self._fail(f"there is no edge {edge} to give a weight. network.edges lists them.")
            weights = np.array([{**self.weights, **weights}[edge] for edge in self.edges])
        vector = np.array(weights, dtype=np.float64)
        if vector.shape != (len(self.edges),):
            self._fail(f"needs {len(self.edges)} weights, one an edge (got shape {vector.shape}).")
        other = object.__new__(Network)
        other.__dict__.update(self.__dict__)
        other._weights = vector
        return other

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of every node: units, then inputs, then the bias."""
        order = (*self.units, *self.inputs, *([BIAS] if BIAS in self.graph else []))
        return {node: number for number, node in enumerate(order)}

    @cached_property
    def neurons(self) -> tuple[Neuron, ...]:
        """The units and inputs as neurons, by number."""
        firsts = np.cumsum([0, *(len(slots) for slots in self._slots.values())]).tolist()
        units = [
            self._unit(node, first) for node, first in zip(self._slots, firsts[:-1], strict=True)
        ]
        return (*units, *(self._input(node) for node in self.inputs))

    def save(self, path: str) -> None:
        """Write the network as safetensors: weights, and everything else as JSON in the header."""
        from neurosim.model.storage import save

        save(self, path)

    def __repr__(self) -> str:
        return (
            f"<Network {self.name}: {len(self.units)} units, {len(self.edges)} edges, "
            f"inputs {', '.join(self.inputs) or 'none'}, outputs {', '.join(self.outputs)}>"
        )

    @cached_property
    def _slots(self) -> dict[str, list[str]]:
        return {unit: self._slots_of(unit) for unit in self.units}

    @cached_property
    def _edges(self) -> tuple[Edge, ...]:
        return tuple((source, unit) for unit, slots in self._slots.items() for source in slots)

    def _slots_of(self, unit: str) -> list[str]:
        """Sort a unit's sources: reciprocal, itself, other units, inputs, bias."""

        def place(source: str) -> tuple[int, int]:
            if source == BIAS or source in self._input_set:
                kind = 4 if source == BIAS else 3
            elif source == unit:
                kind = 1
            else:
                kind = 0 if self.graph.has_edge(unit, source) else 2
            return kind, self.numbers[source]

        return sorted(self.graph.predecessors(unit), key=place)

    @cached_property
    def _input_set(self) -> frozenset[str]:
        return frozenset(self.inputs)

    def _unit(self, node: str, first_edge: int) -> Neuron:
        slots = self._slots[node]
        sources = tuple(self.numbers[s] for s in slots if s != BIAS)
        successors = set(self.graph.successors(node))
        reciprocal = [s for s in slots if s != node and s in successors]
        others = sorted(successors.difference(reciprocal), key=self.numbers.__getitem__)
        targets = tuple(self.numbers[s] for s in (*reciprocal, *others))
        outputs = {self.numbers[o] for o in self.outputs}
        return Neuron(
            number=self.numbers[node],
            name=node,
            sources=sources,
            targets=targets,
            edges=len(slots),
            first_edge=first_edge,
            reciprocal=len(reciprocal),
            unit_sources=sum(s < len(self.units) for s in sources),
            self_slot=slots.index(node) if node in slots else None,
            output=self.outputs.index(node) if node in self.outputs else None,
            output_targets=tuple(t for t in targets if t in outputs),
        )

    def _input(self, node: str) -> Neuron:
        targets = tuple(sorted(self.numbers[s] for s in self.graph.successors(node)))
        outputs = {self.numbers[o] for o in self.outputs}
        return Neuron(
            number=self.numbers[node],
            name=node,
            sources=(),
            targets=targets,
            edges=0,
            first_edge=len(self.edges),
            reciprocal=0,
            unit_sources=0,
            self_slot=None,
            output=None,
            output_targets=tuple(t for t in targets if t in outputs),
            is_input=True,
        )

    def _known(self, names: Sequence[str], what: str) -> tuple[str, ...]:
        if isinstance(names, str):
            names = (names,)
        if not isinstance(names, Iterable):
            self._fail(f"{what}s must be a list of node names (got {names!r:.40}).")
        chosen = tuple(str(name) for name in names)
        for node in chosen:
            if node not in self.graph:
                guess = nearest(node, self.graph) or " Add it, or name one that is there."
                self._fail(f"{what} {node} is no node of the graph.{guess}")
            if chosen.count(node) > 1:
                self._fail(f"{what} {node} is named twice. Name it once.")
        return chosen

    def _check(self) -> None:
        if not self.units:
            self._fail("there is no unit: every node is an input or the bias. Add a unit.")
        if not self.outputs:
            self._fail("there are no outputs, so nothing has a target. Name at least one unit.")
        for node in self.outputs:
            if node not in self.units:
                self._fail(f"output {node} is no unit, so no weight can reach it. Name a unit.")
        for node in (*self.inputs, *([BIAS] if BIAS in self.graph else [])):
            if self.graph.in_degree(node):
                source = next(iter(self.graph.predecessors(node)))
                self._fail(f"edge {source} -> {node} leads into an input. Drop it.")
        if BIAS in self.inputs:
            self._fail("input bias is the constant 1. Rename the input.")
        for unit in self.units:
            if not self.graph.in_degree(unit):
                self._fail(
                    f"unit {unit} has no incoming edge, so it can learn nothing."
                    " Add an edge, drop the unit, or make it an input."
                )

    def _given_or_drawn(self) -> NDArray[np.float64]:
        """Take the weights from the graph, and draw the rest, whatever is given elsewhere."""
        draw = np.random.default_rng(self.seed).uniform(-1.0, 1.0, len(self.edges))
        for place, (source, unit) in enumerate(self.edges):
            given = self.graph.edges[source, unit].get("weight")
            if given is None:
                draw[place] *= math.sqrt(3 / self.graph.in_degree(unit))
            else:
                draw[place] = self._finite(given, source, unit)
        return draw

    def _finite(self, weight: object, source: str, unit: str) -> float:
        if isinstance(weight, Real) and not isinstance(weight, bool):
            try:
                value = float(weight)
            except OverflowError:
                value = math.inf
            if math.isfinite(value):
                return value
        self._fail(
            f"edge {source} -> {unit}: weight {weight!r:.40} is no finite number. Change it."
        )

    def _fail(self, message: str) -> NoReturn:
        raise UserError(f"network {self.name}: {message}")


def _named_by_text(graph: nx.DiGraph, name: str) -> nx.DiGraph:
    """Copy the graph with its nodes named by text, and refuse what is no directed graph."""
    if not isinstance(graph, nx.DiGraph) or graph.is_multigraph():
        raise UserError(
            f"network {name}: needs a networkx.DiGraph (got {type(graph).__name__})."
            " An undirected graph becomes one with graph.to_directed()."
        )
    names = [str(node) for node in graph]
    for node in _twice(names):
        raise UserError(f"network {name}: two nodes are named {node}. Rename one.")
    copy = nx.DiGraph()
    copy.graph.update(graph.graph)  # as keywords they could be no text, or mean something
    copy.add_nodes_from(names)
    copy.add_edges_from((str(a), str(b), dict(data)) for a, b, data in graph.edges(data=True))
    return copy


def _twice(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _checked_seed(seed: object, name: str) -> int:
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
        raise UserError(f"network {name}: seed must be a whole number from 0 up (got {seed!r}).")
    return int(seed)
