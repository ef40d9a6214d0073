"""The task of character-level language modelling, on any text file."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np

from neurosim.errors import UserError
from neurosim.study import catalog, checks, sources
from neurosim.study.checks import whole
from neurosim.study.series import Series, classes, one_hot
from neurosim.study.tasks import lengths
from neurosim.study.tasks.lengths import MOST_STEPS, STANDARD_STEPS, in_words

MOST_BYTES = 64 * 2**20
MOST_SYMBOLS = 256
# Inputs and targets are one-hot rows of 8 bytes an entry; this many are 0.8 GB.
MOST_ENTRIES = 100_000_000
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ALPHABETS = ("all", "letters")


def text(
    steps: int | None,
    random: np.random.Generator,
    data: str | Path = "alice",
    alphabet: str = "all",
    passes: int | None = None,
) -> Series:
    """See a text one character a step, answer with the next character.

    Inputs and targets are one-hot, made for outputs that are probabilities: bits per character are
    what the report then gives. ``data`` is a text file in UTF-8 or the name of one on the shelf,
    and alice is Carroll's "Alice's adventures in wonderland" (1865), in the public domain. With the
    alphabet ``all`` every character that the file uses is a symbol of its own; ``letters`` keeps
    a to z, small, and makes one blank of all that is between. 30,000 steps or, where that is less,
    the whole file; steps and passes beyond its end go on at its start.
    """
    lengths.said_once("task text", steps, passes)
    if alphabet not in ALPHABETS:
        raise UserError(
            f"task text: alphabet: must be {' or '.join(ALPHABETS)} (got {checks.short(alphabet)})."
        )
    path = catalog.find("data", str(data))
    found = _characters(path, alphabet)
    symbols = sorted(set(found))
    count = _count(path, len(found), steps, passes)
    _check_size(path, count, len(symbols))
    number = {symbol: code for code, symbol in enumerate(symbols)}
    codes = np.array([number[symbol] for symbol in found[: count + 1]])
    rows = one_hot(np.resize(codes, count + 1), len(symbols))
    names = [named(symbol) for symbol in symbols]
    return classes(
        inputs=rows[:-1],
        targets=rows[1:],
        input_names=names,
        target_names=[f"next_{name}" for name in names],
        origin=f"{in_words(count, 'character')} of {path.name}, {len(symbols)} symbols, the next",
        distinct=min(count, len(found)),
    )


def named(symbol: str) -> str:
    """Return a name for a character that stands well in a table: `e`, `blank`, `line_feed`."""
    if symbol in (" ", "\n"):
        return {" ": "blank", "\n": "line_feed"}[symbol]
    if symbol.isascii() and symbol.isalnum():
        return symbol
    return unicodedata.name(symbol, f"U+{ord(symbol):04X}").lower().replace(" ", "_")


def _characters(path: Path, alphabet: str) -> str:
    """Return the characters of a file, with one kind of line end."""
    checks.file(path)
    if path.stat().st_size > MOST_BYTES:
        raise UserError(f"{path}: is larger than {MOST_BYTES // 2**20} MiB, the limit. Cut it.")
    found = sources.text(path).removeprefix("\ufeff")
    if "\0" in found:
        raise UserError(f"{path}: holds zero bytes, so it is no text file. Name a text.")
    if alphabet == "letters":
        small = (character if character in LETTERS else " " for character in found.lower())
        found = " ".join("".join(small).split())
    if len(set(found)) < 2:
        what = "is empty" if not found else "holds one character over and over"
        raise UserError(f"{path}: {what}, so there is nothing to foretell. Name a longer text.")
    return found


def _count(path: Path, characters: int, steps: int | None, passes: int | None) -> int:
    """Return how many steps there are."""
    if steps is not None:
        return steps
    if passes is None:
        return min(characters, STANDARD_STEPS)
    count = characters * whole("task text: passes", passes)
    return whole(f"{path}: {characters:,} characters, passes times as many", count, most=MOST_STEPS)


def _check_size(path: Path, count: int, symbols: int) -> None:
    if symbols > MOST_SYMBOLS:
        raise UserError(
            f"{path}: uses {symbols:,} different characters, and {MOST_SYMBOLS} are the limit."
            " Use --task.alphabet letters, or another text."
        )
    if count * symbols > MOST_ENTRIES:
        raise UserError(
            f"{path}: {count:,} steps of {symbols} symbols are more than {MOST_ENTRIES:,} numbers,"
            " the limit. Use fewer steps, or --task.alphabet letters."
        )
