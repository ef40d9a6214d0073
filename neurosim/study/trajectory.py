"""Rules along one learner's trajectory: what gradient each has, beside the exact one.

At every step all rules get the same weights, input and target, and keep states of their own; only
the learner moves the weights. With g a rule's gradient and r that of RTRL::

    cosine = (g . r) / (|g| |r|),     ratio = |g| / |r|                              (1)

over all learned weights, and again over those of units that are no outputs: an output's own weights
are exact in most rules, and flatter the figure. A rule that learns from a block of steps at its end
is held against the sum of r over the block (as by Marschall, Cho and Savin 2020, JMLR 21(135), for
rules that learn at every step).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.arrays import ArraysEngine
from neurosim.engines.fit import check_fit
from neurosim.learning import RTRL, Constant, Plain, Rule
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.layout import Layout
from neurosim.model.network import Network
from neurosim.study import rules as named

MEASURES = ("cosine", "norm_ratio", "hidden_cosine", "hidden_norm_ratio")
Reals = NDArray[np.float64]
OnStep = Callable[[int, Reals], object]


@dataclass(frozen=True)
class Trajectory:
    """What was seen along the way of one learner.

    Attributes
    ----------
    measures
        For each rule (steps, 4), in the order of ``MEASURES``; NaN where there is nothing to
        measure, since a gradient is zero or not finite, or none is due.
    due
        For each rule (steps,): whether it has a gradient at that step.
    errors
        The learner's own, (steps, outputs).
    interrupted
        Whether Ctrl-C ended it.
    diverged
        The step at which the learner's errors or weights were no longer finite, if any.
    """

    measures: Mapping[str, Reals]
    due: Mapping[str, NDArray[np.bool_]]
    errors: Reals
    interrupted: bool = False
    diverged: int | None = None


class Passive:
    """A rule that is shown a trajectory, and moves no weight.

    Parameters
    ----------
    name
        The text that names it, to be blamed where it is the user's own.
    rule, layout, number
        How it finds gradients, of which network, in which numbers.
    """

    def __init__(self, name: str, rule: Rule, layout: Layout, number: Number) -> None:
        self.name, self.rule, self.layout, self.number = name, rule, layout, number
        with named.blamed(name):
            self._state = rule.init(layout, number, number.encode(np.zeros(layout.units)))

    def step(self, weights: Array, x: Array, target: Array) -> Reals:
        """Return its gradient of a step as real values, (edges,), in the network's order."""
        layout = self.layout
        with named.blamed(self.name):
            outcome = self.rule.step(layout, self.number, weights, self._state, x, target)
        self._state = outcome.state
        return self.number.decode(layout.to_network(layout.learned(outcome.gradient)))


class Company:
    """Rules on the same way, and RTRL: those that are equal in all are computed once.

    Parameters
    ----------
    network, number
        What all of them compute on, and in.
    compared
        Rules by the texts that name them, ready for this run.
    exact
        RTRL, ready for this run.
    """

    def __init__(
        self, network: Network, number: Number, compared: Mapping[str, Rule], exact: Rule
    ) -> None:
        self.layout, self.number = Layout(network), number
        self.hidden = hidden_edges(network)
        self._exact = Passive(RTRL.name, exact, self.layout, number)
        self._distinct = [self._exact]
        self._by_name = {name: self._joined(name, rule) for name, rule in compared.items()}
        self._sums = {name: np.zeros(self.layout.edges) for name in compared}
        self._done = 0

    def _joined(self, name: str, rule: Rule) -> Passive:
        for other in self._distinct:
            if other.rule == rule:
                return other
        self._distinct.append(Passive(name, rule, self.layout, self.number))
        return self._distinct[-1]

    def step(self, weights: Reals, x: Array, target: Array) -> dict[str, Reals]:
        """Return the measures of the rules that have a gradient by the end of this step.

        The weights are real values, in the network's order.
        """
        number = self.number
        operands = number.operand(self.layout.from_network(number.encode(weights, Format.WEIGHT)))
        found = {id(each): each.step(operands, x, target) for each in self._distinct}
        exact, measures = found[id(self._exact)], {}
        for name, each in self._by_name.items():
            self._sums[name] += exact
            if each.rule.learns(self._done % each.rule.period):
                measures[name] = measured(found[id(each)], self._sums[name], self.hidden)
                self._sums[name] = np.zeros_like(exact)
        self._done += 1
        return measures


