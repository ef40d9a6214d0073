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
reciprocal neighbours alone. A unit that leaks, ``y_i <- (1 - a_i) y_i + a_i f(s_i)``, has its a in
the slope and adds what it keeps of its own: ``(1 - a_i) a_ij`` to (2), ``(1 - a_j) b_ij`` to (3)
and, as an output l, ``e_l (1 - a_l)`` to q_l of (6).

Per step and reciprocal edge five words move: activation, egress, ingress, the gradient's part
``q_j b_ij``, and from outputs the error. ``parts/trtrl_exchange.py`` has this, and a placement that
keeps b with i and exchanges other words.

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
from neurosim.learning.counts import Census, Counts
from neurosim.learning.parts import blame, traces, trtrl_literal
from neurosim.learning.parts.blame import Q
from neurosim.learning.parts.trtrl_exchange import PLACEMENTS, Exchange
from neurosim.learning.rule import (
    KEEP,
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
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Fma, Operation, Phase, Words, every


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
    order_multiplications: ClassVar[str] = "n^2"
    order_words: ClassVar[str] = "n^2"

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
            if neuron.is_output and neuron.leaks:
                raise _memoryless(neuron.name)
            return (*kept, *trtrl_literal.memories(neuron, network, r))
        return (*kept, *blame.memories(neuron))

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
            yield from blame.blame(neuron)
            yield from exchange.blamed(neuron, self)
            yield from self._sums(neuron)
            yield from self._gradient(neuron)
        yield from self._ingress(neuron)
        yield from self.update(neuron, network, Words("g", 0, neuron.edges))

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with all sensitivities zero."""
        if self.literal and (layout.leak[layout.outputs] != 1.0).any():
            raise _memoryless("one of them")
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
        return tick_cost(c) + sums + gradient + self._leak_cost(c)

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
        yield from blame.own(neuron)

    def _ingress(self, neuron: Neuron) -> Iterator[Operation]:
        """(2), once the gradient has used the ``a`` of the step before."""
        n, leaks = neuron.edges, neuron.leaks
        ready = n if self.loops(neuron) else self.exchanged(neuron)
        yield Phase("sensitivity")
        if leaks:
            yield Fma(Words("a", 0, n), every(KEEP, n), Words("a", 0, n))
        if ready:
            a = Words("a", 0, ready)
            yield Fma(a, every(SLOPE, ready), Words("a_sum", 0, ready), a if leaks else None)
        if n > ready:
            rest = Words("a", ready, n - ready)
            z = Words("z", ready, rest.count)
            yield Fma(rest, every(SLOPE, rest.count), z, rest if leaks else None)

    def _factored(
        self, layout: Layout, number: Number, weights: Array, state: State, now: Forward
    ) -> Array:
        v, q = blame.blamed(layout, number, weights, now)  # (6)
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
        keep = None if layout.keep is None else number.encode(layout.keep)
        ingress = number.fma(layout.at_source(now.z), layout.at_owner(loop), a)
        if not self.ingress_only:
            ingress = number.fma(ingress, weights, b)
            egress = number.multiply(layout.at_reverse(weights), a)
            egress = number.fma(egress, layout.at_source(loop), b)
            b = traces.moved(
                number, b, layout.at_source(now.slope), egress, keep, layout.at_source
            )  # (3)
        return traces.moved(
            number, a, layout.at_owner(now.slope), ingress, keep, layout.at_owner
        ), b  # (2)

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

    def _leak_cost(self, c: Census) -> Counts:
        """What units that leak keep in (2) and in (3)."""
        n = c.sum(lambda u: u.edges * u.leaks)
        own = Counts(multiplications=n, additions=n, reads=2 * n + c.leaky, writes=n)
        return own + self.exchange.leak_cost(c, self)

    def _ingress_runs(self, neuron: Neuron) -> int:
        """How many bursts the ingress sensitivities take."""
        r = self.exchanged(neuron)
        return 1 if self.loops(neuron) else (r > 0) + (neuron.edges > r)

    def _factored_cost(self, c: Census) -> Counts:
        rest = c.edges - c.sum(self.exchanged)
        runs = c.sum(lambda u: u.edges > self.exchanged(u))
        kept = Counts(multiplications=rest, reads=rest + runs, writes=rest)
        return blame.cost(c) + blame.own_cost(c) + kept


def _memoryless(which: str) -> UserError:
    return UserError(
        f"TRTRL.literal: the slides' outputs keep nothing of the step before, and {which} leaks."
        " Leave literal out, or give outputs leak 1."
    )
