"""Random graphs on chips of many shapes: every word and every cycle against the model.

Each case is a graph, a number format, a number of lanes and a rule. The chip and the model learn
side by side from a random stream, with learning off in between, and `study/hardware/check.py`
compares the outputs, all weights, all sensitivities, the cycles and the phases of every step. Then
the chip does steps without a pause between them. Seeds are fixed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray

import neurosim as ns
from neurosim.learning import Inference
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Format
from neurosim.study import tasks
from neurosim.study.hardware import build
from neurosim.study.hardware.check import Checked, Model, compared
from neurosim.study.hardware.core import Core

LEARNING_STEPS, QUICK_STEPS = 10_000, 1_000
REACH = 0.8
LOUD = 4.0  # what the inputs reach now and then, so that sums saturate
TOGETHER_STEPS = 1_000
RULES: dict[str, Rule] = {
    "trtrl": ns.TRTRL(0.05),
    "ingress": ns.TRTRL(0.05, ingress_only=True),
    "no loops": ns.TRTRL(0.05, self_terms=False),
    "inference": Inference(),
    "rtrl": ns.RTRL(0.05),
    "snap": ns.SnAp(0.05),
    "snap-0": ns.SnAp(0.05, order=0),
    "rflo": ns.RFLO(0.05),
}


class Case(NamedTuple):
    """A graph and the chip that it runs on; ``number`` is what ``Fixed`` takes, in its order."""

    units: int
    outputs: int
    inputs: int
    density: float
    number: tuple[int, ...]
    lanes: int
    rule: str = "trtrl"
    bias: bool = True
    loops: bool = True
    activation: str = "tanh"
    task: str = "random"

    @property
    def seed(self) -> int:
        """Of graph, weights and stream: another one for every case."""
        return 1000 * self.units + 10 * self.lanes + self.outputs

    @property
    def fixed(self) -> ns.Fixed:
        """The number format."""
        return ns.Fixed(*self.number)


S, D = (8, 6, 16, 13, 6), (16, 12, 32, 24)  # the narrowest words, and the usual ones
CASES = (
    Case(2, 1, 1, 1.0, D, 1),
    Case(2, 2, 2, 0.5, S, 2, bias=False, loops=False),
    Case(3, 1, 1, 1.0, (12, 8, 24, 18), 2, activation="logistic"),
    Case(4, 2, 2, 0.6, (24, 20, 40, 32), 4),
    Case(5, 3, 1, 0.3, (10, 7, 20, 16, 8), 2, "ingress", loops=False),
    Case(6, 4, 3, 0.8, (14, 10, 28, 22), 3, bias=False, activation="logistic"),
    Case(6, 3, 1, 1.0, D, 3, "rtrl", bias=False),
    Case(7, 1, 4, 0.1, D, 7),
    Case(8, 2, 1, 1.0, (18, 14, 32, 26), 8),
    Case(8, 1, 1, 1.0, (24, 20, 40, 32), 8, "rtrl"),
    Case(9, 2, 2, 0.4, (20, 15, 36, 28), 4, "no loops"),
    Case(9, 2, 3, 0.4, (20, 15, 36, 28), 4, "rtrl", activation="logistic"),
    Case(10, 1, 1, 0.2, (12, 9, 12, 9), 3, "inference"),
    Case(10, 2, 1, 0.6, (8, 7, 16, 14, 8), 4),
    Case(11, 4, 4, 0.5, (9, 6, 18, 13, 9), 11, activation="logistic"),
    Case(12, 3, 2, 1.0, D, 5, "ingress"),
    Case(13, 1, 3, 0.15, (22, 17, 38, 30), 6),
    Case(15, 2, 1, 0.7, D, 4, "no loops", bias=False),
    Case(16, 1, 1, 1.0, D, 16),
    Case(17, 2, 1, 0.3, (13, 9, 40, 30), 8),
    Case(18, 4, 2, 0.1, (15, 11, 30, 20), 1),
    Case(20, 3, 4, 0.25, (17, 13, 34, 26), 9, activation="logistic"),
    Case(21, 1, 1, 0.9, (8, 4, 20, 14), 7),
    Case(24, 2, 2, 0.5, (11, 7, 24, 16), 8, "inference", activation="logistic"),
    Case(25, 1, 1, 1.0, D, 5, task="mackey_glass"),
    Case(28, 4, 1, 0.12, (19, 15, 32, 28), 13, "ingress", bias=False),
    Case(31, 1, 2, 0.2, (16, 13, 26, 22), 31),
    Case(32, 4, 4, 0.35, (21, 16, 40, 30), 12),
    Case(32, 1, 1, 1.0, D, 8),
)
QUICK = (CASES[1], CASES[2], CASES[5], CASES[8], CASES[9], CASES[4])


@dataclass(frozen=True)
class Outcome:
    """What a case gave.

    ``apart`` counts the words that differ where steps follow each other without a pause;
    ``failure`` says why there is nothing to compare.
    """

    case: Case
    edges: int = 0
    checked: Checked | None = None
    apart: int = 0
    utilisation: float = 0.0
    cycles_per_second: float = 0.0
    seconds: float = 0.0
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether the chip did all its steps, and nothing differs."""
        return self.checked is not None and self.checked.passed and not (self.apart or self.failure)


