"""Prints which chip is for which rule: parts down, what a network takes of each across."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.machine.parts import PARTS
from neurosim.report.labels import label

HEADINGS = ("block RAMs", "multipliers", "lanes", "fits", "largest N")
NOTE = (
    "For a fully recurrent network, from the sizes of memories and tables; logic and timing are for"
    " synthesis to say. Lanes are the most of 8, 4, 2 and 1 with which it fits; the largest N is"
    " that of any of these."
)


def print_fits(rows: Iterable[Mapping[str, Any]], out: Console) -> None:
    """Print a table for each rule.

    Parameters
    ----------
    rows
        As ``study.fit.Row.as_dict`` makes them, by rule.
    out
        Where it goes.
    """
    for rule, mine in groupby(rows, key=lambda row: str(row["rule"])):
        of_rule = list(mine)
        out.print(Text(f"{label(rule)}, {of_rule[0]['units']:,} units", "bold"))
        out.print(_table(of_rule))
    out.print(NOTE, style="dim")


def _table(rows: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", min_width=24, no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*cells(row))
    return table


def cells(row: Mapping[str, Any]) -> tuple[str | Text, ...]:
    """Return what a table says of a rule on a part, under `HEADINGS`."""
    blocks = f"{row['block_rams']:,} of {row['block_rams_there']:,}"
    products = f"{row['multipliers']:,} of {row['multipliers_there']:,}"
    if not row["multipliers_there"]:
        products = "in logic"
    fits = Text("yes", "green") if row["fits"] else Text("no", "red")
    title = f"  {PARTS[row['part']].title}"
    return title, blocks, products, f"{row['lanes']:,}", fits, f"{row['largest_units']:,}"
