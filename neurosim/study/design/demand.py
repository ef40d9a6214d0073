"""What a design has to do: which series, at which sample rate, on which part, how well."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neurosim.errors import UserError, nearest
from neurosim.machine.parts import PARTS, Part, part_named
from neurosim.study import catalog, checks
from neurosim.study.scenario import TaskSpec, in_path

#: Steps of a training where nobody says how many, as `neurosim compare --data` does.
STANDARD_STEPS = 30_000
FREQUENCIES = {"hz": 1.0, "khz": 1e3, "mhz": 1e6}
DURATIONS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_QUANTITY = re.compile(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*([A-Za-z]*)\s*")


@dataclass(frozen=True)
class Demand:
    """What is demanded of a design.

    Attributes
    ----------
    task
        The series to be learned, and how long.
    rate_hz
        Samples that come in a second: the chip does a learning step for each.
    part
        Name of the part.
    max_error
        The largest error that will do, over the variance of the target; None where nobody said.
    seed
        Of the search, and of the initial weights of what is built.
    """

    task: TaskSpec
    rate_hz: float
    part: str
    max_error: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        checks.number("--rate", self.rate_hz, 0, 1e12, above=True)
        if self.max_error is not None:
            checks.number("--max-error", self.max_error, 0, 1e6, above=True)
        checks.whole("--seed", self.seed, least=0)
        part_named(self.part)
        if not self.silicon.clock_mhz:
            known = [name for name, part in PARTS.items() if part.clock_mhz]
            raise UserError(
                f"--part {self.part}: no chip was placed on it, so no clock is known and no rate"
                f" can be promised. Name a part with a clock: {', '.join(known)}."
            )

    @property
    def silicon(self) -> Part:
        """The part."""
        return part_named(self.part)

    @property
    def cycles(self) -> int:
        """Cycles that a learning step may take, at the part's conservative clock."""
        return cycles_at(self.silicon, self.rate_hz)

    @property
    def name(self) -> str:
        """What the scenarios are called that are tried."""
        return f"design-{in_path(Path(self.task.data or 'series').stem)}"

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that name the demand; the data count by what they hold."""
        asked: dict[str, Any] = asdict(self)
        asked["task"]["data"] = hashlib.sha256(self.path.read_bytes()).hexdigest()
        canonical = json.dumps(asked, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:8]

    @property
    def path(self) -> Path:
        """The file of the series."""
        return catalog.find("data", str(self.task.data))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        task = {key: value for key, value in asdict(self.task).items() if value is not None}
        clock = {
            "clock_mhz": self.silicon.clock_mhz,
            "clock_source": self.silicon.clock_source,
            "cycles_allowed": self.cycles,
        }
        return {**asdict(self), "task": task, **clock}


def cycles_at(part: Part, rate_hz: float) -> int:
    """Return the cycles that a step may take on a part, at its clock, to keep a rate."""
    # a rate that was itself found by dividing by so many cycles is to give them back
    return int(1e6 * part.clock_mhz / rate_hz * (1 + 1e-12))


def frequency(where: str, text: str) -> float:
    """Return the hertz of a text such as ``20kHz``; ``where`` opens the message of the error.

    Raises
    ------
    UserError
        When it is no number with one of the units Hz, kHz and MHz.
    """
    return _quantity(where, text, FREQUENCIES, "Hz, kHz or MHz", "20kHz")


def duration(where: str, text: str) -> float:
    """Return the seconds of a text such as ``10min``; ``where`` opens the message of the error.

    Raises
    ------
    UserError
        When it is no number with one of the units s, min and h.
    """
    return _quantity(where, text, DURATIONS, "s, min or h", "10min")


def _quantity(where: str, text: str, units: dict[str, float], said: str, such: str) -> float:
    found = _QUANTITY.fullmatch(text)
    if not found:
        raise UserError(
            f"{where}: must be a number with its unit ({said}), such as {such}"
            f" (got {checks.short(text)})."
        )
    number, unit = found.groups()
    if not unit:
        raise UserError(
            f"{where}: {checks.short(text)} has no unit. Write {said} behind the number, such as"
            f" {such}."
        )
    if unit.lower() not in units:
        raise UserError(f"{where}: {unit} is no unit of it.{nearest(unit, units)} Use {said}.")
    value = float(number) * units[unit.lower()]
    if value <= 0:
        raise UserError(f"{where}: must be above 0 (got {checks.short(text)}).")
    return value
