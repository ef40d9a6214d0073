"""UORO: sensitivities as one product of two vectors, unbiased, at some N^2 multiplications a step.

Where RTRL keeps ``p^k_ij``, this keeps a word a unit and a word an edge, ``p^k_ij ~ s_k h_ij``.
Each step adds its own part ``d_k delta_ki z_j``; a random sign nu_k a unit makes that a product::

    m_ij = nu_i d_i z_j,   nu_i = +-1                                                (1)
    s <- r0 J s + r1 nu,   h <- h / r0 + m / r1,       J = diag(d) W_rec             (2)
    r0 = sqrt(|h| / |J s|),  r1 = sqrt(|m| / |nu|)                                   (3)
    g_ij = (sum_o e_o s_o) h_ij                                                      (4)

or one hop back, by ``(sum_l q_l s_l) h_ij + v_i z_j`` with s and h of the step before (5).

A unit that leaks has its a in d, and ``1 - a`` on the diagonal of J. C. Tallec and Y. Ollivier,
"Unbiased Online Recurrent Optimization", ICLR 2018, doi 10.48550/arXiv.1702.05043. There the norms
have a small number added; here r0 and r1 are 1 where a norm is zero, which is as unbiased.

In messages, s goes along the edges, a word each, and h stays with the owner. The norms, and what
outputs know of (4), go to unit 0, which tells all units five factors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.learning.counts import Census, Counts
from neurosim.learning.parts import blame, reduction
from neurosim.learning.parts.drawing import Drawing
from neurosim.learning.parts.reduction import DRAWN, ROOT
from neurosim.learning.parts.scales import ratio_root, spaced, squares
from neurosim.learning.rule import (
    ERROR,
    KEEP,
    SLOPE,
    Outcome,
    fire,
    listen,
    speak,
    tick,
    tick_cost,
)
from neurosim.model import messages
from neurosim.model.arithmetic import Array, Number
from neurosim.model.chance import replicas, signs
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import (
    Dot,
    Draw,
    Fma,
    Method,
    Operation,
    Phase,
    Receive,
    Send,
    Words,
    every,
)

NORMS, SHARES, FACTORS = 3, 2, 5
REACH, CARRIED, SIGN, OWN = Words("reach"), Words("carried"), Words("sign"), Words("own")
R0, PER_R0, R1, PER_R1, BLAME = (Words("factor", c) for c in range(FACTORS))


class State(NamedTuple):
    """Activations (..., units), steps done, s (..., units) and h (..., *edges)."""

    y: Array
    steps: int
    reach: Array
    theta: Array


@dataclass(frozen=True)
class UORO(Drawing):
    """Unbiased online recurrent optimisation (Tallec and Ollivier 2018)."""

    name: ClassVar[str] = "uoro"
    title: ClassVar[str] = "UORO"
    citation: ClassVar[str] = "Tallec and Ollivier 2018, doi 10.48550/arXiv.1702.05043"
    order_multiplications: ClassVar[str] = "n^2"
    order_words: ClassVar[str] = "n^2"

    @property
    def _parts(self) -> int:
        """What every unit tells the root: norms, and in (5) its part of the sum."""
        return NORMS + self._hop

    @property
    def _room(self) -> int:
        """What outputs alone know, which the root adds up besides."""
        return 0 if self._hop else SHARES

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """``s`` (named reach), ``h`` (named theta) and the count of draws are kept."""
        kept = [
            Memory("theta", neuron.edges, Role.STORED),
            Memory("reach", 1, Role.STORED, per_unit=True),
            Memory("drawn", 1, Role.STORED, per_unit=True),
            Memory("g", neuron.edges),
            *(Memory(name, 1, per_unit=True) for name in ("carried", "sign", "own")),
        ]
        if neuron.unit_sources:
            kept.append(Memory("reach_in", neuron.unit_sources, Role.INBOX))
        if self._hop:
            kept += blame.memories(neuron)
        elif neuron.is_output:
            kept.append(Memory("share", SHARES))
        if neuron.number == ROOT and not self._hop:
            kept.append(Memory("shares", SHARES * len(network.outputs), Role.INBOX))
        reduced = reduction.memories(neuron, network, self._parts, FACTORS, room=self._room)
        return (*kept, *reduced)

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (4), in messages."""
        edges = neuron.edges
        theta, z, g = (Words(name, 0, edges) for name in ("theta", "z", "g"))
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)
        yield Phase("sensitivity")
        yield from _carry(neuron)
        yield Draw(SIGN, DRAWN, self.seed, neuron.number)
        yield Fma(OWN, SIGN, SLOPE)  # (1)
        yield from _norms(neuron)
        if self._hop:
            yield from blame.blame(neuron)
            yield Fma(Words("part", NORMS), blame.Q, REACH)
        elif neuron.is_output:
            yield Fma(Words("share", 0), ERROR, CARRIED)
            yield Fma(Words("share", 1), ERROR, SIGN)
        yield from self._reduced(neuron, network)
        if self._hop:
            yield Phase("gradient")
            yield Fma(g, every(BLAME, edges), theta)  # (5)
            yield from blame.own(neuron)
        yield Phase("update")
        yield Fma(REACH, R0, CARRIED)  # (2)
        yield Fma(REACH, R1, SIGN, REACH)
        yield Fma(OWN, OWN, PER_R1)
        yield Fma(theta, every(PER_R0, edges), theta)
        yield Fma(theta, every(OWN, edges), z, theta)
        if not self._hop:
            yield Phase("gradient")
            yield Fma(g, every(BLAME, edges), theta)  # (4)
        yield from self.update(neuron, network, g)

    def _reduced(self, neuron: Neuron, network: Surroundings) -> Iterator[Operation]:
        yield from reduction.gather(neuron, network, self._parts)
        if not self._hop:
            yield from _shared(neuron, network)
        method, of = _method(len(network.units), self._hop), self._parts + self._room
        yield from reduction.answer(neuron, network, of, method, FACTORS)

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with both vectors zero."""
        theta = np.zeros((*y.shape[:-1], *layout.shape), dtype=number.dtype)
        return State(y, 0, np.zeros_like(y), theta)

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
        now, lead = tick(layout, number, weights, state.y, x, target), state.y.shape[:-1]
        carried = now.slope * layout.weighted_sums(number, weights, _padded(layout, state.reach))
        if layout.keep is not None:
            carried += layout.keep * state.reach
        sign = signs(self.seed, state.steps, replicas(lead)[..., None], np.arange(layout.units))
        sign = sign.astype(number.dtype)
        own = layout.at_owner(sign * now.slope) * layout.at_source(now.z)  # (1)
        known = [squares(each, lead) for each in (state.theta, carried, own)]
        if self._hop:
            signal = blame.blamed(layout, number, weights, now)
            known.append((signal.q * state.reach).sum(-1))
        else:
            known += [(now.error * each[..., layout.outputs]).sum(-1) for each in (carried, sign)]
        factors = scales(np.stack(known, axis=-1), layout.units, self._hop)
        r0, per_r0, r1, per_r1, share = np.moveaxis(factors, -1, 0)
        reach = spaced(r0, carried) * carried + spaced(r1, sign) * sign  # (2)
        theta = spaced(per_r0, own) * state.theta + spaced(per_r1, own) * own
        if self._hop:
            gradient = spaced(share, theta) * state.theta  # (5)
            gradient = layout.add_at_outputs(number, gradient, signal.v, now.z)
        else:
            gradient = spaced(share, theta) * theta  # (4)
        return Outcome(State(now.y, state.steps + 1, reach, theta), now.y, now.error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: some N^2 multiplications, a word an edge and two a unit."""
        c, n, k, edges = census, census.n, census.k, census.edges
        fed = c.sum(lambda u: bool(u.unit_sources))
        speaking = c.sum(lambda u: bool(u.targets))
        added = c.sum(lambda u: u.leaks and bool(u.unit_sources))
        between, moved = c.between_units, c.between_units - c.loops
        hop, told = self._hop, 0 if self._hop else SHARES
        shared = told * (k - c.sum(lambda u: u.is_output and u.number == ROOT))
        own = Counts(
            multiplications=between + fed + c.leaky
            + n + 2 * edges + 3 * n + told * k + n * hop
            + 3 * n + 3 * edges,
            additions=between - fed + added
            + 2 * (edges - n) + told * (k - 1)
            + n + edges,
            draws=n,
            reads=speaking + 2 * between + 2 * fed + 2 * c.leaky + added
            + 3 * n + 4 * edges + 6 * n + 2 * told * k + 2 * told * k + 2 * n * hop
            + 7 * n + 4 * edges + 3 * n,
            writes=between + 2 * fed + c.leaky
            + 3 * n + 5 * n + 2 * told * k + told + n * hop
            + 3 * n + 3 * edges,
            words_sent=moved + shared,
            words_received=moved + shared,
            words_broadcast=shared,
            stored_words=edges + 2 * n,
            buffer_words=edges + 3 * n + between + 2 * told * k,
        )  # fmt: skip
        if hop:
            own += blame.cost(c) + blame.own_cost(c)
        method = _method(n, hop)
        reduced = reduction.cost(c, self._parts, FACTORS, method, room=self._room)
        return tick_cost(c) + own + reduced


