"""Clipping, before any other method: gradients that are too large are made smaller.

By value each word for itself, by norm all of them together, in this order::

    c_ij = min(max(g_ij, -value), value)                                             (1)
    d_ij = c_ij min(1, norm / ||c||)                                                 (2)

R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks",
ICML 2013, arXiv 1211.5063 (2); T. Mikolov, "Statistical language models based on neural networks",
PhD thesis, Brno 2012 (1).

In messages (1) is local. The norm is one reduction: every unit sends the squares of its gradient,
added up, to one unit, which tells all what (2) multiplies with.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from neurosim.errors import UserError
from neurosim.learning.checking import within
from neurosim.learning.counts import Census, Counts
from neurosim.learning.optimizers.optimizer import Optimizer, Parts, laid, learned, learning_units
from neurosim.learning.optimizers.plain import Plain
from neurosim.learning.parts import reduction
from neurosim.model.arithmetic import Array, Float, Number
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Clip, Dot, Fma, Method, Operation, Words, every

BOUND = Words("bound")
SQUARES, FACTOR = Words("norm_part"), Words("norm_factor")
ITS = "norm_"  # begins the names of the reduction's memories


@dataclass(frozen=True)
class Clipped(Optimizer):
    """Another optimiser on gradients that are clipped (Pascanu, Mikolov and Bengio 2013).

    Attributes
    ----------
    optimizer
        What is made of the clipped gradient.
    value
        Farthest that a word of the gradient may lie from 0; None for any.
    norm
        Largest norm of the whole gradient; None for any.
    """

    optimizer: Optimizer = field(default_factory=Plain)
    value: float | None = None
    norm: float | None = None

    name: ClassVar[str] = "clipped"
    title: ClassVar[str] = "Clipped"
    citation: ClassVar[str] = "Pascanu, Mikolov and Bengio 2013, arXiv 1211.5063"

    def __post_init__(self) -> None:
        if self.value is None and self.norm is None:
            raise UserError("Clipped: clips nothing. Give a value, a norm, or both.")
        for name, bound in (("value", self.value), ("norm", self.norm)):
            if bound is not None:
                within(f"Clipped.{name}", bound, 0, math.inf, least=False)

    def accepts(self, number: Number) -> None:
        """All numbers that tell the value from 0; by norm, floating point only."""
        self.optimizer.accepts(number)
        if self.norm is not None and not isinstance(number, Float):
            raise UserError(
                f"Clipped.norm: needs a division and a square root, which {number.name} does not"
                " have. Clip by value, or learn in Float(), --number.kind float."
            )
        if self.value is not None and not float(number.decode(number.encode(self.value))):
            raise UserError(
                f"Clipped.value: {self.value:g} rounds to zero in {number.name}, and then nothing"
                " is learned. Give a larger one, or more fraction_bits."
            )

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """The clipped gradient, and what the reduction takes."""
        kept = self.optimizer.memories(neuron, network)
        if n := learned(neuron):
            kept += (Memory("clipped", n),)
            if self.value is not None:
                kept += (Memory("bound", 1, Role.CONSTANT, per_unit=True),)
        if self.norm is not None:
            kept += reduction.memories(neuron, network, 1, 1, its=ITS)
        return kept

    def constants(self, neuron: Neuron) -> Mapping[str, Sequence[float]]:
        """The value."""
        found = dict(self.optimizer.constants(neuron))
        if self.value is not None and learned(neuron):
            found[BOUND.memory] = [self.value]
        return found

    def program(
        self, neuron: Neuron, network: Surroundings, gradient: Parts
    ) -> Generator[Operation, None, Parts]:
        """Equations (1) and (2)."""
        clipped = laid("clipped", gradient)
        if self.value is not None:
            for g, c in zip(gradient, clipped, strict=True):
                yield Clip(c, g, BOUND)  # (1)
            gradient = clipped
        if self.norm is not None:
            for k, c in enumerate(gradient):
                yield Dot(SQUARES, c, c, SQUARES if k else None)
            yield from reduction.gather(neuron, network, 1, its=ITS)
            method = _method(self.norm)
            yield from reduction.answer(neuron, network, 1, method, 1, its=ITS)
            for g, c in zip(gradient, clipped, strict=True):
                yield Fma(c, g, every(FACTOR, g.count))  # (2)
        return (yield from self.optimizer.program(neuron, network, clipped))

    def init(self, shape: tuple[int, ...], number: Number) -> Any:
        """Return the state of the other optimiser."""
        return self.optimizer.init(shape, number)

    def step(self, number: Number, state: Any, gradient: Array, t: int) -> tuple[Array, Any]:
        """Equations (1) and (2)."""
        if self.value is not None:
            bound = number.encode(self.value)
            gradient = np.clip(gradient, -bound, bound)  # (1)
        if self.norm is not None:
            squares = (gradient * gradient).sum(axis=-1, keepdims=True)
            gradient = gradient * _factor(squares, self.norm)  # (2)
        return self.optimizer.step(number, state, gradient, t)

    def cost(self, census: Census) -> Counts:
        """A comparison an edge; by norm two multiplications, and a reduction of one word."""
        n, r, u = census.learned, census.learned_runs, learning_units(census)
        found = self.optimizer.cost(census) + Counts(buffer_words=n)
        if self.value is not None:
            found += Counts(additions=n, reads=n + r, writes=n)
        if self.norm is not None:
            found += reduction.cost(census, 1, 1, _method(self.norm)) + Counts(
                multiplications=2 * n,
                additions=n - u,
                reads=2 * n + (r - u) + n + r,
                writes=r + n,
            )
        return found


def _method(norm: float) -> Method:
    """Return what the root works out: a square root, a division and a comparison."""
    return Method(f"clip {norm:g}", _Factor(norm), 0, 1, 2)


@dataclass(frozen=True)
class _Factor:
    norm: float

    def __call__(self, squares: Array) -> Array:
        return _factor(squares, self.norm)


def _factor(squares: Array, norm: float) -> Array:
    """Return ``min(1, norm / ||c||)`` from the square of the norm."""
    size = np.sqrt(squares)
    above = size > norm
    result: Array = np.divide(size.dtype.type(norm), size, out=np.ones_like(size), where=above)
    return result
