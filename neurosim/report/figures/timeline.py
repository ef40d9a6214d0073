"""A chip's step, cycle by cycle: its phases, its passes, and how busy its multipliers are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Picture
from neurosim.study.hardware.check import Begin, Checked
from neurosim.study.hardware.summary import Chip, PassLine

MOST_ROWS = 28
_ROW, _PHASE_ROW, _BUSY = 0.165, 0.26, 0.85  # inches
_NARROW = 0.006  # of a step: of a narrower bar one would see the edges alone
_LETTER = 0.0105  # of the axes' width, that a small letter takes
_OTHERS = "other passes"
_DIFFERENT = style.Look("#b3261e")
_PLATE = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.92}


class Stretch(NamedTuple):
    """Cycles from ``begin`` on, before ``end``, in which a phase runs."""

    phase: str
    begin: int
    end: int


def timeline(chip: Chip, checked: Checked | None) -> Picture | None:
    """Draw a learning step of a chip: as it was planned, and as it was measured if it was."""
    if not chip.passes:
        return None
    bars = {"predicted": stretches(planned(chip.passes), chip.cycles)}
    if checked is not None and checked.begins:
        took = checked.cycles_measured[-1] if checked.cycles_measured else chip.cycles
        bars["measured"] = stretches(checked.begins, took)
    names = list(dict.fromkeys(each.phase for bar in bars.values() for each in bar))
    looks = style.parts(names[: style.MOST_PARTS])
    rows = _rows(chip.passes)
    sizes = [_PHASE_ROW * len(bars), _ROW * len(rows) + 0.1, _BUSY]
    lines = -(-len(looks) // style.abreast(list(looks)))
    figure, (phases, passes, busy) = style.sheet(
        sum(sizes) + 0.9 + 0.2 * lines, 3, 1, sharex=True, height_ratios=sizes
    )
    _draw_phases(phases, bars, looks)
    _draw_passes(passes, rows, looks, chip)
    _draw_busy(busy, chip)
    last = max(bar[-1].end for bar in bars.values())
    for axes in (phases, passes, busy):
        axes.set_xlim(0, last)
        for cycle in differences(bars):
            axes.axvline(cycle, color=_DIFFERENT.colour, linewidth=1, zorder=5)
    scales.steps(busy.xaxis)
    busy.set_xlabel("cycle of the step")
    handles = [style.swatch(look, style.plain(name)) for name, look in looks.items()]
    style.legend(figure, handles)
    return Picture("timeline", "A learning step, cycle by cycle", _caption(bars, len(rows)), figure)


def planned(passes: Sequence[PassLine]) -> list[Begin]:
    """Return when each phase begins by the schedule: with the first of its passes in a row."""
    found = [Begin(passes[0].start, passes[0].phase)]
    found += [Begin(b.start, b.phase) for a, b in pairwise(passes) if a.phase != b.phase]
    return found


def stretches(begins: Sequence[Begin], cycles: int) -> list[Stretch]:
    """Return the stretches of the phases: each lasts until the next begins, the last to the end."""
    ends = [*(each.cycle for each in begins[1:]), cycles]
    return [Stretch(b.phase, b.cycle, end) for b, end in zip(begins, ends, strict=True)]


def differences(bars: Mapping[str, Sequence[Stretch]]) -> list[int]:
    """Return the cycles in which what was measured is not what was predicted."""
    sets = [{(each.phase, each.begin) for each in bar} | {("", bar[-1].end)}
            for bar in bars.values()]  # fmt: skip
    return sorted({cycle for _, cycle in sets[0] ^ sets[-1]})


def _caption(bars: Mapping[str, Sequence[Stretch]], rows: int) -> str:
    said = "Above, the phases of a step; below, the passes of which they are made, each where it is"
    said += " issued to the lanes, with its multiplications and the share of the multipliers that"
    said += " they use in these cycles. At the bottom, that share over the step: what is missing"
    said += " to 100 % are cycles in which a lane waits, loads, or only moves words."
    if rows == MOST_ROWS:
        said += f" Beyond {MOST_ROWS - 1} kinds of pass, the others share a row."
    if "measured" not in bars:
        return f"{said} The cycles are those of the schedule; nothing was measured (`--check`)."
    said += " Predicted is what the schedule says, measured is what the simulated Verilog did in"
    if differences(bars):
        return f"{said} its first learning step; red lines mark where they differ."
    return f"{said} its first learning step: no phase began in another cycle."


def _draw_phases(axes: Any, bars: Mapping[str, Sequence[Stretch]], looks: Any) -> None:
    last = max(bar[-1].end for bar in bars.values())
    for place, bar in enumerate(bars.values()):
        for each in bar:
            look = looks.get(each.phase, style.Look(style.GRID))
            axes.barh(
                place, each.end - each.begin, 0.74, each.begin, color=look.colour,
                hatch=look.hatch, edgecolor=style.INK, linewidth=0.5,
            )  # fmt: skip
            said = f"{each.end - each.begin:,}"
            if (each.end - each.begin) / last > _LETTER * 1.3 * (len(said) + 1.2):
                axes.text((each.begin + each.end) / 2, place, said, ha="center", va="center",
                          fontsize=7.5, bbox=_PLATE)  # fmt: skip
    axes.set_yticks(range(len(bars)), list(bars))
    axes.set_ylim(len(bars) - 0.45, -0.55)
    axes.grid(False, axis="y")
    axes.tick_params(axis="both", length=0)


Row = tuple[str, list[PassLine]]


def _rows(passes: Sequence[PassLine]) -> list[Row]:
    """Return the passes by name, in the order in which they begin; what is too much in one row.

    Names that differ in the number at their end alone are one name.
    """
    found: dict[str, list[PassLine]] = {}
    for each in passes:
        found.setdefault(_NUMBER.sub("", each.name), []).append(each)
    rows = [(_common(list(dict.fromkeys(p.name for p in own))), own) for own in found.values()]
    if len(rows) <= MOST_ROWS:
        return rows
    others = [each for _, own in rows[MOST_ROWS - 1 :] for each in own]
    return [*rows[: MOST_ROWS - 1], (_OTHERS, others)]


_NUMBER = re.compile(r" \d+$")


def _common(names: Sequence[str]) -> str:
    """Return one name for several that differ in their last number."""
    if len(names) == 1:
        return names[0]
    return f"{names[0]} to {names[-1].rpartition(' ')[2]}"


def _draw_passes(axes: Any, rows: Sequence[Row], looks: Any, chip: Chip) -> None:
    spelt = False
    for place, (_, passes) in enumerate(rows):
        for each in passes:
            look = looks.get(each.phase, style.Look(style.GRID))
            wide = each.cycles > _NARROW * chip.cycles
            axes.barh(
                place, each.cycles, 0.78, each.start, color=look.colour, hatch=look.hatch * wide,
                edgecolor=style.INK if wide else look.colour, linewidth=0.4,
            )  # fmt: skip
        said = _products(passes, chip.lanes, _WORDS if spelt else _FIRST_WORDS)
        spelt = spelt or any(each.multiplications for each in passes)
        _say(axes, place, said, passes, chip)
    axes.set_yticks(range(len(rows)), [style.plain(name) for name, _ in rows], fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.tick_params(axis="both", length=0)


def _say(axes: Any, place: int, said: str, passes: Sequence[PassLine], chip: Chip) -> None:
    """Write beside the bars of a row, or into them where there is no room."""
    begin = min(each.start for each in passes) / chip.cycles
    end = max(each.start + each.cycles for each in passes) / chip.cycles
    room = _LETTER * (len(said) + 1)
    x, offset, side = (end, 3, "left") if end + room < 1 else (begin, -3, "right")
    box = None
    if offset < 0 and begin < room:
        x, offset, side = (begin + end) / 2, 0, "center"
        box = _PLATE
    axes.annotate(
        said, (x * chip.cycles, place), xytext=(offset, 0), textcoords="offset points", ha=side,
        va="center", fontsize=6.5, color=style.INK, bbox=box,
    )  # fmt: skip


# What stands beside the bars; the first one says what the numbers are.
_WORDS = "{:,}, {:.0f} %"
_FIRST_WORDS = "{:,} products, multipliers {:.0f} % busy"


def _products(passes: Sequence[PassLine], lanes: int, words: str) -> str:
    products = sum(each.multiplications for each in passes)
    if not products:
        return "no products"
    return words.format(products, 100 * products / (lanes * sum(each.cycles for each in passes)))


def _draw_busy(axes: Any, chip: Chip) -> None:
    """Draw what share of the multipliers each pass keeps busy, as a step over the cycles."""
    edges, shares = [0], []
    for each in sorted(chip.passes, key=lambda each: each.start):
        if each.start > edges[-1]:
            edges.append(each.start)
            shares.append(0.0)
        edges.append(max(each.start + each.cycles, edges[-1]))
        shares.append(100 * each.multiplications / (chip.lanes * each.cycles))
    if chip.cycles > edges[-1]:
        edges.append(chip.cycles)
        shares.append(0.0)
    axes.stairs(shares, edges, fill=True, color="#b9dcf2")
    axes.stairs(shares, edges, color="#0b3c5d", linewidth=0.8 if len(shares) < MOST_ROWS else 0.3)
    mean = 100 * chip.utilisation
    axes.axhline(mean, color=style.INK, linestyle=(0, (4, 2)), linewidth=0.9)
    axes.annotate(f"mean {mean:.0f} %", (1, mean), xycoords=("axes fraction", "data"),
                  xytext=(2, 0), textcoords="offset points", va="center", fontsize=7,
                  annotation_clip=False)  # fmt: skip
    axes.set_ylim(0, 105)
    axes.set_yticks([0, 50, 100])
    axes.set_ylabel("multipliers\nbusy, %")
