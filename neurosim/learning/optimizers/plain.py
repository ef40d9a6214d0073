"""The plain step: weights move along the gradient itself.

::

    d = g                                                                            (1)

R. J. Williams and D. Zipser, "A learning algorithm for continually running fully recurrent neural
networks", Neural Computation 1(2):270-280, 1989, doi 10.1162/neco.1989.1.2.270.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from neurosim.learning.counts import Census, Counts
from neurosim.learning.optimizers.optimizer import Optimizer, Parts
from neurosim.model.arithmetic import Array, Number
from neurosim.model.neuron import Memory, Neuron, Surroundings
from neurosim.model.operations import Operation


@dataclass(frozen=True)
class Plain(Optimizer):
    """Steps along the gradient."""

    name: ClassVar[str] = "plain"
    title: ClassVar[str] = "Plain"
    citation: ClassVar[str] = "Williams and Zipser 1989, doi 10.1162/neco.1989.1.2.270"
    plain: ClassVar[bool] = True

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """Nothing."""
        return ()

    def constants(self, neuron: Neuron) -> Mapping[str, Sequence[float]]:
        """Nothing."""
        return {}

    def program(
        self, neuron: Neuron, network: Surroundings, gradient: Parts
    ) -> Generator[Operation, None, Parts]:
        """Equation (1), which takes nothing."""
        yield from ()
        return gradient

    def init(self, shape: tuple[int, ...], number: Number) -> None:
        """There is no state."""
        return

    def step(self, number: Number, state: None, gradient: Array, t: int) -> tuple[Array, None]:
        """Equation (1)."""
        return gradient, None

    def cost(self, census: Census) -> Counts:
        """Nothing."""
        return Counts()
