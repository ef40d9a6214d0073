"""Tasks of memory and of driven systems, each recomputed in the plainest way."""

import numpy as np
import pytest

from neurosim.errors import UserError
from neurosim.study import tasks


def test_copy_asks_for_the_symbols_after_the_mark():
    series = tasks.make("copy", steps=300, seed=2, symbols=3, length=4, delay=6)
    seen, asked = series.inputs.argmax(axis=1), series.targets.argmax(axis=1)
    assert series.inputs.shape == (300, 5)
    assert series.targets.shape == (300, 4)
    assert set(np.unique(series.inputs)) == set(np.unique(series.targets)) == {0.0, 1.0}
    assert (series.inputs.sum(axis=1) == 1).all()
    assert (series.targets.sum(axis=1) == 1).all()
    period = 4 + 6 + 4
    for t in range(300):
        place = t % period
        assert (seen[t] < 3) == (place < 4)
        assert (seen[t] == 4) == (place == 9)  # the mark, last of the six blanks
        assert asked[t] == (seen[t - 10] if place >= 10 else 3)
    assert np.array_equal(series.judged, asked != 3)
    assert series.kind == "classes"
    assert len(np.unique(seen)) == 5


def test_adding_sums_the_two_marked_numbers():
    series = tasks.make("adding", steps=1_000, seed=1, length=10)
    numbers, marks = series.inputs.T
    sums = series.in_own_units(series.targets)[:, 0]
    assert np.abs(series.targets).max() <= 0.8
    firsts = set()
    for start in range(0, 1_000, 10):
        marked = np.flatnonzero(marks[start : start + 10] == 1)
        assert len(marked) == 2
        assert 1 <= marked[0] < 5 <= marked[1] < 9
        firsts.add(marked[0])
        assert marks[start] == marks[start + 9] == -1
        assert not sums[start : start + 9].any()
        assert sums[start + 9] == pytest.approx(sum(numbers[start + marked]))
    assert firsts == {1, 2, 3, 4}
    assert np.abs(numbers).max() <= 1


@pytest.mark.parametrize("delays", [None, (5, 9), (2, 1)])
def test_online_add_is_the_weighted_sum_of_two_earlier_bits(delays):
    series = tasks.make("online_add", steps=500, delays=delays)
    near, far = delays or (5, 9)
    x, y = series.inputs[:, 0], series.targets[:, 0]
    assert set(np.unique(x)) == {0.0, 1.0}
    assert np.array_equal(series.inputs.sum(axis=1), np.ones(500))
    assert np.array_equal(series.targets.sum(axis=1), np.ones(500))
    for t in range(9, 500):
        assert y[t] == 0.5 + 0.5 * x[t - near] - 0.25 * x[t - far]
    assert set(np.unique(y)) == {0.25, 0.5, 0.75, 1.0}


def test_narma_is_its_recurrence():
    series = tasks.make("narma10", steps=3_000, seed=5)
    u, y = (series.inputs[:, 0] + 1) / 4, series.in_own_units(series.targets)[:, 0]
    assert u.min() >= 0
    assert 0.45 < u.max() <= 0.5
    for t in range(10, 2_999):
        state = y[t]  # what u(t) led to
        told = 0.3 * state + 0.05 * state * np.sum(y[t - 9 : t + 1]) + 0.1
        assert y[t + 1] == pytest.approx(told + 1.5 * u[t + 1 - 9] * u[t + 1])
    assert y.mean() == pytest.approx(0.388, abs=0.02)
    assert np.abs(series.targets).max() <= 0.8


def test_narma_never_runs_away():
    """Seed 4 draws inputs with which the system, left alone, would be lost."""
    washout, lost = 100, 9_202
    u = np.random.default_rng(4).uniform(0, 0.5, 10_100)
    y = np.zeros(10_100)
    for t in range(9, lost):
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 1.5 * u[t - 9] * u[t] + 0.1
    assert y[lost] > 10
    series = tasks.make("narma10", steps=10_000, seed=4)
    kept = series.in_own_units(series.targets)[:, 0]
    assert 0.9 < kept.max() <= 1.0
    assert np.allclose(kept[:5_000], y[washout + 1 : washout + 5_001])  # the same until then


@pytest.mark.parametrize("longest", [1, 4])
def test_an_bn_is_a_word_of_the_language_and_its_next_symbol(longest):
    series = tasks.make("an_bn", steps=600, seed=2, longest=longest)
    seen, told = series.inputs.argmax(axis=1), series.targets.argmax(axis=1)
    assert np.array_equal(seen[1:], told[:-1])
    text = "".join("Sab"[code] for code in seen)
    words = text.split("S")
    assert words[0] == ""
    for word in words[1:-1]:  # the last may be cut
        assert word == "a" * (len(word) // 2) + "b" * (len(word) // 2)
    assert {len(word) // 2 for word in words[1:-1]} == set(range(1, longest + 1))


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        ("copy", {"symbols": 1}, ["symbols", "from 2 to"]),
        ("copy", {"length": 0}, ["length", "from 1 to"]),
        ("adding", {"length": 3}, ["length", "from 4 to"]),
        ("adding", {"delay": 3}, ["does not take delay", "It takes length"]),
        ("online_add", {"delays": (1, 2, 3)}, ["delays", "must be two", "5,9"]),
        ("online_add", {"delays": "5,9"}, ["delays", "must be two"]),
        ("online_add", {"delays": (0, 2)}, ["delays", "from 1 to"]),
        ("an_bn", {"longest": 0}, ["longest", "from 1 to"]),
        ("narma10", {"horizon": 2}, ["does not take horizon", "takes no options"]),
        ("lorenz", {"horizon": 0}, ["task lorenz: horizon", "from 1 to"]),
    ],
)
def test_what_makes_no_sense_is_said_so(name, options, parts):
    with pytest.raises(UserError) as caught:
        tasks.make(name, **options)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("name", ["copy", "adding", "online_add", "an_bn", "narma10", "digits"])
def test_the_same_seed_gives_the_same_series(name):
    one, same, other = (tasks.make(name, steps=200, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.inputs, same.inputs)
    assert np.array_equal(one.targets, same.targets)
    assert not np.array_equal(one.inputs, other.inputs)
    assert one.steps == one.distinct == 200
    assert len(one.input_names) == one.inputs.shape[1]
    assert len(one.target_names) == one.targets.shape[1]


def test_classes_can_be_moved_to_where_units_reach():
    series = tasks.make("an_bn", steps=50)
    signed = series.signed()
    assert set(np.unique(signed.targets)) == {-0.8, 0.8}
    assert np.allclose(signed.in_own_units(signed.targets), series.targets, atol=1e-12)
    assert set(np.unique(signed.positive().targets.round(9))) == {0.1, 0.9}
