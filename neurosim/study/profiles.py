"""Profiles: what a report draws of one rule's step, and whether a file's profile can be drawn.

A profile is a mapping that JSON can hold; each part may be absent:

``traffic``
    ``{"names": [...], "words": [[...]]}``: words from row to column, a step.
``hops``
    ``{"0": words, "1": words, ...}``: words by the links that they cross.
``links``
    ``{"rows": R, "cols": C, "topology": name, "flits": [[from, to, flits], ...], "cycles": c}``.
``cycles``
    ``{phase: {"compute": c, "lane": c, "memory": c, "link": c}}``, summed over the neurons.
``energy_pj``, ``energy_sources``
    ``{table: {part: pJ}}`` and ``{table: {part: where the number is from}}``.
``reuse``
    ``{"distances": [upper edges], "accesses": [...], "cold": n, "miss_ratio": [[words, ratio]]}``.
``roofline``
    ``[{"level": name, "multiplications_per_word": x, "words_per_cycle": w, "macs_per_cycle": p}]``.
``footprint``
    ``{"words": n, "bits": n, "blocks": {part: n}}``.
``rent``
    ``{"exponent": p or None, "points": [[units, terminals], ...]}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neurosim.errors import UserError
from neurosim.machine.values import MOST_TILES
from neurosim.study.checks import short

Profile = Mapping[str, Any]
LARGEST = 1e100  # of anything that is counted or measured
MOST_PARTS = 20_000  # of anything that a figure draws one by one

# Returns what is wrong with a value, and where in it; nothing where it is well.
Judge = Callable[[Any], str]


def check(where: str, profile: Profile) -> None:
    """Return when a profile can be drawn.

    Raises
    ------
    UserError
        Otherwise; the message opens with ``where``. Parts that nobody here knows are left alone.
    """
    for key, judge in _PARTS.items():
        if key in profile and (wrong := judge(profile[key])):
            raise UserError(f"{where} {key}{wrong}.")


def _number(value: Any) -> str:
    # JSON's NaN is a float too, and compares with nothing
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LARGEST
    return "" if good else f": is no number of 0 or more (got {short(value)})"


def _number_or_none(value: Any) -> str:
    return "" if value is None else _number(value)


def _whole(value: Any) -> str:
    return _number(value) if isinstance(value, int) else f": is not whole (got {short(value)})"


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else f": is no text (got {short(value)})"


def _list(judge: Judge, length: int | None = None) -> Judge:
    def judged(value: Any) -> str:
        if not isinstance(value, list | tuple) or len(value) > MOST_PARTS:
            return f": is no list of {MOST_PARTS:,} at most (got {short(value)})"
        if length is not None and len(value) != length:
            return f": has {len(value)} of {length}"
        wrongs = (f"[{n}]{wrong}" for n, item in enumerate(value) if (wrong := judge(item)))
        return next(wrongs, "")

    return judged


def _mapping(judge: Judge, key: Judge = _text) -> Judge:
    def judged(value: Any) -> str:
        if not isinstance(value, Mapping) or len(value) > MOST_PARTS:
            return f": is no table of {MOST_PARTS:,} at most (got {short(value)})"
        wrongs = (f" {short(k)}{w}" for k, v in value.items() if (w := key(k) or judge(v)))
        return next(wrongs, "")

    return judged


def _record(**judges: Judge) -> Judge:
    """Judge a table that must have all these keys."""

    def judged(value: Any) -> str:
        if not isinstance(value, Mapping):
            return f": is no table (got {short(value)})"
        for key, judge in judges.items():
            if key not in value:
                return f" {key}: missing"
            if wrong := judge(value[key]):
                return f" {key}{wrong}"
        return ""

    return judged


def _digits(value: Any) -> str:
    good = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 5
    return "" if good else ": is no number of links"


def _traffic(value: Any) -> str:
    wrong = _record(names=_list(_text), words=_list(_list(_number)))(value)
    if wrong:
        return wrong
    size = len(value["names"])
    return _list(_list(_number, size), size)(value["words"])


def _links(value: Any) -> str:
    wrong = _record(
        rows=_whole, cols=_whole, topology=_text, flits=_list(_list(_number, 3)), cycles=_number
    )(value)
    if wrong:
        return wrong
    tiles = value["rows"] * value["cols"]
    if not 1 <= tiles <= MOST_TILES:
        return f": has {tiles:.3g} tiles, and can be drawn up to {MOST_TILES:,}"
    ends = (end for link in value["flits"] for end in link[:2])
    return next((f" flits: no tile {short(e)}" for e in ends if e != int(e) or e >= tiles), "")


def _reuse(value: Any) -> str:
    wrong = _record(
        distances=_list(_number), accesses=_list(_number), cold=_number,
        miss_ratio=_list(_list(_number, 2)),
    )(value)  # fmt: skip
    return wrong or _list(_number, len(value["distances"]))(value["accesses"])


_PARTS: dict[str, Judge] = {
    "traffic": _traffic,
    "hops": _mapping(_number, _digits),
    "links": _links,
    "cycles": _mapping(_mapping(_number)),
    "energy_pj": _mapping(_mapping(_number)),
    "energy_sources": _mapping(_mapping(_text)),
    "reuse": _reuse,
    "roofline": _list(
        _record(
            level=_text, multiplications_per_word=_number, words_per_cycle=_number,
            macs_per_cycle=_number,
        )
    ),
    "footprint": _record(words=_number, bits=_number, blocks=_mapping(_number)),
    "rent": _record(exponent=_number_or_none, points=_list(_list(_number, 2))),
}  # fmt: skip
