"""A drawing from a file, as a part of a page: shapes and words as they are, and nothing else."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path
from xml.etree import ElementTree as Xml

from neurosim.errors import UserError
from neurosim.report.figures.picture import inline
from neurosim.study import sources

_SVG = "{http://www.w3.org/2000/svg}"
LONGEST = 4_000_000  # characters of a drawing
_SHAPES = ("svg", "g", "defs", "marker", "path", "rect", "line", "text")
_ATTRIBUTES = (
    "id", "viewBox", "width", "height", "x", "y", "x1", "y1", "x2", "y2", "rx", "d", "refX", "refY",
    "markerWidth", "markerHeight", "orient", "marker-end", "fill", "stroke", "stroke-width",
    "stroke-dasharray", "font-size", "font-family", "font-weight", "text-anchor", "style",
)  # fmt: skip
# Numbers, colours, paths, fonts; nothing that loads or runs, and references into itself alone.
_VALUE = re.compile(r"url\(#\w+\)|(font-family: )?[\w#.,% '-]*")


def drawing(path: Path, name: str) -> str:
    """Return an SVG file as a part of a page, its identifiers made its own by ``name``.

    Raises
    ------
    UserError
        When it cannot be read, or holds something else than shapes and words.
    """
    written = sources.text(path)
    try:
        if len(written) > LONGEST or "<!" in written:
            raise ValueError
        root = Xml.fromstring(written)
        if root.tag != f"{_SVG}svg":
            raise ValueError
        copied = _copied(root)
    except (Xml.ParseError, ValueError, RecursionError):
        raise UserError(
            f"{path}: is no drawing that neurosim wrote. Make the chip again with"
            " `neurosim hardware`, or remove the file."
        ) from None
    copied.set("xmlns", _SVG[1:-1])
    return inline(name, Xml.tostring(copied, encoding="unicode"))


def image(path: Path, name: str) -> str:
    """Return an SVG file as an image in a page, in which it can neither load nor run anything.

    ``name`` says what it is where images are not shown.

    Raises
    ------
    UserError
        When it cannot be read, or is no drawing.
    """
    written = sources.text(path)
    if len(written) > LONGEST or "<svg" not in written:
        raise UserError(f"{path}: is no drawing that neurosim wrote. Remove the file.")
    held = base64.b64encode(written.encode()).decode()
    return f'<img alt="{html.escape(name)}" src="data:image/svg+xml;base64,{held}">'


def _copied(element: Xml.Element) -> Xml.Element:
    """Return an element with what is known of it."""
    tag = element.tag.removeprefix(_SVG)
    if tag not in _SHAPES or not all(_known(*pair) for pair in element.items()):
        raise ValueError
    copied = Xml.Element(tag, dict(element.items()))
    copied.text = element.text if tag == "text" else None
    copied.extend([_copied(each) for each in element])
    return copied


def _known(key: str, value: str) -> bool:
    return key in _ATTRIBUTES and bool(_VALUE.fullmatch(value))
