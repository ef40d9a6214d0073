"""Reading and writing frozen dataclasses as plain mappings and as TOML.

One reader serves every source of a description (a TOML file, a script, command-line flags), so a
wrong key or value gets the same message wherever it came from.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from neurosim.errors import UserError, nearest

T = TypeVar("T")
# As ``where``: the values are flags, so messages name them as flags.
FLAGS = "--"


def read(cls: type[T], given: Mapping[str, object], where: str) -> T:
    """Return the dataclass ``cls`` described by ``given``.

    Parameters
    ----------
    cls : type
        A frozen dataclass, its fields typed with numbers, strings, tuples, mappings, other
        dataclasses, or optional ones of these.
    given : Mapping
        Values by field name; nested dataclasses are nested mappings.
    where : str
        The source as the user knows it, such as ``mine.toml:``, or `FLAGS`; it opens every
        message.

    Raises
    ------
    UserError
        For an unknown key, a value of the wrong type, or one that ``cls`` itself refuses.
    """
    hints = get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    for key in given:
        if key not in names:
            raise UserError(
                f"{_at(where, key)}: unknown key.{nearest(key, names)} Known: {', '.join(names)}."
            )
    values = {key: _convert(hints[key], value, _at(where, key)) for key, value in given.items()}
    for name in _required(cls):
        if name not in given:
            raise UserError(f"{_at(where, name)}: missing. Add it.")
    try:
        return cls(**values)
    except UserError as error:
        raise UserError(_at(where, str(error))) from None


def typed(hint: Any, given: object, where: str) -> Any:
    """Return ``given`` as a value of the type ``hint``; ``where`` opens the message if it is none.

    Raises
    ------
    UserError
        When it is of another type.
    """
    return _convert(hint, given, where)


def mapping(described: object) -> dict[str, Any]:
    """Return the fields of a dataclass as nested dicts and lists, without those that are None."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(described):  # type: ignore[arg-type]
        value = getattr(described, field.name)
        if dataclasses.is_dataclass(value):
            found[field.name] = mapping(value)
        elif isinstance(value, tuple | list):
            found[field.name] = list(value)
        elif isinstance(value, Mapping):
            found[field.name] = dict(value)
        elif value is not None:
            found[field.name] = value
    return found


def toml(described: Mapping[str, object], table: str = "") -> str:
    """Return a mapping of values, lists and tables as TOML text; ``table`` is where it stands."""
    plain = {key: value for key, value in described.items() if not isinstance(value, Mapping)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items() if value != []]
    if lines and table:
        lines.insert(0, f"[{table}]")
    blocks = ["\n".join(lines) + "\n"] if lines else []
    for key, value in described.items():
        if isinstance(value, Mapping) and value:
            blocks.append(toml(value, f"{table}.{_key(key)}" if table else _key(key)))
    return "\n".join(blocks)


def _at(where: str, key: str) -> str:
    """Return the place of a key as the user knows it: `mine.toml: [rule] name`, `--rule.name`."""
    return f"{where}{key}" if where.startswith(FLAGS) else f"{where} {key}"


def _inside(where: str) -> str:
    """Return the source of what is in the table at ``where``."""
    if where.startswith(FLAGS):
        return f"{where}."
    source, _, key = where.rpartition(" ")
    return f"{source} [{key}]"


def _required(cls: type) -> list[str]:
    return [
        field.name
        for field in dataclasses.fields(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]


def _convert(hint: Any, value: object, where: str) -> Any:
    origin = get_origin(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _convert(next(arm for arm in get_args(hint) if arm is not type(None)), value, where)
    if origin is Literal:
        return _choice(get_args(hint), value, where)
    if origin in (tuple, Sequence):
        return _sequence(get_args(hint)[0], value, where)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return read(hint, _table(value, where), _inside(where))
    if origin is not None and issubclass(origin, Mapping):
        inner = get_args(hint)[1]
        return {k: _convert(inner, v, f"{where}.{k}") for k, v in _table(value, where).items()}
    return _scalar(hint, value, where)


def _choice(choices: tuple[Any, ...], value: object, where: str) -> Any:
    if value in choices:
        return value
    known = ", ".join(str(choice) for choice in choices)
    raise UserError(
        f"{where}: no such choice (got {_shown(value)}).{nearest(str(value), choices)}"
        f" Known: {known}."
    )


def _sequence(hint: Any, value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise UserError(f"{where}: needs a list (got {_shown(value)}).")
    return tuple(_convert(hint, item, f"{where}[{n}]") for n, item in enumerate(value))


def _table(value: object, where: str) -> Mapping[str, object]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return mapping(value)
    if not isinstance(value, Mapping):
        raise UserError(f"{where}: needs a table of keys (got {_shown(value)}).")
    return value


def _scalar(hint: Any, value: object, where: str) -> Any:
    # bool is an int in Python, and true is not a number of units
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value, where)
    if isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    wanted = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    raise UserError(f"{where}: needs {wanted.get(hint, hint.__name__)} (got {_shown(value)}).")


def _finite(value: float, where: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise UserError(f"{where}: needs a finite number (got {_shown(value)}).")
    return number


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _key(name: str) -> str:
    bare = name and all(c.isascii() and (c.isalnum() or c in "-_") for c in name)
    return name if bare else _value(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for the one control character that JSON leaves alone
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return repr(value)
