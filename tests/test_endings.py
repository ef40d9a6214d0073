"""How a command ends: exit codes, what is kept, and what is said, whatever happened."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neurosim.cli import main
from neurosim.study import training
from neurosim.study.training import Job, train, train_one
from tests.programs import ROOT, interrupted, only_run, started

QUICK = ("--network.units", "3", "--steps", "40", "--seeds", "0")
# Two units in a loop that multiplies by 1e200 twice: RTRL's sensitivities overflow.
EXPLOSIVE = {
    "nodes": [{"id": "x", "role": "input"}, {"id": "a", "role": "output"}, {"id": "b"}],
    "edges": [
        {"source": "x", "target": "a", "weight": 1e-200},
        {"source": "b", "target": "a", "weight": 1e200},
        {"source": "a", "target": "b", "weight": 1e200},
    ],
}


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)


def test_a_run_that_diverges_exits_1_and_keeps_the_others(capsys):
    Path("loop.json").write_text(json.dumps(EXPLOSIVE))
    assert main(["compare", "loop.json", "--steps", "60", "--seeds", "0", "--json"]) == 1
    printed = capsys.readouterr()
    assert "rtrl, seed 0: RTRL on loop: diverged at step 3" in printed.err
    assert "learning_rate" in printed.err
    assert [("nmse" in row) for row in json.loads(printed.out)] == [False, True]
    assert json.loads((only_run() / "summary.json").read_text())["status"] == "failed"
    # the network that diverged has no weights that could be kept
    names = {path.name for path in only_run().glob("*.safetensors")}
    assert names == {"checkpoint.safetensors"}
    assert main(["report"]) == 0
    assert "diverged at step 3" in capsys.readouterr().out


def test_a_rule_that_learned_nothing_is_told_of(capsys):
    flags = ["--network.units", "3", "--seeds", "0", "--steps", "1000"]
    assert main(["run", "compare", *flags, "--rule.learning_rate", "1e6"]) == 0
    printed = capsys.readouterr()
    assert "so nothing was learned. Try a learning rate below 1e+06" in printed.err
    assert main(["run", "compare", *flags]) == 0
    assert "nothing was learned" not in capsys.readouterr().err


def test_an_error_of_our_own_shows_itself_and_exits_1(capsys, monkeypatch):
    monkeypatch.setattr("neurosim.study.inventory.summaries", lambda: 1 / 0)
    assert main(["list"]) == 1
    printed = capsys.readouterr().err
    assert "ZeroDivisionError" in printed
    assert "report it" in printed


def test_nothing_is_left_where_nothing_was_computed(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("neurosim.study.comparison.costs", interrupted)
    Path("kept").mkdir()
    for out in ("runs", "kept/deep"):
        assert main(["compare", *QUICK, "--out", out]) == 130
    assert list(Path().iterdir()) == [Path("kept")]


def test_ctrl_c_while_neurosim_is_being_loaded(capsys, monkeypatch):
    class Verbs:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "neurosim.cli.verbs", Verbs())
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "neurosim: interrupted.\n"


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("rules", ["trtrl", "rtrl,trtrl"])
def test_ctrl_c_keeps_what_was_computed(rules):
    flags = ["--compare", rules, "--seeds", "0", "--network.units", "4", "--engine", "stepwise"]
    out = interrupted("compare", *flags)
    assert "written" in out
    summary = json.loads((only_run() / "summary.json").read_text())
    assert summary["status"] == "interrupted"
    assert any(row["steps"] > 0 for row in summary["rows"])
    assert main(["report"]) == 0


def test_what_cannot_be_kept_is_still_shown(capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert main(["compare", *QUICK]) == 2
    printed = capsys.readouterr()
    assert "normalised error" in printed.out
    assert "No space left" in printed.err


def test_a_closed_pipe_is_no_error():
    process = started("-m", "neurosim", "show", "trtrl")
    process.stdout.close()
    assert process.wait(timeout=30) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


def test_processes_side_by_side_learn_what_one_does(monkeypatch):
    from neurosim.study.scenario import NetworkSpec, Scenario, TaskSpec

    scenario = Scenario(network=NetworkSpec(units=3), task=TaskSpec(steps=60), seeds=(0, 1))
    jobs = [Job(scenario, "trtrl", seed) for seed in (0, 1)]
    monkeypatch.setattr(training, "WORTH_PROCESSES", 0)
    seen = []
    outcomes = train(jobs, 60, seen.append)
    alone = [train_one(job, lambda progress: None) for job in jobs]
    assert [o.nmse for o in outcomes] == [o.nmse for o in alone]
    assert {(p.seed, p.step, p.steps) for p in seen} >= {(0, 60, 60), (1, 60, 60)}


def test_a_scenario_script_takes_the_flags_of_compare():
    process = started(str(ROOT / "scenarios" / "compare.py"), *QUICK, "--json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert [row["steps"] for row in json.loads(out)] == [40, 40]


@pytest.mark.parametrize(
    "argv",
    [
        ("-m", "neurosim", "compare", "--units", "3"),
        ("-m", "neurosim", "report"),
        (str(ROOT / "scenarios" / "compare.py"), "--steps", "0"),
    ],
)
def test_a_mistake_ends_a_program_with_2(argv):
    process = started(*argv)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("neurosim: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_output_that_cannot_be_written_is_told():
    program = "import os, sys; from neurosim.cli import main; {}; sys.exit(main(['list']))"
    for first, code, said in (
        ("sys.stdout = None", 0, ""),
        ("sys.stdout = open('/dev/full', 'w')", 2, "cannot write the output"),
        ("os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')", 2, "working folder is gone"),
    ):
        process = started("-c", program.format(first))
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (code, "")
        assert said in err
        assert err.count("\n") == bool(said)


def test_messages_name_the_command_as_it_was_typed(capsys, monkeypatch):
    monkeypatch.setenv("NEUROSIM_COMMAND", "python3 start.py")
    assert main(["compare", "--units", "3"]) == 2
    assert "See `python3 start.py compare --help`." in capsys.readouterr().err


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks processes up in /proc")
def test_no_training_outlives_a_killed_command(tmp_path: Path) -> None:
    """Killed outright, the command takes its training processes with it."""
    command = [sys.executable, "-m", "neurosim", "compare", "--steps", "200000"]
    mark = {"NEUROSIM_TEST_MARK": str(tmp_path)}
    environment = {**os.environ, **mark, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:

        def others() -> int:
            return len(_marked(str(tmp_path)) - {process.pid})

        _wait_until(lambda: others() >= 2)
        process.kill()
    _wait_until(lambda: others() == 0)


def _marked(mark: str) -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.add(int(path.parent.name))
        except OSError:
            continue
    return found


def _wait_until(true, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)
