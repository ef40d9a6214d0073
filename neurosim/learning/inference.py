"""No learning: the forward pass alone, at N^2 multiplications a step.

::

    s_i = sum_j w_ij z_j,    y_i = f(s_i),    e_o = target_o - y_o                   (1)

What a network costs before it learns anything, and what a chip does while learning is off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import Outcome, Rule, fire, listen, speak, tick
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Surroundings
from neurosim.model.operations import Operation


@dataclass(frozen=True)
class Inference(Rule):
    """The forward pass without learning; ``learning_rate`` moves nothing."""

    name: ClassVar[str] = "inference"
    title: ClassVar[str] = "Inference"
    citation: ClassVar[str] = "Williams and Zipser 1989, doi 10.1162/neco.1989.1.2.270"

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """Nothing."""
        return ()

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equation (1)."""
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)

    def init(self, layout: Layout, number: Number, y: Array) -> Array:
        """Start from activations."""
        return y

    def step(
        self, layout: Layout, number: Number, weights: Array, state: Array, x: Array, target: Array
    ) -> Outcome:
        """Equation (1) for all units at once; the gradient is zero."""
        now = tick(layout, number, weights, state, x, target)
        gradient = np.zeros((*state.shape[:-1], *layout.shape), dtype=number.dtype)
        return Outcome(now.y, now.y, now.error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: one multiplication an edge, and one an output."""
        c = census
        return Counts(
            multiplications=c.edges + c.k,
            additions=c.edges - c.n + c.k,
            activations=c.n,
            reads=c.speaking + 2 * c.edges + c.n + 3 * c.k,
            writes=c.heard + c.n + 2 * c.n + c.k,
            words_sent=c.heard - c.loops,
            words_received=c.heard - c.loops,
        )
