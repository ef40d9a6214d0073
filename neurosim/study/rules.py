"""Rules by the text that names them: of the house, from the folder ``rules``, or from a file.

A file of the user's defines one subclass of `neurosim.Rule`. Naming it means running it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import Field, fields
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

from neurosim.errors import RunFailed, UserError, nearest
from neurosim.learning import RULES, Rule
from neurosim.study import catalog, checks, description
from neurosim.study.variants import Variant, variant

_NAME = re.compile(r"[A-Za-z]\w*")
_FACTS = ("name", "title", "citation")
# What all rules have in common, and scenarios in a section of its own.
_SHARED = {"optimizer", "schedule"}


def names() -> dict[str, type[Rule] | Path]:
    """Return all rules that can be named: those of the house, then files in a folder ``rules``."""
    return {**RULES, **{n: p for n, p in catalog.names("rules").items() if n not in RULES}}


def kind(text: str) -> type[Rule]:
    """Return the class of the rule that ``text`` names; its options are not looked at.

    Raises
    ------
    UserError
        When there is none: with the nearest name, or file and line of what is wrong in a file.
    """
    place = _place(text)
    return _in_file(place) if isinstance(place, Path) else place


def key(text: str) -> str:
    """Return how rows and figures know the rule: the class's name, and the variant's options."""
    return variant(text).text(kind(text).name)


def rule(text: str, given: Mapping[str, Any], rate: float | None = None) -> Rule:
    """Return the rule that ``text`` names.

    Parameters
    ----------
    text
        Its name or file; options in it go before all others.
    given
        Options that a scenario has for its rules, of which each takes what it knows; texts for
        those that are no text are read.
    rate
        Learning rate, where no option says one.

    Raises
    ------
    UserError
        When there is no such rule, or it does not take an option of its own text, or its value.
    """
    known, found = kind(text), variant(text)
    hints = _hints(known, text)
    common = {name: value for name, value in given.items() if name in hints}
    own = {**common, **_checked(found, hints)}
    values = {name: _read(hints[name], value, f"rule {text}: {name}")
              for name, value in own.items()}  # fmt: skip
    if rate is not None:
        values.setdefault("learning_rate", rate)
    try:
        with blamed(text):
            return known(**values)
    except UserError as error:
        raise UserError(f"rule {text}: {error}" if found.options else str(error)) from None


@contextmanager
def blamed(text: str) -> Iterator[None]:
    """Turn what goes wrong in the block because of a user's own rule into a UserError.

    A rule of the house is not blamed: there a mistake is ours.
    """
    try:
        yield
    except (UserError, RunFailed, MemoryError):
        raise
    except Exception as error:
        place = _place(text)
        if not isinstance(place, Path):
            raise
        line = catalog.line_of(error, place.resolve())
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        where = f"{place}{line}: {said}" if line else f"{place}: does not run: {said}"
        raise UserError(f"{where}. Correct the file.") from error


def options(text: str) -> dict[str, Any]:
    """Return the options that a rule takes, with their defaults."""
    return {field.name: field.default for field in _fields(kind(text))}


def check(texts: Iterable[str]) -> None:
    """Return when there are rules of all these texts, known by different names.

    Raises
    ------
    UserError
        When there are not.
    """
    seen: dict[str, str] = {}
    for text in texts:
        known = key(text)
        if known in seen:
            raise UserError(
                f"compare: {seen[known]} and {text} are both known as {known}, so nobody could"
                " tell their rows apart. Give one another name, or drop it."
            )
        seen[known] = text


def _place(text: str) -> type[Rule] | Path:
    """Return the class of a rule of the house, or the file of another."""
    found = variant(text)
    if found.is_file:
        return Path(found.name)
    known = names()
    if found.name not in known:
        raise UserError(
            f"rule {checks.short(found.name).strip(chr(39))}: is unknown."
            f"{nearest(found.name, known)} Known: {', '.join(known)}; a rule of your own is"
            " named by its file, such as ./my_rule.py."
        )
    return known[found.name]


def _checked(found: Variant, hints: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the options of a variant when its rule takes them all."""
    for option in found.options:
        if option not in hints:
            raise UserError(
                f"rule {found.text()}: takes no {option}.{nearest(option, hints)}"
                f" It takes {', '.join(hints)}."
            )
    return found.options


def _hints(known: type[Rule], text: str) -> dict[str, Any]:
    """Return the types of what a rule takes."""
    try:
        every = get_type_hints(known)
    except NameError as error:
        raise UserError(f"rule {text}: {error}, in the type of a field. Correct it.") from None
    return {field.name: every[field.name] for field in _fields(known)}


def _fields(known: type[Rule]) -> list[Field[Any]]:
    """Return the fields that are options of the rule itself."""
    return [field for field in fields(known) if field.name not in _SHARED]


def _read(hint: Any, value: Any, where: str) -> Any:
    """Return what the text of an option means as a value of its type; what is none is kept."""
    if not isinstance(value, str):
        return value
    if value.lower() == "none" and type(None) in get_args(hint):
        return None
    return description.typed(hint, value if hint is str else value_of(value), where)


def defined(module: ModuleType) -> list[type[Rule]]:
    """Return the rules that a module defines itself, what it imports left aside."""
    found = [each for each in vars(module).values() if inspect.isclass(each)]
    own = [each for each in found if each.__module__ == module.__name__]
    return list(dict.fromkeys(each for each in own if issubclass(each, Rule)))


def value_of(text: str) -> object:
    """Return what the text of an option means: a number, true or false, or the text itself."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _in_file(path: Path) -> type[Rule]:
    """Return the rule that a file defines, read once as long as the file stays the same."""
    checks.file(path)
    found = path.resolve()
    about = found.stat()
    return _defined(found, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=32)
def _defined(path: Path, changed: int, size: int) -> type[Rule]:
    distinct = defined(catalog.load(path))
    if not distinct:
        raise UserError(f"{path}: defines no rule. Add one: class MyRule(neurosim.Rule).")
    if len(distinct) > 1:
        listed = " and ".join(each.__name__ for each in distinct)
        raise UserError(f"{path}: defines {listed}. Keep one rule in a file.")
    return _judged(path, distinct[0])


def _judged(path: Path, found: type[Rule]) -> type[Rule]:
    """Return a user's rule when it is whole and says what it is called."""
    where = f"{path}: {found.__name__}"
    missing = [fact for fact in _FACTS if not isinstance(getattr(found, fact, None), str)]
    if missing:
        raise UserError(f'{where}: does not say its {missing[0]}. Add {missing[0]} = "...".')
    if not _NAME.fullmatch(found.name):
        raise UserError(
            f"{where}.name: must be letters, digits and _ (got {checks.short(found.name)})."
        )
    if found.name in RULES:
        raise UserError(f"{where}.name: {found.name} is a rule of the house. Take another name.")
    unwritten = sorted(getattr(found, "__abstractmethods__", ()))
    if unwritten:
        raise UserError(f"{where}: has no {', '.join(unwritten)}. Write it; see docs/own_rule.md.")
    return found
