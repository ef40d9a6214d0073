"""What each link of the network on chip carried, drawn where the link lies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Material, Picture

MOST_MAPS = 4
MOST_NUMBERED = 100  # tiles
_TILE = 0.52  # its width, of the distance between two
_ASIDE = 0.09  # how far the two directions of a link lie from its middle
Outline = list[tuple[float, float]]


def links(material: Material) -> Picture | None:
    """Draw the tiles as squares, and each link as an arrow by what it carried."""
    from matplotlib.cm import ScalarMappable

    found = {
        rule: part
        for rule, part in list(material.profiled("links").items())[:MOST_MAPS]
        if any(scales.drawable(flits) for _, _, flits in part["flits"])
    }
    if not found:
        return None
    scale, shades = scales.shade(f for part in found.values() for _, _, f in part["flits"])
    columns = min(2, len(found))
    lines = -(-len(found) // columns)
    figure, axes = style.sheet(0.5 + lines * 6.6 / columns * _aspect(found), lines, columns)
    for place, (rule, part) in zip(axes, found.items(), strict=False):
        _chip(place, part, scale, shades)
        place.set_title(f"{style.title(rule)}: {_busiest(part)}", fontsize=8)
    for spare in axes[len(found) :]:
        spare.remove()
    shown = axes[: len(found)]
    bar = figure.colorbar(ScalarMappable(scale, shades), ax=shown, shrink=0.8, aspect=24, pad=0.01)
    scales.colour_bar(bar, "flits a step")
    return Picture(
        "links",
        "Load of the links",
        "Squares are tiles, with their numbers; each arrow is a link in one direction, wider and"
        " darker the more flits crossed it in a step, all rules on one logarithmic scale. A pale"
        " grey line carried nothing. Inputs enter at tile 0. The busiest link bounds the step from"
        " below.",
        figure,
    )


def _aspect(found: Mapping[str, Mapping[str, Any]]) -> float:
    """Return height over width of the chip, as far as a page has room for it."""
    parts = list(found.values())
    if any(part["topology"] == "ring" for part in parts):
        return 1.0
    tallest = max(float(part["rows"] / part["cols"]) for part in parts)
    return min(1.5, max(0.3, tallest))


def _busiest(part: Mapping[str, Any]) -> str:
    first, last, most = max(part["flits"], key=lambda link: link[2])
    text = f"{scales.amount(most)} flits on {first:.0f} → {last:.0f}"
    if part["cycles"] >= most > 0:
        text += f", {100 * most / part['cycles']:.0f} % of the cycles"
    return text


def _places(part: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return where each tile lies: on a circle for a ring, else in rows from the north-west."""
    rows, columns = int(part["rows"]), int(part["cols"])
    count = rows * columns
    if part["topology"] == "ring" and count > 2:
        radius = 0.5 / math.sin(math.pi / count)
        turns = [2 * math.pi * n / count for n in range(count)]
        return [(radius * math.sin(turn), -radius * math.cos(turn)) for turn in turns]
    return [(float(n % columns), float(n // columns)) for n in range(count)]


def _chip(axes: Any, part: Mapping[str, Any], scale: Any, shades: Any) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    places = _places(part)
    corner = _TILE / 2
    squares = [Rectangle((x - corner, y - corner), _TILE, _TILE) for x, y in places]
    axes.add_collection(
        PatchCollection(squares, facecolor="#f2f2f2", edgecolor=style.QUIET, linewidth=0.8)
    )
    if len(places) <= MOST_NUMBERED:
        size = 8 if len(places) <= 36 else 6
        for number, (x, y) in enumerate(places):
            axes.text(x, y, str(number), ha="center", va="center", fontsize=size)
    _arrows(axes, part, places, scale, shades)
    xs, ys = [x for x, _ in places], [y for _, y in places]
    axes.set(xlim=(min(xs) - 0.5, max(xs) + 0.5), ylim=(max(ys) + 0.5, min(ys) - 0.5))
    axes.set_aspect("equal")
    axes.axis("off")


def _arrows(
    axes: Any, part: Mapping[str, Any], places: list[tuple[float, float]], scale: Any, shades: Any
) -> None:
    """Draw every link as a slender arrow from the border of one tile to that of the other."""
    from matplotlib.collections import PolyCollection

    idle: list[Outline] = []
    busy: list[Outline] = []
    carried: list[float] = []
    for first, last, flits in part["flits"]:
        if first == last:
            continue
        width = 0.03 if flits <= 0 else 0.035 + 0.1 * float(scale(flits))
        outline = _arrow(places[int(first)], places[int(last)], width)
        (busy if scales.drawable(flits) else idle).append(outline)
        carried += [flits] * scales.drawable(flits)
    axes.add_collection(PolyCollection(idle, facecolor=style.GRID, edgecolor="none"))
    colours = [shades(scale(flits)) for flits in carried]
    axes.add_collection(
        PolyCollection(busy, facecolor=colours, edgecolor=style.QUIET, linewidth=0.3)
    )


def _arrow(
    begin: tuple[float, float], end: tuple[float, float], width: float
) -> list[tuple[float, float]]:
    """Return the corners of an arrow that leaves room for the one in the other direction."""
    length = math.dist(begin, end)
    ux, uy = (end[0] - begin[0]) / length, (end[1] - begin[1]) / length
    border = _TILE / 2 / max(abs(ux), abs(uy)) + 0.01
    head = min(0.14, (length - 2 * border) / 2)
    half = width / 2

    def corner(along: float, aside: float) -> tuple[float, float]:
        aside += _ASIDE
        return begin[0] + along * ux - aside * uy, begin[1] + along * uy + aside * ux

    neck, tip = length - border - head, length - border
    return [
        corner(border, -half), corner(neck, -half), corner(neck, -half - 0.03), corner(tip, 0),
        corner(neck, half + 0.03), corner(neck, half), corner(border, half),
    ]  # fmt: skip
