"""Exact gradients block by block: backpropagation within a block, RTRL from block to block.

What a unit bears on the end of a block is carried back through the block for the error and for
every unit at once. Row 0 of ``C`` is dE/dy, E being the error of the block's ticks from t on, and
row k is dy_k(t1)/dy(t)::

    C(t1) = [e(t1); I],      D(t) = C(t) diag(d(t)),                                 (1)
    C(t-1) = D(t) W_rec + [e(t-1); 0],         t = t1, ..., t0+1,  e(t0) left out     (2)
    S[.; ij] = sum_t D_i(t) z_j(t)                                                   (3)
    [g; P(t1)] = S + C(t0) P(t0)                                                     (4)
    w_ij <- w_ij + rate g_ij           at the end of the block                       (5)

``P[k; ij]`` is RTRL's influence ``dy_k/dw_ij``: the gradient is one more row of it. Three matrix
products, (2), (3) and (4), of n^3 multiplications a step where blocks have about n ticks, against
RTRL's n^4. In (2) a unit that leaks keeps 1 - a of its column beside. J. Schmidhuber, "A fixed size
storage O(n^3) time complexity learning algorithm for fully recurrent continually running networks",
Neural Computation 4(2):243-248, 1992, doi 10.1162/neco.1992.4.2.243.

In messages, unit i holds column i of ``D`` and ``C`` and ``P[.; ij]`` of its own weights. Within a
block units exchange activations only. At its end they send the weights of their sources to these,
then their columns of ``D`` back along the edges, once for each tick, and a last time their columns
of ``C(t0)`` to everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.learning import checking
from neurosim.learning.bptt import Past
from neurosim.learning.counts import Census, Counts, Kind
from neurosim.learning.parts.hybrid_pass import Items, Pass, pass_cost
from neurosim.learning.rule import (
    ERROR,
    Beat,
    Outcome,
    Rule,
    fire,
    forward_cost,
    learning_last,
    listen,
    mean_step,
    speak,
    tick,
    update_cost,
)
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Fma, Operation, Words


class State(NamedTuple):
    """Activations (..., units), influence (..., units, edges), and the ticks of the block."""

    y: Array
    p: Array
    block: tuple[Past, ...]


@dataclass(frozen=True)
class Hybrid(Rule):
    """RTRL from block to block and backpropagation within (Schmidhuber 1992): exact, in n^3.

    Attributes
    ----------
    block
        Steps after which weights move, from 1 up; None for as many as the network has units.
    """

    block: int | None = None

    name: ClassVar[str] = "hybrid"
    title: ClassVar[str] = "Hybrid"
    citation: ClassVar[str] = "Schmidhuber 1992, doi 10.1162/neco.1992.4.2.243"
    order_multiplications: ClassVar[str] = "n^3"
    order_words: ClassVar[str] = "n^3"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.block is not None:
            checking.whole("Hybrid.block", self.block, 1)

    @property
    def period(self) -> int:
        """The block."""
        if self.block is None:
            raise UserError("Hybrid.block: give a block; without one it depends on the network.")
        return self.block

    @property
    def beats(self) -> tuple[Beat, ...]:
        """Steps that only remember, and the one at the end of the block."""
        return learning_last(self.period)

    def learns(self, phase: int) -> bool:
        """At the end of a block."""
        return phase % self.period == self.period - 1

    def for_units(self, units: int) -> Hybrid:
        """Return the rule with a block of that many steps, unless it has one."""
        return replace(self, block=self.block or units)

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """The influence of its own weights is kept, and the block until its end."""
        n, edges = len(network.units), neuron.edges
        block, heard = self.block or n, len(neuron.targets)
        kept = [
            Memory("z", block * edges, Role.STORED),
            Memory("slopes", block, Role.STORED),
            Memory("p", n * edges, Role.STORED),
            Memory("zero", 1, Role.CONSTANT),
            Memory("delta", n + 1),
            Memory("column", n + 1),
            Memory("g", (n + 1) * edges),
        ]
        if not neuron.is_output:
            kept.append(Memory("error", 1, Role.CONSTANT))
        elif block > 1:
            kept.append(Memory("errors", block - 1, Role.STORED))
        if block > 1 or n > 1:
            kept.append(Memory("g_sum", (n + 1) * edges, form=Format.ACCUMULATOR))
        if heard > 1:
            kept.append(Memory("column_sum", n + 1, form=Format.ACCUMULATOR))
        if heard:
            kept.append(Memory("w_out", heard, Role.INBOX))
        inboxes = range(min(n - 1, 2))
        kept += [Memory(f"inbox{i}", n + 1, Role.INBOX, by_reference=True) for i in inboxes]
        return tuple(kept)

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (5), in messages; in the block, only what they need later."""
        return (operation for _, operation in self._items(neuron, network, phase, once=False))

    def work_at(self, kind: Kind, census: Census, phase: int) -> Items:
        """The program, with turns that are alike said once."""
        return self.for_units(census.n)._items(kind.example, census.network, phase, once=True)

    def work(self, kind: Kind, census: Census) -> Items:
        """The same for the first step of a block."""
        return self.work_at(kind, census, 0)

    def _items(self, neuron: Neuron, network: Surroundings, phase: int, once: bool) -> Items:
        whole = self.for_units(len(network.units))
        place = phase * neuron.edges
        for operation in (
            *speak(neuron), *listen(neuron, place), *fire(neuron, place, Words("slopes", phase))
        ):  # fmt: skip
            yield 1, operation
        if whole.learns(phase):
            yield from Pass(neuron, len(network.units), whole.period, once).items()
            for operation in self.update(neuron, network, Words("g", 0, neuron.edges)):
                yield 1, operation
        elif neuron.is_output:
            yield 1, Fma(Words("errors", phase), ERROR)

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with zero influence, at the beginning of a block."""
        return State(y, np.zeros((*y.shape, layout.edges), dtype=number.dtype), ())

    def step(
        self,
        layout: Layout,
        number: Number,
        weights: Array,
        state: State,
        x: Array,
        target: Array,
    ) -> Outcome:
        """Equations (1) to (4) for all units at once; p is (..., units, edges)."""
        z, y, slope, error = tick(layout, number, weights, state.y, x, target)
        block = (Past(z, slope, error), *state.block)
        if len(block) < (self.block or layout.units):
            gradient = np.zeros((*y.shape[:-1], *layout.shape), dtype=y.dtype)
            return Outcome(State(y, state.p, block), y, error, gradient)
        deltas, column = _carried_back(layout, number, weights, block)
        within = _outer(layout, number, deltas, np.stack([each.z for each in block], axis=-2))
        flat = within.reshape(*y.shape[:-1], -1)
        rows = number.matmul(column, state.p, plus=flat, at=slice(None))  # (4)
        gradient = rows[..., 0, :].reshape(*y.shape[:-1], *layout.shape)
        return Outcome(State(y, rows[..., 1:, :], ()), y, error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: 3 n^3 multiplications where blocks have n ticks, and n^3 words."""
        return mean_step(self.for_units(census.n), census)

    def closed_at(self, census: Census, phase: int) -> Counts:
        """Closed forms of the end of a block, or of a step within."""
        whole, c = self.for_units(census.n), census
        n, h, edges = c.n, whole.period, c.edges
        heard = c.sum(lambda u: len(u.targets))
        several = c.sum(lambda u: len(u.targets) > 1)
        stored = Counts(
            stored_words=h * edges + h * n + n * edges + (h - 1) * c.k,
            buffer_words=(n + 1) * (2 * n + edges * (1 + (h > 1 or n > 1)) + several)
            + heard
            + n * (n + 1) * min(n - 1, 2),
        )
        if whole.learns(phase):
            return forward_cost(c) + pass_cost(c, h) + update_cost(c) + stored
        return forward_cost(c) + Counts(reads=c.k, writes=c.k) + stored


