"""What a learning rule is; ``forward.py`` has the forward pass that all of them share.

A rule says the same thing three times: ``program`` is the message form and the definition,
``init`` and ``step`` are the array form for a whole network, ``closed`` are the closed forms.
One row a rule in the agreement test ties them together.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.learning.counts import Census, Counts, Kind, mean
from neurosim.learning.forward import (
    ERROR,
    KEEP,
    LEAK,
    MINUS_ONE,
    RATE,
    SLOPE,
    TARGET,
    F,
    Forward,
    S,
    Tick,
    Y,
    fire,
    forward_cost,
    leak_cost,
    listen,
    speak,
    tick,
    tick_memories,
    whole_tick,
)
from neurosim.learning.optimizers import Optimizer, Plain, Schedule
from neurosim.learning.optimizers.schedules import Constant
from neurosim.model.arithmetic import Array, Float, Number
from neurosim.model.kinds import PLAIN
from neurosim.model.layout import Layout
from neurosim.model.network import Network
from neurosim.model.neuron import Memory, Neuron, Surroundings
from neurosim.model.operations import Fma, Operation, Phase, Words, every

__all__ = [
    "ERROR",
    "KEEP",
    "LEAK",
    "MINUS_ONE",
    "RATE",
    "SLOPE",
    "TARGET",
    "Beat",
    "F",
    "Forward",
    "Outcome",
    "Rule",
    "S",
    "Tick",
    "Y",
    "fire",
    "forward_cost",
    "leak_cost",
    "learning_last",
    "listen",
    "mean_step",
    "speak",
    "tick",
    "tick_cost",
    "tick_memories",
    "update_cost",
    "whole_tick",
]


class Outcome(NamedTuple):
    """What the array form of one step gives back.

    ``gradient`` has the shape of the layout's edges and points downhill: ``sum_o e_o dy_o/dw``.
    """

    state: Any
    y: Array
    error: Array
    gradient: Array


class Beat(NamedTuple):
    """Steps that are alike: the phase of one of them, and how many of them a round has."""

    phase: int
    times: int


@dataclass(frozen=True)
class Rule(ABC):
    """A way to find the gradient of the error while the network runs.

    Attributes
    ----------
    learning_rate
        Step size: ``w <- w + learning_rate * gradient`` after every tick.
    optimizer
        What is made of the gradient before; by name only.
    schedule
        What the learning rate is multiplied with from step to step; by name only.
    name, title, citation
        How commands, reports and readers know the rule.
    order_multiplications, order_words
        How multiplications of a step, and words kept, grow with the units n of a fully recurrent
        network, such as ``n^2``.
    kinds
        The kinds of units that it has a gradient for; see ``model/kinds.py``.
    moves
        Whether its programs end with ``update``.
    """

    learning_rate: float = 0.01
    optimizer: Optimizer = field(default_factory=Plain, kw_only=True)
    schedule: Schedule = field(default_factory=Constant, kw_only=True)

    name: ClassVar[str]
    title: ClassVar[str]
    citation: ClassVar[str]
    order_multiplications: ClassVar[str] = ""
    order_words: ClassVar[str] = ""
    kinds: ClassVar[frozenset[str]] = frozenset({PLAIN})
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        rate = self.learning_rate
        if not isinstance(rate, Real) or not math.isfinite(rate) or rate < 0:
            raise UserError(
                f"{type(self).__name__}.learning_rate: must be a finite number from 0 up"
                f" (got {rate!r})."
            )
        for name, kind in (("optimizer", Optimizer), ("schedule", Schedule)):
            if not isinstance(value := getattr(self, name), kind):
                raise UserError(
                    f"{type(self).__name__}.{name}: must be a neurosim.{kind.__name__}, such as"
                    f" {'Adam' if kind is Optimizer else 'Cosine'}() (got {value!r:.60})."
                )

    @property
    def period(self) -> int:
        """Steps after which the program repeats itself."""
        return 1

    @property
    def beats(self) -> tuple[Beat, ...]:
        """The kinds of steps, the dearest last: all steps of most rules take the same.

        A rule that learns from a block of steps at its end has two, and a round is such a block.
        What a step takes on the whole is then the mean over a round (``closed``, ``cost``, and
        cycles and energy), while ``closed_at`` says exactly what a step of one phase takes.
        """
        return (Beat(0, 1),)

    def learns(self, phase: int) -> bool:
        """Whether weights move at the end of a step of that phase; its gradient is zero if not."""
        return True

    def for_steps(self, steps: int) -> Rule:
        """Return the rule as it is for a run of that many steps."""
        return self

    def for_units(self, units: int) -> Rule:
        """Return the rule as it is for a network of that many units."""
        return self

    def with_seed(self, seed: int) -> Rule:
        """Return the rule as it is for a run with that seed; only rules that draw differ."""
        return self

    def accepts(self, number: Number) -> None:
        """Return when the rule can learn in these numbers.

        Raises
        ------
        UserError
            When it cannot.
        """
        return

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
        """Return the closed forms of what one step takes; of ``mean_step`` where steps differ."""

    def closed_at(self, census: Census, phase: int) -> Counts:
        """Return the closed forms of what a step of that phase takes."""
        return self.closed(census)

    def constants(self, neuron: Neuron, network: Surroundings) -> Mapping[str, Array]:
        """Return the real values of memories that begin with some, by name; the rest are zero."""
        return {}

    def alike(self, census: Census) -> Sequence[Kind]:
        """Return the units by kind, such that the programs of a kind are alike."""
        return census.kinds

    def described(self, neuron: Neuron, network: Surroundings) -> dict[str, Memory]:
        """Return all memories of a neuron by name: the tick's, the rule's, the optimiser's."""
        own: tuple[Memory, ...] = ()
        if not neuron.is_input:
            own = self.memories(neuron, network)
            if self.moves:
                own += self.optimizer.memories(neuron, network)
        return {memory.name: memory for memory in (*tick_memories(neuron), *own)}

    def begins(self, neuron: Neuron, network: Surroundings) -> Mapping[str, Array]:
        """Return the same as ``constants``, and what the optimiser's memories begin with."""
        optimizers = self.optimizer.constants(neuron) if self.moves else {}
        own = {name: np.array(values) for name, values in optimizers.items()}
        return {**self.constants(neuron, network), **own}

    def update(self, neuron: Neuron, network: Surroundings, gradient: Words) -> Iterator[Operation]:
        """``w_ij <- w_ij + rate d_ij``, which ends every program; fixed weights are left out.

        d is what the optimiser makes of the gradient.
        """
        parts = [
            gradient._replace(start=gradient.start + start * gradient.stride, count=count)
            for start, count in neuron.learned
        ]
        if not self.optimizer.plain:
            yield Phase("optimizer")
        directions = yield from self.optimizer.program(neuron, network, parts)
        yield Phase("update")
        for (start, count), part in zip(neuron.learned, directions, strict=True):
            w = Words("w", start, count)
            yield Fma(w, every(RATE, count), part, w)

    def cost(self, network: Network) -> Counts:
        """Return what one step of a network takes, by the closed forms."""
        return self.for_units(len(network.units)).counted(Census.of(network))

    def counted(self, census: Census) -> Counts:
        """Return the closed forms with the optimiser's; of the mean step where steps differ."""
        if self.optimizer.plain:
            return self.closed(census)
        whole = self.for_units(census.n)
        return mean((whole.counted_at(census, beat.phase), beat.times) for beat in whole.beats)

    def counted_at(self, census: Census, phase: int) -> Counts:
        """Return the closed forms with the optimiser's, for a step of that phase."""
        found = self.closed_at(census, phase)
        if self.optimizer.plain or not self.moves:
            return found
        own = self.optimizer.cost(census)
        if not self.learns(phase):
            own = Counts(stored_words=own.stored_words, buffer_words=own.buffer_words)
        return found + own

    def work(self, kind: Kind, census: Census) -> Iterator[tuple[int, Operation]]:
        """Yield the operations of a unit in a step in order, each with how often it comes.

        A rule whose programs grow with the network says the operations of a loop once.
        """
        return ((1, operation) for operation in self.program(kind.example, census.network))

    def work_at(self, kind: Kind, census: Census, phase: int) -> Iterator[tuple[int, Operation]]:
        """Yield the same for a step of that phase."""
        if len(self.beats) == 1:
            return self.work(kind, census)
        program = self.program(kind.example, census.network, phase)
        return ((1, operation) for operation in program)


def needs_float(rule: Rule, number: Number) -> None:
    """Return when a number is a float.

    Raises
    ------
    UserError
        When it is not.
    """
    if not isinstance(number, Float):
        raise UserError(
            f"{rule.title}: needs divisions and square roots, which {number.name} does not have."
            " Learn in Float(), --number.kind float."
        )


def tick_cost(census: Census) -> Counts:
    """Return the closed form of ``speak``, ``listen``, ``fire`` and ``Rule.update``."""
    return forward_cost(census) + update_cost(census)


def update_cost(census: Census) -> Counts:
    """Return the closed form of ``Rule.update``."""
    n, runs = census.learned, census.learned_runs
    return Counts(multiplications=n, additions=n, reads=2 * n + runs, writes=n)


def learning_last(steps: int) -> tuple[Beat, ...]:
    """Return the beats of a round of which only the last step learns."""
    remembering = (Beat(0, steps - 1),) if steps > 1 else ()
    return (*remembering, Beat(steps - 1, 1))


def mean_step(rule: Rule, census: Census) -> Counts:
    """Return what a step takes on the mean over a round, by the closed forms."""
    return mean((rule.closed_at(census, beat.phase), beat.times) for beat in rule.beats)
