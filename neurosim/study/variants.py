"""The text that names a rule in a scenario: a name or a file, and options of this variant.

::

    trtrl                    a rule of the house, or a file in ./rules
    trtrl:ingress_only=true  with an option; more of them follow, each after a colon
    ./my_rule.py:decay=0.5   a file of the user's that defines a rule

Nothing here loads a rule: `neurosim.study.rules` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from neurosim.errors import UserError
from neurosim.study.checks import short

T = TypeVar("T")
Shelf = Callable[[str], Path | None]
# What stands before the first option may hold a colon itself, as a path does on some systems.
_VARIANT = re.compile(r"(?P<name>.+?)(?P<options>(:\w+=[^:]*)*)", re.DOTALL)


class Variant(NamedTuple):
    """A rule's name or file as it is written, and its options by name, still as text."""

    name: str
    options: Mapping[str, str]

    @property
    def is_file(self) -> bool:
        """Whether the name is a path: it has a folder or ends in .py."""
        return Path(self.name).suffix.lower() == ".py" or len(Path(self.name).parts) > 1

    def text(self, name: str | None = None) -> str:
        """Return the text that is read as this variant, of another name where one is given."""
        return ":".join((name or self.name, *(f"{k}={v}" for k, v in self.options.items())))


def variant(text: str) -> Variant:
    """Return what the text of a rule says.

    Raises
    ------
    UserError
        When it is empty, or an option stands there twice or without a value.
    """
    found = _VARIANT.fullmatch(text.strip())
    if found is None:
        raise UserError("rule: is empty. Name one; `neurosim list` shows them.")
    pairs = [pair.split("=", 1) for pair in found["options"].split(":")[1:]]
    options = dict(pairs)
    if len(options) < len(pairs):
        raise UserError(f"rule {short(text)}: an option stands there twice. Give each once.")
    if ":" in re.sub(r"^[A-Za-z]:(?=[\\/])", "", found["name"]):  # a drive is none
        raise UserError(
            f"rule {short(text)}: {short(text.rpartition(':')[2])} is no option."
            " Write NAME:option=value."
        )
    return Variant(found["name"], options)


def located(text: str, locate: Callable[[Path], str | None], shelf: Shelf | None = None) -> str:
    """Return the text of a rule with its file, where it has one, in the words of ``locate``.

    ``locate`` gets the path and returns what is to stand there, None for as it is; ``shelf`` gets
    a name that is no path, and returns its file.
    """
    try:
        found = variant(text)
    except UserError:  # a mistake is told where the rule is used
        return text
    path = Path(found.name) if found.is_file else shelf(found.name) if shelf else None
    return found.text(locate(path) if path else None)


def given_for(given: Mapping[str, T], text: str) -> T | None:
    """Return what ``given`` has for the rule ``text``: for this variant, or for all of its rule."""
    return next((given[each] for each in known_as(text) if each in given), None)


def known_as(text: str) -> tuple[str, ...]:
    """Return the names that stand for a rule elsewhere in its scenario, the most exact first."""
    name = _VARIANT.fullmatch(text)
    bare = name["name"] if name else text
    return text, bare, Path(bare).stem if bare.lower().endswith(".py") else bare
