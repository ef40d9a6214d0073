"""How near each rule's gradient is to the exact one: against what it costs, and over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from neurosim.report.alignment import headline
from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Material, Picture, Row

# Inches: of the axes of a figure of the house's width, about, and of letters and lines of labels.
AXES_WIDTH, AXES_HEIGHT, LETTER, LINE = 6.3, 3.6, 0.069, 0.135
SMALLEST, LARGEST = 5.0, 16.0  # points, of a marker's diameter
COST, KEPT = "multiplications_per_step", "stored_words"
SIDES = ((1.0, 0.0), (-1.0, 0.0))
ABOVE = ((0.0, 1.0), (0.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0))
# Where a label may stand, in widths and lines from its point: beside it, then further up and down.
_AROUND = (*SIDES, *((x, far * y) for far in (1, 2, 3, 4) for x, y in ABOVE))


class Point(NamedTuple):
    """A rule on the first figure: its place in inches from the axes' corner, and its marker."""

    rule: str
    x: float
    y: float
    size: float


class Box(NamedTuple):
    """A rectangle in inches."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Say whether they have anything in common."""
        apart = self.left > other.right or other.left > self.right
        return not (apart or self.bottom > other.top or other.bottom > self.top)


def against_cost(material: Material) -> Picture | None:
    """Draw the cosine of each rule against its multiplications, words kept as sizes."""
    rows = _rows(material)
    if not rows:
        return None
    figure, axes = style.sheet(AXES_HEIGHT + 0.9)
    place = axes[0]
    costs = [row[COST] for row in rows.values()]
    # two that are exact differ in their last bits, which makes none the nearer
    cosines = {rule: round(row[headline(row)], 6) for rule, row in rows.items()}
    scales.logarithmic(place.xaxis, [min(costs) / 1.6, *costs, max(costs) * 1.6])
    place.set_ylim(min(0.0, *cosines.values()) - 0.09, 1.09)
    best = front([(row[COST], cosines[rule]) for rule, row in rows.items()])
    steps = sorted((x, y) for x, y in best)
    place.plot(
        *zip(*steps, strict=True), color=style.QUIET, linestyle=(0, (1, 1.6)), linewidth=1.3,
        drawstyle="steps-post", zorder=1,
    )  # fmt: skip
    sizes = _sizes(rows)
    for rule, row in rows.items():
        on = (row[COST], cosines[rule]) in best
        place.plot(
            row[COST], cosines[rule], "o", markersize=sizes[rule],
            color=_ON if on else "white", markeredgecolor=_ON if on else _OFF, markeredgewidth=1.3,
            alpha=0.9, zorder=3,
        )  # fmt: skip
    _label(place, rows, cosines, sizes)
    place.set(xlabel="multiplications a step", ylabel=_said(rows))
    few, many = (min(rows, key=_kept(rows)), max(rows, key=_kept(rows)))
    handles = [
        _dot(_ON, _ON, 7, "none is as near for less (Pareto front)"),
        _dot("white", _OFF, 7, "another is nearer for less"),
        _dot("white", _OFF, sizes[few], f"{scales.amount(rows[few][KEPT])} words kept"),
        _dot("white", _OFF, sizes[many], f"{scales.amount(rows[many][KEPT])} words kept"),
    ]
    style.legend(figure, handles)
    return Picture(
        "alignment",
        "Accuracy of gradients against their cost",
        f"Each rule's {_said(rows)}, mean over time and seeds, along the way of one learner; 1 is"
        " the exact direction. To the right a step takes more multiplications, and a larger circle"
        " keeps more words from step to step. Above and left of the dotted line there is no rule.",
        figure,
    )


def over_time(material: Material) -> Picture | None:
    """Draw the cosine of each rule over the run."""
    rows = _rows(material)
    found = {
        rule: curve
        for rule, curve in material.summary.alignment.items()
        if rule in rows and len(curve) > 1 and all(abs(value) <= 1 for value in curve)
    }
    if not found:
        return None
    figure, axes = style.sheet(4.4)
    place = axes[0]
    lowest = min(value for curve in found.values() for value in curve)
    bottom, top = min(0.0, lowest) - 0.06, 1.06
    end = max(rows[rule].get("steps", 0) for rule in found) or len(next(iter(found.values())))
    heights = apart([curve[-1] for curve in found.values()], LINE / AXES_HEIGHT * (top - bottom))
    for n, ((rule, curve), height) in enumerate(zip(found.items(), heights, strict=True)):
        look = style.any_look(n)
        part = end / len(curve)
        place.plot(
            [(m + 0.5) * part for m in range(len(curve))], curve, color=look.colour,
            linestyle=look.line, linewidth=1.3,
        )  # fmt: skip
        place.plot(
            [end - 0.5 * part, end * 1.025], [curve[-1], height], color=look.colour, linewidth=0.8,
            clip_on=False,
        )  # fmt: skip
        place.text(end * 1.03, height, style.title(rule), fontsize=8, va="center")
    place.set(xlim=(0, end), ylim=(bottom, top), xlabel="step", ylabel=_said(rows))
    scales.steps(place.xaxis)
    return Picture(
        "alignment_over_time",
        "Accuracy of gradients over time",
        f"Each rule's {_said(rows)} in equal parts of the run, mean over the seeds; 1 is the exact"
        " direction, 0 a right angle to it.",
        figure,
    )


