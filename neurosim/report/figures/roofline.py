"""The roofline: whether multipliers or words are what a step waits for, level by level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Material, Picture

MOST_LEVELS = 4
Points = dict[str, Mapping[str, Any]]


def roofline(material: Material) -> Picture | None:
    """Draw, for each memory level, its roof and where each rule is under it."""
    reached = {rule: _reached(row) for rule, row in material.largest().items()}
    levels: dict[str, Points] = {}
    for rule, entries in material.profiled("roofline").items():
        for entry in entries:
            if _drawable(entry) and scales.drawable(reached[rule]):
                levels.setdefault(entry["level"], {})[rule] = entry
    levels = dict(list(levels.items())[:MOST_LEVELS])
    if not levels:
        return None
    looks = style.rules(material.largest())
    lines, columns = -(-len(levels) // 2), min(2, len(levels))
    figure, axes = style.sheet(0.7 + 2.7 * lines, lines, columns)
    for place, (level, points) in zip(axes, levels.items(), strict=False):
        _panel(place, points, reached, looks)
        place.set_title(style.plain(level))
    for spare in axes[len(levels) :]:
        spare.remove()
    shown = [rule for rule in looks if any(rule in points for points in levels.values())]
    handles = [style.stroke(looks[rule]._replace(line=""), style.title(rule)) for rule in shown]
    style.legend(figure, [*handles, style.stroke(_ROOF, "roof", marker=False)])
    return Picture(
        "roofline",
        "Roofline of each memory level",
        "Multiplications a cycle against multiplications for each word that the level delivers"
        " (Williams and others, 2009). The roof is what the level's words a cycle allow, up to all"
        " multipliers: under its slope a rule waits for words, under its flat part for multipliers."
        " The nearer to the roof, the better the level is used. It says nothing about how much"
        " traffic there is: read it after the words sent.",
        figure,
    )


_ROOF = style.Look(style.INK, "-")


def _reached(row: Mapping[str, Any]) -> float:
    """Return multiplications a cycle."""
    cycles = row.get("cycles_per_step", 0)
    return (
        float(row.get("multiplications_per_step", 0) / cycles) if scales.drawable(cycles) else 0.0
    )


def _drawable(entry: Mapping[str, Any]) -> bool:
    names = ("multiplications_per_word", "words_per_cycle", "macs_per_cycle")
    return all(scales.drawable(entry[name]) for name in names)


def _panel(
    axes: Any, points: Points, reached: dict[str, float], looks: dict[str, style.Look]
) -> None:
    at = [entry["multiplications_per_word"] for entry in points.values()]
    ridges = [entry["macs_per_cycle"] / entry["words_per_cycle"] for entry in points.values()]
    low, high = min(at + ridges) / 4, max(at + ridges) * 4
    heights = [reached[rule] for rule in points]
    roofs = {(entry["words_per_cycle"], entry["macs_per_cycle"]) for entry in points.values()}
    for words, macs in sorted(roofs):
        corners = [low, macs / words, high]
        roof = [min(macs, x * words) for x in corners]
        axes.plot(corners, roof, color=_ROOF.colour, linewidth=1.2, zorder=1)
        heights += roof[1:]
    for rule, entry in points.items():
        axes.plot(
            entry["multiplications_per_word"], reached[rule], looks[rule].marker,
            color=looks[rule].colour, markersize=8,
        )  # fmt: skip
    scales.logarithmic(axes.xaxis, [low, high])
    scales.logarithmic(axes.yaxis, [min(heights) / 2, max(heights)])
    axes.set(xlabel="multiplications for each word", ylabel="multiplications a cycle")
