"""Checks of single values and paths that a user gives, each with one clear message."""

from __future__ import annotations

import math
from numbers import Real
from pathlib import Path

from neurosim.errors import UserError, closest


def whole(where: str, value: object, least: int = 1, most: int | None = None) -> int:
    """Return ``value`` when it is a whole number from ``least`` to ``most``.

    Raises
    ------
    UserError
        Otherwise; the message opens with ``where``.
    """
    # the type, not the size, is asked first: True and 2.0 are slips, not numbers of things
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise UserError(f"{where}: must be a whole number (got {short(value)}).")
    number = value.__index__()
    if number < least or (most is not None and number > most):
        bounds = f"at least {least:,}" if most is None else f"from {least:,} to {most:,}"
        raise UserError(f"{where}: must be {bounds} (got {short(number)}).")
    return int(number)


def number(where: str, value: object, least: float, most: float, above: bool = False) -> float:
    """Return ``value`` when it is a finite number from ``least`` to ``most``.

    With ``above`` the lower bound itself is refused too.

    Raises
    ------
    UserError
        Otherwise; the message opens with ``where``.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UserError(f"{where}: must be a number (got {short(value)}).")
    try:
        given = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        given = math.inf
    if not (least <= given <= most) or (above and given == least):  # refuses NaN as well
        low = f"above {least:g}" if above else f"{least:g} or more"
        raise UserError(f"{where}: must be {low}, and at most {most:g} (got {short(value)}).")
    return given


def file(path: Path) -> None:
    """Return when ``path`` is a file that could be read.

    Raises
    ------
    UserError
        When it is missing, a folder, or something that is no file, such as a pipe.
    """
    try:
        if path.is_file():
            return
        folder, there = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{short(str(path))}: cannot be read ({reason}). Check the path.") from None
    if folder:
        raise UserError(f"{path}: is a folder. Name a file in it.")
    if there:
        raise UserError(f"{path}: is not a plain file. Copy what it gives into a file first.")
    raise UserError(f"{path}: no such file. Check the path.{_neighbour(path)}")


def is_file(path: Path) -> bool:
    """Say whether ``path`` is a file, and no where the system cannot even look."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Say whether ``path`` is a folder, and no where the system cannot even look."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def unreadable(path: Path, error: OSError) -> UserError:
    """Return the message for a file that the system will not let us read."""
    return UserError(
        f"{path}: cannot be read ({error.strerror or error}). Check who may read the file."
    )


def short(value: object) -> str:
    """Write a value of the user's for a message: as Python would, and never too long of it."""
    if isinstance(value, int) and abs(value) > 10**20:
        return f"a number of about {int(math.log10(2) * value.bit_length()) + 1} digits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _neighbour(path: Path) -> str:
    """Suggest the file beside ``path`` that is nearest in name, of the same kind if it can be."""
    try:
        beside = [Path(entry.name) for entry in path.parent.iterdir()]
    except OSError:
        return ""
    alike = {other.stem: other for other in beside if other.suffix.lower() == path.suffix.lower()}
    close = alike.get(closest(path.stem, alike) or "")
    close = close or next((other for other in beside if other.stem == path.stem), None)
    return f" Did you mean {close}?" if close else ""
