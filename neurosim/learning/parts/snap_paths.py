"""SnAp-n from n = 2 on: sensitivities sent along the edges, each to those that keep or read it.

With the blocks of ``pattern.py``, in every step::

    G^k <- d_k ( sum_l w_kl G^l + z at the own block ) + (1 - a_k) G^k               (2)
    g_i =  sum_o e_o G^o at block i                                                  (3)

Unit l sends each of its blocks to the units that compute with it, and nothing else. An output
computes one hop more than it keeps, and sends every unit its part of (3): along an edge where one
joins them, and wherever it is where none does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from neurosim.learning.counts import Census, Counts, Kind
from neurosim.learning.parts.pattern import Pattern, Run, pattern_in, pattern_of
from neurosim.learning.rule import ERROR, KEEP, SLOPE, Forward
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.layout import Layout
from neurosim.model.messages import GRADIENT, SENSITIVITY
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Fma, Operation, Phase, Receive, Send, Words, every


class State(NamedTuple):
    """Activations (..., units), and the influence that is kept.

    Of shape (..., edges) where units keep their own alone, and (..., words kept + 1) otherwise,
    unit after unit, with a zero at the end.
    """

    y: Array
    a: Array


def memories(neuron: Neuron, network: Surroundings, order: int) -> tuple[Memory, ...]:
    """Return the kept sensitivities, and what (2) and (3) need in between."""
    pattern, k, n = pattern_of(network, order), neuron.number, neuron.edges
    kept, computed = pattern.words(pattern.kept[k]), pattern.words(pattern.computed[k])
    needed = [
        Memory("p", kept, Role.STORED),
        Memory("sum", computed),
        Memory("g", n * max(1, len(_elsewhere(pattern, k)))),
    ]
    if any(not (run.first and run.last) for _, runs in pattern.runs(k) for run in runs):
        needed.append(Memory("partial", computed, form=Format.ACCUMULATOR))
    if k in pattern.outputs:
        needed += [Memory("p_hop", computed - kept), Memory("share", computed)]
    heard = [sum(r.words for r in runs) for s, runs in pattern.runs(k) if s != k]
    inboxes = (Memory(f"inbox{n}", max(heard), Role.INBOX) for n in range(min(len(heard), 2)))
    return (*needed, *inboxes)


def offer(neuron: Neuron, network: Surroundings, order: int) -> Iterator[Operation]:
    """Send the sensitivities of the step before."""
    yield Phase("sensitivity")
    for burst in pattern_of(network, order).bursts[neuron.number]:
        yield Send(SENSITIVITY, Words("p", burst.start, burst.words), burst.along)


def sensitivities(neuron: Neuron, network: Surroundings, order: int) -> Iterator[Operation]:
    """Equation (2): what every source sends is added up as it comes."""
    pattern, k = pattern_of(network, order), neuron.number
    yield Phase("sensitivity")
    own = Words("sum", pattern.starts(k)[k], neuron.edges)
    if k not in {i for s in pattern.sources[k] for i in pattern.kept[s]}:
        yield Fma(own, Words("z", 0, neuron.edges))
    received = 0
    for source, runs in pattern.runs(k):
        memory = "p"
        if source != k:
            memory, received = f"inbox{received % 2}", received + 1
            yield from _receive(pattern, source, k, memory)
        weight = Words("w", neuron.units.index(source))
        for run in runs:
            yield _added(run, weight, memory)
    yield from _sloped(neuron, pattern)


def gradient(neuron: Neuron, network: Surroundings, order: int) -> Iterator[Operation]:
    """Equation (3): every output sends its part, and the unit adds up what it gets."""
    pattern, k, n = pattern_of(network, order), neuron.number, neuron.edges
    yield Phase("gradient")
    parts = []
    for output in _outputs(pattern, k):
        if output == k:
            parts.append(Words("share", pattern.starts(k)[k], n))
            yield from _shares(neuron, network, pattern)
        else:
            parts.append(Words("g", _elsewhere(pattern, k).index(output) * n, n))
            yield Receive(GRADIENT, parts[-1], (output,))
    g = Words("g", 0, n)
    if parts and g not in parts:
        yield Fma(g, parts[0])
    for part in sorted(parts, key=g.__ne__)[1:]:
        yield Fma(g, part, None, g)


def init(layout: Layout, number: Number, y: Array, order: int) -> State:
    """Start from activations, with all sensitivities zero."""
    words = _terms(layout, order).kept
    return State(y, np.zeros((*y.shape[:-1], words + 1), dtype=number.dtype))


def step(
    layout: Layout, number: Number, weights: Array, kept: Array, now: Forward, order: int
) -> tuple[Array, Array]:
    """Do (2) and (3) for all words at once; return the gradient, and what is kept."""
    terms = _terms(layout, order)
    flat, n = layout.flat(weights), terms.kept
    z = now.z[..., layout.source]
    bracket = number.row_sums(
        flat[..., terms.weight], kept[..., terms.word], terms.starts, plus=z, at=terms.own
    )
    p = number.multiply(now.slope[..., terms.unit], bracket)
    if layout.keep is not None:
        keep = number.encode(layout.keep)[terms.unit[:n]]
        before = number.multiply(kept[..., :n], keep)
        p[..., :n] = number.fma(before, now.slope[..., terms.unit[:n]], bracket[..., :n])
    gradient = np.zeros((*p.shape[:-1], layout.edges), dtype=p.dtype)
    for o, (words, edges) in enumerate(terms.outputs):
        share = number.multiply(now.error[..., o : o + 1], p[..., words])
        gradient[..., edges] = number.add(gradient[..., edges], share)  # (3)
    result = np.zeros_like(kept)
    result[..., :n] = p[..., :n]
    lead = gradient.shape[:-1]
    return gradient.reshape(*lead, *layout.shape), result


def cost(census: Census, order: int) -> Counts:
    """Return the closed forms, from the words that lie on paths of the graph."""
    pattern, found = pattern_of(census.network, order), Counts()
    for neuron in census.network.neurons[: census.n]:
        found += _summed(neuron, pattern) + _shared(neuron, pattern)
    return found


def apart(census: Census) -> Sequence[Kind]:
    """Return every unit as a kind of its own."""
    units = census.network.neurons[: census.n]
    return tuple(Kind(unit, [unit.number]) for unit in units)


def _summed(neuron: Neuron, pattern: Pattern) -> Counts:
    """What (2) takes at one unit."""
    k, n = neuron.number, neuron.edges
    heard = list(pattern.runs(k))
    terms = sum(run.words for _, runs in heard for run in runs)
    came = [sum(run.words for run in runs) for source, runs in heard if source != k]
    kept, computed = pattern.words(pattern.kept[k]), pattern.words(pattern.computed[k])
    alone = not any(k in pattern.kept[s] for s in pattern.sources[k])
    added = terms - computed + n  # all but the first term, and z at the own block
    partial = computed if any(not (r.first and r.last) for _, rs in heard for r in rs) else 0
    sent = pattern.bursts[k]
    passes = 1 + (computed > kept)
    leaky = kept * neuron.leaks
    return Counts(
        multiplications=terms + computed + leaky,
        additions=added + leaky,
        reads=sum(burst.words for burst in sent)
        + n * alone
        + (terms + sum(len(runs) for _, runs in heard) + added)
        + (computed + passes)
        + (leaky + neuron.leaks + leaky),
        writes=sum(came) + n * alone + terms + computed + leaky,
        words_sent=sum(burst.words * len(burst.along) for burst in sent),
        words_received=sum(came),
        stored_words=kept,
        buffer_words=computed + partial + min(len(came), 2) * max(came, default=0),
    )


def _shared(neuron: Neuron, pattern: Pattern) -> Counts:
    """What (3) takes at one unit."""
    k, n = neuron.number, neuron.edges
    away, outputs = len(_elsewhere(pattern, k)), len(_outputs(pattern, k))
    copied = n * (outputs > away == 0)
    own = Counts(
        additions=n * max(outputs - 1, 0),
        reads=2 * n * max(outputs - 1, 0) + copied,
        writes=n * away + n * max(outputs - 1, 0) + copied,
        words_received=n * away,
        buffer_words=n * max(1, away),
    )
    if k not in pattern.outputs:
        return own
    near = {*neuron.sources, *neuron.targets}
    computed, kept = (pattern.words(blocks[k]) for blocks in (pattern.computed, pattern.kept))
    told = [i for i in pattern.computed[k] if i != k]
    sent = pattern.words(told)
    return own + Counts(
        multiplications=computed,
        reads=computed + 1 + (computed > kept) + sent,
        writes=computed,
        words_sent=sent,
        words_broadcast=pattern.words([i for i in told if i not in near]),
        buffer_words=computed - kept + computed,
    )


def _outputs(pattern: Pattern, k: int) -> list[int]:
    """Return the outputs that compute a unit's block, in order."""
    return [output for output in pattern.outputs if k in pattern.computed[output]]


