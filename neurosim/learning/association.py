"""Patterns stored in the weights at once: Hebb's rule, and the pseudo-inverse of the patterns.

With p patterns xi of +1 and -1 over N units::

    Hebb             w_ij = 1/N sum_m xi^m_i xi^m_j                                  (1)
    pseudo-inverse   W = Xi^T (Xi Xi^T)^-1 Xi,        Xi of shape (p, N)             (2)

both without w_ii. Patterns that were drawn at random are fixed points of (1) while p is well below
0.138 N (D. J. Amit, H. Gutfreund and H. Sompolinsky, Physical Review Letters 55, 1985, doi
10.1103/PhysRevLett.55.1530), and of (2) while they are independent, so up to N - 1 of them.

J. J. Hopfield, PNAS 79(8), 1982, doi 10.1073/pnas.79.8.2554; L. Personnaz, I. Guyon and G. Dreyfus,
"Information storage and retrieval in spin-glass like neural networks", Journal de Physique Lettres
46(8), 1985, doi 10.1051/jphyslet:01985004608035900.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.errors import UserError
from neurosim.model.network import Network

Matrix = NDArray[np.float64]


def hebbian(network: Network, patterns: ArrayLike) -> Network:
    """Return a copy of a network whose weights store patterns by Hebb's rule, equation (1).

    Parameters
    ----------
    network
        Its edges between different units get weights; all others, loops included, get 0.
    patterns
        Shape (patterns, units), of +1 and -1.

    Raises
    ------
    UserError
        When the patterns are something else.
    """
    xi = _checked(network, patterns)
    return _stored(network, xi.T @ xi / len(network.units))


def pseudo_inverse(network: Network, patterns: ArrayLike) -> Network:
    """Return a copy whose weights store patterns by their pseudo-inverse, equation (2).

    Parameters are those of ``hebbian``; where patterns depend on each other, so do what they store.
    """
    xi = _checked(network, patterns)
    return _stored(network, np.linalg.pinv(xi) @ xi)


def _stored(network: Network, weights: Matrix) -> Network:
    """Return a copy with the weights of a matrix (units, units), by owner and source."""
    numbers, units = network.numbers, len(network.units)
    ends = np.array([(numbers[unit], numbers[source]) for source, unit in network.edges])
    owner, source = ends.T
    between = (source < units) & (source != owner)
    found = np.zeros(len(ends))
    found[between] = weights[owner[between], source[between]]
    return network.with_weights(found)


def _checked(network: Network, patterns: ArrayLike) -> Matrix:
    try:
        xi = np.array(patterns, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"patterns: must be an array of +1 and -1 ({error}).") from error
    units = len(network.units)
    if xi.ndim != 2 or xi.shape[1] != units or not len(xi):
        raise UserError(
            f"patterns: must be of shape (patterns, {units}), one value a unit (got {xi.shape})."
        )
    if not np.isin(xi, (-1.0, 1.0)).all():
        raise UserError("patterns: must be of +1 and -1. Turn zeros into -1.")
    return xi
