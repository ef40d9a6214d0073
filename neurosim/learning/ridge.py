"""Ridge regression: outputs collect what they see, and solve for their weights once, at the end.

Steps ``washout`` to ``until`` of a run are collected; with the last of them an output solves for
the weights with which it would have erred least, and runs on with these::

    h_j = d_o z_j                                         (regression.py)                (1)
    G  <- G + h h^T,    b <- b + e_o h                                                   (2)
    (G + ridge I) g_o = b - ridge w_o                                                    (3)
    w_oj <- w_oj + rate g_oj                              once                           (4)

For a linear output at rate 1 that is the minimum of ``sum e^2 + ridge |w|^2``; for others it is one
step of the Gauss-Newton method. Units without a target learn nothing, so this is a rule for
readouts of a fixed reservoir. In messages an output gathers n^2 words on its own and solves (3) by
itself, by Cholesky's factors: (n^3 - n) / 6 multiplications and additions, n roots and
n (n - 1) / 2 divisions, then forward and back n (n - 1) multiplications and additions and 2 n
divisions. A run longer than ``period`` begins anew. Teacher forcing, equation (2) of
``parts/regression.py``, lasts as long as it collects.

H. Jaeger and H. Haas, Science 304, 2004, doi 10.1126/science.1091277; M. Lukosevicius, "A practical
guide to applying echo state networks", 2012, doi 10.1007/978-3-642-35289-8_36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.learning import checking
from neurosim.learning.counts import Census, Counts
from neurosim.learning.parts import regression
from neurosim.learning.rule import (
    ERROR,
    Beat,
    Outcome,
    Rule,
    fire,
    forward_cost,
    listen,
    mean_step,
    speak,
    whole_tick,
)
from neurosim.model.arithmetic import Array, Number
from neurosim.model.kinds import LIF, PLAIN
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Fma, Method, Operation, Solve, Words, every


class State(NamedTuple):
    """What is kept of a step.

    Activations and potentials (..., units), steps done, G (..., outputs, places, places), b (...,
    outputs, places), targets (..., outputs) with teacher forcing, the places (outputs, places).
    """

    y: Array
    v: Array | None
    steps: int
    G: Array
    b: Array
    teacher: Array | None
    places: Array


@dataclass(frozen=True)
class Ridge(Rule):
    """Ridge regression at the outputs (Jaeger and Haas 2004).

    Attributes
    ----------
    ridge
        How much the squares of the weights weigh beside those of the errors.
    washout
        Steps at the beginning that are not collected.
    until
        Steps, counted from the first of all, after which it solves; None for all of the run.
    steps
        Steps of the run, as far as it is not said by whoever runs it.
    teacher_forcing
        Whether others hear an output's target in place of its activation up to then.
    """

    learning_rate: float = 1.0
    ridge: float = 1e-5
    washout: int = 0
    until: int | None = None
    steps: int | None = None
    teacher_forcing: bool = False

    name: ClassVar[str] = "ridge"
    title: ClassVar[str] = "Ridge"
    citation: ClassVar[str] = "Jaeger and Haas 2004, doi 10.1126/science.1091277"
    order_multiplications: ClassVar[str] = "n^2"
    order_words: ClassVar[str] = "n^2"
    kinds: ClassVar[frozenset[str]] = frozenset({PLAIN, LIF})

    def __post_init__(self) -> None:
        super().__post_init__()
        regression.checked(self, self.ridge, self.teacher_forcing)
        given = {"washout": (self.washout, 0), "until": (self.until, 1), "steps": (self.steps, 1)}
        for name, (value, least) in given.items():
            if value is not None:
                checking.whole(f"Ridge.{name}", value, least)
        if self.until is not None and self.washout >= self.until:
            raise UserError(
                f"Ridge.washout: leaves none of {self.until} steps to collect"
                f" (got {self.washout}). Give less of it, or a larger until."
            )

    @property
    def period(self) -> int:
        """Steps of the run."""
        if self.steps is None:
            raise UserError("Ridge.steps: say how many; without it they are those of a run.")
        return max(self.steps, self._until)

    @property
    def _until(self) -> int:
        return self.until or self.steps or 1

    @property
    def beats(self) -> tuple[Beat, ...]:
        """Steps that wash out, collect or run on, and the one that solves."""
        end, whole = self._until, self.period
        cuts = sorted({0, self.washout, self.washout + 1, end - 1, end, end + 1, whole})
        kinds = [Beat(a, b - a) for a, b in pairwise(cuts) if b <= whole]
        return tuple(sorted(kinds, key=lambda beat: self.learns(beat.phase)))

    def learns(self, phase: int) -> bool:
        """At the end of what is collected."""
        return phase == self._until - 1

    def collects(self, phase: int) -> bool:
        """Say whether a step is one of those from which weights are found."""
        return self.washout <= phase < self._until

    def forces(self, phase: int) -> bool:
        """Say whether others hear targets in a step: those of the step before."""
        return self.teacher_forcing and phase <= self._until

    def for_steps(self, steps: int) -> Ridge:
        """Return the rule for a run of so many steps, of which it leaves some to collect."""
        end = min(self.until or steps, steps)
        return replace(self, until=end, steps=steps, washout=min(self.washout, end - 1))

    def accepts(self, number: Number) -> None:
        """Return when the number is a float."""
        regression.accepts(self, number)

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """G and b are kept, one behind the other."""
        common, n = regression.memories(neuron, self.teacher_forcing), neuron.edges
        if not neuron.is_output:
            return common
        constant = Memory("minus_ridge", 1, Role.CONSTANT, per_unit=True)
        return (*common, Memory("normal", n * n + n, Role.STORED), constant)

    def constants(self, neuron: Neuron, network: Surroundings) -> Mapping[str, Array]:
        """What weights weigh."""
        return {"minus_ridge": np.array([-self.ridge])} if neuron.is_output else {}

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (4)."""
        forces = self.forces(phase)
        yield from regression.heed(neuron, forces)
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)
        if neuron.is_output and self.collects(phase):
            yield from regression.see(neuron)  # (1)
            yield from _collected(neuron.edges, first=phase == self.washout)
        yield from regression.remember(neuron, forces and phase < self._until)
        if neuron.is_output and self.learns(phase):
            yield from self._solved(neuron.edges)
            yield from self.update(neuron, network, Words("g", 0, neuron.edges))  # (4)

    def _solved(self, n: int) -> Iterator[Operation]:
        b, pull = Words("normal", n * n, n), every(Words("minus_ridge"), n)
        yield Fma(b, Words("w", 0, n), pull, b)
        yield Solve(Words("g", 0, n), Words("normal", 0, n * n + n), self._method(n))  # (3)

    def _method(self, n: int) -> Method:
        def solve(normal: Array) -> Array:
            G, b = normal[: n * n].reshape(n, n), normal[n * n :]
            solved: Array = np.linalg.solve(G + self.ridge * np.eye(n), b)
            return solved

        products, divisions = (n**3 - n) // 6 + n * (n - 1), n + n * (n - 1) // 2 + 2 * n
        return Method("cholesky", solve, products, products + n, divisions)

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with nothing collected."""
        at, lead = regression.places(layout), y.shape[:-1]
        b = np.zeros((*lead, *at.shape), dtype=number.dtype)
        G = np.zeros((*b.shape, at.shape[1]), dtype=number.dtype)
        teacher = np.zeros((*lead, len(at)), dtype=number.dtype) if self.teacher_forcing else None
        return State(y, np.zeros_like(y), 0, G, b, teacher, at)

    def step(
        self, layout: Layout, number: Number, weights: Array, state: State, x: Array, target: Array
    ) -> Outcome:
        """Equations (1) to (3) for all outputs at once."""
        at, phase, teacher = state.places, state.steps % self.period, state.teacher
        before = regression.forced(layout, state.y, teacher if self.forces(phase) else None)
        whole = whole_tick(layout, number, weights, before, x, target, state.v)
        now, G, b = whole.forward, state.G, state.b
        gradient = np.zeros((*now.y.shape[:-1], *layout.shape), dtype=number.dtype)
        if self.collects(phase):
            h = regression.seen(layout, at, now)
            products, errors = h[..., :, None] * h[..., None, :], h * now.error[..., None]
            first = phase == self.washout
            G, b = (products, errors) if first else (G + products, b + errors)  # (2)
        if self.learns(phase):
            pulled = b - self.ridge * regression.at_outputs(layout, at, weights)
            whole_G = G + self.ridge * np.eye(at.shape[1], dtype=number.dtype)
            solved = np.linalg.solve(whole_G, pulled[..., None])[..., 0]  # (3)
            gradient = regression.at_edges(layout, at, solved)
        if teacher is not None and phase < self._until:
            teacher = target
        kept = State(now.y, whole.v, state.steps + 1, G, b, teacher, at)
        return Outcome(kept, now.y, now.error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: n^2 multiplications at an output that collects, n^3 / 6 once, n^2 words.

        Without a number of steps it is a step that collects, of which most of a run are.
        """
        if self.steps is None:
            return replace(self, washout=0, until=3, steps=3).closed_at(census, 1)
        return mean_step(self, census)

    def closed_at(self, census: Census, phase: int) -> Counts:
        """Closed forms of a step that collects, or does not, or solves."""
        c = census
        n = c.sum(lambda u: u.is_output * u.edges)
        squares = c.sum(lambda u: u.is_output * u.edges**2)
        found = forward_cost(c) + Counts(stored_words=squares + n, buffer_words=c.edges + n)
        if self.forces(phase):
            taught = c.k * (1 + (phase < self._until))
            found += Counts(reads=taught, writes=taught)
        if self.collects(phase):
            again = (squares + n) * (phase != self.washout)
            collected = Counts(
                multiplications=squares + n,
                additions=again,
                reads=squares + n + n + c.k + again,
                writes=squares + n,
            )
            found += regression.seeing_cost(c) + collected
        if self.learns(phase):
            found += self._solving_cost(c, n, squares) + regression.update_cost(c)
        return found

    def _solving_cost(self, c: Census, n: int, squares: int) -> Counts:
        def stated(figure: str) -> int:
            return c.sum(lambda u: int(u.is_output and getattr(self._method(u.edges), figure)))

        return Counts(
            multiplications=n + stated("multiplications"),
            additions=n + stated("additions"),
            divisions=stated("divisions"),
            reads=2 * n + c.k + squares + n,
            writes=2 * n,
        )


def _collected(n: int, first: bool) -> Iterator[Operation]:
    """Yield (2), row by row."""
    h = Words("h", 0, n)
    for row in range(n):
        own = Words("normal", row * n, n)
        yield Fma(own, every(Words("h", row), n), h, None if first else own)
    b = Words("normal", n * n, n)
    yield Fma(b, every(ERROR, n), h, None if first else b)
