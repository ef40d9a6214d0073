"""Prints which parts and tools are here, and the commands that get the others."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from myhdl_core import tools
from myhdl_core.tools import Tool
from neurosim.report.terminal import tidy


def print_found(
    core: Sequence[Tool], many: Sequence[Tool], hardware: Sequence[Tool], kept: str, out: Console
) -> None:
    """Print a table of parts and tools, then what installs the missing ones.

    Parameters
    ----------
    core, many, hardware
        What everything stands on, what many trainings may need, and what the chip needs.
    kept
        The folder in which built chips are kept.
    out
        Where it goes.
    """
    with tidy(out):
        _print_group("neurosim", core, out)
        _print_group("Many trainings", many, out)
        _print_group("The chip", hardware, out)
        missing = [tool for tool in (*many, *hardware) if not tool.found]
        if missing:
            out.print(Text("To get what is missing", "bold"))
            for command in tools.commands(missing):
                out.print(f"  {command}", soft_wrap=True)
            if hint := tools.without_administrator(missing):
                out.print(hint, soft_wrap=True)
            out.print()
        out.print(f"Simulated chips, once built, are kept in {kept}", soft_wrap=True)


def _print_group(name: str, found: Sequence[Tool], out: Console) -> None:
    out.print(Text(name, "bold"))
    grid = Table.grid(padding=(0, 2, 0, 0))
    for width in (14, 9):
        grid.add_column(min_width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    for tool in found:
        state = Text(tool.version or "found") if tool.found else Text("missing", "yellow")
        grid.add_row(f"  {tool.name}", state, tool.needed_for)
    out.print(grid)
    out.print()
