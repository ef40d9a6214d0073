"""The house style of all figures: sizes, looks of rules and parts, axes with units.

Colours are those of Okabe and Ito, which people with any colour vision can tell apart; a line
style, a marker or a hatch says the same again for those who print in grey.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from neurosim.report.labels import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.2  # inches, of every figure
INK, QUIET, GRID = "#222222", "#6b6b6b", "#d9d9d9"
_LONGEST = 40  # characters of a name of the user's
_HANDLE, _LETTER = 0.62, 0.078  # inches that a legend's sign and letter take, on average at most

_SETTINGS: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": QUIET,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.unicode_minus": True,
    "figure.constrained_layout.h_pad": 0.05,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.07,
    "figure.dpi": 200,  # of the heat map; all else is lines
    "figure.facecolor": "white",
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.7,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "path.simplify": True,
    "pdf.fonttype": 3,  # text stays text; the other kind takes half a second for each figure
    "savefig.facecolor": "white",
    # Text stays text, so that it can be searched and read aloud. DejaVu Sans, by which everything
    # is placed, is wider than what stands in for it elsewhere, so nothing is cut off.
    "svg.fonttype": "none",
    "svg.hashsalt": "neurosim",
    "text.color": INK,
    "text.parse_math": False,  # a name of the user's with a dollar sign is a name
    "xtick.color": QUIET,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.color": QUIET,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8,
}


class Look(NamedTuple):
    """How one thing is told from others: by colour, line, marker and hatch."""

    colour: str
    line: Any = "-"
    marker: str = "o"
    hatch: str = ""


# Neighbours differ in lightness as well as in hue. Hatches are lines: round ones make large files.
_LOOKS = (
    Look("#d55e00", "-", "o", ""),
    Look("#2a86c8", "--", "s", "///"),
    Look("#009e73", "-.", "^", "|||"),
    Look("#cc79a7", ":", "D", "xxx"),
    Look("#e69f00", (0, (5, 1, 1, 1, 1, 1)), "v", "\\\\\\"),
    Look("#0b3c5d", (0, (1, 1)), "P", "---"),
    Look("#000000", (0, (7, 2)), "X", "+++"),
    Look("#8c8c8c", (0, (3, 1, 1, 1)), "*", "//"),
)
_KNOWN = ("rtrl", "trtrl", "bptt", "inference")
MOST_RULES = len(_LOOKS)

# Stacked parts; neighbours differ in lightness.
_PARTS = (
    Look("#0b3c5d", hatch=""),
    Look("#e69f00", hatch="///"),
    Look("#b9dcf2", hatch=""),
    Look("#d55e00", hatch="\\\\\\"),
    Look("#f7ee9a", hatch="|||"),
    Look("#009e73", hatch="++"),
    Look("#f2b8d5", hatch="---"),
    Look("#7a5195", hatch=""),
    Look("#e4e4e4", hatch="xx"),
)
MOST_PARTS = len(_PARTS)


@contextmanager
def house() -> Iterator[None]:
    """Draw and write figures in the house style while the block lasts."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # letters that the font lacks are drawn by the reader's own
        warnings.simplefilter("ignore", UserWarning)
        matplotlib.rcdefaults()  # the user's own settings have no say: figures are the same for all
        matplotlib.rcParams.update(_SETTINGS)
        yield


def sheet(
    height: float, rows: int = 1, columns: int = 1, **shared: Any
) -> tuple[Figure, list[Axes]]:
    """Return an empty figure and its axes, row by row."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height))
    axes = figure.subplots(rows, columns, squeeze=False, **shared)
    return figure, list(axes.flat)


def rules(names: Iterable[str]) -> dict[str, Look]:
    """Return how each rule looks: the well-known always the same, others as they come."""
    distinct = list(dict.fromkeys(names))[:MOST_RULES]
    looks = {name: _LOOKS[_KNOWN.index(name)] for name in distinct if name in _KNOWN}
    free = [look for look in _LOOKS[::-1] if look not in looks.values()]
    return {name: looks.get(name) or free.pop() for name in distinct}


def any_look(number: int) -> Look:
    """Return a look for the thing of that number, where there may be more than there are looks."""
    again, place = divmod(number, MOST_RULES)
    return _LOOKS[place]._replace(line=_LOOKS[(place + again) % MOST_RULES].line)


def parts(names: Sequence[str]) -> dict[str, Look]:
    """Return how each of the stacked parts looks, nine at most."""
    return dict(zip(names, _PARTS, strict=False))


def plain(text: str) -> str:
    """Return a name of the user's as a figure can show it: printable, and not too long."""
    shown = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def title(key: str) -> str:
    """Return the name of a rule as figures write it, with its machine or place as it is."""
    rule, comma, variant = key.partition(", ")
    return plain(label(rule) + comma + variant)


def legend(figure: Figure, handles: Sequence[Any]) -> None:
    """Put a legend above all axes, where it covers nothing."""
    figure.legend(
        handles=list(handles),
        loc="outside upper left",
        ncols=abreast([handle.get_label() for handle in handles]),
        handlelength=2.6,
        columnspacing=1.4,
    )


def abreast(labels: Sequence[str]) -> int:
    """Return how many columns of a legend have room side by side."""
    for columns in range(min(5, len(labels)), 1, -1):
        least, more = divmod(len(labels), columns)  # the first columns have one more
        ends = [n * least + min(n, more) for n in range(columns + 1)]
        widest = [max(map(len, labels[a:b])) for a, b in pairwise(ends)]
        if sum(_HANDLE + _LETTER * letters for letters in widest) < WIDTH:
            return columns
    return 1


def swatch(look: Look, label: str) -> Any:
    """Return a filled patch for a legend."""
    from matplotlib.patches import Patch

    return Patch(facecolor=look.colour, hatch=look.hatch, edgecolor=INK, linewidth=0.5, label=label)


def stroke(look: Look, label: str, marker: bool = True) -> Any:
    """Return a line for a legend."""
    from matplotlib.lines import Line2D

    shown = look.marker if marker else None
    return Line2D([], [], color=look.colour, linestyle=look.line, marker=shown, label=label)
