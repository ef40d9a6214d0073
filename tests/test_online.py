"""What the estimators compute: predictions, what is learnt in pieces, scales, copies."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import neurosim as ns
from neurosim.study.online import LIMIT, REACH, Online, Recipe
from neurosim.study.running import Running
from tests.estimators import RULES, SAME, prefix_scaled, riv, rows, series, sk

# --- what it computes ------------------------------------------------------------------------


def test_it_is_the_network_of_train_on_scaled_readings() -> None:
    """Predictions before each sample are those of `ns.train` on what NumPy has scaled."""
    X, y = series()
    recipe = Recipe(units=6, rule="rtrl", learning_rate=0.03, seed=5)
    online, predicted = Online(recipe, 3, 1), np.empty_like(y)
    for t in range(len(X)):
        predicted[t] = online.predict(X[t : t + 1])
        online.learn(X[t : t + 1], y[t : t + 1])
    u = np.clip(prefix_scaled(X), -LIMIT, LIMIT)
    wanted = np.clip(prefix_scaled(y) / REACH, -1, 1)
    run = ns.train(recipe.network(3, 1), ns.RTRL(0.03), u, wanted)
    for t in range(1, len(X)):
        said = y[:t].mean() + REACH * y[:t].std() * run.outputs[t]
        assert predicted[t] == pytest.approx(said, rel=1e-8)
    weights = [run.network.weights[edge] for edge in online.network.edges]
    assert online.network.weight_vector == pytest.approx(weights, rel=1e-7)


def test_predict_goes_on_where_training_ended() -> None:
    """As River's form does, whose only place it is; and not as from rest."""
    X, y = series()
    model, single = sk().fit(X[:80], y[:80, 0]), riv()
    for x, target in zip(rows(X[:80]), y[:80, 0], strict=True):
        single.learn_one(x, target)
    said = model.predict(X[80:])
    assert said[0] == pytest.approx(single.predict_one(rows(X[80:81])[0]), rel=1e-9)
    assert np.array_equal(model.predict(X[80:]), said)
    assert abs(model.set_params(predict_from="rest").predict(X[80:])[0] - said[0]) > 1.0


def test_predict_from_rest_is_the_network_without_learning() -> None:
    X, y = series()
    model = sk(predict_from="rest").fit(X[:80], y[:80, 0])
    u = np.clip((X[80:] - X[:80].mean(axis=0)) / X[:80].std(axis=0), -LIMIT, LIMIT)
    run = ns.train(model.network_, ns.Inference(), u, np.zeros((len(u), 1)))
    said = y[:80].mean() + REACH * y[:80].std() * run.outputs[:, 0]
    assert model.predict(X[80:]) == pytest.approx(said, rel=1e-8)


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("ticks", [1, 2])
def test_pieces_are_one_go_and_both_libraries_are_one(rule, ticks: int) -> None:
    X, y = series()
    whole = sk(rule=rule, ticks=ticks).fit(X, y[:, 0])
    pieces, single = sk(rule=rule, ticks=ticks), riv(rule=rule, ticks=ticks)
    for piece in np.split(np.arange(len(X)), [1, 2, 40, 77]):
        pieces.partial_fit(X[piece], y[piece, 0])
    for x, target in zip(rows(X), y[:, 0], strict=True):
        single.learn_one(x, target)
    expected = whole.network_.weight_vector
    assert np.array_equal(pieces.network_.weight_vector, expected)
    assert np.array_equal(pieces.predict(X), whole.predict(X))
    assert single.network.weight_vector == pytest.approx(expected, rel=1e-9)
    assert not np.array_equal(expected, sk(rule=rule).fit(X[:1], y[:1, 0]).network_.weight_vector)


def test_fit_forgets() -> None:
    X, y = series()
    model = sk().fit(X[:, :2], y)
    assert np.array_equal(model.fit(X, y).predict(X), sk().fit(X, y).predict(X))


def test_passes_begin_at_rest_and_keep_the_weights() -> None:
    X, y = series(60)
    model = sk(passes=2).fit(X, y)
    online = Online(Recipe(**SAME, seed=3), 3, 1)
    online.learn(X, y)
    kept = online.network.weight_vector
    online.rest()
    assert np.array_equal(online.network.weight_vector, kept)
    assert np.array_equal(online.predict(X), online.predict(X, rested=True))
    online.learn(X, y)
    assert np.array_equal(model.network_.weight_vector, online.network.weight_vector)


def test_the_seed_decides() -> None:
    X, y = series(30)

    def weights(random_state):
        return sk(random_state=random_state).fit(X, y).network_.weight_vector

    assert np.array_equal(weights(np.random.RandomState(4)), weights(np.random.RandomState(4)))
    assert not np.array_equal(weights(4), weights(5))
    assert not np.array_equal(weights(None), weights(None))


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))], ids=["copy", "pickle"]
)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_copy_learns_on_alike(rule, copied) -> None:
    X, y = series(60)
    model = sk(rule=rule).fit(X[:30], y[:30])
    other = copied(model)
    model.partial_fit(X[30:], y[30:])
    assert not np.array_equal(model.network_.weight_vector, other.network_.weight_vector)
    other.partial_fit(X[30:], y[30:])
    assert np.array_equal(model.network_.weight_vector, other.network_.weight_vector)


# --- scales ----------------------------------------------------------------------------------


def test_running_statistics_are_numpys_without_what_is_missing() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(300, 3)) * [1e-4, 1.0, 1e9] + [1e4, 0.0, -1e12]
    values[rng.random(values.shape) < 0.2] = np.nan
    running = Running(3)
    followed = running.follow(values)
    assert running.mean == pytest.approx(np.nanmean(values, axis=0), rel=1e-12)
    assert running.spread == pytest.approx(np.nanstd(values, axis=0), rel=1e-8)
    assert running.restored(running.scaled(values[0])) == pytest.approx(
        np.where(np.isnan(values[0]), running.mean, values[0]), rel=1e-12
    )
    shorter = Running(3)
    assert np.array_equal(shorter.follow(values[:200]), followed[:200])
    assert shorter.scaled(values[200]) == pytest.approx(followed[200], rel=1e-12)


def test_scales_of_a_stream_do_not_matter() -> None:
    """Readings in other units give the same predictions, in other units."""
    X, y = series()
    factors, offsets = np.array([1e7, -1e-5, 3.0]), np.array([-4e8, 0.2, 1e3])
    said = sk().fit(X, y[:, 0]).predict(X)
    other = sk().fit(X * np.abs(factors) + offsets, y[:, 0] * 1e-6 - 5).predict(
        X * np.abs(factors) + offsets
    )  # fmt: skip
    assert other == pytest.approx(said * 1e-6 - 5, rel=1e-6)


def test_an_outlier_does_not_undo_what_was_learnt() -> None:
    X, y = series(400)
    spoilt, wrong = X.copy(), y.copy()
    spoilt[200], wrong[200] = 1e12, 1e9
    model = sk().fit(spoilt[:201], wrong[:201])
    fine = sk().fit(X[:201], y[:201])
    moved = np.abs(model.network_.weight_vector - fine.network_.weight_vector).max()
    assert 0 < moved < 0.05 * 2 * LIMIT * REACH
