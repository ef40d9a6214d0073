"""Error against cost of every design that was tried, with the front and the one that was chosen."""

from __future__ import annotations

from typing import Any

from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Picture
from neurosim.report.labels import label
from neurosim.study.design.answer import Answer
from neurosim.study.design.trials import Tried

_FRONT = style.Look("#b5b5b5", "-")
_SMALLEST, _LARGEST = 16, 110  # areas of signs, in square points


def design(answer: Answer) -> Picture | None:
    """Draw what was tried; None where nothing that fits and keeps the rate was trained."""
    shown = [
        each for each in answer.every
        if each.verdict.good and scales.drawable(each.promised)
    ]  # fmt: skip
    if not shown:
        return None
    with style.house():
        figure, (axes,) = style.sheet(4.4)
        _costs(axes, [100 * each.verdict.cost for each in shown])
        marks = [each for each in (answer.demand.max_error,) if each is not None]
        scales.logarithmic(axes.yaxis, [*(each.promised for each in shown), *marks])
        looks = style.rules(each.candidate.rule for each in shown)
        _front(axes, answer.front)
        for rule, look in looks.items():
            _rule(axes, [each for each in shown if each.candidate.rule == rule], look, shown)
        handles = [
            style.stroke(look._replace(line=""), label(rule)) for rule, look in looks.items()
        ]
        handles.append(style.stroke(_FRONT, "no cheaper one learns as well", marker=False))
        handles += _marked(axes, answer)
        axes.set(xlabel=f"cost, % of {answer.demand.silicon.title}",
                 ylabel="error, of the target's variance")  # fmt: skip
        style.legend(figure, handles)
    return Picture(
        "design",
        "Error against cost",
        "Every design that was trained, fits the part and keeps the rate: its error in the last"
        " tenth of the steps, or the median of three seeds where that was tried and is larger,"
        " against the largest of its shares of the part's LUTs, block RAMs and multipliers. The"
        " larger the sign, the more learning steps a second.",
        figure,
    )


def _costs(axes: Any, percent: list[float]) -> None:
    """Make an axis of costs, logarithmic where they differ much."""
    if max(percent) > 8 * min(percent):
        scales.logarithmic(axes.xaxis, percent)
    else:
        scales.linear(axes.xaxis)


def _front(axes: Any, front: tuple[Tried, ...]) -> None:
    axes.step(
        [100 * each.verdict.cost for each in front], [each.promised for each in front],
        where="post", color=_FRONT.colour, linewidth=5, solid_capstyle="round", zorder=1,
    )  # fmt: skip


def _rule(axes: Any, mine: list[Tried], look: style.Look, shown: list[Tried]) -> None:
    most = max(each.verdict.steps_per_second for each in shown)
    sizes = [
        _SMALLEST + (_LARGEST - _SMALLEST) * each.verdict.steps_per_second / most for each in mine
    ]
    axes.scatter(
        [100 * each.verdict.cost for each in mine], [each.promised for each in mine], s=sizes,
        color=look.colour, marker=look.marker, alpha=0.75, linewidths=0, zorder=2,
    )  # fmt: skip


def _marked(axes: Any, answer: Answer) -> list[Any]:
    """Mark the chosen design and the error that is demanded; return their signs for the legend."""
    handles = []
    if answer.chosen is not None:
        at = 100 * answer.chosen.verdict.cost, answer.chosen.promised
        ring = {"marker": "o", "linestyle": "", "markersize": 15, "fillstyle": "none",
                "color": style.INK, "markeredgewidth": 1.4}  # fmt: skip
        axes.plot(*at, **ring, zorder=3)
        (sign,) = axes.plot([], [], **{**ring, "markersize": 9}, label="chosen")
        handles.append(sign)
    if answer.demand.max_error is not None:
        line = axes.axhline(
            answer.demand.max_error, color=style.INK, linestyle=":", linewidth=1.2,
            label="largest error", zorder=1,
        )  # fmt: skip
        handles.append(line)
    return handles
