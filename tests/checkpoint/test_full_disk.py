"""Disks that are full, files that may not grow, folders that are gone: nothing saved is lost."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.engines.checkpoint import Keeping, files
from tests.checkpoint.trainings import assert_same, half_done, network, trained
from tests.programs import ROOT


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


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
import neurosim as ns
from neurosim.engines.checkpoint import Keeping
from tests.checkpoint.trainings import network

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
