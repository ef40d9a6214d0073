"""The chip learns what the float model learns: two tasks, 10^5 steps, the same seeds.

The error of a window of steps over the variance of all targets is the learning curve; the last
tenth of the run gives the final error, as everywhere else.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray

import neurosim as ns
from neurosim.engines.run import Run
from neurosim.study import tasks
from neurosim.study.graphs import graph_from
from neurosim.study.hardware import build

STEPS, QUICK_STEPS = 100_000, 5_000
WINDOWS = 100
LANES = 5
SEED = 0
ALLOWED = 1.5  # the chip's error may be that many times the float model's


@dataclass(frozen=True)
class Task:
    """A task, and the network and rate that it is learnt with."""

    name: str
    title: str
    units: int
    rate: float
    options: tuple[tuple[str, float], ...] = ()


TASKS = (
    Task("frequency_doubler", "Frequency doubler, 15 units", 15, 0.0035, (("period", 12.0),)),
    Task("mackey_glass", "Mackey-Glass, 25 units", 25, 0.05),
)


@dataclass(frozen=True)
class Curves:
    """What chip and float model learnt: errors of windows, and of the last tenth of the run."""

    task: Task
    steps: int
    chip: tuple[float, ...]
    model: tuple[float, ...]
    chip_error: float
    model_error: float
    failure: str = ""
    seconds: float = 0.0

    @property
    def ratio(self) -> float:
        """The chip's final error over the float model's."""
        return self.chip_error / self.model_error

    @property
    def passed(self) -> bool:
        """Whether the chip learnt about as well."""
        return not self.failure and self.ratio <= ALLOWED


def learn(task: Task, steps: int = STEPS) -> Curves:
    """Train the chip and the float model on a task."""
    began = time.perf_counter()
    graph, inputs, outputs = graph_from("fully_recurrent", units=task.units, seed=SEED)
    network = ns.Network(graph, inputs, outputs, seed=SEED, name=task.name)
    series = tasks.make(task.name, steps, SEED, **dict(task.options))
    rule = ns.TRTRL(task.rate)
    try:
        chip = build(network, rule, ns.Fixed(), LANES).train(series.inputs, series.targets)
        model = ns.train(network, rule, series.inputs, series.targets)
    except Exception as error:
        nothing = float("nan")
        return Curves(task, steps, (), (), nothing, nothing, f"{type(error).__name__}: {error}")
    errors = float(chip.nmse() or 0), float(model.nmse() or 1)
    seconds = time.perf_counter() - began
    return Curves(task, steps, curve(chip), curve(model), *errors, seconds=seconds)


def learn_quick(task: Task) -> Curves:
    """Do the same in fewer steps."""
    return learn(task, QUICK_STEPS)


def curve(run: Run) -> tuple[float, ...]:
    """Return the error of every window, over the variance of all targets."""
    squares = np.array_split((run.errors**2).sum(axis=1), WINDOWS)
    variance = float(np.var(run.targets, axis=0).sum())
    return tuple(float(window.mean()) / variance for window in squares)


def table(found: Sequence[Curves]) -> str:
    """Return the curves as CSV: task, last step of the window, chip, float."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("task", "step", "chip_nmse", "float_nmse"))
    for curves in found:
        for n, pair in enumerate(zip(curves.chip, curves.model, strict=True), 1):
            step = n * curves.steps // WINDOWS
            writer.writerow((curves.task.name, step, *(f"{value:.6g}" for value in pair)))
    return text.getvalue()


# --- the figure -------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 440, 270, 62, 34, 46
INK, GRID, CHIP, FLOAT = "#333333", "#dddddd", "#c0392b", "#8fb3d9"


def figure(found: Sequence[Curves]) -> str:
    """Return the curves as SVG, the chip on top of the float model, a panel for each task."""
    width = WIDTH * len(found)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}"'
        f' height="{HEIGHT}" font-family="sans-serif" font-size="12" fill="{INK}">',
        f'<rect width="{width}" height="{HEIGHT}" fill="white"/>',
    ]
    for n, curves in enumerate(found):
        parts += [f'<g transform="translate({n * WIDTH} 0)">', *_panel(curves), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(curves: Curves) -> list[str]:
    """Draw one task: logarithmic error over steps."""
    values = np.array([curves.chip, curves.model])
    low, high = floor(log10(values.min())), ceil(log10(values.max()))
    right, bottom = WIDTH - 34, HEIGHT - BOTTOM
    across = np.linspace(LEFT, right, WINDOWS + 1)[1:]
    down = bottom - (np.log10(values) - low) / (high - low) * (bottom - TOP)
    parts = [_text(LEFT, TOP - 14, f"{curves.task.title}: error over variance", "start")]
    for decade in range(low, high + 1):
        y = bottom - (decade - low) / (high - low) * (bottom - TOP)
        parts.append(_line(LEFT, y, right, y))
        parts.append(_text(LEFT - 8, y + 4, f"1e{decade}" if decade else "1", "end"))
    for quarter in range(5):
        x = LEFT + quarter * (right - LEFT) / 4
        parts.append(_line(x, TOP, x, bottom))
        parts.append(_text(x, bottom + 18, f"{quarter * curves.steps // 4:,}"))
    parts.append(_text((LEFT + right) / 2, bottom + 38, "step"))
    parts.append(_path(across, down[1], FLOAT, 5.0))
    parts.append(_path(across, down[0], CHIP, 1.5))
    parts += _legend(right, ((FLOAT, 5.0, f"float, {curves.model_error:.2g} in the end"),
                             (CHIP, 1.5, f"chip, {curves.chip_error:.2g}")))  # fmt: skip
    return parts


def _legend(right: float, entries: Sequence[tuple[str, float, str]]) -> list[str]:
    x, y = right - 196, TOP + 6
    parts = [f'<rect x="{x}" y="{y}" width="190" height="42" fill="white" stroke="{GRID}"/>']
    for n, (colour, width, label) in enumerate(entries):
        middle = y + 13 + 17 * n
        parts.append(_line(x + 8, middle, x + 32, middle, colour, width))
        parts.append(_text(x + 40, middle + 4, label, "start"))
    return parts


def _line(
    x1: float, y1: float, x2: float, y2: float, colour: str = GRID, width: float = 1.0
) -> str:
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{colour}"'
        f' stroke-width="{width:g}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{text}</text>'


def _path(x: NDArray[np.float64], y: NDArray[np.float64], colour: str, width: float) -> str:
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width:g}"'
        ' stroke-linejoin="round"/>'
    )
