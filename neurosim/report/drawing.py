"""Writes into a run folder what can be looked at: the page, and each figure as SVG and PDF."""

from __future__ import annotations

from pathlib import Path

from neurosim.report import chip_page
from neurosim.report.figures import gallery
from neurosim.report.figures.picture import CHIP_WORD_BITS, Material
from neurosim.report.page import page
from neurosim.report.writing import written
from neurosim.study import last_steps, results
from neurosim.study.hardware.record import Record
from neurosim.study.scenario import Scenario
from neurosim.study.summary import Summary


def draw(
    folder: Path, scenario: Scenario, summary: Summary | None, chip: Record | None = None
) -> str:
    """Write page and figures of a run, of a chip or of both; return in words what was written.

    Raises
    ------
    UserError
        When the run's series or a file of the chip is spoilt, or the folder cannot be written.
    """
    pictures = [] if summary is None else gallery.drawn(_material(folder, scenario, summary))
    of_chip = [] if chip is None else gallery.laid_out(chip_page.pictures(chip, folder))
    section = None if chip is None else chip_page.section(chip, folder, of_chip)
    if summary is not None:
        whole = page(scenario, summary, pictures, section)
    else:
        assert chip is not None
        assert section is not None
        whole = chip_page.page(scenario, chip, section)
    return written(folder, whole, [*pictures, *of_chip], (*gallery.NAMES, *chip_page.FIGURES))


def _material(folder: Path, scenario: Scenario, summary: Summary) -> Material:
    series = last_steps.read(folder / results.SERIES)
    return Material(summary, series, scenario.number.word_bits or CHIP_WORD_BITS)
