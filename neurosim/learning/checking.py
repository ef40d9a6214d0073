"""Whether settings of rules, optimisers and schedules lie where they have a meaning."""

from __future__ import annotations

import math
from numbers import Real

from neurosim.errors import UserError


def within(where: str, value: object, low: float, high: float, least: bool = True) -> None:
    """Return when a value is a number from ``low`` up, and below ``high``.

    ``least`` says whether ``low`` itself is allowed.

    Raises
    ------
    UserError
        When it is not.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        found = float(value)
        if math.isfinite(found) and low <= found < high and (least or found > low):
            return
    bounds = f"from {low:g} up" if least else f"above {low:g}"
    below = f" and below {high:g}" if math.isfinite(high) else ""
    raise UserError(f"{where}: must be a finite number {bounds}{below} (got {value!r}).")


def whole(where: str, value: object, least: int = 0) -> None:
    """Return when a value is a whole number from ``least`` up.

    Raises
    ------
    UserError
        When it is not.
    """
    if type(value) is not int or value < least:
        raise UserError(f"{where}: must be a whole number from {least} up (got {value!r}).")