def follow(
    network: Network,
    learner: Rule,
    compared: Mapping[str, Rule],
    inputs: Reals,
    targets: Reals,
    number: Number,
    seed: int = 0,
    on_step: OnStep | None = None,
) -> Trajectory:
    """Let ``learner`` learn, and return how the gradients of ``compared`` stand to the exact ones.

    Parameters
    ----------
    network
        Where the learner begins; it is not changed.
    learner
        The rule that moves the weights.
    compared
        The others, by the texts that name them.
    inputs, targets
        The stream, (steps, inputs) and (steps, outputs).
    number
        What all of them compute in.
    seed
        Of rules that draw random numbers, added to their own.
    on_step
        Called after every step with its number and the learner's errors.

    Raises
    ------
    UserError
        When a rule, the network and the numbers do not fit together.
    """
    steps = len(inputs)
    engine = ArraysEngine(network, ready(learner, network, steps, seed), number)
    still = {name: ready(_still(rule), network, steps, seed) for name, rule in compared.items()}
    exact = ready(_still(RTRL()), network, steps, seed)
    for rule in (exact, *still.values()):
        check_fit(network, rule, number)
    company = Company(network, number, still, exact)
    seen = _Record(tuple(compared), steps, len(network.outputs))
    weights = engine.weights()
    try:
        with np.errstate(all="ignore"):  # what is not finite is said in the results
            for x, target in zip(number.encode(inputs), number.encode(targets), strict=True):
                measures = company.step(weights, x, target)
                error = number.decode(engine.step(x, target)[1])
                weights = engine.weights()
                seen.add(measures, error)
                if not (np.isfinite(error).all() and np.isfinite(weights).all()):
                    return seen.trajectory(diverged=seen.done - 1)
                if on_step is not None:
                    on_step(seen.done, error)
    except KeyboardInterrupt:
        return seen.trajectory(interrupted=True)
    return seen.trajectory()


class _Record:
    """What has been seen so far, a step at a time."""

    def __init__(self, names: Sequence[str], steps: int, outputs: int) -> None:
        self.done = 0
        self._measures = {name: np.full((steps, len(MEASURES)), np.nan) for name in names}
        self._due = {name: np.zeros(steps, dtype=np.bool_) for name in names}
        self._errors = np.empty((steps, outputs))

    def add(self, measures: Mapping[str, Reals], error: Reals) -> None:
        for name, values in measures.items():
            self._measures[name][self.done] = values
            self._due[name][self.done] = True
        self._errors[self.done] = error
        self.done += 1

    def trajectory(self, interrupted: bool = False, diverged: int | None = None) -> Trajectory:
        end = self.done
        return Trajectory(
            {name: values[:end] for name, values in self._measures.items()},
            {name: values[:end] for name, values in self._due.items()},
            self._errors[:end],
            interrupted,
            diverged,
        )


def ready(rule: Rule, network: Network, steps: int, seed: int) -> Rule:
    """Return the rule as it is for this network, so many steps, and a seed."""
    found = replace(rule, schedule=rule.schedule.for_steps(steps)).for_steps(steps)
    return found.for_units(len(network.units)).with_seed(seed)


def _still(rule: Rule) -> Rule:
    """Return the rule without what it would make of its gradient."""
    return replace(rule, learning_rate=0.0, optimizer=Plain(), schedule=Constant())


def hidden_edges(network: Network) -> NDArray[np.bool_]:
    """Say of every edge, in the network's order, whether its owner is no output."""
    return np.array([owner not in network.outputs for _, owner in network.edges], dtype=np.bool_)


def measured(gradient: Reals, exact: Reals, hidden: NDArray[np.bool_]) -> Reals:
    """Return (1), and (1) over the hidden edges alone: the four ``MEASURES``, (4,)."""
    return np.array([*_stands(gradient, exact), *_stands(gradient[hidden], exact[hidden])])


def _stands(gradient: Reals, exact: Reals) -> tuple[float, float]:
    """Return (1); NaN for both where a gradient is zero or not finite."""
    # scaled before they are squared, or small gradients would vanish and large ones overflow
    largest = [float(np.abs(each).max(initial=0.0)) for each in (gradient, exact)]
    if not all(0.0 < value < np.inf for value in largest):
        return np.nan, np.nan
    one, other = gradient / largest[0], exact / largest[1]
    norms = np.linalg.norm(one), np.linalg.norm(other)
    cosine = float(one @ other / (norms[0] * norms[1]))
    return min(1.0, max(-1.0, cosine)), float(norms[0] / norms[1] * (largest[0] / largest[1]))
