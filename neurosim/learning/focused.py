"""Focused backpropagation: context units carry the past forward, layers carry the error back.

A context unit remembers by itself alone, by its leak and its edge to itself. What it remembers of
its weights goes forward in traces, so an error need only go back through the layers above it::

    s_i  = sum_j w_ij z_j,    y_i <- (1 - a_i) y_i + a_i f(s_i),    d_i = a_i f'(s_i)  (1)
    a_ij <- d_i ( w_ii a_ij + z_j ) + (1 - a_i) a_ij                                 (2)
    q(0) = e,    delta_i(h) = d_i(t-h) q_i(h)                                        (3)
    q_l(h+1) = sum_{k != l} w_kl delta_k(h)                                          (4)
    g_ij = sum_h q_i(h) a_ij(t-h),     h = 0 .. depth                                (5)
    w_ij <- w_ij + rate g_ij                                                         (6)

Mozer's context is ``c <- decay c + f(s)``, his beta the trace of a weight to it, alpha that of the
decay. Here (1) is that context with decay ``1 - a``, its new part scaled by a. A linear unit with
an edge to itself is the other reading, ``c <- w_ii c + s``: its decay is a weight that learns, and
a_ii is alpha, ``c + w_ii alpha``. Every layer above the context takes a tick here, so the error
of ``depth`` layers meets traces and slopes that are as old as they are far.

Exact where units that hear other units forget at once, and no path from a unit to an output is
longer than depth; elsewhere the recurrence between units is followed for that many steps. M. C.
Mozer, "A focused backpropagation algorithm for temporal pattern recognition", Complex Systems
3(4):349-381, 1989.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.learning import checking
from neurosim.learning.counts import Census, Counts
from neurosim.learning.parts import traces
from neurosim.learning.parts.traces import Trace
from neurosim.learning.rule import KEEP, Outcome, Rule, fire, listen, speak, tick, tick_cost
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.messages import ERROR
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Dot, Fma, Operation, Phase, Receive, Send, Words, every

DELTA, Q, E, NOTHING = Words("delta"), Words("q"), Words("error"), Words("nothing")
OWN_STATE = Trace(loops=True, leaks=True)
LAYER = "layer"  # an error that goes on back, weighted; the outputs' own is an ERROR


class State(NamedTuple):
    """Activations (..., units); slopes (..., units) and traces (..., edges) of the last steps."""

    y: Array
    history: tuple[tuple[Array, Array], ...]


@dataclass(frozen=True)
class FocusedBP(Rule):
    """Focused backpropagation (Mozer 1989).

    Attributes
    ----------
    depth
        Layers that the error goes back through, from 1 up: 1 where outputs hear the context.
    """

    depth: int = 1

    name: ClassVar[str] = "focused"
    title: ClassVar[str] = "Focused BP"
    citation: ClassVar[str] = "Mozer 1989, Complex Systems 3(4):349-381"
    order_multiplications: ClassVar[str] = "n^2"
    order_words: ClassVar[str] = "n^2"

    def __post_init__(self) -> None:
        super().__post_init__()
        checking.whole("FocusedBP.depth", self.depth, 1)

    @property
    def period(self) -> int:
        """The ring of slopes and traces turns once in that many steps."""
        return self.depth + 1

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """The ring of slopes and traces is kept."""
        n, ring = neuron.edges, self.period
        kept = [
            Memory("a", ring * n, Role.STORED),
            Memory("slopes", ring, Role.STORED),
            *(Memory(name, 1) for name in ("delta", "q")),
            Memory("g", n),
        ]
        if neuron.self_slot is not None:
            kept.append(Memory("a_sum", n))
        if self.depth > 1:
            kept.append(Memory("nothing", 1, Role.CONSTANT))
        if self._tells(neuron):
            kept.append(Memory("blame", len(_heard(neuron))))
        if far := _told(neuron) if self.depth > 1 else _read(neuron):
            kept.append(Memory("blame_in", len(far), Role.INBOX))
        return tuple(kept)

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (6); the ring's newest place is the phase."""
        n, begun = neuron.edges, False
        g = Words("g", 0, n)
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron, slope=Words("slopes", phase))
        yield from self._trace(neuron, phase)
        yield Phase("gradient")
        for hop in range(self.depth + 1):
            place = (phase - hop) % self.period
            reached = _reached(neuron, hop)
            if hop and reached:
                blame_in = Words("blame_in", 0, len(reached))
                yield Receive(ERROR if hop == 1 else LAYER, blame_in, reached)
                yield Dot(Q, blame_in)
            if reached:
                trace = Words("a", place * n, n)
                yield Fma(g, every(Q if hop else E, n), trace, g if begun else None)  # (5)
                begun = True
            if hop < self.depth:
                yield from _passed_on(neuron, hop, Words("slopes", place))
        yield from self.update(neuron, network, g)

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
        """Equations (1) to (5) for all units at once."""
        now = tick(layout, number, weights, state.y, x, target)
        zeros = np.zeros((*now.y.shape[:-1], *layout.shape), dtype=now.y.dtype)
        old = state.history[0][1] if state.history else zeros
        trace = traces.advanced(layout, number, weights, old, now, OWN_STATE)  # (2)
        history = ((now.slope, trace), *state.history)[: self.period]
        back = _between_others(layout, weights)
        q = np.zeros_like(now.y)
        q[..., layout.outputs] = now.error
        gradient = zeros
        for hop, (_, then) in enumerate(history):
            if hop:
                delta = number.multiply(q, history[hop - 1][0])  # (3)
                q = number.total(number.multiply(back, delta[..., None, :]))  # (4)
            gradient = number.fma(gradient, layout.at_owner(q), then)  # (5)
        return Outcome(State(now.y, history), now.y, now.error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: of depth 1 hardly more than the traces, and N^2 more a layer."""
        c, n, ring = census, census.edges, self.period
        kept = Counts(
            stored_words=(ring - 1) * n + ring * c.n,
            buffer_words=2 * c.n
            + n
            + c.sum(lambda u: len(_heard(u)) * self._tells(u))
            + c.sum(lambda u: len(_told(u) if self.depth > 1 else _read(u))),
        )
        found = tick_cost(c) + traces.advance_cost(c, OWN_STATE) + kept
        for hop in range(self.depth + 1):
            found += _hop_cost(c, hop)
            if hop < self.depth:
                found += _passed_on_cost(c, hop)
        return found

    def _tells(self, neuron: Neuron) -> bool:
        """Whether an error goes on from a neuron to those that it hears."""
        return bool(_heard(neuron)) and (neuron.is_output or self.depth > 1)

    def _trace(self, neuron: Neuron, phase: int) -> Iterator[Operation]:
        """Equation (2), from the place of the step before in the ring to that of this one."""
        n, before = neuron.edges, (phase - 1) % self.period
        old, a, base = Words("a", before * n, n), Words("a", phase * n, n), Words("z", 0, n)
        slope = every(Words("slopes", phase), n)
        yield Phase("sensitivity")
        if neuron.self_slot is not None:
            base = Words("a_sum", 0, n)
            yield Fma(base, every(Words("w", neuron.self_slot), n), old, Words("z", 0, n))
        if neuron.leaks:
            yield Fma(a, every(KEEP, n), old)
        yield Fma(a, slope, base, a if neuron.leaks else None)


def _passed_on(neuron: Neuron, hop: int, slope: Words) -> Iterator[Operation]:
    """Equation (3), and the words of (4) to those that a unit hears."""
    heard, loop = _heard(neuron), neuron.self_slot
    if not heard or not (hop or neuron.is_output):
        return
    if _reached(neuron, hop):
        yield Fma(DELTA, Q if hop else E, slope)
    elif hop == 1:
        yield Fma(DELTA, NOTHING)
    u, parts = neuron.unit_sources, [(0, neuron.unit_sources)]
    if loop is not None:
        parts = [(0, loop), (loop + 1, u - loop - 1)]
    place = 0
    for start, count in parts:
        if count:
            w = Words("w", start, count)
            yield Fma(Words("blame", place, count), every(DELTA, count), w)
            place += count
    blame = Words("blame", 0, len(heard))
    yield Send(LAYER if hop else ERROR, blame, heard, scatter=True)


def _hop_cost(c: Census, hop: int) -> Counts:
    """What (5), and the sum of (4), take at one hop."""
    reached, came = (c.sum(each) for each in (
        lambda u: bool(_reached(u, hop)), lambda u: len(_reached(u, hop)) if hop else 0
    ))  # fmt: skip
    edges = c.sum(lambda u: u.edges * bool(_reached(u, hop)))
    added = c.sum(lambda u: u.edges * bool(_reached(u, hop) and _begun(u, hop)))
    sums = reached if hop else 0
    return Counts(
        multiplications=edges,
        additions=came - sums + added,
        reads=came + edges + reached + added,
        writes=came + sums + edges,
        words_received=came,
    )


def _passed_on_cost(c: Census, hop: int) -> Counts:
    """What (3) and the products of (4) take at one hop."""

    def passes(u: Neuron) -> bool:
        return bool(_heard(u)) and (hop > 0 or u.is_output)

    blamed = c.sum(lambda u: len(_heard(u)) * passes(u))
    deltas = c.sum(lambda u: passes(u) and bool(_reached(u, hop)))
    copies = c.sum(lambda u: hop == 1 and passes(u) and not _reached(u, hop))
    runs = c.sum(lambda u: passes(u) * _runs(u))
    return Counts(
        multiplications=deltas + blamed,
        reads=2 * deltas + copies + (blamed + runs) + blamed,
        writes=deltas + copies + blamed,
        words_sent=blamed,
    )


def _reached(neuron: Neuron, hop: int) -> tuple[int, ...]:
    """Return the units from which an error may reach a neuron at a hop; outputs have their own."""
    if not hop:
        return (neuron.number,) * neuron.is_output
    return _read(neuron) if hop == 1 else _told(neuron)


def _begun(neuron: Neuron, hop: int) -> bool:
    """Whether a neuron's gradient has a part already."""
    return any(_reached(neuron, before) for before in range(min(hop, 3)))


def _runs(neuron: Neuron) -> int:
    """Count the runs of weights from other units: the loop cuts them in two."""
    loop, u = neuron.self_slot, neuron.unit_sources
    return int(u > 0) if loop is None else (loop > 0) + (u - loop - 1 > 0)


def _heard(neuron: Neuron) -> tuple[int, ...]:
    return tuple(source for source in neuron.units if source != neuron.number)


def _told(neuron: Neuron) -> tuple[int, ...]:
    return tuple(target for target in neuron.targets if target != neuron.number)


def _read(neuron: Neuron) -> tuple[int, ...]:
    """Return the outputs among the other units that hear a neuron."""
    return tuple(target for target in neuron.output_targets if target != neuron.number)


def _between_others(layout: Layout, weights: Array) -> Array:
    """Return the weights from unit to other unit, by source: (..., units, units)."""
    back = np.swapaxes(layout.recurrent(weights), -1, -2).copy()
    back[..., np.arange(layout.units), np.arange(layout.units)] = 0
    return back
