"""Sensitivities as a sum of r Kronecker products, which KF-RTRL and r-OK have in common.

::

    p^k_ij ~ sum_a A_a,ki u_a,j                                                      (1)
    (J A)_ki = d_k sum_l w_kl A_li + (1 - a_k) A_ki                                  (2)
    g_ij = sum_a b_ai u_a,j,     b_ai = sum_o e_o A_a,oi                             (3)

or, one hop back, with A and u of the step before, and q and v of ``blame.py``::

    g_ij = sum_a b_ai u_a,j + v_i z_j,     b_ai = sum_l q_l A_a,li                   (4)

Unit k keeps row k of every A, r n words, and sends them along its out-edges; the owner i of an
edge keeps its own copy of u_j, so no u ever travels. Outputs, or in (4) all units, send every unit
its part of b.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from neurosim.learning.counts import Census, Counts, Kind
from neurosim.learning.parts import blame, rows
from neurosim.learning.parts.blame import Signal
from neurosim.learning.rule import ERROR, KEEP, SLOPE
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.messages import GRADIENT
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Dot, Fma, Operation, Phase, Receive, Send, Words, every


class Factors(NamedTuple):
    """All A, (..., r, units, units), and all u, (..., r, *layout.shape)."""

    A: Array
    u: Array


def memories(
    neuron: Neuron, network: Surroundings, r: int, one_hop: bool = False
) -> tuple[Memory, ...]:
    """Return the factors, kept, and what (2), and (3) or (4), need in between."""
    n = len(network.units)
    k = n if one_hop else len(network.outputs)
    common = (
        Memory("A", r * n, Role.STORED),
        Memory("u", r * neuron.edges, Role.STORED),
        Memory("JA", r * n),
        Memory("credit_in", r * k, Role.INBOX),
        Memory("credit", r),
        Memory("g", neuron.edges),
        *rows.inboxes(neuron, r * n),
        *(blame.memories(neuron) if one_hop else ()),
    )
    return (*common, Memory("share", r * n)) if neuron.is_output or one_hop else common


def carry(neuron: Neuron, network: Surroundings, r: int) -> Iterator[Operation]:
    """Equation (2), the rows of all factors at once."""
    yield Phase("sensitivity")
    row = Words("A", 0, r * len(network.units))
    yield from rows.exchange(neuron, row, partial(_added, row.count))
    yield from _sloped(neuron, row)


def carry_work(kind: Kind, census: Census, r: int) -> Iterator[tuple[int, Operation]]:
    """Yield the operations of ``carry``, each with how often it comes."""
    yield 1, Phase("sensitivity")
    row = Words("A", 0, r * census.n)
    yield from rows.work(kind.example, row, partial(_added, row.count))
    yield from ((1, operation) for operation in _sloped(kind.example, row))


def gradient(
    neuron: Neuron, network: Surroundings, r: int, one_hop: bool = False
) -> Iterator[Operation]:
    """Equation (3), or (4), which is to come before A and u move."""
    n, tellers = len(network.units), tuple(network.numbers[name] for name in network.outputs)
    known = ERROR
    if one_hop:
        tellers, known = tuple(range(n)), blame.Q
        yield from blame.blame(neuron)
    k = len(tellers)
    yield Phase("gradient")
    if neuron.is_output or one_hop:
        share = Words("share", 0, r * n)
        yield Fma(share, every(known, r * n), Words("A", 0, r * n))
        for a in range(r):
            words, everyone = Words("share", a * n, n), tuple(range(n))
            yield Send(GRADIENT, words, everyone, scatter=True, broadcast=True)
    for a in range(r):
        yield Receive(GRADIENT, Words("credit_in", a * k, k), tellers)
        yield Dot(Words("credit", a), Words("credit_in", a * k, k))
    g = Words("g", 0, neuron.edges)
    for a in range(r):
        credit, u = every(Words("credit", a), g.count), Words("u", a * g.count, g.count)
        yield Fma(g, credit, u, g if a else None)
    if one_hop:
        yield from blame.own(neuron)


def copies(layout: Layout, z: Array) -> Array:
    """Return the source of every edge, (..., *layout.shape), from z of shape (..., sources)."""
    return np.broadcast_to(layout.at_source(z), (*z.shape[:-1], *layout.shape))


def carried(layout: Layout, weights: Array, slope: Array, factors: Array) -> Array:
    """Do (2) for all units at once; factors A are (..., r, units, units)."""
    result: Array = np.matmul(layout.recurrent(weights)[..., None, :, :], factors)
    result *= slope[..., None, :, None]
    if layout.keep is not None:
        result += layout.keep[:, None] * factors
    return result


def blamed(layout: Layout, error: Array, factors: Array, u: Array) -> Array:
    """Do (3) for all units at once; u are (..., r, *layout.shape)."""
    return _credited(layout, error, factors[..., layout.outputs, :], u)


def blamed_before(layout: Layout, number: Number, signal: Signal, of: Factors, z: Array) -> Array:
    """Do (4) for all units at once, with the factors of the step before."""
    found = _credited(layout, signal.q, of.A, of.u)
    return layout.add_at_outputs(number, found, signal.v, z)


def _credited(layout: Layout, known: Array, rows: Array, u: Array) -> Array:
    credit = np.matmul(known[..., None, None, :], rows)[..., 0, :]
    gradient: Array = (layout.at_owner(credit) * u).sum(axis=-1 - len(layout.shape))
    return gradient


def cost(census: Census, r: int, one_hop: bool = False) -> Counts:
    """Return the closed form of ``carry`` and ``gradient``: r n^3 multiplications, r n^2 words."""
    found = _cost(census, r, census.n if one_hop else census.k)
    return found + blame.cost(census) + blame.own_cost(census) if one_hop else found


def _cost(census: Census, r: int, k: int) -> Counts:
    """Return the same without what the hop takes besides, from that many tellers."""
    c, n, row = census, census.n, r * census.n
    fed = c.sum(lambda u: bool(u.unit_sources))
    speaking = c.sum(lambda u: bool(rows.others(u, u.targets)))
    passes, later = c.between_units, c.between_units - fed
    kept = c.leaky
    added = c.sum(lambda u: u.leaks and bool(u.unit_sources))
    sent = row * (c.between_units - c.loops)
    blamed = k * (n - 1) * r
    edges, inboxes = r * c.edges, c.sum(lambda u: len(rows.inboxes(u, row)))
    return Counts(
        multiplications=row * (passes + fed + kept) + k * row + edges,
        additions=row * (later + added) + r * n * (k - 1) + edges - c.edges,
        reads=speaking * row
        + passes * (row + 1) + later * row
        + fed * (row + 1)
        + kept * (row + 1) + added * row
        + k * (row + 1) + k * row
        + r * n * k
        + edges + r * n + edges - c.edges,
        writes=sent + row * (passes + fed + kept) + k * row + r * n * k + r * n + edges,
        words_sent=sent + blamed,
        words_received=sent + blamed,
        words_broadcast=blamed,
        stored_words=n * row + edges,
        buffer_words=n * row + k * row + r * n * k + r * n + c.edges + inboxes * row,
    )  # fmt: skip


def _added(words: int, burst: str, slot: int, heard: int) -> Iterator[Operation]:
    """Add ``w_kl`` times a row."""
    sum_of_rows = Words("JA", 0, words)
    weight, row = every(Words("w", slot), words), Words(burst, 0, words)
    yield Fma(sum_of_rows, weight, row, sum_of_rows if heard > 1 else None)


def _sloped(neuron: Neuron, row: Words) -> Iterator[Operation]:
    """The slope's part of (2), and what a unit that leaks keeps."""
    carried, hears = Words("JA", 0, row.count), bool(neuron.unit_sources)
    if hears:
        yield Fma(carried, every(SLOPE, row.count), carried)
    if neuron.leaks:
        yield Fma(carried, every(KEEP, row.count), row, carried if hears else None)
