"""Real-time recurrent learning: the exact gradient, at N^4 multiplications a step.

Every unit k keeps the sensitivity ``p^k_ij = dy_k / dw_ij`` to *every* weight of the network::

    s_k    = sum_j w_kj z_j,    y_k = f(s_k),    d_k = f'(s_k)                       (1)
    p^k_ij <- d_k ( sum_l w_kl p^l_ij + delta_ki z_j ) + (1 - a_k) p^k_ij            (2)
    g_ij   = sum_o e_o p^o_ij,  e_o = target_o - y_o                                 (3)
    w_ij   <- w_ij + rate g_ij                                                       (4)

A unit that leaks, ``y_k <- (1 - a_k) y_k + a_k f(s_k)``, has its a in the slope: ``d_k = a_k
f'(s_k)``; all others have a = 1, and the last term of (2) is not there. What gates do to p is (1)
of ``parts/gates.py``; they send all their sensitivities to the units on which they act.

R. J. Williams and D. Zipser, "A learning algorithm for continually running fully recurrent neural
networks", Neural Computation 1(2):270-280, 1989, doi 10.1162/neco.1989.1.2.270.

In messages, unit l sends all its sensitivities along its out-edges, in the order of the units, and
every receiver adds ``w_kl`` times the burst as it arrives: the inbox holds two bursts, one
arriving while the other is used. Outputs send each unit its part of (3) wherever that unit is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.learning.counts import Census, Counts, Kind
from neurosim.learning.parts import gates, rows
from neurosim.learning.rule import (
    ERROR,
    KEEP,
    SLOPE,
    Outcome,
    Rule,
    fire,
    listen,
    speak,
    tick_cost,
    whole_tick,
)
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.kinds import GATED, PLAIN
from neurosim.model.layout import Layout
from neurosim.model.messages import GATE_SENSITIVITY, GRADIENT
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Fma, Operation, Phase, Receive, Send, Words, every


class State(NamedTuple):
    """Activations (..., units) and sensitivities (..., units, edges)."""

    y: Array
    p: Array


@dataclass(frozen=True)
class RTRL(Rule):
    """Real-time recurrent learning (Williams and Zipser 1989)."""

    name: ClassVar[str] = "rtrl"
    title: ClassVar[str] = "RTRL"
    citation: ClassVar[str] = "Williams and Zipser 1989, doi 10.1162/neco.1989.1.2.270"
    order_multiplications: ClassVar[str] = "n^4"
    order_words: ClassVar[str] = "n^3"
    kinds: ClassVar[frozenset[str]] = frozenset({PLAIN, *GATED})

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """``p`` is kept; the rest lives within a step."""
        all_edges = len(network.edges)
        kept = [
            Memory("p", all_edges, Role.STORED),
            Memory("g", neuron.edges * len(network.outputs)),
        ]
        if neuron.is_output:
            kept.append(Memory("share", all_edges))
        if neuron.unit_sources:
            kept.append(Memory("sum", all_edges))
        if neuron.unit_sources > 1:
            kept.append(Memory("partial", all_edges, form=Format.ACCUMULATOR))
        if neuron.gates:
            kept.append(Memory("gate_p", all_edges, Role.INBOX, by_reference=True))
        return (*kept, *rows.inboxes(neuron, all_edges))

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (4), in messages."""
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)
        yield Phase("sensitivity")
        row = Words("p", 0, len(network.edges))
        yield from rows.exchange(neuron, row, partial(_accumulate, neuron, row.count))
        yield from _sloped(neuron, row.count)
        yield Phase("gradient")
        yield from _gradient(neuron, network)
        yield from self.update(neuron, network, Words("g", 0, neuron.edges))

    def work(self, kind: Kind, census: Census) -> Iterator[tuple[int, Operation]]:
        """The program, with the turns of all units that are heard alike said once."""
        neuron, edges, n = kind.example, census.edges, kind.example.edges
        for operation in (*speak(neuron), *listen(neuron), *fire(neuron), Phase("sensitivity")):
            yield 1, operation
        add = partial(_accumulate, neuron, edges)
        yield from rows.work(neuron, Words("p", 0, edges), add)
        for operation in (*_sloped(neuron, edges), Phase("gradient")):
            yield 1, operation
        elsewhere = (neuron.number + 1,)
        if neuron.is_output:
            for operation in _shares(neuron, edges, Words("g", 0, n)):
                yield 1, operation
            for other in census.kinds:
                share = _share_for(other.example)._replace(along=elsewhere)
                yield len(other.numbers) - (other is kind), share
        yield census.k - neuron.is_output, Receive(GRADIENT, Words("g", 0, n), elsewhere)
        yield census.k - 1, _sum_of_shares(n, 1)
        for operation in self.update(neuron, census.network, Words("g", 0, n)):
            yield 1, operation

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with all sensitivities zero."""
        shape = (*y.shape, layout.edges)
        return State(y, np.zeros(shape, dtype=number.dtype))

    def step(
        self,
        layout: Layout,
        number: Number,
        weights: Array,
        state: State,
        x: Array,
        target: Array,
    ) -> Outcome:
        """Equations (1) to (3) for all units at once; p is (..., units, edges)."""
        now = whole_tick(layout, number, weights, state.y, x, target)
        z, y, slope, error = now.forward
        p = number.matmul(
            layout.recurrent(weights), state.p, plus=z[..., layout.source], at=layout.own_positions
        )
        if layout.keep is None and not layout.groups:
            p = number.multiply(p, slope[..., :, None])  # (2)
        else:
            p = gates.carried(number, now.gating, slope, state.p, p)
        gradient = number.multiply(error[..., :1], p[..., layout.outputs[0], :])  # (3)
        for o, unit in enumerate(layout.outputs[1:], start=1):
            share = number.multiply(error[..., o : o + 1], p[..., unit, :])
            gradient = number.add(gradient, share)
        lead = gradient.shape[:-1]
        return Outcome(State(y, p), y, error, gradient.reshape(*lead, *layout.shape))

    def closed(self, census: Census) -> Counts:
        """Closed forms: N^4 multiplications and N^3 words on a fully recurrent network."""
        c, edges, n, k = census, census.edges, census.n, census.k
        fed = c.sum(lambda u: bool(u.unit_sources))  # a unit that hears no unit keeps its own only
        own = c.sum(lambda u: u.edges * bool(u.unit_sources))
        starved = edges - own
        passes = c.between_units + fed  # runs of all edges: one a source, one for the slope
        sent = edges * (c.between_units - c.loops)
        shares = k * edges - c.sum(lambda u: u.edges * u.is_output)
        speaking = c.sum(lambda u: bool(rows.others(u, u.targets)))
        first_runs = c.sum(lambda u: len(_runs(u, edges)) * bool(u.unit_sources))
        output_runs = c.sum(lambda u: len(_runs(u, edges)) * u.is_output)
        later = c.between_units - fed
        multiplications = passes * edges + starved + k * edges
        sums = Counts(
            multiplications=multiplications,
            additions=own + later * edges + (k - 1) * edges,
            reads=speaking * edges
            + (fed * edges + own + first_runs)
            + later * (2 * edges + 1)
            + fed * (edges + 1)
            + (starved + n - fed)
            + (k * edges + output_runs)
            + shares
            + 2 * (k - 1) * edges,
            writes=sent + multiplications + shares + (k - 1) * edges,
            words_sent=sent + shares,
            words_received=sent + shares,
            words_broadcast=shares,
            stored_words=n * edges,
            buffer_words=k * edges
            + k * edges
            + fed * edges
            + c.sum(lambda u: u.unit_sources > 1) * edges
            + c.sum(lambda u: min(2, len(rows.others(u, u.units)))) * edges,
        )
        return tick_cost(c) + sums + _kept_cost(c)


def _kept_cost(c: Census) -> Counts:
    """Return what (2) takes where units keep some of their past, or have gates."""
    kept = c.sum(lambda u: u.keeps * _known(u, c.edges).count)
    gates_ = c.sum(lambda u: len(u.gates))
    told, telling = c.sum(lambda u: len(u.gated)), c.sum(lambda u: bool(u.gated))
    added = c.sum(lambda u: _bracket(u, c.edges).count * (u.keeps or bool(u.gates)))
    first = c.sum(lambda u: bool(u.gates) and not u.keeps)
    return Counts(
        multiplications=kept + gates_ * c.edges,
        additions=added + (gates_ - first) * c.edges,
        reads=kept
        + c.keeping
        + added
        + (2 * gates_ - first) * c.edges
        + gates_
        + telling * c.edges,
        writes=kept + 2 * gates_ * c.edges,
        words_sent=told * c.edges,
        words_received=told * c.edges,
        buffer_words=c.sum(lambda u: bool(u.gates)) * c.edges,
    )


def _runs(neuron: Neuron, edges: int) -> list[tuple[int, int, bool]]:
    """Cut all edges into those before the neuron's own, its own, and those after."""
    first, after = neuron.first_edge, neuron.first_edge + neuron.edges
    cuts = ((0, first, False), (first, neuron.edges, True), (after, edges - after, False))
    return [cut for cut in cuts if cut[1]]


