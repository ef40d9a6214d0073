"""SnAp-0, SnAp-1 and RFLO compiled: a trace an edge, as ``learning/parts/traces.py`` has it.

The rules differ in what a trace remembers, its unit's loop or leak, and in how the error gets to
the units.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurosim.engines.compiled import Kernel
from neurosim.engines.compiled.blame import blame, loops_of, own_errors
from neurosim.engines.compiled.graph import Graph, Learner, Stream, Tick, learn, tick, tick_of
from neurosim.learning.rflo import OWN_LEAK, RFLO
from neurosim.learning.snap import SnAp
from neurosim.model.arithmetic import Array, Float
from neurosim.model.compiled import compiled, entry
from neurosim.model.layout import Layout


class State(NamedTuple):
    """The tick, traces (edges,), and what lives within a step.

    ``loops`` (units,) are the edges of units to themselves, or the number of edges where there is
    none or it does not count; ``keep`` (units,) is what traces keep of a leak; ``feedback`` (units,
    outputs) is random, or empty where the error comes back by the weights; ``q``, ``v`` and ``own``
    (units,) are the signal and what multiplies a trace.
    """

    now: Tick
    a: Array
    loops: Array
    keep: Array
    feedback: Array
    q: Array
    v: Array
    own: Array


def kernel(rule: SnAp | RFLO, layout: Layout) -> Kernel | None:
    """Return the kernel; SnAp's paths from n = 2 on are the array form's."""
    return None if isinstance(rule, SnAp) and not rule.local else Kernel(prepare, run)


def prepare(rule: SnAp | RFLO, layout: Layout, y: Array) -> State:
    """Return the state before the first step."""
    trace = rule.trace if isinstance(rule, SnAp) else OWN_LEAK
    keep = 1 - layout.leak if trace.leaks else np.zeros(layout.units)
    feedback = np.zeros((layout.units, 0))
    if isinstance(rule, RFLO) and rule.feedback == "random":
        feedback = rule.feedback_weights(layout, Float())
    q, v, own = np.zeros((3, layout.units), dtype=y.dtype)
    return State(
        tick_of(layout, y),
        np.zeros(layout.edges, dtype=y.dtype),
        loops_of(layout, trace.loops),
        keep.astype(y.dtype),
        feedback.astype(y.dtype),
        q,
        v,
        own,
    )


@entry
def run(graph: Graph, learner: Learner, state: State, stream: Stream) -> None:
    """Learn from a part of a stream."""
    for t in range(len(stream.x)):
        tick(graph, learner, state.now, stream, t)
        if state.feedback.size:
            broadcast(graph, state)
        else:
            blame(graph, learner, state.now, state.q, state.v)
        for i in range(graph.units):
            state.own[i] = state.keep[i]
            if state.loops[i] < learner.weights.size:
                state.own[i] += state.now.slope[i] * learner.weights[state.loops[i]]
        if graph.complete:
            follow_rows(graph, learner, state)
        else:
            follow_edges(graph, learner, state)
        learn(graph, learner)


@compiled
def broadcast(graph: Graph, state: State) -> None:
    """``q_i = sum_o b_io v_o``."""
    own_errors(graph, state.now, state.q, state.v)
    for i in range(graph.units):
        for k in range(graph.outputs.size):
            state.q[i] += state.feedback[i, k] * state.v[graph.outputs[k]]


@compiled
def follow_rows(graph: Graph, learner: Learner, state: State) -> None:
    """(1) and (2) where every unit hears everyone."""
    shape, z = (graph.units, graph.sources), state.now.z
    a, gradient = state.a.reshape(shape), learner.gradient.reshape(shape)
    for i in range(graph.units):
        q, v, d, own = state.q[i], state.v[i], state.now.slope[i], state.own[i]
        for j in range(graph.sources):
            gradient[i, j] = q * a[i, j] + v * z[j]
            a[i, j] = d * z[j] + own * a[i, j]


@compiled
def follow_edges(graph: Graph, learner: Learner, state: State) -> None:
    """(1) and (2) edge by edge, but for units whose weights are all fixed."""
    for i in range(graph.units):
        if not graph.learning[i]:
            continue
        q, v, d, own = state.q[i], state.v[i], state.now.slope[i], state.own[i]
        for edge in range(graph.starts[i], graph.starts[i + 1]):
            z, a = state.now.z[graph.source[edge]], state.a[edge]
            learner.gradient[edge] = q * a + v * z
            state.a[edge] = d * z + own * a