def _carry(neuron: Neuron) -> Iterator[Operation]:
    """``J s``, from the words of s that come along the edges."""
    if neuron.targets:
        yield Send(messages.REACH, REACH, neuron.targets)
    if u := neuron.unit_sources:
        yield Receive(messages.REACH, Words("reach_in", 0, u), neuron.units)
        yield Dot(CARRIED, Words("w", 0, u), Words("reach_in", 0, u))
        yield Fma(CARRIED, CARRIED, SLOPE)
    if neuron.leaks:
        yield Fma(CARRIED, KEEP, REACH, CARRIED if neuron.unit_sources else None)


def _norms(neuron: Neuron) -> Iterator[Operation]:
    """The unit's parts of (3), squared."""
    theta, z = Words("theta", 0, neuron.edges), Words("z", 0, neuron.edges)
    norm_of_own = Words("part", 2)
    yield Dot(Words("part", 0), theta, theta)
    yield Fma(Words("part", 1), CARRIED, CARRIED)
    yield Dot(norm_of_own, z, z)
    yield Fma(norm_of_own, norm_of_own, OWN)
    yield Fma(norm_of_own, norm_of_own, OWN)


def _shared(neuron: Neuron, network: Surroundings) -> Iterator[Operation]:
    """What outputs know of (4), added up at the root."""
    if neuron.is_output:
        yield Send(messages.REDUCTION, Words("share", 0, SHARES), (ROOT,), broadcast=True)
    if neuron.number == ROOT:
        outputs = tuple(network.numbers[name] for name in network.outputs)
        k = len(outputs)
        yield Receive(messages.REDUCTION, Words("shares", 0, SHARES * k), outputs)
        for c in range(SHARES):
            yield Dot(Words("total", NORMS + c), Words("shares", c, k, SHARES))


def _padded(layout: Layout, values: Array) -> Array:
    """Give values of units zeros for inputs and the bias."""
    zeros = np.zeros((*values.shape[:-1], layout.sources - layout.units), dtype=values.dtype)
    return np.concatenate([values, zeros], axis=-1)


def scales(of: Array, units: int, one_hop: bool = False) -> Array:
    """Return r0, 1 / r0, r1, 1 / r1 and the blame from |h|^2, |J s|^2, |m|^2, e.J s and e.nu.

    One hop back, the last two are one, which is the blame: q.s.
    """
    theta, carried, own, *known = np.moveaxis(of, -1, 0)
    r0 = ratio_root(theta, carried)
    r1 = ratio_root(own, np.full_like(own, units))
    share = known[0] if one_hop else r0 * known[0] + r1 * known[1]
    return np.stack([r0, 1 / r0, r1, 1 / r1, share], axis=-1)


@lru_cache(maxsize=16)
def _method(units: int, one_hop: bool) -> Method:
    function = partial(scales, units=units, one_hop=one_hop)
    products = 0 if one_hop else 2
    return Method("scales", function, products, additions=products // 2, divisions=8)
