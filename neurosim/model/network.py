"""A network: a directed graph whose nodes are units and whose edges are weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any, NoReturn

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError, nearest
from neurosim.model.activation import activation_named
from neurosim.model.kinds import PLAIN
from neurosim.model.loss import CROSS_ENTROPY, SQUARED, loss_named
from neurosim.model.neuron import Neuron
from neurosim.model.traits import Traits, checked_leak, traits_of
from neurosim.model.weights import WrongEdge, fixed_among, given_or_drawn
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
        BackProp", doi 10.1007/3-540-49430-8_2). A weight with the edge attribute ``fixed`` is
        never learned. Node attributes ``leak`` and ``activation`` hold for one unit. The graph is
        copied.
    inputs, outputs
        Names of the nodes that the stream feeds, and of the units that have a target.
    activation
        ``tanh``, ``logistic`` or ``linear``, for units whose node names none.
    seed
        Of the weights that the graph does not give.
    name
        For reports and error messages.
    leak
        a in ``y <- (1 - a) y + a f(s)``, above 0 and at most 1, for units whose node has none.
    loss
        ``squared``, or ``cross_entropy``: outputs are then linear units, and what the network says
        is their softmax (``neurosim/model/loss.py``).

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
        leak: float = 1.0,
        loss: str = SQUARED,
    ) -> None:
        self.name, self.seed = name, _checked_seed(seed, name)
        self._snapshot = _named_by_text(graph, name)
        self.activation = activation_named(activation).name
        self.inputs = self._known(inputs, "input")
        self.outputs = self._known(outputs, "output")
        fixed = {*self.inputs, BIAS}
        self.units = tuple(node for node in self._snapshot.names if node not in fixed)
        self._check()
        self.loss = loss_named(loss)
        self.traits = self._traits(leak)
        self._check_loss()
        self._weights, self.fixed = self._read_weights()

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
            every = {**self.weights, **weights}
            weights = np.array([every[edge] for edge in self.edges])
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
        traits = (*self.traits, *repeat(Traits(1.0, self.activation), len(self.inputs) + 1))
        amid_leaks = any(each.leak != 1.0 and each.kind == PLAIN for each in self.traits)
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
                    leak=traits[number].leak,
                    activation=traits[number].activation,
                    amid_leaks=amid_leaks,
                    rivals=self._rivals(name),
                    kind=traits[number].kind,
                    gates=tuple(self.numbers[gate] for gate in traits[number].gates),
                    gated=self._gated.get(name, ()),
                    fixed=tuple(np.flatnonzero(self.fixed[first : first + len(heard)]).tolist()),
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

    def _traits(self, leak: object) -> tuple[Traits, ...]:
        try:
            standard = Traits(checked_leak(leak), self.activation)
            given = traits_of(self.units, self._snapshot.nodes, standard)
        except UserError as error:
            self._fail(str(error))
        if self.loss != CROSS_ENTROPY:
            return given
        silent = {
            node for node in self.outputs if "activation" not in self._snapshot.nodes.get(node, {})
        }
        return tuple(
            each._replace(activation="linear") if unit in silent else each
            for unit, each in zip(self.units, given, strict=True)
        )

    def _read_weights(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        try:
            data = self._snapshot.data
            return given_or_drawn(self._wires, data, self.seed), fixed_among(self._wires, data)
        except WrongEdge as error:
            source, unit = self.edges[error.place]
            self._fail(f"edge {source} -> {unit}: {error}")

    def _check_loss(self) -> None:
        if self.loss != CROSS_ENTROPY:
            return
        if len(self.outputs) < 2:
            self._fail("loss cross_entropy tells classes apart. Name two outputs or more.")
        for unit, traits in zip(self.units, self.traits, strict=True):
            if unit in self.outputs and traits.activation != "linear":
                self._fail(
                    f"output {unit} is {traits.activation}, and loss cross_entropy has linear"
                    " outputs. Make it linear, or leave its activation out."
                )

    @cached_property
    def _gated(self) -> dict[str, tuple[int, ...]]:
        """Numbers of the units on which a unit acts within a tick, by its name."""
        gated: dict[str, tuple[int, ...]] = {}
        for number, traits in enumerate(self.traits):
            for gate in traits.gates:
                gated[gate] = (*gated.get(gate, ()), number)
        return gated

    def _rivals(self, name: str) -> tuple[int, ...]:
        """Return the other outputs whose activations an output's probability depends on."""
        if self.loss != CROSS_ENTROPY or name not in self.outputs:
            return ()
        return tuple(self.numbers[other] for other in self.outputs if other != name)

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
