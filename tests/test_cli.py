"""The command line: what it prints where, what it writes, and how it ends."""

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import neurosim as ns
from neurosim.cli import main
from neurosim.cli.verbs import app
from neurosim.study import results
from tests.programs import only_run

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


@pytest.mark.parametrize("columns", ["40", "80", "200"])
@pytest.mark.parametrize("verb", ["", "run", "compare", "cost", "report", "list", "show"])
def test_help_fits_the_terminal(verb, columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    for each in (app, *(app[name] for name in verb.split())):  # made once, with the width of then
        monkeypatch.setattr(each, "_fallback_console", None)
    assert main([*verb.split(), "--help"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Usage: neurosim")
    assert max(map(len, printed.splitlines())) <= int(columns)
    assert "[default: False]" not in printed


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


@pytest.mark.parametrize("name", ["bus", "lanes", "ideal"])
def test_a_shown_machine_is_its_own_file(name, capsys):
    main(["show", name])
    shown = capsys.readouterr().out
    assert shown == (ROOT / "neurosim" / "machine" / "shelf" / f"{name}.toml").read_text()
    Path("mine.toml").write_text(shown)
    costs = []
    for machine in (name, "mine.toml"):
        assert main(["cost", *QUICK[:2], "--machine", machine, "--json"]) == 0
        costs.append(json.loads(capsys.readouterr().out))
    assert costs[0] == costs[1]


def test_show_a_graph_that_leaves_inputs_and_outputs_to_flags(capsys):
    graph = {**GRAPH, "nodes": [{"id": node} for node in "xab"]}
    Path("bare.json").write_text(json.dumps(graph))
    assert main(["show", "bare.json"]) == 0
    assert "not named" in capsys.readouterr().out
    flags = ["--network.inputs", "x", "--network.outputs", "b"]
    assert main(["cost", "bare.json", *flags]) == 0


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


def test_a_cost_without_a_machine_only_counts(capsys):
    assert main(["cost", *QUICK[:2], "--json"]) == 0
    simulated = json.loads(capsys.readouterr().out)
    assert main(["cost", *QUICK[:2], "--machine", "none", "--json"]) == 0
    counted = json.loads(capsys.readouterr().out)
    for row, more in zip(counted, simulated, strict=True):
        assert row.items() <= more.items()
        assert not {key for key in row if key.startswith("cycles")} | ({"machine"} & set(row))
    assert main(["compare", *QUICK, "--machine", "none"]) == 0
    printed = capsys.readouterr().out
    assert "no machine" in printed
    assert "cycles" not in printed
    assert main(["report"]) == 0
    assert capsys.readouterr().out == printed


def test_a_topology_of_ones_own(capsys):
    Path("topologies").mkdir()
    text = (
        "import networkx as nx\n\n\ndef build({}):\n    print('building')\n    return nx.DiGraph("
    )
    text += "[('x', 'n0'), ('n0', 'n1'), ('n1', 'n0')])\n"
    for name, parameters in (("fixed", ""), ("sized", "units, wings=2")):
        Path(f"topologies/{name}.py").write_text(text.format(parameters))
        for asked in (name, f"topologies/{name}.py"):
            assert main(["cost", asked, "--json"]) == 0
            printed = capsys.readouterr()
            assert [row["units"] for row in json.loads(printed.out)] == [2, 2]
            assert "building" in printed.err


def test_a_flag_never_has_to_undo_the_scenario(capsys):
    assert main(["cost", "compare", "--sizes", "3,4"]) == 0  # which has several seeds
    assert main(["cost", "loop.json", "--network.topology", "ring", "--network.units", "3"]) == 0
    assert main(["cost", "ring", "--network.file", "loop.json"]) == 0


def test_what_is_reported_is_what_was_asked(capsys):
    data = ["--data", "series.csv", "--target", "v"]
    for argv, heading in (
        (["compare", *data], "compare: RTRL against TRTRL"),
        (["run", "compare"], "compare: TRTRL alone"),
        (["compare", "--compare", "trtrl"], "compare: TRTRL alone"),
        (["compare"], "compare: RTRL against TRTRL on the Mackey-Glass series"),
    ):
        assert main([*argv, *QUICK]) == 0
        assert capsys.readouterr().out.splitlines()[0] == heading


def test_a_hint_can_be_copied_and_run(capsys):
    main(["run", "compare", *QUICK, "--out", "some/quite/deep/folder"])
    lines = capsys.readouterr().out.splitlines()
    (hint,) = [line for line in lines if "neurosim compare some" in line]
    assert main([*hint.split()[1:], "--json"]) == 0


def test_logistic_units_get_targets_that_they_reach(capsys):
    main(["run", "ring", *QUICK, "--network.activation", "logistic"])
    rows = (only_run() / "series.csv").read_text().splitlines()[1:]
    targets = [float(row.split(",")[3]) for row in rows]
    assert 0.05 < min(targets) < max(targets) < 0.95


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
    sent = []
    for placement in ("unit", "owner"):
        assert main(["cost", *QUICK[:2], "--rule.placement", placement, "--json"]) == 0
        sent.append(json.loads(capsys.readouterr().out)[1]["words_sent_per_step"])
    assert sent[0] != sent[1]
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
    # a few steps of several networks are nothing to go on with
    assert {path.name for path in only_run().iterdir()} == {"scenario.toml", "summary.json"}
    assert main(["report"]) == 0
    assert "grows with" in capsys.readouterr().out


# --- the run folder ---------------------------------------------------------------------------


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
    for argv in ([], [only_run().name[:9]]):
        assert main(["report", *argv]) == 0
        assert capsys.readouterr().out == first
    for name in (only_run().name, str(only_run())):
        assert results.find(name, Path("runs")) == only_run()
    assert main(["report", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_out_names_the_folder(capsys):
    main(["compare", *QUICK, "--out", "a/b"])
    (folder,) = Path("a/b").iterdir()
    assert folder.name.startswith("compare-")
    assert f"neurosim report {folder} " in capsys.readouterr().out
    assert main(["report", str(folder)]) == 0
    assert main(["report", "--out", "a/b"]) == 0


def test_a_name_cannot_leave_the_folder():
    main(["run", "ring", *QUICK, "--name", "../../up"])
    assert only_run().name.startswith("up-")
