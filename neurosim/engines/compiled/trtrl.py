"""TRTRL compiled: the factored equations of ``learning/trtrl.py``, one pass over all edges.

A weight's reverse is what makes the pass irregular. On a complete graph the weights between units
are transposed once a step, so that everything else is row by row; on others they are looked up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurosim.engines.compiled import Kernel
from neurosim.engines.compiled.blame import blame, loops_of
from neurosim.engines.compiled.graph import Graph, Learner, Stream, Tick, learn, tick, tick_of
from neurosim.learning.trtrl import TRTRL
from neurosim.model.arithmetic import Array
from neurosim.model.compiled import compiled, entry
from neurosim.model.layout import Layout


class State(NamedTuple):
    """The tick, sensitivities a and b (edges,), and what lives within a step.

    ``loops`` (units,) and ``reverse`` (edges,) are the edges of units to themselves and those the
    other way, or the number of edges where there is none or it does not count; ``loop`` (units,)
    and ``back`` (edges,) are their weights, or zero. ``q``, ``d`` and ``own`` (sources,) are (6),
    the slopes, and what multiplies a unit's own sensitivity in (2) and (3); ``v`` (units,).
    """

    now: Tick
    a: Array
    b: Array
    loops: Array
    reverse: Array
    back: Array
    q: Array
    d: Array
    own: Array
    v: Array


def kernel(rule: TRTRL, layout: Layout) -> Kernel | None:
    """Return the kernel; the slides' literal form is the array form's to compute."""
    return None if rule.literal else Kernel(prepare, run)


def prepare(rule: TRTRL, layout: Layout, y: Array) -> State:
    """Return the state before the first step."""
    edges = layout.edges
    loops, reverse = loops_of(layout, rule.self_terms), np.full(edges, edges)
    if not rule.ingress_only:
        numbers = 1 + np.arange(edges).reshape(layout.shape)
        reverse = layout.flat(layout.at_reverse(numbers)) - 1
        reverse[reverse < 0] = edges
    a, b, back = np.zeros((3, edges), dtype=y.dtype)
    q, d, own = np.zeros((3, layout.sources), dtype=y.dtype)
    return State(tick_of(layout, y), a, b, loops, reverse, back, q, d, own, np.zeros_like(y))


@entry
def run(graph: Graph, learner: Learner, state: State, stream: Stream) -> None:
    """Learn from a part of a stream."""
    for t in range(len(stream.x)):
        tick(graph, learner, state.now, stream, t)  # (1)
        blame(graph, learner, state.now, state.q, state.v)  # (6)
        prepare_units(graph, learner, state)
        if graph.complete:
            follow_rows(graph, learner, state)
        else:
            follow_edges(graph, learner, state)
        learn(graph, learner)


@compiled
def prepare_units(graph: Graph, learner: Learner, state: State) -> None:
    """Slopes, and what every unit multiplies its own sensitivities with."""
    weights, edges = learner.weights, learner.weights.size
    for j in range(graph.units):
        loop = weights[state.loops[j]] if state.loops[j] < edges else 0.0
        state.d[j] = state.now.slope[j]
        state.own[j] = state.now.slope[j] * loop + graph.keep[j]


@compiled
def follow_rows(graph: Graph, learner: Learner, state: State) -> None:
    """(7), (3) and (2) where every unit hears everyone."""
    shape = graph.units, graph.sources
    weights, gradient = learner.weights.reshape(shape), learner.gradient.reshape(shape)
    a, b, back = state.a.reshape(shape), state.b.reshape(shape), state.back.reshape(shape)
    z, qs, ds, owns = state.now.z, state.q, state.d, state.own
    if weights.size > 1 and state.reverse[1] < weights.size:  # b is kept
        for i in range(graph.units):
            for j in range(graph.units):
                back[i, j] = weights[j, i]
            back[i, i] = 0
    for i in range(graph.units):
        q, d, own, v = qs[i], ds[i], owns[i], state.v[i]
        for j in range(graph.sources):
            ingress, egress = a[i, j], b[i, j]
            gradient[i, j] = q * ingress + qs[j] * egress + v * z[j]
            a[i, j] = d * (weights[i, j] * egress + z[j]) + own * ingress
            b[i, j] = ds[j] * (back[i, j] * ingress) + owns[j] * egress


@compiled
def follow_edges(graph: Graph, learner: Learner, state: State) -> None:
    """(7), (3) and (2) edge by edge."""
    weights, edges, z = learner.weights, learner.weights.size, state.now.z
    for edge in range(edges):
        i, j, reverse = graph.owner[edge], graph.source[edge], state.reverse[edge]
        a, b, back = state.a[edge], state.b[edge], 0.0
        if reverse < edges:
            back = weights[reverse]
        learner.gradient[edge] = state.q[i] * a + state.q[j] * b + state.v[i] * z[j]
        state.a[edge] = state.d[i] * (weights[edge] * b + z[j]) + state.own[i] * a
        state.b[edge] = state.d[j] * (back * a) + state.own[j] * b
