"""What local rules share: the error one hop back, and a unit's own loop."""

from __future__ import annotations

import numpy as np

from neurosim.engines.compiled.graph import Graph, Learner, Tick
from neurosim.model.arithmetic import Array
from neurosim.model.compiled import compiled
from neurosim.model.layout import Layout


def loops_of(layout: Layout, count: bool = True) -> Array:
    """Return every unit's edge to itself, (units,), or the number of edges without one."""
    loops = np.full(layout.units, layout.edges)
    if count:
        own = np.flatnonzero(layout.owner == layout.source)
        loops[layout.owner[own]] = own
    return loops


@compiled
def own_errors(graph: Graph, now: Tick, q: Array, v: Array) -> None:
    """``v_o = e_o d_o``, and in ``q`` what outputs that leak know themselves, ``e_o keep_o``."""
    for j in range(graph.units):
        q[j] = v[j] = 0
    for k in range(graph.outputs.size):
        o = graph.outputs[k]
        v[o] = now.error[k] * now.slope[o]
        q[o] = now.error[k] * graph.keep[o]


@compiled
def blame(graph: Graph, learner: Learner, now: Tick, q: Array, v: Array) -> None:
    """``q_l = sum_o v_o w_ol``, back along the edges, and what ``own_errors`` does."""
    own_errors(graph, now, q, v)
    for o in graph.outputs:
        first, end = graph.starts[o], graph.starts[o + 1]
        if graph.complete:
            for j in range(graph.units):
                q[j] += v[o] * learner.weights[first + j]
        else:
            for edge in range(first, end):
                if graph.source[edge] < graph.units:
                    q[graph.source[edge]] += v[o] * learner.weights[edge]
