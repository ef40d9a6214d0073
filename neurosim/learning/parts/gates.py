"""What units do that others act on within a tick, forward and back; see ``model/kinds.py``.

Whatever the kind, a change of what it hears, of its gates and of its own past adds up::

    dy = keep dy_before + sum_g link_g dy_gate + slope ds                                (1)

    kind        keep       slope                   link of each gate
    lstm_cell   y_forget   y_input f'(s)           input f(s), forget y_before
    lstm        0          tanh(y_cell) f'(s)      cell f(s) tanh'(y_cell)
    gru         y_update   (1 - y_update) f'       reset slope y_recurrent, update y_before - f,
                                                   recurrent slope y_reset

with the activations of this tick but for ``y_before``. Leaks are (1) with ``keep = 1 - a``. On the
way back a unit hands each gate ``link_g q`` of its q, which is what the error has to do with y.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from neurosim.learning.counts import Census, Counts, total
from neurosim.model.arithmetic import Array, Number
from neurosim.model.kinds import KINDS
from neurosim.model.layout import Layout
from neurosim.model.messages import GATE
from neurosim.model.neuron import Memory, Neuron, Role
from neurosim.model.operations import Activate, Fma, Operation, Receive, Send, Words

Y, S, F, KEEP, MINUS_ONE = Words("y"), Words("s"), Words("f"), Words("keep"), Words("minus_one")
SHARE = Words("held")


class Links(NamedTuple):
    """Units with gates (members,), the gates (members, gates), links (..., members, gates)."""

    units: Array
    gates: Array
    link: Array


class Gating(NamedTuple):
    """Of one tick, ``keep`` of (1), (..., units), None where it is 0, and all links in order."""

    keep: Array | None
    links: tuple[Links, ...]


def memories(neuron: Neuron) -> tuple[Memory, ...]:
    """Return what a unit with gates needs for a tick."""
    if not neuron.gates:
        return ()
    count, kind = len(neuron.gates), neuron.kind
    needed = [
        Memory("gate", count, Role.INBOX, per_unit=True),
        Memory("link", count, per_unit=True),
        Memory("f", 1, Role.ACTIVATION, per_unit=True),
    ]
    if neuron.keeps:
        needed.append(Memory("keep", 1, per_unit=True))
    if kind == "lstm":
        needed.append(Memory("squashed", 2, per_unit=True))
    if kind == "gru":
        needed.append(Memory("held", 1, per_unit=True))
        if not neuron.is_output:
            needed.append(Memory("minus_one", 1, Role.CONSTANT, per_unit=True))
    return tuple(needed)


def fire(neuron: Neuron, slope: Words) -> Iterator[Operation]:
    """Do the tick of a unit with gates, from its weighted sum on."""
    yield Receive(GATE, Words("gate", 0, len(neuron.gates)), neuron.gates)
    yield from PROGRAMS[neuron.kind](slope)


def _lstm_cell(slope: Words) -> Iterator[Operation]:
    into, forget = Words("gate"), Words("gate", 1)
    yield Activate(F, slope, S)
    yield Fma(Words("link"), F)
    yield Fma(Words("link", 1), Y)
    yield Fma(KEEP, forget)
    yield Fma(Y, Y, forget)
    yield Fma(Y, F, into, Y)
    yield Fma(slope, slope, into)


def _lstm(slope: Words) -> Iterator[Operation]:
    squashed = Words("squashed")
    yield Activate(F, slope, S)
    yield Activate(squashed, Words("squashed", 1), Words("gate"), "tanh")
    yield Fma(Y, F, squashed)
    yield Fma(slope, slope, squashed)
    yield Fma(Words("link"), F, Words("squashed", 1))


def _gru(slope: Words) -> Iterator[Operation]:
    reset, update, recurrent = (Words("gate", place) for place in range(3))
    yield Fma(S, reset, recurrent, S)
    yield Activate(F, slope, S)
    yield Fma(KEEP, update)
    yield Fma(Words("link", 1), F, MINUS_ONE, Y)
    yield Fma(Y, Words("link", 1), update, F)
    yield Fma(SHARE, slope, update)
    yield Fma(slope, SHARE, MINUS_ONE, slope)
    yield Fma(Words("link"), slope, recurrent)
    yield Fma(Words("link", 2), slope, reset)


PROGRAMS = {"lstm_cell": _lstm_cell, "lstm": _lstm, "gru": _gru}


def act(neuron: Neuron) -> Iterator[Operation]:
    """Tell the units that this one is a gate of."""
    if neuron.gated:
        yield Send(GATE, Y, neuron.gated)


def gating(layout: Layout, number: Number, before: Array, s: Array, y: Array, slope: Array) -> (
    Gating
):  # fmt: skip
    """Do the tick of all units with gates, in place where y and slope are theirs.

    ``before`` and ``s`` are activations of the step before and weighted sums, (..., units); y and
    slope are those of units without gates. Gates come before the units that they act on.
    """
    keep = None if layout.keep is None else _everywhere(number.encode(layout.keep), y)
    links = []
    if any(KINDS[group.kind].keeps for group in layout.groups):
        keep = np.zeros_like(y) if keep is None else keep
    for group in layout.groups:
        gates = np.moveaxis(y[..., group.gates], -1, 0)
        units = group.units
        done = ARRAYS[group.kind](number, gates, before[..., units], s[..., units])
        y[..., units], slope[..., units] = done.y, done.slope
        if keep is not None and done.keep is not None:
            keep[..., units] = done.keep
        links.append(Links(units, group.gates, np.stack(done.links, axis=-1)))
    return Gating(keep, tuple(links))


def _everywhere(values: Array, like: Array) -> Array:
    return np.broadcast_to(values, like.shape).copy()


def carried(number: Number, gating: Gating, slope: Array, before: Array, bracket: Array) -> Array:
    """Return (1) for what every unit knows of many changes at once, (..., units, changes).

    ``before`` is that of the step before, ``bracket`` are the ``ds`` of the changes.
    """
    base = np.zeros_like(bracket)
    if gating.keep is not None:
        base = number.multiply(before, gating.keep[..., None])
    moved = number.fma(base, bracket, slope[..., None])
    for units, gates, link in gating.links:
        part = base[..., units, :]
        for place in range(gates.shape[1]):
            part = number.fma(part, link[..., place, None], moved[..., gates[:, place], :])
        moved[..., units, :] = number.fma(part, bracket[..., units, :], slope[..., units, None])
    return moved


def handed(number: Number, gating: Gating, q: Array) -> Array:
    """Return what the error has to do with each activation, (..., units), gates' parts added."""
    for units, gates, link in reversed(gating.links):
        summed = np.zeros_like(q)
        shares = number.multiply(q[..., units, None], link)
        at: Any = (..., gates)
        np.add.at(summed, at, shares)  # units may share a gate
        q = number.add(q, summed)
    return q