def _known(neuron: Neuron, edges: int) -> Words:
    """What a unit is sensitive to: to its own weights only if it hears no unit."""
    if neuron.unit_sources or neuron.gates:
        return Words("p", 0, edges)
    return Words("p", neuron.first_edge, neuron.edges)


def _bracket(neuron: Neuron, edges: int) -> Words:
    """What the bracket of (2) is about."""
    if neuron.unit_sources:
        return Words("p", 0, edges)
    return Words("p", neuron.first_edge, neuron.edges)


def _sloped(neuron: Neuron, edges: int) -> Iterator[Operation]:
    """The slope's part of (2), what a unit keeps, and its gates' part; a gate tells its own."""
    known, moved = _known(neuron, edges), _bracket(neuron, edges)
    bracket = Words("sum" if neuron.unit_sources else "z", 0, moved.count)
    there = neuron.keeps
    if there:
        yield Fma(known, every(KEEP, known.count), known)
    for place, gate in enumerate(neuron.gates):
        yield Receive(GATE_SENSITIVITY, Words("gate_p", 0, edges), (gate,))
        link = every(Words("link", place), edges)
        yield Fma(known, link, Words("gate_p", 0, edges), known if there else None)
        there = True
    yield Fma(moved, every(SLOPE, moved.count), bracket, moved if there else None)
    if neuron.gated:
        yield Send(GATE_SENSITIVITY, Words("p", 0, edges), neuron.gated)


