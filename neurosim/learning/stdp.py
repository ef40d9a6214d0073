"""Spike-timing-dependent plasticity, pair by pair: no error, only who spiked first.

Every edge has a trace of the spikes that came over it, every unit one of its own. A spike of the
unit pays for those that came before, and a spike that comes pays for those of the unit before::

    x_ij <- exp(-1/tau_plus) x_ij + z_j                                              (1)
    m_i   = exp(-1/tau_minus) y^trace_i                                              (2)
    g_ij  = A_plus y_i x_ij - A_minus z_j m_i                                        (3)
    y^trace_i <- m_i + y_i                                                           (4)
    w_ij <- w_ij + rate g_ij,       kept from 0 to w_max                             (5)

so a pair at a distance of ``n = t_post - t_pre`` steps changes the weight by ``A_plus exp(-n /
tau_plus)`` where n >= 0, as a spike that comes in the tick of the unit's own comes before it, and
by ``-A_minus exp(n / tau_minus)`` where n < 0; t_pre is when it comes, a tick after it was sent.
All pairs count. The bounds of (5) are hard: g is cut to what is left, and a weight that begins
outside is brought in. Where the bias, or a weight below 0, is not to learn, its edge is ``fixed``.
Units that do not spike are taken by their activations: a Hebbian rule with traces.

G. Bi and M. Poo, "Synaptic modifications in cultured hippocampal neurons", Journal of Neuroscience
18(24), 1998, doi 10.1523/JNEUROSCI.18-24-10464.1998; S. Song, K. D. Miller and L. F. Abbott,
"Competitive Hebbian learning through spike-timing-dependent synaptic plasticity", Nature
Neuroscience 3, 2000, doi 10.1038/78829, whose figures are the defaults, a step being 1 ms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.learning.checking import within
from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import (
    Outcome,
    Rule,
    Y,
    fire,
    listen,
    speak,
    tick_cost,
    whole_tick,
)
from neurosim.model.arithmetic import Array, Float, Number
from neurosim.model.kinds import LIF, PLAIN
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Clip, Fma, Operation, Phase, Words, every

POST, UP, DOWN = Words("post"), Words("up"), Words("down")
KEEP_PLUS, KEEP_MINUS = Words("keep_plus"), Words("keep_minus")
A_PLUS, A_MINUS = Words("a_plus"), Words("a_minus")
BOUNDS = ("inverse", "minus_inverse", "half", "minus_half")


class State(NamedTuple):
    """Activations, potentials and traces of units (..., units), and traces (..., edges)."""

    y: Array
    v: Array | None
    post: Array
    x: Array


@dataclass(frozen=True)
class STDP(Rule):
    """Pair-based spike-timing-dependent plasticity (Song, Miller and Abbott 2000).

    Attributes
    ----------
    a_plus, a_minus
        What a pair of spikes at no distance gives and takes.
    tau_plus, tau_minus
        Steps in which that falls to 1/e, for pairs that give and for pairs that take.
    w_max
        The largest weight, the smallest being 0; None leaves weights unbounded.
    """

    learning_rate: float = 1.0
    a_plus: float = 0.005
    a_minus: float = 0.00525
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    w_max: float | None = 1.0

    name: ClassVar[str] = "stdp"
    title: ClassVar[str] = "STDP"
    citation: ClassVar[str] = "Song, Miller and Abbott 2000, doi 10.1038/78829"
    order_multiplications: ClassVar[str] = "n^2"
    order_words: ClassVar[str] = "n^2"
    kinds: ClassVar[frozenset[str]] = frozenset({PLAIN, LIF})

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("a_plus", "a_minus", "tau_plus", "tau_minus", "w_max"):
            value = getattr(self, name)
            if value is not None or name != "w_max":
                within(f"STDP.{name}", value, 0, math.inf, least=name.startswith("a"))

    @property
    def bounded(self) -> bool:
        """Whether weights have bounds, and move at all."""
        return self.w_max is not None and self.learning_rate > 0

    def accepts(self, number: Number) -> None:
        """Return when the number is a float, or weights have no bounds."""
        if self.bounded and not self.optimizer.plain:
            raise UserError(
                f"STDP: {self.optimizer.title} would take weights beyond their bounds. Leave the"
                " optimizer out, or the bounds, with w_max None."
            )
        if self.w_max is not None and not isinstance(number, Float):
            raise UserError(
                f"STDP: {number.name} is too coarse for the bounds of weights. Learn in Float(), or"
                " leave them out with w_max None."
            )

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """A trace for each edge and one of the unit are kept."""
        n = neuron.edges
        numbers = ("keep_plus", "keep_minus", "a_plus", "a_minus")
        bounds = BOUNDS if self.bounded else ()
        return (
            Memory("x", n, Role.STORED),
            Memory("post", 1, Role.STORED, per_unit=True),
            Memory("g", n),
            *((Memory("moved", n),) if self.bounded else ()),
            *(Memory(name, 1, per_unit=True) for name in ("up", "down")),
            *(Memory(name, 1, Role.CONSTANT, per_unit=True) for name in (*numbers, *bounds)),
        )

    @property
    def _numbers(self) -> dict[str, float]:
        found = {
            "keep_plus": math.exp(-1 / self.tau_plus),
            "keep_minus": math.exp(-1 / self.tau_minus),
            "a_plus": self.a_plus,
            "a_minus": -self.a_minus,
        }
        if self.bounded:
            assert self.w_max is not None
            inverse, half = 1 / self.learning_rate, self.w_max / self.learning_rate / 2
            found |= dict(zip(BOUNDS, (inverse, -inverse, half, -half), strict=True))
        return found

    def constants(self, neuron: Neuron, network: Surroundings) -> Mapping[str, Array]:
        """How traces fade, what pairs give and take, and the bounds in steps of the rate."""
        return {name: np.array([value]) for name, value in self._numbers.items()}

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (5)."""
        n = neuron.edges
        x, g, z = Words("x", 0, n), Words("g", 0, n), Words("z", 0, n)
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)
        yield Phase("sensitivity")
        yield Fma(x, every(KEEP_PLUS, n), x, z)  # (1)
        yield Fma(POST, KEEP_MINUS, POST)  # (2)
        yield Phase("gradient")
        yield Fma(UP, Y, A_PLUS)
        yield Fma(DOWN, POST, A_MINUS)
        yield Fma(g, every(UP, n), x)  # (3)
        yield Fma(g, every(DOWN, n), z, g)
        yield Fma(POST, Y, None, POST)  # (4)
        if self.bounded:
            yield from _bounded(n)
        yield from self.update(neuron, network, g)  # (5)

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with all traces and potentials zero."""
        x = np.zeros((*y.shape[:-1], *layout.shape), dtype=number.dtype)
        return State(y, np.zeros_like(y), np.zeros_like(y), x)

    def step(
        self, layout: Layout, number: Number, weights: Array, state: State, x: Array, target: Array
    ) -> Outcome:
        """Equations (1) to (4), and what is left of g in (5), for all edges at once."""
        whole = whole_tick(layout, number, weights, state.y, x, target, state.v)
        now, real = whole.forward, {k: number.encode(v) for k, v in self._numbers.items()}
        z = layout.at_source(now.z)
        trace = number.fma(z, real["keep_plus"], state.x)  # (1)
        post = number.multiply(real["keep_minus"], state.post)  # (2)
        up, down = number.multiply(now.y, real["a_plus"]), number.multiply(post, real["a_minus"])
        g = number.multiply(layout.at_owner(up), trace)  # (3)
        g = number.fma(g, layout.at_owner(down), z)
        if self.bounded:
            moved = np.clip(
                g + weights * real["inverse"] - real["half"], real["minus_half"], real["half"]
            )
            g = moved + weights * real["minus_inverse"] + real["half"]
        kept = State(now.y, whole.v, number.add(post, now.y), trace)  # (4)
        return Outcome(kept, now.y, now.error, g)

    def closed(self, census: Census) -> Counts:
        """Closed forms: three multiplications an edge, two more for its bounds; a word an edge."""
        c, n, units, some = census, census.edges, census.n, int(self.bounded)
        traced = Counts(
            multiplications=3 * n + 3 * units + some * 2 * n,
            additions=2 * n + units + some * 5 * n,
            reads=5 * n + 11 * units + some * (7 * n + 5 * units),
            writes=3 * n + 4 * units + some * 5 * n,
            stored_words=n + units,
            buffer_words=n + 2 * units + some * n,
        )
        return tick_cost(c) + traced


def _bounded(n: int) -> Iterator[Operation]:
    """Cut g so that the weight stays within its bounds, by where it moves from their middle."""
    w, g, moved = Words("w", 0, n), Words("g", 0, n), Words("moved", 0, n)
    inverse, minus_inverse, half, minus_half = (every(Words(name), n) for name in BOUNDS)
    yield Fma(moved, w, inverse, g)
    yield Fma(moved, minus_half, None, moved)
    yield Clip(moved, moved, Words("half"))
    yield Fma(g, w, minus_inverse, moved)
    yield Fma(g, half, None, g)
