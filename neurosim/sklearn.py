"""A recurrent network that learns online as an estimator of scikit-learn: the extra ``sklearn``.

The rows of X are samples in the order of time, and are learnt from in that order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.errors import UserError, nearest
from neurosim.learning import Rule
from neurosim.model.network import Network
from neurosim.study.checks import whole
from neurosim.study.online import Online, Recipe

try:
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        f"neurosim.sklearn needs scikit-learn 1.6 or later ({error})."
        " Install it: pip install 'neurosim-hdl[sklearn]'"
    ) from error

STARTS = ("training", "rest")
_ORDER = "the answer to a row depends on the rows before it, which is what recurrent means"
# For `check_estimator`: its checks that no estimator with a memory can pass.
EXPECTED_FAILED_CHECKS = {
    "check_methods_subset_invariance": _ORDER,
    "check_methods_sample_order_invariance": _ORDER,
}


class RecurrentRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A recurrent network that learns while the samples run through it, with one step a sample.

    Inputs and targets need no scaling: the network sees them relative to the mean and standard
    deviation of the samples before. ``fit`` forgets all and goes through the samples some times;
    ``partial_fit`` goes on, once through them, and comes to the same bits in how many pieces ever.

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
        Size of a weight's step; None for the rule's own, which is 0.01 if nobody says another.
    ticks
        Steps of the network in a sample. With one, hidden units speak to the sample after.
    passes
        How often ``fit`` goes through the samples, each time from rest. After one, it has done what
        ``partial_fit`` would have done.
    predict_from
        What ``predict`` takes its first row for: what comes after the ``training``, or the first of
        another stream, before which the network was at ``rest``.
    random_state
        Draws the first weights, and the edges of a random topology.

    Attributes
    ----------
    network_
        The network that was learnt, of scaled inputs and outputs.
    n_features_in_, feature_names_in_
        Columns of X.
    n_outputs_
        Columns of y.
    """

    def __init__(
        self,
        units: int = 12,
        *,
        topology: str = "fully_recurrent",
        topology_options: Mapping[str, object] | None = None,
        rule: str | Rule = "trtrl",
        learning_rate: float | None = None,
        ticks: int = 1,
        passes: int = 5,
        predict_from: Literal["training", "rest"] = "training",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.units = units
        self.topology = topology
        self.topology_options = topology_options
        self.rule = rule
        self.learning_rate = learning_rate
        self.ticks = ticks
        self.passes = passes
        self.predict_from = predict_from
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> RecurrentRegressor:
        """Begin anew, and learn from X (samples, features) and y (samples,) or (samples, outputs).

        Raises
        ------
        UserError
            When the parameters do not describe a network.
        RunFailed
            When learning diverged.
        """
        passes = whole("passes", self.passes)
        samples, targets = self._stream(X, y, anew=True)
        for turn in range(passes):
            if turn:
                self._online.rest()
            self._online.learn(samples, targets)
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike) -> RecurrentRegressor:
        """Go on learning, from the samples that come next; parameters and errors as of ``fit``."""
        samples, targets = self._stream(X, y, anew=not self.__sklearn_is_fitted__())
        self._online.learn(samples, targets)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return what the network says to X (samples, features), without learning from it.

        Nothing of it is kept: a second call gives the same. To predict, see the truth, and then
        predict what comes next, call ``partial_fit`` in between.
        """
        check_is_fitted(self)
        if self.predict_from not in STARTS:
            raise UserError(
                f"predict_from: must be training or rest (got {self.predict_from!r:.40})."
                f"{nearest(str(self.predict_from), STARTS)}"
            )
        samples = validate_data(self, X, reset=False, dtype=np.float64)
        said = self._online.predict(samples, rested=self.predict_from == "rest")
        return said[:, 0] if self._flat else said

    @property
    def network_(self) -> Network:
        """The network that was learnt, of scaled inputs and outputs."""
        check_is_fitted(self)
        return self._online.network

    def _stream(
        self, X: ArrayLike, y: ArrayLike, anew: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return samples and targets (samples, outputs), with a network to learn from them."""
        samples, given = validate_data(
            self, X, y, reset=anew, dtype=np.float64, multi_output=True, y_numeric=True
        )
        targets = np.asarray(given, dtype=np.float64).reshape(len(samples), -1)
        if anew:
            self._online = Online(self._recipe(), samples.shape[1], targets.shape[1])
            self._flat, self.n_outputs_ = given.ndim == 1, targets.shape[1]
        elif targets.shape[1] != self.n_outputs_:
            raise ValueError(f"y has {targets.shape[1]} columns, and had {self.n_outputs_} before.")
        return samples, targets

    def _recipe(self) -> Recipe:
        seed = self.random_state
        if not isinstance(seed, (int, np.integer)):
            seed = check_random_state(seed).randint(2**31 - 1)
        return Recipe(
            units=self.units,
            topology=self.topology,
            topology_options=self.topology_options,
            rule=self.rule,
            learning_rate=self.learning_rate,
            ticks=self.ticks,
            seed=int(seed),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_online")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
