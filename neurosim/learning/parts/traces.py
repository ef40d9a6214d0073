"""A trace an edge and a learning signal a unit: what purely local rules have in common.

Unit i keeps a trace ``a_ij`` of what its weight w_ij has done to it, and learns from the signal
that one hop of error brings it (``blame.py``)::

    g_ij = q_i a_ij + v_i z_j           a of the step before; v zero but at outputs  (1)
    a_ij <- d_i ( w_ii a_ij + z_j ) + (1 - a_i) a_ij                                 (2)

with a_i the leak. What rules keep of (2) is what they differ in, and a ``Trace`` says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from neurosim.learning.counts import Census, Counts
from neurosim.learning.parts.blame import Q, Signal, V
from neurosim.learning.rule import KEEP, SLOPE, Forward
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role
from neurosim.model.operations import Fma, Operation, Phase, Words, every


class Trace(NamedTuple):
    """What a rule keeps of (2) beside ``d_i z_j``.

    Attributes
    ----------
    loops
        Whether the unit's edge to itself acts on its traces.
    leaks
        Whether its leak does.
    """

    loops: bool
    leaks: bool

    def looped(self, neuron: Neuron) -> bool:
        """Whether this neuron's traces have the term of its loop."""
        return self.loops and neuron.self_slot is not None

    def leaky(self, neuron: Neuron) -> bool:
        """Whether this neuron's traces have the term of its leak."""
        return self.leaks and neuron.leaks


def memories(neuron: Neuron, trace: Trace) -> tuple[Memory, ...]:
    """Return what (1) and (2) need."""
    n = neuron.edges
    kept = (Memory("a", n, Role.STORED), Memory("g", n))
    return (*kept, Memory("a_sum", n)) if trace.looped(neuron) else kept


def gradient(neuron: Neuron, hears: bool = True, name: str = "a") -> Iterator[Operation]:
    """Equation (1), for a unit that ``hears`` of the error of outputs, or does not."""
    n = neuron.edges
    g = Words("g", 0, n)
    yield Phase("gradient")
    if hears:
        yield Fma(g, every(Q, n), Words(name, 0, n))
    if neuron.is_output:
        yield Fma(g, every(V, n), Words("z", 0, n), g if hears else None)


def advance(neuron: Neuron, trace: Trace) -> Iterator[Operation]:
    """Equation (2), once the gradient has used the traces of the step before."""
    n = neuron.edges
    a, base = Words("a", 0, n), Words("z", 0, n)
    yield Phase("sensitivity")
    if trace.looped(neuron):
        loop = every(Words("w", neuron.self_slot or 0), n)
        base = Words("a_sum", 0, n)
        yield Fma(base, loop, a, Words("z", 0, n))
    if trace.leaky(neuron):
        yield Fma(a, every(KEEP, n), a)
    yield Fma(a, every(SLOPE, n), base, a if trace.leaky(neuron) else None)


def at_edges(layout: Layout, number: Number, signal: Signal, traces: Array, now: Forward) -> Array:
    """Do (1) for all edges at once; traces are (..., edges)."""
    gradient = number.multiply(layout.at_owner(signal.q), traces)
    return layout.add_at_outputs(number, gradient, signal.v, now.z)


def advanced(
    layout: Layout, number: Number, weights: Array, traces: Array, now: Forward, trace: Trace
) -> Array:
    """Do (2) for all edges at once; traces are (..., edges)."""
    base = layout.at_source(now.z)
    if trace.loops:
        base = number.fma(base, layout.at_owner(layout.self_weights(weights)), traces)
    keep = number.encode(layout.keep) if layout.keep is not None and trace.leaks else None
    return moved(number, traces, layout.at_owner(now.slope), base, keep, layout.at_owner)


def moved(
    number: Number,
    before: Array,
    slope: Array,
    bracket: Array,
    keep: Array | None,
    at: Callable[[Array], Array],
) -> Array:
    """Return the slope times a bracket, as in (2), and what leaks leave of the step before."""
    if keep is None:
        return number.multiply(slope, bracket)
    return number.fma(number.multiply(before, at(keep)), slope, bracket)


def gradient_cost(census: Census, silent: Callable[[Neuron], bool] = lambda _: False) -> Counts:
    """Return the closed form of ``gradient``; ``silent`` outputs hear nothing of the error."""
    c = census
    hearing, heard = c.sum(lambda u: not silent(u)), c.sum(lambda u: u.edges * (not silent(u)))
    owned = c.sum(lambda u: u.edges * u.is_output)
    added = c.sum(lambda u: u.edges * (u.is_output and not silent(u)))
    return Counts(
        multiplications=heard + owned,
        additions=added,
        reads=(heard + hearing) + (owned + c.k + added),
        writes=heard + owned,
        buffer_words=c.edges,
    )


def advance_cost(census: Census, trace: Trace) -> Counts:
    """Return the closed form of ``advance``: a multiplication an edge, and one for each term."""
    c, n = census, census.edges
    looped, leaky = (c.sum(term) for term in (trace.looped, trace.leaky))
    n_loop = c.sum(lambda u: u.edges * trace.looped(u))
    n_leak = c.sum(lambda u: u.edges * trace.leaky(u))
    return Counts(
        multiplications=n_loop + n_leak + n,
        additions=n_loop + n_leak,
        reads=(2 * n_loop + looped) + (n_leak + leaky) + (n + c.n + n_leak),
        writes=n_loop + n_leak + n,
        stored_words=n,
        buffer_words=n_loop,
    )
