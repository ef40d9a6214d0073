"""Backpropagation through time over a sliding window: the oracle of the online rules.

After every h' ticks their errors are carried back together through the last h ticks::

    s(t) = W z(t),   y(t) = f(s(t)),   d(t) = f'(s(t))                               (1)
    q(t) = e(t),     delta(t) = d(t) * q(t),   e zero but at outputs                 (2)
    q(u-1) = W_rec^T delta(u) + e(u-1),   delta(u-1) = d(u-1) * q(u-1)               (3)
    g = sum_u delta(u) z(u)^T,    W <- W + rate g,    u = t, t-1, ..., t-h+1         (4)

with errors of the last h' ticks only, so that each is carried back once. Between two passes
nothing is learnt. With h' = 1 and a window as long as the run the gradient is exact for weights
that are held fixed; shorter windows are truncated BPTT(h, h'). A unit that leaks keeps 1 - a of
its q in (3). P. J. Werbos, Proceedings of the IEEE 78(10):1550-1560, 1990, doi 10.1109/5.58337;
R. J. Williams and J. Peng, Neural Computation 2(4):490-501, 1990, doi 10.1162/neco.1990.2.4.490.

In messages, every unit keeps its last h sources and slopes in a ring, and the errors take h - 1
exchanges back along the edges. Before the ring is full its slopes are zero, which carries nothing.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.learning import checking
from neurosim.learning.counts import Census, Counts
from neurosim.learning.parts import bptt_gates, gates
from neurosim.learning.parts.gates import Gating
from neurosim.learning.rule import (
    ERROR,
    KEEP,
    Beat,
    Outcome,
    Rule,
    fire,
    forward_cost,
    learning_last,
    listen,
    mean_step,
    speak,
    update_cost,
    whole_tick,
)
from neurosim.model import messages
from neurosim.model.arithmetic import Array, Number
from neurosim.model.kinds import GATED, PLAIN
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Dot, Fma, Operation, Phase, Receive, Send, Words, every

DELTA, Q = Words("delta"), Words("q")


class Past(NamedTuple):
    """What is kept of a tick: z (..., sources), slope (..., units), error (..., outputs)."""

    z: Array
    slope: Array
    error: Array
    gating: Gating = Gating(None, ())


class State(NamedTuple):
    """Activations (..., units), the last h ticks, the newest first, and how many there were."""

    y: Array
    history: tuple[Past, ...]
    steps: int


@dataclass(frozen=True)
class BPTT(Rule):
    """Backpropagation through time, once a step or once every few steps.

    Attributes
    ----------
    window
        Ticks that an error travels back, h, from ``every`` up; None for all ticks of the run.
    every
        Steps from one pass back to the next, h', from 1 up.
    """

    window: int | None = None
    every: int = 1

    name: ClassVar[str] = "bptt"
    title: ClassVar[str] = "BPTT"
    citation: ClassVar[str] = "Werbos 1990, doi 10.1109/5.58337"
    order_multiplications: ClassVar[str] = "h n^2"
    order_words: ClassVar[str] = "h n^2"
    kinds: ClassVar[frozenset[str]] = frozenset({PLAIN, *GATED})

    def __post_init__(self) -> None:
        super().__post_init__()
        window = self.window
        for name, ticks in (("window", 1 if window is None else window), ("every", self.every)):
            checking.whole(f"BPTT.{name}", ticks, 1)
        if window is not None and window < self.every:
            raise UserError(
                f"BPTT.window: must hold the {self.every} steps from pass to pass"
                f" (got {window}). Give a longer window, or a smaller every."
            )

    @property
    def period(self) -> int:
        """Steps after which both the ring of histories and the passes stand as before."""
        return math.lcm(self._ticks, self.every)

    @property
    def beats(self) -> tuple[Beat, ...]:
        """Steps that only remember, and the one that goes back."""
        return learning_last(self.every)

    def learns(self, phase: int) -> bool:
        """Every ``every`` steps."""
        return phase % self.every == self.every - 1

    @property
    def _ticks(self) -> int:
        if self.window is None:
            raise UserError("BPTT.window: give a window; without one it is as long as a run.")
        return self.window

    def for_steps(self, steps: int) -> BPTT:
        """Return the rule with a window no longer than the run."""
        return replace(self, window=max(min(self.window or steps, steps), self.every))

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """The ring of sources and slopes is kept, and errors until their pass."""
        n, h = neuron.edges, self._ticks
        kept = [
            Memory("z", h * n, Role.STORED),
            Memory("slopes", h, Role.STORED),
            *(Memory(name, 1) for name in ("delta", "q")),
            Memory("g", n),
        ]
        if not neuron.is_output:
            kept.append(Memory("error", 1, Role.CONSTANT))
        elif self.every > 1:
            kept.append(Memory("errors", self.every - 1, Role.STORED))
        if neuron.unit_sources:
            kept.append(Memory("blame", neuron.unit_sources))
        if neuron.targets:
            kept.append(Memory("blame_in", len(neuron.targets), Role.INBOX))
        return (*kept, *bptt_gates.memories(neuron, h))

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (4); the ring's newest place is the phase modulo the window."""
        n, h = neuron.edges, self._ticks
        newest = phase % h
        yield from speak(neuron)
        yield from listen(neuron, newest * n)
        yield from fire(neuron, newest * n, Words("slopes", newest))
        yield from bptt_gates.remembered(neuron, newest)
        if not self.learns(phase):
            if neuron.is_output:
                yield Fma(Words("errors", phase % self.every), ERROR)
            return
        yield Phase("gradient")
        for age in range(h):
            place = (newest - age) % h
            q = yield from self._handed(neuron, age, place)
            yield Fma(DELTA, q, Words("slopes", place))  # (2), (3)
            g = Words("g", 0, n)
            yield Fma(g, every(DELTA, n), Words("z", place * n, n), g if age else None)  # (4)
            if age < h - 1 and (u := neuron.unit_sources):
                yield Fma(Words("blame", 0, u), every(DELTA, u), Words("w", 0, u))
                yield Send(messages.ERROR, Words("blame", 0, u), neuron.units, scatter=True)
        yield from self.update(neuron, network, Words("g", 0, n))

    def _handed(self, neuron: Neuron, age: int, place: int) -> Generator[Operation, None, Words]:
        """Yield what finds q of a tick, with what gates have to do with it; return where it is."""
        q = yield from self._blamed(neuron, age, place)
        if neuron.gated:
            inbox = Words("handed_in", 0, len(neuron.gated))
            yield Receive(messages.GATE_ERROR, inbox, neuron.gated)
            yield Dot(Q, inbox, None, q)
            q = Q
        q = q or Q  # which is zero where nothing is ever written to it
        if count := len(neuron.gates):
            handed, link = Words("handed", 0, count), Words("links", place * count, count)
            yield Fma(handed, every(q, count), link)
            yield Send(messages.GATE_ERROR, handed, neuron.gates, scatter=True)
        return q

    def _blamed(
        self, neuron: Neuron, age: int, place: int
    ) -> Generator[Operation, None, Words | None]:
        """Yield what finds q of a tick, (3); return where it then is, if there is any."""
        if not age:
            return ERROR
        own = None
        if neuron.is_output and age < self.every:
            own = Words("errors", self.every - 1 - age)
        if neuron.keeps:
            later = Q if age > 1 or neuron.gated else ERROR
            keep = KEEP if neuron.leaks else Words("keeps", (place + 1) % self._ticks)
            yield Fma(Q, later, keep, own)
            own = Q
        if neuron.targets:
            blame_in = Words("blame_in", 0, len(neuron.targets))
            yield Receive(messages.ERROR, blame_in, neuron.targets)
            yield Dot(Q, blame_in, None, own)
            return Q
        return own

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with an empty history."""
        return State(y, (), 0)

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
        now = whole_tick(layout, number, weights, state.y, x, target)
        z, y, slope, error = now.forward
        history = (Past(z, slope, error, now.gating), *state.history)[: self._ticks]
        gradient = np.zeros((*y.shape[:-1], *layout.shape), dtype=y.dtype)
        if self.learns(state.steps):
            gradient = self._gradient(layout, number, weights, history, gradient)
        return Outcome(State(y, history, state.steps + 1), y, error, gradient)

    def _gradient(
        self,
        layout: Layout,
        number: Number,
        weights: Array,
        history: tuple[Past, ...],
        gradient: Array,
    ) -> Array:
        recurrent = np.swapaxes(layout.recurrent(weights), -1, -2)
        keeping = layout.keep is not None or len(layout.groups) > 0
        q = delta = np.zeros_like(history[0].slope)
        for age, (sources, slopes, error, gating) in enumerate(history):
            own = np.zeros_like(q)
            if age < self.every:
                own[..., layout.outputs] = error
            if age and (keep := history[age - 1].gating.keep) is not None:
                own = number.fma(own, q, keep)
            if age:
                blame = number.multiply(recurrent, delta[..., None, :])
                if age < self.every or keeping:
                    blame = np.concatenate((blame, own[..., None]), axis=-1)
                q = number.total(blame)  # (3)
            else:
                q = own
            q = gates.handed(number, gating, q)
            delta = number.multiply(q, slopes)  # (2), (3)
            gradient = number.fma(gradient, layout.at_owner(delta), layout.at_source(sources))
        return gradient

    def closed(self, census: Census) -> Counts:
        """Closed forms: h n^2 multiplications a pass, and h n^2 words: units copy their sources."""
        return mean_step(self, census)

    def closed_at(self, census: Census, phase: int) -> Counts:
        """Closed forms of a step that goes back, or of one that only remembers."""
        c, h, held = census, self._ticks, self.every - 1
        stored = Counts(
            stored_words=h * c.edges + h * c.n + held * c.k,
            buffer_words=2 * c.n + c.edges + 2 * c.between_units,
        )
        ahead = forward_cost(c) + stored + bptt_gates.storage(c, h)
        if self.learns(phase):
            return (
                ahead
                + self._pass_cost(c)
                + bptt_gates.pass_cost(c, h, min(self.every, h))
                + update_cost(c)
            )
        return ahead + Counts(reads=c.k, writes=c.k)

    def _pass_cost(self, c: Census) -> Counts:
        h, back = self._ticks, self._ticks - 1
        edges, between, n = c.edges, c.between_units, c.n
        heard = c.sum(lambda u: bool(u.targets))
        blaming = c.sum(lambda u: bool(u.unit_sources))
        own = (self.every - 1) * c.sum(lambda u: u.is_output and (u.keeps or bool(u.targets)))
        kept = back * c.keeping
        own += back * c.sum(lambda u: u.keeps and bool(u.targets))
        return Counts(
            multiplications=h * n + h * edges + back * between + kept,
            additions=back * edges + back * (between - heard) + own,
            reads=h * 2 * n
            + h * (edges + n)
            + back * edges
            + back * (between + blaming + between)
            + back * between
            + own
            + 2 * kept,
            writes=h * n + h * edges + back * (between + between + heard) + kept,
            words_sent=back * (between - c.loops),
            words_received=back * (between - c.loops),
        )
