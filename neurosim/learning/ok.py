"""r-OK: sensitivities as the optimal sum of r Kronecker products, unbiased, at r N^3 a step.

Where RTRL keeps ``p^k_ij``, this keeps r pairs, ``p^k_ij ~ sum_a A_a,ki u_a,j``. A step makes r + 1
pairs of them, (u_a, J A_a) and its own (z, D), and then r again that are right on average, with the
least variance there is::

    U = [u_1 .. u_r z],  V = [J A_1 .. J A_r D],     J = diag(d) W_rec, D = diag(d)  (1)
    U = Q R,  V = Q' R',  C = R R'^T = P diag(c_1 >= c_2 ..) P'^T                    (2)
    m the least with (r - m) c_{m+1} <= s1 = sum_{a > m} c_a,  k = r - m             (3)
    y_a = sqrt(1 - c_a k / s1), a > m;  z_1 .. z_k orthonormal, at right angles to y (4)
    Z = [diag(sqrt c_1 .. sqrt c_m), sqrt(s1 / k) diag(+-1) [z_1 .. z_k]]            (5)
    [u_a] <- Q P Z = U X,  [A_a] <- Q' P' Z = V Y                                    (6)
    g_ij = sum_a u_a,j sum_o e_o A_a,oi                                              (7)

or one hop back, by ``sum_a u_a,j sum_l q_l A_a,li + v_i z_j`` with u and A of the step before.

A unit that leaks has its a in d, and ``1 - a`` on the diagonal of J. F. Benzing, M. M. Gauy,
A. Mujika, A. Martinsson and A. Steger, "Optimal Kronecker-Sum Approximation of Real Time Recurrent
Learning", ICML 2019, PMLR 97:604-613, doi 10.48550/arXiv.1902.03993.

Q and Q' are never made: R follows from inner products, ``U^T U = E diag(l) E^T`` giving
``R = diag(sqrt l) E^T`` (for columns of length 1, so that small factors do not drown). So units
send their parts of the inner products to unit 0, which does (2) to (5) and tells all units X and Y.
Signs of P are turned so that the newest source z has no negative part in any column of Q P.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.learning import checking
from neurosim.learning.counts import Census, Counts, Kind
from neurosim.learning.parts import kronecker, reduction
from neurosim.learning.parts.blame import blamed
from neurosim.learning.parts.drawing import Drawing
from neurosim.learning.parts.kronecker import Factors
from neurosim.learning.parts.ok_mixing import method, mix, pairs
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
from neurosim.model.operations import Dot, Fma, Operation, Words, every


class State(NamedTuple):
    """Activations (..., units), steps done, u (..., r, *edges) and A (..., r, units, units)."""

    y: Array
    steps: int
    u: Array
    factors: Array


@dataclass(frozen=True)
class OK(Drawing):
    """Optimal Kronecker sum (Benzing and others 2019).

    Its readout ``one_hop`` tells all units of all others.

    Attributes
    ----------
    rank
        How many products: r, from 1 up.
    """

    rank: int = 1

    name: ClassVar[str] = "ok"
    title: ClassVar[str] = "r-OK"
    citation: ClassVar[str] = "Benzing and others 2019, doi 10.48550/arXiv.1902.03993"
    order_multiplications: ClassVar[str] = "r n^3"
    order_words: ClassVar[str] = "r n^2"

    def __post_init__(self) -> None:
        super().__post_init__()
        checking.whole("OK.rank", self.rank, 1)

    @property
    def _parts(self) -> int:
        """Inner products: of all pairs of columns, a column with itself too, of U and of V."""
        return (self.rank + 1) * (self.rank + 2)

    @property
    def _answer(self) -> int:
        return 2 * (self.rank + 1) * self.rank

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """Rows of all A and copies of all u are kept."""
        r = self.rank
        reduced = reduction.memories(neuron, network, self._parts, self._answer, r + 1)
        mixed = Memory("mixed", r * neuron.edges)
        return (*kronecker.memories(neuron, network, r, self._hop), mixed, *reduced)

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (7), in messages."""
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)
        yield from kronecker.carry(neuron, network, self.rank)  # (1)
        yield from self._reduced(neuron, network)

    def work(self, kind: Kind, census: Census) -> Iterator[tuple[int, Operation]]:
        """The program, with the turns of all units that are heard alike said once."""
        neuron = kind.example
        yield from ((1, op) for op in (*speak(neuron), *listen(neuron), *fire(neuron)))
        yield from kronecker.carry_work(kind, census, self.rank)
        yield from ((1, operation) for operation in self._reduced(neuron, census.network))

    def _reduced(self, neuron: Neuron, network: Surroundings) -> Iterator[Operation]:
        r, n, parts = self.rank, len(network.units), self._parts
        if self._hop:
            yield from kronecker.gradient(neuron, network, r, one_hop=True)
        yield from _inner_products(neuron, n, r)
        yield from reduction.gather(neuron, network, parts)
        yield from reduction.draw(neuron, self.seed, parts, r + 1)
        yield from reduction.answer(neuron, network, parts + r + 1, method(r), self._answer)  # (5)
        yield from _mixed(neuron, n, r)
        if not self._hop:
            yield from kronecker.gradient(neuron, network, r)  # (7)
        yield from self.update(neuron, network, Words("g", 0, neuron.edges))

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with all factors zero."""
        shapes = (layout.shape, (layout.units, layout.units))
        lead = (*y.shape[:-1], self.rank)
        u, factors = (np.zeros((*lead, *shape), dtype=number.dtype) for shape in shapes)
        return State(y, 0, u, factors)

    def step(
        self,
        layout: Layout,
        number: Number,
        weights: Array,
        state: State,
        x: Array,
        target: Array,
    ) -> Outcome:
        """Equations (1) to (7) for all units at once."""
        now, r = tick(layout, number, weights, state.y, x, target), self.rank
        lead = now.y.shape[:-1]
        u, factors = self._stacks(layout, weights, state, now.z, now.slope)  # (1)
        drawn = signs(self.seed, state.steps, replicas(lead)[..., None], np.arange(r + 1))
        products = [pairs(np.matmul(each, np.swapaxes(each, -1, -2))) for each in (u, factors)]
        words = mix(np.concatenate([*products, drawn], axis=-1), r).astype(number.dtype)
        by = words.reshape(*lead, 2, r, r + 1)
        u = np.matmul(by[..., 0, :, :], u).reshape(*lead, r, *layout.shape)  # (6)
        factors = np.matmul(by[..., 1, :, :], factors).reshape(state.factors.shape)
        if self._hop:
            signal, of = blamed(layout, number, weights, now), Factors(state.factors, state.u)
            gradient = kronecker.blamed_before(layout, number, signal, of, now.z)
        else:
            gradient = kronecker.blamed(layout, now.error, factors, u)  # (7)
        return Outcome(State(now.y, state.steps + 1, u, factors), now.y, now.error, gradient)

    def _stacks(
        self, layout: Layout, weights: Array, state: State, z: Array, slope: Array
    ) -> tuple[Array, Array]:
        """Do (1) for all units at once: U of shape (..., r + 1, edges), V (..., r + 1, units^2)."""
        lead, r, n = slope.shape[:-1], self.rank, layout.units
        u = np.empty((*lead, r + 1, layout.edges), dtype=slope.dtype)
        u[..., :r, :] = state.u.reshape(*lead, r, -1)
        u[..., r, :] = layout.flat(kronecker.copies(layout, z))
        factors = np.zeros((*lead, r + 1, n, n), dtype=slope.dtype)
        factors[..., :r, :, :] = kronecker.carried(layout, weights, slope, state.factors)
        diagonal = np.arange(n)
        factors[..., r, diagonal, diagonal] = slope
        return u, factors.reshape(*lead, r + 1, -1)

    def closed(self, census: Census) -> Counts:
        """Closed forms: r N^3 multiplications and words on the move, 2 r N^2 words kept."""
        n, edges, r = census.n, census.edges, self.rank
        more, kept = (
            (r + 1) * (r + 2) // 2,
            r * (r + 1) // 2,
        )  # inner products with the new, without
        products = Counts(
            multiplications=more * edges + n * (kept * n + r + 1),
            additions=more * (edges - n) + n * kept * (n - 1),
            reads=2 * more * edges + 2 * n * (kept * n + r + 1),
            writes=2 * n * more,
        )
        mixed = Counts(
            multiplications=r * (r + 1) * edges + n * (r * r * n + r),
            additions=r * r * edges + n * (r * (r - 1) * n + r),
            reads=r * ((2 * r + 1) * edges + (r + 1) * n)
            + r * edges
            + n * (r * ((2 * r - 1) * n + r) + 3 * r),
            writes=r * (r + 1) * edges + r * edges + n * (r * r * n + r),
            buffer_words=r * edges,
        )
        reduced = reduction.cost(census, self._parts, self._answer, method(r), r + 1)
        return tick_cost(census) + kronecker.cost(census, r, self._hop) + products + mixed + reduced


def _inner_products(neuron: Neuron, n: int, r: int) -> Iterator[Operation]:
    """The unit's parts of ``U^T U``, then of ``V^T V``, a word for each pair of columns."""
    e, own = neuron.edges, neuron.number
    columns = [*(Words("u", a * e, e) for a in range(r)), Words("z", 0, e)]
    chosen = list(combinations_with_replacement(range(r + 1), 2))
    for c, (a, b) in enumerate(chosen):
        yield Dot(Words("part", c), columns[a], columns[b])
    for c, (a, b) in enumerate(chosen, start=len(chosen)):
        if b < r:
            yield Dot(Words("part", c), Words("JA", a * n, n), Words("JA", b * n, n))
        else:
            yield Fma(Words("part", c), Words("JA", a * n + own) if a < r else SLOPE, SLOPE)


def _mixed(neuron: Neuron, n: int, r: int) -> Iterator[Operation]:
    """Equation (6): the rows of X transposed come first in the answer, then those of Y."""
    e = neuron.edges
    columns = [*(Words("u", a * e, e) for a in range(r)), Words("z", 0, e)]
    for c in range(r):
        to = Words("mixed", c * e, e)
        for b, column in enumerate(columns):
            share = every(Words("factor", c * (r + 1) + b), e)
            yield Fma(to, share, column, to if b else None)
    yield Fma(Words("u", 0, r * e), Words("mixed", 0, r * e))
    for c in range(r):
        to, own = Words("A", c * n, n), Words("A", c * n + neuron.number)
        first = (r + c) * (r + 1)
        for b in range(r):
            share = every(Words("factor", first + b), n)
            yield Fma(to, share, Words("JA", b * n, n), to if b else None)
        yield Fma(own, Words("factor", first + r), SLOPE, own)
