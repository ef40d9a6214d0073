"""What is drawn from, what is drawn, and the files that it becomes."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from neurosim.report.figures import style
from neurosim.study.cases import variant
from neurosim.study.comparison import slope_key
from neurosim.study.last_steps import LastSteps
from neurosim.study.summary import Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = Mapping[str, Any]


CHIP_WORD_BITS = 16  # of a chip whose scenario says nothing


class Material(NamedTuple):
    """All that figures are drawn from: summary, last steps, and bits of a word on a chip."""

    summary: Summary
    series: Mapping[str, LastSteps] = {}
    word_bits: int = CHIP_WORD_BITS

    def largest(self) -> dict[str, Row]:
        """Return each rule's row, that of the largest network where there are several."""
        found: dict[str, Row] = {}
        for row in self.summary.rows:
            if row["rule"] not in found or row["units"] > found[row["rule"]]["units"]:
                found[row["rule"]] = row
        return dict(list(found.items())[: style.MOST_RULES])

    def lines(self) -> dict[str, list[Row]]:
        """Return the rows of each rule (and machine or place, where several are tried) by size."""
        found: dict[str, list[Row]] = {}
        for row in self.summary.rows:
            key = slope_key(row["rule"], variant(row, self.summary.rows))
            found.setdefault(key, []).append(row)
        return {key: sorted(rows, key=lambda row: row["units"]) for key, rows in found.items()}

    def profiled(self, part: str) -> dict[str, Any]:
        """Return a part of the profile of each rule that has it, in the rows' order."""
        return {
            rule: profile[part]
            for rule in self.largest()
            if (profile := self.summary.profiles.get(rule, {})).get(part)
        }


class Picture(NamedTuple):
    """A figure with the words that belong to it.

    ``name`` names its files, ``caption`` says what to see and what the quantities are.
    """

    name: str
    title: str
    caption: str
    figure: Figure

    def svg(self) -> str:
        """Return it as an SVG file, the same bytes each time."""
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        buffer = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        with style.house():  # not savefig, which draws everything twice
            canvas: Any = FigureCanvasSVG(self.figure)
            canvas.print_svg(buffer, metadata=nothing)
        return buffer.getvalue()

    def pdf(self) -> bytes:
        """Return it as a PDF file, the same bytes each time."""
        from matplotlib.backends.backend_pdf import FigureCanvasPdf

        buffer = io.BytesIO()
        with style.house():
            canvas: Any = FigureCanvasPdf(self.figure)
            canvas.print_pdf(buffer, metadata={"CreationDate": None})
        return buffer.getvalue()


def inline(name: str, svg: str) -> str:
    """Return an SVG file as a part of a page, its identifiers made its own by ``name``."""
    tag = svg[svg.index("<svg") :]
    return re.sub(r"<[^>]+>", lambda found: _renamed(name, found[0]), tag).strip()


def _renamed(name: str, tag: str) -> str:
    # a tag's attributes hold no text of the user's: that stands between tags, escaped
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", tag)
