"""The page of the reproduction pack: ``docs/reproduction.md``, made from the record alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from statistics import median
from textwrap import fill

from benchmarks.reproduction.cells import Cell
from benchmarks.reproduction.figures import Claim, Figure, Values
from benchmarks.reproduction.record import Built, Record

WIDTH = 100
JUDGED = {
    "exact": "equal",
    "spread": "4 standard errors",
    "ratio": "4 standard errors, of logarithms",
    "told": "not judged",
}
_HEAD = """# Published results, built again

Every cell of this page is built from a scenario of the shelf and committed as
[reproduction.json](reproduction.json). The checker builds them anew and holds them against it:

```console
$ python -m benchmarks.reproduce               # all of them
$ python -m benchmarks.reproduce kronecker     # one of them
$ python -m benchmarks.reproduce --write       # and keep what came out, on this page too
```

It ends with 1 where a figure is off or is not what literature says. Figures are medians over seeds,
with the least and the greatest. Counts have to be equal. Medians of what is learned have to lie
within four standard errors of the committed ones, by the spread of their seeds: the same computer
gives the same bits again, another rounds otherwise. What depends on the computer is told, and not
judged.
"""


def text(record: Record, cells: Mapping[str, Cell]) -> str:
    """Return the page."""
    known = [(cells[name], built) for name, built in record.cells.items() if name in cells]
    seconds = sum(built.seconds for _, built in known)
    versions = " and ".join(f"{name} {value}" for name, value in record.versions.items())
    made = f"Built in {seconds:,.0f} seconds on {record.computer}, by {versions}.\n"
    return "\n".join([_HEAD, made, *(_section(cell, built) for cell, built in known)])


def number(value: float) -> str:
    """Return a figure as people read it: counts whole, others to three digits."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if abs(value) >= 0.1 else f"{value:.2g}"


def figures(values: Values) -> str:
    """Return the median of several values with their range, or the one there is."""
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} ({number(min(values))} to {number(max(values))})"


def said(claim: Claim | None) -> str:
    """Return what is said of a figure."""
    return claim.words if claim else ""


def _section(cell: Cell, built: Built) -> str:
    rows = [_row(figure, built.figures[figure.name]) for figure in cell.figures]
    source = re.sub(r"doi (10\.[^\s);]+)", r"doi [\1](https://doi.org/\1)", cell.source)
    note = f"\n{_wrapped(cell.note)}\n" if cell.note else ""
    return f"""## {cell.title}

{_wrapped(f"{source}: {cell.said}.")}

`{cell.command}`, in the pack `{cell.name}`, {built.seconds:,.0f} s.
{note}
| figure | said | built | has to be |
|---|---|---|---|
{chr(10).join(rows)}
"""


def _wrapped(words: str) -> str:
    return fill(words, WIDTH, break_long_words=False, break_on_hyphens=False)


def _row(figure: Figure, values: Values) -> str:
    cells = figure.name, said(figure.claim), figures(values), JUDGED[figure.judged]
    return f"| {' | '.join(cells)} |"
