"""Which units of a running training do most, found without slowing it down."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from neurosim.model.network import Network

SHOWN = 3
# Looking copies all weights, which in a large network takes as long as a step.
SECONDS_BETWEEN_LOOKS = 1.0


class Busy(NamedTuple):
    """The units that do most, with how much of what: ``measure`` says it in words."""

    measure: str
    units: tuple[tuple[str, float], ...]


IDLE = Busy("", ())


class Busiest:
    """Looks at an engine now and then.

    On a machine the busiest units are those that compute for most cycles of a step. Elsewhere they
    are those whose weights move most: the mean absolute change of a weight, a step, since the last
    look.

    Parameters
    ----------
    network
        What the engine steps, as it was before the first step.
    """

    def __init__(self, network: Network) -> None:
        self._units = network.units
        place = {unit: n for n, unit in enumerate(network.units)}
        self._owner = np.array([place[destination] for _, destination in network.edges])
        self._edges = np.maximum(np.bincount(self._owner, minlength=len(place)), 1)
        self._before = network.weight_vector
        self._engine: Any = None
        self._step = 0
        self._last = time.perf_counter()
        self._found = IDLE

    def follow(self, engine: Any) -> None:
        """Take the engine that is to be looked at."""
        self._engine = engine

    def now(self, step: int) -> Busy:
        """Return the busiest units after so many steps, as far as there was time to look."""
        now = time.perf_counter()
        if self._engine is not None and now - self._last > SECONDS_BETWEEN_LOOKS:
            self._found = self.look(step)
            self._last = time.perf_counter()
        return self._found

    def look(self, step: int) -> Busy:
        """Return the busiest units after so many steps."""
        activity = getattr(self._engine, "activity", None)
        if activity is not None:
            cycles = [(neuron.name, float(neuron.compute)) for neuron in activity.neurons]
            return _most("the cycles of a step that they compute", cycles)
        weights = self._engine.weights()
        moved = np.bincount(self._owner, np.abs(weights - self._before), len(self._units))
        means = moved / self._edges / max(1, step - self._step)
        self._before, self._step = weights, step
        measure = "the mean change of a weight, a step"
        return _most(measure, list(zip(self._units, means.tolist(), strict=True)))


def _most(measure: str, units: list[tuple[str, float]]) -> Busy:
    finite = [(name, amount) for name, amount in units if np.isfinite(amount)]
    return Busy(measure, tuple(sorted(finite, key=lambda unit: -unit[1])[:SHOWN]))
