"""The chip as an engine: its simulated Verilog learns, and Python only hands it words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.learning.counts import Counts
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Array, Number
from neurosim.model.network import Network
from neurosim.study.hardware.image import Image
from neurosim.study.hardware.making import build


class State(NamedTuple):
    """What a chip knows between two steps, and what its cycles were so far."""

    image: Image
    parity: int
    cycles: Array


class ChipEngine:
    """Steps a network on its simulated chip.

    Parameters
    ----------
    network, rule, number, lanes
        As for ``build``.

    Attributes
    ----------
    core
        The chip.
    counts
        Of a step, by the closed forms.
    cycles
        Of every step so far, by the chip's own counter.
    """

    def __init__(
        self, network: Network, rule: Rule, number: Number, lanes: int | None = None
    ) -> None:
        self.core = build(network, rule, number, lanes)
        self.counts: Counts = self.core.schedule.rule.cost(network)
        self.cycles: list[int] = []
        self.number = number

    def step(self, x: Array, target: Array) -> tuple[Array, Array]:
        """Learn from one raw sample; return the raw activations and errors of the outputs."""
        y = self.core.step_raw(x, target)
        self.cycles.append(self.core.cycles)
        return y, self.number.fma(target, y, self.number.encode(-1.0))

    def weights(self) -> Array:
        """Return the weights as real values, in network order."""
        return self.core.weight_vector

    def gradient(self) -> Array:
        """Refuse: what a chip makes of its gradients are weights.

        Raises
        ------
        UserError
            Always.
        """
        raise UserError("engine: a chip keeps no gradient. Use arrays, stepwise or clocked.")

    def state(self) -> State:
        """Return what the chip knows, as its memory window shows it."""
        return State(*self.core.image(), np.array(self.cycles, dtype=np.int64))

    def restore(self, state: State) -> None:
        """Go on from what another chip of the same kind knew."""
        self.core.load(state.image, state.parity)
        self.cycles[:] = state.cycles.tolist()


@dataclass(frozen=True)
class OnChip:
    """What makes engines of chips with so many lanes, for ``train(engine=...)``."""

    lanes: int | None = None

    def __call__(self, network: Network, rule: Rule, number: Number) -> ChipEngine:
        """Return the engine, before its first step."""
        return ChipEngine(network, rule, number, self.lanes)
