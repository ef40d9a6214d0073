"""Random feedback local online learning: a leaky trace an edge, and fed-back errors.

A unit's own leak is all that its traces remember; what other units, or its edge to itself, carry
from step to step is left out::

    s_i  = sum_j w_ij z_j,    y_i <- (1 - a_i) y_i + a_i f(s_i),    d_i = a_i f'(s_i)  (1)
    v_o  = e_o d_o,    q_i = sum_o b_io v_o                                          (2)
    g_ij = q_i tr_ij + v_i z_j                                                       (3)
    tr_ij <- (1 - a_i) tr_ij + d_i z_j                                               (4)
    w_ij <- w_ij + rate g_ij                                                         (5)

with tr of the step before in (3), for outputs are units here and hear the others one tick late.
``symmetric`` feedback has ``b_io = w_oi``, the weights themselves, back along the edges; with it
the gradient is exact but for the recurrence between units. ``random`` feedback is drawn once and
stays; outputs then learn from their own error alone. Units that do not leak have no memory in (4).

J. M. Murray, "Local online learning in recurrent networks with random feedback", eLife 8:e43299,
2019, doi 10.7554/eLife.43299.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.learning.counts import Census, Counts
from neurosim.learning.parts import traces
from neurosim.learning.parts.feedback import FedBack
from neurosim.learning.parts.traces import Trace
from neurosim.learning.rule import Outcome, fire, listen, speak, tick, tick_cost
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Surroundings
from neurosim.model.operations import Operation, Words

OWN_LEAK = Trace(loops=False, leaks=True)


class State(NamedTuple):
    """Activations (..., units), traces (..., edges), and random feedback (units, outputs)."""

    y: Array
    a: Array
    feedback: Array


@dataclass(frozen=True)
class RFLO(FedBack):
    """Random feedback local online learning (Murray 2019)."""

    name: ClassVar[str] = "rflo"
    title: ClassVar[str] = "RFLO"
    citation: ClassVar[str] = "Murray 2019, doi 10.7554/eLife.43299"
    order_multiplications: ClassVar[str] = "n^2"
    order_words: ClassVar[str] = "n^2"

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """The traces are kept, and a unit's own weights of random feedback."""
        return (*traces.memories(neuron, OWN_LEAK), *self.back.memories(neuron, network))

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (5)."""
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)
        yield from self.back.program(neuron, network)
        yield from traces.gradient(neuron, hears=not self.back.silent(neuron))
        yield from traces.advance(neuron, OWN_LEAK)
        yield from self.update(neuron, network, Words("g", 0, neuron.edges))

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with all traces zero."""
        zeros = np.zeros((*y.shape[:-1], *layout.shape), dtype=number.dtype)
        return State(y, zeros, self.feedback_weights(layout, number))

    def step(
        self,
        layout: Layout,
        number: Number,
        weights: Array,
        state: State,
        x: Array,
        target: Array,
    ) -> Outcome:
        """Equations (1) to (4) for all edges at once."""
        now = tick(layout, number, weights, state.y, x, target)
        signal = self.back.signal(layout, number, weights, state.feedback, now)  # (2)
        gradient = traces.at_edges(layout, number, signal, state.a, now)  # (3)
        a = traces.advanced(layout, number, weights, state.a, now, OWN_LEAK)  # (4)
        return Outcome(State(now.y, a, state.feedback), now.y, now.error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: two multiplications an edge, and one for its leak; K N of feedback."""
        found = traces.gradient_cost(census, self.back.silent)
        found += traces.advance_cost(census, OWN_LEAK)
        return tick_cost(census) + self.back.cost(census) + found
