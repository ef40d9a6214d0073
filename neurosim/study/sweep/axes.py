"""What a sweep goes over: fields of a scenario with their values, `network.units=8..32:8`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from neurosim.errors import UserError, nearest
from neurosim.study.checks import short, whole
from neurosim.study.scenario import Scenario

RULE = "rule"
SEED = "seed"
MOST_CELLS = 100_000
Point = dict[str, Any]
"""Values by field, of the axes of a sweep."""

_RANGE = re.compile(r"([+-]?[0-9]{1,18})\.\.([+-]?[0-9]{1,18})(?::([0-9]{1,18}))?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_WORDS = {"true": True, "false": False}
_ITEM = "+"  # between the items of one value that is a list, since commas are between values
# What a cell has none, or only one of.
_OTHERS = {
    "seeds": "Use --seeds.",
    "compare": "Use rule=NAME,NAME.",
    "rates": "Use rule.learning_rate.",
    "sizes": "Use network.units.",
    "largest": "Use network.units.",
    "machines": "Use machine=NAME,NAME.",
    "placements": "Only `neurosim compare --placements` tries several.",
    "sensitivities": "Use rule.placement.",
    "parts": "They change no result: give --parts once.",
    "name": "It changes no result. Drop it.",
    "summary": "It changes no result. Drop it.",
}


class Axis(NamedTuple):
    """A field of a scenario, as ``network.units``, and the values that it gets in turn.

    The field `RULE` is that of the rule's name, with its options.
    """

    field: str
    values: tuple[Any, ...]

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers, which have an order and distances."""
        return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in self.values)


def written(texts: Sequence[str]) -> tuple[Axis, ...]:
    """Return the axes that texts such as ``network.units=8..32:8`` name, in their order.

    Raises
    ------
    UserError
        For a field that there is not, or a value that is none of its kind.
    """
    return _distinct([_written(text) for text in texts])


def given(over: Mapping[str, Any]) -> tuple[Axis, ...]:
    """Return the axes that a mapping of fields to lists of values describes, in its order.

    Raises
    ------
    UserError
        For a field that there is not, or for no values.
    """
    found = []
    for name, values in over.items():
        field = _field(name)
        if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
            raise UserError(f"over {field}: must be a list of values (got {short(values)}).")
        found.append(Axis(field, tuple(_plain(value, f"over {field}") for value in values)))
    return _distinct(found)


def seeds(text: str) -> tuple[int, ...]:
    """Return the seeds that a text means: `5` is 0 to 4, and `3,7` or `5..9` are those.

    Raises
    ------
    UserError
        When it is neither.
    """
    text = text.strip()
    if _WHOLE.fullmatch(text):
        return tuple(range(whole("--seeds", int(text), most=MOST_CELLS)))
    found = [_value(int, item, "--seeds") for item in _items(text, int, "--seeds")]
    _check_values("--seeds", found)
    return tuple(found)


def points(axes: Sequence[Axis]) -> Iterator[Point]:
    """Yield every combination of values, the last axis fastest."""
    for values in product(*(axis.values for axis in axes)):
        yield dict(zip((axis.field for axis in axes), values, strict=True))


def changes(point: Point) -> dict[str, Any]:
    """Return a point as nested mappings of fields, without its rule."""
    found: dict[str, Any] = {}
    for field, value in point.items():
        *sections, name = field.split(".")
        table = found
        for section in sections:
            table = table.setdefault(section, {})
        if field != RULE:
            table[name] = value
    return found


def _written(text: str) -> Axis:
    name, equals, values = text.partition("=")
    if not equals or not name.strip():
        raise UserError(
            f"--over {short(text)}: must be a field and its values, such as network.units=8,16,32."
        )
    field = _field(name.strip())
    where, hint = f"--over {field}", _hint(field)
    found = [_value(hint, item, where) for item in _items(values, hint, where)]
    return Axis(field, tuple(found))


def _items(text: str, hint: Any, where: str) -> Iterator[str]:
    """Yield the texts of single values; a range of whole numbers is many."""
    for item in text.split(","):
        found = _RANGE.fullmatch(item.strip()) if _core(hint) in (int, float, str) else None
        if found is None:
            if item.strip():
                yield item.strip()
            continue
        first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
        if last < first or step < 1:
            raise UserError(f"{where}: {item.strip()} is empty. Write FIRST..LAST:STEP upwards.")
        if (last - first) // step >= MOST_CELLS:
            raise UserError(f"{where}: {item.strip()} is more values than a sweep could go over.")
        yield from map(str, range(first, last + 1, step))


