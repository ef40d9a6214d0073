"""A live view of a study on a terminal: for each rule its error, speed and busiest units."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from neurosim.report import quantities
from neurosim.report.labels import label
from neurosim.study.busiest import IDLE, Busy
from neurosim.study.scenario import Scenario
from neurosim.study.training import Progress

POINTS = 400  # of a curve that are kept
HEIGHT = 5  # lines of a curve
BESIDE = 110  # columns from which panels stand side by side
SECONDS_BETWEEN_PICTURES = 0.2
SPEED_OVER_SECONDS = 5.0
_LABEL = 9


class View:
    """What is shown: a word at first, then a panel for each rule.

    Parameters
    ----------
    scenario
        What is being studied.
    live
        The display that it is shown on.
    """

    def __init__(self, scenario: Scenario, live: Live) -> None:
        self.live = live
        self.trainings = len(scenario.sizes or scenario.seeds)
        self.word = "reading"
        self.rules: dict[str, Followed] = {}
        self._last = -math.inf

    def say(self, text: str) -> None:
        """Show a word about what is being done."""
        self.word = text
        self._show()

    def watch(self, progress: Progress) -> None:
        """Take a report of a training."""
        followed = self.rules.setdefault(progress.rule, Followed(progress.rule, self.trainings))
        followed.take(progress, time.perf_counter())
        if time.perf_counter() - self._last > SECONDS_BETWEEN_PICTURES:
            self._show()

    def _show(self) -> None:
        self.live.update(self.drawn(self.live.console), refresh=True)
        # from the picture's end, so that a slow terminal cannot slow the training down
        self._last = time.perf_counter()

    def drawn(self, console: Console) -> RenderableType:
        """Return what is to be seen on ``console`` now."""
        if not self.rules:
            return Text(self.word)
        beside = min(2, len(self.rules)) if console.width >= BESIDE else 1
        width = console.width // beside
        blocks = "utf" in console.encoding.lower()
        panels = [followed.panel(width, blocks) for followed in self.rules.values()]
        grid = Table.grid(expand=True)
        for _ in range(beside):
            grid.add_column(ratio=1)
        for n in range(0, len(panels), beside):
            grid.add_row(*panels[n : n + beside])
        return Group(grid, Text("Ctrl-C ends it; what was learned by then is kept.", "dim"))


class Followed:
    """One rule's trainings: the curve of the one that is on, and the speed of all together.

    Parameters
    ----------
    rule
        Its name.
    trainings
        How many there will be: one for each seed or size.
    """

    def __init__(self, rule: str, trainings: int) -> None:
        self.rule, self.trainings = rule, trainings
        self.last: dict[tuple[int, int], Progress] = {}
        self.curves: dict[tuple[int, int], dict[int, float]] = {}
        self.times: list[tuple[float, int]] = []
        self.busy: Busy = IDLE

    def take(self, progress: Progress, now: float) -> None:
        """Take a report, which came at the time ``now`` in seconds."""
        key = (progress.units, progress.seed)
        self.last[key] = progress
        self.busy = progress.busy if progress.busy.units else self.busy
        if 0 < progress.error < math.inf:
            place = progress.step * POINTS // max(1, progress.steps)
            self.curves.setdefault(key, {})[place] = progress.error
        self.times.append((now, self.done))
        while len(self.times) > 2 and now - self.times[0][0] > SPEED_OVER_SECONDS:
            self.times.pop(0)

    @property
    def done(self) -> int:
        """Steps of all its trainings."""
        return sum(progress.step for progress in self.last.values())

    @property
    def speed(self) -> float:
        """Steps a second over the last few seconds, of all trainings together."""
        (first, before), (last, after) = self.times[0], self.times[-1]
        return (after - before) / (last - first) if last > first else 0.0

    def shown(self) -> Progress:
        """Return the training whose curve is shown: the first that is not at its end."""
        going = [each for each in self.last.values() if each.step < each.steps]
        return going[0] if going else list(self.last.values())[-1]

    def panel(self, width: int, blocks: bool) -> Panel:
        """Return the panel of a rule, ``width`` columns wide."""
        progress = self.shown()
        curve = self.curves.get((progress.units, progress.seed), {})
        title = f"{label(self.rule)}, {progress.units:,} units, seed {progress.seed}"
        if self.trainings > 1:
            ended = sum(each.step >= each.steps for each in self.last.values())
            title += f", {ended} of {self.trainings} done"
        body = Group(
            *plot(curve, width - 4 - _LABEL, quantities.BLOCKS if blocks else "#"),
            Text(f"{'':{_LABEL}}0 to {progress.steps:,} steps", "dim"),
            self._line(progress),
            *self._busiest(),
        )
        return Panel(
            body,
            title=Text(title[: max(0, width - 6)], "bold"),
            title_align="left",
            safe_box=not blocks,
        )

    def _line(self, progress: Progress) -> Text:
        left = progress.steps * self.trainings - self.done
        parts = [f"error {quantities.small(progress.error)}", f"{self.speed:,.0f} steps/s"]
        if left > 0 and self.speed > 0:
            parts.append(f"{clock(left / self.speed)} left")
        return Text("   ".join(parts), overflow="crop", no_wrap=True)

    def _busiest(self) -> list[Text]:
        units = "  ".join(f"{name} {quantities.small(much)}" for name, much in self.busy.units)
        return [
            Text(f"busiest units: {units or '-'}", overflow="crop", no_wrap=True),
            Text(f"by {self.busy.measure}" if units else "", "dim"),
        ]


def clock(seconds: float) -> str:
    """Return a time that is left: `12 s`, `3 min 5 s`, `2 h 10 min`."""
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def plot(curve: Mapping[int, float], width: int, blocks: str) -> list[Text]:
    """Return a curve in `HEIGHT` lines, its logarithm upwards and the run from left to right.

    Parameters
    ----------
    curve
        Errors above 0 by how far the run was, from 0 to `POINTS`.
    width
        Characters across, beside the labels.
    blocks
        What fills a part of a character, from the least to all of it.
    """
    low, high = min(curve.values(), default=1.0), max(curve.values(), default=1.0)
    span = math.log(high / low) or 1.0
    filled = [0] * max(1, width)
    reached = 0
    for place, error in sorted(curve.items()):
        column = min(len(filled) - 1, place * len(filled) // POINTS)
        height = 1 + round((HEIGHT * len(blocks) - 1) * math.log(error / low) / span)
        filled[reached : column + 1] = [height] * (column + 1 - reached)
        reached = column
    lines = []
    for row in reversed(range(HEIGHT)):
        label = {HEIGHT - 1: quantities.small(high), 0: quantities.small(low)}.get(row, "")
        parts = [min(len(blocks), max(0, height - row * len(blocks))) for height in filled]
        drawn = "".join(" " if part == 0 else blocks[part - 1] for part in parts)
        lines.append(Text.assemble((f"{label * bool(curve):>{_LABEL - 1}} ", "dim"), drawn))
    return lines
