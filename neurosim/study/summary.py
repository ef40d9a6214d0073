"""All that a report prints, and its file: what `summary.json` in a run folder holds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from neurosim.errors import UserError
from neurosim.machine.parts import PARTS
from neurosim.study import description, profiles, sources
from neurosim.study.checks import short
from neurosim.study.profiles import LARGEST, Profile

SCHEMA = 1
_TEXTS = {"rule", "machine", "tier", "cycles_bound_by", "placement", "sensitivities"}
_TEXTS |= {"technology", "alternate_technology"}
_WHOLE = ("units", "lanes", "block_rams", "block_rams_there", "multipliers",
          "multipliers_there", "largest_units")  # fmt: skip
_FIT = {"part": str, "rule": str, "fits": bool, **dict.fromkeys(_WHOLE, int)}
_LISTS = {"seeds", "nmse_by_seed", "cosine_by_seed", "hidden_cosine_by_seed"}


@dataclass(frozen=True)
class Check:
    """A promise that was tried on this very run.

    Attributes
    ----------
    promise
        What it says.
    times
        How often it was tried.
    broken
        Where it did not hold.
    """

    promise: str
    times: int
    broken: Sequence[str] = ()

    @property
    def held(self) -> bool:
        """Whether it held each time."""
        return not self.broken


@dataclass(frozen=True)
class Summary:
    """All that a report prints.

    Attributes
    ----------
    verb
        What was asked for: run, compare, cost or align.
    status
        done, interrupted or failed.
    seconds
        Wall-clock time of it all.
    network, task
        What learned what, in words.
    clock_mhz
        Clock of the machine, which turns cycles into time.
    rows
        One mapping of figures for each rule (and size), named as in `--json`.
    curves
        For each rule, the normalised error in equal parts of the run.
    slopes
        For each rule, how fast its figures grow with the number of units: exponents.
    checks
        Promises that were tried.
    notes
        What the reader should know besides, such as why a rule failed.
    hints
        Useful commands that could follow, each with its purpose.
    versions, host
        What it was computed with, and on.
    profiles
        For each rule, what figures draw of its step (`neurosim.study.profiles`).
    fits
        One mapping for each rule and part of the market (`neurosim.study.fit.Row`).
    alignment
        For each rule, the cosine of its gradient with the exact one in equal parts of the run
        (`neurosim.study.alignment`).
    """

    verb: Literal["run", "compare", "cost", "align"]
    status: Literal["done", "interrupted", "failed"]
    seconds: float
    network: str
    task: str
    clock_mhz: float | None
    rows: tuple[Mapping[str, Any], ...]
    curves: Mapping[str, Sequence[float]]
    slopes: Mapping[str, Mapping[str, float]]
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    hints: tuple[tuple[str, str], ...]
    versions: Mapping[str, str]
    host: Mapping[str, Any]
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    fits: tuple[Mapping[str, Any], ...] = field(default_factory=tuple)
    alignment: Mapping[str, Sequence[float]] = field(default_factory=dict)


def finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row without what could not be computed: nothing stands for it in JSON."""
    return {key: value for key, value in row.items() if _is_computed(value)}


def _is_computed(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def summary_in(path: Path) -> Summary:
    """Return the summary in a file.

    Raises
    ------
    UserError
        When it holds none, or one that this version does not know.
    """
    record = _parsed(path)
    try:
        summary = description.read(Summary, record, f"{path}:")
        for n, row in enumerate(summary.rows):
            _check_row(f"{path}: rows[{n}]", row)
        for n, fit in enumerate(summary.fits):
            _check_fit(f"{path}: fits[{n}]", fit)
        for rule, profile in summary.profiles.items():
            profiles.check(f"{path}: profiles.{short(rule)}", profile)
    except UserError as error:
        raise UserError(f"{error} Run it again.") from None
    return summary


def _parsed(path: Path) -> dict[str, Any]:
    """Return the fields of a summary as they are in its file."""
    try:
        record = json.loads(sources.text(path))
        if record["schema"] == SCHEMA:
            return {f.name: record[f.name] for f in fields(Summary) if _written(f, record)}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{path}: is not a summary that neurosim wrote. Run it again.") from None
    raise UserError(
        f"{path}: has schema {record['schema']!r:.20}, and known is {SCHEMA}."
        " Read it with the neurosim that wrote it."
    )


def _written(field: Field[Any], record: Mapping[str, Any]) -> bool:
    """Say whether a field is to be read: one that came later may be missing in older files."""
    return field.name in record or field.default_factory is MISSING


def _check_fit(where: str, fit: Mapping[str, Any]) -> None:
    """Return when a fit is one that a report can print."""
    for key, kind in _FIT.items():
        if type(fit.get(key)) is not kind or (key == "part" and fit[key] not in PARTS):
            raise UserError(f"{where} {key}: is no such thing (got {short(fit.get(key))}).")


def _check_row(where: str, row: Mapping[str, Any]) -> None:
    """Return when the figures of a rule are ones that a report can print."""
    for key in ("rule", "units", "outputs"):
        if key not in row:
            raise UserError(f"{where} {key}: missing.")
    for key, value in row.items():
        if key in _TEXTS:
            good = isinstance(value, str)
        elif key in _LISTS:
            good = isinstance(value, list) and all(map(_is_figure, value))
        else:
            good = _is_figure(value)
        if not good:
            raise UserError(f"{where} {key}: is no such thing (got {short(value)}).")


def _is_figure(value: object) -> bool:
    return isinstance(value, (int, float)) and abs(value) < LARGEST
