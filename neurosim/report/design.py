"""Prints what a search for a design answers: the front, the design, or what would do."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.report import quantities
from neurosim.report.hardware import closing
from neurosim.report.labels import label
from neurosim.report.lacking import lacking, named, rate
from neurosim.report.progress import display
from neurosim.report.terminal import tidy
from neurosim.study.design.answer import Answer
from neurosim.study.design.judge import Verdict
from neurosim.study.design.search import Progress, Watcher
from neurosim.study.design.trials import Tried
from neurosim.study.hardware.summary import counted

HEADINGS = ("cost", "error", "rule", "units", "density", "bits", "lanes", "cycles", "steps/s")
NOTE = (
    "Cost: the largest of the shares of the part's LUTs, block RAMs and multipliers. Error: mean"
    " square over the target's variance, in the last tenth of the steps; where other seeds were"
    " tried, the median if that is larger. Bits: of a word, and of a weight. LUTs are predicted,"
    " and the clock is the part's conservative one."
)
LONGEST_FRONT = 12


@contextmanager
def shown() -> Iterator[Watcher]:
    """Show on stderr, while the block lasts, how far a search is; nothing where nobody watches."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    with display() as lines:
        line = lines.add_task("reading", total=1.0, figures="")
        yield lambda at: lines.update(
            line, description=at.doing, completed=at.share, figures=figures(at)
        )


def figures(at: Progress) -> str:
    """Return how far a search is, in words."""
    said = [f"{at.trained} trained"]
    if at.best is not None:
        said.append(f"best {_brief(at.best)}")
    if at.seconds_left < float("inf"):
        said.append(f"{quantities.seconds(round(at.seconds_left))} left")
    return ", ".join(said)


def _brief(tried: Tried) -> str:
    error = quantities.small(tried.error or 0.0)
    return f"error {error} at {quantities.share(tried.verdict.cost)}"


def print_answer(
    answer: Answer, written: str, hints: Sequence[tuple[str, str]], out: Console
) -> None:
    """Print an answer.

    Parameters
    ----------
    answer
        What came out.
    written
        What was written, in words.
    hints
        Commands that could follow, each with its purpose.
    out
        Where it goes.
    """
    with tidy(out):
        _heading(answer, out)
        if answer.front:
            out.print(_table(answer))
            out.print()
        for line in told(answer):
            out.print(line)
        out.print()
        if answer.front:
            out.print(NOTE, style="dim")
            out.print()
        closing(written, hints, out)


def _heading(answer: Answer, out: Console) -> None:
    demand = answer.demand
    part = demand.silicon
    out.print(Text.assemble((demand.name, "bold"), f": {rate(demand.rate_hz)} on {part.title}"))
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    grid.add_row("demand", f"{demand.cycles:,} cycles a step at {part.clock_mhz:g} MHz"
                 f" ({part.clock_source}); {_wanted(answer)}")  # fmt: skip
    failed = f", {answer.failed} could not learn" * bool(answer.failed)
    grid.add_row(
        "search",
        f"{counted(answer.tried, 'design')} trained{failed}, {answer.rejected:,} refused before,"
        " since they do not fit or keep the rate",
    )
    out.print(grid)
    out.print()


def _wanted(answer: Answer) -> str:
    if answer.demand.max_error is not None:
        return f"error {quantities.small(answer.demand.max_error)} at most"
    if answer.target is None:
        return "the smallest error"
    return f"error near the best, {quantities.small(answer.target)} at most"


def _table(answer: Answer) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("", *HEADINGS):
        justify = "left" if heading in ("", "rule") else "right"
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    chosen = answer.chosen
    rows = list(answer.front)
    if chosen is not None and chosen not in rows:
        rows.append(chosen)
    rows.sort(key=lambda each: each.verdict.rank)
    for each in _few(rows, chosen):
        table.add_row("*" if each == chosen else "", *_cells(each))
    return table


def _few(rows: list[Tried], chosen: Tried | None) -> list[Tried]:
    """Return the rows that are shown where they are too many: the ends, and about the chosen."""
    if len(rows) <= LONGEST_FRONT:
        return rows
    at = rows.index(chosen) if chosen in rows else 0
    order = sorted(range(len(rows)), key=lambda n: (n not in (0, len(rows) - 1), abs(n - at)))
    return [rows[n] for n in sorted(order[:LONGEST_FRONT])]


def _cells(each: Tried) -> Iterator[str]:
    candidate, verdict = each.candidate, each.verdict
    yield quantities.share(verdict.cost)
    yield quantities.small(each.promised)
    yield label(candidate.rule)
    yield str(candidate.units)
    yield f"{candidate.density:.0%}"
    yield candidate.numbers
    yield str(verdict.lanes)
    yield f"{verdict.cycles:,}"
    yield f"{verdict.steps_per_second:,.0f}"


def told(answer: Answer) -> Iterator[str]:
    """Yield what is to be said of the design, or of what is missing."""
    if answer.status == "interrupted":
        yield "Interrupted: the same command goes on. What follows is not confirmed."
    if answer.chosen is not None:
        yield from _design(answer, answer.chosen)
    elif answer.missing is not None:
        yield from lacking(answer, answer.missing)


def _design(answer: Answer, chosen: Tried) -> Iterator[str]:
    verdict, demand = chosen.verdict, answer.demand
    lanes = counted(verdict.lanes, "lane")
    yield f"Design: {named(verdict)} on {lanes}, learning rate {chosen.candidate.learning_rate:g}."
    yield (
        f"Rate: {verdict.steps_per_second:,.0f} steps/s for {rate(demand.rate_hz)}, a margin of"
        f" {quantities.share(answer.margin or 0.0)}."
    )
    error = f"Error: {quantities.small(chosen.error or 0.0)}"
    if demand.max_error is not None:
        room = 1 - (chosen.error or 0.0) / demand.max_error
        error += f" for {quantities.small(demand.max_error)}, a margin of {quantities.share(room)}"
    yield f"{error}."
    yield f"Takes {_taken(verdict)}."
    if answer.status == "found":
        yield _confirmed(answer)


def _confirmed(answer: Answer) -> str:
    last = answer.confirmed[-1]
    others = " and ".join(quantities.small(each) for each in last.tried.others or ())
    agrees = f"the clocked engine gives the same error in {last.cycles[0]:,} cycles a step"
    return f"Confirmed: {agrees}; from two other seeds the error is {others}.{_lucky(answer)}"


def _lucky(answer: Answer) -> str:
    """Say how many cheaper designs learn from the seed that is built, and not from others."""
    wanted, chosen = answer.target, answer.chosen
    if wanted is None or chosen is None:
        return ""
    lucky = [
        each for each in answer.every
        if each.error is not None and each.error <= wanted < each.promised
        and each.verdict.rank < chosen.verdict.rank
    ]  # fmt: skip
    if not lucky:
        return ""
    return f" {counted(len(lucky), 'cheaper design')} would do from one seed, and not from others."


def _taken(verdict: Verdict) -> str:
    fit = verdict.fit
    assert fit is not None
    rows = (
        (fit.luts, fit.luts_there, "LUTs"), (fit.blocks, fit.blocks_there, "block RAMs"),
        (fit.multipliers, fit.multipliers_there, "multipliers"),
    )  # fmt: skip
    return ", ".join(
        f"{taken:,} of {there:,} {what} ({quantities.share(taken / there)})"
        for taken, there, what in rows if there
    )  # fmt: skip
