"""A network: a directed graph whose nodes are units and whose edges are weights."""

from __future__ import annotations

import math
from collections import Counter
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
from neurosim.model.wires import Snapshot, Wires, taken

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
        self._snapshot = _named_by_text(graph, name)
        self.activation = activation_named(activation).name
        self.inputs = self._known(inputs, "input")
        self.outputs = self._known(outputs, "output")
        fixed = {*self.inputs, BIAS}
        self.units = tuple(node for node in self._snapshot.names if node not in fixed)
        self._check()
        self._weights = self._given_or_drawn()

    @cached_property
    def graph(self) -> nx.DiGraph:
        """The graph as it was given, its nodes named by text."""
        return self._snapshot.graph()

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """All edges as (source, destination), by destination, in slot order."""
        wires, names = self._wires, [*self.numbers]
        ends = (wires.source[wires.by_slot], wires.target[wires.by_slot])
        named = (map(names.__getitem__, end.tolist()) for end in ends)
        return tuple(zip(*named, strict=True))

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
        bias = [BIAS] if BIAS in self._nodes else []
        return {node: n for n, node in enumerate((*self.units, *self.inputs, *bias))}

    @cached_property
    def neurons(self) -> tuple[Neuron, ...]:
        """The units and inputs as neurons, by number."""
        wires = self._wires
        between = wires.source < wires.units
        counts = zip(
            *map(wires.count, (between, between & wires.mutual, wires.source == wires.target)),
            strict=True,
        )
        outputs = {node: place for place, node in enumerate(self.outputs)}
        is_output = np.array([node in outputs for node in self.numbers])
        bias, first, found = self.numbers.get(BIAS), 0, []
        rows = zip(wires.heard(), wires.told(), wires.told(is_output), counts, strict=True)
        for (name, number), row in zip(self.numbers.items(), rows, strict=True):
            heard, told, told_outputs, (unit_sources, reciprocal, loop) = row
            if number == bias:
                break
            found.append(
                Neuron(
                    number=number,
                    name=name,
                    sources=tuple(heard[:-1] if heard and heard[-1] == bias else heard),
                    targets=tuple(told),
                    edges=len(heard),
                    first_edge=first,
                    reciprocal=reciprocal,
                    unit_sources=unit_sources,
                    self_slot=reciprocal if loop else None,
                    output=outputs.get(name),
                    output_targets=tuple(told_outputs),
                    is_input=number >= len(self.units),
                )
            )
            first += len(heard)
        return tuple(found)

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
    def _nodes(self) -> frozenset[str]:
        return frozenset(self._snapshot.names)

    @cached_property
    def _wires(self) -> Wires:
        names, sources, targets = (
            self._snapshot.names,
            self._snapshot.sources,
            self._snapshot.targets,
        )
        number = np.array([self.numbers[node] for node in names], dtype=np.int64)
        return Wires(number[sources], number[targets], len(self.units), len(names))

    def _known(self, names: Sequence[str], what: str) -> tuple[str, ...]:
        if isinstance(names, str):
            names = (names,)
        if not isinstance(names, Iterable):
            self._fail(f"{what}s must be a list of node names (got {names!r:.40}).")
        chosen = tuple(str(name) for name in names)
        times = Counter(chosen)
        for node in chosen:
            if node not in self._nodes:
                guess = nearest(node, self._snapshot.names) or " Add it, or name one that is there."
                self._fail(f"{what} {node} is no node of the graph.{guess}")
            if times[node] > 1:
                self._fail(f"{what} {node} is named twice. Name it once.")
        return chosen

    def _check(self) -> None:
        if not self.units:
            self._fail("there is no unit: every node is an input or the bias. Add a unit.")
        if not self.outputs:
            self._fail("there are no outputs, so nothing has a target. Name at least one unit.")
        units = frozenset(self.units)
        for node in self.outputs:
            if node not in units:
                self._fail(f"output {node} is no unit, so no weight can reach it. Name a unit.")
        names, sources, targets = (
            self._snapshot.names,
            self._snapshot.sources,
            self._snapshot.targets,
        )
        degrees = dict(zip(names, np.bincount(targets, minlength=len(names)).tolist(), strict=True))
        for node in (*self.inputs, *([BIAS] if BIAS in self._nodes else [])):
            if degrees[node]:
                source = names[sources[np.argmax(targets == names.index(node))]]
                self._fail(f"edge {source} -> {node} leads into an input. Drop it.")
        if BIAS in self.inputs:
            self._fail("input bias is the constant 1. Rename the input.")
        for unit in self.units:
            if not degrees[unit]:
                self._fail(
                    f"unit {unit} has no incoming edge, so it can learn nothing."
                    " Add an edge, drop the unit, or make it an input."
                )

    def _given_or_drawn(self) -> NDArray[np.float64]:
        """Take the weights from the graph, and draw the rest, whatever is given elsewhere."""
        wires, data = self._wires, self._snapshot.data
        draw = np.random.default_rng(self.seed).uniform(-1.0, 1.0, len(wires.source))
        degrees = np.bincount(wires.target, minlength=wires.nodes)
        weights = draw * np.sqrt(3 / degrees[wires.target[wires.by_slot]])
        for place, edge in enumerate(wires.by_slot.tolist() if data is not None else ()):
            given = data[edge].get("weight") if data is not None else None
            if given is not None:
                weights[place] = self._finite(given, *self.edges[place])
        return weights

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


def _named_by_text(graph: nx.DiGraph, name: str) -> Snapshot:
    """Take the graph as it is, its nodes named by text, and refuse what is no directed graph."""
    if not isinstance(graph, nx.DiGraph) or graph.is_multigraph():
        raise UserError(
            f"network {name}: needs a networkx.DiGraph (got {type(graph).__name__})."
            " An undirected graph becomes one with graph.to_directed()."
        )
    snapshot = taken(graph)
    for node in _twice(snapshot.names):
        raise UserError(f"network {name}: two nodes are named {node}. Rename one.")
    return snapshot


def _twice(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _checked_seed(seed: object, name: str) -> int:
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
        raise UserError(f"network {name}: seed must be a whole number from 0 up (got {seed!r}).")
    return int(seed)