_ON, _OFF = "#0b3c5d", "#d55e00"


def _rows(material: Material) -> dict[str, Row]:
    """Return the rows that can be drawn, by rule."""
    return {
        row["rule"]: row
        for row in material.summary.rows
        if abs(row.get(headline(row), 2.0)) <= 1 and scales.drawable(row.get(COST, 0))
    }


def _said(rows: Mapping[str, Row]) -> str:
    hidden = any("hidden_cosine" in row for row in rows.values())
    return "cosine with the exact gradient" + ", hidden units" * hidden


def _kept(rows: Mapping[str, Row]) -> Any:
    return lambda rule: rows[rule].get(KEPT, 0)


def _sizes(rows: Mapping[str, Row]) -> dict[str, float]:
    """Return the diameter of each rule's marker, by the logarithm of the words that it keeps."""
    logs = {rule: math.log(1 + min(row.get(KEPT, 0), scales.MOST)) for rule, row in rows.items()}
    low, high = min(logs.values()), max(logs.values())
    span = (high - low) or 1.0
    return {rule: SMALLEST + (LARGEST - SMALLEST) * (v - low) / span for rule, v in logs.items()}


def front(points: Sequence[tuple[float, float]]) -> set[tuple[float, float]]:
    """Return the points (cost, gain) that no other one beats at as little cost."""
    return {
        (cost, gain)
        for cost, gain in points
        if not any((c <= cost and g > gain) or (c < cost and g >= gain) for c, g in points)
    }


def _label(
    axes: Any, rows: Mapping[str, Row], cosines: Mapping[str, float], sizes: Mapping[str, float]
) -> None:
    """Write each rule's name where it covers neither a marker nor another name."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    wide = math.log(right / left)
    points = [
        Point(
            rule,
            math.log(row[COST] / left) / wide * AXES_WIDTH,
            (cosines[rule] - bottom) / (top - bottom) * AXES_HEIGHT,
            sizes[rule] / 72,
        )
        for rule, row in rows.items()
    ]
    for point, box in zip(
        points, places(points, [style.title(p.rule) for p in points]), strict=True
    ):
        middle = (box.left + box.right) / 2 / AXES_WIDTH, (box.bottom + box.top) / 2 / AXES_HEIGHT
        far = math.hypot(middle[0] * AXES_WIDTH - point.x, middle[1] * AXES_HEIGHT - point.y)
        reach = (box.right - box.left) / 2 + point.size / 2 + 0.12
        axes.annotate(
            style.title(point.rule), (rows[point.rule][COST], cosines[point.rule]), xytext=middle,
            textcoords="axes fraction", ha="center", va="center", fontsize=8, zorder=4,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
            arrowprops={"arrowstyle": "-", "color": style.QUIET, "linewidth": 0.6}
            if far > reach else None,
        )  # fmt: skip


def places(points: Sequence[Point], names: Sequence[str]) -> list[Box]:
    """Return a box for the name of each point that meets no marker and no other box, if there is.

    Candidates go round the point, nearer ones first.
    """
    taken = [_around(point) for point in points]
    found: list[Box] = []
    for point, name in zip(points, names, strict=True):
        choices = [_beside(point, len(name), across, up) for across, up in _AROUND]
        inside = [box for box in choices if _within(box)] or choices
        free = [box for box in inside if not any(box.meets(other) for other in (*taken, *found))]
        found.append((free or inside)[0])
    return found


def _around(point: Point) -> Box:
    half = point.size / 2
    return Box(point.x - half, point.y - half, point.x + half, point.y + half)


def _beside(point: Point, letters: int, across: float, up: float) -> Box:
    """Return the box of a name that far from its point, in widths and in lines."""
    half_wide, half_high = letters * LETTER / 2, LINE / 2
    x = point.x + across * (half_wide + point.size / 2 + 0.04)
    y = point.y + up * (half_high + point.size / 2 + 0.02)
    return Box(x - half_wide, y - half_high, x + half_wide, y + half_high)


def _within(box: Box) -> bool:
    return box.left > 0 and box.bottom > 0 and box.right < AXES_WIDTH and box.top < AXES_HEIGHT


def apart(values: Sequence[float], least: float) -> list[float]:
    """Return heights near ``values``, in their order, any two at least ``least`` apart."""
    order = sorted(range(len(values)), key=lambda n: values[n])
    groups: list[list[int]] = []
    for n in order:
        groups.append([n])
        while len(groups) > 1 and _low(groups[-1], values, least) < (
            _low(groups[-2], values, least) + least * len(groups[-2])
        ):
            last = groups.pop()
            groups[-1] += last
    heights = [0.0] * len(values)
    for group in groups:
        for place, n in enumerate(group):
            heights[n] = _low(group, values, least) + least * place
    return heights


def _low(group: Sequence[int], values: Sequence[float], least: float) -> float:
    """Return the lowest height of a group around its own mean."""
    middle = sum(values[n] for n in group) / len(group)
    return middle - least * (len(group) - 1) / 2


def _dot(face: str, edge: str, size: float, name: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], linestyle="", marker="o", markersize=size, color=face, markeredgecolor=edge,
        markeredgewidth=1.3, label=name,
    )  # fmt: skip
