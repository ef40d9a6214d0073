"""What is wrong with the arguments of a command, in one line: the flag, the mistake, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from neurosim.errors import nearest

# Alike enough to be meant, and not much less alike than what is most alike.
ALIKE, BEHIND = 0.7, 0.12
VERBS = (
    "list", "show", "run", "compare", "cost", "align", "sweep", "hardware", "design", "report",
    "network", "check", "doctor",
)  # fmt: skip
WANTED: dict[object, str] = {int: "a whole number", float: "a number"}


def message(error: CycloptsError) -> str:
    """Return what is wrong, and where the reader finds more."""
    verb = " ".join(error.command_chain or ())
    return f"{_said(error)} See `{f'neurosim {verb}'.strip()} --help`."


def _said(error: CycloptsError) -> str:
    if isinstance(error, UnknownOptionError):
        flag = str(error.token.keyword or error.token.value).split("=")[0]
        return f"{flag}: unknown flag.{_suggested(flag, _flags(error.argument_collection))}"
    if isinstance(error, UnusedCliTokensError):
        return f"{' '.join(error.unused_tokens or ())}: does not belong here."
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name = error.keyword or error.argument.name
        return f"{name}: needs a value." if name.startswith("-") else f"{name}: is missing."
    if isinstance(error, RepeatArgumentError):
        return f"{error.token.keyword}: is given twice. Give it once."
    if isinstance(error, CoercionError) and error.token is not None:
        return f"{error.token.keyword}: {_unfit(error, error.token.value)}"
    if isinstance(error, UnknownCommandError):
        first = (error.unused_tokens or [""])[0]
        if first.startswith("-"):
            return f"{first}: unknown flag.{_suggested(first, ('--help', '--version'))}"
        return f"{first}: unknown command.{nearest(first, VERBS)} Known: {', '.join(VERBS)}."
    said = " ".join(str(error).split()).rstrip(".")
    return said if said.endswith("?") else f"{said}."


def _unfit(error: CoercionError, value: str) -> str:
    """Return why a flag cannot have the value."""
    if error.msg is not None:
        return f"{str(error.msg).rstrip('.')}."
    kinds = (error.target_type, *get_args(error.target_type))
    for kind in kinds:
        if get_origin(kind) is Literal:
            known = ", ".join(get_args(kind))
            near = nearest(value, get_args(kind))
            return f"no such choice (got {value!r}).{near} Known: {known}."
    if any(get_origin(kind) is dict for kind in kinds):
        return f"needs a name too, as in {error.token.keyword}.NAME {value}."  # type: ignore[union-attr]
    if bool in kinds:
        return f"is a switch and takes no value (got {value!r})."
    return f"must be {WANTED.get(error.target_type, 'something else')} (got {value!r})."


def _flags(arguments: Iterable[Any]) -> list[str]:
    """Return the flags that the help of a verb shows."""
    return [
        name
        for argument in arguments
        if argument.parameter.show is not False
        for name in argument.names
        if name.startswith("--")
    ]


def _suggested(flag: str, known: Iterable[str]) -> str:
    """Suggest flags that are like ``flag``, whole or without the section before the point."""
    body = flag.lstrip("-").lower().replace("_", "-")
    alike: dict[str, float] = {}
    for other in known:
        whole = other.lstrip("-").replace("_", "-")
        forms = {whole, whole.rpartition(".")[2]}
        alike[other] = max(difflib.SequenceMatcher(None, body, form).ratio() for form in forms)
    best = max(alike.values(), default=0.0)
    found = [other for other in alike if alike[other] >= max(ALIKE, best - BEHIND)][:3]
    return f" Did you mean {' or '.join(found)}?" if found else ""
