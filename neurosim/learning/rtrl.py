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

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import (
    ERROR,
    Outcome,
    Rule,
    fire,
    listen,
    speak,
    tick,
    tick_cost,
    update,
)
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.layout import Layout
from neurosim.model.messages import GRADIENT, SENSITIVITY
from neurosim.model.network import Network
from neurosim.model.neuron import Memory, Neuron, Role
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

    def memories(self, neuron: Neuron, network: Network) -> tuple[Memory, ...]:
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
        others = neuron.unit_sources - (neuron.self_slot is not None)
        inboxes = (
            Memory(f"inbox{n}", all_edges, Role.INBOX, by_reference=True)
            for n in range(min(others, 2))
        )
        return (*kept, *inboxes)

    def program(self, neuron: Neuron, network: Network, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (4), in messages."""
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)
        yield Phase("sensitivity")
        yield from _sensitivities(neuron, len(network.edges))
        yield Phase("gradient")
        yield from _gradient(neuron, network)
        yield from update(neuron, Words("g", 0, neuron.edges))

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

    def cost(self, network: Network) -> Counts:
        """Closed forms: N^4 multiplications and N^3 words on a fully recurrent network."""
        c = Census(network)
        edges, n, k = c.edges, c.n, c.k
        fed = [u for u in c.units if u.unit_sources]  # a unit that hears no unit keeps its own only
        starved = sum(u.edges for u in c.units if not u.unit_sources)
        passes = c.between_units + len(fed)  # runs of all edges: one a source, one for the slope
        own = sum(u.edges for u in fed)
        sent = edges * (c.between_units - c.loops)
        shares = k * edges - sum(u.edges for u in c.output_units)
        speaking = sum(bool(set(u.targets) - {u.number}) for u in c.units)
        first_runs = sum(len(_runs(u, edges)) for u in fed)
        output_runs = sum(len(_runs(u, edges)) for u in c.output_units)
        later = c.between_units - len(fed)
        multiplications = passes * edges + starved + k * edges
        sums = Counts(
            multiplications=multiplications,
            additions=own + later * edges + (k - 1) * edges,
            reads=speaking * edges
            + (len(fed) * edges + own + first_runs)
            + later * (2 * edges + 1)
            + len(fed) * (edges + 1)
            + (starved + n - len(fed))
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
            + len(fed) * edges
            + sum(u.unit_sources > 1 for u in c.units) * edges
            + sum(min(2, u.unit_sources - (u.self_slot is not None)) for u in c.units) * edges,
        )
        return tick_cost(c) + sums


def _runs(neuron: Neuron, edges: int) -> list[tuple[int, int, bool]]:
    """Cut all edges into those before the neuron's own, its own, and those after."""
    first, after = neuron.first_edge, neuron.first_edge + neuron.edges
    cuts = ((0, first, False), (first, neuron.edges, True), (after, edges - after, False))
    return [cut for cut in cuts if cut[1]]


def _sensitivities(neuron: Neuron, edges: int) -> Iterator[Operation]:
    """Equation (2): one pass over all edges for every unit that this one hears."""
    own = Words("p", neuron.first_edge, neuron.edges)
    listeners = tuple(t for t in neuron.targets if t != neuron.number)
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
    slope = Words("slope")
    if heard:
        yield Fma(Words("p", 0, edges), every(slope, edges), Words("sum", 0, edges))
    else:
        yield Fma(own, every(slope, own.count), Words("z", 0, neuron.edges))


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


def _gradient(neuron: Neuron, network: Network) -> Iterator[Operation]:
    """Equation (3): every output sends every unit its part, and each adds up what it gets."""
    n, edges = neuron.edges, len(network.edges)
    for k, output in enumerate(network.outputs):
        part = Words("g", k * n, n)
        sender = network.numbers[output]
        if sender != neuron.number:
            yield Receive(GRADIENT, part, (sender,))
            continue
        for start, count, own in _runs(neuron, edges):
            to = part if own else Words("share", start, count)
            yield Fma(to, every(ERROR, count), Words("p", start, count))
        for unit in network.neurons[: len(network.units)]:
            if unit.number != neuron.number:
                share = Words("share", unit.first_edge, unit.edges)
                yield Send(GRADIENT, share, (unit.number,), broadcast=True)
    for k in range(1, len(network.outputs)):
        yield Fma(Words("g", 0, n), Words("g", k * n, n), None, Words("g", 0, n))
