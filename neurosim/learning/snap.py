"""SnAp-n: real-time recurrent learning that keeps what a weight moves within n steps.

The influence of RTRL, ``G <- J G + M`` with ``J = diag(d) W + diag(1 - a)`` and the immediate
``M[k; ij] = delta_ki d_k z_j``, with all words left out that are zero n steps after a start::

    s_k    = sum_j w_kj z_j,    y_k <- (1 - a_k) y_k + a_k f(s_k),    d_k = a_k f'(s_k)  (1)
    G^k_ij <- d_k ( sum_l w_kl G^l_ij + delta_ki z_j ) + (1 - a_k) G^k_ij            (2)
              kept where a path of at most n - 1 edges leads from i to k
    g_ij   = sum_o e_o p^o_ij,    p^o_ij as (2) has it for k = o before it is left out  (3)
    w_ij   <- w_ij + rate g_ij                                                       (4)

Menick and others read the loss from outputs that are no part of the state. Outputs are units here,
a tick behind those they hear: (3) is their one hop, and keeps nothing. On a complete graph n = 2
is RTRL; in a ring of N units n = N is the first that is exact.

n = 1 keeps the diagonal of J (``a_ij = G^i_ij`` alone), n = 0 not even that (``a_ij = d_i z_j``,
immediate derivatives only). Then (3) factors through one hop of error, as in TRTRL, and no
sensitivity is sent at all (``parts/blame.py``, ``parts/traces.py``)::

    v_o = e_o d_o,    q_l = sum_o v_o w_ol,    g_ij = q_i a_ij + v_i z_j             (5)

From n = 2 on ``parts/snap_paths.py`` has the messages. J. Menick, E. Elsen, U. Evci, S. Osindero,
K. Simonyan and A. Graves, "Practical real time recurrent learning with a sparse approximation",
ICLR 2021, doi 10.48550/arXiv.2006.07232.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurosim.learning import checking
from neurosim.learning.counts import Census, Counts, Kind
from neurosim.learning.parts import blame, snap_paths, traces
from neurosim.learning.parts.snap_paths import State
from neurosim.learning.parts.traces import Trace
from neurosim.learning.rule import Outcome, Rule, fire, listen, speak, tick, tick_cost
from neurosim.model.arithmetic import Array, Number
from neurosim.model.layout import Layout
from neurosim.model.neuron import Memory, Neuron, Surroundings
from neurosim.model.operations import Operation, Words


@dataclass(frozen=True)
class SnAp(Rule):
    """Sparse n-step approximation of real-time recurrent learning (Menick and others 2021).

    Attributes
    ----------
    order
        The n of SnAp-n, from 0 up.
    """

    order: int = 1

    name: ClassVar[str] = "snap"
    title: ClassVar[str] = "SnAp"
    citation: ClassVar[str] = "Menick and others 2021, doi 10.48550/arXiv.2006.07232"
    order_multiplications: ClassVar[str] = "n^2; n^4 from order 2 up"
    order_words: ClassVar[str] = "n^2; n^3 from order 2 up"

    def __post_init__(self) -> None:
        super().__post_init__()
        checking.whole("SnAp.order", self.order)

    @property
    def local(self) -> bool:
        """Whether every unit keeps its own sensitivities alone."""
        return self.order < 2

    @property
    def trace(self) -> Trace:
        """What a unit's own sensitivities remember: all of it from n = 1 on."""
        return Trace(loops=self.order > 0, leaks=self.order > 0)

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """The sensitivities are kept; the rest lives within a step."""
        if not self.local:
            return snap_paths.memories(neuron, network, self.order)
        return (*traces.memories(neuron, self.trace), *blame.memories(neuron))

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """Equations (1), (2) and (4), and the gradient by (5) or, from n = 2 on, by (3)."""
        yield from speak(neuron)
        if not self.local:
            yield from snap_paths.offer(neuron, network, self.order)
        yield from listen(neuron)
        yield from fire(neuron)
        if self.local:
            yield from blame.blame(neuron)
            yield from traces.gradient(neuron)
            yield from traces.advance(neuron, self.trace)
        else:
            yield from snap_paths.sensitivities(neuron, network, self.order)
            yield from snap_paths.gradient(neuron, network, self.order)
        yield from self.update(neuron, network, Words("g", 0, neuron.edges))

    def init(self, layout: Layout, number: Number, y: Array) -> State:
        """Start from activations, with all sensitivities zero."""
        if not self.local:
            return snap_paths.init(layout, number, y, self.order)
        return State(y, np.zeros((*y.shape[:-1], *layout.shape), dtype=number.dtype))

    def step(
        self,
        layout: Layout,
        number: Number,
        weights: Array,
        state: State,
        x: Array,
        target: Array,
    ) -> Outcome:
        """Equations (1) to (3), or (5), for all units at once."""
        now = tick(layout, number, weights, state.y, x, target)
        if not self.local:
            g, kept = snap_paths.step(layout, number, weights, state.a, now, self.order)
            return Outcome(State(now.y, kept), now.y, now.error, g)
        signal = blame.blamed(layout, number, weights, now)
        g = traces.at_edges(layout, number, signal, state.a, now)  # (5)
        kept = traces.advanced(layout, number, weights, state.a, now, self.trace)  # (2)
        return Outcome(State(now.y, kept), now.y, now.error, g)

    def closed(self, census: Census) -> Counts:
        """Closed forms: about 4 N^2 multiplications for n < 2, by paths of the graph above."""
        if not self.local:
            return tick_cost(census) + snap_paths.cost(census, self.order)
        found = traces.gradient_cost(census) + traces.advance_cost(census, self.trace)
        return tick_cost(census) + blame.cost(census) + found

    def alike(self, census: Census) -> Sequence[Kind]:
        """From n = 2 on no two units need be alike."""
        return census.kinds if self.local else snap_paths.apart(census)
