"""Mean and spread of a stream as far as it has come, so that raw readings fit a network.

After the n-th value x of a column::

    mean <- mean + (x - mean) / n                                                    (1)
    squares <- squares + (x - mean before) (x - mean after)                          (2)
    spread = sqrt(squares / n)                                                       (3)

B. P. Welford, "Note on a method for calculating corrected sums of squares and products",
Technometrics 4(3):419-420, 1962, doi 10.1080/00401706.1962.10490022.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.model.compiled import entry

Reals = NDArray[np.float64]


class Running:
    """Mean and standard deviation of every column of a stream, one row after the other.

    A value that is missing (NaN) says nothing about its column, and counts as its mean.

    Parameters
    ----------
    columns
        How many values come at a time.
    """

    def __init__(self, columns: int) -> None:
        self.count, self.mean, self._squares = (np.zeros(columns) for _ in range(3))

    @property
    def spread(self) -> Reals:
        """Standard deviation of what was seen, (columns,); zero before a second value."""
        result: Reals = np.sqrt(self._squares / np.maximum(self.count, 1))  # (3)
        return result

    def follow(self, rows: Reals) -> Reals:
        """Take rows in, (rows, columns); return each in spreads from the mean of those before it.

        A value is 0 where it is missing, and where those before it have no spread.
        """
        scaled = np.zeros(rows.shape)
        _follow(np.ascontiguousarray(rows), scaled, self.count, self.mean, self._squares)
        return scaled

    def scaled(self, values: Reals) -> Reals:
        """Return values in spreads from the mean of all rows, (..., columns), 0 as above."""
        spread = self.spread
        known = (spread > 0) & ~np.isnan(values)
        apart = np.where(known, values - self.mean, 0.0)
        return np.divide(apart, spread, out=np.zeros_like(apart), where=known)

    def restored(self, scaled: Reals) -> Reals:
        """Return what ``scaled`` would have made these of, (..., columns)."""
        return self.mean + self.spread * scaled

    def widen(self, columns: int) -> None:
        """Go on with more columns, of which nothing is known yet."""
        new = np.zeros(columns - len(self.mean))
        self.count, self.mean, self._squares = (
            np.concatenate((each, new)) for each in (self.count, self.mean, self._squares)
        )


@entry
def _follow(rows: Reals, scaled: Reals, count: Reals, mean: Reals, squares: Reals) -> None:
    for t in range(rows.shape[0]):
        for column in range(rows.shape[1]):
            value = rows[t, column]
            if value != value:  # missing
                continue
            off = value - mean[column]
            spread = np.sqrt(squares[column] / max(count[column], 1.0))  # (3)
            if spread > 0:
                scaled[t, column] = off / spread
            count[column] += 1.0
            mean[column] += off / count[column]  # (1)
            squares[column] += off * (value - mean[column])  # (2)
