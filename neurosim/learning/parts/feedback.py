"""How the error of the outputs gets to the units: by the weights, or by random ones that stay.

::

    v_o = e_o d_o                                                                    (1)
    q_i = sum_o v_o w_oi          symmetric: back along the edges (``blame.py``)     (2)
    q_i = sum_o v_o b_io          random: broadcast, i no output                     (3)

Outputs know their own error, so random feedback tells them nothing; one that leaks remembers its
own part, ``q_i = e_i (1 - a_i)``. T. P. Lillicrap, D. Cownden, D. B. Tweed and C. J. Akerman,
"Random synaptic feedback weights support error backpropagation for deep learning", Nature
Communications 7:13276, 2016, doi 10.1038/ncomms13276.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from neurosim.errors import UserError, nearest
from neurosim.learning import checking
from neurosim.learning.counts import Census, Counts
from neurosim.learning.parts import blame
from neurosim.learning.parts.blame import Q, Signal, V
from neurosim.learning.rule import ERROR, KEEP, SLOPE, Forward, Rule
from neurosim.model import messages
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Dot, Fma, Operation, Phase, Receive, Send, Words


class Feedback(NamedTuple):
    """A way back for the error.

    Attributes
    ----------
    memories
        What a neuron needs for it.
    program
        (1), and (2) or (3).
    signal
        The same for all units at once, from the weights, and from those of (3).
    silent
        Whether a neuron hears nothing, so that it has no q.
    cost
        Closed form of ``program``.
    """

    memories: Callable[[Neuron, Surroundings], tuple[Memory, ...]]
    program: Callable[[Neuron, Surroundings], Iterator[Operation]]
    signal: Callable[[Layout, Number, Array, Array, Forward], Signal]
    silent: Callable[[Neuron], bool]
    cost: Callable[[Census], Counts]


@lru_cache(maxsize=4)
def drawn(units: int, outputs: tuple[int, ...], seed: int) -> Array:
    """Return the weights b_io of (3), shape (units, outputs), uniform with variance 1 / units.

    ``outputs`` are the numbers of the outputs, whose own rows are zero.
    """
    shape = (units, len(outputs))
    most = float(np.sqrt(3 / units))
    weights: Array = np.random.default_rng(seed).uniform(-most, most, shape)
    weights[list(outputs)] = 0.0
    return weights


def _numbers(network: Surroundings) -> tuple[int, ...]:
    return tuple(network.numbers[name] for name in network.outputs)


def _silent(neuron: Neuron) -> bool:
    return neuron.is_output and not neuron.leaks


def _memories(neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
    q = Memory("q", 1, per_unit=True)
    if neuron.is_output:
        return (Memory("v", 1, per_unit=True), *([q] if neuron.leaks else []))
    k = len(network.outputs)
    return (Memory("feedback", k, Role.STORED), Memory("error_in", k, Role.INBOX), q)


def _program(neuron: Neuron, network: Surroundings) -> Iterator[Operation]:
    """Equations (1) and (3)."""
    outputs, k = _numbers(network), len(network.outputs)
    yield Phase("error")
    if not neuron.is_output:
        yield Receive(messages.ERROR, Words("error_in", 0, k), outputs)
        yield Dot(Q, Words("feedback", 0, k), Words("error_in", 0, k))
        return
    yield Fma(V, ERROR, SLOPE)
    if told := set(range(len(network.units))).difference(outputs):
        yield Send(messages.ERROR, V, tuple(sorted(told)), broadcast=True)
    if neuron.leaks:
        yield Fma(Q, ERROR, KEEP)


def _signal(
    layout: Layout, number: Number, weights: Array, feedback: Array, now: Forward
) -> Signal:
    v = number.multiply(now.error, now.slope[..., layout.outputs])
    q = number.matmul(feedback, v[..., None])[..., 0]
    return Signal(v, blame.with_leaks(layout, number, q, now))


def _cost(census: Census) -> Counts:
    n, k = census.n, census.k
    hidden, kept = n - k, census.sum(lambda u: u.is_output and u.leaks)
    told = k * hidden
    return Counts(
        multiplications=k + told + kept,
        additions=hidden * (k - 1),
        reads=2 * k + k * (hidden > 0) + 2 * told + 2 * kept,
        writes=k + told + hidden + kept,
        words_sent=told,
        words_received=told,
        words_broadcast=told,
        stored_words=told,
        buffer_words=k + told + hidden + kept,
    )


SYMMETRIC = Feedback(
    memories=lambda neuron, network: blame.memories(neuron),
    program=lambda neuron, network: blame.blame(neuron),
    signal=lambda layout, number, weights, _, now: blame.blamed(layout, number, weights, now),
    silent=lambda neuron: False,
    cost=blame.cost,
)
RANDOM = Feedback(_memories, _program, _signal, _silent, _cost)
FEEDBACKS = {"symmetric": SYMMETRIC, "random": RANDOM}


@dataclass(frozen=True)
class FedBack(Rule):
    """A rule whose units learn from what comes back to them of the outputs' error.

    Attributes
    ----------
    feedback
        ``symmetric``, by the weights to the outputs, or ``random``, by fixed weights.
    feedback_seed
        Draws the weights of random feedback.
    """

    feedback: Literal["symmetric", "random"] = "symmetric"
    feedback_seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        name, seed = type(self).__name__, self.feedback_seed
        if self.feedback not in FEEDBACKS:
            raise UserError(
                f"{name}.feedback: must be one of {', '.join(FEEDBACKS)}"
                f" (got {self.feedback!r}).{nearest(str(self.feedback), FEEDBACKS)}"
            )
        checking.whole(f"{name}.feedback_seed", seed)

    @property
    def back(self) -> Feedback:
        """The way back for the error."""
        return FEEDBACKS[self.feedback]

    def constants(self, neuron: Neuron, network: Surroundings) -> Mapping[str, Array]:
        """The unit's own weights of random feedback."""
        if self.feedback == "symmetric" or neuron.is_output:
            return {}
        weights = drawn(len(network.units), _numbers(network), self.feedback_seed)
        return {"feedback": weights[neuron.number]}

    def feedback_weights(self, layout: Layout, number: Number) -> Array:
        """Return the weights of random feedback as words, (units, outputs)."""
        outputs = tuple(layout.outputs.tolist())
        return number.encode(drawn(layout.units, outputs, self.feedback_seed))
