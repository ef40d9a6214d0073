"""`neurosim run --resume`: commands that are killed, stopped, or find no room, and go on."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from neurosim.cli import main
from neurosim.study import results, training, unfinished
from tests.programs import only_run, started

SMALL = ("--network.units", "3", "--seeds", "0", "--engine", "stepwise")
BRIEF = ("--network.units", "3", "--seeds", "0", "--steps", "40")


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)


def begun(*argv, trainings=1):
    """Start a command, and return it as soon as every training has left a checkpoint."""
    process = started("-m", "neurosim", *argv)
    while len({path.parent for path in Path().glob("runs/*/resume/*/*.json")}) < trainings:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


def assert_as_if_never_stopped(capsys, *argv) -> None:
    """Compute the same at once, and hold what is kept of it against the run that is there."""
    assert main([*argv, "--out", "whole"]) == 0
    capsys.readouterr()
    whole = Path("whole", only_run().name)
    names = {path.name for path in whole.iterdir()}
    assert {path.name for path in only_run().iterdir()} == names
    for name in names - {results.SUMMARY}:
        assert (only_run() / name).read_bytes() == (whole / name).read_bytes(), name
    rows = [json.loads((each / results.SUMMARY).read_text()) for each in (only_run(), whole)]
    for summary in rows:
        for row in summary["rows"]:
            assert row.pop("training_seconds") > 0
    for key in ("status", "rows", "curves", "notes", "verb"):
        assert rows[0][key] == rows[1][key]


@pytest.mark.slow
def test_a_comparison_that_is_killed_goes_on_side_by_side(capsys, monkeypatch):
    argv = ("compare", *SMALL, "--steps", "2500", "--compare", "rflo,trtrl")
    argv = (*argv, "--checkpoint-steps", "100")
    process = begun(*argv, trainings=2)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    folder = only_run()
    assert main(["report"]) == 2
    said = capsys.readouterr().err
    assert f"{folder}: is not done, and holds no report yet." in said
    assert f"`neurosim run --resume {folder}` goes on with it." in said
    monkeypatch.setattr(training, "WORTH_PROCESSES", 10**9)  # the rest one by one
    # those that it had started end by themselves, soon after
    assert main(["run", "--resume", folder.name[:9]]) == 0
    assert "compare: RFLO against TRTRL" in capsys.readouterr().out
    assert_as_if_never_stopped(capsys, *argv)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_sigterm_writes_one_more_and_exits_143(capsys):
    argv = ("run", "compare", *SMALL, "--steps", "3000", "--checkpoint-steps", "250")
    process = begun(*argv)
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    folder = only_run()
    assert f"neurosim run --resume {folder}" in " ".join(out.split())
    assert "Interrupted after" in err
    (checkpoint,) = sorted((folder / "resume").glob("*/*.json"))[-1:]
    done = json.loads((folder / results.SUMMARY).read_text())["rows"][0]["steps"]
    assert json.loads(checkpoint.read_text())["step"] == done < 3_000
    assert main(["run", "--resume", str(folder)]) == 0
    assert_as_if_never_stopped(capsys, *argv)


def stopped(monkeypatch, *argv) -> Path:
    """Leave a run that Ctrl-C has ended after its first steps."""

    def interrupt(*_):
        def on_part(done, outputs, errors):
            raise KeyboardInterrupt

        return on_part

    with monkeypatch.context() as patch:
        patch.setattr(training, "_reporter", interrupt)
        assert main([*argv]) == 130
    return only_run()


def test_a_run_that_is_done_is_not_gone_on_with(capsys):
    assert main(["run", "compare", *BRIEF]) == 0
    before = {path: path.read_bytes() for path in only_run().iterdir()}
    capsys.readouterr()
    assert main(["run", "--resume", "compare"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        f"neurosim: {only_run()} is done, so there is nothing to go on with. `neurosim report"
        f" {only_run()}` shows it.\n"
    )
    assert {path: path.read_bytes() for path in only_run().iterdir()} == before


def test_what_was_interrupted_says_how_it_goes_on_and_does(capsys, monkeypatch):
    argv = ("run", "compare", *BRIEF)
    folder = stopped(monkeypatch, *argv)
    printed = capsys.readouterr()
    assert f"neurosim run --resume {folder}" in printed.out
    assert main(["compare", "--resume", str(folder), "--checkpoint-steps", "9"]) == 0
    assert not (folder / "resume").exists()
    assert_as_if_never_stopped(capsys, *argv)


def test_starting_anew_says_what_is_there(capsys, monkeypatch):
    folder = stopped(monkeypatch, "run", "compare", *BRIEF)
    capsys.readouterr()
    assert main(["run", "compare", *BRIEF, "--json"]) == 0
    printed = capsys.readouterr()
    assert f"{folder} holds unfinished work of this run, and this starts it anew." in printed.err
    assert json.loads(printed.out)[0]["steps"] == 40


def test_a_damaged_checkpoint_of_a_run_is_told_of(capsys, monkeypatch):
    folder = stopped(monkeypatch, "run", "compare", *BRIEF)
    (path,) = (folder / "resume").glob("*/*.safetensors")
    path.write_bytes(path.read_bytes()[:-1])
    capsys.readouterr()
    assert main(["run", "--resume", str(folder), "--json"]) == 0
    printed = capsys.readouterr()
    (message,) = [line for line in printed.err.splitlines() if "refused" in line]
    assert "checkpoint at step 16 refused: 000001.safetensors is damaged" in message
    assert message.endswith("starting from the beginning")
    assert json.loads(printed.out)[0]["steps"] == 40


def test_data_that_has_changed_is_refused(capsys, monkeypatch):
    Path("series.csv").write_text("v\n" + "".join(f"{t % 7}\n" for t in range(60)))
    argv = ("run", "compare", "--data", "series.csv", "--network.units", "3", "--seeds", "0")
    folder = stopped(monkeypatch, *argv)
    Path("series.csv").write_text("v\n" + "".join(f"{t % 5}\n" for t in range(60)))
    capsys.readouterr()
    assert main(["run", "--resume", str(folder)]) == 2
    assert "a file that it reads, or its scenario, has changed since" in capsys.readouterr().err


@pytest.mark.parametrize("pace", [(), ("--checkpoint-seconds", "0")])
def test_results_that_find_no_room_leave_the_checkpoints(pace, capsys, monkeypatch):
    def full(*_):
        raise results.Unwritable("series.csv: cannot be written (No space left on device).")

    monkeypatch.setattr("neurosim.engines.checkpoint.keeper.WORTH_KEEPING", 0.0)
    monkeypatch.setattr("neurosim.engines.checkpoint.keeper.BYTES_PER_SECOND", 1e12)
    argv = ("run", "compare", *BRIEF)
    with monkeypatch.context() as patch:
        patch.setattr(results, "_replace_text", full)
        assert main([*argv]) == 2
    assert "normalised error" in capsys.readouterr().out
    assert unfinished.there(only_run())
    with monkeypatch.context() as patch:  # nothing is left to be trained
        patch.setattr("neurosim.engines.arrays.ArraysEngine.step", None)
        patch.setattr("neurosim.engines.arrays.ArraysEngine.run", None)
        patch.setattr(results, "place", full)  # and no room is needed to read
        assert main(["run", "--resume", str(only_run()), *pace]) == 0
    assert_as_if_never_stopped(capsys, *argv)


def test_a_disk_that_is_full_from_the_start_stops_no_run(capsys, monkeypatch):
    def full(*_):
        raise results.Unwritable("run.json: cannot be written (No space left on device).")

    monkeypatch.setattr(results, "place", full)
    assert main(["run", "compare", *BRIEF]) == 0
    printed = capsys.readouterr()
    full = "run.json: cannot be written (No space left on device)."
    assert f"neurosim: {full} The run goes on without checkpoints.\n" in printed.err
    assert not (only_run() / "resume").exists()


def test_several_cases_have_no_checkpoints(capsys, monkeypatch):
    argv = ("compare", "--sizes", "3,4", "--seeds", "0", "--steps", "40")
    folder = stopped(monkeypatch, *argv)
    assert "starts it anew" in capsys.readouterr().out
    assert main(["run", "--resume", str(folder)]) == 2
    assert "measures several cases, of which no checkpoints are written" in capsys.readouterr().err


def test_no_checkpoints_where_none_are_asked_for(capsys, monkeypatch):
    folder = stopped(monkeypatch, "compare", *BRIEF, "--checkpoint-seconds", "0")
    assert "starts it anew" in capsys.readouterr().out
    assert main(["run", "--resume", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "holds no checkpoints to go on from" in said
    assert f"`neurosim compare {folder / 'scenario.toml'}`" in said


MISTAKES = {
    "a name too": (["compare", "--resume", "x"], "Leave compare out."),
    "flags": (["--resume", "x", "--network.units", "3"], "Leave out the flags that change"),
    "steps": (["--resume", "x", "--steps", "3"], "Leave out the flags that change"),
    "no such run": (["--resume", "x"], "x: no such run in runs."),
    "no name": ([], "NAME: is missing."),
    "seconds": (["compare", "--checkpoint-seconds", "-1"], "must be 0, for none, or more"),
    "steps of none": (["compare", "--checkpoint-steps", "0"], "must be 1 or more (got 0)"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake, capsys):
    argv, said = MISTAKES[mistake]
    assert main(["run", *argv]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert not Path("runs").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no locks")
def test_two_commands_do_not_compute_one_run(capsys, monkeypatch):
    from neurosim.engines.checkpoint import lock

    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 0.0)
    folder = stopped(monkeypatch, "run", "compare", *BRIEF)
    capsys.readouterr()
    with lock.locked(folder / "resume"):
        for argv in (["compare", *BRIEF], ["--resume", str(folder)]):
            assert main(["run", *argv]) == 2
            assert "another process is at work on it" in capsys.readouterr().err
    assert unfinished.there(folder)
