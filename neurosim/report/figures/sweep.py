"""What a sweep shows: error and cost against each field, two fields as a map, and the fronts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Picture
from neurosim.report.sweep import AXES
from neurosim.study.sweep.axes import RULE, Axis
from neurosim.study.sweep.folder import Sweep
from neurosim.study.sweep.table import shown

MOST_LINES, MOST_MAPS = style.MOST_RULES, 4
ERRORS = {"nmse": "normalised error", "bits_per_symbol": "bits per symbol"}
WIDE = 4  # times the smallest value, from which on an axis is logarithmic
_FRONT = style.Look("#b5b5b5", "-")
Line = tuple[Any, ...]
Row = Mapping[str, Any]


def drawn(sweep: Sweep) -> list[Picture]:
    """Return every figure that there is something to draw of."""
    with style.house():
        against = [_against(sweep, axis) for axis in _numeric(sweep)]
        found = [*against, _heat(sweep), _fronts(sweep)]
    return [picture for picture in found if picture is not None]


def _numeric(sweep: Sweep) -> list[Axis]:
    return [axis for axis in sweep.axes if axis.numeric and len(axis.values) > 1]


def _rows(sweep: Sweep) -> list[Row]:
    """Return the points whose error has a place on a logarithmic axis."""
    return [row for row in sweep.medians if scales.drawable(row.get(sweep.judged, 0))]


def _grouped(sweep: Sweep, fixed: Sequence[Axis], most: int) -> tuple[list[Axis], list[Axis]]:
    """Return the other axes that make lines or maps of their own, and those that are too many."""
    kept = [axis for axis in sweep.axes if axis not in fixed and len(axis.values) > 1]
    dropped = []
    while math.prod(len(axis.values) for axis in kept) > most:
        largest = max(kept, key=lambda axis: len(axis.values))
        kept.remove(largest)
        dropped.append(largest)
    return kept, dropped


def _by(rows: Sequence[Row], axes: Sequence[Axis]) -> dict[Line, list[Row]]:
    """Return the rows by their values on some axes."""
    found: dict[Line, list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(shown(row[axis.field]) for axis in axes), []).append(row)
    return found


def _name(axes: Sequence[Axis], line: Line) -> str:
    """Return what a line or map is of: `trtrl`, or `units 8, rtrl`."""
    pairs = zip(axes, line, strict=True)
    said = (f"{_short(axis)} {value}" if axis.numeric else value for axis, value in pairs)
    return style.plain(", ".join(said))


def _looks(axes: Sequence[Axis], lines: Mapping[Line, object]) -> dict[Line, style.Look]:
    """Return how each line looks: rules as in all figures, where nothing else tells lines apart."""
    if [axis.field for axis in axes] == [RULE]:
        known = style.rules(line[0] for line in lines)
        return {line: known[line[0]] for line in lines}
    return {line: style.any_look(n) for n, line in enumerate(lines)}


def _short(axis: Axis) -> str:
    return axis.field.rpartition(".")[2].replace("_", " ")


def _over(dropped: Sequence[Axis]) -> str:
    if not dropped:
        return ""
    return f" Medians over all values of {', '.join(map(_short, dropped))}."


def _against(sweep: Sweep, axis: Axis) -> Picture | None:
    """Draw the error and each cost against a field."""
    rows = _rows(sweep)
    if len({row[axis.field] for row in rows}) < 2:
        return None
    kept, dropped = _grouped(sweep, [axis], MOST_LINES)
    lines = _by(rows, kept)
    looks = _looks(kept, lines)
    panels = {sweep.judged: ERRORS[sweep.judged], **{cost: AXES[cost] for cost in sweep.costs}}
    down = -(-len(panels) // 2)
    figure, axes = style.sheet(0.7 + 2.5 * down, down, min(2, len(panels)))
    for (name, label), place in zip(panels.items(), axes, strict=False):
        _panel(place, axis, name, lines, looks)
        place.set(xlabel=_short(axis), ylabel=label)
    for spare in axes[len(panels) :]:
        spare.remove()
    if kept:
        style.legend(figure, [style.stroke(looks[line], _name(kept, line)) for line in lines])
    field = axis.field.replace(".", "_")
    return Picture(
        f"over_{field}",
        f"Against {_short(axis)}",
        f"Error and costs against {axis.field}: medians over {len(sweep.seeds)}"
        f" seed{'s' * (len(sweep.seeds) != 1)}."
        f"{' Bars reach from the best seed to the worst.' * (not dropped)}{_over(dropped)}",
        figure,
    )


def _panel(
    axes: Any, axis: Axis, name: str, lines: Mapping[Line, Sequence[Row]],
    looks: Mapping[Line, style.Look],
) -> None:  # fmt: skip
    every = []
    for line, rows in lines.items():
        places = _by(rows, [axis])
        xs = [own[0][axis.field] for own in places.values()]
        ys = [median(row[name] for row in own) for own in places.values()]
        look = looks[line]
        pairs = sorted(zip(xs, ys, strict=True))
        axes.plot(
            *zip(*pairs, strict=True), color=look.colour, linestyle=look.line, marker=look.marker
        )
        every += ys
        if f"{name}_low" in rows[0] and len(rows) == len(places):
            ends = [(row[f"{name}_low"], row[f"{name}_high"]) for row in rows]
            axes.vlines(xs, *zip(*ends, strict=True), color=look.colour, linewidth=0.8, alpha=0.6)
            every += [end for pair in ends for end in pair]
    scales.logarithmic(axes.yaxis, every, scales.power if name in ERRORS else scales.amount)
    _ticks(axes.xaxis, axis, {row[axis.field] for rows in lines.values() for row in rows})


def _ticks(scaled: Any, axis: Axis, values: set[float]) -> None:
    """Label an axis of a field with the values that were tried, as far as they have room."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    found = sorted(values)
    if found[0] > 0 and found[-1] >= WIDE * found[0]:
        scales.logarithmic(scaled, found)
    scaled.set_major_locator(FixedLocator(found[:: -(-len(found) // 8)]))
    scaled.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _heat(sweep: Sweep) -> Picture | None:
    """Draw the error over the first two fields that are numbers."""
    from matplotlib.cm import ScalarMappable

    numeric, rows = _numeric(sweep)[:2], _rows(sweep)
    if len(numeric) < 2 or not rows:
        return None
    across, up = numeric
    kept, dropped = _grouped(sweep, numeric, MOST_MAPS)
    maps = _by(rows, kept)
    scale, shades = scales.shade(row[sweep.judged] for row in rows)
    figure, axes = style.sheet(6.2 / max(1.6, len(maps)) + 0.6, 1, len(maps))
    for place, (line, mine) in zip(axes, maps.items(), strict=True):
        _map(place, across, up, mine, sweep.judged, scale, shades)
        place.set(xlabel=_short(across), title=_name(kept, line))
    axes[0].set_ylabel(_short(up))
    bar = figure.colorbar(ScalarMappable(scale, shades), ax=axes, shrink=0.8, aspect=24, pad=0.01)
    scales.colour_bar(bar, ERRORS[sweep.judged])
    return Picture(
        "map",
        f"Error over {_short(across)} and {_short(up)}",
        f"Median {ERRORS[sweep.judged]} at each pair of {across.field} and {up.field}, on one"
        f" logarithmic scale; white was not computed, or failed.{_over(dropped)}",
        figure,
    )


def _map(
    axes: Any, across: Axis, up: Axis, rows: Sequence[Row], name: str, scale: Any, shades: Any
) -> None:
    import numpy as np

    xs, ys = sorted(across.values), sorted(up.values)
    found = _by(rows, [across, up])
    values = np.full((len(ys), len(xs)), np.nan)
    for own in found.values():
        at = ys.index(own[0][up.field]), xs.index(own[0][across.field])
        values[at] = median(row[name] for row in own)
    masked = np.ma.masked_invalid(values)
    axes.imshow(
        masked, norm=scale, cmap=shades, interpolation="nearest", origin="lower", aspect="auto"
    )
    for scaled, tried in ((axes.xaxis, xs), (axes.yaxis, ys)):
        every = range(0, len(tried), -(-len(tried) // 8))
        scaled.set_ticks(every, [f"{tried[n]:g}" for n in every])
    axes.grid(False)


def _fronts(sweep: Sweep) -> Picture | None:
    """Draw the error of every point against each cost, and the front."""
    rows = _rows(sweep)
    costs = [cost for cost in sweep.costs if any(scales.drawable(row[cost]) for row in rows)]
    if len(rows) < 2 or not costs:
        return None
    kept, _ = _grouped(sweep, _numeric(sweep), MOST_LINES)
    groups = _by(rows, kept)
    looks = _looks(kept, groups)
    figure, axes = style.sheet(3.6, 1, len(costs), sharey=True)
    for place, cost in zip(axes, costs, strict=True):
        front = sweep.front(cost)
        place.plot(
            [row[cost] for row in front], [row[sweep.judged] for row in front],
            color=_FRONT.colour, linewidth=6, solid_capstyle="round", zorder=1,
        )  # fmt: skip
        for line, mine in groups.items():
            place.plot(
                [row[cost] for row in mine], [row[sweep.judged] for row in mine],
                color=looks[line].colour, marker=looks[line].marker, linestyle="", zorder=2,
            )  # fmt: skip
        scales.logarithmic(place.xaxis, [row[cost] for row in rows])
        place.set_xlabel(AXES[cost])
    scales.logarithmic(axes[0].yaxis, [row[sweep.judged] for row in rows], scales.power)
    axes[0].set_ylabel(ERRORS[sweep.judged])
    handles = [style.stroke(looks[line], _name(kept, line)) for line in groups if kept]
    style.legend(figure, [*handles, style.stroke(_FRONT, "no better point", marker=False)])
    return Picture(
        "fronts",
        "Error against cost",
        "Every point's median error against what a step of it costs. The thick grey line joins the"
        " points that no other beats in both; points of which a seed failed are not on it. Block"
        " RAMs are those of the chip that would be planned.",
        figure,
    )
