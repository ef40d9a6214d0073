"""The table of an alignment: rules down, how near their gradients are and what they cost across."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from neurosim.report import quantities
from neurosim.report.labels import label
from neurosim.report.quantities import Row
from neurosim.study.summary import Summary

COSTS = (
    ("multiplications", "multiplications_per_step"),
    ("words kept", "stored_words"),
    ("words sent", "words_sent_per_step"),
    ("cycles", "cycles_per_step"),
)


def measure_heads(summary: Summary) -> list[str]:
    """Return the heads of the columns that gradients have."""
    return [*_measures(summary)]


def measures(summary: Summary) -> list[list[str]]:
    """Return how each rule's gradients stand to the exact ones."""
    return [[_measure(row, name) for name in _measures(summary).values()] for row in summary.rows]


def cost_heads(summary: Summary) -> list[str]:
    """Return the heads of the columns that costs have."""
    return [head for head, name in COSTS if _any(summary, name)]


def costs(summary: Summary) -> list[list[str]]:
    """Return what a step of each rule takes."""
    names = [name for _, name in COSTS if _any(summary, name)]
    return [
        ["-" if name not in row else quantities.count(row[name]) for name in names]
        for row in summary.rows
    ]


def headline(row: Row) -> str:
    """Return which cosine of a row is its headline: over hidden units, where there are some."""
    return "hidden_cosine" if "hidden_cosine" in row else "cosine"


def _any(summary: Summary, name: str) -> bool:
    return any(name in row for row in summary.rows)


def _measures(summary: Summary) -> dict[str, str]:
    """Return what is said of gradients, by the heads of the columns."""
    hidden = _any(summary, "hidden_cosine")
    own = "hidden_cosine" if hidden else "cosine"
    found = {"cosine": own}
    if _any(summary, f"{own}_spread"):
        found["+-"] = f"{own}_spread"
    found |= {"10 %": f"{own}_low", "median": f"{own}_median", "90 %": f"{own}_high"}
    if hidden:
        found["all units"] = "cosine"
    return {**found, "norm": own.replace("cosine", "norm_ratio")}


def _measure(row: Row, name: str) -> str:
    if name not in row:
        return "-"
    return f"{row[name]:.3f}" if "cosine" in name else quantities.small(row[name])


def print_table(summary: Summary, out: Console) -> None:
    """Print a line for each rule: of its gradients, and then of its costs."""
    names = ["Gradients", *(label(row["rule"]) for row in summary.rows)]
    width = min(28, max(map(len, names)))
    parts = (
        ("Gradients", measure_heads(summary), measures(summary)),
        ("Costs, each step", cost_heads(summary), costs(summary)),
    )
    for n, (head, columns, cells) in enumerate(parts):
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column(head, min_width=width, overflow="fold")
        for column in columns:
            table.add_column(column, justify="right", no_wrap=True)
        for row, own in zip(summary.rows, cells, strict=True):
            table.add_row(label(row["rule"]), *own)
        if n:
            out.print()
        out.print(table)


def notes(summary: Summary) -> Sequence[tuple[str, str]]:
    """Return what is to be known about the columns."""
    hidden = _any(summary, "hidden_cosine")
    own = (
        "Cosine of a rule's gradient with RTRL's, mean over time; norm is the median of their"
        " lengths' ratio."
    )
    if hidden:
        own += (
            " Both over the weights of hidden units: outputs' own are exact in most rules, and"
            " flatter the cosine over all."
        )
    found = [("", own)]
    if _any(summary, "cosine_spread"):
        found.append(("", "+- is the standard deviation of the seeds' means."))
    out = {row["rule"]: row["left_out_steps"] for row in summary.rows if row.get("left_out_steps")}
    for rule, steps in out.items():
        found.append(("", f"{label(rule)}: {steps:,} steps left out, where a gradient is zero."))
    return found