def _core(hint: Any) -> Any:
    """Return the type of a field that may be None."""
    arms = [arm for arm in get_args(hint) if arm is not type(None)]
    return hint if get_origin(hint) in (tuple, Literal) or not arms else arms[0]


def _value(hint: Any, text: str, where: str) -> Any:
    core = _core(hint)
    if get_origin(core) is tuple:
        return [_value(get_args(core)[0], item.strip(), where) for item in text.split(_ITEM)]
    if core is bool:
        if text.lower() not in _WORDS:
            raise UserError(f"{where}: must be true or false (got {short(text)}).")
        return _WORDS[text.lower()]
    if core is int:
        if not _WHOLE.fullmatch(text):
            raise UserError(f"{where}: must be whole numbers (got {short(text)}).")
        return int(text)
    if core is float:
        try:
            return _plain(float(text), where)
        except ValueError:
            raise UserError(f"{where}: must be numbers (got {short(text)}).") from None
    return text


def _plain(value: Any, where: str) -> Any:
    """Return a value as JSON has it; numbers of NumPy become Python's, and paths texts."""
    if isinstance(value, tuple | list):
        return [_plain(item, where) for item in value]
    found = value.item() if hasattr(value, "item") else value
    if isinstance(found, Path):
        return str(found)
    if not isinstance(found, bool | int | float | str):
        raise UserError(f"{where}: must be numbers, texts, or lists of them (got {short(found)}).")
    if isinstance(found, float) and not math.isfinite(found):
        raise UserError(f"{where}: must be finite (got {found}).")
    return found


def _distinct(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    for n, axis in enumerate(axes):
        if axis.field in [other.field for other in axes[:n]]:
            raise UserError(f"--over {axis.field}: is given twice. Give all its values at once.")
        _check_values(f"--over {axis.field}", axis.values)
    cells = 1
    for axis in axes:
        cells *= len(axis.values)
    if cells > MOST_CELLS:
        raise UserError(f"--over: makes {cells:,} points, and {MOST_CELLS:,} is the most.")
    return tuple(axes)


def _check_values(where: str, values: Sequence[Any]) -> None:
    if not values:
        raise UserError(f"{where}: has no values. Name some.")
    known = set()
    for value in values:
        key = repr(value) if isinstance(value, list) else value
        if key in known:
            raise UserError(f"{where}: {value} stands there twice. Name each once.")
        known.add(key)


def _field(name: str) -> str:
    """Return the full name of a field of a scenario that can be gone over."""
    known = names()
    if name in (RULE, f"{RULE}.name"):
        return RULE
    if name in _OTHERS or name in (SEED, "task.seeds"):
        raise UserError(f"--over {name}: no cell has it. {_OTHERS.get(name, 'Use --seeds.')}")
    if name in known or _hint_of_option(name):
        return name
    if name in _sections():
        raise UserError(f"--over {name}: is a section. Name a field in it: {name}.FIELD.")
    alike = [other for other in known if other.rpartition(".")[2] == name]
    suggested = f" Did you mean {' or '.join(alike)}?" if alike else nearest(name, known)
    raise UserError(
        f"--over {name}: is no field of a scenario.{suggested} `neurosim sweep --help` shows them"
        " as flags."
    )


def names() -> tuple[str, ...]:
    """Return the names of all fields that can be gone over, options of users' own aside."""
    left_out = {*_OTHERS, f"{RULE}.name"}
    single = (n for n, hint in _hints().items() if get_origin(hint) is not Mapping)
    return (RULE, *(name for name in single if name not in left_out))


def _hint(field: str) -> Any:
    if field == RULE:
        return object  # any text: what a rule takes itself is written as it is
    return _hints().get(field, str)


def _hint_of_option(name: str) -> bool:
    """Say whether a field is one of the options that a rule or topology of the user's takes."""
    table, _, option = name.rpartition(".")
    return bool(option) and get_origin(_hints().get(table)) is Mapping


def _sections() -> dict[str, type]:
    hints = get_type_hints(Scenario)
    return {f.name: hints[f.name] for f in fields(Scenario) if is_dataclass(hints[f.name])}


def _hints() -> dict[str, Any]:
    """Return the type of every field, by its name with its section's."""
    found: dict[str, Any] = {}
    sections = _sections()
    for name, hint in get_type_hints(Scenario).items():
        if name in sections:
            found |= {f"{name}.{key}": kind for key, kind in get_type_hints(hint).items()}
        else:
            found[name] = hint
    return found
