"""The page of a sweep, and what is written into its folder beside the figures."""

from __future__ import annotations

import shlex

from neurosim.report.figures import sweep as figures
from neurosim.report.figures.gallery import laid_out
from neurosim.report.figures.picture import Picture
from neurosim.report.markup import (
    TEXT,
    contents,
    document,
    figure,
    heading,
    line,
    note,
    table,
    text,
    words,
)
from neurosim.report.sweep import (
    NOTE,
    cells,
    counted,
    front_in_words,
    headings,
    leading,
    place,
)
from neurosim.report.writing import written
from neurosim.study import description, results
from neurosim.study.scenario import RUNS
from neurosim.study.sweep.folder import Sweep
from neurosim.study.sweep.table import ERROR, RUN, shown


def draw(sweep: Sweep) -> str:
    """Write page and figures of a sweep into its folder; return in words what was written.

    Raises
    ------
    UserError
        When the folder cannot be written.
    """
    pictures = laid_out(figures.drawn(sweep))
    there = {path.stem for path in (sweep.folder / results.FIGURES).glob("*.*")}
    return written(sweep.folder, page(sweep, pictures), pictures, there)


def page(sweep: Sweep, pictures: list[Picture]) -> str:
    """Return the page of a sweep with its figures."""
    facts = {axis.field: ", ".join(map(shown, axis.values)) for axis in sweep.axes}
    facts["seeds"] = ", ".join(map(str, sweep.seeds))
    links = {each.name: each.title for each in pictures}
    parts = [
        *heading(sweep.scenario.name, facts, f"a sweep of {counted(sweep)}"),
        contents(links),
        _points(sweep),
        _failed(sweep),
        *map(figure, pictures),
        _runs(sweep),
        _again(sweep),
    ]
    return document(sweep.scenario.name, parts)


def _points(sweep: Sweep) -> str:
    front = leading(sweep)
    lines = [line(cells(sweep, row, row in front)) for row in sweep.medians]
    said = [note(front_in_words(sweep, cost)) for cost in sweep.costs]
    return "\n".join(["<h2>Points</h2>", table(headings(sweep), lines), *said, note(NOTE)])


def _failed(sweep: Sweep) -> str:
    if not sweep.failed:
        return ""
    lines = [words([place(sweep, row), str(row[ERROR])]) for row in sweep.failed]
    return f"<h2>What failed</h2>\n{table(['cell', 'why'], lines, TEXT)}"


def _runs(sweep: Sweep) -> str:
    """Return where every cell's run folder is."""
    lines = [words([place(sweep, row), str(row[RUN])]) for row in sweep.rows if row.get(RUN)]
    body = table(["cell", "run folder"], lines, TEXT)
    return f"<details><summary>Run folders of the cells</summary>{body}</details>"


def _again(sweep: Sweep) -> str:
    """Return how to get the same again."""
    toml = description.toml(description.mapping(sweep.scenario))
    return "\n".join(
        [
            "<h2>The same again</h2>",
            "<p>From the folder that holds the run store; cells that are done are taken from there."
            "</p>",
            f"<pre>{text(again(sweep))}</pre>",
            f"<details><summary>{results.SCENARIO}</summary><pre>{text(toml)}</pre></details>",
        ]
    )


def again(sweep: Sweep) -> str:
    """Return the command that computes what is missing of a sweep, and prints it."""
    parts = ["neurosim", "sweep", str(sweep.folder / results.SCENARIO)]
    for axis in sweep.axes:
        parts += ["--over", f"{axis.field}={','.join(map(shown, axis.values))}"]
    parts += ["--seeds", _seeds(sweep.seeds)]
    if sweep.folder.parent != RUNS:
        parts += ["--out", str(sweep.folder.parent)]
    return shlex.join(parts)


def _seeds(seeds: tuple[int, ...]) -> str:
    if seeds == tuple(range(len(seeds))):
        return str(len(seeds))
    return ",".join(map(str, seeds)) if len(seeds) > 1 else f"{seeds[0]}..{seeds[0]}"
