"""One hop of error: what each unit has to do with the error of the outputs that hear it.

Of the step before, outputs know only what they hear of it, so the error reaches the units at once::

    v_o = e_o d_o                                                                    (1)
    q_l = sum_o v_o w_ol                                                             (2)

An output l that leaks remembers its own part: its q_l has ``e_l (1 - a_l)`` besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import ERROR, KEEP, SLOPE, Forward
from neurosim.model import messages
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role
from neurosim.model.operations import Dot, Fma, Operation, Phase, Receive, Send, Words, every

V, Q = Words("v"), Words("q")


class Signal(NamedTuple):
    """``v`` of the outputs (..., outputs), and ``q`` of the units (..., units)."""

    v: Array
    q: Array


def memories(neuron: Neuron) -> tuple[Memory, ...]:
    """Return what (1) and (2) need within a step."""
    needed = []
    if neuron.is_output:
        needed += [Memory("v", 1, per_unit=True), Memory("blame", neuron.unit_sources)]
    if neuron.output_targets:
        needed.append(Memory("blame_in", len(neuron.output_targets), Role.INBOX))
    return (*needed, Memory("q", 1, per_unit=True))


def blame(neuron: Neuron) -> Iterator[Operation]:
    """Equations (1) and (2)."""
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
    if neuron.is_output and neuron.leaks:
        yield Fma(Q, ERROR, KEEP, Q if neuron.output_targets else None)


def blamed(layout: Layout, number: Number, weights: Array, now: Forward) -> Signal:
    """Do (1) and (2) for all units at once."""
    v = number.multiply(now.error, now.slope[..., layout.outputs])
    q = layout.back_from_outputs(number, v, weights)
    return Signal(v, with_leaks(layout, number, q, now))


def with_leaks(layout: Layout, number: Number, q: Array, now: Forward) -> Array:
    """Add, in place, what outputs that leak have to do with their own error."""
    if layout.keep is not None:
        keep = number.encode(layout.keep[layout.outputs])
        q[..., layout.outputs] = number.fma(q[..., layout.outputs], now.error, keep)
    return q


def own(neuron: Neuron) -> Iterator[Operation]:
    """Add an output's exact ``v_i z_j`` to the gradient in ``g``."""
    if neuron.is_output:
        g, n = Words("g", 0, neuron.edges), neuron.edges
        yield Fma(g, every(V, n), Words("z", 0, n), g)


def own_cost(census: Census) -> Counts:
    """Return the closed form of ``own``."""
    owned = census.sum(lambda u: u.edges * u.is_output)
    return Counts(multiplications=owned, additions=owned, reads=2 * owned + census.k, writes=owned)


def cost(census: Census) -> Counts:
    """Return the closed form of ``blame``, whose words do not grow with the outputs."""
    c, k = census, census.k
    blamed = c.sum(lambda u: u.unit_sources * u.is_output)
    away = blamed - c.sum(lambda u: u.is_output and u.self_slot is not None)
    blaming = c.sum(lambda u: u.is_output and bool(u.unit_sources))
    hearing = c.sum(lambda u: bool(u.output_targets))
    kept = c.sum(lambda u: u.is_output and u.leaks)
    added = c.sum(lambda u: u.is_output and u.leaks and bool(u.output_targets))
    return Counts(
        multiplications=k + blamed + kept,
        additions=blamed - hearing + added,
        reads=2 * k + (blamed + blaming + blamed) + blamed + 2 * kept + added,
        writes=k + blamed + blamed + hearing + kept,
        words_sent=away,
        words_received=away,
        buffer_words=k + blamed + blamed + c.n,
    )
