"""The report on the terminal: quantities down, rules across, the ratio last, in 80 columns."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.report import alignment, cases, fit, quantities, wording
from neurosim.report.labels import over, stacked
from neurosim.study.comparison import FITTED_SIZES
from neurosim.study.scenario import Scenario
from neurosim.study.summary import Check, Summary

WIDTH = 80
WIDEST = 100
CURVE_WIDTH = 10
NAMES = 30  # letters of the column of names, with the blanks beside it
Line = Sequence[str | Text]


def console(file: IO[str] | None = None) -> Console:
    """Return the console that data goes to, of the report's width where it is no terminal."""
    file = file or sys.stdout
    console = Console(file=file, highlight=False, emoji=False, markup=False)
    # narrower than the report a terminal breaks the lines itself, and no figure is lost
    console.width = min(max(console.width, WIDTH), WIDEST) if file.isatty() else WIDTH
    return console


def print_report(scenario: Scenario, summary: Summary, written: str | None, out: Console) -> None:
    """Print the whole report.

    Parameters
    ----------
    scenario, summary
        What was asked, and what came out.
    written
        The run folder, with its files in words; None where nothing was written.
    out
        Where it goes.
    """
    with tidy(out):
        _heading(scenario, summary, out)
        if summary.verb == "align":
            alignment.print_table(summary, out)
        elif scenario.swept:
            _cases(scenario, summary, out)
        else:
            rules = [row["rule"] for row in summary.rows]
            _print_columns(rules, [*_lines(summary, _blocks(out))], out)
        if summary.fits:
            out.print()
            fit.print_fits(summary.fits, out)
        _footnotes(scenario, summary, out)
        _closing(summary, written, out)


@contextmanager
def tidy(out: Console) -> Iterator[None]:
    """Print what the block prints at its end, without blanks at the ends of lines.

    Where the terminal has no Unicode, what is left of it becomes plain letters.
    """
    with out.capture() as capture:
        yield
    text = re.sub(r" +((\x1b\[[0-9;]*m)*)$", r"\1", capture.get(), flags=re.MULTILINE)
    if not has_unicode(out):
        text = text.replace("µ", "u").encode("ascii", "replace").decode()
    out.file.write(text)


def _heading(scenario: Scenario, summary: Summary, out: Console) -> None:
    summarised = wording.heading(scenario, summary)
    out.print(Text.assemble((scenario.name, "bold"), f": {summarised}".rstrip(": ")))
    grid = _labelled()
    grid.add_row("network", summary.network)
    grid.add_row("task", summary.task)
    grid.add_row("setting", wording.setting(scenario, summary))
    out.print(grid)
    out.print()


def _labelled() -> Table:
    """Return a grid of labels with texts beside them that wrap under themselves."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=7, style="dim")
    grid.add_column(overflow="fold")
    return grid


def _lines(summary: Summary, blocks: str) -> Iterator[Line]:
    """Yield the lines of the report's table: names of groups, and their figures."""
    rows = summary.rows
    for group, lines in quantities.groups(summary.clock_mhz):
        filled = [line for line in (quantities.line(quantity, rows) for quantity in lines) if line]
        if group == "Learning" and summary.curves:
            filled.append(_curves(summary, blocks))
        if filled:
            yield [Text(group, "bold")]
            yield from filled