def network_of(case: Case) -> ns.Network:
    """Return the random graph of a case as a network; its outputs are any of its units."""
    random = np.random.default_rng(case.seed)
    units = [f"n{i}" for i in range(case.units)]
    inputs = [f"x{i}" for i in range(case.inputs)]
    graph = nx.DiGraph()
    graph.add_nodes_from([*units, *inputs])
    for j in units:
        for i in units:
            if random.random() < case.density and (i != j or case.loops):
                graph.add_edge(j, i)
    feeding = [*inputs, *(["bias"] if case.bias else [])]
    for j in feeding:
        for i in units:
            if random.random() < max(case.density, 0.5):
                graph.add_edge(j, i)
    for i in units:
        if not graph.in_degree(i):
            graph.add_edge(inputs[0], i)
    outputs = random.permutation(units)[: case.outputs].tolist()
    return ns.Network(graph, inputs, outputs, case.activation, case.seed, f"random-{case.units}")


def stream_of(case: Case, steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return inputs and targets: uniform at random, or those of a task."""
    if case.task != "random":
        series = tasks.make(case.task, steps, case.seed)
        return series.inputs, series.targets
    random = np.random.default_rng(case.seed + 1)
    targets = random.uniform(-REACH, REACH, (steps, case.outputs))
    if case.activation == "logistic":
        targets = (targets + 1) / 2
    reach = np.where(np.arange(steps) % 8 < 7, 1.0, LOUD)[:, None]
    return reach * random.uniform(-1, 1, (steps, case.inputs)), targets


def learning_of(case: Case, steps: int) -> NDArray[np.bool_]:
    """Return when to learn: in ``steps`` steps, with others in between.

    There are long stretches of both, and every change from one to the other in single steps.
    """
    changes = [True, False, True, False, False, True, True, False]
    random = np.random.default_rng(case.seed + 2)
    off = np.sort(random.integers(len(changes), steps, max(2, steps // 500)))
    lengths = random.integers(1, 30, len(off))
    pattern = np.ones(steps, dtype=bool)
    pattern[: len(changes)] = changes
    parts = np.split(pattern, off)
    made = [parts[0]]
    for part, length in zip(parts[1:], lengths, strict=True):
        made += [np.zeros(length, dtype=bool), part]
    made.append(np.ones(int((~pattern).sum()), dtype=bool))  # for those left out at the start
    return np.concatenate(made)


def run(case: Case, steps: int = LEARNING_STEPS) -> Outcome:
    """Build a case's chip, and compare it with the model; a failure is part of the outcome."""
    began = time.perf_counter()
    edges = 0
    try:
        network = network_of(case)
        edges, learn = len(network.edges), learning_of(case, steps)
        core = build(network, RULES[case.rule], case.fixed, case.lanes)
        checked = compared(core, *stream_of(case, len(learn)), learn)
        apart, speed = back_to_back(core, *stream_of(case, TOGETHER_STEPS))
    except Exception as error:
        failure = f"{type(error).__name__}: {error}"
        return Outcome(case, edges, seconds=time.perf_counter() - began, failure=failure)
    seconds = time.perf_counter() - began
    return Outcome(case, edges, checked, apart, core.schedule.utilisation, speed, seconds)


def run_quick(case: Case) -> Outcome:
    """Do the same in fewer steps."""
    return run(case, QUICK_STEPS)


def back_to_back(
    core: Core, inputs: NDArray[np.float64], targets: NDArray[np.float64]
) -> tuple[int, float]:
    """Let the chip learn without a pause between steps.

    Return how many words differ, of all outputs and of the weights and sensitivities at the end,
    and how many clock cycles a second the simulation does.
    """
    core.reset()
    done = core.train(inputs, targets)
    assert done.cycles is not None
    model, number = Model(core.schedule.network, core.rule, core.number), core.number
    samples = zip(number.encode(inputs), number.encode(targets), strict=True)
    wanted = np.array([model.sample(x, target, True) for x, target in samples])
    apart = int((number.decode(wanted) != done.outputs).sum()) + kept_apart(core, model)
    return apart, float(done.cycles.sum()) / done.seconds


def kept_apart(core: Core, model: Model) -> int:
    """Return how many weights and sensitivities differ, read through the host port."""
    number = core.number
    apart = int((number.decode(model.raw("w"), Format.WEIGHT) != core.weight_vector).sum())
    for name, words in core.sensitivities.items():
        apart += int((number.decode(model.raw(name)) != words).sum())
    return apart
