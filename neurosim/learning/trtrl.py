"""Truncated real-time recurrent learning, edge-local: about 10 N^2 multiplications a step.

Every unit keeps only the sensitivities to its own incoming and outgoing weights: RTRL with the
sum restricted to the two ends of the edge j -> i::

    s_i  = sum_j w_ij z_j,    y_i = f(s_i),    d_i = f'(s_i)                         (1)
    a_ij = p^i_ij  <- d_i ( w_ii a_ij + w_ij b_ij + z_j )      ingress, kept by i    (2)
    b_ij = p^j_ij  <- d_j ( w_ji a_ij + w_jj b_ij )            egress, kept by j     (3)
    p^o_ij = d_o ( w_oi a_ij + w_oj b_ij + delta_oi z_j )      at outputs, not kept  (4)
    g_ij = sum_o e_o p^o_ij,    w_ij <- w_ij + rate g_ij                             (5)

with a and b of the step before on the right. Outputs have no memory in (4), so the sum over them
factors through one hop of error, and the same gradient costs nothing that grows with outputs::

    v_o  = e_o d_o,    q_l = sum_o v_o w_ol                                          (6)
    g_ij = q_i a_ij + q_j b_ij + v_i z_j                                             (7)

An egress sensitivity can only leave zero where the edge i -> j exists too, so b is kept for
reciprocal neighbours alone. Per step and reciprocal edge five words move: activation, egress,
ingress, the gradient's part ``q_j b_ij``, and from outputs the error. ``trtrl_exchange.py`` has
this, and a placement that keeps b with i and exchanges other words.

D. Budik and I. Elhanany, "TRTRL: a localized resource-efficient learning algorithm for recurrent
neural networks", 49th IEEE MWSCAS, 2006; Z. Liu and I. Elhanany, IEEE Transactions on Neural
Networks 19(9), 2008, doi 10.1109/TNN.2008.2000838. The factored form is ours; ``literal`` is (4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.errors import UserError, nearest
from neurosim.learning import trtrl_literal
from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import (
    ERROR,
    SLOPE,
    Forward,
    Outcome,
    Rule,
    fire,
    listen,
    speak,
    tick,
    tick_cost,
)
from neurosim.learning.trtrl_exchange import PLACEMENTS, Exchange
from neurosim.model import messages
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Dot, Fma, Operation, Phase, Receive, Send, Words, every

V, Q = Words("v"), Words("q")


class State(NamedTuple):
    """Activations (..., units), ingress and egress sensitivities (..., edges)."""

    y: Array
    a: Array
    b: Array


@dataclass(frozen=True)
class TRTRL(Rule):
    """Truncated real-time recurrent learning (Budik and Elhanany 2006).

    Attributes
    ----------
    literal
        Compute (4) and (5) output by output instead of (6) and (7): the oracle.
    ingress_only
        Drop b: half the storage, and most of the traffic.
    self_terms
        Keep ``w_ii a_ij`` in (2) and ``w_jj b_ij`` in (3); the slides leave open whether to.
    placement
        Who keeps b_ij: ``unit``, the unit j whose sensitivity it is, as the slides have it, or
        ``owner``, the owner i of the weight. The words are the same, the traffic is not.
    """

    literal: bool = False
    ingress_only: bool = False
    self_terms: bool = True
    placement: str = "unit"

    name: ClassVar[str] = "trtrl"
    title: ClassVar[str] = "TRTRL"
    citation: ClassVar[str] = "Budik and Elhanany 2006; doi 10.1109/TNN.2008.2000838"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.placement not in PLACEMENTS:
            raise UserError(
                f"TRTRL.placement: must be one of {', '.join(PLACEMENTS)}"
                f" (got {self.placement!r}).{nearest(str(self.placement), PLACEMENTS)}"
            )
        if self.literal and self.placement != "unit":
            raise UserError("TRTRL.literal: has the slides' placement. Set placement to unit.")

    @property
    def exchange(self) -> Exchange:
        """What reciprocal neighbours exchange under the placement."""
        return PLACEMENTS[self.placement]

    def placed(self, sensitivities: str) -> TRTRL:
        """Keep b with the unit or with the owner of the weight; the literal form has no choice."""
        return self if self.literal else replace(self, placement=sensitivities)

    def exchanged(self, neuron: Neuron) -> int:
        """How many reciprocal neighbours share sensitivities with this neuron."""
        return 0 if self.ingress_only else neuron.reciprocal

    def loops(self, neuron: Neuron) -> bool:
        """Whether the neuron's edge to itself acts on its sensitivities."""
        return self.self_terms and neuron.self_slot is not None

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """``a`` and ``b`` are kept; the rest lives within a step."""
        n, r = neuron.edges, self.exchanged(neuron)
        kept = [Memory("a", n, Role.STORED), Memory("g", n)]
        if r:
            kept += self.exchange.memories(neuron, self)
        if self.loops(neuron) or r:
            kept.append(Memory("a_sum", n if self.loops(neuron) else r))
        if self.literal:
            return (*kept, *trtrl_literal.memories(neuron, network, r))
        if neuron.is_output:
            kept += [Memory("v", 1, per_unit=True), Memory("blame", neuron.unit_sources)]
        if neuron.output_targets:
            kept.append(Memory("blame_in", len(neuron.output_targets), Role.INBOX))
        return (*kept, Memory("q", 1, per_unit=True))

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (3), and the gradient by (6) and (7) or, when literal, by (4)."""
        r, exchange = self.exchanged(neuron), self.exchange
        yield from speak(neuron)
        if r:
            yield from exchange.offer(neuron, self)
        if self.literal:
            yield from trtrl_literal.exchange(neuron, network)
        yield from listen(neuron)
        if r:
            yield from exchange.accept(neuron, self)
        yield from fire(neuron)
        if r:
            yield from exchange.fired(neuron, self)
        if self.literal:
            yield from trtrl_literal.gradient(neuron, network, r)
            yield from self._sums(neuron)
        else:
            yield from _blame(neuron)
            yield from exchange.blamed(neuron, self)
            yield from self._sums(neuron)
            yield from self._gradient(neuron)
        yield from self._ingress(neuron)
        yield from self.update(neuron, Words("g", 0, neuron.edges))

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with all sensitivities zero."""
        zeros = np.zeros((*y.shape[:-1], *layout.shape), dtype=number.dtype)
        return State(y, zeros, zeros)

    def step(
        self,
        layout: Layout,
        number: Number,
        weights: Array,
        state: State,
        x: Array,
        target: Array,
    ) -> Outcome:
        """Equations (1) to (7) for all edges at once; a and b are (..., edges)."""
        now = tick(layout, number, weights, state.y, x, target)
        if self.literal:
            gradient = trtrl_literal.step(
                layout, number, weights, state.a, None if self.ingress_only else state.b, now
            )
        else:
            gradient = self._factored(layout, number, weights, state, now)
        a, b = self._next(layout, number, weights, state, now)
        return Outcome(State(now.y, a, b), now.y, now.error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: about 10 N^2 multiplications, 2 N^2 words, whatever the outputs."""
        c = census
        gradient = (
            trtrl_literal.cost(c, self)
            if self.literal
            else self._factored_cost(c) + self.exchange.gradient_cost(c, self)
        )
        sums = self._sensitivity_cost(c) + self.exchange.sums_cost(c, self)
        return tick_cost(c) + sums + gradient

    def _sums(self, neuron: Neuron) -> Iterator[Operation]:
        """The brackets of (2) and (3), and (3) itself."""
        n, r = neuron.edges, self.exchanged(neuron)
        loop = Words("w", neuron.self_slot or 0)
        yield Phase("sensitivity")
        base = "z"
        if self.loops(neuron):
            base = "a_sum"
            yield Fma(Words("a_sum", 0, n), every(loop, n), Words("a", 0, n), Words("z", 0, n))
        if r:
            yield from self.exchange.sums(neuron, self, base)

    def _gradient(self, neuron: Neuron) -> Iterator[Operation]:
        """Equation (7)."""
        n, r = neuron.edges, self.exchanged(neuron)
        yield Phase("gradient")
        if r:
            yield from self.exchange.gradient(neuron, self)
        if n > r:
            rest = n - r
            yield Fma(Words("g", r, rest), every(Q, rest), Words("a", r, rest))
        if neuron.is_output:
            g = Words("g", 0, n)
            yield Fma(g, every(V, n), Words("z", 0, n), g)

    def _ingress(self, neuron: Neuron) -> Iterator[Operation]:
        """(2), once the gradient has used the ``a`` of the step before."""
        n = neuron.edges
        ready = n if self.loops(neuron) else self.exchanged(neuron)
        yield Phase("sensitivity")
        if ready:
            yield Fma(Words("a", 0, ready), every(SLOPE, ready), Words("a_sum", 0, ready))
        if n > ready:
            rest = Words("a", ready, n - ready)
            yield Fma(rest, every(SLOPE, rest.count), Words("z", ready, rest.count))

    def _factored(
        self, layout: Layout, number: Number, weights: Array, state: State, now: Forward
    ) -> Array:
        v = number.multiply(now.error, now.slope[..., layout.outputs])
        q = layout.back_from_outputs(number, v, weights)  # (6)
        gradient = number.multiply(layout.at_owner(q), state.a)
        if not self.ingress_only:
            share = number.multiply(layout.at_source(q), state.b)
            gradient = number.fma(share, layout.at_owner(q), state.a)
        return layout.add_at_outputs(number, gradient, v, now.z)  # (7)

    def _next(
        self, layout: Layout, number: Number, weights: Array, state: State, now: Forward
    ) -> tuple[Array, Array]:
        a, b = state.a, state.b
        loop = layout.self_weights(weights) if self.self_terms else np.zeros_like(now.y)
        ingress = number.fma(layout.at_source(now.z), layout.at_owner(loop), a)
        if not self.ingress_only:
            ingress = number.fma(ingress, weights, b)
            egress = number.multiply(layout.at_reverse(weights), a)
            egress = number.fma(egress, layout.at_source(loop), b)
            b = number.multiply(layout.at_source(now.slope), egress)  # (3)
        return number.multiply(layout.at_owner(now.slope), ingress), b  # (2)

    def _sensitivity_cost(self, c: Census) -> Counts:
        n, n_loop = c.edges, c.sum(lambda u: u.edges * self.loops(u))
        looped = c.sum(self.loops)
        plain = c.sum(lambda u: self.exchanged(u) * (not self.loops(u)))
        runs = c.sum(self._ingress_runs)
        return Counts(
            multiplications=n_loop + n,
            additions=n_loop,
            reads=(2 * n_loop + looped) + (n + runs),
            writes=n_loop + n,
            stored_words=n,
            buffer_words=n + n_loop + plain,
        )

    def _ingress_runs(self, neuron: Neuron) -> int:
        """How many bursts the ingress sensitivities take."""
        r = self.exchanged(neuron)
        return 1 if self.loops(neuron) else (r > 0) + (neuron.edges > r)

    def _factored_cost(self, c: Census) -> Counts:
        k, rest = c.k, c.edges - c.sum(self.exchanged)
        blamed = c.sum(lambda u: u.unit_sources * u.is_output)
        blamed_away = blamed - c.sum(lambda u: u.is_output and u.self_slot is not None)
        blaming = c.sum(lambda u: u.is_output and bool(u.unit_sources))
        hearing = c.sum(lambda u: bool(u.output_targets))
        owned = c.sum(lambda u: u.edges * u.is_output)
        runs = c.sum(lambda u: u.edges > self.exchanged(u))
        return Counts(
            multiplications=k + blamed + rest + owned,
            additions=blamed - hearing + owned,
            reads=2 * k + (blamed + blaming + blamed) + blamed + (rest + runs) + (2 * owned + k),
            writes=k + blamed + blamed + hearing + rest + owned,
            words_sent=blamed_away,
            words_received=blamed_away,
            buffer_words=k + blamed + blamed + c.n,
        )


def _blame(neuron: Neuron) -> Iterator[Operation]:
    """Equation (6)."""
    yield Phase("error")
    if neuron.is_output:
        yield Fma(V, ERROR, SLOPE)
        if u := neuron.unit_sources:
            yield Fma(Words("blame", 0, u), every(V, u), Words("w", 0, u))
            yield Send(messages.ERROR, Words("blame", 0, u), neuron.units, scatter=True)
    if neuron.output_targets:
        blame_in = Words("blame_in", 0, len(neuron.output_targets))
        yield Receive(messages.ERROR, blame_in, neuron.output_targets)
        yield Dot(Q, blame_in)
