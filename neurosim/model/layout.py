"""A network as arrays: where every edge's owner, source and reverse edge are.

Rules write their array form against a layout, once for all graphs. Arrays of units have shape
(..., units), the sources ``z = [y, x, 1]`` have shape (..., sources), and arrays of edges have
shape (..., *layout.shape):

* on a complete graph (every unit hears every unit, input and the bias) edges are a matrix
  (units, sources), and looking something up at an edge is broadcasting;
* on any other graph edges are a vector (edges,), and looking up is indexing.

Leading axes, where there are any, are networks that learn side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from neurosim.model.arithmetic import Array, Number
from neurosim.model.kinds import LIF
from neurosim.model.loss import SQUARED, softmax
from neurosim.model.network import BIAS, Network
from neurosim.model.traits import levels


class Group(NamedTuple):
    """Units of one kind with gates, (members,), and their gates, (members, gates)."""

    kind: str
    units: Array
    gates: Array


def _groups(network: Network) -> tuple[Group, ...]:
    """Return the units with gates, those first on which others' gates depend."""
    named = dict(zip(network.units, network.traits, strict=True))
    members: dict[tuple[int, str], list[str]] = {}
    for unit, level in levels(named).items():
        if named[unit].gates:
            members.setdefault((level, named[unit].kind), []).append(unit)
    return tuple(
        Group(
            kind,
            np.array([network.numbers[unit] for unit in units]),
            np.array([[network.numbers[gate] for gate in named[unit].gates] for unit in units]),
        )
        for (_, kind), units in sorted(members.items())
    )


def grouped(names: Iterable[str]) -> dict[str, Array]:
    """Return the places of every name in a list."""
    listed = np.array(list(names))
    return {str(name): np.flatnonzero(listed == name) for name in np.unique(listed)}


