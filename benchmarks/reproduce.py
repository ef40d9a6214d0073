"""Builds published results again, and holds them against the committed ones.

Run with ``python -m benchmarks.reproduce``, on the names of cells or on all of them. It ends with 1
where a figure is off, 2 where there is no such cell. ``--write`` keeps what comes out instead:
``docs/reproduction.json`` and its page, cell by cell, so that Ctrl-C loses only the one it stops.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is loaded: trainings share the cores

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.reproduction import page, record
from benchmarks.reproduction.cells import Cell, cells
from benchmarks.reproduction.figures import Figure, Verdict, verdicts
from benchmarks.reproduction.record import Built, Record
from neurosim.errors import RunFailed, UserError, nearest
from neurosim.report import progress
from neurosim.study import results

WIDTH = 110
GOOD, OFF, MISTAKEN, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.reproduce", description=__doc__)
    parser.add_argument("cells", nargs="*", metavar="CELL", help="which cells; all without any")
    parser.add_argument("--write", action="store_true", help="keep what comes out")
    parser.add_argument("--record", type=Path, default=record.PATH, help="another record")
    asked = parser.parse_args(argv)
    try:
        chosen = _chosen(asked.cells)
        if asked.write:
            return _written(chosen, asked.record)
        return _checked(chosen, record.read(asked.record))
    except (UserError, RunFailed) as error:
        print(f"reproduce: {error}", file=sys.stderr)
        return MISTAKEN if isinstance(error, UserError) else OFF


def rebuilt(cell: Cell) -> Built:
    """Build a cell, with its progress on a terminal."""
    began = time.perf_counter()
    with progress.shown(cell.scenario) as (watch, say):
        found = cell.build(cell.scenario, watch, say)
    values = {name: list(each) for name, each in found.items()}
    return Built(record.asked(cell.scenario), round(time.perf_counter() - began, 1), values)


def compared(cell: Cell, committed: Built | None, now: Built) -> list[Verdict]:
    """Return a verdict on every figure of a cell, and on whether it is still the same question."""
    if committed is None:
        return verdicts(cell.figures, {}, now.figures)
    found = verdicts(cell.figures, committed.figures, now.figures)
    if committed.scenario != now.scenario:
        changed = Figure("what the scenario asks for", "exact")
        found.append(Verdict(changed, None, None, "not the committed one", False))
    return found


def _chosen(names: Sequence[str]) -> dict[str, Cell]:
    known = cells()
    for name in names:
        if name not in known:
            raise UserError(f"{name}: is no cell.{nearest(name, known)} Known: {', '.join(known)}.")
    return {name: cell for name, cell in known.items() if name in names or not names}


def _checked(chosen: Mapping[str, Cell], committed: Record) -> int:
    """Build cells, print a table of each, and say whether all is as committed."""
    off, began = 0, time.perf_counter()
    try:
        for name, cell in chosen.items():
            try:
                now = rebuilt(cell)
            except RunFailed as failed:
                print(f"reproduce: {name}: {failed}", file=sys.stderr)
                off += len(cell.figures)
                continue
            found = compared(cell, committed.cells.get(name), now)
            _print(cell, found, now.seconds)
            off += sum(not each.good for each in found)
    except KeyboardInterrupt:
        print("reproduce: interrupted; the cells above are whole.", file=sys.stderr)
        return INTERRUPTED
    done = f"{len(chosen)} cells in {time.perf_counter() - began:,.0f} s"
    print(f"{done}: {f'{off} figures are off' if off else 'all as committed'}.")
    return OFF if off else GOOD


def _written(chosen: Mapping[str, Cell], path: Path) -> int:
    """Build cells, and keep each as soon as it is there, beside those that were not chosen."""
    known = cells()
    kept = dict(record.read(path).cells) if path.exists() else {}
    bad = 0
    try:
        for name, cell in chosen.items():
            kept[name] = rebuilt(cell)
            ordered = {each: kept[each] for each in known if each in kept}
            made = Record(ordered, _versions(), _computer())
            record.write(made, path)
            path.with_suffix(".md").write_text(page.text(made, known), encoding="utf-8")
            found = compared(cell, kept[name], kept[name])
            _print(cell, found, kept[name].seconds)
            bad += sum(not each.good for each in found)
    except KeyboardInterrupt:
        print("reproduce: interrupted; the cells above are kept.", file=sys.stderr)
        return INTERRUPTED
    if bad:
        print(f"reproduce: written, but {bad} figures are not what is said.", file=sys.stderr)
    return OFF if bad else GOOD


def _print(cell: Cell, found: Sequence[Verdict], seconds: float) -> None:
    """Print a cell as a table."""
    table = Table("figure", "said", "committed", "built", "verdict", title_justify="left")
    table.title = f"{cell.name}: {cell.title}\n{cell.source}\n{seconds:,.1f} s"
    for each in found:
        values = (page.figures(v) if v else "-" for v in (each.committed, each.rebuilt))
        style = None if each.good else "bold red"
        words = page.said(each.figure.claim)
        table.add_row(each.figure.name, words, *values, each.words, style=style)
    console = Console(highlight=False, markup=False)
    console.width = max(console.width, WIDTH)
    console.print(table)


def _versions() -> dict[str, str]:
    """Return the versions of what decides how is rounded."""
    found = results.versions()
    return {"Python": found["python"], "NumPy": found["numpy"]}


def _computer() -> str:
    """Return what was computed on, as far as it tells."""
    about = results.host()
    return f"{about['cores']} cores of {about['processor']}"


if __name__ == "__main__":
    sys.exit(main())