def _print_columns(rules: Sequence[str], lines: Sequence[Line], out: Console) -> None:
    """Print lines of a name, a figure for each rule, and a ratio.

    More rules than stand side by side are printed in several tables, without the ratio.
    """
    room = max(1, (out.width - NAMES) // (CURVE_WIDTH + 2))
    if len(rules) < room:
        out.print(_columns(rules, lines, ratio=len(rules) > 1))
        return
    for first in range(0, len(rules), room):
        band = slice(first, first + room)
        cells = [[line[0], *line[1 : 1 + len(rules)][band]] for line in lines]
        if first:
            out.print()
        out.print(_columns(rules[band], cells))


def _columns(rules: Sequence[str], lines: Sequence[Line], ratio: bool = False) -> Table:
    """Return a table: a column of names, one for each rule, and the ratio of first and last."""
    padding, width = (3, 11) if len(rules) < 3 else (2, CURVE_WIDTH)
    table = Table(box=None, pad_edge=False, padding=(0, padding, 0, 0))
    table.add_column(min_width=28, no_wrap=True)
    for rule in rules:
        table.add_column(stacked(rule), justify="right", min_width=width, no_wrap=True)
    if ratio:
        heading = over(rules[0], rules[-1])
        table.add_column(heading, justify="right", style="cyan", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    return table


def _curves(summary: Summary, blocks: str) -> list[str]:
    every = [value for curve in summary.curves.values() for value in curve if value > 0]
    low, high = min(every, default=1.0), max(every, default=1.0)
    cells = [
        quantities.sparkline(summary.curves.get(row["rule"], ()), low, high, CURVE_WIDTH, blocks)
        for row in summary.rows
    ]
    return ["  error over time (log)", *cells]


def _blocks(out: Console) -> str:
    return quantities.BLOCKS if has_unicode(out) else quantities.BLOCKS_ASCII


def has_unicode(out: Console) -> bool:
    """Say whether a console can show more than ASCII."""
    return out.encoding.lower().startswith("utf")


def _cases(scenario: Scenario, summary: Summary, out: Console) -> None:
    """Print the report of several cases, what they make of the gap between rules first."""
    if ratios := cases.ratios(scenario, summary):
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
        table.add_column("", min_width=12, no_wrap=True)
        for column in ratios.columns:
            table.add_column(column, justify="right", style="cyan", max_width=12)
        for line in ratios.lines:
            table.add_row(*line)
        out.print(Text(ratios.heading, "bold"))
        out.print(table)
    for heading, lines in cases.sections(scenario, summary):
        out.print(Text(heading, "bold"))
        _print_columns(cases.rules(summary), lines, out)
    if summary.slopes:
        fitted = min(FITTED_SIZES, len(scenario.sizes))
        out.print(f"\nExponents are fitted over the {fitted} largest sizes.", style="dim")


def _footnotes(scenario: Scenario, summary: Summary, out: Console) -> None:
    out.print()
    grid = Table.grid(padding=(0, 1, 0, 0))
    for label, note in wording.footnotes(scenario, summary):
        if label:
            grid.add_row(label, note, style="dim")
        else:
            out.print(note, style="dim")
    if grid.row_count:
        out.print(grid)
    for note in summary.notes:
        out.print(note)


def _closing(summary: Summary, written: str | None, out: Console) -> None:
    out.print()
    grid = _labelled()
    label = "checked"
    for check in summary.checks:
        grid.add_row(label, Text(f"{check.promise}: ") + _verdict(check))
        label = ""
    if written:
        grid.add_row("written", written)
    out.print(grid)
    label = "next"
    for command, purpose in summary.hints:
        _hint(label, command, purpose, out)
        label = ""


def as_typed(command: str) -> str:
    """Return a command as this user types it: `start.py` says how it was called itself."""
    typed = os.environ.get("NEUROSIM_COMMAND", "neurosim")
    return typed + command.removeprefix("neurosim")


def _hint(label: str, command: str, purpose: str, out: Console) -> None:
    """Print a command whole, so that it can be copied, and what it is for where there is room."""
    line = Text.assemble((f"{label:7}", "dim"), "  ", (as_typed(command), "bold"))
    if len(line) + 2 + len(purpose) <= out.width:
        out.print(Text.assemble(line, "  ", purpose))
    else:
        out.print(line, soft_wrap=True)
        out.print(f"{'':9}{purpose}")


def _verdict(check: Check) -> Text:
    if check.held:
        return Text(f"{check.times:,} of {check.times:,}", "green")
    held = check.times - len(check.broken)
    return Text(f"{held:,} of {check.times:,}, not {', '.join(check.broken[:3])}", "bold red")
