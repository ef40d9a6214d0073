"""Values of a machine's keys: of the kind that the key takes and in range, or refused."""

from __future__ import annotations

import math
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from neurosim.errors import UserError, nearest
from neurosim.machine.description import ROLES

LARGEST = 1_000_000
LONGEST_SIDE = 1_024  # of a grid of tiles
MOST_TILES = 4_096
LARGEST_MEMORY = 10**12  # accesses that fit


def checked(where: str, key: str, hint: Any, value: Any) -> Any:
    """Return the value of a key, whose type hint says what it may be.

    Raises
    ------
    UserError
        When it is something else, or out of range; begins with ``where``.
    """
    if get_origin(hint) in (Union, UnionType):
        return _one_of(where, key, get_args(hint), value)
    if hint is bool:
        if not isinstance(value, bool):
            raise UserError(f"{where}: must be true or false (got {value!r:.40}).")
        return value
    if hint is str:
        if not isinstance(value, str) or not value:
            raise UserError(f"{where}: must be text (got {value!r:.40}).")
        return value
    if hint is float:
        return decimal(where, value, above=0 if key.endswith("_ns") else None)
    if get_origin(hint) is tuple:
        return _roles(where, value)
    if get_origin(hint) is Literal:
        return _choice(where, get_args(hint), value)
    return _whole(where, key, value)


def decimal(where: str, value: Any, above: float | None = None) -> float:
    """Return a number from 0 up, or above a bound."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    least = "above 0" if above is not None else "from 0 up"
    if not good or not math.isfinite(value) or value > LARGEST or value < 0 or value == above:
        raise UserError(f"{where}: must be a number {least} (got {value!r:.40}).")
    return float(value)


def _one_of(where: str, key: str, hints: tuple[Any, ...], value: Any) -> Any:
    """Check a value that may be of one kind, or else one of some words; None is never written."""
    words = [word for hint in hints if get_origin(hint) is Literal for word in get_args(hint)]
    if value in words and isinstance(value, str):
        return value
    kind = next(h for h in hints if h is not type(None) and get_origin(h) is not Literal)
    also = "".join(f', or "{word}"' for word in words)
    if kind is int:
        return _whole(where, key, value, also)
    return checked(where, key, kind, value)


def _whole(where: str, key: str, value: Any, also: str = "") -> int:
    latency = key.endswith(("_cycles", "_delay", "latency")) and "per_cycle" not in key
    least = 0 if latency or key in ("seed", "header_flits") else 1
    most = {"rows": LONGEST_SIDE, "cols": LONGEST_SIDE, "depth": LARGEST_MEMORY}.get(key, LARGEST)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise UserError(
            f"{where}: must be a whole number from {least} to {most:,}{also} (got {value!r:.40})."
        )
    return value


def _choice(where: str, choices: tuple[Any, ...], value: Any) -> Any:
    if value not in choices:
        raise UserError(
            f"{where}: must be one of {', '.join(choices)} (got {value!r:.40})."
            f"{nearest(str(value), choices)}"
        )
    return value


def _roles(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise UserError(f"{where}: must be a list of {', '.join(ROLES)} (got {value!r:.40}).")
    return tuple(_choice(where, ROLES, role) for role in value)