def _carried_back(
    layout: Layout, number: Number, weights: Array, block: tuple[Past, ...]
) -> tuple[Array, Array]:
    """Return D of the block's ticks, the newest first (..., ticks, 1 + units, units), and C(t0)."""
    recurrent, units = layout.recurrent(weights), np.arange(layout.units)
    q, slope = np.zeros_like(block[0].slope), block[0].slope
    q[..., layout.outputs] = block[0].error
    delta = np.zeros((*q.shape[:-1], layout.units + 1, layout.units), dtype=q.dtype)
    kept = np.zeros_like(delta)
    delta[..., 0, :], delta[..., 1 + units, units] = number.multiply(q, slope), slope  # (1)
    keep = number.encode(np.zeros(layout.units) if layout.keep is None else layout.keep)
    kept[..., 0, :], kept[..., 1 + units, units] = number.multiply(q, keep), keep
    deltas = [delta]
    for past in block[1:]:
        kept[..., 0, layout.outputs] = number.add(kept[..., 0, layout.outputs], past.error)
        column = _earlier(number, delta, recurrent, kept)
        delta = number.multiply(column, past.slope[..., None, :])
        deltas.append(delta)
        kept = number.multiply(column, keep)
    return np.stack(deltas, axis=-3), _earlier(number, delta, recurrent, kept)


def _earlier(number: Number, delta: Array, recurrent: Array, kept: Array) -> Array:
    """Return C of the tick before, (2)."""
    flat = kept.reshape(*kept.shape[:-2], -1)
    return number.matmul(delta, recurrent, plus=flat, at=slice(None))


def _outer(layout: Layout, number: Number, deltas: Array, z: Array) -> Array:
    """Return S, (..., 1 + units, edges), from z (..., ticks, sources): (3)."""
    lead, (ticks, rows, units) = deltas.shape[:-3], deltas.shape[-3:]
    if layout.complete:
        flat = deltas.reshape(*lead, ticks, rows * units)
        product = number.matmul(np.swapaxes(flat, -1, -2), z)
        return product.reshape(*lead, rows, layout.edges)
    result = np.empty((*lead, rows, layout.edges), dtype=z.dtype)
    starts = np.searchsorted(layout.owner, np.arange(units + 1))
    for i in range(units):
        own = slice(starts[i], starts[i + 1])
        column = np.swapaxes(deltas[..., i], -1, -2)
        result[..., own] = number.matmul(column, z[..., layout.source[own]])
    return result
