"""Whatever stops a training, it goes on to the same bits, in every engine."""

import json
import os
import signal
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.engines import compiled
from neurosim.engines.checkpoint import Keeping, files
from neurosim.learning import SnAp
from neurosim.learning.optimizers import Clipped
from neurosim.study.graphs import graph_from
from tests.checkpoint.trainings import (
    INPUTS,
    STEPS,
    STOP,
    TARGETS,
    assert_same,
    network,
    stopping,
    trained,
)
from tests.hardware import needs
from tests.test_agreement import ON_CHIP, RULES
from tests.test_compiled import RULES as KERNELS

SOLVING = {"rls", "ridge", "stdp", "inference"}  # whose step no optimiser betters
ENGINES = {
    "arrays": {"engine": "arrays"},
    "stepwise": {"engine": "stepwise"},
    "clocked": {"engine": "clocked", "machine": "bus"},
    "lockstep": {"engine": "clocked", "machine": "chip"},
}


# Programs on a clock lie in the same memories as without one, so few rules are tried every day.
TIMED = {"rtrl", "trtrl", "bptt-5-2", "uoro", "snap"}
PAIRS = [
    pytest.param(
        name,
        engine,
        marks=pytest.mark.slow if engine in ("clocked", "lockstep") and name not in TIMED else (),
    )
    for name in RULES
    for engine in ENGINES
    if engine != "lockstep" or name in ON_CHIP
]


@pytest.mark.parametrize(("name", "engine"), PAIRS)
def test_every_rule_goes_on_in_every_engine(name: str, engine: str, tmp_path: Path) -> None:
    """All of them: ``pytest -m "slow or not slow" tests/checkpoint/test_going_on.py``."""
    rule, options = RULES[name], ENGINES[engine]
    if name not in SOLVING and engine != "lockstep":
        rule = replace(rule, optimizer=Clipped(ns.Adam(), norm=1.0), schedule=ns.Cosine())
    options = {**options, "inputs": INPUTS[:14], "targets": TARGETS[:14]}
    whole = trained(rule, **options)
    stopped = trained(rule, checkpoint=tmp_path, stop=8, **options)
    assert (stopped.run.interrupted, stopped.run.steps) == (True, 8)
    rest = trained(rule, checkpoint=tmp_path, **options)
    assert rest.run.steps == 14
    assert_same(rest, whole)


