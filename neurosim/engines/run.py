"""What a training leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.learning.counts import Counts
from neurosim.model.network import Network


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
        Of one step: operations, words kept, words moved.
    seconds
        Wall time of the training loop; of all of them together where several learnt side by side.
    cycles
        Clock cycles of every step, from the clocked engine, shape (steps,); else None.
    activity
        The clocked engine's account of where the cycles went; else None.
    interrupted
        Whether Ctrl-C ended it.
    diverged_at
        The first step whose outputs were not finite, or None.
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
