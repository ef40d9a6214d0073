"""Who computes a sweep: processes that die or are stopped, and what travels to them."""

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

import neurosim as ns
from neurosim.errors import RunFailed
from neurosim.study import results
from neurosim.study.overrides import override
from neurosim.study.problem import single
from neurosim.study.scenario import TaskSpec
from neurosim.study.sweep import parcels
from neurosim.study.sweep.cells import computed
from neurosim.study.sweep.executors import opened
from neurosim.study.sweep.folder import read
from neurosim.study.sweep.processes import Workers
from tests.programs import started
from tests.sweep.sweeps import SAME, SMALL, all_end, here, working


def _died(path):
    """End this process the first time."""
    if not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def _killed():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_dies_costs_no_other_call_anything(tmp_path):
    with Workers(1) as workers:
        once = workers.submit(_died, str(tmp_path / "died"))
        deaths, whole = workers.submit(_killed), workers.submit(abs, -3)
        with pytest.raises(RunFailed, match="ended 2 worker processes"):
            deaths.result()
        assert once.result() == "alive"
        assert whole.result() == 3


def test_a_call_that_kills_is_a_cell_that_failed(monkeypatch, tmp_path):
    scenario = override(single(SMALL, "trtrl"), {"seeds": [0]})
    with here() as executor:
        executor_of_death = _Deadly(executor)
        (result,) = computed(executor_of_death, [scenario], tmp_path)
    assert result.row is None
    assert "ended 2 worker processes" in result.error


class _Deadly:
    def __init__(self, executor):
        self.executor = executor

    def submit(self, fn, *args):
        return self.executor.submit(_raise)


def _raise():
    raise RunFailed("ended 2 worker processes, one after the other.")


def test_workers_have_one_thread_of_linear_algebra_and_end_with_the_block():
    before = dict(os.environ)
    with opened(1) as executor:
        assert executor.submit(os.getenv, "OPENBLAS_NUM_THREADS").result() == "1"
        pid = executor.submit(os.getpid).result()
        begun = time.monotonic()
        executor.submit(time.sleep, 600)
    assert time.monotonic() - begun < 60  # it was not waited for
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert dict(os.environ) == before


RULE = """
import neurosim as ns

class Mine(ns.TRTRL):
    name = "mine"
    title = "Mine"
    citation = "ours"
"""


def test_files_travel_to_a_worker_that_has_none_of_them(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "data.csv").write_text("x\n" + "\n".join(str((n * 7 % 11) / 11) for n in range(80)))
    task = {"name": "csv", "data": str(home / "data.csv"), "target": "x", "horizon": 1}
    scenario = override(SMALL, {"task": {**task, "passes": 2}, "seeds": [0]})
    scenario = single(scenario, "trtrl")
    (tmp_path / "machine.toml").write_text("")
    with here() as executor:
        (near,) = computed(executor, [scenario], tmp_path / "near")
    sent = parcels.parcel(scenario)
    away = tmp_path / "away"
    home.rename(away)
    reply = parcels.computed(sent)
    assert reply.error is None
    for name in SAME:
        assert reply.files[name] == (near.folder / name).read_bytes()
    told = json.loads(reply.files["summary.json"])
    assert told["hash"] == near.folder.name.rpartition("-")[2]
    assert "neurosim-" not in reply.files["summary.json"].decode()


def test_names_of_the_callers_own_travel_too(tmp_path, monkeypatch):
    home = tmp_path / "home"
    series = "x\n" + "0.1\n0.5\n" * 40
    for path, content in (("rules/mine.py", RULE), ("scenarios/data/ours.csv", series)):
        (home / path).parent.mkdir(parents=True)
        (home / path).write_text(content)
    monkeypatch.chdir(home)
    task = TaskSpec(name="csv", data="ours", target="x", horizon=1, steps=60)
    base = replace(SMALL, task=task, compare=("mine",), rates={"mine": 0.03})
    with here() as executor:
        near = ns.sweep(base, {"rule": ["mine"]}, 1, executor)
    (row,) = near.rows
    scenario, _ = results.read(near.folder.parent / row["run"])
    sent = parcels.parcel(scenario)
    home.rename(tmp_path / "away")
    monkeypatch.chdir(tmp_path)
    reply = parcels.computed(sent)
    assert reply.error is None
    assert json.loads(reply.files["summary.json"])["hash"] == row["run"].rpartition("-")[2]
    for name in SAME:
        away = tmp_path / "away" / "runs" / row["run"] / name
        assert reply.files[name] == away.read_bytes()


def test_what_is_wrong_in_a_file_is_told_by_its_own_name(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "mine.py").write_text(
        RULE + "\n    def step(self):\n        pass\nraise ValueError(3)\n"
    )
    sent = parcels.Parcel(
        {"rule": {"name": str(home / "mine.py")}, "compare": [str(home / "mine.py")]},
        {str(home / "mine.py"): (home / "mine.py").read_bytes()},
        ns.__version__,
    )
    home.rename(tmp_path / "away")
    assert parcels.computed(sent).error.startswith(f"{home / 'mine.py'}:")


def test_a_worker_of_another_version_says_so():
    sent = parcels.parcel(single(SMALL, "trtrl"))._replace(version="9.9")
    assert "and the caller 9.9. Install the same on both." in parcels.computed(sent).error


ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143}
LONG = ["--over", "task.steps=200,1000000", "--over", "engine=stepwise"]


def begun():
    """Start a sweep of a short and a long cell; return it when the short one is done."""
    if not Path("/proc").is_dir():
        pytest.skip("needs process groups, and to look at them")
    flags = ["--network.units", "3", *LONG, "--seeds", "1", "--jobs", "1"]
    process = started("-m", "neurosim", "sweep", "compare", *flags)
    while not list(Path("runs").glob("*/summary.json")):
        assert process.poll() is None
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_ended_early_a_sweep_keeps_what_is_done_and_says_how_to_go_on(number):
    process = begun()
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: to every process at once
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == ENDS[number]
    assert "Traceback" not in err
    assert "1 of 2 cells are done, and kept in runs." in err
    assert f"{' '.join(LONG)} --seeds 1 --jobs 1` goes on." in err
    assert out == ""
    (folder,) = Path("runs").glob("*-sweep-*")
    assert [row["task.steps"] for row in read(folder).rows] == [200]
    assert all_end(process.pid)


@pytest.mark.slow
def test_workers_end_with_a_sweep_that_is_killed():
    process = begun()
    assert len(working(process.pid)) > 1
    process.kill()
    process.wait()
    assert all_end(process.pid)
