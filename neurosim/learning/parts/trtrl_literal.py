"""The gradient of TRTRL output by output, as its slides state it: the oracle of the short form.

For every output o, at the owner i of the edge j -> i::

    p^o_ij = d_o ( w_oi a_ij + w_oj b_ij + delta_oi z_j )                            (4)
    g_ij   = sum_o e_o p^o_ij                                                        (5)

Outputs send ``w_ol`` back to every unit l they hear, and their slope and error to all; unit j
sends ``w_oj b_ij`` to its reciprocal neighbours, once an output. The bracket takes the slides'
2 K N^2 multiplications (``d_o`` and ``e_o`` take as many again).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import Forward
from neurosim.model import messages
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Fma, Operation, Phase, Receive, Send, Words, every

if TYPE_CHECKING:
    from neurosim.learning.trtrl import TRTRL

WEIGHT, OUTPUT = "weight", "output"  # kinds of message that only the literal form needs


def memories(neuron: Neuron, network: Surroundings, r: int) -> tuple[Memory, ...]:
    """Return what the literal gradient needs within a step; nothing of it is kept."""
    k, n = len(network.outputs), neuron.edges
    needed = [
        Memory("w_output", k, Role.INBOX),
        Memory("output_in", 2 * k, Role.INBOX),
        Memory("p_output", n),
    ]
    if neuron.is_output:
        needed.append(Memory("output", 2))
    if r:
        needed.append(Memory("share_in", r, Role.INBOX))
    return tuple(needed)


def exchange(neuron: Neuron, network: Surroundings) -> Iterator[Operation]:
    """Bring every unit its weights to the outputs."""
    if neuron.is_output and neuron.unit_sources:
        yield Send(WEIGHT, Words("w", 0, neuron.unit_sources), neuron.units, scatter=True)
    for k, output in enumerate(network.outputs):
        if network.numbers[output] in neuron.output_targets:
            yield Receive(WEIGHT, Words("w_output", k), (network.numbers[output],))


def gradient(neuron: Neuron, network: Surroundings, r: int) -> Iterator[Operation]:
    """Equations (4) and (5)."""
    outputs = tuple(network.numbers[o] for o in network.outputs)
    yield Phase("error")
    if neuron.is_output:
        yield Fma(Words("output", 0), Words("slope"))
        yield Fma(Words("output", 1), Words("error"))
        everyone = tuple(range(len(network.units)))
        yield Send(OUTPUT, Words("output", 0, 2), everyone, broadcast=True)
    yield Receive(OUTPUT, Words("output_in", 0, 2 * len(outputs)), outputs)
    yield Phase("gradient")
    for k, output in enumerate(outputs):
        yield from _one_output(neuron, k, output == neuron.number, r)


def _one_output(neuron: Neuron, k: int, own: bool, r: int) -> Iterator[Operation]:
    n, weight = neuron.edges, Words("w_output", k)
    p, g, shared = Words("p_output", 0, n), Words("g", 0, n), Words("p_output", 0, r)
    slope, error = Words("output_in", 2 * k), Words("output_in", 2 * k + 1)
    if r:
        yield Fma(Words("share", 0, r), every(weight, r), Words("b", 0, r))
        yield Send(messages.GRADIENT, Words("share", 0, r), neuron.reciprocals, scatter=True)
    yield Fma(p, every(weight, n), Words("a", 0, n), Words("z", 0, n) if own else None)
    if r:
        yield Receive(messages.GRADIENT, Words("share_in", 0, r), neuron.reciprocals)
        yield Fma(shared, Words("share_in", 0, r), None, shared)
    yield Fma(p, every(slope, n), p)  # (4)
    yield Fma(g, every(error, n), p, g if k else None)  # (5)


def step(
    layout: Layout, number: Number, weights: Array, a: Array, b: Array | None, now: Forward
) -> Array:
    """Equations (4) and (5) for all edges at once; ``b`` is None where there is no egress."""
    recurrent = layout.recurrent(weights)
    total: Array | None = None
    for k, output in enumerate(layout.outputs):
        weight = recurrent[..., output, :]
        own = (layout.owner == output).reshape(layout.shape)
        p = number.fma(layout.at_source(now.z) * own, layout.at_owner(weight), a)
        if b is not None:
            p = number.add(p, number.multiply(layout.at_source(weight), b))
        lead = (..., *([None] * len(layout.shape)))
        p = number.multiply(now.slope[..., output][lead], p)  # (4)
        error = now.error[..., k][lead]
        total = number.multiply(error, p) if total is None else number.fma(total, error, p)
    assert total is not None  # a network has an output
    return total


def cost(c: Census, rule: TRTRL) -> Counts:
    """Return the closed forms: the bracket of (4) is 2 K N^2 multiplications."""
    n, k = c.edges, c.k
    r = c.sum(rule.exchanged)
    sharing = c.sum(lambda u: bool(rule.exchanged(u)))
    asked = c.sum(lambda u: u.unit_sources * u.is_output)
    asked_away = asked - c.sum(lambda u: u.is_output and u.self_slot is not None)
    owned = c.sum(lambda u: u.edges * u.is_output)
    told = 2 * k * (c.n - 1)
    moved = asked_away + told + k * r
    return Counts(
        multiplications=k * (r + n + n + n),
        additions=owned + k * r + (k - 1) * n,
        reads=asked
        + (2 * k + 2 * k)
        + k * (r + sharing + r)
        + (k * (n + c.n) + owned)
        + k * 2 * r
        + k * (n + c.n)
        + (k * (n + c.n) + (k - 1) * n),
        writes=asked + 2 * k + 2 * k * c.n + k * (r + n + r + r + n + n),
        words_sent=moved,
        words_received=moved,
        words_broadcast=told,
        buffer_words=c.n * 3 * k + n + 2 * k + r,
    )
