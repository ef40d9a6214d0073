"""Simulates a few steps for a recorder, without their words."""

from __future__ import annotations

from neurosim.engines.clock.performance import Performance
from neurosim.engines.clock.recorder import Recorder
from neurosim.engines.clock.score import Score
from neurosim.engines.clocked import channel
from neurosim.learning.rule import Rule
from neurosim.machine import Machine
from neurosim.model.arithmetic import Number
from neurosim.model.network import Network
from neurosim.noc.arbiter import Clock


def record(
    network: Network,
    rule: Rule,
    machine: Machine,
    number: Number,
    recorder: Recorder,
    steps: tuple[int, int] = (0, 1),
    tier: str = "burst",
) -> None:
    """Tell a recorder of the first to the last of some steps, counted from 0 and both included.

    Steps do not depend on data, but on the phase of the rule's program and on the rows that are
    open in the DRAM. Those before the first are simulated until one begins like one before; from
    there on, whole rounds are counted and not simulated.
    """
    playing = _Playing(network, rule, machine, number, tier)
    first, last = steps
    recorder.skip(first, playing.up_to(first))
    for step in range(first, last + 1):
        if not recorder.full:
            playing.play(step, recorder)


class _Playing:
    """Steps one after the other, on one clock."""

    def __init__(
        self, network: Network, rule: Rule, machine: Machine, number: Number, tier: str
    ) -> None:
        self.network, self.rule, self.machine, self.number = network, rule, machine, number
        self.tier, self.clock = tier, Clock()
        self.dram = channel(machine, self.clock)
        self._scores: dict[int, Score] = {}

    def play(self, step: int, recorder: Recorder | None = None) -> int:
        """Simulate a step and return its cycles."""
        phase = step % self.rule.period
        if phase not in self._scores:
            self._scores[phase] = Score(self.network, self.rule, self.number, self.machine, phase)
        score = self._scores[phase]
        played = Performance(score, self.clock, self.dram, self.tier, recorder=recorder)
        return played.play().cycles

    def up_to(self, first: int) -> int:
        """Let the steps before ``first`` pass; return how many cycles they take together."""
        step = cycles = 0
        seen: dict[object, tuple[int, int]] = {}
        while step < first:
            beginning = (step % self.rule.period, self.dram.state if self.dram else ())
            then, spent = seen.setdefault(beginning, (step, cycles))
            if then < step and (rounds := (first - step) // (step - then)):
                step, cycles = step + rounds * (step - then), cycles + rounds * (cycles - spent)
                continue
            cycles += self.play(step)
            step += 1
        return cycles
