"""Momentum: the gradients of earlier steps go on pushing, each step less than the one before.

::

    v_ij <- mu v_ij + g_ij,        d_ij = v_ij                    heavy ball         (1)
                                   d_ij = mu v_ij + g_ij          Nesterov           (2)

B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational
Mathematics and Mathematical Physics 4(5):1-17, 1964, doi 10.1016/0041-5553(64)90137-5. Nesterov's
in the form of I. Sutskever et al., "On the importance of initialization and momentum in deep
learning", ICML 2013, as it is in use for weights at which the gradient was taken.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurosim.errors import UserError
from neurosim.learning.checking import within
from neurosim.learning.counts import Census, Counts
from neurosim.learning.optimizers.optimizer import Optimizer, Parts, laid, learned
from neurosim.model.arithmetic import Array, Number
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Fma, Operation, Words, every

MU = Words("momentum")


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Steps along a fading sum of gradients (Polyak 1964).

    Attributes
    ----------
    momentum
        mu, from 0 up and below 1.
    nesterov
        Look one step ahead, (2).
    """

    momentum: float = 0.9
    nesterov: bool = False

    name: ClassVar[str] = "momentum"
    title: ClassVar[str] = "Momentum"
    citation: ClassVar[str] = "Polyak 1964, doi 10.1016/0041-5553(64)90137-5"

    def __post_init__(self) -> None:
        within("Momentum.momentum", self.momentum, 0, 1)

    def accepts(self, number: Number) -> None:
        """All numbers that tell mu from 1."""
        if float(number.decode(number.encode(self.momentum))) >= 1:
            raise UserError(
                f"Momentum.momentum: {self.momentum:g} rounds to 1 in {number.name}, and then"
                " nothing fades. Give a smaller one, or more fraction_bits."
            )

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """The sum is kept."""
        n = learned(neuron)
        if not n:
            return ()
        mu = Memory("momentum", 1, Role.CONSTANT, per_unit=True)
        kept = (mu, Memory("velocity", n, Role.STORED))
        return (*kept, Memory("direction", n)) if self.nesterov else kept

    def constants(self, neuron: Neuron) -> Mapping[str, Sequence[float]]:
        """Mu."""
        return {MU.memory: [self.momentum]} if learned(neuron) else {}

    def program(
        self, neuron: Neuron, network: Surroundings, gradient: Parts
    ) -> Generator[Operation, None, Parts]:
        """Equations (1) and (2), one pass each."""
        velocity, ahead = laid("velocity", gradient), laid("direction", gradient)
        for g, v, d in zip(gradient, velocity, ahead, strict=True):
            yield Fma(v, v, every(MU, v.count), g)  # (1)
            if self.nesterov:
                yield Fma(d, v, every(MU, v.count), g)  # (2)
        return ahead if self.nesterov else velocity

    def init(self, shape: tuple[int, ...], number: Number) -> Array:
        """Return v, all zero."""
        return np.zeros(shape, dtype=number.dtype)

    def step(self, number: Number, state: Array, gradient: Array, t: int) -> tuple[Array, Array]:
        """Equations (1) and (2)."""
        mu = number.encode(self.momentum)
        velocity = number.fma(gradient, state, mu)  # (1)
        return number.fma(gradient, velocity, mu) if self.nesterov else velocity, velocity

    def cost(self, census: Census) -> Counts:
        """One multiplication an edge, or two."""
        n, passes = census.learned, 1 + self.nesterov
        return Counts(
            multiplications=passes * n,
            additions=passes * n,
            reads=passes * (2 * n + census.learned_runs),
            writes=passes * n,
            stored_words=n,
            buffer_words=self.nesterov * n,
        )