def _accumulate(
    neuron: Neuron, edges: int, burst: str, slot: int, heard: int
) -> Iterator[Operation]:
    """Add ``w_kl`` times a burst; the first pass brings in ``z_j``, the last narrows the sum."""
    to = "sum" if heard == neuron.unit_sources else "partial"
    weight = Words("w", slot)
    if heard > 1:
        all_edges, partial = Words(to, 0, edges), Words("partial", 0, edges)
        yield Fma(all_edges, every(weight, edges), Words(burst, 0, edges), partial)
        return
    for start, count, own in _runs(neuron, edges):
        z = Words("z", 0, count) if own else None
        yield Fma(Words(to, start, count), every(weight, count), Words(burst, start, count), z)


def _gradient(neuron: Neuron, network: Surroundings) -> Iterator[Operation]:
    """Equation (3): every output sends every unit its part, and each adds up what it gets."""
    n, edges = neuron.edges, len(network.edges)
    for k, output in enumerate(network.outputs):
        part = Words("g", k * n, n)
        sender = network.numbers[output]
        if sender != neuron.number:
            yield Receive(GRADIENT, part, (sender,))
            continue
        yield from _shares(neuron, edges, part)
        for unit in network.neurons[: len(network.units)]:
            if unit.number != neuron.number:
                yield _share_for(unit)
    for k in range(1, len(network.outputs)):
        yield _sum_of_shares(n, k)


def _shares(neuron: Neuron, edges: int, part: Words) -> Iterator[Operation]:
    for start, count, own in _runs(neuron, edges):
        to = part if own else Words("share", start, count)
        yield Fma(to, every(ERROR, count), Words("p", start, count))


def _share_for(unit: Neuron) -> Send:
    share = Words("share", unit.first_edge, unit.edges)
    return Send(GRADIENT, share, (unit.number,), broadcast=True)


def _sum_of_shares(n: int, k: int) -> Operation:
    return Fma(Words("g", 0, n), Words("g", k * n, n), None, Words("g", 0, n))
