"""Who sends how many words to whom, and how far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Material, Picture

MOST_MAPS = 4


def matrix(material: Material) -> Picture | None:
    """Draw the traffic matrix of each rule as a heat map, all on one scale."""
    from matplotlib.cm import ScalarMappable

    found = dict(list(material.profiled("traffic").items())[:MOST_MAPS])
    found = {rule: part for rule, part in found.items() if part["names"]}
    values = [word for part in found.values() for row in part["words"] for word in row]
    values = [word for word in values if scales.drawable(word)]
    if not values:
        return None
    scale, shades = scales.shade(values)
    figure, axes = style.sheet(7.4 / max(2, len(found)) + 0.4, 1, len(found))
    for place, (rule, part) in zip(axes, found.items(), strict=True):
        _heat(place, part, scale, shades)
        total = sum(map(sum, part["words"]))
        place.set_title(f"{style.title(rule)}: {scales.amount(total)} words")
    axes[0].set_ylabel("from")
    bar = figure.colorbar(ScalarMappable(scale, shades), ax=axes, shrink=0.8, aspect=24, pad=0.01)
    scales.colour_bar(bar, "words a step")
    return Picture(
        "traffic",
        "Traffic matrix",
        "Words sent in a step from the row to the column (groups of neurons, or tiles, in their"
        " order), all rules on one logarithmic scale. White is no word at all. A filled square is a"
        " rule whose neurons all need something from all others; a rule that keeps to the network's"
        " own edges shows the network.",
        figure,
    )


def _heat(axes: Any, part: Mapping[str, Any], scale: Any, shades: Any) -> None:
    import numpy as np

    words = np.array(part["words"], dtype=float)
    shown = np.ma.masked_where(words <= 0, words)
    axes.imshow(shown, norm=scale, cmap=shades, interpolation="nearest")
    names = [style.plain(name) for name in part["names"]]
    ticks = range(0, len(names), max(1, -(-len(names) // 8)))
    labels = [names[n] for n in ticks]
    axes.set_xticks(ticks, labels, rotation=90 if max(map(len, labels)) > 2 else 0)
    axes.set_yticks(ticks, labels)
    axes.set_xlabel("to")
    axes.grid(False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)


def hops(material: Material) -> Picture | None:
    """Draw how many words cross how many links."""
    found = {
        rule: {int(hop): words for hop, words in part.items()}
        for rule, part in material.profiled("hops").items()
    }
    if not any(scales.drawable(words) for part in found.values() for words in part.values()):
        return None
    looks = style.rules(material.largest())
    most = max(hop for part in found.values() for hop in part)
    figure, axes = style.sheet(3.0)
    width = 0.8 / len(found)
    for n, (rule, part) in enumerate(found.items()):
        places = [hop + (n - (len(found) - 1) / 2) * width for hop in sorted(part)]
        axes[0].bar(
            places, [part[hop] for hop in sorted(part)], width, color=looks[rule].colour,
            hatch=looks[rule].hatch, edgecolor=style.INK, linewidth=0.5,
        )  # fmt: skip
    scales.logarithmic(axes[0].yaxis, [word for part in found.values() for word in part.values()])
    low, high = axes[0].get_ylim()
    axes[0].set_ylim(low / 1.5, high)
    scales.linear(axes[0].xaxis, whole=True)
    axes[0].set(xlim=(-0.6, most + 0.6), xlabel="links that a word crosses", ylabel="words a step")
    axes[0].grid(False, axis="x")
    means = [f"{style.title(rule)}, {_mean(part):.2f} on average" for rule, part in found.items()]
    handles = [style.swatch(looks[r], text) for r, text in zip(found, means, strict=True)]
    style.legend(figure, handles)
    return Picture(
        "hops",
        "How far words travel",
        "Words of a step by the number of links that each crosses on its way; 0 stays on its tile."
        " Each receiver's word counts by itself: where a"
        " message to several travels as one, the hop-words of the table are fewer. The scale is"
        " logarithmic.",
        figure,
    )


def _mean(part: Mapping[int, float]) -> float:
    words = sum(part.values())
    return sum(hop * count for hop, count in part.items()) / words if words else 0.0
