"""Writes a page into a folder, with its figures beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from neurosim.report.figures.picture import Picture
from neurosim.study import results

KINDS = ("svg", "pdf")


def written(folder: Path, page: str, pictures: Sequence[Picture], names: Iterable[str]) -> str:
    """Write a page and its figures; return in words what was written.

    Parameters
    ----------
    folder
        Of the run, the chip or the sweep.
    page
        The whole page.
    pictures
        What is drawn.
    names
        Figures that earlier reports may have left: those that are not drawn now are removed.

    Raises
    ------
    UserError
        When the folder cannot be written.
    """
    figures = folder / results.FIGURES
    for picture in pictures:
        results.place(figures / f"{picture.name}.svg", picture.svg().encode())
        results.place(figures / f"{picture.name}.pdf", picture.pdf())
    for name in set(names) - {picture.name for picture in pictures}:
        for kind in KINDS:
            with suppress(OSError):
                (figures / f"{name}.{kind}").unlink(missing_ok=True)
    results.place(folder / results.PAGE, page.encode())
    drawn = f"{len(pictures)} figure{'s' * (len(pictures) != 1)}"
    count = f", {drawn} in {figures} (SVG, PDF)" if pictures else ""
    return f"{folder / results.PAGE}{count}"
