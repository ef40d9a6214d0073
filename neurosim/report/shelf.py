"""Prints what is on the shelf, and single things from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.report.terminal import as_typed, tidy
from neurosim.study.inventory import Entry


def print_list(found: Mapping[str, Mapping[str, str]], out: Console) -> None:
    """Print every kind with its names and a line about each."""
    with tidy(out):
        _print_kinds(found, out)
        out.print(f"`{as_typed('neurosim show NAME')}` says more about any of these.")


def _print_kinds(found: Mapping[str, Mapping[str, str]], out: Console) -> None:
    for kind, names in found.items():
        out.print(Text(kind, "bold"))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(min_width=20, no_wrap=True)
        grid.add_column(overflow="fold")
        for name, line in names.items():
            grid.add_row(f"  {name}", line)
        out.print(grid)
        out.print()


def print_entry(entry: Entry, out: Console) -> None:
    """Print one thing: what it says about itself, then its figures.

    A scenario is printed as a TOML file that can be edited and run; a machine is such a file.
    """
    if entry.kind == "machine" and entry.toml is not None:
        out.file.write(f"{entry.toml.rstrip()}\n")
        return
    with tidy(out):
        if entry.toml is None:
            _print_thing(entry, out)
        else:
            for line in entry.about.strip().splitlines():
                out.print(f"# {line}".rstrip(), style="dim", soft_wrap=True)
            out.print()
            out.print(entry.toml.rstrip(), soft_wrap=True)


def _print_thing(entry: Entry, out: Console) -> None:
    out.print(Text.assemble((entry.name, "bold"), f" ({entry.kind})"))
    out.print()
    for paragraph in _paragraphs(entry.about):
        out.print(paragraph, soft_wrap="\n" in paragraph)
        out.print()
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(min_width=26, no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in _flat(entry.facts):
        grid.add_row(name, value)
    out.print(grid)


def _paragraphs(about: str) -> list[str]:
    """Return paragraphs as single lines, but for lists and formulas, whose lines stay."""
    found = []
    for block in about.strip().split("\n\n"):
        lines = block.strip("\n").splitlines()
        set_out = any(line.startswith((" ", "*", "-")) for line in lines)
        found.append("\n".join(lines) if set_out else " ".join(lines))
    return found


def _flat(facts: Mapping[str, Any], indent: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            rows += [(f"{indent}{name}", ""), *_flat(value, indent + "  ")]
        elif isinstance(value, Sequence) and value and isinstance(value[0], Mapping):
            for part in value:
                rows += _flat({name: part}, indent)
        else:
            rows.append((f"{indent}{name}", _written(value)))
    return rows


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return "not set" if value is None else str(value)
