"""The forward pass that all rules share: messages, arrays, and what it takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from neurosim.learning.counts import Census, Counts, total
from neurosim.learning.parts import gates
from neurosim.learning.parts.gates import Gating
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.layout import Layout
from neurosim.model.loss import own_share
from neurosim.model.messages import ACTIVATION, REDUCTION
from neurosim.model.neuron import Memory, Neuron, Role
from neurosim.model.operations import (
    Activate,
    Dot,
    Fma,
    Operation,
    Phase,
    Receive,
    Send,
    Solve,
    Words,
)

Y, SLOPE, S = Words("y"), Words("slope"), Words("s")
F, LEAK, KEEP, P = Words("f"), Words("leak"), Words("keep"), Words("probability")
V = Words("v")
ERROR, TARGET, MINUS_ONE, RATE = Words("error"), Words("target"), Words("minus_one"), Words("rate")


class Forward(NamedTuple):
    """One tick of the network: sources, activations, slopes, and errors of the outputs."""

    z: Array
    y: Array
    slope: Array
    error: Array


class Tick(NamedTuple):
    """A tick with what gates and spikes add to it: keep and links, and potentials (..., units)."""

    forward: Forward
    gating: Gating
    v: Array | None


def tick_memories(neuron: Neuron) -> tuple[Memory, ...]:
    """Return the memories that any rule needs: weights, activations, and the stream's words."""
    if neuron.is_input:
        return (Memory("y", 1, Role.ACTIVATION, per_unit=True),)
    n = neuron.edges
    common: tuple[Memory, ...] = (
        Memory("w", n, Role.WEIGHT, Format.WEIGHT),
        Memory("z", n, Role.ACTIVATION),
        *(Memory(name, 1, Role.ACTIVATION, per_unit=True) for name in ("s", "y", "slope")),
        Memory("rate", 1, Role.CONSTANT, Format.RATE, per_unit=True),
    )
    common += gates.memories(neuron)
    if neuron.spikes:
        common += (
            Memory("v", 1, Role.ACTIVATION, per_unit=True),
            Memory("keep", 1, Role.CONSTANT, per_unit=True),
        )
        if not neuron.is_output:
            common += (Memory("minus_one", 1, Role.CONSTANT, per_unit=True),)
    if neuron.leaks:
        common += (
            Memory("f", 1, Role.ACTIVATION, per_unit=True),
            Memory("leak", 1, Role.CONSTANT, per_unit=True),
            Memory("keep", 1, Role.CONSTANT, per_unit=True),
        )
    if neuron.rivals:
        common += (
            Memory("logits", 1 + len(neuron.rivals), Role.INBOX),
            Memory("probability", 1, Role.ACTIVATION, per_unit=True),
        )
    if not neuron.is_output:
        return common
    return (
        *common,
        Memory("minus_one", 1, Role.CONSTANT, per_unit=True),
        Memory("target", 1, Role.ACTIVATION, per_unit=True),
        Memory("error", 1, Role.ACTIVATION, per_unit=True),
    )


def speak(neuron: Neuron) -> Iterator[Operation]:
    """Send the activation of the step before; all that an input does, with this step's word."""
    yield Phase("exchange")
    if neuron.targets:
        yield Send(ACTIVATION, Y, neuron.targets)


def listen(neuron: Neuron, z: int = 0) -> Iterator[Operation]:
    """Receive the activations of all sources into the slots from word ``z`` on."""
    if neuron.sources:
        heard = len(neuron.sources)
        yield Receive(ACTIVATION, Words("z", z, heard), neuron.sources)


