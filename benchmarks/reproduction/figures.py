"""Figures of a cell: what literature says of each, and how far one may lie from the committed one.

Counts are the same on every computer. What is learned starts from the same seeds everywhere, but
another processor or library rounds otherwise, and in a long training that is as good as another
seed. So medians over the seeds are compared, of the logarithms where errors span powers of ten, by
the standard error that a median has by the median of the deviations from it (normal values)::

    s(x) = sqrt(pi / 2) * 1.4826 median |x - median(x)| / sqrt(len(x))               (1)
    |median(x) - median(y)| <= 4 sqrt(s(x)^2 + s(y)^2)                               (2)

A seed that does not learn at all widens neither side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, median
from typing import Literal, NamedTuple

Values = Sequence[float]
"""One figure, or one for each seed."""
STANDARD_ERRORS = 4
# Of a median, over the median deviation: both as normal values have them.
_OF_A_MEDIAN = math.sqrt(math.pi / 2) / NormalDist().inv_cdf(0.75)
# Exponents are fitted by a library, which may round otherwise.
ROUNDING = 1e-9


class Claim(NamedTuple):
    """What a figure is said to be: in words, and the range of the median that bears them out."""

    words: str
    least: float = -math.inf
    most: float = math.inf

    def holds(self, values: Values) -> bool:
        """Say whether the median of the values lies in the range."""
        return self.least <= median(values) <= self.most


@dataclass(frozen=True)
class Figure:
    """One figure of a cell.

    Attributes
    ----------
    name
        What it is, with its unit.
    judged
        exact (a count, or made of counts), spread (of seeds), ratio (of seeds, by logarithms) or
        told (depends on the computer, so that nobody judges it).
    claim
        What it is said to be elsewhere; None where nothing is said.
    """

    name: str
    judged: Literal["exact", "spread", "ratio", "told"]
    claim: Claim | None = None


class Verdict(NamedTuple):
    """How a rebuilt figure compares; ``good`` is false where something has to be looked at."""

    figure: Figure
    committed: Values | None
    rebuilt: Values | None
    words: str
    good: bool


def verdict(figure: Figure, committed: Values | None, rebuilt: Values | None) -> Verdict:
    """Hold a rebuilt figure against the committed one, and against what is claimed of it."""
    if committed is None or rebuilt is None:
        words = "not committed" if committed is None else "not rebuilt"
        return Verdict(figure, committed, rebuilt, words, False)
    words, good = _compared(figure, committed, rebuilt)
    if figure.claim is not None and not figure.claim.holds(rebuilt):
        words, good = f"{words}, not as claimed", False
    return Verdict(figure, committed, rebuilt, words, good)


def verdicts(
    figures: Sequence[Figure], committed: Mapping[str, Values], rebuilt: Mapping[str, Values]
) -> list[Verdict]:
    """Return a verdict on every figure, and on all that only one side knows."""
    known = {figure.name for figure in figures}
    others = [Figure(name, "exact") for name in (*committed, *rebuilt) if name not in known]
    every = dict.fromkeys((*figures, *others))
    return [verdict(each, committed.get(each.name), rebuilt.get(each.name)) for each in every]


def _compared(figure: Figure, committed: Values, rebuilt: Values) -> tuple[str, bool]:
    if figure.judged == "told":
        return "told", True
    if len(committed) != len(rebuilt):
        return f"off: {len(rebuilt)} values, not {len(committed)}", False
    if list(committed) == list(rebuilt):
        return "same", True
    if figure.judged == "exact":
        close = (
            math.isclose(*pair, rel_tol=ROUNDING) for pair in zip(committed, rebuilt, strict=True)
        )
        return ("same", True) if all(close) else ("off", False)
    apart = _standard_errors(figure, committed, rebuilt)
    words = f"{apart:.1f} standard errors"
    return (words, True) if apart <= STANDARD_ERRORS else (f"off: {words}", False)


def _standard_errors(figure: Figure, committed: Values, rebuilt: Values) -> float:
    """Return how far medians lie apart, in standard errors of their difference: (2)."""
    x, y = (
        [math.log(v) if figure.judged == "ratio" else v for v in each]
        for each in (committed, rebuilt)
    )
    apart, error = abs(median(x) - median(y)), math.hypot(_error(x), _error(y))
    return apart / error if error else (math.inf if apart else 0.0)


def _error(values: Values) -> float:
    """Return the standard error of a median: (1)."""
    middle = median(values)
    deviation = median(abs(value - middle) for value in values)
    return _OF_A_MEDIAN * deviation / math.sqrt(len(values))
