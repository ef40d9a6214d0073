"""Small estimators and streams on odd scales, shared by their tests."""

from __future__ import annotations

import numpy as np

import neurosim as ns
import neurosim.river
import neurosim.sklearn

SAME = {"units": 6, "learning_rate": 0.05}
RULES = ["trtrl", "trtrl:ingress_only=true", ns.RTRL(0.02), ns.BPTT(window=4)]


def sk(**parameters):
    return neurosim.sklearn.RecurrentRegressor(
        **{**SAME, "passes": 1, "random_state": 3, **parameters}
    )


def riv(**parameters):
    return neurosim.river.RecurrentRegressor(**{**SAME, "seed": 3, **parameters})


def series(steps=120, features=3, outputs=1):
    """Return inputs that wander, and targets that remember them, on odd scales."""
    rng = np.random.default_rng([steps, features])
    X = rng.normal(size=(steps, features)).cumsum(axis=0) * 10.0 ** np.arange(-3, features - 3)
    mixed = X @ rng.normal(size=(features, outputs)) + np.roll(X[:, :1], 1, axis=0)
    return X + 50.0, 1e4 + 3e3 * mixed


def rows(X):
    return [{f"f{n}": float(value) for n, value in enumerate(x)} for x in X]


def prefix_scaled(values):
    """Scale every row by mean and deviation of the rows before it: what `Running` does in one."""
    scaled = np.zeros_like(values)
    for t in range(2, len(values)):
        deviation = values[:t].std(axis=0)
        apart = values[t] - values[:t].mean(axis=0)
        scaled[t] = np.where(deviation > 0, apart / np.where(deviation > 0, deviation, 1.0), 0.0)
    return scaled
