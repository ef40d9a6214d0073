"""Bars of parts set end to end: in their own unit, or as shares of a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from neurosim.report.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def stack(
    axes: Axes,
    bars: Sequence[Mapping[str, float]],
    labels: Sequence[str],
    names: Mapping[str, str],
) -> None:
    """Draw bars that lie one under the other, each of parts that are set end to end."""
    looks = style.parts(list(names))
    for place, bar in enumerate(bars):
        left = 0.0
        for name, look in looks.items():
            value = bar.get(name, 0.0)
            if value > 0:
                axes.barh(
                    place, value, 0.72, left, color=look.colour, hatch=look.hatch,
                    edgecolor=style.INK, linewidth=0.5,
                )  # fmt: skip
                left += value
    axes.set_yticks(range(len(bars)), labels)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(0, None)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)


def shares(
    bars: Sequence[Mapping[str, float]], labels: Sequence[str], names: Mapping[str, str], what: str
) -> Figure:
    """Return a figure of bars of a hundred percent, with its legend."""
    whole = [{name: 100 * part / sum(bar.values()) for name, part in bar.items()} for bar in bars]
    used = [name for name in names if any(bar.get(name, 0) > 0 for bar in bars)]
    lines = -(-len(used) // style.abreast([names[name] for name in used]))
    figure, axes = style.sheet(0.75 + 0.5 * len(bars) + 0.2 * lines)
    stack(axes[0], whole, labels, names)
    axes[0].set_xlim(0, 100)
    axes[0].set_xlabel(what)
    looks = style.parts(list(names))
    style.legend(figure, [style.swatch(looks[name], names[name]) for name in used])
    return figure
