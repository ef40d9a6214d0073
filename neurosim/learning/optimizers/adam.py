"""Adam: every weight has a step size of its own, from the mean and the square of its gradients.

::

    m_ij <- b1 m_ij + (1 - b1) g_ij,      v_ij <- b2 v_ij + (1 - b2) g_ij^2          (1)
    d_ij = m^_ij / (sqrt(v^_ij) + eps),   m^ = m / (1 - b1^t),  v^ = v / (1 - b2^t)  (2)

with t = 1 at the first step: algorithm 1 of the paper. D. P. Kingma and J. Ba, "Adam: a method for
stochastic optimization", ICLR 2015, arXiv 1412.6980.

In messages every unit keeps ``b1^t`` and ``b2^t`` itself, and divides twice for the corrections;
each of its weights then takes a root and a division.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.learning.checking import within
from neurosim.learning.counts import Census, Counts
from neurosim.learning.optimizers.optimizer import Optimizer, Parts, laid, learned, learning_units
from neurosim.model.arithmetic import Array, Float, Number
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Divide, Fma, Operation, Root, Words, every

BETAS = Words("adam", 0, 2)
BETA1, BETA2, REST1, REST2, EPSILON, ONE, MINUS_ONE = (Words("adam", n) for n in range(7))
POWERS, CORRECTIONS = Words("powers", 0, 2), Words("corrections", 0, 2)


class Moments(NamedTuple):
    """Means of the gradient and of its square, (..., edges)."""

    m: Array
    v: Array


@dataclass(frozen=True)
class Adam(Optimizer):
    """Steps of a size of their own for every weight (Kingma and Ba 2015).

    Attributes
    ----------
    beta1, beta2
        How much of the means stays from step to step, from 0 up and below 1.
    epsilon
        What keeps the division from growing without bound, above 0.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    name: ClassVar[str] = "adam"
    title: ClassVar[str] = "Adam"
    citation: ClassVar[str] = "Kingma and Ba 2015, arXiv 1412.6980"

    def __post_init__(self) -> None:
        within("Adam.beta1", self.beta1, 0, 1)
        within("Adam.beta2", self.beta2, 0, 1)
        within("Adam.epsilon", self.epsilon, 0, np.inf, least=False)

    def accepts(self, number: Number) -> None:
        """Floating point only."""
        if not isinstance(number, Float):
            raise UserError(
                f"Adam: needs divisions and square roots, which {number.name} does not have. Learn"
                " in Float(), --number.kind float, or use momentum."
            )
        if number.encode(self.beta2) >= 1 or number.encode(self.epsilon) <= 0:
            raise UserError(
                f"Adam: beta2 {self.beta2:g} or epsilon {self.epsilon:g} is too fine for"
                f" {number.name}. Change it, or learn in Float()."
            )

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """Both means are kept, and both powers."""
        n = learned(neuron)
        if not n:
            return ()
        return (
            Memory("adam", 7, Role.CONSTANT, per_unit=True),
            Memory("powers", 2, Role.STORED, per_unit=True),
            Memory("corrections", 2, per_unit=True),
            Memory("mean", n, Role.STORED),
            Memory("mean_square", n, Role.STORED),
            Memory("square", n),
            Memory("direction", n),
        )

    def constants(self, neuron: Neuron) -> Mapping[str, Sequence[float]]:
        """The settings, and powers of exponent 0."""
        b1, b2 = self.beta1, self.beta2
        settings = [b1, b2, 1 - b1, 1 - b2, self.epsilon, 1.0, -1.0]  # as BETA1 ... MINUS_ONE
        return {"adam": settings, "powers": [1.0, 1.0]} if learned(neuron) else {}

    def program(
        self, neuron: Neuron, network: Surroundings, gradient: Parts
    ) -> Generator[Operation, None, Parts]:
        """Equations (1) and (2)."""
        directions = laid("direction", gradient)
        if not gradient:
            return directions
        yield Fma(POWERS, POWERS, BETAS)
        yield Fma(CORRECTIONS, POWERS, every(MINUS_ONE, 2), every(ONE, 2))
        yield Divide(CORRECTIONS, every(ONE, 2), CORRECTIONS)
        correct1, correct2 = Words("corrections"), Words("corrections", 1)
        means, squares = laid("mean", gradient), laid("mean_square", gradient)
        for g, m, v, square, d in zip(
            gradient, means, squares, laid("square", gradient), directions, strict=True
        ):
            n = g.count
            yield Fma(m, m, every(BETA1, n))  # (1)
            yield Fma(m, g, every(REST1, n), m)
            yield Fma(v, v, every(BETA2, n))
            yield Fma(square, g, g)
            yield Fma(v, square, every(REST2, n), v)
            yield Fma(square, v, every(correct2, n))  # (2)
            yield Root(square, square)
            yield Fma(square, square, None, every(EPSILON, n))
            yield Fma(d, m, every(correct1, n))
            yield Divide(d, d, square)
        return directions

    def init(self, shape: tuple[int, ...], number: Number) -> Moments:
        """Return means that are zero."""
        return Moments(np.zeros(shape, number.dtype), np.zeros(shape, number.dtype))

    def step(
        self, number: Number, state: Moments, gradient: Array, t: int
    ) -> tuple[Array, Moments]:
        """Equations (1) and (2)."""
        word = number.dtype.type
        b1, b2 = word(self.beta1), word(self.beta2)
        m = b1 * state.m + word(1 - self.beta1) * gradient
        v = b2 * state.v + word(1 - self.beta2) * gradient**2  # (1)
        mean, square = m / (1 - b1 ** (t + 1)), v / (1 - b2 ** (t + 1))
        direction: Array = mean / (np.sqrt(square) + word(self.epsilon))  # (2)
        return direction, Moments(m, v)

    def cost(self, census: Census) -> Counts:
        """Seven multiplications, a root and a division an edge; two words of it are kept."""
        n, r, u = census.learned, census.learned_runs, learning_units(census)
        return Counts(
            multiplications=7 * n + 4 * u,
            additions=3 * n + 2 * u,
            reads=14 * n + 7 * r + 11 * u,
            writes=10 * n + 6 * u,
            stored_words=2 * n + 2 * u,
            buffer_words=2 * n + 2 * u,
            divisions=2 * n + 2 * u,
        )
