"""The estimators for scikit-learn and River: their own checks, and what a stream may rely on."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from river import checks, datasets, dummy, evaluate, metrics, preprocessing, stats
from sklearn.utils.estimator_checks import check_estimator

import neurosim as ns
import neurosim.river
import neurosim.sklearn
from neurosim.errors import RunFailed, UserError
from neurosim.study.mackey_glass import mackey_glass
from neurosim.study.online import Online, Recipe
from tests.estimators import SAME, riv, rows, series, sk

PAGE = (Path(__file__).parents[1] / "docs" / "estimators.md").read_text("utf-8")


# --- the checks of the libraries -------------------------------------------------------------


def test_scikit_learn_accepts_it() -> None:
    """And only the listed checks fail, and all of them: none is listed that would pass."""
    results = check_estimator(
        neurosim.sklearn.RecurrentRegressor(),
        expected_failed_checks=neurosim.sklearn.EXPECTED_FAILED_CHECKS,
        on_skip=None,
    )
    failed = {each["check_name"] for each in results if each["status"] == "xfail"}
    assert failed == set(neurosim.sklearn.EXPECTED_FAILED_CHECKS)
    assert sum(each["status"] == "passed" for each in results) > 45


@pytest.mark.parametrize(
    "model",
    [neurosim.river.RecurrentRegressor(), preprocessing.StandardScaler() | riv(seed=None)],
    ids=["alone", "in a pipeline"],
)
def test_river_accepts_it(model) -> None:
    checks.check_estimator(model)


# --- learning --------------------------------------------------------------------------------


def test_it_learns_mackey_glass() -> None:
    x = 1000.0 + 40.0 * mackey_glass(1506, 17, 1.2)
    X, y = x[:1500, None], x[6:]

    def score(**parameters) -> float:  # the mean has 0
        model = neurosim.sklearn.RecurrentRegressor(units=8, random_state=0, **parameters)
        return model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:])

    assert score() > 0.55
    assert score(rule="rtrl") > 0.55
    assert score(rule="inference", passes=1) < 0.2


def test_a_network_that_goes_on_learning_follows_mackey_glass() -> None:
    x = 1000.0 + 40.0 * mackey_glass(1506, 17, 1.2)

    def error(model) -> float:
        stream = zip(rows(x[:1500, None]), x[6:], strict=True)
        return evaluate.progressive_val_score(stream, model, metrics.MAE()).get()

    assert error(riv(units=12)) < 0.75 * error(dummy.StatisticRegressor(stats.Mean()))


def test_it_beats_a_constant_on_a_stream_of_rivers() -> None:
    def error(model) -> float:
        return evaluate.progressive_val_score(datasets.ChickWeights(), model, metrics.MAE()).get()

    assert error(riv(seed=0)) < 0.6 * error(dummy.StatisticRegressor(stats.Mean()))


def test_several_outputs_learn_side_by_side() -> None:
    X, y = series(400, outputs=2)
    model = sk().fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.n_outputs_ == 2
    assert (1 - ((model.predict(X) - y) ** 2).mean(axis=0) / y.var(axis=0) > 0.5).all()


def test_topology_and_options_reach_the_network() -> None:
    X, y = series(20)
    model = sk(topology="sparse_random", topology_options={"density": 0.2}).fit(X, y)
    assert len(model.network_.edges) < len(sk().fit(X, y).network_.edges)


@pytest.mark.parametrize(
    ("rule", "rate", "expected"),
    [
        ("trtrl", None, ns.TRTRL()),
        ("trtrl:literal=true", 0.2, ns.TRTRL(0.2, literal=True)),
        ("trtrl:learning_rate=0.3", 0.2, ns.TRTRL(0.3)),
        (ns.RTRL(0.4), None, ns.RTRL(0.4)),
        (ns.RTRL(0.4), 0.2, ns.RTRL(0.2)),
    ],
    ids=str,
)
def test_the_rule_and_its_rate(rule, rate, expected) -> None:
    assert Recipe(rule=rule, learning_rate=rate).made_rule() == expected


# --- River's features ------------------------------------------------------------------------


def test_predictions_change_nothing() -> None:
    X, y = series(60)
    asked, silent = riv(), riv()
    for x, target in zip(rows(X), y[:, 0], strict=True):
        asked.predict_one(x)
        asked.predict_one({"f0": 1.0, "unheard of": 2.0})
        asked.learn_one(x, target)
        silent.learn_one(x, target)
    assert np.array_equal(asked.network.weight_vector, silent.network.weight_vector)
    assert asked.predict_one(x) == silent.predict_one(x)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_feature_is_its_mean(missing) -> None:
    X, y = series(60)
    model = riv()
    for x, target in zip(rows(X), y[:, 0], strict=True):
        model.learn_one(x, target)
    x = rows(X)[-1]
    at_mean = model.predict_one({**x, "f1": X[:, 1].mean()})
    assert model.predict_one({**x, "f1": missing}) == pytest.approx(at_mean, rel=1e-12)
    assert model.predict_one({"f2": x["f2"], "f0": x["f0"]}) == pytest.approx(at_mean, rel=1e-12)
    assert model.predict_one(x) != pytest.approx(at_mean, rel=1e-6)


def test_a_new_feature_changes_nothing_until_it_is_learnt_from() -> None:
    X, y = series()
    online = Online(Recipe(**SAME), 2, 1)
    online.learn(X[:60, :2], y[:60])
    said = online.predict(X[60:, :2])
    online.widen(3)
    assert online.predict(X[60:]) == pytest.approx(said, rel=1e-12)
    online.learn(X[60:100], y[60:100])
    new = [weight for (source, _), weight in online.network.weights.items() if source == "x2"]
    assert len(new) == 6
    assert all(new)


def test_a_sample_without_features_is_a_sample() -> None:
    model = riv()
    for target in (1.0, 2.0, 3.0):
        model.learn_one({}, target)
    assert 1.0 < model.predict_one({}) < 3.0


# --- mistakes --------------------------------------------------------------------------------


MISTAKES = [
    ({"units": 0}, "units: must be at least 1"),
    ({"units": 2.5}, "units: must be a whole number"),
    ({"ticks": 0}, "ticks: must be at least 1"),
    ({"topology": "fuly_recurrent"}, "Did you mean fully_recurrent?"),
    ({"topology_options": {"density": 0.3}}, "does not take density"),
    ({"topology_options": {"seed": 3}}, "topology_options: seed is none of them. Drop it."),
    ({"rule": "trtl"}, "Did you mean trtrl?"),
    ({"rule": "bptt"}, "give a window"),
    ({"learning_rate": -1.0}, "learning_rate: must be a finite number from 0 up"),
]


@pytest.mark.parametrize(("parameters", "message"), MISTAKES, ids=str)
def test_a_mistake_is_told(parameters, message: str) -> None:
    X, y = series(10)
    with pytest.raises(UserError, match=re.escape(message)):
        sk(**parameters).fit(X, y)
    with pytest.raises(UserError, match=re.escape(message)):
        riv(**parameters).learn_one({"a": 1.0}, 2.0)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ({"city": "Rome"}, 1.0, "feature 'city': must be a number (got 'Rome'). Encode it"),
        ({"a": float("inf")}, 1.0, "feature 'a': is infinite"),
        ({"a": 1.0}, float("nan"), "the target is missing"),
        ({"a": 1.0}, None, "the target is missing"),
        ({"a": 1.0}, "much", "the target: must be a number (got 'much')"),
    ],
    ids=str,
)
def test_a_sample_that_is_none_is_told(x, y, message: str) -> None:
    model = riv()
    with pytest.raises(UserError, match=re.escape(message)):
        model.learn_one(x, y)
    assert model.network is None


def test_mistakes_of_scikit_learns_form_are_told() -> None:
    X, y = series(20, outputs=2)
    with pytest.raises(UserError, match="passes: must be at least 1"):
        sk(passes=0).fit(X, y)
    with pytest.raises(UserError, match=r"predict_from: .*Did you mean training\?"):
        sk(predict_from="trainin").fit(X, y).predict(X)
    with pytest.raises(ValueError, match="y has 1 columns, and had 2 before"):
        sk().fit(X, y).partial_fit(X, y[:, 0])


ONE_UNIT = """import networkx as nx

