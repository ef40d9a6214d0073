"""The engine with a clock: neuron programs as SimPy processes on a machine, words and all.

The words are computed as the bursts happen. If a burst ever ran before its operands had arrived,
or after a buffer was overwritten, they would differ from the stepwise engine's.

Control flow never depends on data, so a step that begins as an earlier one did takes the same time
in the same order. It is not simulated again: what happened to the words then happens once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from neurosim.engines.activity import Activity
from neurosim.engines.cells import Cells
from neurosim.engines.clock.dram import DramChannel
from neurosim.engines.clock.performance import Performance
from neurosim.engines.clock.score import Score
from neurosim.learning.counts import Counts
from neurosim.learning.rule import Rule
from neurosim.machine import Machine, load
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.network import Network
from neurosim.noc.arbiter import Clock


class Known(NamedTuple):
    """A step that was simulated: what changed words, in its order, its account, the DRAM after."""

    done: list[Callable[[], object]]
    activity: Activity
    counts: Counts
    ending: tuple[Any, ...]


class ClockedEngine:
    """Steps a network on a machine.

    Attributes
    ----------
    cycles
        Of every step so far.
    activity
        Where the last step's cycles went.
    """

    def __init__(
        self,
        network: Network,
        rule: Rule,
        number: Number,
        machine: Machine | str,
        initial: Array | None = None,
        tier: str = "burst",
    ) -> None:
        self.machine = load(machine) if isinstance(machine, str) else machine
        self.cells = Cells(network, rule, number, initial)
        self.number, self.period, self.tier = number, rule.period, tier
        self.clock = Clock()
        self.dram = channel(self.machine, self.clock)
        self.cycles: list[int] = []
        self.counts = Counts()
        self.activity: Activity | None = None
        self._beginning: tuple[Any, ...] = ()  # of the last step
        self._scores: dict[int, Score] = {}
        self._known: dict[tuple[Any, ...], Known] = {}

    def step(self, x: Array, target: Array) -> tuple[Array, Array]:
        """Learn from one raw sample; return the raw activations and errors of the outputs."""
        phase = len(self.cycles) % self.period
        beginning = self._beginning = (phase, *(self.dram.state if self.dram else ()))
        self.cells.feed(x, target)
        if beginning in self._known:
            for again in self._known[beginning].done:
                again()
        else:
            self._known[beginning] = self._simulated(phase)
        known = self._known[beginning]
        self.activity, self.counts = known.activity, known.counts
        if self.dram is not None:
            self.dram.state = known.ending
        self.cycles.append(self.activity.cycles)
        return self.cells.predicted(), self.cells.read("error")

    def _simulated(self, phase: int) -> Known:
        cells, dram = self.cells, self.dram
        if phase not in self._scores:
            self._scores[phase] = Score(
                cells.network, cells.rule, cells.number, self.machine, phase, cells
            )
        played = Performance(self._scores[phase], self.clock, dram, self.tier, cells.store)
        activity = played.play()
        counts = cells.counts(phase, activity.words_received)
        activity.multiplications = counts.multiplications
        return Known(played.done, activity, counts, dram.state if dram else ())

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on; see ``checkpoint/trees.py``."""
        return {
            "cells": self.cells.state(),
            "cycles": np.array(self.cycles, dtype=np.int64),
            "dram": self.dram.state if self.dram else (),
            "beginning": self._beginning,
            "counts": self.counts,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state that an engine like this one has had."""
        self.cells.restore(state["cells"])
        self.cycles, self.counts = state["cycles"].tolist(), state["counts"]
        self._beginning = state["beginning"]
        if self.cycles:
            self.activity = self._timed(self._beginning)
        if self.dram is not None:
            self.dram.state = state["dram"]

    def _timed(self, beginning: tuple[Any, ...]) -> Activity:
        """Return the account of a step that began so, without touching words."""
        cells, dram, (phase, *before) = self.cells, self.dram, beginning
        if dram is not None:
            dram.state = tuple(before)
        score = Score(cells.network, cells.rule, cells.number, self.machine, phase)
        activity = Performance(score, self.clock, dram, self.tier).play()
        activity.multiplications = self.counts.multiplications
        return activity

    @property
    def simulated(self) -> int:
        """How many steps had to be simulated; the others were like one of them."""
        return len(self._known)

    def weights(self) -> Array:
        """Return the weights as real values, in network order."""
        return self.number.decode(self.cells.gather("w"), Format.WEIGHT)

    def gradient(self) -> Array:
        """Return the last step's ``sum_o e_o dy_o/dw`` as real values, in network order."""
        return self.number.decode(self.cells.gradient(len(self.cycles)))


def timed_step(
    network: Network,
    rule: Rule,
    machine: Machine,
    number: Number,
    tier: str = "burst",
    phase: int = 0,
) -> tuple[Activity, Counts]:
    """Simulate the time of one step, from rest and without its words."""
    score, clock = Score(network, rule, number, machine, phase), Clock()
    activity = Performance(score, clock, channel(machine, clock), tier).play()
    counts = score.counts + Counts(words_received=activity.words_received)
    activity.multiplications = counts.multiplications
    return activity, counts


def channel(machine: Machine, clock: Clock) -> DramChannel | None:
    """Return the memory off the chip, where a machine has one."""
    return DramChannel(clock, machine.dram, machine.clock_mhz) if machine.dram else None
