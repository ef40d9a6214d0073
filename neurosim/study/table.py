"""Columns of numbers from a CSV file, read line by line, with a message for each mistake."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError, nearest
from neurosim.study.checks import file, short, unreadable

MOST_ROWS = 2_000_000
MOST_LINE = 2**20
DELIMITERS = ("\t", ";", ",")
MISSING = ("", "-", "?", "na", "n/a", "nan", "null", "none")


class Table(NamedTuple):
    """The chosen columns of a file, or of a package's data, which ``where`` names.

    ``values`` has shape (rows, columns), and ``lines`` the line of the file that each row is on.
    """

    where: str | Path
    names: tuple[str, ...]
    values: NDArray[np.float64]
    lines: NDArray[np.int64]

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one column, shape (rows,)."""
        return self.values[:, self.names.index(name)]


class Row(NamedTuple):
    """The cells of one line."""

    line: int
    cells: list[str]


def header(path: Path) -> tuple[str, ...]:
    """Return the names of a file's columns.

    A first line without any number is the header. Where the first line is numbers alone there is no
    header, and columns are called ``1``, ``2`` and so on, as is a column with an empty name.

    Raises
    ------
    UserError
        When the file cannot be read, is empty, or the header is not usable.
    """
    with _opened(path) as stream:
        return _names(path, next(_rows(path, stream)))


def read(path: Path, columns: Sequence[str]) -> Table:
    """Return the columns of that name. Other columns may hold anything, such as dates.

    Cells are separated by commas, semicolons or tabs. Lines that begin with ``#`` are comments.

    Raises
    ------
    UserError
        For the first mistake in the file: with line, column, what is there and what to do.
    """
    names = header(path)
    places = [place(path, names, column) for column in columns]
    values, lines = array("d"), array("q")
    with _opened(path) as stream:
        for row in _data(path, stream):
            if len(lines) == MOST_ROWS:
                raise UserError(f"{path}: has over {MOST_ROWS:,} rows, the limit. Cut the file.")
            if len(row.cells) != len(names):
                raise UserError(
                    f"{path}:{row.line}: has {len(row.cells)} cells where the first line has"
                    f" {len(names)}. Give every line the same number of cells."
                )
            values.extend(
                _number(f"{path}:{row.line}: column {names[at]}", row.cells[at]) for at in places
            )
            lines.append(row.line)
    if not lines:
        raise UserError(f"{path}: has a header and no rows. Add rows of numbers.")
    shaped = np.frombuffer(values, dtype=np.float64).reshape(len(lines), len(places))
    return Table(path, tuple(columns), shaped, np.frombuffer(lines, dtype=np.int64))


def _opened(path: Path) -> BinaryIO:
    file(path)
    try:
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None


def _data(path: Path, stream: BinaryIO) -> Iterator[Row]:
    """Yield the rows after the header, if there is one."""
    rows = _rows(path, stream)
    first = next(rows)
    if any(_parsed(cell) is not None for cell in first.cells):
        yield first
    yield from rows


def _rows(path: Path, stream: BinaryIO) -> Iterator[Row]:
    """Yield the rows of a file, comments and blank lines left out; at least one."""
    delimiter, blank = None, 0
    for line, text in _lines(path, stream):
        if not text.strip():
            blank = blank or line
            continue
        if text.lstrip().startswith("#"):
            continue
        if delimiter is None:
            delimiter = next((mark for mark in DELIMITERS if mark in text), ",")
        elif blank:
            raise UserError(
                f"{path}:{blank}: is blank, and rows follow. A gap in time is not skipped:"
                " fill it, or delete the line."
            )
        blank = 0
        try:
            cells = next(csv.reader([text], delimiter=delimiter, strict=True))
        except csv.Error as error:
            raise UserError(f"{path}:{line}: is no CSV: {error}. Correct the line.") from None
        yield Row(line, [cell.strip() for cell in cells])
    if delimiter is None:
        raise UserError(f"{path}: is empty. Put a header and rows of numbers into it.")


def _lines(path: Path, stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """Yield the lines as text, each decoded by itself so that a mistake has a line."""
    number = 0
    try:
        while raw := stream.readline(MOST_LINE + 1):
            number += 1
            if b"\0" in raw:
                raise UserError(
                    f"{path}:{number}: holds zero bytes, so it is no text file, or not UTF-8."
                    " Save it as CSV in UTF-8."
                )
            if len(raw) > MOST_LINE:
                raise UserError(f"{path}:{number}: is a line of over 1 MiB. Is it a CSV file?")
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}:{number}: byte {error.start + 1} of the line is not UTF-8. Save it as UTF-8."
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None


def _names(path: Path, first: Row) -> tuple[str, ...]:
    numbers = [cell for cell in first.cells if _parsed(cell) is not None]
    if numbers:
        # a missing or broken cell in a first row of numbers is found when its column is read,
        # but a word among numbers is as likely to be a header gone wrong
        words = [cell for cell in first.cells if cell not in numbers and not _missing(cell)]
        if words:
            raise UserError(
                f"{path}:{first.line}: is neither a header nor a row: {short(words[0])} is a"
                f" word and {short(numbers[0])} a number. Put a line of names before the rows."
            )
        return tuple(str(place + 1) for place in range(len(first.cells)))
    names = tuple(cell or str(place + 1) for place, cell in enumerate(first.cells))
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UserError(
                f"{path}:{first.line}: columns {names.index(name) + 1} and {place + 1} are both"
                f" called {short(name)}. Rename one."
            )
    return names


def place(path: str | Path, names: Sequence[str], column: str) -> int:
    """Return where a column stands in a line, or say which columns there are."""
    if column in names:
        return names.index(column)
    listed = ", ".join(f"{name:.20}" for name in names[:8]) + (", ..." if len(names) > 8 else "")
    raise UserError(
        f"{path}: has no column {short(column)}.{nearest(column, names)} It has {listed}."
    )


def _missing(cell: str) -> bool:
    return cell.lower() in MISSING


def _parsed(cell: str) -> float | None:
    """Return the number in a cell, or None where there is none."""
    try:
        # Python would take 1_000 for a number, and nobody else would
        return None if _missing(cell) or "_" in cell else float(cell)
    except ValueError:
        return None


def _number(where: str, cell: str) -> float:
    if _missing(cell):
        raise UserError(f"{where}: {short(cell)} is a missing value. Fill it, or cut the rows.")
    value = _parsed(cell)
    if value is None:
        comma = cell.count(",") == 1 and _parsed(cell.replace(",", ".")) is not None
        advice = "Write a point for the decimals." if comma else "Write a number."
        raise UserError(f"{where}: {short(cell)} is not a number. {advice}")
    if not math.isfinite(value):
        raise UserError(f"{where}: {short(cell)} is infinite or too large. Write a finite number.")
    return value
