"""Chaotic series against SciPy's integrators, recurrences by hand, and what is known of them."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from neurosim.study import flows, tasks

NAMES = ("lorenz", "henon", "laser_simulated")


def lorenz_equations(t, point):
    x, y, z = point
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def laser_equations(t, point):
    field, polarisation, lacking = point
    return (
        2 * (polarisation - field),
        (15 - lacking) * field - polarisation,
        field * polarisation - lacking / 4,
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_chaotic_series_is_drawn_from_its_seed_and_looks_ahead(name):
    series = tasks.make(name, steps=400, seed=3, horizon=4)
    assert series.inputs.shape == series.targets.shape == (400, 1)
    assert abs(series.targets).max() <= 0.8
    assert np.array_equal(series.inputs, tasks.make(name, steps=400, seed=3).inputs)
    assert not np.array_equal(series.inputs, tasks.make(name, steps=400, seed=4).inputs)
    seen, told = series.inputs[:, 0], series.in_own_units(series.targets)[:, 0]
    slope, constant = np.polyfit(seen[4:], told[:-4], 1)
    assert np.allclose(told[:-4], slope * seen[4:] + constant, atol=1e-9)
    assert series.kind == "regression"


@pytest.mark.parametrize(
    ("solve", "equations", "interval"),
    [(flows.lorenz, lorenz_equations, 0.02), (flows.laser, laser_equations, 0.45)],
)
def test_a_flow_agrees_with_another_integrator(solve, equations, interval):
    mine = solve(40, (1.5, 2.0, 20.0), interval)
    times = interval * np.arange(40)
    exact = solve_ivp(
        equations, (0, times[-1]), mine[0], t_eval=times, method="DOP853", rtol=1e-10, atol=1e-10
    )
    assert np.abs(mine - exact.y.T).max() < 5e-3
    assert np.abs(mine[:5] - exact.y.T[:5]).max() < 1e-4


def test_lorenz_is_the_first_variable_in_its_own_units():
    series = tasks.make("lorenz", steps=20_000, horizon=1)
    x = series.in_own_units(series.targets)
    assert np.allclose(series.inputs[1:] * 8, x[:-1])
    # the attractor's known extent, and its two wings
    assert x.std() == pytest.approx(7.93, abs=0.15)
    assert 17 < x.max() < 20
    assert -20 < x.min() < -17


def test_henon_follows_the_map_by_hand():
    series = tasks.make("henon", steps=1_000)
    x, told = series.inputs[:, 0], series.in_own_units(series.targets)[:, 0]
    assert np.allclose(told[1:], 1 - 1.4 * x[1:] ** 2 + 0.3 * x[:-1], atol=1e-12)
    assert x.mean() == pytest.approx(0.26, abs=0.03)
    assert 1.2 < x.max() < 1.29


def test_the_laser_pulses_as_one_of_the_competition_and_says_that_it_is_simulated():
    series = tasks.make("laser_simulated", steps=6_000)
    intensity = series.in_own_units(series.targets)[:, 0]
    assert np.allclose(series.inputs[1:, 0] * 3.9 + 3.3, intensity[:-1])
    assert intensity.min() >= 0
    assert intensity.max() < 40
    tops = np.flatnonzero((intensity[1:-1] > intensity[:-2]) & (intensity[1:-1] > intensity[2:]))
    assert np.diff(tops).mean() == pytest.approx(8, abs=0.5)
    # chaotic, above the second threshold: no two pulses are alike
    sigma, r, b = flows.LASER[:3]
    assert sigma * (sigma + b + 3) / (sigma - b - 1) == pytest.approx(14)
    assert r > 14
    assert len(np.unique(intensity[1 + tops].round(3))) > 0.9 * len(tops)
    assert "simulated" in series.origin
    assert "simulated" in tasks.names()["laser_simulated"]
