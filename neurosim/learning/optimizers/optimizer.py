"""What an optimiser is: how the gradient of a step becomes the direction in which weights move.

All that a rule finds is the gradient g. An optimiser may remember earlier ones::

    state, d <- step(state, g, t),       w_ij <- w_ij + rate(t) d_ij                 (1)

Like a rule it says the same thing three times: ``program`` is the message form, on each neuron's
own memories; ``init`` and ``step`` are the array form, a pure pair; ``cost`` are the closed forms.
Where a rule learns at the end of a block only, ``t`` counts the blocks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.learning.counts import Census, Counts
from neurosim.model.arithmetic import Array, Number
from neurosim.model.neuron import Memory, Neuron, Surroundings
from neurosim.model.operations import Operation, Words

Parts = Sequence[Words]
"""One word for each edge that a neuron learns, run by run: a gradient, or what came of it."""


@dataclass(frozen=True)
class Optimizer(ABC):
    """A way to turn gradients into steps of the weights.

    Attributes
    ----------
    name, title, citation
        How commands, reports and readers know it.
    plain
        Whether the direction is the gradient itself.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    citation: ClassVar[str]
    plain: ClassVar[bool] = False

    def accepts(self, number: Number) -> None:
        """Return when it can work in these numbers.

        Raises
        ------
        UserError
            When it cannot.
        """
        return

    @abstractmethod
    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """Return what a unit keeps for it."""

    @abstractmethod
    def constants(self, neuron: Neuron) -> Mapping[str, Sequence[float]]:
        """Return the real values of those memories that begin with some, by name."""

    @abstractmethod
    def program(
        self, neuron: Neuron, network: Surroundings, gradient: Parts
    ) -> Generator[Operation, None, Parts]:
        """Yield what a unit does with its gradient; return where the direction is."""

    @abstractmethod
    def init(self, shape: tuple[int, ...], number: Number) -> Any:
        """Return the state before the first step, for gradients of a shape (..., edges)."""

    @abstractmethod
    def step(self, number: Number, state: Any, gradient: Array, t: int) -> tuple[Array, Any]:
        """Return the direction (..., edges), and the state after it; t steps were done before.

        Leading axes are networks that learn side by side.
        """

    @abstractmethod
    def cost(self, census: Census) -> Counts:
        """Return the closed form of the program, and of what is kept for it."""


def learned(neuron: Neuron) -> int:
    """Return how many weights a neuron learns."""
    return neuron.edges - len(neuron.fixed)


def laid(memory: str, parts: Parts) -> list[Words]:
    """Return the places of parts in a memory that holds them one behind the other."""
    return [Words(memory, start, count) for start, count in _starts(parts)]


def _starts(parts: Parts) -> Iterator[tuple[int, int]]:
    start = 0
    for part in parts:
        yield start, part.count
        start += part.count


def learning_units(census: Census) -> int:
    """Return how many units learn a weight at all."""
    return census.sum(lambda u: bool(u.learned))
