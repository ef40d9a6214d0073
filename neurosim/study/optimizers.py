"""The section ``[optimizer]`` of a scenario: what is made of the gradient, and of the rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from neurosim.errors import UserError

if TYPE_CHECKING:
    from neurosim.learning.optimizers import Optimizer, Schedule

# What a field is called here that is called otherwise where it goes.
_CLIPPING = {"value": "clip_value", "norm": "clip_norm"}
_OTHERWISE = {**_CLIPPING, "steps": "decay_steps"}
OF_RATES = ("schedule", "warmup", "decay_steps", "final", "decay", "every", "stairs")
"""The options that say how the learning rate goes on."""


@dataclass(frozen=True)
class OptimizerSpec:
    """What is made of the gradient, and of the learning rate.

    Attributes
    ----------
    name
        plain (the gradient itself), momentum or adam.
    momentum
        How much of the sum of gradients stays from step to step (momentum; 0.9).
    nesterov
        Look one step ahead (momentum).
    beta1
        How much of the mean gradient stays from step to step (adam; 0.9).
    beta2
        How much of the mean square stays (adam; 0.999).
    epsilon
        What keeps the division from growing without bound (adam; 1e-8).
    clip_value
        Farthest from zero that a word of the gradient may lie.
    clip_norm
        Largest norm of the whole gradient.
    schedule
        How the learning rate goes on: constant, linear, cosine or exponential.
    warmup
        Steps in which the rate rises to its full size.
    decay_steps
        Steps until the rate is as small as it gets (linear, cosine; those of the run).
    final
        What is left of the rate then (linear, cosine; 0).
    decay
        What is left of the rate after every so many steps (exponential; 0.5).
    every
        How many steps that are (exponential; 1000).
    stairs
        Change the rate every so many steps only (exponential).
    """

    name: Literal["plain", "momentum", "adam"] | None = None
    momentum: float | None = None
    nesterov: bool | None = None
    beta1: float | None = None
    beta2: float | None = None
    epsilon: float | None = None
    clip_value: float | None = None
    clip_norm: float | None = None
    schedule: Literal["constant", "linear", "cosine", "exponential"] | None = None
    warmup: int | None = None
    decay_steps: int | None = None
    final: float | None = None
    decay: float | None = None
    every: int | None = None
    stairs: bool | None = None

    def __post_init__(self) -> None:
        if all(getattr(self, field.name) is None for field in fields(self)):
            return  # and nothing has to be loaded
        from neurosim.learning.optimizers import OPTIMIZERS, SCHEDULES

        self._refuse("name", self.method, OPTIMIZERS)
        self._refuse("schedule", self.course, SCHEDULES)
        try:
            self.optimizer()
            self.rates()
        except UserError as error:
            _, _, said = str(error).partition(".")
            field, _, rest = said.partition(":")
            raise UserError(f"{_OTHERWISE.get(field, field)}:{rest}") from None

    @property
    def method(self) -> str:
        """The name, plain where none is given."""
        return self.name or "plain"

    @property
    def course(self) -> str:
        """The schedule, constant where none is given."""
        return self.schedule or "constant"

    def optimizer(self) -> Optimizer:
        """Return the optimiser."""
        from neurosim.learning.optimizers import OPTIMIZERS, Clipped

        found = OPTIMIZERS[self.method](**self._given(OPTIMIZERS[self.method]))
        bounds = {name: getattr(self, own) for name, own in _CLIPPING.items()}
        clips = any(bound is not None for bound in bounds.values())
        return Clipped(found, **bounds) if clips else found

    def rates(self) -> Schedule:
        """Return the schedule."""
        from neurosim.learning.optimizers import SCHEDULES

        return SCHEDULES[self.course](**self._given(SCHEDULES[self.course]))

    def _given(self, kind: type) -> dict[str, Any]:
        """Return the options that a kind takes and that are given, by its own names."""
        values = {name: getattr(self, own) for name, own in _taken(kind).items()}
        return {name: value for name, value in values.items() if value is not None}

    def _refuse(self, key: str, chosen: str, kinds: Mapping[str, type]) -> None:
        """Return when no option is given that belongs to others of the kinds alone."""
        if chosen not in kinds:
            raise UserError(f"{key}: {chosen} is unknown. Known: {', '.join(kinds)}.")
        allowed = set(_taken(kinds[chosen]).values())
        for other, kind in kinds.items():
            for own in _taken(kind).values():
                if own not in allowed and getattr(self, own) is not None:
                    raise UserError(f"{own}: does not apply to {chosen}. Drop it, or use {other}.")


def _taken(kind: type) -> dict[str, str]:
    """Return the options that a kind takes, and what they are called here."""
    return {field.name: _OTHERWISE.get(field.name, field.name) for field in fields(kind)}


def options_of(kinds: Mapping[str, type]) -> set[str]:
    """Return all options that belong to single ones of some kinds, as they are called here."""
    taken = [frozenset(_taken(kind).values()) for kind in kinds.values()]
    return set(frozenset().union(*taken) - taken[0].intersection(*taken))
