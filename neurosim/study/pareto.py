"""What no other choice beats in two measures at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def front(items: Iterable[T], measures: Callable[[T], tuple[float, float]]) -> list[T]:
    """Return the items that no other beats in both of two measures, the least of the first first.

    Parameters
    ----------
    items
        What there is; of several with equal measures the first stands for all.
    measures
        Of an item, each the better the smaller.
    """
    found: list[T] = []
    for each in sorted(items, key=measures):
        if not found or measures(each)[1] < measures(found[-1])[1]:
            found.append(each)
    return found
