"""Norms, and the scales that follow from them: how random rules share out a product's size.

The variance of an unbiased product is least where its two parts are of equal size, so rules scale
one part up and the other down by the root of the ratio of their norms.
"""

from __future__ import annotations

import numpy as np

from neurosim.model.arithmetic import Array


def squares(values: Array, lead: tuple[int, ...]) -> Array:
    """Return the squared norm of what every learner has, (...)."""
    flat = values.reshape(*lead, -1)
    total: Array = (flat * flat).sum(axis=-1)
    return total


def spaced(values: Array, like: Array) -> Array:
    """Give values of the learners, (...), axes to broadcast against ``like``."""
    return values.reshape(*values.shape, *(1,) * (like.ndim - values.ndim))


def ratio_root(above: Array, below: Array) -> Array:
    """Return the root of a ratio of norms, from their squares; 1 where one is zero, or infinite."""
    fits = (above > 0) & (below > 0) & np.isfinite(above) & np.isfinite(below)
    ratio = np.divide(above, below, out=np.ones_like(above), where=fits)
    root: Array = np.sqrt(np.sqrt(ratio))
    return root