class Done(NamedTuple):
    """What a tick of some units of one kind comes to, each (..., members)."""

    y: Array
    slope: Array
    keep: Array | None
    links: tuple[Array, ...]


def _lstm_cells(number: Number, gates: Array, before: Array, s: Array) -> Done:
    into, forget = gates
    f, slope = number.activate("tanh", s)
    y = number.fma(number.multiply(before, forget), f, into)
    return Done(y, number.multiply(slope, into), forget, (f, before))


def _lstms(number: Number, gates: Array, before: Array, s: Array) -> Done:
    f, slope = number.activate("logistic", s)
    squashed, bend = number.activate("tanh", gates[0])
    y = number.multiply(f, squashed)
    return Done(y, number.multiply(slope, squashed), None, (number.multiply(f, bend),))


def _grus(number: Number, gates: Array, before: Array, s: Array) -> Done:
    reset, update, recurrent = gates
    less = number.encode(-1.0)
    f, slope = number.activate("tanh", number.fma(s, reset, recurrent))
    change = number.fma(before, f, less)
    slope = number.fma(slope, number.multiply(slope, update), less)
    links = (number.multiply(slope, recurrent), change, number.multiply(slope, reset))
    return Done(number.fma(f, change, update), slope, update, links)


ARRAYS: dict[str, Callable[[Number, Array, Array, Array], Done]] = {
    "lstm_cell": _lstm_cells,
    "lstm": _lstms,
    "gru": _grus,
}

# What ``fire`` takes in a unit of each kind beside one activation, messages included.
COSTS = {
    "lstm_cell": Counts(3, 1, 0, reads=10, writes=6 + 2, buffer_words=2 + 2 + 1),
    "lstm": Counts(3, 0, 1, reads=7, writes=5 + 1, buffer_words=1 + 1 + 2),
    "gru": Counts(7, 4, 0, reads=19, writes=8 + 3, buffer_words=3 + 3 + 1 + 1),
}


def cost(census: Census) -> Counts:
    """Return the closed form of what gates take in a tick."""
    acting, told = census.sum(lambda u: bool(u.gated)), census.sum(lambda u: len(u.gated))
    kinds = (
        _times(each, census.sum(lambda u, name=name: u.kind == name))  # type: ignore[misc]
        for name, each in COSTS.items()
    )
    return total((Counts(reads=acting, words_sent=told, words_received=told), *kinds))


def _times(counts: Counts, times: int) -> Counts:
    return Counts(**{name: value * times for name, value in vars(counts).items()})
