"""How long a series may be, and how its steps are told in words."""

from __future__ import annotations

from neurosim.errors import UserError
from neurosim.study.checks import whole

STANDARD_STEPS = 30_000
MOST_STEPS = 10_000_000
MOST_AHEAD = 100_000


def ahead_of(task: str, given: object, least: int = 1) -> int:
    """Return how many steps ahead a task looks, or raise UserError where that is no such number."""
    return whole(f"task {task}: horizon", given, least, MOST_AHEAD)


def said_once(where: str, steps: int | None, passes: int | None) -> None:
    """Return when steps and passes do not both say how long, or raise UserError."""
    if steps is not None and passes is not None:
        raise UserError(f"{where}: steps and passes both say how long. Give one of them.")


def in_words(count: int, what: str = "step") -> str:
    """Return `1 step`, `2 steps`."""
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"
