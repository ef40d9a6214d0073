"""Is the chip the model? Both learn side by side, and every word and cycle is compared.

The chip is its Verilog, simulated; the model is the array engine in the same fixed point. After
each step the outputs, all weights and all sensitivities have to be equal in every bit, and the step
has to have taken the cycles, and begun its phases in the cycles, that the schedule says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.engines.arrays import ArraysEngine
from neurosim.engines.train import checked_stream
from neurosim.learning import Inference
from neurosim.learning.rule import Rule
from neurosim.model.fixed import Fixed
from neurosim.model.network import Network
from neurosim.schedule import Schedule
from neurosim.study.hardware import build
from neurosim.study.hardware.core import TOGETHER, Block, Core

NAMES = {"w": "weight", "a": "sensitivity a", "b": "sensitivity b", "p": "sensitivity p"}


class Mismatch(NamedTuple):
    """A word that differs: where it is, and what it should have been."""

    step: int
    word: str
    place: str
    expected: int
    found: int

    def __str__(self) -> str:
        return (
            f"step {self.step}: {self.word} of {self.place}: expected {self.expected},"
            f" found {self.found}"
        )


@dataclass(frozen=True)
class Begin:
    """A cycle of a step, and the phase that runs from then on."""

    cycle: int
    phase: str


@dataclass(frozen=True)
class Checked:
    """What a comparison of chip and model found.

    Attributes
    ----------
    steps, words
        How many steps were compared, and words in them.
    mismatches, first
        How many words differ, and which was the first.
    cycles_expected
        Of a step with learning on, by the schedule.
    cycles_measured
        The cycle counts that were seen, each once.
    cycles_differing, phases_differing
        Steps that took another time, and steps in which a phase began in another cycle.
    saturated
        Whether the chip clipped a result.
    begins
        When each phase began in the first learning step, as the chip showed it.
    """

    steps: int
    words: int
    mismatches: int
    first: Mismatch | None
    cycles_expected: int
    cycles_measured: tuple[int, ...]
    cycles_differing: int
    phases_differing: int
    saturated: bool
    begins: tuple[Begin, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing differs."""
        return not (self.mismatches or self.cycles_differing or self.phases_differing)


class Model(ArraysEngine):
    """The array engine in raw words, with learning on or off from step to step."""

    def __init__(self, network: Network, rule: Rule, number: Fixed) -> None:
        super().__init__(network, rule.placed("owner"), number)
        self._off = Inference()

    def sample(self, x: NDArray[Any], target: NDArray[Any], learn: bool) -> NDArray[np.int64]:
        """Do a step with a raw sample; return the raw outputs."""
        if learn:
            return np.asarray(self.step(x, target)[0])
        layout, number = self.layout, self.number
        before = self._off.init(layout, number, self._state.y)
        weights = number.operand(self._weights)
        y = self._off.step(layout, number, weights, before, x, target).y
        self._state = self._state._replace(y=y)
        return np.asarray(y[layout.outputs])

    def raw(self, name: str) -> NDArray[np.int64]:
        """Return ``w``, or what the rule keeps, as raw words in the order of ``network.edges``."""
        words = self._weights if name == "w" else getattr(self._state, name)
        if name == "p":  # of every unit, to all edges
            words = words.reshape(*words.shape[:-1], *self.layout.shape)
        return np.asarray(self.layout.to_network(words))


def check(
    network: Network,
    rule: Rule,
    number: Fixed | None,
    lanes: int | None,
    inputs: ArrayLike,
    targets: ArrayLike,
) -> Checked:
    """Build the chip, let chip and model learn from a series, and compare them.

    Parameters are those of ``hardware.build`` and of ``train``.
    """
    return compared(build(network, rule, number, lanes), inputs, targets)


