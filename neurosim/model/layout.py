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

from functools import cached_property
from typing import Any

import numpy as np

from neurosim.model.arithmetic import Array, Number
from neurosim.model.network import BIAS, Network


class Layout:
    """Index arrays of one network; see the module for the shapes."""

    def __init__(self, network: Network) -> None:
        numbers = network.numbers
        pairs = np.array([(numbers[u], numbers[s]) for s, u in network.edges], dtype=np.int64)
        self.order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        self.owner, self.source = pairs[self.order].T
        self.units, self.sources, self.edges = len(network.units), len(numbers), len(pairs)
        self.outputs = np.array([numbers[o] for o in network.outputs])
        self.has_bias, self.activation = BIAS in numbers, network.activation
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
        loops = np.flatnonzero(self.owner == self.source)
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
