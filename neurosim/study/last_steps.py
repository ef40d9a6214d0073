"""The last steps of a training, read back from the `series.csv` of its run folder."""

from __future__ import annotations

import csv
import io
import math
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from neurosim.errors import UserError
from neurosim.study import sources

LARGEST = 1e100  # beyond, axes cannot be drawn
_HEAD = ["rule", "seed", "step"]


class LastSteps(NamedTuple):
    """What one rule answered in its last steps.

    ``steps`` numbers them; ``targets`` and ``outputs`` hold, for each output, a value a step.
    """

    names: tuple[str, ...]
    steps: tuple[int, ...]
    targets: tuple[tuple[float, ...], ...]
    outputs: tuple[tuple[float, ...], ...]


def read(path: Path) -> dict[str, LastSteps]:
    """Return the last steps of every rule; nothing where there is no such file.

    Those of a rule end where its values leave all bounds.

    Raises
    ------
    UserError
        When the file is not one that neurosim wrote.
    """
    if not path.exists():
        return {}
    try:
        head, *lines = list(csv.reader(io.StringIO(sources.text(path))))
        names = _names(head)
        by_rule: dict[str, list[list[float]]] = {}
        for line in lines:
            rule, _, *values = line
            if len(line) != len(head):
                raise ValueError
            by_rule.setdefault(rule, []).append([_value(value) for value in values])
        drawn = {rule: list(takewhile(_can_be_drawn, rows)) for rule, rows in by_rule.items()}
        return {rule: _last_steps(names, rows) for rule, rows in drawn.items() if rows}
    except (ValueError, csv.Error):
        raise UserError(f"{path}: is no series that neurosim wrote. Run it again.") from None


def _names(head: list[str]) -> tuple[str, ...]:
    """Return the names of the outputs, each of which has a target, an output and an error."""
    names = [name.removeprefix("target_") for name in head[3::3]]
    columns = [f"{kind}_{name}" for name in names for kind in ("target", "output", "error")]
    if head != _HEAD + columns:
        raise ValueError
    return tuple(names)


def _value(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _can_be_drawn(row: list[float]) -> bool:
    """Say whether no value has left all bounds, as before learning that diverges is found to."""
    return all(abs(value) <= LARGEST for value in row)


def _last_steps(names: tuple[str, ...], rows: list[list[float]]) -> LastSteps:
    steps, *columns = zip(*rows, strict=True)
    return LastSteps(
        names, tuple(int(step) for step in steps), tuple(columns[0::3]), tuple(columns[1::3])
    )
