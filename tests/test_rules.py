"""Rules by the text that names them, and what the pages about rules say."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from benchmarks import rules as page
from neurosim.cli import main
from neurosim.errors import UserError
from neurosim.learning import RULES, TRTRL, Census, SnAp
from neurosim.report.labels import label, over, stacked
from neurosim.study import rules, sources
from neurosim.study.agreement import check_rule
from neurosim.study.overrides import override
from neurosim.study.problem import Problem, single
from neurosim.study.scenario import RuleSpec, Scenario, digest, rate, resolve_files
from neurosim.study.specs import NetworkSpec, TaskSpec
from neurosim.study.variants import variant

ROOT = Path(__file__).parents[1]
OWN = re.search(r"```python\n(.*?)```", (ROOT / "docs/own_rule.md").read_text(), re.S)[1]
HEAD = "import neurosim as ns\n\n\n"
BODY = '    name, title, citation = "mine", "Mine", "none"\n'


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my_rule.py").write_text(OWN)
    return tmp_path


def tiny(*compare: str, **fields: object) -> Scenario:
    network, task = NetworkSpec(units=3), TaskSpec(name="frequency_doubler", steps=20)
    return Scenario(name="tiny", network=network, task=task, compare=compare, **fields)


def ended(*words: str) -> int:
    return main(list(words))


def test_a_variant_is_its_rule_with_options():
    found = rules.rule("trtrl:ingress_only=true:learning_rate=0.5", {"literal": True}, rate=0.1)
    assert found == TRTRL(0.5, literal=True, ingress_only=True)
    assert rules.rule("snap:order=3", {"order": 2, "rank": 7}, rate=0.1) == SnAp(0.1, order=3)
    assert rules.rule("bptt:window=none", {"window": 4}).window is None
    assert rules.key("trtrl:ingress_only=true") == "trtrl:ingress_only=true"


def test_a_file_is_its_rule_with_options():
    found = rules.rule("./my_rule.py:decay=0.25", {"decay": "0.7"}, rate=0.1)
    assert (found.decay, found.learning_rate, found.name) == (0.25, 0.1, "traces")
    assert rules.rule("my_rule.py", {"decay": "0.7"}).decay == 0.7
    assert rules.key("./my_rule.py:decay=0.25") == "traces:decay=0.25"


def test_an_edited_file_is_another_rule():
    assert rules.rule("my_rule.py", {}).decay == 0.5
    Path("my_rule.py").write_text(OWN.replace("decay: float = 0.5", "decay: float = 0.75"))
    assert rules.rule("my_rule.py", {}).decay == 0.75


def test_a_folder_of_rules_is_looked_through():
    Path("rules").mkdir()
    Path("my_rule.py").rename("rules/fading.py")
    assert rules.kind("fading:decay=0.5").name == "traces"
    assert "fading" in rules.names()


WRONG = [
    ("trtr", "rule trtr: is unknown. Did you mean trtrl? Known: rtrl,"),
    ("", "rule: is empty"),
    ("trtrl:literl=true", "takes no literl. Did you mean literal? It takes learning_rate,"),
    ("trtrl:literal=5", "rule trtrl:literal=5: literal: needs true or false (got 5)."),
    ("bptt:window=x", "window: needs a whole number (got 'x')."),
    ("bptt:window=2.5", "window: needs a whole number (got 2.5)."),
    ("trtrl:placement=owne", "must be one of unit, owner (got 'owne'). Did you mean owner?"),
    ("trtrl:literal", "'literal' is no option. Write NAME:option=value."),
    ("trtrl:literal=true:literal=true", "an option stands there twice"),
    ("trtrl:learning_rate=-1", "must be a finite number from 0 up (got -1.0)."),
    ("my_rul.py", "my_rul.py: no such file. Check the path. Did you mean my_rule.py?"),
    ("./my_rule.py:dekay=1", "takes no dekay. Did you mean decay? It takes learning_rate, decay."),
    ("./my_rule.py:decay=fast", "decay: needs a number (got 'fast')."),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_text_is_told_so(text, message):
    with pytest.raises(UserError) as caught:
        rules.rule(text, {})
    assert message in str(caught.value)


BROKEN = [
    ("x = 1\n", "defines no rule. Add one: class MyRule(neurosim.Rule)."),
    ("def f(:\n", "mine.py:1: invalid syntax"),
    ("import no_such_thing\n", "mine.py:1: ModuleNotFoundError"),
    (HEAD + "class A(ns.Rule):\n    pass\n\n\nclass B(ns.Rule):\n    pass\n", "defines A and B."),
    (HEAD + "class A(ns.Rule):\n    pass\n", 'A: does not say its name. Add name = "...".'),
    (HEAD + "class A(ns.Rule):\n" + BODY, "A: has no closed, init, memories, program, step."),
    (HEAD + "class A(ns.TRTRL):\n    pass\n", "A.name: trtrl is a rule of the house."),
    (HEAD + 'class A(ns.TRTRL):\n    name = "a/b"\n', "A.name: must be letters, digits and _"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_a_broken_file_is_told_with_its_line(text, message):
    Path("mine.py").write_text(text)
    with pytest.raises(UserError) as caught:
        rules.kind("mine.py")
    assert message in str(caught.value)


def test_a_rule_that_fails_while_it_runs_is_told_with_its_line(capsys):
    Path("mine.py").write_text(OWN.replace("now.slope)", "now.slop)"))
    line = 1 + OWN[: OWN.index("now.slope)")].count("\n")
    flags = ["--steps", "9", "--network.units", "3", "--machine", "none"]
    assert ended("run", "frequency_doubler", "--rule.name", "mine.py", *flags) == 2
    said = capsys.readouterr().err
    assert f"mine.py:{line}: AttributeError" in said
    assert "Traceback" not in said


def test_two_rules_of_one_name_are_refused():
    Path("other.py").write_text(OWN)
    with pytest.raises(UserError, match=r"both known as traces"):
        Problem.of(tiny("my_rule.py", "other.py"), 0).check(trained=True)


def test_rates_and_sizes_hold_for_a_variant_or_for_all_of_its_rule():
    scenario = tiny("trtrl", "trtrl:literal=true", "my_rule.py", rates={"trtrl": 0.2, "my_rule": 1})
    assert [rate(scenario, text) for text in scenario.compare] == [0.2, 0.2, 1]
    exact = tiny("trtrl", "trtrl:literal=true", rates={"trtrl:literal=true": 0.3, "trtrl": 0.2})
    assert [rate(exact, text) for text in exact.compare] == [0.2, 0.3]
    with pytest.raises(UserError, match=r"rates\.rtrl: is not compared"):
        tiny("trtrl:literal=true", rates={"rtrl": 0.2})
    fewer = override(scenario, {"compare": ["trtrl:literal=true"]})
    assert dict(fewer.rates) == {"trtrl": 0.2}


def test_single_keeps_the_variant():
    scenario = tiny("trtrl:literal=true", "rtrl", rule=RuleSpec(window=5), rates={"trtrl": 0.3})
    one = single(scenario, "trtrl:literal=true")
    assert (one.rule.name, one.compare) == ("trtrl:literal=true", ("trtrl:literal=true",))
    assert Problem.of(one, 0).rule(one.rule.name) == TRTRL(0.3, literal=True)


def test_files_of_rules_are_found_beside_the_scenario_and_count_by_content(here):
    for folder in ("a", "b", "c"):
        Path(folder).mkdir()
        Path(folder, "r.py").write_text(OWN + "# changed\n" * (folder == "c"))
    base = tiny("trtrl", "r.py:decay=0.5", rates={"r.py": 0.1}, rule=RuleSpec(name="r.py"))
    a, b, c = (resolve_files(base, here / folder) for folder in "abc")
    assert a.compare == ("trtrl", f"{here / 'a' / 'r.py'}:decay=0.5")
    assert rate(a, a.compare[1]) == 0.1
    assert digest(a) == digest(b) != digest(c)
    Path("a/s.toml").write_text('compare = ["./r.py:decay=0.5"]')
    assert rules.key(sources.load("a/s.toml").compare[0]) == "traces:decay=0.5"


def test_an_option_that_no_rule_takes_is_refused():
    scenario = tiny("trtrl", rule=RuleSpec(options={"literl": "true"}))
    with pytest.raises(UserError, match=r"options\.literl: does not apply to trtrl\. Did you mean"):
        Problem.of(scenario, 0).check(trained=True)
    taken = tiny("my_rule.py", rule=RuleSpec(options={"decay": "0.7"}))
    Problem.of(taken, 0).check(trained=True)
    assert Problem.of(taken, 0).rule("my_rule.py").decay == 0.7


def test_variants_stand_side_by_side_to_the_end(capsys):
    flags = ["--steps", "60", "--network.units", "4", "--seeds", "0", "--compare"]
    texts = ["trtrl", "trtrl:ingress_only=true", "./my_rule.py:decay=0.5"]
    assert ended("compare", "frequency_doubler", *flags, ",".join(texts), "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    names = ["trtrl", "trtrl:ingress_only=true", "traces:decay=0.5"]
    assert [row["rule"] for row in rows] == names
    assert rows[1]["stored_words"] < rows[0]["stored_words"]
    assert len({row["nmse"] for row in rows}) == 3
    (folder,) = Path("runs").iterdir()
    assert (folder / "checkpoint-traces-decay-0.5.safetensors").exists()
    assert set(json.loads((folder / "summary.json").read_text())["profiles"]) == set(names)
    assert ended("compare", str(folder / "scenario.toml"), "--json") == 0  # runs again, as itself
    again = json.loads(capsys.readouterr().out)
    assert [row["nmse"] for row in again] == [row["nmse"] for row in rows]
    assert len(list(Path("runs").iterdir())) == 1


def test_labels_are_titles_and_what_makes_the_variant():
    assert label("trtrl") == "TRTRL"
    assert label("trtrl:ingress_only=true:self_terms=false") == "TRTRL ingress only, no self terms"
    assert stacked("ok:rank=4") == "r-OK\nrank 4"
    assert label("traces") == "TRACES"
    assert (over("rtrl", "trtrl"), over("ok", "ok:rank=4")) == ("RTRL/TRTRL", "first/last")
    assert variant("C:\\my.py:decay=1").name == "C:\\my.py"


@pytest.mark.parametrize("name", RULES)
def test_orders_are_those_of_the_closed_forms(name):
    """n^3 means that twice the units take eight times as much, but for smaller terms."""
    rule = rules.rule(name, {"window": 8} if name == "bptt" else {})
    small, large = (rule.for_units(n).closed(Census.complete(n)) for n in (512, 1024))
    for order, field in (
        (rule.order_multiplications, "multiplications"),
        (rule.order_words, "stored_words"),
    ):
        power = re.match(r"(?:[a-z] )?n\^(\d)", order)
        first, second = getattr(small, field), getattr(large, field)
        grown = np.log2(second / first) if first else None
        assert grown == (pytest.approx(int(power[1]), abs=0.08) if power else None), field
        assert power or order == "0"


def test_the_table_of_rules_is_the_rules_own():
    assert page.table() in (ROOT / "docs/rules.md").read_text(), "python -m benchmarks.rules"


def test_a_rule_shows_equations_options_and_what_it_runs_with(capsys):
    assert ended("show", "uoro", "--json") == 0
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert (facts["numbers"], facts["chip"]) == (["float"], False)
    assert ended("show", "./my_rule.py") == 0
    shown = capsys.readouterr().out
    assert "a_ij <- decay a_ij + d_i z_j" in shown
    assert re.search(r"decay +0\.5", shown)
    assert ended("list", "--json") == 0
    assert list(json.loads(capsys.readouterr().out)["rules"])[:2] == ["rtrl", "trtrl"]


# --- docs/own_rule.md, done as it says --------------------------------------------------------


def test_the_rule_of_the_page_is_short_and_agrees():
    assert len(OWN.splitlines()) < 80
    assert check_rule(rules.rule("my_rule.py", {}, rate=0.05)).held


def test_the_commands_of_the_page_do_what_it_says(capsys):
    text = (ROOT / "docs/own_rule.md").read_text()
    commands = re.findall(r"^\$ neurosim (.*)$", text, re.M)
    assert [command.split()[0] for command in commands] == [
        "check", "compare", "report", "run", "cost"
    ]  # fmt: skip
    for command in commands:
        assert ended(*shlex.split(command)) == 0
    assert "first/last" in capsys.readouterr().out
    (figure,) = Path("runs").glob("*/figures/learning.svg")  # of the comparison, the newest then
    summary = json.loads((figure.parents[1] / "summary.json").read_text())
    house, own, forgetful = summary["rows"]
    assert house["nmse"] < 0.01 < own["nmse"] < 0.04
    assert forgetful["nmse"] > 0.5
    assert 1.6 * own["multiplications_per_step"] < house["multiplications_per_step"]
    assert 3.5 * own["cycles_per_step"] < house["cycles_per_step"]
    assert "TRACES decay 0<" in figure.read_text()


BUGS = [
    ("now.slope), layout", "2 * now.slope), layout", "gradient of"),
    ("additions=back", "additions=1 + back", "additions: counted"),
    ("number.multiply(state[1]", "number.multiply(state[0][0] + state[1]", "gradient of"),
    ("Fma(g, every(q, n), a)", "Fma(g, every(q, n), a, g)", "gradient of"),
]


@pytest.mark.parametrize(("right", "wrong", "found"), BUGS)
def test_a_rule_whose_forms_differ_is_told_where(right, wrong, found, capsys):
    assert OWN.count(right) == 1
    Path("my_rule.py").write_text(OWN.replace(right, wrong))
    assert ended("check", "my_rule.py", "--steps", "4") == 1
    said = capsys.readouterr().out
    assert found in said
    assert "differ" in said
