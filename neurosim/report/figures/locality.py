"""How local a rule is: reuse distances, what a small memory would miss, and Rent's rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Material, Picture


def reuse(material: Material) -> Picture | None:
    """Draw the histogram of reuse distances and the miss-ratio curve of each rule."""
    found = {
        rule: part
        for rule, part in material.profiled("reuse").items()
        if scales.drawable(_total(part))
    }
    if not found:
        return None
    looks = style.rules(material.largest())
    figure, axes = style.sheet(3.4, 1, 2)
    for rule, part in found.items():
        _histogram(axes[0], part, looks[rule])
        points = sorted(
            (words, 100 * ratio) for words, ratio in part["miss_ratio"] if scales.drawable(words)
        )
        if points:
            axes[1].plot(
                *zip(*points, strict=True), color=looks[rule].colour, linestyle=looks[rule].line,
                marker=looks[rule].marker, markevery=max(1, len(points) // 8),
                drawstyle="steps-post",
            )  # fmt: skip
    edges = [edge for part in found.values() for edge in part["distances"]]
    scales.logarithmic(axes[0].xaxis, edges)
    axes[0].set(
        xlabel="reuse distance, distinct words between",
        ylabel="share of accesses, %",
        ylim=(0, None),
    )
    sizes = [words for part in found.values() for words, _ in part["miss_ratio"]]
    scales.logarithmic(axes[1].xaxis, sizes)
    axes[1].set(xlabel="size of a memory, words", ylabel="accesses that miss it, %", ylim=(0, 103))
    axes[1].yaxis.set_major_formatter(lambda ratio, _: f"{ratio:g}")
    labels = {
        rule: f"{style.title(rule)}, {100 * part['cold'] / _total(part):.1f} % first uses"
        for rule, part in found.items()
    }
    style.legend(figure, [style.stroke(looks[r], label) for r, label in labels.items()])
    return Picture(
        "reuse",
        "Reuse distance and miss ratio",
        "Left: for each access the number of distinct words used since the same word was used last;"
        " mass to the left means that a small memory holds what is needed. Right: the share of"
        " accesses that a fully associative memory of that many words, which drops what was not"
        " used for longest, would not have (Mattson and others, 1970). Where a curve falls is how"
        " much memory a rule wants nearby.",
        figure,
    )


def _total(part: Mapping[str, Any]) -> float:
    return float(sum(part["accesses"]) + part["cold"])


def _histogram(axes: Any, part: Mapping[str, Any], look: style.Look) -> None:
    bins = [
        (edge, 100 * count / _total(part))
        for edge, count in zip(part["distances"], part["accesses"], strict=True)
        if scales.drawable(edge)
    ]
    if bins:
        edges, counts = zip(*sorted(bins), strict=True)
        axes.plot(
            edges, counts, color=look.colour, linestyle=look.line, marker=look.marker,
            drawstyle="steps-mid", markevery=max(1, len(edges) // 8),
        )  # fmt: skip


def rent(material: Material) -> Picture | None:
    """Draw how many edges leave a part of the network against the units in it."""
    found = {
        rule: [(n, ends) for n, ends in part["points"] if scales.drawable(n) and ends > 0]
        for rule, part in material.profiled("rent").items()
    }
    rule = next((rule for rule, points in found.items() if len(points) > 1), None)
    if rule is None:
        return None
    points = sorted(found[rule])  # of the network, and so the same for all rules
    figure, (axes,) = style.sheet(3.0)
    axes.plot(*zip(*points, strict=True), color=style.INK, linestyle="-", marker="o")
    scales.logarithmic(axes.xaxis, [units for units, _ in points])
    scales.logarithmic(axes.yaxis, [ends for _, ends in points])
    axes.set(xlabel="units in a part", ylabel="edges that leave the part")
    exponent = material.profiled("rent")[rule]["exponent"]
    said = f"Here the exponent is {exponent:.2f}. " if exponent is not None else ""
    return Picture(
        "rent",
        "Rent's rule",
        "The network is cut in two again and again; the figure shows the edges that leave a part"
        f" against the units in it. The slope for small parts is Rent's exponent. {said}It is 1"
        " where everyone is joined to everyone, and about 1/2 in a network that can lie flat with"
        " short wires (Landman and Russo, 1971).",
        figure,
    )
