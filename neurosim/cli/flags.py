"""Every field of a scenario as a flag: `--network.units 32`, `--rule.learning_rate 0.05`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args, get_origin, get_type_hints

from cyclopts import Group, Parameter, Token

from neurosim.errors import UserError
from neurosim.study import checks, description
from neurosim.study.optimizers import OF_RATES, OptimizerSpec
from neurosim.study.overrides import override
from neurosim.study.scenario import Scenario, resolve_files

_WHOLE = re.compile(r"[+-]?[0-9]{1,4000}")  # Python refuses to read longer ones
_DECIMAL = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?(inf|nan)", re.IGNORECASE
)


def _whole(text: str) -> int:
    """Return the whole number that is written there; 2.5 is none, and nothing is rounded."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"must be a whole number (got {checks.short(text)})")
    return int(text)


def _decimal(text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"must be a number (got {checks.short(text)})")
    return float(text)


def folder(text: str) -> Path:
    """Return the folder of that name."""
    if not text.strip():
        raise ValueError("is empty. Name a folder")
    return Path(text)


def file(text: str) -> Path:
    """Return the file of that name."""
    if not text.strip():
        raise ValueError("is empty. Name a file")
    return Path(text)


def by(read: Callable[[str], Any]) -> Parameter:
    """Return how the text of a flag becomes a value."""

    def convert(type_: object, tokens: Sequence[Token]) -> Any:
        return read(tokens[0].value)

    return Parameter(converter=convert)


def _listed(kind: type) -> Parameter:
    """Return how a flag such as `0,1,2` becomes a tuple of ``kind``."""

    def convert(type_: object, tokens: Sequence[Token]) -> tuple[Any, ...]:
        items = [item.strip() for token in tokens for item in token.value.split(",")]
        try:
            return tuple(_READERS.get(kind, kind)(item) for item in items if item)
        except ValueError:
            raise ValueError(
                "must be whole numbers with commas between, such as 0,1,2"
                f" (got {checks.short(tokens[0].value)})"
            ) from None

    return Parameter(converter=convert)


_READERS: dict[type, Callable[[str], Any]] = {int: _whole, float: _decimal}
Whole = Annotated[int, by(_whole)]
Decimal = Annotated[float, by(_decimal)]


# What a verb has no use for: to take such a flag and do nothing would be a lie.
USELESS = {
    "run": {
        "compare": "run trains one rule (--rule.name). Use `neurosim compare`.",
        "rates": "run trains one rule. Use --rule.learning_rate.",
    },
    "compare": {"rule.name": "compare trains several rules. Name them with --compare."},
    "cost": {
        "rule.name": "cost counts several rules. Name them with --compare.",
        **dict.fromkeys(
            (
                *("rule.learning_rate", "rates", "engine", "seeds", "task.steps", "task.passes"),
                *(f"optimizer.{option}" for option in OF_RATES),
            ),
            "cost counts and trains nothing, so it changes nothing. Drop it.",
        ),
    },
    "hardware": {
        "compare": "a chip learns by one rule. Use --rule.name.",
        "rates": "a chip learns by one rule. Use --rule.learning_rate.",
        "sizes": "a chip has one size. Use --network.units.",
        "largest": "a chip has one size. Use --network.units.",
        "machines": "the chip is its own machine. Use --lanes.",
        "placements": "a chip has no tiles to place neurons on. Drop it.",
        "sensitivities": "a chip has one place for them. Use --rule.placement.",
        "parts": "a chip is planned for one of them. Use --part.",
        "machine": "the chip is its own machine. Use --lanes.",
        "engine": "the chip is its own engine. Drop it.",
        "tier": "the chip's cycles are those of its schedule. Drop it.",
        "task.passes": "says how long to train. --steps says how long --check compares.",
        "task.steps": "says how long to train. --steps says how long --check compares.",
        **dict.fromkeys(
            (f"optimizer.{each.name}" for each in fields(OptimizerSpec)),
            "a chip moves weights along the gradient itself, at the host's rate. Drop it.",
        ),
    },
    "sweep": {
        "compare": "a cell learns by one rule. Use --over rule=NAME,NAME.",
        "rates": "a cell learns by one rule. Use --over rule.learning_rate=RATE,RATE.",
        "sizes": "a cell has one size. Use --over network.units=UNITS,UNITS.",
        "largest": "a cell has one size. Use --over network.units=UNITS,UNITS.",
        "machines": "a cell has one machine. Use --over machine=NAME,NAME.",
        "placements": "a cell has one. Only `neurosim compare --placements` tries several.",
        "sensitivities": "a cell has one. Use --over rule.placement=unit,owner.",
    },
    "align": {
        "rates": "one rule learns, the others are shown its way. Use --rule.learning_rate.",
        "engine": "align shows all rules the arrays of the learner. Drop it.",
        **dict.fromkeys(
            ("sizes", "largest", "machines", "placements", "sensitivities", "parts"),
            "align follows one network on one machine. Use --network.units or --machine.",
        ),
    },
}


# Flags of a verb's own, in place of the field of the same name.
OWN = {"sweep": {"seeds"}}


def _flags(cls: type, verb: str, path: str = "") -> Any:
    """Return the dataclass ``cls`` with every field optional, None where no flag was given."""
    hints = get_type_hints(cls)
    own = OWN.get(verb, set())
    optional = [
        (f.name, _optional(hints[f.name], verb, f"{path}{f.name}"), None)
        for f in fields(cls)
        if f"{path}{f.name}" not in own
    ]
    namespace = {"__module__": __name__, "__doc__": cls.__doc__}
    return make_dataclass(f"{verb}{cls.__name__}", optional, frozen=True, namespace=namespace)