def fire(neuron: Neuron, z: int = 0, slope: Words = SLOPE) -> Iterator[Operation]:
    """``s = sum_j w_ij z_j``, ``y = f(s)``, and at an output ``e = target - y``.

    A unit with leak a < 1 does ``y <- (1 - a) y + a f(s)``, and its slope is ``a f'(s)``; gates
    are in ``parts/gates.py``. A unit that spikes has a potential, of which a spike takes 1::

        v <- (1 - a) v + s - y,    y = f(v)
    """
    n = neuron.edges
    yield Phase("forward")
    yield Dot(S, Words("w", 0, n), Words("z", z, n))
    if neuron.gates:
        yield from gates.fire(neuron, slope)
    elif neuron.spikes:
        yield Fma(V, V, KEEP, S)
        yield Fma(V, Y, MINUS_ONE, V)
        yield Activate(Y, slope, V)
    else:
        yield Activate(F if neuron.leaks else Y, slope, S)
    if neuron.leaks:
        yield Fma(Y, Y, KEEP)
        yield Fma(Y, F, LEAK, Y)
        yield Fma(slope, slope, LEAK)
    yield from gates.act(neuron)
    if neuron.rivals:
        yield from _compete(neuron)
    if neuron.is_output:
        yield Fma(ERROR, P if neuron.rivals else Y, MINUS_ONE, TARGET)


def _compete(neuron: Neuron) -> Iterator[Operation]:
    """Find an output's part of the softmax; the others' activations have to come for that."""
    others = len(neuron.rivals)
    yield Send(REDUCTION, Y, neuron.rivals, broadcast=True)
    yield Fma(Words("logits"), Y)
    yield Receive(REDUCTION, Words("logits", 1, others), neuron.rivals)
    yield Solve(P, Words("logits", 0, 1 + others), own_share(1 + others))


def tick(
    layout: Layout, number: Number, weights: Array, y: Array, x: Array, target: Array
) -> Forward:
    """Do the forward pass of the array form, from the activations of the step before."""
    return whole_tick(layout, number, weights, y, x, target).forward


def whole_tick(
    layout: Layout,
    number: Number,
    weights: Array,
    before: Array,
    x: Array,
    target: Array,
    v: Array | None = None,
) -> Tick:
    """Do the same for units of all kinds; ``v`` are potentials, for those units that spike."""
    z = layout.sense(before, x, number.encode(1.0))
    s = layout.weighted_sums(number, weights, z)
    if len(layout.spiking):
        v = s = _charged(layout, number, before, s, np.zeros_like(s) if v is None else v)
    y, slope = layout.fire(number, before, s)
    gating = gates.gating(layout, number, before, s, y, slope)
    error = number.fma(target, layout.predicted(y), number.encode(-1.0))
    return Tick(Forward(z, y, slope, error), gating, v)


def _charged(layout: Layout, number: Number, before: Array, s: Array, v: Array) -> Array:
    """Return the weighted sums, with the potentials of those units that spike in their places."""
    units = layout.spiking
    keep = number.encode(1.0 - layout.leak[units])
    charged = number.fma(s[..., units], v[..., units], keep)
    s = s.copy()
    s[..., units] = number.fma(charged, before[..., units], number.encode(-1.0))
    return s


def forward_cost(census: Census) -> Counts:
    """Return the closed form of ``speak``, ``listen`` and ``fire``."""
    n, k, edges, heard = census.n, census.k, census.edges, census.heard
    plain = Counts(
        multiplications=edges + k,
        additions=edges - n + k,
        activations=n,
        reads=census.speaking + 2 * edges + n + 3 * k,
        writes=heard + n + 2 * n + k,
        words_sent=heard - census.loops,
        words_received=heard - census.loops,
    )
    kinds = leak_cost(census), gates.cost(census), spike_cost(census), softmax_cost(census)
    return total((plain, *kinds))


def spike_cost(census: Census) -> Counts:
    """Return the closed form of what ``fire`` does beside in units that spike."""
    n = census.sum(lambda u: u.spikes)
    return Counts(multiplications=2 * n, additions=2 * n, reads=6 * n, writes=2 * n)


def softmax_cost(census: Census) -> Counts:
    """Return the closed form of what ``fire`` does beside in outputs that share a softmax."""
    n = census.sum(lambda u: bool(u.rivals))
    others = census.sum(lambda u: len(u.rivals))
    words = n + others
    return Counts(
        additions=words + others,
        activations=words,
        divisions=n,
        reads=n + n + words,
        writes=n + others + n,
        words_sent=others,
        words_received=others,
        words_broadcast=others,
        buffer_words=words,
    )


def leak_cost(census: Census) -> Counts:
    """Return the closed form of what ``fire`` does beside in units that leak."""
    leaky = census.leaky
    return Counts(multiplications=3 * leaky, additions=leaky, reads=7 * leaky, writes=3 * leaky)
