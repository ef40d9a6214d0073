"""A network that predicts a stream of raw readings and learns from it, sample by sample.

What `neurosim.sklearn` and `neurosim.river` have in common. For a sample x with target y::

    u = clip((x - mean) / spread, -LIMIT, LIMIT)                                     (1)
    prediction = mean_y + REACH spread_y o(u)                                        (2)
    target of the network = clip((y - mean_y) / (REACH spread_y), -1, 1)             (3)

with o the network's outputs, which lie between -1 and 1, and means and spreads of the samples
*before* this one. So a prediction never knows of what it predicts, and what a sample teaches does
not depend on where the stream was cut into pieces.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.engines.arrays import ArraysEngine
from neurosim.errors import RunFailed, UserError
from neurosim.learning import Inference, Rule
from neurosim.model.arithmetic import Array, Float
from neurosim.model.kinds import LIF
from neurosim.model.network import Network
from neurosim.study import checks, rules
from neurosim.study.graphs import graph_from
from neurosim.study.running import Reals, Running

# An input further from its mean, in spreads, is an outlier, and counts as this far.
LIMIT = 5.0
# What the outputs can reach, in spreads from the mean: 99.7 % of a normal distribution.
REACH = 3.0
# As many steps may come: whatever can be compiled is, so that pieces do as the whole would.
ENDLESS = sys.maxsize
# Steps between two looks for Ctrl-C, and for learning that diverges.
PART = 1_024
# What of a graph is said elsewhere, or by the stream.
_OWN = frozenset(inspect.signature(graph_from).parameters)


@dataclass(frozen=True)
class Recipe:
    """What the network of a stream is made of, and how it learns.

    Attributes
    ----------
    units
        How many units the topology gets.
    topology
        Name of a topology on the shelf, or a file that builds one.
    topology_options
        What the topology takes besides, such as ``{"density": 0.3}``.
    rule
        A learning rule: its name, with options as in ``trtrl:ingress_only=true``, or a `Rule`.
    learning_rate
        Size of a weight's step; None for the rule's own.
    ticks
        Steps of the network in a sample, all with the same input and target.
    seed
        Draws the first weights, the edges of a random topology, and what the rule draws.
    """

    units: int = 12
    topology: str = "fully_recurrent"
    topology_options: Mapping[str, object] | None = None
    rule: str | Rule = "trtrl"
    learning_rate: float | None = None
    ticks: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        checks.whole("units", self.units)
        checks.whole("ticks", self.ticks)
        checks.whole("seed", self.seed, least=0)
        for name in sorted(_OWN.intersection(self.topology_options or ())):
            raise UserError(f"topology_options: {name} is none of them. Drop it.")

    def made_rule(self) -> Rule:
        """Return the rule with its learning rate."""
        rate = self.learning_rate
        if isinstance(self.rule, Rule):
            return self.rule if rate is None else replace(self.rule, learning_rate=rate)
        return rules.rule(self.rule, {"seed": self.seed}, rate)

    def network(self, inputs: int, outputs: int) -> Network:
        """Return the network before it has learnt anything."""
        options: dict[str, Any] = dict(self.topology_options or {})
        names = [f"x{n}" for n in range(max(inputs, 1))]
        definition = graph_from(
            self.topology,
            units=self.units,
            inputs=names,
            outputs=outputs,
            seed=self.seed,
            **options,
        )
        network = Network(*definition, seed=self.seed, name=Path(self.topology).stem)
        for unit, traits in zip(network.units, network.traits, strict=True):
            if traits.kind == LIF:
                raise UserError(
                    f"topology {self.topology}: unit {unit} spikes, and a prediction would not know"
                    " its potential. Take one whose units have activations only."
                )
        return network


class Online:
    """A recurrent network in the middle of a stream.

    Parameters
    ----------
    recipe
        What it is made of.
    inputs, outputs
        Numbers in a sample and in its target.

    Raises
    ------
    UserError
        When there is no such topology or rule, or it does not take what it is given.
    """

    def __init__(self, recipe: Recipe, inputs: int, outputs: int) -> None:
        self.recipe, self._rule = recipe, recipe.made_rule()
        self._seen, self._wanted = Running(inputs), Running(outputs)
        self._begin(recipe.network(inputs, outputs))

    @property
    def network(self) -> Network:
        """The network as it is now; what it sees and says is scaled."""
        return self._network.with_weights(self._engine.weights())

    def learn(self, samples: Reals, targets: Reals) -> None:
        """Learn from the next samples, (samples, inputs) and (samples, outputs), in their order.

        Raises
        ------
        RunFailed
            When learning diverged.
        """
        ticks = self.recipe.ticks
        u = np.repeat(self._filled(_clipped(self._seen.follow(samples))), ticks, axis=0)
        wanted = np.clip(self._wanted.follow(targets) / REACH, -1.0, 1.0)  # (3)
        wanted = np.repeat(wanted, ticks, axis=0)
        for first in range(0, len(u), PART):
            self._learn(u[first : first + PART], wanted[first : first + PART])

    def predict(self, samples: Reals, rested: bool = False) -> Reals:
        """Return what the network says to the next samples, (samples, outputs), without learning.

        It begins where the last sample that was learnt from has left it, or ``rested``: with all
        activations zero. Nothing is kept of it, so the same question has the same answer.
        """
        engine, number = self._engine, self._engine.number
        outputs = len(engine.layout.outputs)
        weights = number.operand(engine.layout.from_network(engine.weights()))
        forward, none, y = Inference(), np.zeros(outputs), engine.activations
        state = forward.init(engine.layout, number, np.zeros_like(y) if rested else y)
        said = np.empty((len(samples), outputs))
        for n, u in enumerate(self._filled(_clipped(self._seen.scaled(samples)))):
            for _ in range(self.recipe.ticks):
                state = forward.step(engine.layout, number, weights, state, u, none).state
            said[n] = engine.layout.predicted(state.y)
        return self._wanted.restored(REACH * said)  # (2)

    def rest(self) -> None:
        """Keep what was learnt, and forget what is going on: the next sample is a first one."""
        self._begin(self.network)

    def widen(self, inputs: int) -> None:
        """Go on with more inputs; their weights are zero, so that nothing changes at first.

        Activations stay as they are. The rule's memory of the past starts anew.
        """
        old, wider = self.network, self.recipe.network(inputs, len(self._wanted.mean))
        kept = old.weights
        weights = np.array([kept.get(edge, 0.0) for edge in wider.edges])
        self._seen.widen(inputs)
        self._begin(wider.with_weights(weights), self._engine.activations)

    def _begin(self, network: Network, y: Array | None = None) -> None:
        self._network = network
        rule = self._rule.for_units(len(network.units))
        self._engine = ArraysEngine(network, rule, Float(), y, ENDLESS)

    def _learn(self, u: Reals, wanted: Reals) -> None:
        said, error = np.empty((2, *wanted.shape))
        with np.errstate(over="ignore", invalid="ignore"):
            self._engine.run(u, wanted, said, error)
        if not np.isfinite(error).all():
            raise RunFailed(
                f"{self._rule.title} on {self._network.name}: diverged, its outputs are not finite."
                f" Try a learning_rate below {self._rule.learning_rate:g}."
            )

    def _filled(self, u: Reals) -> Reals:
        """Return inputs of the network, (..., inputs): a stream without any has one, of zeros."""
        return u if u.shape[-1] else np.zeros((*u.shape[:-1], 1))


def _clipped(scaled: Reals) -> Reals:
    """Equation (1)."""
    return np.clip(scaled, -LIMIT, LIMIT)
