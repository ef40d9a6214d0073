"""Prints whether the forms of a rule agree."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.report.labels import label
from neurosim.report.terminal import tidy
from neurosim.study.agreement import Agreement, Tried

# The smallest networks come first, and are the easiest to follow.
MOST_LINES = 4
_ABOUT = (
    "Compared: messages with arrays, word by word; counts of messages with closed forms; words on"
    " the clock of a machine with arrays. Floats may differ in the ninth digit, fixed point in"
    " none."
)


def print_agreement(found: Agreement, key: str, out: Console) -> None:
    """Print a line for each network with a word for each number format, then what differs."""
    numbers = list(dict.fromkeys(each.number for each in found.tried))
    with tidy(out):
        out.print(Text.assemble((label(key), "bold"), f", {found.steps:,} steps on each network"))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_row("", *numbers, style="dim")
        for network in dict.fromkeys(each.network for each in found.tried):
            mine = [each for each in found.tried if each.network == network]
            grid.add_row(f"  {network}", *map(_word, mine))
        out.print(grid)
        out.print()
        lines = [line for line in dict.fromkeys(map(_why, found.tried)) if line]
        for line in lines[:MOST_LINES]:
            out.print(line)
        out.print(_ABOUT if found.held else "The forms do not agree. Correct the rule.")


def _word(tried: Tried) -> Text:
    if tried.refused is not None:
        return Text("refused", "dim")
    return Text("agree") if tried.difference is None else Text("differ", "bold red")


def _why(tried: Tried) -> str:
    if tried.refused is not None:
        return tried.refused
    return f"{tried.network}, {tried.number}: {tried.difference}" if tried.difference else ""
