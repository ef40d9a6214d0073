"""No learning: the forward pass alone, at N^2 multiplications a step.

::

    s_i = sum_j w_ij z_j,    y_i = f(s_i),    e_o = target_o - y_o                   (1)

What a network costs before it learns anything, and what a chip does while learning is off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import Outcome, Rule, fire, forward_cost, listen, speak, whole_tick
from neurosim.model.arithmetic import Array, Number
from neurosim.model.kinds import KINDS
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Surroundings
from neurosim.model.operations import Operation


class State(NamedTuple):
    """Activations, and potentials of the units that spike, (..., units)."""

    y: Array
    v: Array | None


@dataclass(frozen=True)
class Inference(Rule):
    """The forward pass without learning; ``learning_rate`` moves nothing."""

    name: ClassVar[str] = "inference"
    title: ClassVar[str] = "Inference"
    citation: ClassVar[str] = "Williams and Zipser 1989, doi 10.1162/neco.1989.1.2.270"
    order_multiplications: ClassVar[str] = "n^2"
    order_words: ClassVar[str] = "0"
    kinds: ClassVar[frozenset[str]] = frozenset(KINDS)
    moves: ClassVar[bool] = False

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """Nothing."""
        return ()

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equation (1)."""
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with potentials zero."""
        return State(y, np.zeros_like(y))

    def step(
        self, layout: Layout, number: Number, weights: Array, state: State, x: Array, target: Array
    ) -> Outcome:
        """Equation (1) for all units at once; the gradient is zero."""
        now = whole_tick(layout, number, weights, state.y, x, target, state.v)
        gradient = np.zeros((*state.y.shape[:-1], *layout.shape), dtype=number.dtype)
        y, error = now.forward.y, now.forward.error
        return Outcome(State(y, now.v), y, error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: one multiplication an edge, and one an output."""
        return forward_cost(census)
