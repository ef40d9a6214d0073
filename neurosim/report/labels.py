"""How reports and figures call a rule: by its title, and by what makes the variant."""

from __future__ import annotations

from textwrap import wrap

from neurosim.learning import RULES

NARROW = 10  # letters of a line in the head of a column


def label(key: str) -> str:
    """Return the key of a rule as people read it: ``trtrl:literal=true`` is ``TRTRL literal``.

    A rule that is not of the house stands there in capitals, as its key has it.
    """
    title, said = _parts(key)
    return f"{title} {said}".strip()


def stacked(key: str) -> str:
    """Return the same for the head of a narrow column: what makes the variant is a line below."""
    return "\n".join(line for part in _parts(key) for line in wrap(part, NARROW))


def over(first: str, last: str) -> str:
    """Return the head of a column of ratios of one rule over another."""
    (one, own), (other, theirs) = _parts(first), _parts(last)
    return "first/last" if own or theirs else f"{one}/{other}"


def _parts(key: str) -> tuple[str, str]:
    name, colon, options = key.partition(":")
    title = RULES[name].title if name in RULES else name.upper()
    return title, ", ".join(_said(option) for option in options.split(":")) if colon else ""


def _said(option: str) -> str:
    name, _, value = option.partition("=")
    words = name.replace("_", " ")
    return {"true": words, "false": f"no {words}"}.get(value.lower(), f"{words} {value}")
