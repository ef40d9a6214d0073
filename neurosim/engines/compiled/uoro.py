"""UORO compiled: the equations of ``learning/uoro.py``, with the same signs to the bit."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from neurosim.engines.compiled import Kernel
from neurosim.engines.compiled.graph import Graph, Learner, Stream, Tick, learn, tick, tick_of
from neurosim.learning.uoro import UORO
from neurosim.model.arithmetic import Array
from neurosim.model.chance import GAMMA
from neurosim.model.compiled import compiled, entry
from neurosim.model.layout import Layout

FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
STEP, ONE = np.uint64(GAMMA), np.uint64(1)
A, B, C, TOP = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(63)


class State(NamedTuple):
    """The tick, s (sources,) and h (edges,), the seed (1,), and what lives within a step.

    s is zero for what is no unit; ``carried``, ``sign`` and ``own`` (units,) are ``J s``, nu and
    ``nu d``.
    """

    now: Tick
    reach: Array
    theta: Array
    seed: Array
    carried: Array
    sign: Array
    own: Array


def kernel(rule: UORO, layout: Layout) -> Kernel | None:
    """Return the kernel; one hop back there is none."""
    return Kernel(prepare, run) if rule.readout == "state" else None


def prepare(rule: UORO, layout: Layout, y: Array) -> State:
    """Return the state before the first step."""
    reach, theta = np.zeros(layout.sources, y.dtype), np.zeros(layout.edges, y.dtype)
    seed = np.array([rule.seed & (2**64 - 1)], dtype=np.uint64)
    carried, sign, own = np.zeros((3, layout.units), dtype=y.dtype)
    return State(tick_of(layout, y), reach, theta, seed, carried, sign, own)


@entry
def run(graph: Graph, learner: Learner, state: State, stream: Stream) -> None:
    """Learn from a part of a stream."""
    for t in range(len(stream.x)):
        tick(graph, learner, state.now, stream, t)
        carry(graph, learner, state)
        draw(graph, state, np.uint64(learner.done[0]))
        follow(graph, learner, state)
        learn(graph, learner)


@compiled
def carry(graph: Graph, learner: Learner, state: State) -> None:
    """``J s``."""
    n, starts, weights = graph.units, graph.starts, learner.weights
    if graph.complete:
        np.dot(weights.reshape(n, graph.sources), state.reach, out=state.carried)
    else:
        for i in range(n):
            state.carried[i] = 0
            for edge in range(starts[i], starts[i + 1]):
                state.carried[i] += weights[edge] * state.reach[graph.source[edge]]
    for i in range(n):
        kept = graph.keep[i] * state.reach[i]
        state.carried[i] = state.now.slope[i] * state.carried[i] + kept


@compiled
def draw(graph: Graph, state: State, step: Any) -> None:
    """Signs of a step, as ``model/chance.py`` draws them, and the first part of (1)."""
    drawn = mix(mix(state.seed[0] + STEP * (step + ONE)) + STEP)  # the only replica is number 0
    for i in range(graph.units):
        top = mix(drawn + STEP * (np.uint64(i) + ONE)) >> TOP
        state.sign[i] = -1 if top else 1
        state.own[i] = state.sign[i] * state.now.slope[i]


@compiled
def mix(z: Any) -> Any:
    """SplitMix64's finaliser."""
    z = (z ^ (z >> A)) * FIRST
    z = (z ^ (z >> B)) * SECOND
    return z ^ (z >> C)


@compiled
def follow(graph: Graph, learner: Learner, state: State) -> None:
    """(1) to (4)."""
    n, z, own, theta = graph.units, state.now.z, state.own, state.theta
    norm_of_own, blame_of_carried, blame_of_sign = 0.0, 0.0, 0.0
    all_heard = np.dot(z, z)
    for i in range(n):
        heard = all_heard
        if not graph.complete:
            heard *= 0
            for edge in range(graph.starts[i], graph.starts[i + 1]):
                heard += z[graph.source[edge]] ** 2
        norm_of_own += own[i] * own[i] * heard
    for k in range(graph.outputs.size):
        o = graph.outputs[k]
        blame_of_carried += state.now.error[k] * state.carried[o]
        blame_of_sign += state.now.error[k] * state.sign[o]
    r0 = ratio_root(np.dot(theta, theta), np.dot(state.carried, state.carried))  # (3)
    r1 = ratio_root(norm_of_own, n)
    blame = theta.dtype.type(r0 * blame_of_carried + r1 * blame_of_sign)
    kept, added = theta.dtype.type(1 / r0), theta.dtype.type(1 / r1)
    for i in range(n):
        state.reach[i] = r0 * state.carried[i] + r1 * state.sign[i]  # (2)
        factor = added * own[i]
        if graph.complete:
            first = i * graph.sources
            for j in range(graph.sources):
                h = kept * theta[first + j] + factor * z[j]
                theta[first + j], learner.gradient[first + j] = h, blame * h  # (4)
        else:
            for edge in range(graph.starts[i], graph.starts[i + 1]):
                h = kept * theta[edge] + factor * z[graph.source[edge]]
                theta[edge], learner.gradient[edge] = h, blame * h


@compiled
def ratio_root(above: float, below: float) -> float:
    """The root of a ratio of norms, from their squares; 1 where one of them is zero."""
    if above > 0 and below > 0:
        root: float = np.sqrt(np.sqrt(above / below))
        return root
    return 1.0
