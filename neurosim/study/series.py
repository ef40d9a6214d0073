"""A series: what a network sees at each step, and what it should answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    """

    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    input_names: tuple[str, ...]
    target_names: tuple[str, ...]
    origin: str
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    distinct: int

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.inputs)

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