def _elsewhere(pattern: Pattern, k: int) -> list[int]:
    return [output for output in _outputs(pattern, k) if output != k]


def _receive(pattern: Pattern, source: int, k: int, inbox: str) -> Iterator[Operation]:
    start = 0
    for burst in pattern.bursts[source]:
        if k in burst.along:
            yield Receive(SENSITIVITY, Words(inbox, start, burst.words), (source,))
            start += burst.words


def _added(run: Run, weight: Words, memory: str) -> Operation:
    """Add ``w_kl`` times a run: the first brings in ``z_j``, the last narrows the sum."""
    to = Words("sum" if run.last else "partial", run.to, run.words)
    plus = Words("partial", run.to, run.words)
    if run.first:
        first = Words("z", 0, run.words) if run.own else None
        return Fma(to, every(weight, run.words), Words(memory, run.start, run.words), first)
    return Fma(to, every(weight, run.words), Words(memory, run.start, run.words), plus)


def _sloped(neuron: Neuron, pattern: Pattern) -> Iterator[Operation]:
    """The slope's part of (2), and what a unit that leaks keeps."""
    k = neuron.number
    kept, computed = pattern.words(pattern.kept[k]), pattern.words(pattern.computed[k])
    p = Words("p", 0, kept)
    if neuron.leaks:
        yield Fma(p, every(KEEP, kept), p)
    yield Fma(p, every(SLOPE, kept), Words("sum", 0, kept), p if neuron.leaks else None)
    if hop := computed - kept:
        yield Fma(Words("p_hop", 0, hop), every(SLOPE, hop), Words("sum", kept, hop))


