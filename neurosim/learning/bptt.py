"""Backpropagation through time over a sliding window: the oracle of the online rules.

After every tick the error of *this* tick is carried back through the last h ticks::

    s(t) = W z(t),   y(t) = f(s(t)),   d(t) = f'(s(t))                               (1)
    delta(t)   = d(t) * e(t),              e zero but at outputs                     (2)
    delta(u-1) = d(u-1) * (W_rec^T delta(u)),   u = t, t-1, ..., t-h+2               (3)
    g = sum_u delta(u) z(u)^T,    W <- W + rate g                                    (4)

With a window as long as the run the gradient is exact for weights that are held fixed; shorter
windows are truncated BPTT(h, 1). P. J. Werbos, Proceedings of the IEEE 78(10):1550-1560, 1990, doi
10.1109/5.58337; R. J. Williams and J. Peng, Neural Computation 2(4):490-501, 1990, doi
10.1162/neco.1990.2.4.490.

In messages, every unit keeps its last h sources and slopes in a ring, and the errors of one tick
take h - 1 exchanges back along the edges. Before the ring is full its slopes are zero, which
carries nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import Outcome, Rule, fire, listen, speak, tick, tick_cost
from neurosim.model import messages
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Dot, Fma, Operation, Phase, Receive, Send, Words, every

DELTA, Q, E = Words("delta"), Words("q"), Words("error")


class State(NamedTuple):
    """Activations (..., units), and z (..., sources) and slopes (..., units) of h ticks."""

    y: Array
    history: tuple[tuple[Array, Array], ...]


@dataclass(frozen=True)
class BPTT(Rule):
    """Backpropagation through time, once a step.

    Attributes
    ----------
    window
        Ticks that an error travels back, from 1 up; None for all ticks of the run.
    """

    window: int | None = None

    name: ClassVar[str] = "bptt"
    title: ClassVar[str] = "BPTT"
    citation: ClassVar[str] = "Werbos 1990, doi 10.1109/5.58337"

    def __post_init__(self) -> None:
        super().__post_init__()
        window = self.window
        if window is not None and (type(window) is not int or window < 1):
            raise UserError(f"BPTT.window: must be a whole number from 1 up (got {window!r}).")

    @property
    def period(self) -> int:
        """The window: the ring of histories turns once in that many steps."""
        return self._ticks

    @property
    def _ticks(self) -> int:
        if self.window is None:
            raise UserError("BPTT.window: give a window; without one it is as long as a run.")
        return self.window

    def for_steps(self, steps: int) -> BPTT:
        """Return the rule with a window no longer than the run."""
        return replace(self, window=min(self.window or steps, max(steps, 1)))

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """The ring of sources and slopes is kept."""
        n, h = neuron.edges, self._ticks
        kept = [
            Memory("z", h * n, Role.STORED),
            Memory("slopes", h, Role.STORED),
            *(Memory(name, 1) for name in ("delta", "q")),
            Memory("g", n),
        ]
        if not neuron.is_output:
            kept.append(Memory("error", 1, Role.CONSTANT))
        if neuron.unit_sources:
            kept.append(Memory("blame", neuron.unit_sources))
        if neuron.targets:
            kept.append(Memory("blame_in", len(neuron.targets), Role.INBOX))
        return tuple(kept)

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (4); the ring's newest place is the phase."""
        n, h = neuron.edges, self._ticks
        yield from speak(neuron)
        yield from listen(neuron, phase * n)
        yield from fire(neuron, phase * n, Words("slopes", phase))
        yield Phase("gradient")
        for age in range(h):
            place = (phase - age) % h
            if age and neuron.targets:
                blame_in = Words("blame_in", 0, len(neuron.targets))
                yield Receive(messages.ERROR, blame_in, neuron.targets)
                yield Dot(Q, blame_in)
            yield Fma(DELTA, Q if age else E, Words("slopes", place))  # (2), (3)
            g = Words("g", 0, n)
            yield Fma(g, every(DELTA, n), Words("z", place * n, n), g if age else None)  # (4)
            if age < h - 1 and (u := neuron.unit_sources):
                yield Fma(Words("blame", 0, u), every(DELTA, u), Words("w", 0, u))
                yield Send(messages.ERROR, Words("blame", 0, u), neuron.units, scatter=True)
        yield from self.update(neuron, Words("g", 0, n))

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with an empty history."""
        return State(y, ())

    def step(
        self,
        layout: Layout,
        number: Number,
        weights: Array,
        state: State,
        x: Array,
        target: Array,
    ) -> Outcome:
        """Equations (1) to (4) for all units at once."""
        z, y, slope, error = tick(layout, number, weights, state.y, x, target)
        history = ((z, slope), *state.history)[: self._ticks]
        recurrent = np.swapaxes(layout.recurrent(weights), -1, -2)
        q = np.zeros_like(y)
        q[..., layout.outputs] = error
        gradient = np.zeros((*y.shape[:-1], *layout.shape), dtype=y.dtype)
        for sources, slopes in history:
            delta = number.multiply(q, slopes)  # (2), (3)
            gradient = number.fma(gradient, layout.at_owner(delta), layout.at_source(sources))
            q = number.total(number.multiply(recurrent, delta[..., None, :]))
        return Outcome(State(y, history), y, error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: h n^2 multiplications and h n words."""
        c, h = census, self._ticks
        back, edges, between, n = h - 1, c.edges, c.between_units, c.n
        heard = c.sum(lambda u: bool(u.targets))
        blaming = c.sum(lambda u: bool(u.unit_sources))
        extra = Counts(
            multiplications=h * n + h * edges + back * between,
            additions=back * edges + back * (between - heard),
            reads=h * 2 * n
            + h * (edges + n)
            + back * edges
            + back * (between + blaming + between)
            + back * between,
            writes=h * n + h * edges + back * (between + between + heard),
            words_sent=back * (between - c.loops),
            words_received=back * (between - c.loops),
            stored_words=h * edges + h * n,
            buffer_words=2 * n + edges + 2 * between,
        )
        return tick_cost(c) + extra