def _optional(hint: Any, verb: str, path: str) -> Any:
    if isinstance(hint, type) and is_dataclass(hint):
        group = Group(f"--{path}: {_first_line(hint)}", sort_key=4)
        return Annotated[_flags(hint, verb, f"{path}.") | None, Parameter(group=group)]
    shown = Parameter(show=path not in USELESS[verb])
    if get_origin(hint) is Mapping:
        key, value = get_args(hint)  # a dict is the mapping that cyclopts can fill
        return Annotated[dict[key, _read(value)] | None, shown]  # type: ignore[misc,valid-type]
    for arm in (hint, *get_args(hint)):
        if get_origin(arm) is tuple:
            return Annotated[str | None, _listed(get_args(arm)[0]), shown]
        if arm in _READERS:
            return Annotated[arm | None, by(_READERS[arm]), shown]
    return Annotated[hint | None, shown]


def _read(kind: Any) -> Any:
    return Annotated[kind, by(_READERS[kind])] if kind in _READERS else kind


def _first_line(cls: type) -> str:
    return (cls.__doc__ or "").splitlines()[0].rstrip(".").lower()


if TYPE_CHECKING:
    RunFlags: TypeAlias = Scenario
    CompareFlags: TypeAlias = Scenario
    CostFlags: TypeAlias = Scenario
    HardwareFlags: TypeAlias = Scenario
    SweepFlags: TypeAlias = Scenario
    AlignFlags: TypeAlias = Scenario
else:
    RunFlags, CompareFlags, CostFlags, HardwareFlags, SweepFlags, AlignFlags = (
        _flags(Scenario, verb) for verb in USELESS
    )


@dataclass(frozen=True)
class DataShortcuts:
    """Short names of what replaces a scenario's task by a file.

    Attributes
    ----------
    data
        A CSV file with a header line to learn from, in place of the scenario's task.
    input
        Column of the file that the network sees.
    target
        Column of the file that it predicts.
    horizon
        How many steps ahead the target lies.
    """

    data: str | None = None
    input: str | None = None
    target: str | None = None
    horizon: Whole | None = None


@dataclass(frozen=True)
class Shortcuts(DataShortcuts):
    """Short names of what is changed most.

    Attributes
    ----------
    steps
        Steps of training (--task.steps).
    """

    steps: Whole | None = None


@dataclass(frozen=True)
class TraceFlags:
    """What is written down of what happens on the machine.

    Attributes
    ----------
    trace
        Write what happens in a few steps on the machine, simulated without training, for
        ui.perfetto.dev: trace.json.gz in the run folder, or trace-RULE.json.gz of several rules.
    trace_steps
        First and last of these steps, counted from 0 (0:1).
    """

    trace: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    trace_steps: str | None = None


@dataclass(frozen=True)
class CheckpointFlags:
    """How a run survives being killed.

    Attributes
    ----------
    resume
        Go on with an unfinished run: its folder, or the beginning of its name in --out.
    checkpoint_seconds
        Seconds from one checkpoint to the next (15; 0 writes none).
    checkpoint_steps
        Steps of a training from one to the next.
    """

    resume: str | None = None
    checkpoint_seconds: Annotated[float | None, by(_decimal)] = None
    checkpoint_steps: Annotated[int | None, by(_whole)] = None


@dataclass(frozen=True)
class ChipFlags:
    """What tools are to make of a chip.

    Attributes
    ----------
    synth
        Synthesise it: cells, block RAMs and multipliers for ecp5, ice40, xc7 or gowin.
    place
        Place it on --part (ecp5-85f): clock, slowest path and floorplan.
    place_seeds
        How often it is placed, each time from another start; the slowest counts (3).
    prove
        Prove properties of its control: handshakes, addresses, the length of a step.
    board
        Write what brings it onto a board: ulx3s or icebreaker.
    fit
        Write no chip: show for each part and number of lanes whether it fits, and how fast it is.
    """

    synth: str | None = None
    place: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    place_seeds: Annotated[int | None, by(_whole)] = None
    prove: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    board: str | None = None
    fit: Annotated[bool, Parameter(negative=(), show_default=False)] = False


def apply(scenario: Scenario, verb: str, flags: Any, shortcuts: DataShortcuts | None) -> Scenario:
    """Return ``scenario`` with the flags that were given, relative paths made full ones."""
    changes = _changes(flags, shortcuts)
    given = set(changes) | {f"{s}.{k}" for s in changes if isinstance(changes[s], Mapping)
                            for k in changes[s]}  # fmt: skip
    for flag, reason in USELESS[verb].items():
        if flag in given:
            raise UserError(f"--{flag}: {reason}")
    changed = override(scenario, changes) if changes else scenario
    if changed.sizes and "network.units" in given:
        raise UserError("--network.units: this scenario tries several. Use --sizes.")
    return resolve_files(changed, Path.cwd())


def _changes(flags: Any, shortcuts: DataShortcuts | None) -> dict[str, Any]:
    given = description.mapping(flags) if flags else {}
    changes = {key: value for key, value in given.items() if value not in ({}, None)}
    short = description.mapping(shortcuts) if shortcuts else {}
    task = changes.setdefault("task", {}) if short else {}
    for key, value in short.items():
        if task.setdefault(key, value) != value:
            raise UserError(f"--{key}: --task.{key} says {task[key]}. Give one of them.")
    return changes
