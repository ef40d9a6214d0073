"""Progress on stderr: error, steps per second and time left; nothing where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich import progress as bars
from rich.console import Console
from rich.live import Live

from neurosim.report.watch import View
from neurosim.study.costing import Say
from neurosim.study.scenario import Scenario
from neurosim.study.sweep.running import Progress as Cells
from neurosim.study.training import Progress, Watcher


@contextmanager
def shown(scenario: Scenario, live: bool = False) -> Iterator[tuple[Watcher, Say]]:
    """Show, while the block lasts, a line for each rule; with ``live`` a panel with its curve.

    Yields what takes reports of training, and what takes words about anything else.
    """
    if live and (not sys.stderr.isatty() or Console(stderr=True).is_dumb_terminal):
        print("neurosim: --watch needs a terminal, so nothing is shown live.", file=sys.stderr)
        live = False
    if not sys.stderr.isatty():
        yield lambda progress: None, lambda text: None
        return
    if live:
        with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as panel:
            view = View(scenario, panel)
            yield view.watch, view.say
        return
    with display([bars.TaskProgressColumn()], [bars.TimeRemainingColumn(compact=True)]) as it:
        lines = Lines(it, scenario)
        yield lines.watch, lines.say


def display(
    measures: Sequence[bars.ProgressColumn] = (),
    ends: Sequence[bars.ProgressColumn] = (),
    speed_estimate_period: float = 30.0,
) -> bars.Progress:
    """Return lines on stderr that go when they are done: what, a bar, measures, figures, ends.

    Parameters
    ----------
    measures, ends
        Columns behind the bar, and behind the ``figures`` of a line.
    speed_estimate_period
        Seconds of the past that the time left is told from.
    """
    what, bar = bars.TextColumn("{task.description}"), bars.BarColumn(bar_width=20)
    figures = bars.TextColumn("{task.fields[figures]}")
    return bars.Progress(
        *(what, bar, *measures, figures, *ends),
        console=Console(stderr=True),
        transient=True,
        speed_estimate_period=speed_estimate_period,
    )


@contextmanager
def cells(total: int) -> Iterator[Callable[[Cells], object]]:
    """Show, while the block lasts, how many cells of a sweep are done, and the time left.

    Yields what takes reports of a sweep.
    """
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    left = bars.TimeRemainingColumn(compact=True, elapsed_when_finished=True)
    with display([bars.MofNCompleteColumn()], [left], speed_estimate_period=3600) as it:
        line = it.add_task("cells", total=total, figures="starting")

        def watch(progress: Cells) -> None:
            # what was found finished took no time, so it says nothing about what is left
            it.update(
                line,
                total=progress.cells - progress.found,
                completed=progress.done - progress.found,
                figures=f"{progress.failed:,} failed, {progress.found:,} known before",
            )

        yield watch


class Lines:
    """The lines of a display: one for each rule, over all its seeds or sizes."""

    def __init__(self, display: bars.Progress, scenario: Scenario) -> None:
        self.display = display
        self.trainings = len(scenario.sizes or scenario.seeds)
        self.steps: dict[str, dict[tuple[int, int], int]] = {}
        self.lines: dict[str, bars.TaskID] = {}
        self.word = display.add_task("reading", total=None, figures="")

    def say(self, text: str) -> None:
        """Show a word about what is being done."""
        self.display.update(self.word, description=text)

    def watch(self, progress: Progress) -> None:
        """Take a report of a training."""
        self.display.update(self.word, visible=False)
        rule = progress.rule
        if rule not in self.lines:
            total = progress.steps * self.trainings
            self.lines[rule] = self.display.add_task(f"{rule:6}", total=total, figures="")
        done = self.steps.setdefault(rule, {})
        done[progress.units, progress.seed] = progress.step
        line = self.lines[rule]
        speed = next(task.speed for task in self.display.tasks if task.id == line)
        figures = f"error {progress.error:.1e}  {speed or 0:9,.0f} steps/s"
        self.display.update(line, completed=sum(done.values()), figures=figures)
