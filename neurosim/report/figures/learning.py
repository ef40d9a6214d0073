"""What was learned: the error over the run, and what the outputs answered at its end."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Material, Picture
from neurosim.study.last_steps import LastSteps

SHOWN_STEPS = 200
MOST_OUTPUTS = 4


def curves(material: Material) -> Picture | None:
    """Draw the error of each rule against steps, and its error at the end for every seed."""
    rows = material.largest()
    found = {
        rule: [value for value in curve if scales.drawable(value)]
        for rule, curve in material.summary.curves.items()
        if rule in rows and scales.drawable(rows[rule].get("steps", 0))
    }
    found = {rule: curve for rule, curve in found.items() if len(curve) > 1}
    if not found:
        return None
    looks = style.rules(rows)
    ends = {rule: _ends(rows[rule]) for rule in found}
    seeded = any(len(values) > 1 for values in ends.values())
    figure, axes = style.sheet(3.4, 1, 1 + seeded, sharey=True, width_ratios=(5, 1)[: 1 + seeded])
    for rule, curve in found.items():
        part = rows[rule]["steps"] / len(curve)
        look = looks[rule]
        axes[0].plot(
            [(n + 0.5) * part for n in range(len(curve))], curve, color=look.colour,
            linestyle=look.line, marker=look.marker, markevery=max(1, len(curve) // 8),
        )  # fmt: skip
    if seeded:
        _seeds(axes[1], ends, looks)
    every = [value for curve in found.values() for value in curve]
    scales.logarithmic(axes[0].yaxis, every + [v for vs in ends.values() for v in vs], scales.power)
    scales.steps(axes[0].xaxis)
    axes[0].set(xlabel="step", ylabel="normalised squared error", xlim=(0, None))
    style.legend(figure, [style.stroke(looks[rule], style.title(rule)) for rule in found])
    more = (
        " Right: the error in the last tenth of the steps for every seed; the bar is their median."
    )
    return Picture(
        "learning",
        "Error over the run",
        "Mean squared error over the variance of the target, in equal parts of the run of the first"
        " seed; 1 is what answering with the target's mean would give. Lower is better, and the"
        " scale is logarithmic." + more * seeded,
        figure,
    )


def _ends(row: Any) -> list[float]:
    """Return the error at the end of every seed."""
    given = row.get("nmse_by_seed") or [row.get("nmse", 0.0)]  # a rule that diverged has none
    return [value for value in given if scales.drawable(value)]


def _seeds(axes: Any, ends: dict[str, list[float]], looks: dict[str, style.Look]) -> None:
    for place, (rule, values) in enumerate(ends.items()):
        look = looks[rule]
        axes.plot([place] * len(values), values, look.marker, color=look.colour, alpha=0.75)
        if values:
            axes.hlines(median(values), place - 0.3, place + 0.3, color=style.INK, linewidth=1.6)
    axes.set_xticks(range(len(ends)), [style.title(rule) for rule in ends])
    axes.set(xlim=(-0.6, len(ends) - 0.4), xlabel="at the end")
    axes.grid(False, axis="x")


def answers(material: Material) -> Picture | None:
    """Draw the last outputs of each rule over the target."""
    series = {rule: material.series[rule] for rule in material.largest() if rule in material.series}
    if not series:
        return None
    looks = style.rules(material.largest())
    first = next(iter(series.values()))
    count = min(MOST_OUTPUTS, len(first.names))
    figure, axes = style.sheet(1.1 + 1.7 * count, count, 1, sharex=True)
    for k in range(count):
        _answers(axes[k], k, series, looks)
        axes[k].set_ylabel(f"{style.plain(first.names[k])}, its own scale")
        axes[k].margins(x=0.01)
        scales.steps(axes[k].xaxis)
    axes[-1].set_xlabel("step")
    target = style.Look("#9a9a9a")
    handles = [style.stroke(target, "target", marker=False)]
    handles += [style.stroke(looks[rule], style.title(rule), marker=False) for rule in series]
    style.legend(figure, handles)
    left = len(first.names) - count
    return Picture(
        "answers",
        "Output against target",
        f"The last {SHOWN_STEPS} steps of the first seed, as the network sees the values (scaled):"
        " the wide grey line is the target, and the closer a rule's line follows it, the better."
        + f" {left} more outputs are in series.csv."
        * (left > 0),
        figure,
    )


def _answers(axes: Any, k: int, series: dict[str, LastSteps], looks: dict[str, style.Look]) -> None:
    first = next(iter(series.values()))
    axes.plot(_last(first.steps), _last(first.targets[k]), color="#b0b0b0", linewidth=4)
    for rule, last in series.items():
        look = looks[rule]
        axes.plot(
            _last(last.steps), _last(last.outputs[k]), color=look.colour, linestyle=look.line,
            linewidth=1.3,
        )  # fmt: skip


def _last(values: Sequence[float]) -> Sequence[float]:
    return values[-SHOWN_STEPS:]
