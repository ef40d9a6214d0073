"""Things that exchange words, put into places so that few words go far.

The quadratic assignment problem (T. C. Koopmans and M. Beckmann, Econometrica 25(1), 1957, doi
10.2307/1907742): the least ``sum_ij words_ij distance(place_i, place_j)``. It is solved with the
fast approximate method (J. T. Vogelstein and others, PLoS ONE 10(4), 2015, doi
10.1371/journal.pone.0121002) of SciPy, from several starts, each followed by exchanges of two
things while that helps. SciPy's own exchanges (``2opt``) evaluate the whole sum for each pair; here
one matrix product gives what all pairs would gain, and an exchange changes it by an outer product,
which is 300 times as fast for 64 things.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Matrix = NDArray[Any]
_MOST_WORK = 3e8  # exchanges times what each changes: some seconds


def assign(
    words: Matrix,
    distances: Matrix,
    starts: Iterable[Places],
    fixed: int = 0,
    approximate: bool = True,
) -> Places:
    """Return the place of every thing, no worse than any of the starts.

    Parameters
    ----------
    words, distances
        Between things and between places, both of shape (n, n); distances are symmetric.
    starts
        Places to begin from, each a permutation of shape (n,).
    fixed
        So many of the last things stay where the starts have them.
    approximate
        Whether to use the fast approximate method, whose time grows with n^3, as a start too.
    """
    flow = (words + words.T).astype(float)
    np.fill_diagonal(flow, 0)
    far = distances.astype(float)
    begun = [np.array(start) for start in starts]
    if approximate:
        begun += [_approximate(flow, far, begun[0], fixed, lean) for lean in (0.0, 0.5)]
    ended = [exchange(flow, far, start, fixed) for start in begun]
    return min(ended, key=lambda places: total(words, distances, places))


def total(words: Matrix, distances: Matrix, places: Places) -> int:
    """Return the sum that is to be small."""
    return int((words * distances[np.ix_(places, places)]).sum())


def exchange(flow: Matrix, far: Matrix, start: Places, fixed: int = 0) -> Places:
    """Exchange the two things that gain most, until none gain.

    ``flow`` and ``far`` are symmetric; ``flow`` has a zero diagonal. Of
    very many things, only as many exchanges are made as take some seconds.
    """
    places = start.copy()
    movable = len(places) - fixed
    near = far[np.ix_(places, places)]
    reach = flow @ near  # what it costs to have thing i where thing j is
    for _ in range(int(_MOST_WORK / len(places) ** 2)):
        own = np.diag(reach)
        gain = own[:, None] + own[None, :] - reach - reach.T - 2 * flow * near
        gain = gain[:movable, :movable]
        best = int(gain.argmax()) if movable else 0
        i, j = divmod(best, max(movable, 1))
        if movable < 2 or gain[i, j] <= 1e-9 * max(1.0, float(own.sum())):
            break
        reach += np.outer(flow[:, j] - flow[:, i], near[i] - near[j])
        pair, swapped = [i, j], [j, i]
        reach[:, pair] = reach[:, swapped]
        near[pair] = near[swapped]
        near[:, pair] = near[:, swapped]
        places[pair] = places[swapped]
    return places


def _approximate(flow: Matrix, far: Matrix, start: Places, fixed: int, lean: float) -> Places:
    """Start the fast approximate method from the middle, or leaning towards a known start."""
    from scipy.optimize import quadratic_assignment

    size = len(start)
    free = size - fixed
    if free < 2:
        return start
    held = np.arange(free, size)
    match = np.stack([held, start[held]], axis=1)
    columns = np.setdiff1d(np.arange(size), start[held])
    known = np.zeros((free, free))
    known[np.arange(free), np.searchsorted(columns, start[:free])] = 1
    middle = lean * known + (1 - lean) / free
    drawn = np.random.default_rng(0)  # of which nothing is, for a given P0
    options = {"partial_match": match, "P0": middle, "maxiter": 30, "rng": drawn}
    found = quadratic_assignment(flow, far, method="faq", options=options)
    return np.asarray(found.col_ind, dtype=np.int64)
