"""What all kernels share: the network in arrays, one tick of it, and the step of the weights.

A kernel runs the time loop of one rule over a part of a stream, with the equations of the rule's
own file. Weights and gradients are flat here, one word an edge, ordered by owner and source; what
a kernel reads and writes comes in named tuples of arrays, which it changes in place.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from neurosim.engines.compiled.optimizer import Settings, move
from neurosim.model.arithmetic import Array
from neurosim.model.compiled import compiled
from neurosim.model.layout import Layout

TANH, LOGISTIC, LINEAR = range(3)
KINDS = {"tanh": TANH, "logistic": LOGISTIC, "linear": LINEAR}


class Graph(NamedTuple):
    """Where edges begin and end, and what the units are.

    ``starts`` (units + 1,) is where the edges of each unit begin; ``owner`` and ``source``
    (edges,), ``outputs`` (outputs,); ``complete`` where every unit hears every source; ``kind``
    (units,) is the activation function; ``leak`` (units,) and ``keep`` (sources,) are the parts of
    the new and the old activation, 1 and 0 where a unit does not leak; ``fixed`` are edges whose
    weights do not learn, and ``learning`` (units,) says which units have others.
    """

    units: int
    sources: int
    complete: bool
    starts: Array
    owner: Array
    source: Array
    outputs: Array
    kind: Array
    keep: Array
    leak: Array
    fixed: Array
    learning: Array


class Learner(NamedTuple):
    """What learns, and how far it is: weights and gradient (edges,), steps done (1,).

    ``rate`` (rates,) has the rate of step s at s modulo its size.
    """

    weights: Array
    gradient: Array
    rate: Array
    done: Array
    settings: Settings


class Tick(NamedTuple):
    """One tick of the network: sources, activations, slopes, weighted sums, errors of outputs."""

    z: Array
    y: Array
    slope: Array
    s: Array
    error: Array


class Stream(NamedTuple):
    """A part of a stream: inputs and targets, and what the outputs make of it, (steps, ...)."""

    x: Array
    target: Array
    y: Array
    error: Array


def graph_of(layout: Layout, dtype: Any) -> Graph:
    """Return the graph of a layout, for words of a type."""
    owner, keep = np.ascontiguousarray(layout.owner), np.zeros(layout.sources)
    keep[: layout.units] = 1 - layout.leak
    kind = np.zeros(layout.units, dtype=np.int64)
    for name, units in layout.functions.items():
        kind[units] = KINDS[name]
    return Graph(
        layout.units,
        layout.sources,
        layout.complete,
        np.searchsorted(owner, np.arange(layout.units + 1)),
        owner,
        np.ascontiguousarray(layout.source),
        layout.outputs,
        kind,
        keep.astype(dtype),
        layout.leak.astype(dtype),
        layout.fixed,
        np.bincount(np.delete(owner, layout.fixed), minlength=layout.units) > 0,
    )


def tick_of(layout: Layout, y: Array) -> Tick:
    """Return the words of a tick, from activations of shape (units,)."""
    z = np.ones(layout.sources, dtype=y.dtype)
    slope, s = np.zeros((2, layout.units), dtype=y.dtype)
    return Tick(z, y.copy(), slope, s, np.zeros(len(layout.outputs), dtype=y.dtype))


@compiled
def tick(graph: Graph, learner: Learner, now: Tick, stream: Stream, t: int) -> None:
    """``s = W z``, ``y = keep y + leak f(s)``, ``slope = leak f'(s)``, and the outputs' errors."""
    n, inputs = graph.units, stream.x.shape[1]
    for i in range(n):
        now.z[i] = now.y[i]
    for i in range(inputs):
        now.z[n + i] = stream.x[t, i]
    if graph.complete:
        np.dot(learner.weights.reshape(n, graph.sources), now.z, out=now.s)
    else:
        for i in range(n):
            total = learner.weights[graph.starts[i]] * now.z[graph.source[graph.starts[i]]]
            for edge in range(graph.starts[i] + 1, graph.starts[i + 1]):
                total += learner.weights[edge] * now.z[graph.source[edge]]
            now.s[i] = total
    for i in range(n):
        f, slope = activated(graph.kind[i], now.s[i])
        now.y[i] = graph.keep[i] * now.y[i] + graph.leak[i] * f
        now.slope[i] = graph.leak[i] * slope
    for o in range(graph.outputs.size):
        now.error[o] = stream.target[t, o] - now.y[graph.outputs[o]]
        stream.y[t, o], stream.error[t, o] = now.y[graph.outputs[o]], now.error[o]


@compiled
def activated(kind: int, s: Any) -> Any:
    """``f(s)`` and ``f'(s)``."""
    if kind == TANH:
        f = np.tanh(s)
        return f, 1 - f * f
    if kind == LOGISTIC:
        f = 0.5 * (1 + np.tanh(0.5 * s))
        return f, f - f * f
    return s, s * 0 + 1


@compiled
def learn(graph: Graph, learner: Learner) -> None:
    """``w <- w + rate d``, which ends every step."""
    rate = learner.rate[learner.done[0] % learner.rate.size]
    for edge in graph.fixed:
        learner.gradient[edge] = 0
    move(learner.settings, learner.weights, learner.gradient, rate)
    learner.done[0] += 1
