"""Which chip for a network: learning steps a second against LUTs, part by part."""

from __future__ import annotations

from typing import Any

from neurosim.machine.parts import PARTS
from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Picture
from neurosim.study.hardware.choice import Choice, Choices

_FRONT = style.Look("#b5b5b5", "-")


def choice(found: Choices) -> Picture | None:
    """Draw every choice that fits and has a rate; None where there is none."""
    rated = [each for each in found.choices if each.rate > 0]
    if not rated:
        return None
    with style.house():
        figure, (axes,) = style.sheet(4.4)
        scales.logarithmic(axes.xaxis, [each.fit.luts for each in rated])
        scales.logarithmic(axes.yaxis, [each.rate for each in rated])
        looks = {part: style.any_look(n) for n, part in enumerate(found.parts)}
        _front(axes, found.front)
        for part, look in looks.items():
            _part(axes, [each for each in rated if each.part == part], look)
        _name_lanes(axes, rated)
        axes.set(xlabel="LUTs, predicted", ylabel="learning steps a second")
        shown = [part for part in looks if any(each.part == part for each in rated)]
        handles = [style.stroke(looks[part], PARTS[part].title) for part in shown]
        handles.append(style.stroke(_FRONT, "no better choice", marker=False))
        style.legend(figure, handles)
    return Picture(
        "choice",
        "Which chip",
        f"Learning steps a second of {found.rule} with {found.units} units against the LUTs of the"
        " chip, for each part on which it fits; numbers are lanes. The clock is that of a placement"
        " or, where there is none, the part's conservative one. The thick grey line joins the"
        " choices that no other beats in rate with as few LUTs.",
        figure,
    )


def _front(axes: Any, front: tuple[Choice, ...]) -> None:
    axes.plot(
        [each.fit.luts for each in front], [each.rate for each in front], color=_FRONT.colour,
        linewidth=6, solid_capstyle="round", zorder=1,
    )  # fmt: skip


def _part(axes: Any, mine: list[Choice], look: style.Look) -> None:
    axes.plot(
        [each.fit.luts for each in mine], [each.rate for each in mine], color=look.colour,
        linestyle=look.line, marker=look.marker, zorder=2,
    )  # fmt: skip


def _name_lanes(axes: Any, rated: list[Choice]) -> None:
    """Write the lanes above the fastest point of each number of them."""
    for lanes in sorted({each.lanes for each in rated}):
        best = max((each for each in rated if each.lanes == lanes), key=lambda each: each.rate)
        axes.annotate(
            f"{lanes}", (best.fit.luts, best.rate), xytext=(0, 6), textcoords="offset points",
            ha="center", fontsize=8,
        )  # fmt: skip
