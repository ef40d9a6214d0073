"""The report on the terminal: quantities down, rules across, the ratio last, in 80 columns."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.report import quantities
from neurosim.report.quantities import Quantity, Row
from neurosim.study.comparison import FITTED_SIZES, GROWING
from neurosim.study.scenario import Scenario
from neurosim.study.summary import Check, Summary

WIDTH = 80
WIDEST = 100
CURVE_WIDTH = 10


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
        if scenario.sizes:
            _sizes(scenario.sizes, summary, out)
        else:
            out.print(_table(summary, _blocks(out)))
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
    if not _has_unicode(out):
        text = text.replace("µ", "u").encode("ascii", "replace").decode()
    out.file.write(text)


def _heading(scenario: Scenario, summary: Summary, out: Console) -> None:
    summarised = scenario.summary or _about(summary)
    out.print(Text.assemble((scenario.name, "bold"), f": {summarised}".rstrip(": ")))
    grid = _labelled()
    grid.add_row("network", summary.network)
    grid.add_row("task", summary.task)
    grid.add_row("setting", _setting(scenario, summary))
    out.print(grid)
    out.print()


def _about(summary: Summary) -> str:
    """Say what is reported of, for a scenario that does not."""
    rules = list(dict.fromkeys(row["rule"].upper() for row in summary.rows))
    return " against ".join(rules) if len(rules) > 1 else f"{''.join(rules)} alone"


def _setting(scenario: Scenario, summary: Summary) -> str:
    machine = Path(scenario.machine).stem
    parts = [_number(scenario), f"machine {machine}" if summary.clock_mhz else "no machine"]
    if summary.clock_mhz:
        parts[-1] += f" at {summary.clock_mhz:g} MHz"
    if summary.verb != "cost":
        parts.insert(0, f"engine {scenario.engine}")
        steps = max((row.get("steps", 0) for row in summary.rows), default=0)
        parts.insert(0, f"{steps:,} steps")
    if len(scenario.seeds) > 1 and not scenario.sizes and summary.verb != "cost":
        parts.append(f"medians of {len(scenario.seeds)} seeds")
    return ", ".join(parts)


def _number(scenario: Scenario) -> str:
    number = scenario.number
    if number.kind == "float":
        return "float64"
    return f"fixed{number.word_bits}.{number.fraction_bits}"


def _labelled() -> Table:
    """Return a grid of labels with texts beside them that wrap under themselves."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=7, style="dim")
    grid.add_column(overflow="fold")
    return grid


def _table(summary: Summary, blocks: str) -> Table:
    rows = summary.rows
    table = _columns([row["rule"] for row in rows])
    for group, lines in quantities.groups(summary.clock_mhz):
        filled = [line for line in (_line(quantity, rows) for quantity in lines) if line]
        if group == "Learning" and summary.curves:
            filled.append(_curves(summary, blocks))
        if filled:
            table.add_row(Text(group, "bold"))
            for line in filled:
                table.add_row(*line)
    return table


def _columns(rules: Sequence[str]) -> Table:
    """Return an empty table: a column of names, one for each rule, and the ratio."""
    padding, width = (3, 11) if len(rules) < 3 else (2, CURVE_WIDTH)
    table = Table(box=None, pad_edge=False, padding=(0, padding, 0, 0))
    table.add_column(min_width=28, no_wrap=True)
    for rule in rules:
        table.add_column(rule.upper(), justify="right", min_width=width, no_wrap=True)
    if len(rules) > 1:
        heading = f"{rules[0]}/{rules[-1]}".upper()
        table.add_column(heading, justify="right", style="cyan", no_wrap=True)
    return table


def _line(quantity: Quantity, rows: Sequence[Row]) -> list[str] | None:
    values = [quantity.value(row) for row in rows]
    if all(value is None for value in values):
        return None
    cells = ["-" if value is None else quantity.written(value) for value in values]
    if len(rows) > 1:
        first, last = values[0], values[-1]
        cells.append(quantities.times(first, last) if quantity.compared and first and last else "")
    return [f"  {quantity.label}", *cells]


