"""Checkpoints that are damaged, foreign, of another version, or in other hands."""

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.engines.checkpoint import Keeping, files, keeper, lock, marks_of, trees
from neurosim.learning import SnAp
from tests.checkpoint.trainings import (
    INPUTS,
    STOP,
    TARGETS,
    assert_same,
    half_done,
    network,
    trained,
)


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


def test_state_that_no_file_can_hold_is_told_of_and_stops_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    keeping = Keeping(tmp_path, steps=5, say=said.append)
    kept = trained(Hoarding(0.05), checkpoint=keeping, stop=STOP)
    assert kept.run.steps == STOP
    assert not files.numbers(tmp_path)
    (message,) = said
    assert "state/rule/1 is a set" in message


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


def test_files_of_others_in_the_folder_stay(tmp_path: Path) -> None:
    others = {"summary.json", "checkpoint.safetensors", "data.bin", "2024.json"}
    for name in others:
        (tmp_path / name).write_text(name)
    trained(ns.TRTRL(0.05), checkpoint=Keeping(tmp_path, steps=3))
    assert len(files.numbers(tmp_path)) == files.KEPT
    assert {name for name in others if (tmp_path / name).read_text() == name} == others


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
