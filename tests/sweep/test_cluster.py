"""A sweep on Dask: the same to the last byte, whoever computes it and whoever dies meanwhile."""

from contextlib import nullcontext
from pathlib import Path

import pytest

import neurosim as ns
from neurosim.cli import main
from neurosim.errors import UserError
from neurosim.study.overrides import override
from neurosim.study.sweep import axes, running
from neurosim.study.sweep.cluster import check_workers, connected
from neurosim.study.sweep.executors import opened
from neurosim.study.sweep.plan import planned
from tests.sweep.sweeps import SMALL, cluster, here, left

pytest.importorskip("distributed")
FLAGS = ("--network.units", "3", "--steps", "50", "--seeds", "1")
SERIES = "x\n" + "\n".join(str((n * 7 % 11) / 11) for n in range(60)) + "\n"


def swept_with_a_death(plan, workers: int, tmp_path: Path):
    """Compute a plan on a cluster, of which one worker is killed when half of the cells are done.

    Return what is left, there and by one process alone.
    """
    with cluster(workers, tmp_path) as (address, processes):

        def watch(progress):
            if progress.done == progress.cells // 2:
                processes[0].kill()  # SIGKILL: it says goodbye to nobody

        theirs = running.computed(plan, tmp_path / "theirs", opened(cluster=address), watch)
        assert processes[0].wait(timeout=10) != 0
    with here() as executor:
        ours = running.computed(plan, tmp_path / "ours", nullcontext(executor))
    assert theirs.rows == ours.rows
    assert theirs.status == "done"
    return left(tmp_path / "theirs"), left(tmp_path / "ours")


def test_a_scheduler_of_ones_own_gives_the_same_also_when_a_worker_dies(tmp_path):
    """With data that lie in a folder which is none of the workers'."""
    Path("series.csv").write_text(SERIES)
    task = {"name": "csv", "data": str(tmp_path / "series.csv"), "target": "x", "passes": 4}
    base = override(SMALL, {"task": {**task, "horizon": 1}})
    plan = planned(base, axes.given({"network.units": [3, 4], "rule": ["rtrl", "trtrl"]}), (0, 1))
    theirs, ours = swept_with_a_death(plan, 2, tmp_path)
    assert len(theirs) == 3 + 8 * 3
    assert theirs == ours


@pytest.mark.slow
def test_a_long_sweep_gives_the_same_also_when_a_worker_dies(tmp_path):
    """Of 24 cells that each take some seconds."""
    over = {"network.units": [8, 12], "rule": ["rtrl", "trtrl"], "number.word_bits": [12, 16]}
    base = override(SMALL, {"task": {"steps": 8000}})
    plan = planned(base, axes.given(over), (0, 1, 2))
    theirs, ours = swept_with_a_death(plan, 3, tmp_path)
    assert len(theirs) == 3 + 24 * 3
    assert theirs == ours


@pytest.mark.slow
def test_the_command_starts_a_cluster_here(capsys):
    assert main(["sweep", "compare", *FLAGS, "--cluster", "local", "--jobs", "1"]) == 0
    assert "1 cell, all done" in capsys.readouterr().out


WRONG = {
    "127.0.0.1:8786": "is no address of a scheduler",
    "tcp://127.0.0.1": "is no address of a scheduler",
    "http://127.0.0.1:8786": "is no address of a scheduler",
    "": "is no address of a scheduler",
    "tcp://127.0.0.1:1": "no scheduler answers there",
}


@pytest.mark.parametrize("address", WRONG)
def test_a_cluster_that_is_not_there_is_wrong_use(address, capsys, monkeypatch):
    monkeypatch.setattr("neurosim.study.sweep.cluster.PATIENCE_SECONDS", 1)
    assert main(["sweep", "compare", *FLAGS, "--cluster", address]) == 2
    assert WRONG[address] in capsys.readouterr().err
    assert not Path("runs").exists()


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(UserError, match=r"pip install 'neurosim-hdl\[cluster\]'"):
        connected("local").__enter__()


class _Client:
    """A client whose scheduler and workers answer so."""

    def __init__(self, scheduler=ns.__version__, **answers):
        self.scheduler, self.answers = scheduler, answers

    def run(self, *_, **__):
        return self.answers

    def run_on_scheduler(self, *_):
        if isinstance(self.scheduler, Exception):
            raise self.scheduler
        return self.scheduler


def test_all_workers_have_to_have_the_same_neurosim(capsys):
    check_workers(_Client(), "tcp://a:1")  # they may still come
    assert "tcp://a:1: no worker is there yet" in capsys.readouterr().err
    check_workers(_Client(one=ns.__version__), "tcp://a:1")
    with pytest.raises(UserError, match=r"worker two has neurosim 9\.9, and here is"):
        check_workers(_Client(one=ns.__version__, two="9.9"), "tcp://a:1")
    missing = ModuleNotFoundError("No module named 'neurosim'")
    with pytest.raises(UserError, match=r"worker one cannot load neurosim.*No module"):
        check_workers(_Client(one=missing), "tcp://a:1")
    with pytest.raises(UserError, match="the scheduler cannot load neurosim"):
        check_workers(_Client(missing), "tcp://a:1")


def test_jobs_are_for_this_computer():
    with pytest.raises(UserError, match="a cluster has its own workers"):
        connected("tcp://127.0.0.1:8786", jobs=2).__enter__()
