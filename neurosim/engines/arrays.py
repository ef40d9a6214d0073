"""The fast engine: the whole network at once, by the array form of its rule.

Networks on the same graph can learn side by side on a leading axis; NumPy's cost per call is then
shared among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from neurosim.engines.cells import encoded_rate, encoded_rates
from neurosim.engines.checkpoint import trees
from neurosim.engines.compiled import Work, kernel_for
from neurosim.engines.fit import check_fit
from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Array, Float, Format, Number
from neurosim.model.layout import Layout
from neurosim.model.network import Network


class Learning(NamedTuple):
    """What the array form is in the middle of: see ``ArraysEngine.state``."""

    steps: int
    weights: Array
    rate: Array
    activations: Array
    rule: Any
    gradient: Array
    optimizer: Any
    moves: int


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
    steps
        How many are to come, as far as is known: a long run of one network is worth a compiled
        kernel, where its rule has one.
    """

    def __init__(
        self,
        networks: Network | Sequence[Network],
        rule: Rule,
        number: Number,
        initial: Array | None = None,
        steps: int = 0,
    ) -> None:
        network = networks if isinstance(networks, Network) else networks[0]
        vectors = (
            networks.weight_vector
            if isinstance(networks, Network)
            else np.stack([each.weight_vector for each in networks])
        )
        self.rule, self.number = rule, number
        check_fit(network, rule, number)
        self.layout = Layout(network)
        self._weights = self.layout.from_network(number.encode(vectors, Format.WEIGHT))
        self._rate = encoded_rate(number, rule)
        y = number.encode(np.zeros(self.layout.units) if initial is None else initial)
        y = np.broadcast_to(y, (*vectors.shape[:-1], self.layout.units))
        self._done = np.zeros(1, dtype=np.int64)
        self._network = network
        self._work: Work | None = None
        one = isinstance(number, Float) and y.ndim == 1
        if kernel := kernel_for(network, rule, self.layout, steps) if one else None:
            start = self._weights, self._rate, y
            self._work = Work(kernel, rule, self.layout, *start, self._done)
            return
        self._activations = y
        self._state = rule.init(self.layout, number, y)
        self._gradient = np.zeros_like(self._weights)
        self._optimizing = rule.optimizer.init(self.layout.flat(self._weights).shape, number)
        self._moves = 0

    @property
    def steps(self) -> int:
        """How many steps were done."""
        return int(self._done[0])

    @property
    def compiled(self) -> bool:
        """Whether a kernel does the steps."""
        return self._work is not None

    @property
    def activations(self) -> Array:
        """Raw activations of the units after the last step, (..., units)."""
        return self._activations if self._work is None else self._work.activations

    @property
    def counts(self) -> Counts:
        """The closed forms of the rule for the last step, which the message engines count out."""
        phase = (self.steps - 1) % self.rule.period
        return self.rule.counted_at(Census.of(self._network), phase)

    def step(self, x: Array, target: Array) -> tuple[Array, Array]:
        """Learn from one raw sample, (..., inputs) and (..., outputs); return raw y and e."""
        if self._work is None:
            y, error = self._step(x, target)
            self._done[0] += 1
            return y, error
        y, error = np.empty((2, 1, *target.shape), dtype=self.number.dtype)
        self._work.run(x[None], target[None], y, error)
        return y[0], error[0]

    def run(self, x: Array, target: Array, y: Array, error: Array) -> None:
        """Learn from samples one after the other, (steps, ..., inputs) and (steps, ..., outputs).

        Fills in the raw outputs and errors, each (steps, ..., outputs).
        """
        if self._work is not None:
            self._work.run(x, target, y, error)
            return
        for t in range(len(x)):
            y[t], error[t] = self._step(x[t], target[t])
            self._done[0] += 1

    def _step(self, x: Array, target: Array) -> tuple[Array, Array]:
        number = self.number
        outcome = self.rule.step(
            self.layout, number, number.operand(self._weights), self._state, x, target
        )
        self._state, self._gradient = outcome.state, self.layout.learned(outcome.gradient)
        self._activations = outcome.y
        if self.rule.learns(self.steps % self.rule.period):
            self._move()
        return self.layout.predicted(outcome.y), outcome.error

    def _move(self) -> None:
        """Let the weights take a step, as the optimiser makes it of the gradient."""
        number, rule, flat = self.number, self.rule, self.layout.flat(self._gradient)
        direction, self._optimizing = rule.optimizer.step(
            number, self._optimizing, flat, self._moves
        )
        self._moves += 1
        if not rule.schedule.steady:
            self._rate = encoded_rates(number, rule, self.steps, 1)[0]
        direction = direction.reshape(self._weights.shape)
        self._weights = number.learn(self._weights, self._rate, direction)

    def state(self) -> Any:
        """Return all that the next step depends on; see ``checkpoint/trees.py``."""
        if self._work is not None:
            return self._work.state
        return Learning(
            self.steps,
            self._weights,
            self._rate,
            self._activations,
            self._state,
            self._gradient,
            self._optimizing,
            self._moves,
        )

    def template(self) -> Any:
        """Return a state whose sequences are no longer empty, where they grow with the steps."""
        state = self.state()
        if self._work is not None:
            return state
        layout, number, y = self.layout, self.number, np.zeros_like(self._activations)
        rule = self.rule.init(layout, number, y)
        if trees.grows(rule):
            lead, ends = y.shape[:-1], (self._network.inputs, self._network.outputs)
            x, target = (np.zeros((*lead, len(each)), dtype=number.dtype) for each in ends)
            rule = self.rule.step(
                layout, number, number.operand(self._weights), rule, x, target
            ).state
        return state._replace(rule=rule)

    def restore(self, state: Any) -> None:
        """Go on from a state that an engine like this one has had."""
        if self._work is not None:
            trees.fill(self._work.state, state)
            return
        self._done[0], self._weights, self._rate, self._activations = state[:4]
        self._state, self._gradient, self._optimizing, self._moves = state[4:]

    def weights(self) -> Array:
        """Return the weights as real values, (..., edges) in network order."""
        weights = self._weights if self._work is None else self._work.weights
        return self.number.decode(self.layout.to_network(weights), Format.WEIGHT)

    def gradient(self) -> Array:
        """Return the last ``sum_o e_o dy_o/dw`` as real values, (..., edges) in network order."""
        gradient = self._gradient if self._work is None else self._work.gradient
        return self.number.decode(self.layout.to_network(gradient))
