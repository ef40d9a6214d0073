"""r-OK's small algebra: from inner products of r + 1 pairs of columns to r mixtures of them.

The equations, (2) to (6), are those of ``ok.py``. All of it goes for many learners at once, on
leading axes; the root unit of the message form is one learner.
"""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from neurosim.model.arithmetic import Array
from neurosim.model.operations import Method

# What is smaller, relative to the largest, is rounding: eigenvalues l, and singular values c.
LEAST_EIGENVALUE, LEAST_SINGULAR = 1e-14, 1e-12
# Inner products beyond this would overflow in (2).
MOST = 1e300


def pairs(products: Array) -> Array:
    """Return the upper triangles of symmetric matrices, row by row."""
    return products[..., *_triangle(products.shape[-1])]


@lru_cache(maxsize=16)
def _triangle(count: int) -> tuple[Array, Array]:
    rows, columns = np.triu_indices(count)
    return rows, columns


def mix(of: Array, r: int) -> Array:
    """Return X and Y of (6), transposed, from the inner products and the signs.

    Not a number where the inner products are not finite, or nearly so: learning has diverged.
    """
    count, lead = r + 1, of.shape[:-1]
    finite = (np.abs(of) < MOST).all(axis=-1, keepdims=True)
    words = np.where(finite, of, 0.0).astype(np.float64)
    half = count * (count + 1) // 2
    (root_u, back_u), (root_v, back_v) = (
        _roots(words[..., first : first + half], count) for first in (0, half)
    )
    p, c, p2 = np.linalg.svd(np.matmul(root_u, np.swapaxes(root_v, -1, -2)))  # (2)
    newest = np.matmul(np.swapaxes(root_u, -1, -2), p)[..., -1, :]
    chosen = _rounded(c, words[..., 2 * half :] * np.where(newest < 0, -1.0, 1.0))
    both = [np.matmul(back_u, p), np.matmul(back_v, np.swapaxes(p2, -1, -2))]
    mixing = np.stack([np.swapaxes(np.matmul(each, chosen), -1, -2) for each in both], axis=-3)
    return np.where(finite, mixing.reshape(*lead, 2 * r * count), np.nan)


def _roots(products: Array, count: int) -> tuple[Array, Array]:
    """Return R of (2), and what makes Q of U: ``diag(sqrt l) E^T``, and its inverse."""
    matrix = np.empty((*products.shape[:-1], count, count))
    rows, columns = _triangle(count)
    matrix[..., rows, columns] = matrix[..., columns, rows] = products
    lengths = np.sqrt(np.diagonal(matrix, axis1=-2, axis2=-1))
    per_length = _inverse(lengths, lengths > 0)
    values, e = np.linalg.eigh(matrix * per_length[..., :, None] * per_length[..., None, :])
    sizes = np.sqrt(np.maximum(values, 0))
    per_size = _inverse(sizes, values > LEAST_EIGENVALUE * values[..., -1:])
    sizes = np.where(per_size > 0, sizes, 0.0)
    root = sizes[..., :, None] * np.swapaxes(e, -1, -2) * lengths[..., None, :]
    return root, per_length[..., :, None] * e * per_size[..., None, :]


def _rounded(c: Array, sign: Array) -> Array:
    """Return Z of (5), (..., r + 1, r), from singular values, largest first, and signs."""
    r = c.shape[-1] - 1
    c = np.where(c > LEAST_SINGULAR * c[..., :1], c, 0.0)
    rests = np.cumsum(c[..., ::-1], axis=-1)[..., ::-1]
    left = r - np.arange(r)
    m = np.argmax(left * c[..., :r] <= rests[..., :r], axis=-1)[..., None]  # (3); r - 1 fits
    k, rest = r - m, np.take_along_axis(rests, m, axis=-1)
    tail = np.arange(r + 1) >= m
    others = np.matmul(np.where(tail, c, 0.0), 1 - np.eye(r + 1))  # no small c lost beside a large
    y = np.where(tail, np.maximum(others - (k - 1) * c, 0) * _inverse(rest, rest > 0), 0.0)
    y = np.sqrt(y)  # (4)
    size = np.where(tail, sign * np.sqrt(rest / k), np.sqrt(c))
    mirror = y + (np.arange(r + 1) == r)  # Householder's: the last axis goes to -y, others to z_a
    scale = 2 * _inverse((mirror * mirror).sum(axis=-1), np.ones(c.shape[:-1], dtype=bool))
    turned = np.eye(r + 1) - scale[..., None, None] * mirror[..., :, None] * mirror[..., None, :]
    mixture: Array = size[..., :, None] * turned[..., :, :r]  # (5)
    return mixture


def _inverse(values: Array, where: Array) -> Array:
    return np.divide(1.0, values, out=np.zeros_like(values), where=where)


@lru_cache(maxsize=16)
def method(r: int) -> Method:
    """Return (2) to (5) for one learner, and about what they take.

    With n = r + 1, floating-point operations by G. H. Golub and C. F. Van Loan, "Matrix
    Computations", 4th edition, 2013: 9 n^3 for each of two symmetric eigenproblems (section 8.3),
    21 n^3 for a singular value decomposition (figure 8.6.1), half of them multiplications; then
    products of n x n matrices, four with n columns and two with r; a division and a root for each
    of about n^2 rotations in each eigenproblem and twice as many in the decomposition, and eight a
    column for lengths, sizes and scales.
    """
    n = r + 1
    each = (39 * n**3 + 1) // 2 + 4 * n**3 + 2 * n * n * r
    return Method(f"{r}-ok", partial(mix, r=r), each, each, 8 * n**2 + 8 * n)
