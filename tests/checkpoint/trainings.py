"""Trainings of two dozen steps, stopped or not, and how two of them are compared."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

import neurosim as ns
from neurosim.engines.checkpoint import Keeping, trees
from neurosim.study.graphs import graph_from

STEPS, STOP = 24, 17
RNG = np.random.default_rng(8)
INPUTS, TARGETS = RNG.uniform(-1, 1, (STEPS, 2)), RNG.uniform(-0.8, 0.8, (STEPS, 2))


def network(units: int = 4, topology: str = "fully_recurrent") -> ns.Network:
    graph, inputs, outputs = graph_from(topology, units=units, inputs=("x0", "x1"), outputs=2)
    return ns.Network(graph, inputs, outputs, seed=3)


def stopping(step: int):
    """Return what stops a training after so many steps."""

    def on_step(t, outputs, errors):
        if t == step - 1:
            raise KeyboardInterrupt

    return on_step


class Watched(NamedTuple):
    run: ns.Run
    state: object


def trained(rule, *, checkpoint=None, stop=None, **options) -> Watched:
    """Train, and keep the state of the engine at the end."""
    engines: list = []
    given = {"inputs": INPUTS, "targets": TARGETS, **options}
    on_step = stopping(stop) if stop else None
    run = ns.train(
        network(), rule, checkpoint=checkpoint, on_step=on_step, on_start=engines.append, **given
    )
    return Watched(run, engines[0].state())


def assert_same(one: Watched, other: Watched) -> None:
    """Hold two trainings against each other, bit by bit, state and all."""
    for name in ("outputs", "errors", "targets", "cycles"):
        np.testing.assert_array_equal(getattr(one.run, name), getattr(other.run, name))
    assert one.run.network.weights == other.run.network.weights
    assert (one.run.counts, one.run.activity) == (other.run.counts, other.run.activity)
    (node, arrays), (other_node, others) = map(trees.taken_apart, (one.state, other.state))
    assert node == other_node
    assert [each.tobytes() for each in arrays.values()] == [a.tobytes() for a in others.values()]


def half_done(folder: Path) -> None:
    """Leave a training with checkpoints at steps 10 and 17."""
    trained(ns.TRTRL(0.05), checkpoint=Keeping(folder, steps=10), stop=STOP)
