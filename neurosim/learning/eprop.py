"""e-prop: eligibility traces of a unit's own state, and a learning signal from the outputs.

The past reaches a weight's effect through the state h_i of its own unit alone: eps_ij = dh_i/dw_ij
goes forward by ``dh_i/dh_i``, and ``dy_i/dh_i`` makes the trace of it. With a_i the leak::

    rate   h = y:  y_i <- (1 - a_i) y_i + a_i f(s_i),      d_i = a_i f'(s_i)
                   eps_ij <- (1 - a_i) eps_ij + d_i z_j,   trace_ij = eps_ij         (1)
    spike  h = v:  v_i <- (1 - a_i) v_i + s_i - y_i,       y_i = 1 where v_i >= 1
                   eps_ij <- (1 - a_i) eps_ij + z_j,       trace_ij = psi_i eps_ij   (2)

    v_o  = e_o d_o,    L_i = sum_o b_io v_o                                          (3)
    g_ij = L_i F_ij + v_i z_j             at an output with the trace in place of F  (4)
    F_ij <- kappa F_ij + trace_ij                                                    (5)
    w_ij <- w_ij + rate g_ij                                                         (6)

with s = W z, psi the pseudo-derivative of a spike, and F of the step before in (4), for outputs are
units here and hear the others one tick late. (5) is what an output that leaks makes of its past,
``kappa = 1 - a_o``; where outputs are linear and leak so, the gradient is exact but for spikes, or
activations, that come back to a unit by edges. With kappa 0 and no spikes the rule is RFLO.
Feedback b is ``symmetric`` (the weights) or ``random``, as there.

G. Bellec, F. Scherr, A. Subramoney, E. Hajek, D. Salaj, R. Legenstein and W. Maass, "A solution to
the learning dilemma for recurrent networks of spiking neurons", Nature Communications 11:3625,
2020, doi 10.1038/s41467-020-17236-y.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar, NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.learning.counts import Census, Counts
from neurosim.learning.parts import traces
from neurosim.learning.parts.feedback import FedBack
from neurosim.learning.parts.traces import Trace
from neurosim.learning.rule import (
    KEEP,
    SLOPE,
    Forward,
    Outcome,
    fire,
    listen,
    speak,
    tick_cost,
    whole_tick,
)
from neurosim.model.arithmetic import Array, Number
from neurosim.model.kinds import LIF, PLAIN
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Role, Surroundings
from neurosim.model.operations import Fma, Operation, Phase, Words, every

OWN_STATE = Trace(loops=False, leaks=True)
KAPPA = Words("kappa")


class State(NamedTuple):
    """What is kept of a step.

    Activations, and the potentials of units that spike, (..., units); eps, and F of (5), which at
    outputs is the trace, (..., edges); random feedback (units, outputs).
    """

    y: Array
    v: Array
    eps: Array
    filtered: Array
    feedback: Array


@dataclass(frozen=True)
class EProp(FedBack):
    """e-prop (Bellec and others 2020).

    Attributes
    ----------
    kappa
        How much of its past the filter of (5) keeps a step, from 0 to below 1: the ``1 - leak``
        of the outputs.
    """

    kappa: float = 0.0

    name: ClassVar[str] = "eprop"
    title: ClassVar[str] = "e-prop"
    citation: ClassVar[str] = "Bellec and others 2020, doi 10.1038/s41467-020-17236-y"
    order_multiplications: ClassVar[str] = "n^2"
    order_words: ClassVar[str] = "n^2"
    kinds: ClassVar[frozenset[str]] = frozenset({PLAIN, LIF})

    def __post_init__(self) -> None:
        super().__post_init__()
        kappa = self.kappa
        if not isinstance(kappa, Real) or isinstance(kappa, bool) or not 0 <= kappa < 1:
            raise UserError(f"EProp.kappa: must be a number from 0 to below 1 (got {kappa!r}).")

    def filters(self, neuron: Neuron) -> bool:
        """Whether a unit keeps F apart from eps; outputs learn by the trace of their own state."""
        return self.kappa > 0 and not neuron.is_output

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """The traces are kept, filtered too, and a unit's own weights of random feedback."""
        n = neuron.edges
        kept = (*traces.memories(neuron, OWN_STATE), *self.back.memories(neuron, network))
        if neuron.spikes:
            if neuron.is_output:
                raise _no_spikes(neuron.name)
            kept = (*kept, Memory("eps", n, Role.STORED))
        if not self.filters(neuron):
            return kept
        kappa = Memory("kappa", 1, Role.CONSTANT, per_unit=True)
        return (*kept, Memory("filtered", n, Role.STORED), kappa)

    def constants(self, neuron: Neuron, network: Surroundings) -> Mapping[str, Array]:
        """The constant of the filter, and the unit's row of random feedback."""
        kappa = {"kappa": np.array([self.kappa])} if self.filters(neuron) else {}
        return {**kappa, **super().constants(neuron, network)}

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1) to (6)."""
        n = neuron.edges
        yield from speak(neuron)
        yield from listen(neuron)
        yield from fire(neuron)
        yield from self.back.program(neuron, network)
        name = "filtered" if self.filters(neuron) else "a"
        yield from traces.gradient(neuron, not self.back.silent(neuron), name)
        if neuron.spikes:
            eps = Words("eps", 0, n)
            yield Phase("sensitivity")
            yield Fma(eps, every(KEEP, n), eps, Words("z", 0, n))  # (2)
            yield Fma(Words("a", 0, n), every(SLOPE, n), eps)
        else:
            yield from traces.advance(neuron, OWN_STATE)  # (1)
        if self.filters(neuron):
            filtered = Words("filtered", 0, n)
            yield Fma(filtered, every(KAPPA, n), filtered, Words("a", 0, n))  # (5)
        yield from self.update(neuron, network, Words("g", 0, n))

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with all traces and potentials zero."""
        if np.isin(layout.outputs, layout.spiking).any():
            raise _no_spikes("one of them")
        zeros = np.zeros((*y.shape[:-1], *layout.shape), dtype=number.dtype)
        return State(y, np.zeros_like(y), zeros, zeros, self.feedback_weights(layout, number))

    def step(
        self,
        layout: Layout,
        number: Number,
        weights: Array,
        state: State,
        x: Array,
        target: Array,
    ) -> Outcome:
        """Equations (1) to (5) for all edges at once."""
        whole = whole_tick(layout, number, weights, state.y, x, target, state.v)
        now, v = whole.forward, state.v if whole.v is None else whole.v
        signal = self.back.signal(layout, number, weights, state.feedback, now)  # (3)
        gradient = traces.at_edges(layout, number, signal, state.filtered, now)  # (4)
        eps = trace = traces.advanced(layout, number, weights, state.eps, now, OWN_STATE)  # (1)
        if len(layout.spiking):
            eps, trace = _charged(layout, number, state.eps, now, eps)
        if self.kappa > 0:
            kappa = np.full(layout.units, self.kappa)
            kappa[layout.outputs] = 0.0
            trace = number.fma(trace, layout.at_owner(number.encode(kappa)), state.filtered)
        return Outcome(State(now.y, v, eps, trace, state.feedback), now.y, now.error, gradient)

    def closed(self, census: Census) -> Counts:
        """Closed forms: two multiplications an edge, one for its leak, and one for its filter."""
        c = census
        found = traces.gradient_cost(c, self.back.silent) + traces.advance_cost(c, OWN_STATE)
        n, filtering = c.sum(lambda u: u.edges * self.filters(u)), c.sum(self.filters)
        filters = Counts(
            multiplications=n,
            additions=n,
            reads=2 * n + filtering,
            writes=n,
            stored_words=n,
        )
        spiking = c.sum(lambda u: u.edges * u.spikes)
        states = Counts(
            multiplications=spiking,
            additions=spiking,
            reads=2 * spiking + c.sum(lambda u: u.spikes),
            writes=spiking,
            stored_words=spiking,
        )
        return tick_cost(c) + self.back.cost(c) + found + filters + states


def _charged(
    layout: Layout, number: Number, before: Array, now: Forward, eps: Array
) -> tuple[Array, Array]:
    """Do (2) where a unit spikes; return eps, and the traces, of all edges."""
    spikes = np.zeros(layout.units, dtype=bool)
    spikes[layout.spiking] = True
    keep = layout.at_owner(number.encode(1.0 - layout.leak))
    charged = number.fma(layout.at_source(now.z), keep, before)
    eps = np.where(layout.at_owner(spikes), charged, eps)
    traced = number.multiply(layout.at_owner(now.slope), eps)
    return eps, np.where(layout.at_owner(spikes), traced, eps)


def _no_spikes(which: str) -> UserError:
    return UserError(
        f"EProp: the error is read from outputs that do not spike, and {which} does. Let a linear"
        " unit that leaks read the spikes."
    )
