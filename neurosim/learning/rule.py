"""What a learning rule is, and the forward pass that all of them share.

A rule says the same thing three times: ``program`` is the message form and the definition,
``init`` and ``step`` are the array form for a whole network, ``closed`` are the closed forms.
One row a rule in the agreement test ties them together.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, NamedTuple

from neurosim.errors import UserError
from neurosim.learning.counts import Census, Counts, Kind
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.layout import Layout
from neurosim.model.messages import ACTIVATION
from neurosim.model.network import Network
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import (
    Activate,
    Dot,
    Fma,
    Operation,
    Phase,
    Receive,
    Send,
    Words,
    every,
)

Y, SLOPE, S = Words("y"), Words("slope"), Words("s")
ERROR, TARGET, MINUS_ONE, RATE = Words("error"), Words("target"), Words("minus_one"), Words("rate")


class Outcome(NamedTuple):
    """What the array form of one step gives back.

    ``gradient`` has the shape of the layout's edges and points downhill: ``sum_o e_o dy_o/dw``.
    """

    state: Any
    y: Array
    error: Array
    gradient: Array


class Forward(NamedTuple):
    """One tick of the network: sources, activations, slopes, and errors of the outputs."""

    z: Array
    y: Array
    slope: Array
    error: Array


@dataclass(frozen=True)
class Rule(ABC):
    """A way to find the gradient of the error while the network runs.

    Attributes
    ----------
    learning_rate
        Step size: ``w <- w + learning_rate * gradient`` after every tick.
    name, title, citation
        How commands, reports and readers know the rule.
    """

    learning_rate: float = 0.01

    name: ClassVar[str]
    title: ClassVar[str]
    citation: ClassVar[str]

    def __post_init__(self) -> None:
        rate = self.learning_rate
        if not isinstance(rate, Real) or not math.isfinite(rate) or rate < 0:
            raise UserError(
                f"{type(self).__name__}.learning_rate: must be a finite number from 0 up"
                f" (got {rate!r})."
            )

    @property
    def period(self) -> int:
        """Steps after which the program repeats itself."""
        return 1

    def for_steps(self, steps: int) -> Rule:
        """Return the rule as it is for a run of that many steps."""
        return self

    def placed(self, sensitivities: str) -> Rule:
        """Return the rule with sensitivities kept by the ``unit`` or the ``owner``, if it can."""
        return self

    @abstractmethod
    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """Return what a unit keeps beside what ``tick_memories`` lists."""

    @abstractmethod
    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Yield one step of a unit, ``phase`` being the step modulo the period."""

    @abstractmethod
    def init(self, layout: Layout, number: Number, y: Array) -> Any:
        """Return the state before the first step, from activations of shape (..., units)."""

    @abstractmethod
    def step(
        self, layout: Layout, number: Number, weights: Array, state: Any, x: Array, target: Array
    ) -> Outcome:
        """Do one tick for all units: weights (..., edges), x (..., inputs), target (..., outputs).

        The weights are operands already, and are not changed.
        """

    @abstractmethod
    def closed(self, census: Census) -> Counts:
        """Return the closed forms of what one step takes."""

    def described(self, neuron: Neuron, network: Surroundings) -> dict[str, Memory]:
        """Return all memories of a neuron by name: those of the tick, and the rule's own."""
        own = () if neuron.is_input else self.memories(neuron, network)
        return {memory.name: memory for memory in (*tick_memories(neuron), *own)}

    def update(self, neuron: Neuron, gradient: Words) -> Iterator[Operation]:
        """``w_ij <- w_ij + rate g_ij``, which ends every program."""
        yield Phase("update")
        w = Words("w", 0, neuron.edges)
        yield Fma(w, every(RATE, neuron.edges), gradient, w)

    def cost(self, network: Network) -> Counts:
        """Return what one step of a network takes, by the closed forms."""
        return self.closed(Census.of(network))

    def work(self, kind: Kind, census: Census) -> Iterator[tuple[int, Operation]]:
        """Yield the operations of a unit in a step in order, each with how often it comes.

        A rule whose programs grow with the network says the operations of a loop once.
        """
        return ((1, operation) for operation in self.program(kind.example, census.network))


def tick_memories(neuron: Neuron) -> tuple[Memory, ...]:
    """Return the memories that any rule needs: weights, activations, and the stream's words."""
    if neuron.is_input:
        return (Memory("y", 1, Role.ACTIVATION, per_unit=True),)
    n = neuron.edges
    common = (
        Memory("w", n, Role.WEIGHT, Format.WEIGHT),
        Memory("z", n, Role.ACTIVATION),
        *(Memory(name, 1, Role.ACTIVATION, per_unit=True) for name in ("s", "y", "slope")),
        Memory("rate", 1, Role.CONSTANT, Format.RATE, per_unit=True),
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
    """``s = sum_j w_ij z_j``, ``y = f(s)``, and at an output ``e = target - y``."""
    n = neuron.edges
    yield Phase("forward")
    yield Dot(S, Words("w", 0, n), Words("z", z, n))
    yield Activate(Y, slope, S)
    if neuron.is_output:
        yield Fma(ERROR, Y, MINUS_ONE, TARGET)


def tick(
    layout: Layout, number: Number, weights: Array, y: Array, x: Array, target: Array
) -> Forward:
    """Do the forward pass of the array form, from the activations of the step before."""
    z = layout.sense(y, x, number.encode(1.0))
    y, slope = number.activate(layout.activation, layout.weighted_sums(number, weights, z))
    error = number.fma(target, y[..., layout.outputs], number.encode(-1.0))
    return Forward(z, y, slope, error)


def tick_cost(census: Census) -> Counts:
    """Return the closed form of ``speak``, ``listen``, ``fire`` and ``Rule.update``."""
    n, k, edges, heard = census.n, census.k, census.edges, census.heard
    return Counts(
        multiplications=edges + k + edges,
        additions=edges - n + k + edges,
        activations=n,
        reads=census.speaking + 2 * edges + n + 3 * k + 2 * edges + n,
        writes=heard + n + 2 * n + k + edges,
        words_sent=heard - census.loops,
        words_received=heard - census.loops,
    )
