"""The committed figures, ``docs/reproduction.json``.

For every cell what its scenario asks for, as far as that is not what all scenarios have anyway, the
seconds that it took, and the values of each figure: one, or one for each seed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from neurosim.errors import UserError
from neurosim.study import description
from neurosim.study.results import replace_whole
from neurosim.study.scenario import Scenario

PATH = Path(__file__).parents[2] / "docs" / "reproduction.json"
SCHEMA = 1
_LIST = re.compile(r"\[[^][{}]*\]")  # of values, which stand in one line


class Built(NamedTuple):
    """A cell as it came out: what its scenario asks for, seconds, and the values of each figure."""

    scenario: Mapping[str, Any]
    seconds: float
    figures: Mapping[str, Sequence[float]]


class Record(NamedTuple):
    """All cells, and what they were computed with."""

    cells: Mapping[str, Built]
    versions: Mapping[str, str]
    computer: str


def asked(scenario: Scenario) -> dict[str, Any]:
    """Return what a scenario changes in the standard one, summaries left aside."""
    standard, described = description.mapping(Scenario()), description.mapping(scenario)
    del described["summary"]
    return _changed(described, standard)


def _changed(described: Mapping[str, Any], standard: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in described.items():
        usual = standard.get(key)
        if isinstance(value, dict) and isinstance(usual, dict):
            value = _changed(value, usual) or usual
        if value != usual:
            found[key] = value
    return found


def read(path: Path) -> Record:
    """Return what is committed.

    Raises
    ------
    UserError
        When the file is not there, or not one of these.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["schema"] != SCHEMA:
            raise KeyError("schema")
        cells = {name: Built(**cell) for name, cell in found["cells"].items()}
        return Record(cells, found["versions"], found["computer"])
    except FileNotFoundError:
        raise UserError(f"{path}: is not there. Make it with --write.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{path}: is no record of schema {SCHEMA}. Take it out, and make it anew with --write."
        ) from None


def write(record: Record, path: Path) -> None:
    """Write a record, whole or not at all."""
    cells = {name: built._asdict() for name, built in record.cells.items()}
    content: dict[str, Any] = {"schema": SCHEMA, **record._asdict(), "cells": cells}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    text = _LIST.sub(lambda found: " ".join(found[0].split()), text)
    replace_whole(path, lambda place: place.write_text(text, encoding="utf-8"))