def compared(core: Core, inputs: ArrayLike, targets: ArrayLike, learn: ArrayLike = True) -> Checked:
    """Compare a chip that was just reset with the model; ``learn`` is for all steps or each."""
    network, number = core.schedule.network, core.number
    x, target = checked_stream(network, inputs, targets)
    learning = np.broadcast_to(np.asarray(learn, dtype=bool), len(x))
    model = Model(network, core.rule, number)
    tally = _Tally(core)
    done = 0
    while done < len(x):
        same = np.flatnonzero(learning[done : done + TOGETHER] != learning[done])
        part = slice(done, min(done + (int(same[0]) if len(same) else TOGETHER), len(x)))
        block = core.run_block(x[part], target[part], bool(learning[done]))
        tally.add(done, block, _modelled(model, block, x[part], target[part], bool(learning[done])))
        tally.time(block, bool(learning[done]))
        done = part.stop
    return tally.result(done)


def _modelled(
    model: Model, block: Block, x: NDArray[Any], target: NDArray[Any], learn: bool
) -> dict[str, NDArray[np.int64]]:
    """Return what the model computes in the steps of a block, by the names of its words."""
    number = model.number
    words: dict[str, list[NDArray[np.int64]]] = {name: [] for name in ("output", *block.words)}
    for sample, wanted in zip(number.encode(x), number.encode(target), strict=True):
        words["output"].append(model.sample(sample, wanted, learn))
        for name in block.words:
            words[name].append(model.raw(name))
    return {name: np.array(rows) for name, rows in words.items()}


class _Tally:
    """What was compared so far."""

    def __init__(self, core: Core) -> None:
        self.core, self.network = core, core.schedule.network
        self.words = self.mismatches = self.cycles_differing = self.phases_differing = 0
        self.first: Mismatch | None = None
        self.measured: set[int] = set()
        self.begins: tuple[Begin, ...] = ()
        self.phase = 0  # that the chip shows before the next step

    def add(self, start: int, block: Block, expected: dict[str, NDArray[np.int64]]) -> None:
        """Compare the words of some steps."""
        found = {"output": block.outputs, **block.words}
        first: list[Mismatch] = []
        for name, words in expected.items():
            differing = np.argwhere(words != found[name])
            self.words += words.size
            self.mismatches += len(differing)
            if len(differing):
                row, *where, n = at = tuple(differing[0].tolist())
                pair = int(words[at]), int(found[name][at])
                first.append(Mismatch(start + row, *self._place(name, n, where), *pair))
        if first and self.first is None:
            self.first = min(first, key=lambda mismatch: mismatch.step)

    def time(self, block: Block, learn: bool) -> None:
        """Compare the cycles of some steps with those of their schedule."""
        assembled = self.core.assembled
        plan = assembled.learning if learn else assembled.inference
        self.measured.update(block.cycles.tolist())
        self.cycles_differing += int((block.cycles != plan.cycles).sum())
        changes: dict[int, list[tuple[int, int]]] = {n: [] for n in range(len(block.cycles))}
        for step, cycle, phase in block.phases.tolist():
            changes[step].append((cycle, phase))
        if learn and not self.begins:
            self.begins = tuple(Begin(at, _named(assembled.phases, n)) for at, n in changes[0])
        for found in changes.values():
            expected = phase_changes(plan, assembled.phases, self.phase)
            self.phases_differing += found != expected
            self.phase = expected[-1][1]

    def result(self, steps: int) -> Checked:
        """Return what was found."""
        return Checked(
            steps,
            self.words,
            self.mismatches,
            self.first,
            self.core.schedule.cycles,
            tuple(sorted(self.measured)),
            self.cycles_differing,
            self.phases_differing,
            self.core.saturated,
            self.begins,
        )

    def _place(self, name: str, n: int, unit_of: list[int]) -> tuple[str, str]:
        if name == "output":
            return "output", self.network.outputs[n]
        source, unit = self.network.edges[n]
        keeper = self.network.units[unit_of[0]] if unit_of else unit
        return NAMES.get(name, name), f"{keeper}, edge {source} -> {unit}"


def _named(phases: tuple[str, ...], number: int) -> str:
    return phases[number] if number < len(phases) else f"no phase ({number})"


def phase_changes(plan: Schedule, numbering: tuple[str, ...], before: int) -> list[tuple[int, int]]:
    """Return in which cycles of a step the chip shows another phase, by number.

    The first is cycle 0, when it may still show ``before``, the last phase of the step before.
    """
    changes = [(cycle, numbering.index(phase)) for cycle, phase in plan.phases]
    return changes if changes[0][0] == 0 else [(0, before), *changes]
