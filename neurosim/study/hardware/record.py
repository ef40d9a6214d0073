"""What `hardware.json` of a run folder holds, read back: the chip, its check, and what tools said.

What tools said (synthesis, placement and so on) stays as it is in the file: reports show of it what
they find to be there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_type_hints

from neurosim.errors import UserError
from neurosim.machine.parts import Fit
from neurosim.study import description, sources
from neurosim.study.checks import short, whole
from neurosim.study.hardware.check import Checked, Mismatch
from neurosim.study.hardware.summary import SCHEMA, Chip

T = TypeVar("T")
CHOICES = "choices.json"  # which parts and lanes fit, beside the record of a chip
AGAIN = "Make the chip again with `neurosim hardware`."
MOST_PASSES, MOST_CYCLES = 20_000, 10**9  # of what a figure draws


class Record(NamedTuple):
    """A chip as `hardware.json` has it.

    Attributes
    ----------
    chip
        The chip in figures.
    checked, lint
        What comparing it with its model found, and what the linter said; None where not asked.
    fit
        How it fits a part; None where not asked.
    whole
        Everything, as the file has it: what tools said stands under names of its own.
    """

    chip: Chip
    checked: Checked | None
    lint: str | None
    fit: Fit | None
    whole: Mapping[str, Any]


def read(path: Path) -> Record:
    """Return the chip that a `hardware.json` describes.

    Raises
    ------
    UserError
        When it describes none, or in a way that this version does not know.
    """
    found = {**_parsed(path), **_choices(path.with_name(CHOICES))}
    try:
        return Record(
            _chip(found, f"{path}:"),
            _checked(found.get("check"), f"{path}: check"),
            description.typed(str | None, found.get("lint"), f"{path}: lint"),
            _fit(found.get("fit"), f"{path}: fit"),
            found,
        )
    except UserError as error:
        raise UserError(f"{error} {AGAIN}") from None


def _choices(path: Path) -> dict[str, Any]:
    """Return what ``--fit`` found for the same scenario; nothing where it was not asked."""
    with suppress(OSError, ValueError, RecursionError):
        return {"choices": json.loads(path.read_text("utf-8"))}
    return {}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(sources.text(path))
        schema = found["schema"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{path}: is no record of a chip that neurosim wrote. {AGAIN}") from None
    if schema == SCHEMA and isinstance(found, dict):
        return found
    raise UserError(
        f"{path}: has schema {short(schema)}, and known is {SCHEMA}."
        " Read it with the neurosim that wrote it."
    )


def _chip(found: Mapping[str, Any], where: str) -> Chip:
    phases = description.typed(Mapping[str, int], found.get("phases"), f"{where} phases")
    chip = _filled(Chip, found, where, phases=tuple(phases.items()))
    for name in ("cycles", "inference_cycles", "lanes", "units", "word_bits"):
        whole(f"{where} {name}", getattr(chip, name), most=MOST_CYCLES)
    whole(f"{where} fraction_bits", chip.fraction_bits, least=0, most=chip.word_bits)
    if len(chip.passes) > MOST_PASSES:
        raise UserError(f"{where} passes: can be drawn up to {MOST_PASSES:,}.")
    for n, each in enumerate(chip.passes):
        whole(f"{where} passes[{n}].cycles", each.cycles, most=MOST_CYCLES)
        whole(f"{where} passes[{n}].start", each.start, least=0, most=MOST_CYCLES)
        whole(f"{where} passes[{n}].multiplications", each.multiplications, 0, MOST_CYCLES)
    return chip


def _checked(found: Any, where: str) -> Checked | None:
    if found is None:
        return None
    table = description.typed(Mapping[str, Any], found, where)
    first = table.get("first")
    return _filled(Checked, table, where, first=first and _mismatch(first, f"{where}.first"))


def _mismatch(found: Any, where: str) -> Mismatch:
    table = description.typed(Mapping[str, Any], found, where)
    return Mismatch(**_typed(get_type_hints(Mismatch), Mismatch._fields, table, where))


def _fit(found: Any, where: str) -> Fit | None:
    if found is None:
        return None
    return _filled(Fit, description.typed(Mapping[str, Any], found, where), where)


def _filled(cls: type[T], found: Mapping[str, Any], where: str, **known: Any) -> T:
    """Return a dataclass filled from a table that may hold more; ``known`` are fields read."""
    wanted = [
        field.name
        for field in fields(cls)  # type: ignore[arg-type]
        if field.name not in known and (field.name in found or field.default is MISSING)
    ]
    return cls(**_typed(get_type_hints(cls), wanted, found, where), **known)


def _typed(
    hints: Mapping[str, Any], names: Sequence[str], found: Mapping[str, Any], where: str
) -> dict[str, Any]:
    for name in names:
        if name not in found:
            raise UserError(f"{where} {name}: missing.")
    return {name: description.typed(hints[name], found[name], f"{where} {name}") for name in names}
