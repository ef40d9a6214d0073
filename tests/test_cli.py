"""The command line: what it prints where, what it writes, and how it ends."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import neurosim as ns
from neurosim.cli import main
from neurosim.study import training
from neurosim.study.training import Job, train, train_one

ROOT = Path(__file__).parent.parent
QUICK = ("--network.units", "3", "--steps", "40", "--seeds", "0")
COST_KEYS = {
    "rule", "units", "edges", "outputs", "multiplications_per_step", "stored_words", "buffer_words",
    "stored_bytes", "words_sent_per_step", "words_broadcast_per_step", "hop_words_per_step",
    "local_access_ratio", "cycles_per_step", "cycles_compute", "cycles_memory", "cycles_link",
    "cycles_barrier",
}  # fmt: skip
LEARNING_KEYS = {"nmse", "training_seconds", "steps", "learning_rate", "seeds"}
GRAPH = {
    "directed": True,
    "multigraph": False,
    "graph": {},
    "nodes": [{"id": "x", "role": "input"}, {"id": "a"}, {"id": "b", "role": "output"}],
    "edges": [{"source": s, "target": t} for s, t in ("xa", "ab", "ba")],
}


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    """An empty folder with a graph and a series in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    Path("loop.json").write_text(json.dumps(GRAPH))
    Path("series.csv").write_text("t,v\n" + "".join(f"{t},{math.sin(t)}\n" for t in range(60)))


def neurosim(*argv, **options):
    """Start the command as a program of its own."""
    program = "import sys; from neurosim.cli import main; sys.exit(main())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([sys.executable, "-c", program, *argv], env=environment, **pipes)


def finished(process, seconds=60):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


# --- what is asked for ------------------------------------------------------------------------


def test_help_names_every_verb_and_exit_code(capsys):
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    for word in ("list", "show", "run", "compare", "cost", "report", "--install-completion", "130"):
        assert word in printed


@pytest.mark.parametrize("verb", ["run", "compare", "cost"])
def test_help_of_a_verb_lists_the_fields_of_a_scenario(verb, capsys):
    assert main([verb, "--help"]) == 0
    printed = capsys.readouterr().out
    for flag in ("--network.units", "--number.word-bits", "--machine", "--data", "--json"):
        assert flag in printed
    assert ("--engine" in printed) == (verb != "cost")


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == ns.__version__


def test_help_and_version_load_nothing_heavy(capsys):
    for argv in (["--help"], ["--version"], ["run", "--help"]):
        program = (
            f"import sys; from neurosim.cli import main; main({argv!r});"
            "print([m for m in ('numpy', 'networkx', 'simpy') if m in sys.modules])"
        )
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        with capsys.disabled():
            print(f"\n{' '.join(argv)}: {time.perf_counter() - began:.2f} s", end="")
        assert done.stdout.splitlines()[-1] == "[]"


def test_list_has_all_kinds(capsys):
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    for word in ("compare", "ring", "trtrl", "mackey_glass", "bus"):
        assert f"  {word} " in printed
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["scenarios", "topologies", "rules", "tasks", "machines"]
    assert all(line for names in found.values() for line in names.values())


