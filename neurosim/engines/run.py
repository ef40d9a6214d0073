"""What a training leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.learning.counts import Counts
from neurosim.model.network import Network

# Rounded probabilities, such as those of short floats, sum to about 1.
SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Run:
    """A training, finished or cut short.

    Attributes
    ----------
    outputs, errors, targets
        What the outputs said, the target minus that, and the target; shape (steps, outputs).
    network
        The trained copy; the network that was given is unchanged.
    counts
        Of one step, or of the mean step where they differ: operations, words kept, words moved.
    seconds
        Wall time of the training loop; of all of them together where several learnt side by side.
    cycles
        Clock cycles of every step, from the clocked engine, shape (steps,); else None.
    activity
        The clocked engine's account of where the cycles went; else None.
    interrupted
        Whether Ctrl-C ended it.
    diverged_at
        The first step that is not there because learning had diverged, or None.
    """

    outputs: NDArray[np.float64]
    errors: NDArray[np.float64]
    targets: NDArray[np.float64]
    network: Network
    counts: Counts
    seconds: float
    cycles: NDArray[np.int64] | None = None
    activity: Any = field(default=None, repr=False)
    interrupted: bool = False
    diverged_at: int | None = None

    @property
    def steps(self) -> int:
        """How many steps were done."""
        return len(self.outputs)

    def nmse(self, part: float = 0.1) -> float | None:
        """Return mean squared error over target variance, in the last ``part`` of the steps.

        Both are summed over the outputs, the variance of each being about its own mean. None
        where that is not defined: no steps, a target that never moves, a diverged run.
        """
        tail = slice(-max(1, round(part * self.steps)), None)
        variance = float(np.var(self.targets[tail], axis=0).sum()) if self.steps else 0.0
        if variance == 0 or self.diverged_at is not None:
            return None
        return float((self.errors[tail] ** 2).sum(axis=1).mean()) / variance

    def bits_per_symbol(
        self, part: float = 0.1, judged: NDArray[np.bool_] | None = None
    ) -> float | None:
        """Return the mean of -log2 of the probability given to the target, in the last ``part``.

        Bits per character where the symbols are characters; where targets are probabilities
        themselves, their mean cross entropy. ``judged``, of shape (steps,) or more, leaves steps
        out. None where outputs or targets are no probabilities, no step is judged, or the run
        diverged.
        """
        targets, outputs = self._judged(part, judged)
        if self.diverged_at is not None or not _probable(targets) or not _probable(outputs):
            return None
        least = np.finfo(np.float64).tiny  # an output of 0 is as wrong as can be, not endlessly so
        return float(-(targets * np.log2(np.maximum(outputs, least))).sum(axis=1).mean())

    def accuracy(self, part: float = 0.1, judged: NDArray[np.bool_] | None = None) -> float | None:
        """Return how often the greatest output is that of the target, in the last ``part``.

        ``judged``, of shape (steps,) or more, leaves steps out. None where a target is not one high
        value among low ones, no step is judged, or the run diverged.
        """
        targets, outputs = self._judged(part, judged)
        if self.diverged_at is not None or not _one_hot(targets):
            return None
        return float((targets.argmax(axis=1) == outputs.argmax(axis=1)).mean())

    def _judged(
        self, part: float, judged: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return targets and outputs of those steps of the last ``part`` that count."""
        tail = slice(-max(1, round(part * self.steps)), None)
        kept = slice(None) if judged is None else judged[: self.steps][tail]
        return self.targets[tail][kept], self.outputs[tail][kept]


def _probable(rows: NDArray[np.float64]) -> bool:
    """Say whether every row is of probabilities that sum to 1, but for rounding."""
    if not rows.size or rows.shape[1] < 2:
        return False
    return bool((rows >= 0).all() and (abs(rows.sum(axis=1) - 1) < SUM_TOLERANCE).all())


def _one_hot(rows: NDArray[np.float64]) -> bool:
    """Say whether every row is one high value among equal low ones, the same two in all rows."""
    if not rows.size or rows.shape[1] < 2:
        return False
    highs = rows == rows.max()
    return bool((highs.sum(axis=1) == 1).all() and (rows[~highs] == rows.min()).all())