class Layout:
    """Index arrays of one network; see the module for the shapes."""

    def __init__(self, network: Network) -> None:
        numbers = network.numbers
        pairs = np.array([(numbers[u], numbers[s]) for s, u in network.edges], dtype=np.int64)
        self.order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        self.owner, self.source = pairs[self.order].T
        self.units, self.sources, self.edges = len(network.units), len(numbers), len(pairs)
        self.outputs = np.array([numbers[o] for o in network.outputs])
        self.has_bias = BIAS in numbers
        self.leak = np.array([each.leak for each in network.traits])
        self.functions = grouped(each.activation for each in network.traits)
        self.loss = network.loss
        self.groups = _groups(network)
        self.spiking = np.array(
            [number for number, each in enumerate(network.traits) if each.kind == LIF], dtype=int
        )
        self.fixed = np.flatnonzero(network.fixed[self.order])
        self.complete = self.edges == self.units * self.sources
        self.shape = (self.units, self.sources) if self.complete else (self.edges,)

    def from_network(self, values: Array) -> Array:
        """Bring values in the order of ``network.edges``, (..., edges), into this layout."""
        return values[..., self.order].reshape(*values.shape[:-1], *self.shape)

    def to_network(self, values: Array) -> Array:
        """Bring values of edges into the order of ``network.edges``, (..., edges)."""
        flat = self.flat(values)
        ordered = np.empty_like(flat)
        ordered[..., self.order] = flat
        return ordered

    def flat(self, values: Array) -> Array:
        """View values of edges as (..., edges)."""
        lead = values.shape[: values.ndim - len(self.shape)]
        return values.reshape(*lead, self.edges)

    def at_owner(self, values: Array) -> Array:
        """Look values of units up at the owner of every edge."""
        return values[..., :, None] if self.complete else values[..., self.owner]

    def at_source(self, values: Array) -> Array:
        """Look values of units or sources up at the source of every edge; inputs have zeros."""
        missing = self.sources - values.shape[-1]
        if missing:
            zeros = np.zeros((*values.shape[:-1], missing), dtype=values.dtype)
            values = np.concatenate((values, zeros), axis=-1)
        return values[..., None, :] if self.complete else values[..., self.source]

    def at_reverse(self, values: Array) -> Array:
        """Look values of edges up at the reverse of every edge; zero where there is none."""
        if not self.complete:
            flat = np.concatenate((values, np.zeros_like(values[..., :1])), axis=-1)
            return flat[..., self._reverse]
        result = np.zeros_like(values)
        n = self.units
        result[..., :, :n] = np.swapaxes(values[..., :, :n], -1, -2)
        result[..., np.arange(n), np.arange(n)] = 0
        return result

    def self_weights(self, weights: Array) -> Array:
        """Return the weight of every unit's edge to itself, (..., units); zero without one."""
        flat = self.flat(weights)
        result = np.zeros((*flat.shape[:-1], self.units), dtype=flat.dtype)
        loops = self._loops
        result[..., self.owner[loops]] = flat[..., loops]
        return result

    def recurrent(self, weights: Array) -> Array:
        """Return the weights between units as a matrix (..., units, units)."""
        if self.complete:
            return weights[..., :, : self.units]
        matrix = np.zeros((*weights.shape[:-1], self.units, self.units), dtype=weights.dtype)
        edges = self._between_units
        matrix[..., self.owner[edges], self.source[edges]] = weights[..., edges]
        return matrix

    def learned(self, gradient: Array) -> Array:
        """Return a gradient with zeros where the weight is fixed."""
        if not len(self.fixed):
            return gradient
        flat = self.flat(gradient.copy())
        flat[..., self.fixed] = 0
        return flat.reshape(gradient.shape)

    @cached_property
    def keep(self) -> Array | None:
        """Real values (units,) of what units keep of their activation; None where none leaks."""
        return 1.0 - self.leak if len(self._leaky) else None

    def activate(self, number: Number, s: Array) -> tuple[Array, Array]:
        """Return ``f(s)`` and ``f'(s)``, each unit by its own function."""
        if len(self.functions) == 1:
            return number.activate(next(iter(self.functions)), s)
        f, slope = np.empty_like(s), np.empty_like(s)
        for name, units in self.functions.items():
            f[..., units], slope[..., units] = number.activate(name, s[..., units])
        return f, slope

    def fire(self, number: Number, before: Array, s: Array) -> tuple[Array, Array]:
        """Return ``y = (1 - a) before + a f(s)`` and its slope ``a f'(s)``, (..., units)."""
        y, slope = self.activate(number, s)
        if self.keep is not None:
            units = self._leaky
            leak, keep = number.encode(self.leak[units]), number.encode(self.keep[units])
            kept = number.multiply(before[..., units], keep)
            y[..., units] = number.fma(kept, y[..., units], leak)
            slope[..., units] = number.multiply(slope[..., units], leak)
        return y, slope

    def predicted(self, y: Array) -> Array:
        """Return what the outputs say, (..., outputs): their activations, or the softmax."""
        outputs = y[..., self.outputs]
        return outputs if self.loss == SQUARED else softmax(outputs)

    @cached_property
    def _leaky(self) -> Array:
        leaky = self.leak != 1.0
        leaky[self.spiking] = False
        return np.flatnonzero(leaky)

    def weighted_sums(self, number: Number, weights: Array, z: Array) -> Array:
        """Return ``s = W z``, (..., units)."""
        if self.complete:
            return number.matmul(weights, z[..., None])[..., 0]
        return number.row_sums(weights, z[..., self.source], self._starts)

    def back_from_outputs(self, number: Number, values: Array, weights: Array) -> Array:
        """Return ``q_l = sum_o v_o w_ol``, (..., units), from v of the outputs, (..., outputs)."""
        output, edges = self._from_units_to_outputs
        products = number.multiply(values[..., output], self.flat(weights)[..., edges])
        shape = (*values.shape[:-1], self.units, values.shape[-1])
        matrix = np.zeros(shape, dtype=products.dtype)
        matrix[..., self.source[edges], output] = products
        return number.total(matrix)

    def add_at_outputs(self, number: Number, edges: Array, values: Array, z: Array) -> Array:
        """Add ``v_i z_j`` to the edges that outputs own, in place where they are contiguous."""
        output, places = self.output_edges
        flat = self.flat(edges)
        flat[..., places] = number.fma(
            flat[..., places], values[..., output], z[..., self.source[places]]
        )
        return flat.reshape(edges.shape)

    @cached_property
    def output_edges(self) -> tuple[Array, Array]:
        """The edges that outputs own: number of the output, place of the edge."""
        pairs = [
            (k, edge)
            for k, o in enumerate(self.outputs)
            for edge in np.flatnonzero(self.owner == o)
        ]
        output, edge = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        return output, edge

    @cached_property
    def own_positions(self) -> Array:
        """Where a matrix (units, edges), read flat, holds what unit i knows of its own edges."""
        positions: Array = self.owner * self.edges + np.arange(self.edges)
        return positions

    @cached_property
    def _from_units_to_outputs(self) -> tuple[Array, Array]:
        output, edge = self.output_edges
        between = self.source[edge] < self.units
        return output[between], edge[between]

    @cached_property
    def _loops(self) -> Array:
        return np.flatnonzero(self.owner == self.source)

    @cached_property
    def _between_units(self) -> Array:
        return np.flatnonzero(self.source < self.units)

    @cached_property
    def _starts(self) -> Array:
        return np.searchsorted(self.owner, np.arange(self.units))

    @cached_property
    def _reverse(self) -> Array:
        place = {
            pair: edge
            for edge, pair in enumerate(zip(self.owner.tolist(), self.source.tolist(), strict=True))
        }
        return np.array(
            [
                self.edges if i == j else place.get((j, i), self.edges)
                for i, j in zip(self.owner.tolist(), self.source.tolist(), strict=True)
            ]
        )

    def sense(self, y: Array, x: Array, one: Any) -> Array:
        """Return ``z = [y, x, 1]``, (..., sources), the constant only where there is a bias."""
        parts = [y, x]
        if self.has_bias:
            parts.append(np.full((*y.shape[:-1], 1), one, dtype=y.dtype))
        return np.concatenate(parts, axis=-1)