def test_a_broken_file_of_the_users_does_not_hide_the_list(capsys):
    Path("scenarios").mkdir()
    Path("scenarios/bad.toml").write_text("x")
    assert main(["list"]) == 0
    assert "cannot be used" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["compare", "ring", "trtrl", "delayed_copy", "lanes", "loop.json", "mine.toml"]
)
def test_show_anything(name, capsys):
    Path("mine.toml").write_text("seeds = [4]")
    assert main(["show", name]) == 0
    assert capsys.readouterr().out.strip()
    assert main(["show", name, "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) >= {"kind", "name", "about", "facts"}


def test_a_shown_scenario_can_be_run(capsys):
    main(["show", "compare"])
    Path("mine.toml").write_text(capsys.readouterr().out)
    assert main(["cost", "mine.toml", "--network.units", "3"]) == 0


def test_show_counts_a_graph(capsys):
    main(["show", "loop.json", "--json"])
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert (facts["units"], facts["edges"], facts["reciprocal_edges"]) == (2, 3, 2)
    assert facts["density"] == 0.5


# --- studies ----------------------------------------------------------------------------------


def test_compare_as_json(capsys):
    assert main(["compare", *QUICK, "--json"]) == 0
    printed = capsys.readouterr()
    rows = json.loads(printed.out)
    assert [row["rule"] for row in rows] == ["rtrl", "trtrl"]
    for row in rows:
        assert set(row) >= COST_KEYS | LEARNING_KEYS
        assert (row["units"], row["steps"], row["seeds"]) == (3, 40, [0])
        assert None not in row.values()
    assert "written runs" in printed.err


def test_cost_as_json_trains_nothing_and_writes_nothing(capsys):
    assert main(["cost", "ring", "--network.units", "4", "--json"]) == 0
    printed = capsys.readouterr()
    for row in json.loads(printed.out):
        assert set(row) >= COST_KEYS
        assert not LEARNING_KEYS & set(row)
    assert printed.err == ""
    assert not Path("runs").exists()


def test_flags_override_with_dashes_or_underscores(capsys):
    main(["compare", *QUICK, "--rule.learning_rate", "0.25", "--json"])
    dashed = json.loads(capsys.readouterr().out)
    main(["compare", *QUICK, "--rule.learning-rate", "0.25", "--json"])
    underscored = json.loads(capsys.readouterr().out)
    for row, other in zip(dashed, underscored, strict=True):
        assert row["learning_rate"] == other["learning_rate"] == 0.25
        assert row["nmse"] == other["nmse"]


def test_flags_of_every_shape(capsys):
    flags = ["--rates.rtrl", "0.5", "--rates.trtrl", "0.125", "--number.word_bits", "12"]
    assert main(["compare", *QUICK, *flags, "--machine", "lanes", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["learning_rate"] for row in rows] == [0.5, 0.125]
    assert {row["machine"] for row in rows} == {"lanes"}
    shape = ["--network.topology", "layered", "--network.layers", "3,2", "--compare", "trtrl"]
    assert main(["cost", *shape, "--json"]) == 0
    assert [row["units"] for row in json.loads(capsys.readouterr().out)] == [5]
    assert main(["cost", "tournament", "--network.options.self_loops", "true", "--json"]) == 0


def test_own_data_on_an_own_graph(capsys):
    data = ["--data", "series.csv", "--target", "v", "--horizon", "2", "--task.passes", "2"]
    assert main(["compare", "loop.json", *data, "--seeds", "0"]) == 0
    printed = capsys.readouterr().out
    assert "v of series.csv, 2 rows ahead, 2 passes" in printed
    assert "loop.json, 2 units, 3 edges, 1 output" in printed


def test_every_engine_learns_the_same(capsys):
    errors = []
    for engine in ("arrays", "stepwise", "clocked"):
        main(["run", "ring", *QUICK, "--engine", engine, "--json"])
        errors.append(json.loads(capsys.readouterr().out)[0]["nmse"])
    assert errors == pytest.approx([errors[0]] * 3, rel=1e-9)


def test_sizes_measure_growth(capsys):
    flags = ["--sizes", "3,4,5", "--steps", "20"]
    assert main(["compare", "scaling", *flags, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["units"], row["rule"]) for row in rows[:3]] == [
        (3, "rtrl"), (3, "trtrl"), (4, "rtrl"),
    ]  # fmt: skip
    assert all(row["seconds_per_step"] > 0 and "nmse" not in row for row in rows)
    assert main(["report"]) == 0
    assert "grows with" in capsys.readouterr().out


# --- the run folder ---------------------------------------------------------------------------


def only_run() -> Path:
    (folder,) = Path("runs").iterdir()
    return folder


def test_a_run_can_be_run_again_into_the_same_folder(capsys):
    assert main(["run", "compare", *QUICK, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    folder = only_run()
    assert main(["run", str(folder / "scenario.toml"), "--json"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert only_run() == folder
    assert first[0]["nmse"] == second[0]["nmse"]
    assert [row["rule"] for row in first] == ["trtrl"]


def test_data_of_ones_own_can_be_run_again_from_elsewhere(capsys, monkeypatch, tmp_path):
    main(["run", "ring", *QUICK, "--data", "series.csv", "--target", "v"])
    scenario = (only_run() / "scenario.toml").resolve()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["run", str(scenario)]) == 0
    assert only_run().name == scenario.parent.name


def test_the_checkpoint_is_the_trained_network():
    main(["run", "ring", *QUICK])
    network = ns.load(str(only_run() / "checkpoint.safetensors"))
    assert len(network.units) == 3


def test_report_prints_again(capsys):
    main(["compare", *QUICK])
    first = capsys.readouterr().out
    for argv in ([], [only_run().name], [only_run().name[:9]], [str(only_run())]):
        assert main(["report", *argv]) == 0
        assert capsys.readouterr().out == first
    assert main(["report", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_out_names_the_folder(capsys):
    main(["compare", *QUICK, "--out", "a/b"])
    assert [path.name[:8] for path in Path("a/b").iterdir()] == ["compare-"]
    assert main(["report", "--out", "a/b"]) == 0


def test_a_name_cannot_leave_the_folder():
    main(["run", "ring", *QUICK, "--name", "../../up"])
    assert only_run().name.startswith("up-")


# --- endings ----------------------------------------------------------------------------------

WRONG = [
    ["cmopare"],
    ["compare", "nope"],
    ["compare", "missing.toml"],
    ["compare", "."],
    ["compare", "series.csv"],
    ["compare", ""],
    ["run"],
    ["show", "nothing"],
    ["show"],
    ["report"],
    ["report", "nope"],
    ["list", "extra"],
    ["compare", "compare", "extra"],
    ["compare", "--netwrk.units", "3"],
    ["compare", "--network.units"],
    ["compare", "--network.units", "many"],
    ["compare", "--network.units", "0"],
    ["compare", "--network.units", "-4"],
    ["compare", "--network.units", "1000000000000"],
    ["compare", "--network.topology", "rign"],
    ["compare", "--network.density", "0.5"],
    ["compare", "--network.activation", "relu"],
    ["compare", "--network.outputs", "n99"],
    ["compare", "--network.file", "nofile.json"],
    ["compare", "loop.json", "--network.units", "5"],
    ["compare", "--network.options.wings", "2"],
    ["compare", "--task.name", "weather"],
    ["compare", "--task.delay", "3"],
    ["compare", "--steps", "0"],
    ["compare", "--steps", "1e4"],
    ["compare", "--steps", "5", "--task.steps", "6"],
    ["compare", "--data", "nofile.csv"],
    ["compare", "--data", "."],
    ["compare", "--data", "series.csv"],
    ["compare", "--data", "series.csv", "--target", "w"],
    ["compare", "--data", "series.csv", "--target", "v", "--horizon", "60"],
    ["compare", "--input", "v"],
    ["compare", "--rule.learning_rate", "nan"],
    ["compare", "--rule.learning_rate", "-1"],
    ["compare", "--rule.window", "3"],
    ["compare", "--rule.name", "rtrl"],
    ["compare", "--compare", "rtrl,snap"],
    ["compare", "--compare", ""],
    ["compare", "--rates.snap", "0.1"],
    ["compare", "--number.kind", "decimal"],
    ["compare", "--number.word_bits", "99"],
    ["compare", "--number.kind", "float", "--number.word_bits", "8"],
    ["compare", "--machine", "bsu"],
    ["compare", "--machine", "loop.toml"],
    ["compare", "--engine", "steam"],
    ["compare", "--seeds", "0,one"],
    ["compare", "--seeds", "0,0"],
    ["compare", "--out", "series.csv"],
    ["compare", "--out", "/proc/nowhere"],
    ["run", "compare", "--compare", "rtrl"],
    ["run", "compare", "--rule.name", "snap"],
    ["run", "scaling", "--network.units", "4"],
    ["cost", "--seeds", "1"],
    ["cost", "--steps", "5"],
    ["cost", "--engine", "clocked"],
]


@pytest.mark.parametrize("argv", WRONG, ids=" ".join)
def test_wrong_use_gives_one_message_and_exits_2(argv, capsys):
    assert main(argv) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("neurosim: ")
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    assert not list(Path(".").glob("runs/*"))


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (["cmopare"], "Did you mean"),
        (["compare", "--netwrk.units", "3"], "network.units"),
        (["compare", "--engine", "array"], "arrays"),
        (["compare", "--machine", "bsu"], "Did you mean bus?"),
        (["run"], "NAME"),
    ],
)
def test_a_slip_is_answered_with_the_nearest_name(argv, hint, capsys):
    assert main(argv) == 2
    assert hint in capsys.readouterr().err


def test_a_run_that_diverges_exits_1_and_keeps_the_others(capsys, monkeypatch):
    real = ns.train

    def diverging(network, rule, *rest, **options):
        run = real(network, rule, *rest, **options)
        if rule.name == "rtrl":
            run = replace(run, diverged_at=39)
            raise ns.RunFailed("RTRL: diverged at step 39. Try a learning_rate below 1.", run)
        return run

    monkeypatch.setattr(training.engines, "train", diverging)
    assert main(["compare", *QUICK, "--json"]) == 1
    printed = capsys.readouterr()
    assert "diverged at step 39" in printed.err
    rows = json.loads(printed.out)
    assert [("nmse" in row) for row in rows] == [False, True]
    assert json.loads((only_run() / "summary.json").read_text())["status"] == "failed"


def test_an_error_of_our_own_shows_itself_and_exits_1(capsys, monkeypatch):
    monkeypatch.setattr("neurosim.study.inventory.summaries", lambda: 1 / 0)
    assert main(["list"]) == 1
    printed = capsys.readouterr().err
    assert "ZeroDivisionError" in printed
    assert "report it" in printed


def test_nothing_is_left_where_nothing_was_computed(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("neurosim.study.comparison._costs", interrupted)
    assert main(["compare", *QUICK]) == 130
    assert not list(Path("runs").iterdir())


TOUCHING = """
import sys
from contextlib import contextmanager
from pathlib import Path
from neurosim.cli import main
from neurosim.report import progress

@contextmanager
def shown(scenario):  # as if somebody watched: leaves a file when training has begun
    yield lambda progress: Path("begun").touch(), lambda text: None

if __name__ == "__main__":
    progress.shown = shown
    sys.exit(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("rules", ["trtrl", "rtrl,trtrl"])
def test_ctrl_c_keeps_what_was_computed(rules):
    Path("watched.py").write_text(TOUCHING)
    flags = ["--compare", rules, "--seeds", "0", "--network.units", "4", "--steps", "80000"]
    process = subprocess.Popen(
        [sys.executable, "watched.py", "compare", *flags], start_new_session=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not Path("begun").exists() and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process at once
    code, out, err = finished(process)
    assert code == 130
    assert "Interrupted after" in err
    assert "Traceback" not in err
    assert "written" in out
    summary = json.loads((only_run() / "summary.json").read_text())
    assert summary["status"] == "interrupted"
    assert any(row["steps"] > 0 for row in summary["rows"])


def test_what_cannot_be_kept_is_still_shown(capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert main(["compare", *QUICK]) == 2
    printed = capsys.readouterr()
    assert "normalised error" in printed.out
    assert "No space left" in printed.err


def test_a_closed_pipe_is_no_error():
    process = neurosim("show", "trtrl")
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
    script = ROOT / "scenarios" / "compare.py"
    process = subprocess.run(
        [sys.executable, str(script), *QUICK, "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert [row["steps"] for row in json.loads(process.stdout)] == [40, 40]
