"""The step of the weights, compiled: the equations of ``learning/optimizers`` in one loop.

All kernels share it. Which optimiser there is, is a number and not a type, so that no kernel has
to be compiled anew for another one.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from neurosim.learning.optimizers import Adam, Clipped, Momentum, Optimizer
from neurosim.model.arithmetic import Array
from neurosim.model.compiled import compiled, entry

PLAIN, HEAVY, NESTEROV, ADAM = range(4)


class Settings(NamedTuple):
    """An optimiser in numbers, and what it keeps.

    ``clips`` says whether it clips, ``bounds`` (2,) at which value and norm; ``betas`` (3,) are
    momentum, or b1, b2 and epsilon; ``m`` and ``v`` (edges,) are means, and ``powers`` (2,) those
    of b1 and b2.
    """

    method: int
    clips: bool
    bounds: Array
    betas: Array
    m: Array
    v: Array
    powers: Array


def settings_of(optimizer: Optimizer, edges: int, dtype: Any) -> Settings:
    """Return an optimiser in numbers, before its first step, for words of a type."""
    value, norm, inner = None, None, optimizer
    if isinstance(optimizer, Clipped):
        value, norm, inner = optimizer.value, optimizer.norm, optimizer.optimizer
    method, betas, kept = PLAIN, (0.0, 0.0, 0.0), (0, 0)
    if isinstance(inner, Momentum):
        method, kept = NESTEROV if inner.nesterov else HEAVY, (edges, 0)
        betas = (inner.momentum, 0.0, 0.0)
    elif isinstance(inner, Adam):
        method, kept = ADAM, (edges, edges)
        betas = (inner.beta1, inner.beta2, inner.epsilon)
    return Settings(
        method,
        inner is not optimizer,
        np.array([math.inf if bound is None else bound for bound in (value, norm)], dtype),
        np.array(betas, dtype),
        np.zeros(kept[0], dtype),
        np.zeros(kept[1], dtype),
        np.ones(2, dtype),
    )


@compiled
def move(settings: Settings, weights: Array, gradient: Array, rate: Any) -> None:
    """``w <- w + rate d``, d being what the optimiser makes of the gradient."""
    if settings.method == PLAIN and not settings.clips:
        for edge in range(weights.size):
            weights[edge] += rate * gradient[edge]
    else:
        move_along(settings, weights, gradient, rate)


@entry
def move_along(settings: Settings, weights: Array, gradient: Array, rate: Any) -> None:
    """The same where d is not the gradient itself; compiled once for all kernels."""
    bound, scale = settings.bounds[0], shrunk(settings, gradient)
    b1, b2, epsilon = settings.betas[0], settings.betas[1], settings.betas[2]
    if settings.method == ADAM:
        settings.powers[0] *= b1
        settings.powers[1] *= b2
    for edge in range(weights.size):
        d = min(max(gradient[edge], -bound), bound) * scale
        if settings.method == HEAVY:
            d = settings.m[edge] = b1 * settings.m[edge] + d
        elif settings.method == NESTEROV:
            settings.m[edge] = b1 * settings.m[edge] + d
            d = b1 * settings.m[edge] + d
        elif settings.method == ADAM:
            settings.m[edge] = b1 * settings.m[edge] + (1 - b1) * d
            settings.v[edge] = b2 * settings.v[edge] + (1 - b2) * d * d
            mean = settings.m[edge] / (1 - settings.powers[0])
            d = mean / (np.sqrt(settings.v[edge] / (1 - settings.powers[1])) + epsilon)
        weights[edge] += rate * d


@compiled
def shrunk(settings: Settings, gradient: Array) -> float:
    """Return what clipping by norm multiplies the gradient with."""
    bound, limit, squares = settings.bounds[0], settings.bounds[1], 0.0
    if limit == np.inf:
        return 1.0
    for edge in range(gradient.size):
        g = min(max(gradient[edge], -bound), bound)
        squares += g * g
    norm = np.sqrt(squares)
    return limit / norm if norm > limit else 1.0