def build(units, inputs, outputs, seed):
    graph = nx.complete_graph([f"n{n}" for n in range(units)], nx.DiGraph)
    graph.add_edges_from((name, "n0") for name in inputs)
    nx.set_node_attributes(graph, {"n0": "ITS"}, "KEY")
    return graph
"""


def test_learning_that_diverges_is_told(tmp_path: Path) -> None:
    X, y = series(200)
    (tmp_path / "linear.py").write_text(
        ONE_UNIT.replace("ITS", "linear").replace("KEY", "activation")
    )
    model = sk(topology=str(tmp_path / "linear.py"), learning_rate=50.0)
    with pytest.raises(RunFailed, match=r"TRTRL on .*: diverged.* Try a learning_rate below 50"):
        model.fit(X, y)


def test_units_that_spike_are_refused(tmp_path: Path) -> None:
    X, y = series(20)
    (tmp_path / "spikes.py").write_text(ONE_UNIT.replace("ITS", "lif").replace("KEY", "kind"))
    with pytest.raises(UserError, match=r"spikes\.py: unit n0 spikes"):
        sk(topology=str(tmp_path / "spikes.py")).fit(X, y)


@pytest.mark.parametrize("extra", ["sklearn", "river"])
def test_a_missing_extra_is_named(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, f"neurosim.{extra}")
    for name in [name for name in sys.modules if name.partition(".")[0] == extra]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, extra, None)
    with pytest.raises(ImportError, match=re.escape(f"pip install 'neurosim-hdl[{extra}]'")):
        importlib.import_module(f"neurosim.{extra}")


def test_neurosim_alone_loads_neither() -> None:
    code = "import sys, neurosim, neurosim.cli; print({'sklearn', 'river'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# --- the page --------------------------------------------------------------------------------


def test_the_page_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers to 0.05: their last digits depend on the processor."""
    names: dict[str, object] = {}
    for language, block in re.findall(r"```(\w+)\n(.*?)```", PAGE, re.S):
        if language == "python":
            exec(compile(block, "docs/estimators.md", "exec"), names)
            continue
        printed = capsys.readouterr().out.splitlines()
        for shown, line in zip(block.splitlines(), printed, strict=True):
            assert shown.split()[:-1] == line.split()[:-1]
            assert float(shown.split()[-1]) == pytest.approx(float(line.split()[-1]), abs=0.05)
    assert names["search"].best_score_ > 0.8  # type: ignore[attr-defined]
