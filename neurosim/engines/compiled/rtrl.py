"""RTRL compiled: the equations of ``learning/rtrl.py``, all sensitivities in one matrix product.

The slope is multiplied into the weights, ``J = diag(keep) + diag(d) W``, so that (2) is ``J P``
through BLAS and a few words more. Where few of the possible edges exist, the product goes over
those that do, a block of columns at a time so that it stays in the cache, and leaves out the units
that none of the block's weights can reach.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurosim.engines.compiled import Kernel
from neurosim.engines.compiled.graph import Graph, Learner, Stream, Tick, learn, tick, tick_of
from neurosim.learning.rtrl import RTRL
from neurosim.model.arithmetic import Array
from neurosim.model.compiled import compiled, entry
from neurosim.model.layout import Layout

WIDTH = 64  # columns of a block
WORTH_PRODUCT = 3  # one in so many edges makes the dense product faster: measured


class Dense(NamedTuple):
    """The tick, sensitivities of this step and the last (2, units, edges), Jacobian."""

    now: Tick
    p: Array
    jacobian: Array


class Sparse(NamedTuple):
    """The tick, sensitivities (blocks, units, width) and Jacobian (edges,).

    ``old`` (units, width) is a block of the step before, and ``reached`` (blocks, units) says which
    units a block of columns can ever reach.
    """

    now: Tick
    p: Array
    jacobian: Array
    old: Array
    reached: Array


def kernel(rule: RTRL, layout: Layout) -> Kernel:
    """Return the product of matrices, or that over edges where they are few."""
    between = int((layout.source < layout.units).sum())
    if between * WORTH_PRODUCT < layout.units**2:
        return Kernel(sparse, run_sparse)
    return Kernel(dense, run_dense)


def dense(rule: RTRL, layout: Layout, y: Array) -> Dense:
    """Return the state before the first step, for the matrix product."""
    n = layout.units
    p = np.zeros((2, n, layout.edges), dtype=y.dtype)
    return Dense(tick_of(layout, y), p, np.zeros((n, n), dtype=y.dtype))


def sparse(rule: RTRL, layout: Layout, y: Array) -> Sparse:
    """Return the state before the first step, for the product over edges."""
    reach = reached(layout)
    p = np.zeros((*reach.shape, WIDTH), dtype=y.dtype)
    jacobian = np.zeros(layout.edges, dtype=y.dtype)
    return Sparse(tick_of(layout, y), p, jacobian, np.zeros_like(p[0]), reach)


def reached(layout: Layout) -> Array:
    """Return which units the weights of each block of columns can reach, (blocks, units)."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import shortest_path

    between = layout.source < layout.units
    ends = layout.source[between], layout.owner[between]
    ones = np.ones(int(between.sum()))
    graph = csr_array((ones, ends), shape=(layout.units, layout.units))
    reach = np.isfinite(shortest_path(graph, unweighted=True))
    starts = np.arange(0, layout.edges, WIDTH)
    found: Array = np.logical_or.reduceat(reach[layout.owner], starts, axis=0)
    return found


@entry
def run_dense(graph: Graph, learner: Learner, state: Dense, stream: Stream) -> None:
    """Learn from a part of a stream, by matrix products."""
    now, jacobian = state.now, state.jacobian
    for t in range(len(stream.x)):
        tick(graph, learner, now, stream, t)  # (1)
        old, p = state.p[learner.done[0] & 1], state.p[1 - (learner.done[0] & 1)]
        differentiate(graph, learner, now, jacobian)
        np.dot(jacobian, old, out=p)  # (2)
        immediate(graph, now, p)
        gradient(graph, learner, now, p)
        learn(graph, learner)  # (4)


@entry
def run_sparse(graph: Graph, learner: Learner, state: Sparse, stream: Stream) -> None:
    """Learn from a part of a stream, by products over edges."""
    now, starts, g = state.now, graph.starts, learner.gradient
    for t in range(len(stream.x)):
        tick(graph, learner, now, stream, t)  # (1)
        for k in range(graph.units):
            for edge in range(starts[k], starts[k + 1]):
                state.jacobian[edge] = now.slope[k] * learner.weights[edge]
        for b in range(len(state.p)):
            multiply(graph, state, b)  # (2)
        for edge in range(g.size):
            k, b, c = graph.owner[edge], edge // WIDTH, edge % WIDTH
            state.p[b, k, c] += now.slope[k] * now.z[graph.source[edge]]
            g[edge] = 0
            for o in range(graph.outputs.size):
                g[edge] += now.error[o] * state.p[b, graph.outputs[o], c]  # (3)
        learn(graph, learner)  # (4)


@compiled
def multiply(graph: Graph, state: Sparse, b: int) -> None:
    """``P <- J P`` for a block of columns, four edges at a time."""
    n, p, old = graph.units, state.p, state.old
    jacobian, source, starts = state.jacobian, graph.source, graph.starts
    width = old.shape[1]  # a number known beforehand would take LLVM half a minute to unroll
    for k in range(n):
        for c in range(width):
            old[k, c] = p[b, k, c]
    for k in range(n):
        if not state.reached[b, k]:
            continue
        for c in range(width):
            p[b, k, c] = graph.keep[k] * old[k, c]
        edge, end = starts[k], starts[k + 1]
        while end > edge and source[end - 1] >= n:  # what is no unit comes last
            end -= 1
        while edge + 4 <= end:
            i0, i1, i2, i3 = source[edge], source[edge + 1], source[edge + 2], source[edge + 3]
            j0, j1 = jacobian[edge], jacobian[edge + 1]
            j2, j3 = jacobian[edge + 2], jacobian[edge + 3]
            for c in range(width):
                p[b, k, c] += j0 * old[i0, c] + j1 * old[i1, c] + j2 * old[i2, c] + j3 * old[i3, c]
            edge += 4
        while edge < end:
            i0, j0 = source[edge], jacobian[edge]
            for c in range(width):
                p[b, k, c] += j0 * old[i0, c]
            edge += 1


@compiled
def differentiate(graph: Graph, learner: Learner, now: Tick, jacobian: Array) -> None:
    """``J = diag(keep) + diag(d) W``, between units."""
    n, starts = graph.units, graph.starts
    if graph.complete:
        weights = learner.weights.reshape(n, graph.sources)
        for k in range(n):
            for c in range(n):
                jacobian[k, c] = now.slope[k] * weights[k, c]
    else:
        for k in range(n):
            for edge in range(starts[k], starts[k + 1]):
                if graph.source[edge] < n:
                    jacobian[k, graph.source[edge]] = now.slope[k] * learner.weights[edge]
    for k in range(n):
        jacobian[k, k] += graph.keep[k]


@compiled
def immediate(graph: Graph, now: Tick, p: Array) -> None:
    """What a unit knows of its own edges: ``d_k z_j``, the second part of (2)."""
    n, starts = graph.units, graph.starts
    if graph.complete:
        own = p.reshape(n, n, graph.sources)
        for k in range(n):
            for c in range(graph.sources):
                own[k, k, c] += now.slope[k] * now.z[c]
    else:
        for k in range(n):
            for edge in range(starts[k], starts[k + 1]):
                p[k, edge] += now.slope[k] * now.z[graph.source[edge]]


@compiled
def gradient(graph: Graph, learner: Learner, now: Tick, p: Array) -> None:
    """Equation (3)."""
    g = learner.gradient
    for o in range(graph.outputs.size):
        row, error = graph.outputs[o], now.error[o]
        if o == 0:
            for edge in range(g.size):
                g[edge] = error * p[row, edge]
        else:
            for edge in range(g.size):
                g[edge] += error * p[row, edge]
