"""A series: what a network sees at each step, and what it should answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

# A logistic or tanh unit nears 1 only with endless weights, so targets stay this far inside.
REACH = 0.8


@dataclass(frozen=True, eq=False)
class Series:
    """Inputs and targets, step by step, and where they come from.

    Attributes
    ----------
    inputs : ndarray (steps, inputs)
        What the network sees.
    targets : ndarray (steps, outputs)
        What it should answer in the same step.
    input_names, target_names : tuple of str
        A name for each column.
    origin : str
        Says what the series is, for reports.
    scale, offset : tuple of float
        For each target: ``value * scale + offset`` is the value in its own units.
    distinct : int
        Steps until the series begins anew; as many as there are where it never does.
    kind : str
        ``regression``, or ``classes``: targets that are 1 for one output and 0 for the others, made
        for outputs that are probabilities.
    judged : ndarray (steps,) of bool, optional
        The steps at which a class is worth counting as right or wrong; all where it is None.
    """

    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    input_names: tuple[str, ...]
    target_names: tuple[str, ...]
    origin: str
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    distinct: int
    kind: Literal["regression", "classes"] = "regression"
    judged: NDArray[np.bool_] | None = None

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.inputs)

    def signed(self) -> Series:
        """Return the series with the 0 and 1 of classes as -0.8 and 0.8, for squared errors."""
        assert self.kind == "classes"
        outputs = len(self.target_names)
        return replace(
            self,
            targets=REACH * (2 * self.targets - 1),
            scale=(0.5 / REACH,) * outputs,
            offset=(0.5,) * outputs,
        )

    def positive(self) -> Series:
        """Return the series with its targets moved from +-0.8 to 0.1 .. 0.9, for logistic units."""
        return replace(
            self,
            targets=(self.targets + 1) / 2,
            scale=tuple(2 * scale for scale in self.scale),
            offset=tuple(o - s for o, s in zip(self.offset, self.scale, strict=True)),
        )

    def in_own_units(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return targets, outputs or the like, shape (.., outputs), in the units of the source."""
        own = np.asarray(values, dtype=np.float64)
        return np.asarray(own * np.array(self.scale) + np.array(self.offset))


def single(
    inputs: NDArray[np.float64],
    targets: NDArray[np.float64],
    names: tuple[str, str],
    origin: str,
    scale: float = 1.0,
    offset: float = 0.0,
) -> Series:
    """Return the series of one input and one target, each of shape (steps,)."""
    return Series(
        inputs=np.ascontiguousarray(inputs[:, None]),
        targets=np.ascontiguousarray(targets[:, None]),
        input_names=(names[0],),
        target_names=(names[1],),
        origin=origin,
        scale=(scale,),
        offset=(offset,),
        distinct=len(inputs),
    )


def one_hot(codes: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return rows of ``count`` zeros with a one at the place of each code, shape (codes, count)."""
    rows = np.zeros((len(codes), count))
    rows[np.arange(len(codes)), codes] = 1.0
    return rows


def classes(
    inputs: NDArray[np.float64],
    targets: NDArray[np.float64],
    input_names: Sequence[str],
    target_names: Sequence[str],
    origin: str,
    judged: NDArray[np.bool_] | None = None,
    distinct: int | None = None,
) -> Series:
    """Return the series whose targets are classes, one-hot of shape (steps, classes)."""
    outputs = len(target_names)
    return Series(
        inputs=inputs,
        targets=targets,
        input_names=tuple(input_names),
        target_names=tuple(target_names),
        origin=origin,
        scale=(1.0,) * outputs,
        offset=(0.0,) * outputs,
        distinct=len(inputs) if distinct is None else distinct,
        kind="classes",
        judged=judged,
    )
