"""Prints which chip is for a network: parts as groups, lanes down, what each takes and does."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.machine.parts import PARTS
from neurosim.report import quantities
from neurosim.report.terminal import tidy
from neurosim.study.hardware.choice import Choice, Choices
from neurosim.study.hardware.summary import counted

HEADINGS = ("lanes", "LUTs", "RAMs", "mult.", "cycles", "steps/s", "largest N", "fits")
NOTE = (
    "Block RAMs and multipliers are those that synthesis takes. LUTs are predicted, carry cells"
    " among them, and on iCE40 registers that have a cell of their own. Largest N: of a fully"
    " recurrent network with these lanes, by memories and multipliers. * is on the front: none that"
    " fits learns faster with as few LUTs."
)


def print_choices(found: Choices, out: Console) -> None:
    """Print a group for each part, then what is advised."""
    with tidy(out):
        what = f": {found.rule} with {found.units:,} units, {found.number}"
        out.print(Text.assemble((found.name, "bold"), what))
        for part in found.parts:
            out.print()
            _heading(found.of(part), out)
            out.print(_table(found, part))
        out.print()
        for line in advice(found):
            out.print(line)
        out.print()
        out.print(NOTE, style="dim")


def _heading(mine: tuple[Choice, ...], out: Console) -> None:
    part = PARTS[mine[0].part]
    there = f": {part.cells:,} LUTs, {part.blocks} block RAMs, {part.multipliers} multipliers"
    out.print(Text.assemble((part.title, "bold"), there))
    out.print(f"  {_clock(mine)}", style="dim")


def _clock(mine: tuple[Choice, ...]) -> str:
    """Say at which clock the rates of a part are."""
    assumed = next((each for each in mine if each.clock_from != "placed"), None)
    said = []
    if assumed is not None and assumed.clock_mhz is None:
        said.append("no clock is known, so no rates")
    elif assumed is not None:
        said.append(f"at {assumed.clock_mhz:g} MHz: {assumed.clock_from}")
    for each in mine:
        if each.clock_from == "placed":
            said.append(f"{counted(each.lanes, 'lane')} placed at {each.clock_mhz:.1f} MHz")
    return "; ".join(said)


def _table(found: Choices, part: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in HEADINGS:
        justify = "left" if heading == "fits" else "right"
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    front = found.front
    for each in found.of(part):
        table.add_row(*_cells(each, each in front))
    return table


def _cells(each: Choice, leads: bool) -> Iterator[str | Text]:
    fit = each.fit
    least = "" if each.exact else ">="
    yield f"{each.lanes:,}"
    yield _amount(fit.luts, fit.luts_there) if fit.luts else "-"
    yield _amount(fit.blocks, fit.blocks_there, least)
    yield _amount(fit.multipliers, fit.multipliers_there)
    yield "-" if each.cycles is None else f"{each.cycles:,}"
    rate = each.steps_per_second
    yield "-" if rate is None or not each.fits else f"{rate:,.0f}" + "*" * leads
    yield "-" if each.largest_units is None else f"{each.largest_units:,}"
    yield Text("yes", "green") if each.fits else Text(f"no: {each.lacks}", "red")


def _amount(taken: int, there: int, least: str = "") -> Text:
    return Text(f"{least}{taken:,}", "red" if taken > there else "")


def advice(found: Choices) -> Iterator[str]:
    """Yield what is advised: the fastest chip of each part, and the smallest part that will do."""
    for part in found.parts:
        best = found.fastest(part)
        if best is None:
            yield f"{PARTS[part].title}: no number of lanes fits."
            continue
        rate = best.steps_per_second
        speed = f"{best.cycles:,} cycles a step" if rate is None else f"{rate:,.0f} steps/s"
        yield f"{PARTS[part].title}: fastest with {counted(best.lanes, 'lane')}, {speed}."
    small = found.smallest()
    if small is not None:
        rate = small.steps_per_second
        speed = "" if rate is None else f", {quantities.count(round(rate))} steps/s"
        title = PARTS[small.part].title
        yield f"Smallest part that holds it: {title}, {counted(small.lanes, 'lane')}{speed}."
