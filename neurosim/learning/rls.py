"""Recursive least squares: outputs whose weights are at every step the best of all steps so far.

What minimises ``sum_s lambda^(t-s) e(s)^2 + lambda^t ridge |w - w_0|^2`` follows from the solution
of the step before by the inverse correlation P of an output's own sources::

    h_j  = d_o z_j                                        (regression.py)                (1)
    u    = P h,    k = u / (lambda + h . u)                                              (2)
    g_oj = k_j e_o                                                                       (3)
    P   <- (P - k u^T) / lambda,                          P = I / ridge at first         (4)
    w_oj <- w_oj + rate g_oj                                                             (5)

which is exact for linear outputs at rate 1; for others (1) is linear in the weights to first order,
and what comes is an extended Kalman filter for each output. Units without a target learn nothing,
so this is a rule for readouts of a fixed reservoir. What an output keeps is its own: P is n^2 words
at each, though outputs with the same sources have the same P. g is the step of Newton's method, not
the gradient. Teacher forcing: equation (2) of ``parts/regression.py``.

S. Haykin, "Adaptive Filter Theory", Prentice Hall, 1986, ch. 8; for echo state networks H. Jaeger,
"Adaptive nonlinear system identification with echo state networks", NeurIPS 2002, and H. Jaeger and
H. Haas, Science 304, 2004, doi 10.1126/science.1091277.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.learning.checking import within
from neurosim.learning.counts import Census, Counts, Kind
from neurosim.learning.parts import regression
from neurosim.learning.rule import (
    ERROR,
    MINUS_ONE,
    Outcome,
    Rule,
    fire,
    forward_cost,
    listen,
    speak,
    whole_tick,
)
from neurosim.model.arithmetic import Array, Number
from neurosim.model.kinds import LIF, PLAIN
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Divide, Dot, Fma, Operation, Phase, Words, every

ONE, FORGETTING, INVERSE = Words("one"), Words("forgetting"), Words("inverse")
SCALE, GAIN = Words("scale"), Words("gain")


class State(NamedTuple):
    """What is kept of a step.

    Activations and potentials (..., units), P (..., outputs, places, places), targets (...,
    outputs) where there is teacher forcing, and the places themselves (outputs, places).
    """

    y: Array
    v: Array | None
    P: Array
    teacher: Array | None
    places: Array


@dataclass(frozen=True)
class RLS(Rule):
    """Recursive least squares at the outputs (Jaeger and Haas 2004).

    Attributes
    ----------
    ridge
        How much the squares of the weights' changes weigh beside those of the errors.
    forgetting
        lambda, what an error weighs a step later, above 0 and at most 1.
    teacher_forcing
        Whether others hear an output's target in place of its activation.
    """

    learning_rate: float = 1.0
    ridge: float = 1e-5
    forgetting: float = 1.0
    teacher_forcing: bool = False

    name: ClassVar[str] = "rls"
    title: ClassVar[str] = "RLS"
    citation: ClassVar[str] = "Jaeger and Haas 2004, doi 10.1126/science.1091277"
    order_multiplications: ClassVar[str] = "n^2"
    order_words: ClassVar[str] = "n^2"
    kinds: ClassVar[frozenset[str]] = frozenset({PLAIN, LIF})

    def __post_init__(self) -> None:
        super().__post_init__()
        regression.checked(self, self.ridge, self.teacher_forcing)
        within("RLS.forgetting", self.forgetting, 0, math.inf, least=False)
        if self.forgetting > 1:
            raise UserError(f"RLS.forgetting: must be at most 1 (got {self.forgetting!r}).")

    @property
    def forgets(self) -> bool:
        """Whether errors weigh less as time goes by."""
        return self.forgetting < 1

    def accepts(self, number: Number) -> None:
        """Return when the number is a float."""
        regression.accepts(self, number)

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """P is kept."""
        common, n = regression.memories(neuron, self.teacher_forcing), neuron.edges
        if not neuron.is_output:
            return common
        inverse = (Memory("inverse", 1, Role.CONSTANT, per_unit=True),) if self.forgets else ()
        return (
            *common,
            Memory("P", n * n, Role.STORED),
            *(Memory(name, n) for name in ("u", "k", "minus_k")),
            *(Memory(name, 1, per_unit=True) for name in ("scale", "gain")),
            *(Memory(name, 1, Role.CONSTANT, per_unit=True) for name in ("one", "forgetting")),
            *inverse,
        )

    def constants(self, neuron: Neuron, network: Surroundings) -> Mapping[str, Array]:
        """P at first, and lambda."""
        if not neuron.is_output:
            return {}
        found = {
            "P": np.eye(neuron.edges).ravel() / self.ridge,
            "one": np.ones(1),
            "forgetting": np.array([self.forgetting]),
        }
        return {**found, "inverse": 1 / found["forgetting"]} if self.forgets else found

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (5)."""
        n = neuron.edges
        yield from self._tick(neuron)
        if not neuron.is_output:
            return
        yield from (_row_of_u(n, row) for row in range(n))
        yield from self._gained(n)
        yield from (_row_of_p(n, row) for row in range(n))
        yield from self._ended(neuron, network)

    def work(self, kind: Kind, census: Census) -> Iterator[tuple[int, Operation]]:
        """The program, with the rows of P said once."""
        neuron, n = kind.example, kind.example.edges
        yield from ((1, operation) for operation in self._tick(neuron))
        if not neuron.is_output:
            return
        yield n, _row_of_u(n, 0)
        yield from ((1, operation) for operation in self._gained(n))
        yield n, _row_of_p(n, 0)
        yield from ((1, operation) for operation in self._ended(neuron, census.network))

    def _tick(self, neuron: Neuron) -> Iterator[Operation]:
        yield from regression.heed(neuron, self.teacher_forcing)
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)
        if neuron.is_output:
            yield from regression.see(neuron)  # (1)

    def _gained(self, n: int) -> Iterator[Operation]:
        """Find k, and what goes before the rows of (4)."""
        u, k, minus = Words("u", 0, n), Words("k", 0, n), Words("minus_k", 0, n)
        yield Dot(SCALE, u, Words("h", 0, n), FORGETTING)
        yield Divide(GAIN, ONE, SCALE)
        yield Fma(k, u, every(GAIN, n))  # (2)
        yield Fma(Words("g", 0, n), k, every(ERROR, n))  # (3)
        yield Phase("sensitivity")
        yield Fma(minus, k, every(MINUS_ONE, n))
        if self.forgets:
            yield Fma(minus, minus, every(INVERSE, n))
            whole = Words("P", 0, n * n)
            yield Fma(whole, whole, every(INVERSE, n * n))

    def _ended(self, neuron: Neuron, network: Surroundings) -> Iterator[Operation]:
        yield from regression.remember(neuron, self.teacher_forcing)
        yield from self.update(neuron, network, Words("g", 0, neuron.edges))  # (5)

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with P as if nothing had been seen."""
        at, lead = regression.places(layout), y.shape[:-1]
        P = np.broadcast_to(np.eye(at.shape[1]) / self.ridge, (*lead, len(at), *2 * at.shape[1:]))
        zeros = np.zeros((*lead, len(at)), dtype=number.dtype)
        teacher = zeros if self.teacher_forcing else None
        return State(y, np.zeros_like(y), P.astype(number.dtype, copy=False), teacher, at)

    def step(
        self, layout: Layout, number: Number, weights: Array, state: State, x: Array, target: Array
    ) -> Outcome:
        """Equations (1) to (4) for all outputs at once."""
        at, before = state.places, regression.forced(layout, state.y, state.teacher)
        whole = whole_tick(layout, number, weights, before, x, target, state.v)
        now = whole.forward
        h = regression.seen(layout, at, now)  # (1)
        u = np.matmul(state.P, h[..., None])[..., 0]
        k = u * (1 / (self.forgetting + (u * h).sum(axis=-1, keepdims=True)))  # (2)
        gradient = regression.at_edges(layout, at, k * now.error[..., None])  # (3)
        P = state.P - k[..., :, None] * u[..., None, :]
        P = P / self.forgetting if self.forgets else P  # (4)
        teacher = target if self.teacher_forcing else None
        kept = State(now.y, whole.v, P.astype(number.dtype), teacher, at)
        return Outcome(kept, now.y, now.error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: 2 n^2 multiplications at an output, 3 n^2 if it forgets, and n^2 words."""
        c, some = census, int(self.forgets)
        k, n = c.k, c.sum(lambda u: u.is_output * u.edges)
        squares = c.sum(lambda u: u.is_output * u.edges**2)
        taught = 2 * k * self.teacher_forcing
        solving = Counts(
            multiplications=(2 + some) * squares + (4 + some) * n,
            additions=squares - n + n + squares,
            divisions=k,
            reads=2 * squares + (2 * n + k) + 2 * k + 3 * (n + k)
            + some * (n + k + squares + k) + 2 * squares + n + taught,
            writes=n + k + k + 3 * n + some * (n + squares) + squares + taught,
            stored_words=squares,
            buffer_words=c.edges + 4 * n + 2 * k,
        )  # fmt: skip
        readout = regression.seeing_cost(c) + regression.update_cost(c)
        return forward_cost(c) + readout + solving


def _row_of_u(n: int, row: int) -> Operation:
    return Dot(Words("u", row), Words("P", row * n, n), Words("h", 0, n))  # (2)


def _row_of_p(n: int, row: int) -> Operation:
    own = Words("P", row * n, n)
    return Fma(own, every(Words("minus_k", row), n), Words("u", 0, n), own)  # (4)
