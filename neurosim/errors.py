"""The two ways in which neurosim gives up, and how it suggests a name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake in what the user gave: the message says where, what, and what to do.

    The command line prints it as one message and exits with 2.
    """


class RunFailed(Exception):
    """A run that started properly and could not go on, such as diverging learning.

    The command line prints it and exits with 1. ``run`` holds what was computed until then, or
    None where nothing was.
    """

    def __init__(self, message: str, run: object | None = None) -> None:
        super().__init__(message)
        self.run = run


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to ``name``, capitals or not; None where none is near."""
    folded = {str(other).lower(): other for other in known}
    close = difflib.get_close_matches(str(name).lower(), folded, n=1)
    return folded[close[0]] if close else None


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean X?`` for the known name nearest to ``name``, or nothing."""
    close = closest(name, known)
    return "" if close is None else f" Did you mean {close}?"
