"""Schedules: what the learning rate is multiplied with as the stream goes by.

With s steps done and warm-up over W steps, the rate of the next step is the rule's times::

    factor(s) = min(1, (s + 1) / W) f(s),   f(s) = 1                       constant    (1)
    f(s) = 1 - (1 - final) p                                               linear      (2)
    f(s) = final + (1 - final) (1 + cos(pi p)) / 2                         cosine      (3)
    f(s) = decay^(s' / every),  or decay^floor(s' / every) in stairs       exponential (4)

with ``s' = max(0, s - W)`` and ``p = min(1, s' / (steps - W))``. (3) is that of I. Loshchilov and
F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, arXiv 1608.03983,
without restarts; warm-up is that of P. Goyal et al., arXiv 1706.02677.

Steps are those of the stream, whether weights move in them or not. In hardware the rate is a
register, which the host writes: it costs nothing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

import numpy as np

from neurosim.errors import UserError
from neurosim.learning import checking
from neurosim.model.arithmetic import Array

Own = TypeVar("Own", bound="Schedule")


@dataclass(frozen=True, kw_only=True)
class Schedule(ABC):
    """How the learning rate goes on.

    Attributes
    ----------
    warmup
        Steps in which the rate rises to its full size, 0 for none.
    name
        How scenarios and reports know it.
    """

    warmup: int = 0

    name: ClassVar[str]

    def __post_init__(self) -> None:
        checking.whole(f"{type(self).__name__}.warmup", self.warmup)

    @property
    def steady(self) -> bool:
        """Whether the rate is the same in all steps."""
        return False

    def for_steps(self: Own, steps: int) -> Own:
        """Return the schedule as it is for a run of that many steps."""
        return self

    def factors(self, first: int, count: int) -> Array:
        """Return the factors of so many steps, (count,), from the step ``first`` on."""
        done = np.arange(first, first + count, dtype=np.float64)
        rising = np.minimum(1.0, (done + 1) / self.warmup) if self.warmup else 1.0
        result: Array = rising * self.shape(np.maximum(0.0, done - self.warmup))
        return result

    @abstractmethod
    def shape(self, after: Array) -> Array:
        """Return f, (2) to (4), so many steps after the warm-up, (count,)."""


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """The full rate, after the warm-up."""

    name: ClassVar[str] = "constant"

    @property
    def steady(self) -> bool:
        """Without a warm-up."""
        return not self.warmup

    def shape(self, after: Array) -> Array:
        """1."""
        return np.ones_like(after)


@dataclass(frozen=True, kw_only=True)
class _Ending(Schedule):
    """A schedule that is over after some steps.

    Attributes
    ----------
    steps
        Steps until its end, warm-up included; None for the length of the run.
    final
        What is left of the rate then, from 0 up and below 1.
    """

    steps: int | None = None
    final: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checking.within(f"{type(self).__name__}.final", self.final, 0, 1)
        if self.steps is not None:
            checking.whole(f"{type(self).__name__}.steps", self.steps, 1)
            if self.steps <= self.warmup:
                raise UserError(
                    f"{type(self).__name__}.steps: the warm-up alone takes {self.warmup}"
                    f" (got {self.steps}). Give more steps, or a shorter warm-up."
                )

    def for_steps(self: Own, steps: int) -> Own:
        """Return the schedule with its end at that of the run, unless it has one."""
        own = getattr(self, "steps", None)
        return self if own is not None else replace(self, steps=steps)  # type: ignore[call-arg]

    def passed(self, after: Array) -> Array:
        """Return p, (count,)."""
        if self.steps is None:
            raise UserError(
                f"{type(self).__name__}.steps: how long the stream is, is not known here. Say after"
                " how many steps the schedule ends."
            )
        result: Array = np.minimum(1.0, after / (self.steps - self.warmup))
        return result


@dataclass(frozen=True, kw_only=True)
class Linear(_Ending):
    """A rate that goes down in a straight line, to ``final`` of it."""

    name: ClassVar[str] = "linear"

    def shape(self, after: Array) -> Array:
        """Equation (2)."""
        return 1.0 - (1.0 - self.final) * self.passed(after)


@dataclass(frozen=True, kw_only=True)
class Cosine(_Ending):
    """A rate that goes down by half a cosine, to ``final`` of it (Loshchilov and Hutter 2017)."""

    name: ClassVar[str] = "cosine"

    def shape(self, after: Array) -> Array:
        """Equation (3)."""
        return self.final + (1.0 - self.final) * (1.0 + np.cos(math.pi * self.passed(after))) / 2


@dataclass(frozen=True, kw_only=True)
class Exponential(Schedule):
    """A rate that is multiplied with ``decay`` every so many steps, smoothly or in stairs.

    Attributes
    ----------
    decay
        What is left of the rate after ``every`` steps, above 0 and at most 1.
    every
        Steps, from 1 up.
    stairs
        Change the rate every so many steps only.
    """

    decay: float = 0.5
    every: int = 1000
    stairs: bool = False

    name: ClassVar[str] = "exponential"

    def __post_init__(self) -> None:
        super().__post_init__()
        checking.within("Exponential.decay", self.decay, 0, math.nextafter(1, 2), least=False)
        checking.whole("Exponential.every", self.every, 1)

    def shape(self, after: Array) -> Array:
        """Equation (4)."""
        turns = after / self.every
        result: Array = self.decay ** (np.floor(turns) if self.stairs else turns)
        return result


SCHEDULES: dict[str, type[Schedule]] = {
    each.name: each for each in (Constant, Linear, Cosine, Exponential)
}
"""All schedules by name."""
