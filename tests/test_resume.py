"""Checkpoints: whatever stops a training, it goes on to the same bits, in every engine."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import neurosim as ns
from neurosim.engines import compiled
from neurosim.engines.checkpoint import Keeping, files, keeper, lock, marks_of, trees
from neurosim.learning import SnAp
from neurosim.learning.optimizers import Clipped
from neurosim.study.graphs import graph_from
from tests.hardware import needs
from tests.test_agreement import ON_CHIP, RULES
from tests.test_compiled import RULES as KERNELS

ROOT = Path(__file__).parent.parent
STEPS, STOP = 24, 17
SOLVING = {"rls", "ridge", "stdp", "inference"}  # whose step no optimiser betters
ENGINES = {
    "arrays": {"engine": "arrays"},
    "stepwise": {"engine": "stepwise"},
    "clocked": {"engine": "clocked", "machine": "bus"},
    "lockstep": {"engine": "clocked", "machine": "chip"},
}
RNG = np.random.default_rng(8)
INPUTS, TARGETS = RNG.uniform(-1, 1, (STEPS, 2)), RNG.uniform(-0.8, 0.8, (STEPS, 2))


def network(units: int = 4, topology: str = "fully_recurrent") -> ns.Network:
    graph, inputs, outputs = graph_from(topology, units=units, inputs=("x0", "x1"), outputs=2)
    return ns.Network(graph, inputs, outputs, seed=3)


def stopping(step: int):
    """Return what stops a training after so many steps."""

    def on_step(t, outputs, errors):
        if t == step - 1:
            raise KeyboardInterrupt

    return on_step


class Watched(NamedTuple):
    run: ns.Run
    state: object


def trained(rule, *, checkpoint=None, stop=None, **options) -> Watched:
    """Train, and keep the state of the engine at the end."""
    engines: list = []
    given = {"inputs": INPUTS, "targets": TARGETS, **options}
    on_step = stopping(stop) if stop else None
    run = ns.train(
        network(), rule, checkpoint=checkpoint, on_step=on_step, on_start=engines.append, **given
    )
    return Watched(run, engines[0].state())


def assert_same(one: Watched, other: Watched) -> None:
    """Hold two trainings against each other, bit by bit, state and all."""
    for name in ("outputs", "errors", "targets", "cycles"):
        np.testing.assert_array_equal(getattr(one.run, name), getattr(other.run, name))
    assert one.run.network.weights == other.run.network.weights
    assert (one.run.counts, one.run.activity) == (other.run.counts, other.run.activity)
    (node, arrays), (other_node, others) = map(trees.taken_apart, (one.state, other.state))
    assert node == other_node
    assert [each.tobytes() for each in arrays.values()] == [a.tobytes() for a in others.values()]


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
    """All of them: ``pytest -m "slow or not slow" tests/test_resume.py``."""
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


def test_state_that_no_file_can_hold_is_told_of_and_stops_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    keeping = Keeping(tmp_path, steps=5, say=said.append)
    kept = trained(Hoarding(0.05), checkpoint=keeping, stop=STOP)
    assert kept.run.steps == STOP
    assert not files.numbers(tmp_path)
    (message,) = said
    assert "state/rule/1 is a set" in message


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


@dataclass(frozen=True)
class Hoarding(SnAp):
    """A rule that keeps what no file can hold."""

    name = "hoarding"
    hoard: set = field(default_factory=set, hash=False)

    def init(self, layout, number, y):
        return super().init(layout, number, y), {1}

    def step(self, layout, number, weights, state, x, target):
        done = super().step(layout, number, weights, state[0], x, target)
        return done._replace(state=(done.state, state[1]))


def test_trees_keep_shared_arrays_and_the_way_words_lie() -> None:
    shared = np.arange(6.0).reshape(2, 3)
    tree = {"a": [shared, shared.T, shared], "b": (np.float32(2), None, "x"), 3: np.zeros(0)}
    tree["c"] = np.broadcast_to(shared[:, :1], (2, 3))
    tree["d"] = np.random.default_rng(1)
    node, arrays = trees.taken_apart(tree)
    again = trees.put_together(json.loads(json.dumps(node)), arrays, tree)
    assert again["a"][0] is again["a"][2]
    assert again["a"][1].strides == shared.T.strides
    assert again["c"].strides == tree["c"].strides
    assert again["b"] == tree["b"]
    assert type(again["b"][0]) is np.float32
    np.testing.assert_array_equal(again["c"], tree["c"])
    assert again["d"].normal() == tree["d"].normal()
    with pytest.raises(trees.Unkeepable, match="state/0 is an array of complex128"):
        trees.taken_apart([np.zeros(1, dtype=complex)])


# --- what is refused ---------------------------------------------------------------------------


def half_done(folder: Path) -> None:
    """Leave a training with checkpoints at steps 10 and 17."""
    trained(ns.TRTRL(0.05), checkpoint=Keeping(folder, steps=10), stop=STOP)


@pytest.fixture(scope="module")
def begun(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("begun")
    half_done(folder)
    assert files.numbers(folder) == [2, 1]
    return folder


def flipped(place: float):
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[int(place * (len(content) - 1))] ^= 4
        path.write_bytes(content)

    return damage


def later(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 2}))


NEWEST, TENSORS, LOG = "000002.json", "000002.safetensors", "errors-000001.bin"
DAMAGES = {
    "json truncated": (NEWEST, lambda p: os.truncate(p, 100), 10, "damaged"),
    "json empty": (NEWEST, lambda p: os.truncate(p, 0), 10, "damaged"),
    "json missing": (NEWEST, Path.unlink, 10, "000002.json is missing"),
    "json later": (NEWEST, later, 10, "a later version of neurosim wrote it (schema 2, not 1)"),
    "tensors truncated": (TENSORS, lambda p: os.truncate(p, 100), 10, "damaged"),
    "tensors empty": (TENSORS, lambda p: os.truncate(p, 0), 10, "damaged"),
    "tensors missing": (TENSORS, Path.unlink, 10, "000002.safetensors is missing"),
    "log truncated": (LOG, lambda p: os.truncate(p, p.stat().st_size - 1), 10, "damaged"),
    "log flipped late": (LOG, flipped(0.9), 10, "errors-000001.bin is damaged"),
    "log flipped early": (LOG, flipped(0.1), 0, "errors-000001.bin is damaged"),
    "log missing": (LOG, Path.unlink, 0, "errors-000001.bin is missing"),
    **{f"json flipped {n}": (NEWEST, flipped(n / 19), 10, "refused") for n in range(20)},
    **{f"tensors flipped {n}": (TENSORS, flipped(n / 9), 10, "damaged") for n in range(10)},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused_and_the_one_before_used(
    damage: str, begun: Path, tmp_path: Path
) -> None:
    name, do, step, reason = DAMAGES[damage]
    folder = Path(shutil.copytree(begun, tmp_path / "begun"))
    do(folder / name)
    said: list[str] = []
    rest = trained(ns.TRTRL(0.05), checkpoint=Keeping(folder, say=said.append))
    assert_same(rest, trained(ns.TRTRL(0.05)))
    assert reason in said[0]
    end = f"going on from step {step}" if step else "starting from the beginning"
    assert said[-1].endswith(end)
    assert len(said) == (1 if step else 2)


def test_any_bit_of_the_json_counts(begun: Path, tmp_path: Path) -> None:
    """Each bit in turn: no damaged checkpoint is ever taken for a sound one."""
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    path = tmp_path / NEWEST
    sound = path.read_bytes()
    marks, version = json.loads(sound)["marks"], json.loads(sound)["neurosim"]
    assert files.read(tmp_path, 2, marks, version).step == STOP
    for bit in np.random.default_rng(2).integers(8 * len(sound), size=400).tolist():
        content = bytearray(sound)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        with pytest.raises(files.Refused):
            files.read(tmp_path, 2, marks, version)


FOREIGN = {
    "rule": {"rule": ns.TRTRL(0.06)},
    "stream": {"inputs": INPUTS + 1e-9},
    "number format": {"number": ns.Float(32)},
    "engine": {"engine": "stepwise"},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_checkpoint_of_another_training_is_refused(
    what: str, begun: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(begun, tmp_path / "begun"))
    options, said = {"rule": ns.TRTRL(0.05), **FOREIGN[what]}, []
    rest = trained(checkpoint=Keeping(folder, say=said.append), **options)
    assert_same(rest, trained(**options))
    assert [f"it is of another {what}" in message for message in said] == [True, True]
    assert said[1].endswith("starting from the beginning")


def test_every_word_of_a_long_array_counts() -> None:
    """NumPy itself leaves most of them out of what an array says."""
    words = np.arange(5_000.0)
    other = words.copy()
    other[2_500] = 0.1
    assert "..." in repr(words)
    numbers = [
        marks_of(network(), (each,), ns.Float(), "arrays", None, words, words)["rule"]
        for each in (words.tolist(), {"a": words}, {"a": other})
    ]
    assert len(set(numbers)) == 3


def test_another_version_is_refused(begun: Path, tmp_path: Path, monkeypatch) -> None:
    folder = Path(shutil.copytree(begun, tmp_path / "begun"))
    monkeypatch.setattr(keeper, "version", lambda: "9.9")
    said: list[str] = []
    trained(ns.TRTRL(0.05), checkpoint=Keeping(folder, say=said.append))
    assert "and this is 9.9" in said[0]


def test_what_begins_anew_keeps_what_was_there_until_it_has_its_own(
    begun: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(begun, tmp_path / "begun"))
    before = {path.name for path in folder.iterdir()}
    anew = Keeping(folder, steps=11, anew=True)
    seen = []

    def look(done, outputs, errors):
        seen.append(before <= {path.name for path in folder.iterdir()})

    ns.train(network(), ns.TRTRL(0.05), INPUTS, TARGETS, checkpoint=anew, on_part=look)
    assert seen[0]
    assert {path.name for path in folder.iterdir()} & before == {"lock"}


def test_a_folder_that_is_removed_meanwhile_is_told_of(tmp_path: Path) -> None:
    def remove(end: int, *_) -> None:
        if end == 6:
            shutil.rmtree(tmp_path / "new")

    said: list[str] = []
    keeping = Keeping(tmp_path / "new", steps=3, say=said.append)
    assert_same(
        trained(ns.TRTRL(0.05), checkpoint=keeping, on_part=remove), trained(ns.TRTRL(0.05))
    )
    assert len(said) == 1
    assert "cannot be written (No such file or directory)" in said[0]


def test_files_of_others_in_the_folder_stay(tmp_path: Path) -> None:
    others = {"summary.json", "checkpoint.safetensors", "data.bin", "2024.json"}
    for name in others:
        (tmp_path / name).write_text(name)
    trained(ns.TRTRL(0.05), checkpoint=Keeping(tmp_path, steps=3))
    assert len(files.numbers(tmp_path)) == files.KEPT
    assert {name for name in others if (tmp_path / name).read_text() == name} == others


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


def test_two_processes_do_not_share_a_folder(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("fcntl")
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 0.0)
    refused = pytest.raises(ns.UserError, match="another process is at work on it")
    with lock.locked(tmp_path), refused:
        trained(ns.TRTRL(0.05), checkpoint=tmp_path)


def test_a_folder_that_cannot_be_made_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ns.UserError, match="cannot be written"):
        trained(ns.TRTRL(0.05), checkpoint=tmp_path / "file" / "folder")


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


# --- a full disk -------------------------------------------------------------------------------


@pytest.mark.parametrize("fails", ["place", "Log.append"])
def test_a_full_disk_loses_nothing_and_stops_nothing(
    fails: str, tmp_path: Path, monkeypatch
) -> None:
    half_done(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    said: list[str] = []
    with monkeypatch.context() as patch:
        owner, _, name = fails.rpartition(".")
        patch.setattr(getattr(files, owner) if owner else files, name, full)
        rest = trained(ns.TRTRL(0.05), checkpoint=Keeping(tmp_path, steps=3, say=said.append))
    assert_same(rest, trained(ns.TRTRL(0.05)))
    assert len(said) == 1
    assert "cannot be written (No space left on device)" in said[0]
    for path, content in before.items():
        assert path.read_bytes()[: len(content)] == content
    said.clear()
    assert_same(trained(ns.TRTRL(0.05), checkpoint=Keeping(tmp_path, say=said.append)), rest)
    assert not said


@pytest.mark.parametrize("failing", [1, 1_000])
def test_a_folder_that_finds_no_room_is_tried_again(
    failing: int, tmp_path: Path, monkeypatch
) -> None:
    tries, mkdir, said = iter(range(failing)), Path.mkdir, []

    def full(path: Path, *args, **kwargs) -> None:
        if next(tries, None) is not None:
            raise OSError(28, "No space left on device")
        mkdir(path, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", full)
        keeping = Keeping(tmp_path / "new", steps=3, say=said.append)
        assert_same(trained(ns.TRTRL(0.05), checkpoint=keeping), trained(ns.TRTRL(0.05)))
    assert len(said) == (failing > 1)
    assert bool(files.numbers(tmp_path / "new")) == (failing == 1)


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
import neurosim as ns
from neurosim.engines.checkpoint import Keeping
from tests.test_resume import network

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), -1))
x = np.sin(np.arange(3_000.0))
said = []
stream = np.stack((x, x), 1)
keeping = Keeping(Path(sys.argv[1]), steps=100, say=said.append)
run = ns.train(network(), ns.TRTRL(0.05), stream, stream, checkpoint=keeping)
print(len(said), run.steps)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_file_that_may_not_grow_loses_nothing(tmp_path: Path) -> None:
    """A real limit: the log is cut short in the middle of a write, again and again."""

    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), "20000"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["1", "3000"]
    newest = files.numbers(tmp_path)[0]
    assert files.step_of(tmp_path, newest) == 1_200  # 16 bytes a step, of 20,000
    stream = np.stack([np.sin(np.arange(3_000.0))] * 2, 1)
    said: list[str] = []
    keeping = Keeping(tmp_path, say=said.append)
    rest = ns.train(network(), ns.TRTRL(0.05), stream, stream, checkpoint=keeping)
    whole = ns.train(network(), ns.TRTRL(0.05), stream, stream)
    np.testing.assert_array_equal(rest.outputs, whole.outputs)
    assert rest.network.weights == whole.network.weights
    assert not said