@pytest.mark.parametrize("topology", ["fully_recurrent", "sparse_random"])
@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_goes_on(name: str, topology: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(compiled, "WORTH", 0)
    rule = replace(KERNELS[name], optimizer=Clipped(ns.Adam(), value=0.1), schedule=ns.Cosine())
    described = network(7, topology)
    stream = INPUTS, TARGETS
    whole = ns.train(described, rule, *stream)
    ns.train(described, rule, *stream, checkpoint=tmp_path, on_step=stopping(STOP))
    rest = ns.train(described, rule, *stream, checkpoint=tmp_path)
    np.testing.assert_array_equal(rest.outputs, whole.outputs)
    assert rest.network.weights == whole.network.weights


@pytest.mark.parametrize("machine", ["mesh", "tiles", "lanes", "ideal"])
def test_memory_off_the_chip_and_networks_go_on(machine: str, tmp_path: Path) -> None:
    options = {"engine": "clocked", "machine": spilling(machine), "number": ns.Fixed()}
    whole = trained(ns.TRTRL(0.05), **options)
    trained(ns.TRTRL(0.05), checkpoint=tmp_path, stop=STOP, **options)
    assert_same(trained(ns.TRTRL(0.05), checkpoint=tmp_path, **options), whole)


@needs.compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", ["trtrl", "rtrl"])
def test_the_simulated_chip_goes_on(name: str, tmp_path: Path) -> None:
    options = {"engine": ns.hardware.OnChip(2), "number": ns.Fixed()}
    whole = trained(RULES[name], **options)
    trained(RULES[name], checkpoint=tmp_path, stop=STOP, **options)
    assert_same(trained(RULES[name], checkpoint=tmp_path, **options), whole)


def spilling(name: str) -> ns.Machine:
    """Return a machine of the shelf whose memories are so small that words go to its DRAM."""
    from neurosim.machine import load

    found = load(name)
    if found.dram is None:
        return found
    return replace(found, memory=tuple(replace(each, depth=8) for each in found.memory))


def test_a_rule_of_ones_own_goes_on(tmp_path: Path) -> None:
    whole = trained(Noisy(0.05))
    trained(Noisy(0.05), checkpoint=tmp_path, stop=STOP)
    assert_same(trained(Noisy(0.05), checkpoint=tmp_path), whole)


@dataclass(frozen=True)
class Noisy(SnAp):
    """A rule that keeps a generator, a list that grows, and an array in Fortran's order."""

    name = "noisy"

    def init(self, layout, number, y):
        kept = {"noise": np.random.default_rng(3), "seen": [], "last": None}
        return super().init(layout, number, y), kept

    def step(self, layout, number, weights, state, x, target):
        inner, kept = state
        done = super().step(layout, number, weights, inner, x, target)
        noise = kept["noise"].normal(size=done.gradient.shape)
        seen = [*kept["seen"], (float(noise.flat[0]), noise[..., :2].T)][-4:]
        kept = {**kept, "seen": seen, "last": np.asfortranarray(noise)}
        gradient = done.gradient + 0.01 * noise + 0.01 * sum(total for total, _ in seen)
        return done._replace(state=(done.state, kept), gradient=gradient)


def test_a_training_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, steps=STEPS)
    whole, steps = trained(ns.TRTRL(0.05), checkpoint=keeping), []
    again = trained(ns.TRTRL(0.05), checkpoint=tmp_path, stop=None)
    assert_same(again, whole)
    (number,) = files.numbers(tmp_path)
    recorded = json.loads((tmp_path / f"{number:06d}.json").read_text())["seconds"]
    assert whole.run.seconds > recorded > 0
    assert again.run.seconds > recorded
    ns.train(network(), ns.TRTRL(0.05), INPUTS, TARGETS, checkpoint=tmp_path,
             on_part=lambda *_: steps.append(1))  # fmt: skip
    assert not steps


def test_learning_that_diverges_is_found_at_the_same_step(tmp_path: Path) -> None:
    """Where it is stopped at the very step at which somebody would have looked, too."""
    x = np.ones(2_100)
    graph, names, outputs = graph_from("fully_recurrent", units=1, inputs=("x0",), outputs=1)
    described = ns.Network(graph, names, outputs, activation="linear", seed=1)
    for stop in (1_000, 1_024):
        folder = tmp_path / str(stop)
        ends = []
        for on_step in (stopping(stop), None):
            with_stop = {"checkpoint": folder, "on_step": on_step}
            try:
                ends.append(ns.train(described, ns.TRTRL(1e12), x, x, **with_stop).steps)
            except ns.RunFailed as failed:
                ends.append(failed.run.diverged_at)
        with pytest.raises(ns.RunFailed) as caught:
            ns.train(described, ns.TRTRL(1e12), x, x)
        assert ends[-1] == caught.value.run.diverged_at


@dataclass(frozen=True)
class Signalled(ns.TRTRL):
    """A rule that gets a signal in the middle of its sixth step."""

    name = "signalled"
    number: int = signal.SIGINT
    steps: list = field(default_factory=list, hash=False, repr=False)

    def step(self, layout, number, weights, state, x, target):
        self.steps.append(1)
        if len(self.steps) == 6:
            os.kill(os.getpid(), self.number)
        return super().step(layout, number, weights, state, x, target)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_end_of_its_step(number: int, tmp_path: Path) -> None:
    def hear(heard, frame):
        raise KeyboardInterrupt

    before = signal.signal(number, hear)
    try:
        stopped = trained(Signalled(0.05, number=number), checkpoint=tmp_path)
        assert signal.getsignal(number) is hear
    finally:
        signal.signal(number, before)
    assert (stopped.run.interrupted, stopped.run.steps) == (True, 6)
    assert files.step_of(tmp_path, 1) == 6
    rest = trained(Signalled(0.05, number=number, steps=[1] * 6), checkpoint=tmp_path)
    assert_same(rest, trained(ns.TRTRL(0.05)))
