"""What readouts that are solved for have in common: what an output sees, and its teacher.

An output i with slope d_i moves by ``h_j = d_i z_j`` where the weight of its slot j does, so its
error is, exactly where it is linear and to first order elsewhere::

    e(w + delta) = e(w) - h . delta,        h_j = d_i z_j, 0 where the weight is fixed    (1)

With teacher forcing the others hear in place of an output's activation what it should have been::

    y_o <- target_o of the step before, at the beginning of a step                       (2)

H. Jaeger and H. Haas, "Harnessing nonlinearity: predicting chaotic systems and saving energy in
wireless communication", Science 304, 2004, doi 10.1126/science.1091277.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from neurosim.errors import UserError
from neurosim.learning.checking import within
from neurosim.learning.counts import Census, Counts
from neurosim.learning.forward import Forward, Y
from neurosim.learning.rule import SLOPE, TARGET, Rule, needs_float
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role
from neurosim.model.operations import Fma, Operation, Phase, Words, every

TEACHER = Words("teacher")


def checked(rule: Rule, ridge: float, teacher_forcing: object) -> None:
    """Return when the options that both rules have are what they should be.

    Raises
    ------
    UserError
        When they are not.
    """
    name = type(rule).__name__
    within(f"{name}.ridge", ridge, 0, math.inf, least=False)
    if not isinstance(teacher_forcing, bool):
        raise UserError(f"{name}.teacher_forcing: must be True or False (got {teacher_forcing!r}).")


def accepts(rule: Rule, number: Number) -> None:
    """Return when a rule that solves can do so in these numbers, and is left to itself.

    Raises
    ------
    UserError
        When it cannot.
    """
    needs_float(rule, number)
    if not rule.optimizer.plain:
        raise UserError(
            f"{rule.title}: its step is a solution, of which {rule.optimizer.title} can make"
            " nothing better. Leave the optimizer out."
        )


def memories(neuron: Neuron, teacher_forcing: bool) -> tuple[Memory, ...]:
    """Return the gradient, and at an output h and its teacher."""
    gradient = Memory("g", neuron.edges)
    if not neuron.is_output:
        return (gradient,)
    teacher = (Memory("teacher", 1, Role.ACTIVATION, per_unit=True),) if teacher_forcing else ()
    return (gradient, Memory("h", neuron.edges), *teacher)


def heed(neuron: Neuron, forced: bool) -> Iterator[Operation]:
    """Do (2), before an output speaks."""
    if neuron.is_output and forced:
        yield Phase("exchange")
        yield Fma(Y, TEACHER)


def remember(neuron: Neuron, forced: bool) -> Iterator[Operation]:
    """Keep the target for (2) of the next step."""
    if neuron.is_output and forced:
        yield Fma(TEACHER, TARGET)


def see(neuron: Neuron) -> Iterator[Operation]:
    """Find h of (1)."""
    yield Phase("gradient")
    for start, count in neuron.learned:
        yield Fma(Words("h", start, count), every(SLOPE, count), Words("z", start, count))


def places(layout: Layout) -> Array:
    """Return the learned edges of every output, (outputs, most of them); -1 where it has fewer."""
    fixed = {*layout.fixed.tolist()}
    output, edges = layout.output_edges
    owned = [
        [edge for edge in edges[output == place].tolist() if edge not in fixed]
        for place in range(len(layout.outputs))
    ]
    found = np.full((len(owned), max(map(len, owned))), -1)
    for place, mine in enumerate(owned):
        found[place, : len(mine)] = mine
    return found


def seen(layout: Layout, at: Array, now: Forward) -> Array:
    """Return h of (1) at the places of all outputs, (..., outputs, places)."""
    slopes = now.slope[..., layout.outputs, None]
    sources: Array = now.z[..., layout.source[at]] * slopes * (at >= 0)
    return sources


def at_outputs(layout: Layout, at: Array, edges: Array) -> Array:
    """Read values of edges at the places of all outputs, (..., outputs, places)."""
    return layout.flat(edges)[..., at] * (at >= 0)


def at_edges(layout: Layout, at: Array, values: Array) -> Array:
    """Return values at the places of all outputs as values of edges, zero elsewhere."""
    lead = values.shape[:-2]
    flat = np.zeros((*lead, layout.edges), dtype=values.dtype)
    flat[..., at[at >= 0]] = values[..., at >= 0]
    return flat.reshape(*lead, *layout.shape)


def forced(layout: Layout, y: Array, teacher: Array | None) -> Array:
    """Return activations with those of the outputs as their teacher says, if they have one."""
    if teacher is None:
        return y
    y = y.copy()
    y[..., layout.outputs] = teacher
    return y


def seeing_cost(census: Census) -> Counts:
    """Return the closed form of ``see`` at all outputs."""
    n, runs = learned(census), census.sum(lambda u: u.is_output * len(u.learned))
    return Counts(multiplications=n, reads=n + runs, writes=n)


def update_cost(census: Census) -> Counts:
    """Return the closed form of ``Rule.update`` at all outputs."""
    n, runs = learned(census), census.sum(lambda u: u.is_output * len(u.learned))
    return Counts(multiplications=n, additions=n, reads=2 * n + runs, writes=n)


def learned(census: Census) -> int:
    """Return how many weights outputs learn."""
    return census.sum(lambda u: u.is_output * (u.edges - len(u.fixed)))
