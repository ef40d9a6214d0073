"""Cutting a graph into even parts, few of whose edges are cut.

A part is split where the Fiedler vector of its Laplacian splits it: the nodes in the order of their
entries, the first so many to one side (M. Fiedler, "Algebraic connectivity of graphs", Czechoslovak
Mathematical Journal 23(2), 1973; A. Pothen, H. Simon and K.-P. Liou, SIAM J. Matrix Anal. Appl.
11(3), 1990, doi 10.1137/0611030). Parts of more than ``MOST_SPECTRAL`` nodes are ordered by reverse
Cuthill-McKee instead, whose time grows with the edges only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Nodes = NDArray[np.int64]
MOST_SPECTRAL = 1500
_TIE = 1e-3  # relative; a graph with symmetries has many Fiedler vectors


def symmetric(rows: Nodes, columns: Nodes, values: NDArray[Any], nodes: int) -> csr_array:
    """Return how strongly nodes are joined, both directions added, without loops."""
    from scipy.sparse import coo_array, csr_array

    away = rows != columns
    ends = (np.concatenate([rows, columns])[np.tile(away, 2)],
            np.concatenate([columns, rows])[np.tile(away, 2)])  # fmt: skip
    weights = np.tile(values[away].astype(float), 2)
    joined = csr_array(coo_array((weights, ends), shape=(nodes, nodes)))
    joined.sum_duplicates()
    return joined


def parts(joined: csr_array, sizes: Sequence[int], seed: int = 0) -> list[Nodes]:
    """Cut nodes into parts of given sizes, by splitting in two again and again.

    Parameters
    ----------
    joined
        What ``symmetric`` returns, shape (nodes, nodes).
    sizes
        How many nodes each part has; they add up to ``nodes``.
    seed
        Decides between cuts that are equally good.
    """
    rng = np.random.default_rng(seed)
    open_parts = [(np.arange(joined.shape[0]), list(sizes))]
    done: list[Nodes] = []
    while open_parts:
        nodes, wanted = open_parts.pop()
        if len(wanted) == 1:
            done.append(nodes)
            continue
        half = len(wanted) // 2
        left, right = split(joined, nodes, sum(wanted[:half]), rng)
        open_parts += [(right, wanted[half:]), (left, wanted[:half])]
    return done


def split(
    joined: csr_array, nodes: Nodes, first: int, rng: np.random.Generator
) -> tuple[Nodes, Nodes]:
    """Split some nodes into ``first`` of them and the rest; each side in order."""
    if first in (0, len(nodes)):
        return nodes[:first], nodes[first:]
    order = nodes[_order(joined[nodes][:, nodes], rng)]
    return np.sort(order[:first]), np.sort(order[first:])


def _order(block: csr_array, rng: np.random.Generator) -> Nodes:
    """Lay nodes out in a line so that joined ones are close."""
    if block.shape[0] > MOST_SPECTRAL:
        from scipy.sparse.csgraph import reverse_cuthill_mckee

        return np.asarray(reverse_cuthill_mckee(block.tocsr(), symmetric_mode=True), np.int64)
    from scipy.linalg import eigh

    weights = block.toarray()
    noise = rng.uniform(1 - _TIE, 1 + _TIE, weights.shape)
    weights *= noise + noise.T
    laplacian = np.diag(weights.sum(axis=0)) - weights
    _, vectors = eigh(laplacian, subset_by_index=[1, 1])
    return np.argsort(vectors[:, 0], kind="stable")
