"""KF-RTRL: sensitivities as one Kronecker product, unbiased, at N^3 multiplications a step.

Where RTRL keeps ``p^k_ij``, this keeps a matrix and a vector, ``p^k_ij ~ A_ki u_j``. The product of
the step before and this step's own part ``d_k delta_ki z_j`` are two products; random signs
c1, c2 make one of them that is right on average::

    u <- c1 p1 u + c2 p2 z                                                           (1)
    A <- c1/p1 J A + c2/p2 D,             J = diag(d) W_rec, D = diag(d)             (2)
    p1 = sqrt(|J A| / |u|),  p2 = sqrt(|D| / |z|)                                    (3)
    g_ij = u_j sum_o e_o A_oi                                                        (4)

or one hop back, by ``u_j sum_l q_l A_li + v_i z_j`` with u and A of the step before.

A unit that leaks has its a in d, and ``1 - a`` on the diagonal of J. A. Mujika, F. Meier and
A. Steger, "Approximating Real-Time Recurrent Learning with Random Kronecker Factors", NeurIPS 2018,
doi 10.48550/arXiv.1805.10842.

In messages (``parts/kronecker.py``), every owner of an edge keeps a copy of its u_j, and the norms
of u and z are over all copies. On a complete graph each has as many, which multiplies p1 and p2 by
the same and changes nothing; elsewhere sources that feed more weigh more. The norms go to unit 0,
which draws the signs and tells all units the four factors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.learning.counts import Census, Counts, Kind
from neurosim.learning.parts import kronecker, reduction
from neurosim.learning.parts.blame import blamed
from neurosim.learning.parts.drawing import Drawing
from neurosim.learning.parts.kronecker import Factors
from neurosim.learning.parts.scales import ratio_root, spaced, squares
from neurosim.learning.rule import (
    SLOPE,
    Outcome,
    fire,
    listen,
    speak,
    tick,
    tick_cost,
)
from neurosim.model.arithmetic import Array, Number
from neurosim.model.chance import replicas, signs
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Surroundings
from neurosim.model.operations import Dot, Fma, Method, Operation, Words, every

NORMS, SIGNS, FACTORS = 4, 2, 4


class State(NamedTuple):
    """Activations (..., units), steps done, u (..., *edges) and A (..., units, units)."""

    y: Array
    steps: int
    u: Array
    factor: Array


@dataclass(frozen=True)
class KFRTRL(Drawing):
    """Kronecker-factored RTRL (Mujika, Meier and Steger 2018).

    Its readout ``one_hop`` tells all units of all others.
    """

    name: ClassVar[str] = "kf_rtrl"
    title: ClassVar[str] = "KF-RTRL"
    citation: ClassVar[str] = "Mujika, Meier and Steger 2018, doi 10.48550/arXiv.1805.10842"
    order_multiplications: ClassVar[str] = "n^3"
    order_words: ClassVar[str] = "n^2"

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """A row of A and a copy of u are kept."""
        reduced = reduction.memories(neuron, network, NORMS, FACTORS, SIGNS)
        return (*kronecker.memories(neuron, network, 1, self._hop), *reduced)

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (4), in messages."""
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)
        yield from kronecker.carry(neuron, network, 1)
        yield from self._mixed(neuron, network)

    def work(self, kind: Kind, census: Census) -> Iterator[tuple[int, Operation]]:
        """The program, with the turns of all units that are heard alike said once."""
        neuron = kind.example
        yield from ((1, op) for op in (*speak(neuron), *listen(neuron), *fire(neuron)))
        yield from kronecker.carry_work(kind, census, 1)
        yield from ((1, operation) for operation in self._mixed(neuron, census.network))

    def _mixed(self, neuron: Neuron, network: Surroundings) -> Iterator[Operation]:
        n, edges, unit = len(network.units), neuron.edges, neuron.number
        A, u, z = Words("A", 0, n), Words("u", 0, edges), Words("z", 0, edges)
        carried, own = Words("JA", 0, n), Words("A", unit)
        u_old, u_new, a_old, a_new = (Words("factor", c) for c in range(FACTORS))
        if self._hop:
            yield from kronecker.gradient(neuron, network, 1, one_hop=True)
        yield Dot(Words("part", 0), carried, carried)
        yield Fma(Words("part", 1), SLOPE, SLOPE)
        yield Dot(Words("part", 2), u, u)
        yield Dot(Words("part", 3), z, z)
        yield from reduction.gather(neuron, network, NORMS)
        yield from reduction.draw(neuron, self.seed, NORMS, SIGNS)
        yield from reduction.answer(neuron, network, NORMS + SIGNS, METHOD, FACTORS)
        yield Fma(u, every(u_old, edges), u)  # (1)
        yield Fma(u, every(u_new, edges), z, u)
        yield Fma(A, every(a_old, n), carried)  # (2)
        yield Fma(own, a_new, SLOPE, own)
        if not self._hop:
            yield from kronecker.gradient(neuron, network, 1)  # (4)
        yield from self.update(neuron, network, Words("g", 0, edges))

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with both factors zero."""
        lead, n = y.shape[:-1], layout.units
        u, factor = (np.zeros((*lead, *s), dtype=number.dtype) for s in (layout.shape, (n, n)))
        return State(y, 0, u, factor)

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
        now = tick(layout, number, weights, state.y, x, target)
        lead, diagonal = now.y.shape[:-1], np.arange(layout.units)
        carried = kronecker.carried(layout, weights, now.slope, state.factor[..., None, :, :])
        carried, z = carried[..., 0, :, :], kronecker.copies(layout, now.z)
        norms = [squares(a, lead) for a in (carried, now.slope, state.u, z)]
        drawn = signs(self.seed, state.steps, replicas(lead)[..., None], np.arange(SIGNS))
        f = scales(np.concatenate([np.stack(norms, axis=-1), drawn], axis=-1))
        u_old, u_new, a_old, a_new = (f[..., c] for c in range(FACTORS))
        u = spaced(u_old, state.u) * state.u + spaced(u_new, z) * z  # (1)
        factor = spaced(a_old, carried) * carried  # (2)
        factor[..., diagonal, diagonal] += a_new[..., None] * now.slope
        if self._hop:
            signal = blamed(layout, number, weights, now)
            of = _stacked(layout, state.factor, state.u)
            gradient = kronecker.blamed_before(layout, number, signal, of, now.z)
        else:
            gradient = kronecker.blamed(layout, now.error, *_stacked(layout, factor, u))  # (4)
        return Outcome(State(now.y, state.steps + 1, u, factor), now.y, now.error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: N^3 multiplications and words on the move, 2 N^2 words kept."""
        c, n, edges = census, census.n, census.edges
        mixed = Counts(
            multiplications=n * n + n + 2 * edges + 2 * edges + n * n + n,
            additions=n * (n - 1) + 2 * (edges - n) + edges + n,
            reads=(2 * n * n + 2 * n + 4 * edges)
            + (edges + n) + (2 * edges + n)
            + (n * n + n) + 3 * n,
            writes=NORMS * n + 2 * edges + n * n + n,
        )  # fmt: skip
        reduced = reduction.cost(c, NORMS, FACTORS, METHOD, SIGNS)
        return tick_cost(c) + kronecker.cost(c, 1, self._hop) + mixed + reduced


def _stacked(layout: Layout, factor: Array, u: Array) -> Factors:
    """Return the factors as a stack of one pair."""
    return Factors(factor[..., None, :, :], np.expand_dims(u, -1 - len(layout.shape)))


def scales(of: Array) -> Array:
    """Return the factors of u, z, J A and D from the norms in (3), squared, and the signs."""
    carried, own, u, z, c1, c2 = np.moveaxis(of, -1, 0)
    p1, p2 = ratio_root(carried, u), ratio_root(own, z)
    return np.stack([c1 * p1, c2 * p2, c1 / p1, c2 / p2], axis=-1)


METHOD = Method("scales", scales, multiplications=2, additions=0, divisions=8)
