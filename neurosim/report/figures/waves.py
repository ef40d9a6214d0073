"""A chip's ports in its first learning step, as data sheets draw waves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from neurosim.report.figures import style
from neurosim.report.figures.picture import Picture
from neurosim.study.hardware.summary import Chip
from neurosim.study.hardware.waveform import Excerpt

CELLS = 18  # cycles that a panel has room for
_ROW, _SLANT, _HIGH = 0.2, 0.12, 0.36  # inches; of a cycle; of a row
_LETTER = 0.125  # of a cycle, that a small letter takes
_WORD, _WIRE = "#eaf3fa", "#0b3c5d"
# Which bit says that there is a word, for those where not every cycle has one.
_VALID = {"in_data": "in_valid", "out_data": "out_valid", "bus": "bus_write"}
_SIGNED = tuple(_VALID)
_STREAMS = {
    ("in_valid", "in_ready", "in_data"): ("in_valid", "in_ready"),
    ("out_valid", "out_data"): ("out_valid",),
    ("start",): ("start",),
    ("done",): ("done",),
}
_ORDER = (
    "clk", "start", "busy", "in_valid", "in_ready", "in_data", "phase", "bus", "out_valid",
    "out_data", "done", "cycles",
)  # fmt: skip


class Window(NamedTuple):
    """A stretch of an excerpt that is drawn: what happens there, and its places."""

    title: str
    begin: int
    end: int


def waves(excerpt: Excerpt, chip: Chip) -> Picture:
    """Draw what the ports showed when the step began, when outputs left, and when it ended."""
    panels = windows(excerpt)
    shown = [rows(excerpt, each) for each in panels]
    sizes = [len(each) for each in shown]
    figure, axes = style.sheet(
        0.2 + _ROW * sum(sizes) + 0.52 * len(panels), len(panels), 1, height_ratios=sizes
    )
    for place, window, names in zip(axes, panels, shown, strict=True):
        _panel(place, window, names, excerpt, chip)
    return Picture(
        "waves", "Waves of a learning step",
        "What the ports of the core showed in the first learning step of the simulation, cut to the"
        " cycles in which something happens; cycle 0 is the first in which the chip is busy. Words"
        " are written as the numbers that they stand for, and left out where nobody may read them."
        " A word of the stream is taken in a cycle with in_valid and in_ready. `bus` is what the"
        " unit bank of lane 0 hears, one cycle before it can be read there.",
        figure,
    )  # fmt: skip


def windows(excerpt: Excerpt) -> list[Window]:
    """Return the stretches that are drawn; those that would touch become one if there is room."""
    last = excerpt.cycles
    found = [Window("The step begins", 0, min(CELLS, last))]
    leaves = next((n for n, on in enumerate(excerpt.signals["out_valid"]) if on), None)
    if leaves is not None and leaves >= CELLS - 2:
        begin = max(CELLS, leaves - CELLS // 3)
        found.append(Window("Outputs leave", begin, min(begin + CELLS, last)))
    if last > found[-1].end:
        begin = max(found[-1].end, last - CELLS)
        found.append(Window("The step ends", begin, last))
    return found


def rows(excerpt: Excerpt, window: Window) -> list[str]:
    """Return the signals that are drawn: streams and pulses only where they do something."""
    quiet: set[str] = set()
    for names, together in _STREAMS.items():
        bits = [excerpt.signals[name][window.begin : window.end] for name in together]
        if not any(all(values) for values in zip(*bits, strict=True)):
            quiet.update(names)
    return [name for name in _ORDER if name in excerpt.signals and name not in quiet]


def _panel(axes: Any, window: Window, names: Sequence[str], excerpt: Excerpt, chip: Chip) -> None:
    cells = window.end - window.begin
    for row, name in enumerate(names):
        values = excerpt.signals[name][window.begin : window.end]
        if name == "clk":
            _clock(axes, row, cells)
        elif name in _SIGNED or name in ("phase", "cycles"):
            valid = excerpt.signals.get(_VALID.get(name, ""))
            here = valid[window.begin : window.end] if valid else (1,) * cells
            said = [
                _said(name, v, chip) if on else None for v, on in zip(values, here, strict=True)
            ]
            _words(axes, row, said)
        else:
            _bit(axes, row, values)
    axes.set_yticks(range(len(names)), names, fontsize=7.5)
    axes.set_ylim(len(names) - 0.4, -0.62)
    axes.set_xlim(0, CELLS)
    first = window.begin + excerpt.first
    ticks = [n for n in range(cells) if (first + n) % 5 == 0]
    axes.set_xticks([n + 0.5 for n in ticks], [f"{first + n:,}" for n in ticks], fontsize=7)
    axes.set_title(f"{window.title}: cycles {first:,} to {first + cells - 1:,}")
    axes.tick_params(axis="both", length=0)
    axes.grid(False, axis="y")
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def _said(name: str, value: int | None, chip: Chip) -> str:
    """Return what a word stands for."""
    if value is None:
        return "?"
    if name == "phase":
        known = chip.phase_names
        return style.plain(known[value]) if value < len(known) else str(value)
    if name == "cycles":
        return f"{value}"
    signed = value - (1 << chip.word_bits) * (value >> (chip.word_bits - 1))
    return f"{signed / (1 << chip.fraction_bits):.3f}"


def _clock(axes: Any, row: int, cells: int) -> None:
    xs, ys = [], []
    for n in range(cells):
        xs += [n, n, n + 0.5, n + 0.5, n + 1]
        ys += [row + _HIGH, row - _HIGH, row - _HIGH, row + _HIGH, row + _HIGH]
    axes.plot(xs, ys, color=style.QUIET, linewidth=0.8)


def _bit(axes: Any, row: int, values: Sequence[int | None]) -> None:
    xs: list[float] = []
    ys: list[float] = []
    for n, value in enumerate(values):
        level = row + _HIGH - 2 * _HIGH * (value or 0)
        slant = _SLANT if ys and ys[-1] != level else 0
        xs += [n + slant, n + 1]
        ys += [level, level]
    axes.fill_between(xs, ys, row + _HIGH, color=_WORD, linewidth=0)
    axes.plot(xs, ys, color=_WIRE, linewidth=1.1)


def _words(axes: Any, row: int, said: Sequence[str | None]) -> None:
    """Draw a bus: a hexagon for each word, a grey line where there is none."""
    n = 0
    for word, run in groupby(said):
        width = len(list(run))
        if word is None:
            axes.plot([n, n + width], [row, row], color=style.QUIET, linewidth=0.8)
        else:
            _hexagon(axes, row, n, width)
            if shown := _short(word, width):
                axes.text(n + width / 2, row + 0.02, shown, ha="center", va="center", fontsize=5.6)
        n += width


def _hexagon(axes: Any, row: int, left: float, width: float) -> None:
    from matplotlib.patches import Polygon

    right = left + width
    corners = [
        (left, row), (left + _SLANT, row - _HIGH), (right - _SLANT, row - _HIGH), (right, row),
        (right - _SLANT, row + _HIGH), (left + _SLANT, row + _HIGH),
    ]  # fmt: skip
    axes.add_patch(Polygon(corners, facecolor=_WORD, edgecolor=_WIRE, linewidth=0.8))


def _short(word: str, width: int) -> str:
    """Return as much of a word as there is room for; a number with fewer digits, or not at all."""
    room = round((width - 2 * _SLANT) / _LETTER)
    if len(word) <= room:
        return word
    if not word[-1].isdigit():
        return f"{word[: room - 1]}…" if room > 2 else ""
    rounded = (f"{float(word):.{digits}f}" for digits in (2, 1)) if "." in word else ()
    return next((each for each in rounded if len(each) <= room), "")
