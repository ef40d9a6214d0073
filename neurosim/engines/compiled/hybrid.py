"""The RTRL/BPTT hybrid compiled: the three matrix products of ``learning/hybrid.py``.

For complete graphs, where (3) is one product of all ticks of a block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurosim.engines.compiled import Kernel
from neurosim.engines.compiled.graph import Graph, Learner, Stream, Tick, learn, tick, tick_of
from neurosim.learning.hybrid import Hybrid
from neurosim.model.arithmetic import Array
from neurosim.model.compiled import compiled, entry
from neurosim.model.layout import Layout


class State(NamedTuple):
    """The tick, influence (units, edges), and what is kept of a block's ticks.

    ``z`` (block, sources), ``slope`` (block, units) and ``error`` (block, outputs); within the step
    at a block's end ``recurrent`` (units, units), C (1 + units, units), D (block, 1 + units,
    units), S and ``carried`` (1 + units, edges), the two terms of (4).
    """

    now: Tick
    p: Array
    z: Array
    slope: Array
    error: Array
    recurrent: Array
    column: Array
    delta: Array
    within: Array
    carried: Array


def kernel(rule: Hybrid, layout: Layout) -> Kernel | None:
    """Return the kernel, for complete graphs."""
    return Kernel(prepare, run) if layout.complete else None


def prepare(rule: Hybrid, layout: Layout, y: Array) -> State:
    """Return the state before the first step."""
    n, block, edges = layout.units, rule.block or layout.units, layout.edges
    shapes = (
        (n, edges), (block, layout.sources), (block, n), (block, len(layout.outputs)), (n, n),
        (n + 1, n), (block, n + 1, n), (n + 1, edges), (n + 1, edges),
    )  # fmt: skip
    return State(tick_of(layout, y), *(np.zeros(shape, dtype=y.dtype) for shape in shapes))


@entry
def run(graph: Graph, learner: Learner, state: State, stream: Stream) -> None:
    """Learn from a part of a stream, which may end within a block."""
    block = len(state.z)
    for t in range(len(stream.x)):
        tick(graph, learner, state.now, stream, t)
        age = learner.done[0] % block
        for j in range(graph.sources):
            state.z[age, j] = state.now.z[j]
        for k in range(graph.units):
            state.slope[age, k] = state.now.slope[k]
        for o in range(graph.outputs.size):
            state.error[age, o] = state.now.error[o]
        if age == block - 1:
            carry_back(graph, learner, state)
            combine(graph, learner, state)
            learn(graph, learner)  # (5)
        else:
            for edge in range(learner.gradient.size):
                learner.gradient[edge] = 0
            learner.done[0] += 1


@compiled
def carry_back(graph: Graph, learner: Learner, state: State) -> None:
    """(1) and (2): D of all ticks of the block, and C before the first."""
    n, block, column = graph.units, len(state.z), state.column
    for k in range(n):
        for j in range(n):
            state.recurrent[k, j] = learner.weights[k * graph.sources + j]
    for row in range(n + 1):
        for k in range(n):
            column[row, k] = 1 if row == k + 1 else 0
    for age in range(block - 1, -1, -1):
        for o in range(graph.outputs.size):
            column[0, graph.outputs[o]] += state.error[age, o]
        for row in range(n + 1):
            for k in range(n):
                state.delta[age, row, k] = column[row, k] * state.slope[age, k]
        earlier(graph, state, age)


@compiled
def earlier(graph: Graph, state: State, age: int) -> None:
    """``C <- D W_rec + C diag(keep)``, the first product."""
    n, product = graph.units, state.within[0, : state.column.size].reshape(state.column.shape)
    np.dot(state.delta[age], state.recurrent, out=product)
    for row in range(n + 1):
        for k in range(n):
            state.column[row, k] = product[row, k] + graph.keep[k] * state.column[row, k]


@compiled
def combine(graph: Graph, learner: Learner, state: State) -> None:
    """(3) and (4), the other two products."""
    n, block, edges = graph.units, len(state.z), learner.weights.size
    deltas = state.delta.reshape(block, (n + 1) * n)
    np.dot(deltas.T, state.z, out=state.within.reshape((n + 1) * n, graph.sources))
    np.dot(state.column, state.p, out=state.carried)
    for edge in range(edges):
        learner.gradient[edge] = state.within[0, edge] + state.carried[0, edge]
    for k in range(n):
        for edge in range(edges):
            state.p[k, edge] = state.within[k + 1, edge] + state.carried[k + 1, edge]
