"""Random signs without a state: a sign follows from a seed, a step, a replica and an index.

Whoever asks for the same sign gets the same, in whatever order, so the array form, the messages
and compiled code draw alike. The four numbers go one after the other through the finaliser of
SplitMix64, and the top bit of what comes out is the sign::

    h <- mix(h + gamma (n + 1)),   h = seed at first,   n = step, replica, index        (1)

G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014,
pp. 453-472, doi 10.1145/2660193.2660195.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

GAMMA = 0x9E3779B97F4A7C15
"""The golden ratio in 64 bits, odd: what SplitMix64 adds from one word to the next."""

Words64 = NDArray[np.uint64]


def mix(words: Any) -> Words64:
    """Return SplitMix64's finaliser of 64-bit words: its n-th word is ``mix(seed + n gamma)``."""
    z = np.atleast_1d(np.asarray(words, dtype=np.uint64))  # which wraps round without a warning
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def signs(seed: int, step: int, replica: ArrayLike, index: ArrayLike) -> NDArray[np.float64]:
    """Return +1.0 or -1.0, each with probability one half, independent of all others.

    Parameters
    ----------
    seed, step
        Of the run, and the step in it; both from 0 up.
    replica
        Number of the learner among those that learn side by side.
    index
        Which sign of the step. It broadcasts against ``replica``, whose shape the result has then.
    """
    found = np.array([seed & (2**64 - 1)], dtype=np.uint64)
    for number in (step, replica, index):
        found = mix(found + np.uint64(GAMMA) * (_words(number) + np.uint64(1)))
    result: NDArray[np.float64] = 1.0 - 2.0 * (found >> np.uint64(63)).astype(np.float64)
    shape = np.broadcast_shapes(np.shape(replica), np.shape(index))
    return result.reshape(shape)


def replicas(lead: tuple[int, ...]) -> NDArray[np.uint64]:
    """Return the numbers of learners on leading axes of that shape, in order."""
    return np.arange(np.prod(lead, dtype=np.int64), dtype=np.uint64).reshape(lead)


def _words(number: ArrayLike) -> Words64:
    return np.atleast_1d(np.asarray(number).astype(np.uint64))
