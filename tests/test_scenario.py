"""Scenarios: read from anywhere, changed by flags, named by what they compute."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.errors import UserError
from neurosim.study import catalog, description, sources
from neurosim.study.overrides import override
from neurosim.study.problem import Problem, single
from neurosim.study.scenario import (
    NetworkSpec,
    NumberSpec,
    RuleSpec,
    Scenario,
    TaskSpec,
    digest,
    folder_name,
    from_mapping,
    resolve_files,
)

ROOT = Path(__file__).parent.parent
SHELF = sorted(path.stem for path in (ROOT / "scenarios").glob("*.py"))


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def again(scenario: Scenario) -> Scenario:
    text = description.toml(description.mapping(scenario))
    return from_mapping(tomllib.loads(text), "again:")


@pytest.mark.parametrize("name", SHELF)
def test_a_scenario_on_the_shelf_survives_toml(name):
    scenario = sources.load(name)
    assert again(scenario) == scenario
    assert digest(again(scenario)) == digest(scenario)
    assert scenario.name == name


@pytest.mark.parametrize("name", SHELF)
def test_a_scenario_script_is_short_and_says_what_it_is(name):
    path = catalog.find("scenarios", name)
    assert len(path.read_text().splitlines()) <= 60
    assert len(sources.docstring(path).splitlines()) > 3


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8")))
def test_any_text_survives_toml(name, value):
    table = {"text": value, "table": {name: value, "nested": {name: [value, 1, 0.5, True]}}}
    assert tomllib.loads(description.toml(table)) == table


def test_full_scenario_survives_toml():
    scenario = Scenario(
        name='an "odd" näme',
        network=NetworkSpec(
            topology="layered", layers=(4, 3), options={"a b": "1"}, outputs=("n6",), units=7
        ),
        task=TaskSpec(name="csv", data="x.csv", target="y", passes=3),
        rule=RuleSpec(name="bptt", window=5, learning_rate=1e-5),
        compare=("bptt",),
        rates={"bptt": 0.5},
        number=NumberSpec(word_bits=12),
        engine="stepwise",
        seeds=(3, 1),
    )
    assert again(scenario) == scenario


MISTAKES = [
    ("nmae = 'x'", "mine.toml: nmae: unknown key. Did you mean name?"),
    ("[network]\nunits = true", "[network] units: needs a whole number (got True)."),
    ("[network]\nunits = 0", "mine.toml: [network] units: must be at least 1 (got 0)."),
    ("network = 3", "mine.toml: network: needs a table of keys (got 3)."),
    ("seeds = 3", "mine.toml: seeds: needs a list (got 3)."),
    ("seeds = [0, 'x']", "mine.toml: seeds[1]: needs a whole number"),
    ("seeds = [1, 1]", "mine.toml: seeds: 1 stands there twice."),
    ("seeds = []", "mine.toml: seeds: is empty."),
    ("seeds = [-1]", "mine.toml: seeds: must be at least 0"),
    ("sizes = [4]\nseeds = [0, 1]", "mine.toml: seeds: costs are the same for every seed."),
    ("engine = 'clock'", "mine.toml: engine: no such choice (got 'clock'). Did you mean clocked?"),
    ("[rates]\nrtl = 1.0", "mine.toml: rates.rtl: is not compared."),
    ("[rates]\nrtrl = 'fast'", "mine.toml: rates.rtrl: needs a number (got 'fast')."),
    ("[rule]\nlearning_rate = inf", "[rule] learning_rate: needs a finite number (got inf)."),
    (f"[rule]\nlearning_rate = {'9' * 400}", "[rule] learning_rate: needs a finite number"),
    ("[rule]\nlearning_rate = -0.1", "[rule] learning_rate: must be 0 or more"),
    ("[rule]\nliteral = 1", "[rule] literal: needs true or false (got 1)."),
    ("[task]\ndata = 'x.csv'", "[task] data: the task mackey_glass reads no file."),
    ("[number]\nkind = 'float'\nword_bits = 9", "[number] word_bits: a float has no such width."),
    ("name = ' '", "mine.toml: name: is empty."),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_in_toml_is_named(text, message):
    Path("mine.toml").write_text(text)
    with pytest.raises(UserError) as caught:
        sources.load("mine.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("mine.toml: ")


SCRIPTS = [
    ("from neurosim.study.scenario import *\nscenario = Scenario(seeds=())", "mine.py: seeds: is"),
    (
        "from neurosim.study.scenario import *\nscenario = Scenario(seeds=(0.5,))",
        "mine.py: seeds: must",
    ),
    ("from neurosim.study.scenario import *\nscenario = Scenario(network='x')", "needs a table"),
    (
        "from neurosim.study.scenario import *\nscenario = Scenario(machine=3)",
        "machine: needs text",
    ),
]


@pytest.mark.parametrize(("text", "message"), SCRIPTS)
def test_a_mistake_in_a_script_is_named(text, message):
    Path("mine.py").write_text(text)
    with pytest.raises(UserError, match="mine") as caught:
        sources.load("mine.py")
    assert message in str(caught.value)


NAMES = [
    ("missing.json", "missing.json: no such file."),
    ("./", "is a folder."),
    ("a/b.txt", "neither a scenario nor a graph."),
]


@pytest.mark.parametrize(("name", "message"), NAMES)
def test_an_unknown_name_is_refused(name, message):
    with pytest.raises(UserError) as caught:
        sources.load(name)
    assert message in str(caught.value)


def test_the_users_own_scenario_hides_the_shelf():
    Path("scenarios").mkdir()
    Path("scenarios/compare.toml").write_text("summary = 'mine'")
    assert sources.load("compare").summary == "mine"


def test_a_topology_stands_for_the_main_comparison_on_it():
    scenario = sources.load("ring")
    assert (scenario.name, scenario.network.topology) == ("ring", "ring")
    assert scenario.task == sources.load("compare").task


def test_a_graph_stands_for_the_main_comparison_on_it():
    Path("mine.json").write_text("{}")
    scenario = sources.load("mine.json")
    assert scenario.name == "mine"
    assert scenario.network.file == str(Path("mine.json").resolve())
    assert scenario.network.units is None


def changed(changes, **fields):
    return override(Scenario(**fields), changes)


def test_another_topology_takes_the_options_of_the_old_one_along():
    network = NetworkSpec(topology="small_world", units=9, rewiring=0.5, activation="logistic")
    after = changed({"network": {"topology": "ring"}}, network=network).network
    assert after == NetworkSpec(topology="ring", units=9, activation="logistic")


def test_a_graph_file_has_its_own_units():
    after = changed({"network": {"file": "g.json"}}, network=NetworkSpec(units=9)).network
    assert (after.file, after.units) == ("g.json", None)


def test_layers_say_how_many_units_there_are():
    changes = {"network": {"topology": "layered", "layers": [3, 4]}}
    assert changed(changes, network=NetworkSpec(units=25)).network.units == 7


def test_data_replaces_the_task_and_keeps_the_steps():
    task = TaskSpec(name="mackey_glass", steps=500, tau=20.0, horizon=4)
    after = changed({"task": {"data": "s.csv", "target": "v"}}, task=task).task
    assert after == TaskSpec(name="csv", steps=500, data="s.csv", target="v")


def test_passes_and_steps_replace_each_other():
    task = TaskSpec(name="csv", data="s.csv", steps=500)
    by_passes = changed({"task": {"passes": 2}}, task=task)
    assert (by_passes.task.passes, by_passes.task.steps) == (2, None)
    assert override(by_passes, {"task": {"steps": 7}}).task.passes is None


def test_a_width_means_fixed_point():
    assert changed({"number": {"word_bits": 12}}).number == NumberSpec(
        kind="fixed", word_bits=12, fraction_bits=8, weight_bits=32, weight_fraction_bits=24,
        table_bits=9,
    )  # fmt: skip
    sixteen = NumberSpec(word_bits=16)
    assert changed({"number": {"word_bits": 12}}, number=sixteen).number.fraction_bits == 8
    assert changed({"number": {"kind": "float"}}, number=sixteen).number == NumberSpec()


def test_a_learning_rate_given_last_counts():
    after = changed({"rule": {"learning_rate": 0.5}}, rates={"rtrl": 0.1})
    assert (after.rule.learning_rate, after.rates) == (0.5, {})


def test_single_keeps_what_the_rule_takes():
    scenario = Scenario(
        rule=RuleSpec(name="trtrl", literal=True, window=9),
        compare=("trtrl", "bptt"),
        rates={"bptt": 0.3},
    )
    assert single(scenario, "bptt").rule == RuleSpec(name="bptt", window=9, learning_rate=0.3)
    assert single(scenario, "trtrl").rule == RuleSpec(name="trtrl", literal=True)
    assert single(scenario, "trtrl").compare == ("trtrl",)


def test_hash_is_of_what_is_computed():
    scenario = Scenario()
    assert digest(scenario) == digest(override(scenario, {"summary": "other words"}))
    assert digest(scenario) != digest(override(scenario, {"seeds": [1]}))


def test_hash_counts_what_a_file_holds_not_where_it_lies():
    for folder, content in (("a", "v\n1"), ("b", "v\n1"), ("c", "v\n2")):
        Path(folder).mkdir()
        Path(folder, "s.csv").write_text(content)
    base = Scenario(task=TaskSpec(name="csv", data="s.csv"))
    a, b, c = (digest(resolve_files(base, Path(folder))) for folder in "abc")
    assert a == b != c


OWN = {
    "rules/mine.py": {"rule": {"name": "mine"}},
    "rules/ours.py": {"compare": ["rtrl", "ours:decay=0.5"], "rates": {"ours:decay=0.5": 0.1}},
    "topologies/mine.py": {"network": {"topology": "mine"}},
    "scenarios/data/mine.csv": {"task": {"name": "csv", "data": "mine"}},
    "series": {"task": {"name": "csv", "data": "./series"}},
}


@pytest.mark.parametrize("path", OWN)
def test_hash_counts_what_a_name_stands_for(path):
    """Otherwise a sweep would take what was computed before the file was changed."""
    scenario = override(Scenario(), OWN[path])
    found = [digest(scenario)]
    for content in ("1", "2"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(content)
        found.append(digest(scenario))
    assert len(set(found)) == 3
    Path(path).write_text("1")
    assert digest(scenario) == found[1]


@pytest.mark.parametrize("path", [path for path in OWN if "/" in path])
def test_a_name_of_ones_own_is_a_path_from_elsewhere(path, tmp_path, monkeypatch):
    scenario = override(Scenario(), OWN[path])
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("1")
    resolved = resolve_files(scenario, Path.cwd())
    assert str(tmp_path / path) in json.dumps(description.mapping(resolved))
    assert digest(resolved) == digest(scenario)
    monkeypatch.chdir("/")
    assert digest(resolved) != digest(scenario)
    assert resolve_files(resolved, Path.cwd()) == resolved


def test_names_of_the_house_stay_names(tmp_path):
    for path in ("rules/trtrl.py", "topologies/other.py"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("1")
    assert resolve_files(Scenario(), Path.cwd()) == Scenario()


@pytest.mark.parametrize("name", ["../../etc/passwd", "a b\n", "...", "-rf", "ü", "x" * 500])
def test_a_name_is_safe_in_a_path(name):
    folder = folder_name(Scenario(name=name))
    assert Path(folder).name == folder
    assert folder.isascii()
    assert folder[0].isalnum()
    assert len(folder) < 80


def test_outputs_may_be_a_number():
    scenario = Scenario(network=NetworkSpec(units=9, outputs=("3",)), task=TaskSpec(steps=10))
    assert Problem.of(scenario, 0).network.outputs == ("n0", "n1", "n2")
