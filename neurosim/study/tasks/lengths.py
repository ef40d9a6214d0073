"""How long a series may be, and how its steps are told in words."""

from __future__ import annotations

from neurosim.study.checks import whole

STANDARD_STEPS = 30_000
MOST_STEPS = 10_000_000
MOST_AHEAD = 100_000


def ahead_of(task: str, given: object, least: int = 1) -> int:
    """Return how many steps ahead a task looks, or raise UserError where that is no such number."""
    return whole(f"task {task}: horizon", given, least, MOST_AHEAD)


def in_words(count: int, what: str = "step") -> str:
    """Return `1 step`, `2 steps`."""
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"
