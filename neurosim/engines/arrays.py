"""The fast engine: the whole network at once, by the array form of its rule.

Networks on the same graph can learn side by side on a leading axis; NumPy's cost per call is then
shared among them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurosim.engines.cells import encoded_rate
from neurosim.learning.counts import Counts
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.layout import Layout
from neurosim.model.network import Network


class ArraysEngine:
    """Steps one network, or several on the same graph.

    Parameters
    ----------
    networks
        One network, or a sequence of them with equal edges; results then have a leading axis.
    rule, number
        How they learn, and in which numbers.
    initial
        Activations of the units before the first step, shape (units,); zero when None.
    """

    def __init__(
        self,
        networks: Network | Sequence[Network],
        rule: Rule,
        number: Number,
        initial: Array | None = None,
    ) -> None:
        network = networks if isinstance(networks, Network) else networks[0]
        vectors = (
            networks.weight_vector
            if isinstance(networks, Network)
            else np.stack([each.weight_vector for each in networks])
        )
        self.rule, self.number = rule, number
        self.layout = Layout(network)
        self._weights = self.layout.from_network(number.encode(vectors, Format.WEIGHT))
        self._rate = encoded_rate(number, rule)
        y = number.encode(np.zeros(self.layout.units) if initial is None else initial)
        y = np.broadcast_to(y, (*vectors.shape[:-1], self.layout.units))
        self._state = rule.init(self.layout, number, y)
        self._gradient = np.zeros_like(self._weights)
        self._network = network
        self.steps = 0

    @property
    def counts(self) -> Counts:
        """The closed forms of the rule, which the message engines count out."""
        return self.rule.cost(self._network)

    def step(self, x: Array, target: Array) -> tuple[Array, Array]:
        """Learn from one raw sample, (..., inputs) and (..., outputs); return raw y and e."""
        number = self.number
        outcome = self.rule.step(
            self.layout, number, number.operand(self._weights), self._state, x, target
        )
        self._state, self._gradient = outcome.state, outcome.gradient
        self._weights = number.learn(self._weights, self._rate, outcome.gradient)
        self.steps += 1
        return outcome.y[..., self.layout.outputs], outcome.error

    def weights(self) -> Array:
        """Return the weights as real values, (..., edges) in network order."""
        return self.number.decode(self.layout.to_network(self._weights), Format.WEIGHT)

    def gradient(self) -> Array:
        """Return the last ``sum_o e_o dy_o/dw`` as real values, (..., edges) in network order."""
        return self.number.decode(self.layout.to_network(self._gradient))
