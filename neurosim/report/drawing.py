"""Writes into a run folder what can be looked at: the page, and each figure as SVG and PDF."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from neurosim.report.figures import gallery
from neurosim.report.figures.picture import CHIP_WORD_BITS, Material, Picture
from neurosim.report.page import page
from neurosim.study import last_steps, results
from neurosim.study.scenario import Scenario
from neurosim.study.summary import Summary


def draw(folder: Path, scenario: Scenario, summary: Summary) -> str:
    """Write page and figures of a run, and return in words what was written.

    Raises
    ------
    UserError
        When the run's series is spoilt, or the folder cannot be written.
    """
    series = last_steps.read(folder / results.SERIES)
    bits = scenario.number.word_bits or CHIP_WORD_BITS
    pictures = gallery.drawn(Material(summary, series, bits))
    figures = folder / results.FIGURES
    for picture in pictures:
        results.place(figures / f"{picture.name}.svg", picture.svg().encode())
        results.place(figures / f"{picture.name}.pdf", picture.pdf())
    _drop_others(figures, pictures)
    results.place(folder / results.PAGE, page(scenario, summary, pictures).encode())
    count = f", {len(pictures)} figures in {figures} (SVG, PDF)" if pictures else ""
    return f"{folder / results.PAGE}{count}"


def _drop_others(figures: Path, pictures: list[Picture]) -> None:
    """Remove figures of an earlier report that this one has no data for."""
    drawn = {picture.name for picture in pictures}
    for name in gallery.NAMES:
        for kind in ("svg", "pdf") if name not in drawn else ():
            with suppress(OSError):
                (figures / f"{name}.{kind}").unlink(missing_ok=True)
