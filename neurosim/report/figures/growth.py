"""How costs grow with the network, beside the slopes that theory gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Material, Picture, Row

Point = tuple[float, float]
MOST_LINES = 8
_PANELS = (
    ("multiplications_per_step", "multiplications a step"),
    ("stored_words", "words kept"),
    ("words_sent_per_step", "words sent a step"),
    ("cycles_per_step", "cycles a step"),
)
# The slides' exponents of the rules that they compare; RTRL's units send all they keep to everyone,
# and TRTRL's a few words along each edge. Cycles follow what a machine does at once.
_THEORY: Mapping[str, Mapping[str, int]] = {
    "multiplications_per_step": {"rtrl": 4, "trtrl": 2},
    "stored_words": {"rtrl": 3, "trtrl": 2},
    "words_sent_per_step": {"rtrl": 4, "trtrl": 2},
}
_FAN = (4, 3, 2)


def growth(material: Material) -> Picture | None:
    """Draw each cost against the number of units, where there are several sizes."""
    lines = dict(list(material.lines().items())[:MOST_LINES])
    panels = [
        (name, label)
        for name, label in _PANELS
        if any(len(_points(rows, name)) > 1 for rows in lines.values())
    ]
    if not panels:
        return None
    looks = _looks(lines)
    down = -(-len(panels) // 2)
    figure, axes = style.sheet(0.9 + 2.8 * down, down, min(2, len(panels)))
    for (name, label), place in zip(panels, axes, strict=False):
        _panel(place, name, lines, looks)
        place.set_ylabel(label)
        slopes = {key: material.summary.slopes.get(key, {}).get(name) for key in lines}
        place.set_title(_exponents(slopes, lines), fontsize=7.5, fontweight="normal")
    for spare in axes[len(panels) :]:
        spare.remove()
    handles = [style.stroke(looks[key], style.title(key)) for key in lines]
    style.legend(figure, [*handles, style.stroke(_GUIDE, "slope of theory", marker=False)])
    return Picture(
        "growth",
        "Cost against the number of units",
        "On logarithmic scales a power law is a straight line, and its exponent is the slope. The"
        " dotted lines have the exponents that stand at them: the slides give N⁴ multiplications"
        " and N³ words kept for RTRL, and N² of both for TRTRL. Above each panel are the exponents"
        " fitted to the largest sizes, where the overheads of small networks no longer hide them."
        " What a machine does not change lies on one line.",
        figure,
    )


def _points(rows: Sequence[Row], name: str) -> list[Point]:
    """Return what can be drawn of a rule's rows: units, and the figure of that name."""
    return [
        (row["units"], row[name])
        for row in rows
        if scales.drawable(row["units"]) and scales.drawable(row.get(name, 0))
    ]


def _looks(lines: Mapping[str, Sequence[Row]]) -> dict[str, style.Look]:
    """Return a look for each line: the colour of its rule, and a stroke for each variant."""
    colours = style.rules(rows[0]["rule"] for rows in lines.values())
    several = len(lines) > len(colours)
    strokes = list(style.rules(map(str, range(style.MOST_RULES))).values())
    seen: dict[str, int] = {}
    looks = {}
    for key, rows in lines.items():
        look = colours[rows[0]["rule"]]
        nth = seen[look.colour] = seen.get(look.colour, -1) + 1
        looks[key] = look._replace(line=strokes[nth % len(strokes)].line) if several else look
    return looks


_GUIDE = style.Look(style.QUIET, (0, (1, 1.6)))


def _panel(
    axes: Any, name: str, found: Mapping[str, Sequence[Row]], looks: dict[str, style.Look]
) -> None:
    lines = {key: points for key, rows in found.items() if (points := _points(rows, name))}
    for key, points in lines.items():
        look = looks[key]
        axes.plot(
            *zip(*points, strict=True), color=look.colour, linestyle=look.line, marker=look.marker
        )
    scales.sizes(axes, [units for points in lines.values() for units, _ in points])
    every = [value for points in lines.values() for _, value in points]
    scales.logarithmic(axes.yaxis, [min(every) / 2.5, *every])  # with room for the dotted lines
    for rule, exponent in _THEORY.get(name, {}).items():
        own = [key for key in lines if found[key][0]["rule"] == rule]
        if own:
            _guide(axes, lines[own[0]][0], lines[own[0]][-1], exponent)
    if name not in _THEORY:
        first, *_, last = max(lines.values(), key=lambda points: (len(points), points[-1][1]))
        for exponent in _FAN:
            top = 2.2 * first[1] * (last[0] / first[0]) ** exponent
            _guide(axes, first, (last[0], top), exponent)


def _guide(axes: Any, first: Point, last: Point, exponent: int) -> None:
    """Draw a line of the given exponent a little below the end of a rule's own."""
    top = last[1] / 2.2
    axes.plot(
        [first[0], last[0]], [top * (first[0] / last[0]) ** exponent, top], color=_GUIDE.colour,
        linestyle=_GUIDE.line, linewidth=1.2, zorder=1,
    )  # fmt: skip
    middle = (first[0] * last[0]) ** 0.5
    axes.annotate(
        f"N{scales.raised(exponent)}", (middle, top * (middle / last[0]) ** exponent),
        xytext=(3, -3), textcoords="offset points", fontsize=8, color=style.QUIET, va="top",
    )  # fmt: skip


def _exponents(slopes: Mapping[str, float | None], lines: Mapping[str, Sequence[Row]]) -> str:
    """Return how the lines of a panel grow: each rule once where machines change nothing."""
    by_rule: dict[str, dict[str, str]] = {}
    for key, slope in slopes.items():
        if slope is not None:
            by_rule.setdefault(lines[key][0]["rule"], {})[key] = f"N^{slope:.2f}"
    said = []
    for rule, found in by_rule.items():
        alike = len(set(found.values())) == 1
        shown = {rule: next(iter(found.values()))} if alike else found
        said.append(", ".join(f"{style.title(key)} {grown}" for key, grown in shown.items()))
    same = all(len(set(found.values())) == 1 for found in by_rule.values())
    return "grows with " + (", " if same else ",\n").join(said) if said else " "
