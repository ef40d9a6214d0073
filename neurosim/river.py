"""A recurrent network that learns online as a regressor of River: the extra ``river``."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError
from neurosim.learning import Rule
from neurosim.model.network import Network
from neurosim.study.checks import short
from neurosim.study.online import Online, Recipe

try:
    from river import base
except ImportError as error:
    raise ImportError(
        f"neurosim.river needs River ({error}). Install it: pip install 'neurosim-hdl[river]'"
    ) from error

# A network that never stops learning may be in more of a hurry than one that will be asked to.
RATE = 0.05


class RecurrentRegressor(base.Regressor):
    """A recurrent network that learns while a stream runs through it, with one step a sample.

    Features and targets need no scaling: the network sees them relative to the mean and standard
    deviation of the samples before. `learn_one` moves the network on to the next sample;
    `predict_one` answers what it would say, and changes nothing, so it may come before, twice or
    not at all.

    A feature that is missing, None or NaN counts as its mean. One that comes up later gets an input
    with weights zero, so that nothing changes until it is learnt from; the rule's memory of the
    past, though not the network's, then starts anew. Before the first sample the answer is 0.

    Parameters
    ----------
    units
        How many units the network has.
    topology
        Name of a topology (``neurosim list``), or a Python file that builds one.
    topology_options
        What the topology takes besides, such as ``{"density": 0.3}`` for ``sparse_random``.
    rule
        Learning rule: its name, or a rule such as ``neurosim.RTRL()``.
    learning_rate
        Size of a weight's step; None for the rule's own, and 0.05 for a rule that is named.
    ticks
        Steps of the network in a sample. With one, hidden units speak to the sample after.
    seed
        Draws the first weights, and the edges of a random topology; None for others every time.
    """

    def __init__(
        self,
        units: int = 12,
        topology: str = "fully_recurrent",
        topology_options: Mapping[str, object] | None = None,
        rule: str | Rule = "trtrl",
        learning_rate: float | None = None,
        ticks: int = 1,
        seed: int | None = None,
    ) -> None:
        self.units = units
        self.topology = topology
        self.topology_options = topology_options
        self.rule = rule
        self.learning_rate = learning_rate
        self.ticks = ticks
        self.seed = seed
        self._places: dict[Hashable, int] = {}
        self._online: Online | None = None

    @property
    def network(self) -> Network | None:
        """The network as it is now, of scaled inputs ``x0, x1 ..``; None before the first sample.

        The inputs are the features in the order in which they came up, those of one sample sorted.
        """
        return None if self._online is None else self._online.network

    def learn_one(self, x: dict[Any, Any], y: Any) -> None:
        """Learn from a sample, which is the next in time.

        Raises
        ------
        UserError
            When a feature or the target is no number, or the parameters describe no network.
        RunFailed
            When learning diverged.
        """
        target = _real("the target", y)
        if math.isnan(target):
            raise UserError("the target is missing. Do not call learn_one for this sample.")
        reals = {feature: _real(f"feature {short(feature)}", x[feature]) for feature in x}
        online = self._ready(reals)
        online.learn(self._row(reals), np.array([[target]]))

    def predict_one(self, x: dict[Any, Any]) -> float:
        """Return what the network says to a sample, if that is the next in time."""
        if self._online is None:
            return 0.0
        known = {
            feature: _real(f"feature {short(feature)}", x[feature])
            for feature in x
            if feature in self._places
        }
        return float(self._online.predict(self._row(known))[0, 0])

    def _ready(self, reals: Mapping[Hashable, float]) -> Online:
        """Return the network, with an input for every feature."""
        # sorted, so that the order in a dictionary changes nothing
        new = sorted(reals.keys() - self._places.keys(), key=lambda each: (str(each), repr(each)))
        for each in new:
            self._places[each] = len(self._places)
        if self._online is None:
            self._online = Online(self._recipe(), len(self._places), 1)
        elif new:
            self._online.widen(len(self._places))
        return self._online

    def _row(self, reals: Mapping[Hashable, float]) -> NDArray[np.float64]:
        row = np.full((1, len(self._places)), np.nan)
        for feature, value in reals.items():
            row[0, self._places[feature]] = value
        return row

    def _recipe(self) -> Recipe:
        rate = self.learning_rate
        drawn = np.random.default_rng().integers(2**31) if self.seed is None else self.seed
        return Recipe(
            units=self.units,
            topology=self.topology,
            topology_options=self.topology_options,
            rule=self.rule,
            learning_rate=RATE if rate is None and isinstance(self.rule, str) else rate,
            ticks=self.ticks,
            seed=int(drawn),
        )


def _real(what: str, value: object) -> float:
    """Return a value of the user's as a number; NaN where it is missing."""
    if value is None:
        return math.nan
    try:
        real = float(value)  # type: ignore[arg-type]  # asked just here
    except (TypeError, ValueError):
        raise UserError(
            f"{what}: must be a number (got {short(value)}). Encode it, as with"
            " river.preprocessing.OneHotEncoder."
        ) from None
    if math.isinf(real):
        raise UserError(f"{what}: is infinite. Drop the sample.")
    return real