def _shares(neuron: Neuron, network: Surroundings, pattern: Pattern) -> Iterator[Operation]:
    """What an output has to do with all that it computes, and its messages."""
    k, starts = neuron.number, pattern.starts(neuron.number)
    kept, computed = pattern.words(pattern.kept[k]), pattern.words(pattern.computed[k])
    yield Fma(Words("share", 0, kept), every(ERROR, kept), Words("p", 0, kept))
    if hop := computed - kept:
        yield Fma(Words("share", kept, hop), every(ERROR, hop), Words("p_hop", 0, hop))
    near = {*neuron.sources, *neuron.targets}
    for i in pattern.computed[k]:
        if i != k:
            share = Words("share", starts[i], pattern.edges[i])
            yield Send(GRADIENT, share, (i,), broadcast=i not in near)


class Terms(NamedTuple):
    """The products of (2) as places, each sum's in a row.

    ``weight`` and ``word`` are the factors' places among edges and kept words, ``starts`` where
    each sum begins, ``unit`` whose it is, ``own`` the sums that begin with z, by edge. ``kept``
    counts the sums that are kept, which come first; ``outputs`` are, for each output, the sums
    that it computes and their edges.
    """

    weight: Array
    word: Array
    starts: Array
    unit: Array
    own: Array
    kept: int
    outputs: tuple[tuple[Array, Array], ...]


@lru_cache(maxsize=4)
def _terms(layout: Layout, order: int) -> Terms:
    pattern = pattern_in(layout, order)
    first = np.cumsum([0, *pattern.edges])
    span = [np.arange(first[i], first[i + 1]) for i in range(layout.units)]
    sums = [(k, i) for k in range(layout.units) for i in pattern.kept[k]]
    kept = pattern.words([i for _, i in sums])
    place = dict(zip(sums, accumulate((pattern.edges[i] for _, i in sums), initial=0)))  # noqa: B905
    sums += [(k, i) for k in pattern.outputs for i in pattern.computed[k][len(pattern.kept[k]) :]]
    pairs = zip(layout.owner.tolist(), layout.source.tolist(), strict=True)
    edge_of = {pair: n for n, pair in enumerate(pairs)}
    weight, word, lengths = [], [], []
    for k, i in sums:
        n = pattern.edges[i]
        through = [s for s in pattern.sources[k] if (s, i) in place]
        own = np.array([place[s, i] for s in through], dtype=np.int64)
        edges = np.array([edge_of[k, s] for s in through], dtype=np.int64)
        if not through:  # nothing but z: any weight, times the zero at the end
            own, edges = np.array([kept]), np.array([0])
            word.append(np.full(n, kept))
            weight.append(np.zeros(n, dtype=np.int64))
        else:
            word.append((own[None, :] + np.arange(n)[:, None]).ravel())
            weight.append(np.tile(edges, n))
        lengths += [len(own)] * n
    starts = np.cumsum([0, *lengths[:-1]])
    units = np.concatenate([np.full(pattern.edges[i], k) for k, i in sums])
    blocks = np.cumsum([0, *(pattern.edges[i] for _, i in sums)])
    where = {pair: np.arange(blocks[n], blocks[n + 1]) for n, pair in enumerate(sums)}
    outputs = tuple(
        (
            np.concatenate([where[o, i] for i in pattern.computed[o]]),
            np.concatenate([span[i] for i in pattern.computed[o]]),
        )
        for o in pattern.outputs
    )
    own_sums = np.concatenate([where[k, k] for k in range(layout.units)])
    return Terms(
        np.concatenate(weight), np.concatenate(word), starts, units, own_sums, kept, outputs
    )