def _curves(summary: Summary, blocks: str) -> list[str]:
    every = [value for curve in summary.curves.values() for value in curve if value > 0]
    low, high = min(every, default=1.0), max(every, default=1.0)
    cells = [
        quantities.sparkline(summary.curves.get(row["rule"], ()), low, high, CURVE_WIDTH, blocks)
        for row in summary.rows
    ]
    return ["  error over time (log)", *cells]


def _blocks(out: Console) -> str:
    return quantities.BLOCKS if _has_unicode(out) else quantities.BLOCKS_ASCII


def _has_unicode(out: Console) -> bool:
    return out.encoding.lower().startswith("utf")


_GROWING = (
    Quantity("multiplications, each step", lambda row: row.get("multiplications_per_step")),
    Quantity("words kept", lambda row: row.get("stored_words")),
    Quantity("cycles on the machine, each step", lambda row: row.get("cycles_per_step")),
    Quantity(
        "training time on this computer, each step",
        lambda row: row.get("seconds_per_step"),
        quantities.seconds,
    ),
)


def _sizes(sizes: Sequence[int], summary: Summary, out: Console) -> None:
    """Print the report of a scaling study: for each quantity sizes down, rules across."""
    rules = list(dict.fromkeys(row["rule"] for row in summary.rows))
    by_place = {(row["units"], row["rule"]): row for row in summary.rows}
    for quantity, name in zip(_GROWING, GROWING, strict=True):
        table = _columns(rules)
        for units in sizes:
            rows = [by_place.get((units, rule), {}) for rule in rules]
            line = _line(quantity, rows)
            if line:
                table.add_row(f"  {units:,} units", *line[1:])
        if table.row_count:
            slopes = [summary.slopes.get(rule, {}).get(name) for rule in rules]
            if any(slopes):
                table.add_row("  grows with", *["-" if s is None else f"N^{s:.2f}" for s in slopes])
            out.print(Text(quantity.label, "bold"))
            out.print(table)
    if summary.slopes:
        out.print(f"\nExponents are fitted over the {FITTED_SIZES} largest sizes.", style="dim")


def _footnotes(scenario: Scenario, summary: Summary, out: Console) -> None:
    out.print()
    grid = Table.grid(padding=(0, 1, 0, 0))
    for label, note in _slides(scenario, summary):
        grid.add_row(*filter(None, (label, note)), style="dim")
    if grid.row_count:
        out.print(grid)
    for note in summary.notes:
        out.print(note)


def _slides(scenario: Scenario, summary: Summary) -> list[tuple[str, str]]:
    """Return what there is to say about the slides' closed forms, each with its mark."""
    if not {"rtrl", "trtrl"} & {row["rule"] for row in summary.rows}:
        return []
    if scenario.sizes:
        return [("", _SLIDES_GROWTH)]
    notes = [("[1]", _SLIDES_COUNTS)]
    if any((row["units"], row["outputs"]) == (100, 10) for row in summary.rows):
        notes.append(("   ", _SLIDES_EXAMPLE))
    return notes


_SLIDES_COUNTS = (
    "The TRTRL slides count sensitivity updates alone, with N units and K outputs. The figures"
    " above it are exact counts of this network: inputs, bias, forward pass and weight updates"
    " included, and TRTRL in its edge-local form, which no longer grows with K."
)
_SLIDES_EXAMPLE = (
    "For N = 100, K = 10 the slides print 100 k multiplications; their formula 2 K N^2 gives"
    " 200 k. Their 20 kB are N^2 words of two bytes."
)
_SLIDES_GROWTH = (
    "The TRTRL slides give N^4 multiplications and N^3 words for RTRL, 2 K N^2 and N^2 for TRTRL"
    " with K outputs. Figures here are exact counts, inputs, bias, forward pass and weight updates"
    " included."
)


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
