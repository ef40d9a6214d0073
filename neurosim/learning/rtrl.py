"""Real-time recurrent learning: the exact gradient, at N^4 multiplications a step.

Every unit k keeps the sensitivity ``p^k_ij = dy_k / dw_ij`` to *every* weight of the network::

    s_k    = sum_j w_kj z_j,    y_k = f(s_k),    d_k = f'(s_k)                       (1)
    p^k_ij <- d_k ( sum_l w_kl p^l_ij + delta_ki z_j )                               (2)
    g_ij   = sum_o e_o p^o_ij,  e_o = target_o - y_o                                 (3)
    w_ij   <- w_ij + rate g_ij                                                       (4)

R. J. Williams and D. Zipser, "A learning algorithm for continually running fully recurrent neural
networks", Neural Computation 1(2):270-280, 1989, doi 10.1162/neco.1989.1.2.270.

In messages, unit l sends all its sensitivities along its out-edges, in the order of the units, and
every receiver adds ``w_kl`` times the burst as it arrives: the inbox holds two bursts, one
arriving while the other is used. Outputs send each unit its part of (3) wherever that unit is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.learning.counts import Census, Counts, Kind
from neurosim.learning.rule import (
    ERROR,
    SLOPE,
    Outcome,
    Rule,
    fire,
    listen,
    speak,
    tick,
    tick_cost,
)
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.layout import Layout
from neurosim.model.messages import GRADIENT, SENSITIVITY
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
        others = len(_others(neuron, neuron.units))
        inboxes = (
            Memory(f"inbox{n}", all_edges, Role.INBOX, by_reference=True)
            for n in range(min(others, 2))
        )
        return (*kept, *inboxes)

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (4), in messages."""
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)
        yield Phase("sensitivity")
        yield from _sensitivities(neuron, len(network.edges))
        yield Phase("gradient")
        yield from _gradient(neuron, network)
        yield from self.update(neuron, Words("g", 0, neuron.edges))

    def work(self, kind: Kind, census: Census) -> Iterator[tuple[int, Operation]]:
        """The program, with the turns of all units that are heard alike said once."""
        neuron, edges, n = kind.example, census.edges, kind.example.edges
        for operation in (*speak(neuron), *listen(neuron), *fire(neuron), Phase("sensitivity")):
            yield 1, operation
        if listeners := _others(neuron, neuron.targets):
            yield 1, Send(SENSITIVITY, Words("p", 0, edges), listeners)
        heard = _others(neuron, neuron.units)[:1]
        for times, turn, own in _turns(neuron) if neuron.unit_sources else ():
            burst = "p" if own else "inbox0"
            if not own:
                yield times, Receive(SENSITIVITY, Words(burst, 0, edges), heard)
            for operation in _accumulate(neuron, edges, burst, 0, turn):
                yield times, operation
        for operation in (_sloped(neuron, edges), Phase("gradient")):
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
        for operation in self.update(neuron, Words("g", 0, n)):
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
        z, y, slope, error = tick(layout, number, weights, state.y, x, target)
        p = number.matmul(
            layout.recurrent(weights), state.p, plus=z[..., layout.source], at=layout.own_positions
        )
        p = number.multiply(p, slope[..., :, None])  # (2)
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
        speaking = c.sum(lambda u: bool(_others(u, u.targets)))
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
            + c.sum(lambda u: min(2, len(_others(u, u.units)))) * edges,
        )
        return tick_cost(c) + sums


def _turns(neuron: Neuron) -> Iterator[tuple[int, int, bool]]:
    """Yield how the units that a unit hears have their turns: how often, place, whether itself.

    The first and the last differ from those between, and the unit itself from all others.
    """
    last, own = neuron.unit_sources, 0
    if neuron.self_slot is not None:
        sides = neuron.units[: neuron.self_slot], neuron.units[neuron.self_slot + 1 :]
        own = 1 + sum(bisect_left(side, neuron.number) for side in sides)  # each in order
    apart = sorted({1, last, own} - {0})
    for turn in apart[:-1]:
        yield 1, turn, turn == own
    if last > len(apart):
        yield last - len(apart), 2, False
    yield 1, last, last == own


def _others(neuron: Neuron, far: tuple[int, ...]) -> tuple[int, ...]:
    """Leave the neuron itself out of those at the other ends of its edges."""
    if neuron.self_slot is None:
        return far
    place = far.index(neuron.number)
    return far[:place] + far[place + 1 :]


def _runs(neuron: Neuron, edges: int) -> list[tuple[int, int, bool]]:
    """Cut all edges into those before the neuron's own, its own, and those after."""
    first, after = neuron.first_edge, neuron.first_edge + neuron.edges
    cuts = ((0, first, False), (first, neuron.edges, True), (after, edges - after, False))
    return [cut for cut in cuts if cut[1]]


def _sensitivities(neuron: Neuron, edges: int) -> Iterator[Operation]:
    """Equation (2): one pass over all edges for every unit that this one hears."""
    listeners = _others(neuron, neuron.targets)
    heard, received = 0, 0
    for unit in sorted({*neuron.units, neuron.number}):
        if unit == neuron.number:
            burst = "p"
            if listeners:
                yield Send(SENSITIVITY, Words("p", 0, edges), listeners)
        else:
            burst, received = f"inbox{received % 2}", received + 1
            yield Receive(SENSITIVITY, Words(burst, 0, edges), (unit,))
        if unit in neuron.units:
            heard += 1
            yield from _accumulate(neuron, edges, burst, neuron.units.index(unit), heard)
    yield _sloped(neuron, edges)


def _sloped(neuron: Neuron, edges: int) -> Operation:
    """The slope's part of (2); a unit that hears no unit keeps its own sensitivities only."""
    if neuron.unit_sources:
        return Fma(Words("p", 0, edges), every(SLOPE, edges), Words("sum", 0, edges))
    own = Words("p", neuron.first_edge, neuron.edges)
    return Fma(own, every(SLOPE, own.count), Words("z", 0, neuron.edges))


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
