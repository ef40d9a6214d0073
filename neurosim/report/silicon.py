"""What a terminal says of a chip on an FPGA: cells by block, the clock, and what limits it."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from myhdl_core.silicon.families import Family, Resources
from myhdl_core.silicon.placement import NAMES, Placement
from myhdl_core.silicon.synthesis import Synthesis, of_a_lane
from neurosim.report import quantities
from neurosim.study.hardware.silicon import Silicon
from neurosim.study.hardware.summary import counted

_COLUMNS = ("LUTs", "carries", "registers", "block RAM", "multipliers")


def print_silicon(
    silicon: Silicon, out: Console, predicted: Mapping[str, int] | None = None
) -> None:
    """Print what a chip takes and reaches.

    Parameters
    ----------
    silicon
        The chip.
    out
        Where it goes.
    predicted
        What was predicted of the whole, by the fields of ``Resources``, as far as it was.
    """
    _cells(silicon.synthesis, out, predicted)
    if silicon.placement is not None:
        _placed(silicon.placement, out)


def _cells(synthesis: Synthesis, out: Console, predicted: Mapping[str, int] | None) -> None:
    out.print(Text(f"On {synthesis.family.title}, synthesised", "bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("  block", min_width=16, no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for name, each in _rows(synthesis):
        table.add_row(f"  {name}", *_numbers(each))
    table.add_row("  whole", *_numbers(synthesis.whole), style="bold", end_section=True)
    if predicted:
        named = [predicted.get(name) for name in synthesis.whole.as_dict()][: len(_COLUMNS)]
        # what nobody predicts, such as registers, is no zero
        table.add_row("  predicted", *(quantities.count(each) if each else "" for each in named))
    out.print(table)
    out.print(f"  {_remarks(synthesis)}", style="dim")
    for alarm in synthesis.alarms:
        out.print(f"  alarm: {alarm}", style="bold red")
    out.print()


def _rows(synthesis: Synthesis) -> list[tuple[str, Resources]]:
    """Return a row for each block; lanes and their tables as one row, all together."""
    blocks, lanes = synthesis.blocks, synthesis.lanes
    rest = [(name, each) for name, each in blocks.items() if not of_a_lane(name)]
    whole = sum((each for name, each in blocks.items() if of_a_lane(name)), start=Resources())
    return [*rest, (counted(lanes, "lane"), whole)] if lanes else rest


def _numbers(resources: Resources) -> list[str]:
    return [quantities.count(each) if each else "-" for each in resources.values[: len(_COLUMNS)]]


def _remarks(synthesis: Synthesis) -> str:
    family: Family = synthesis.family
    sites = family.lut_sites(synthesis.whole)
    carried = f"{sites:,} LUTs in all with those of carries; " if family.carry_luts else ""
    lane = f"{synthesis.luts_of_a_lane:,.0f} LUTs a lane; " if synthesis.lanes else ""
    return f"{lane}{carried}Yosys {synthesis.yosys}, {quantities.seconds(synthesis.seconds)}"


def _placed(placement: Placement, out: Console) -> None:
    part = placement.part
    grade = f", speed {part.speed}" if part.speed else ""
    out.print(Text(f"On {part.title}{grade}, placed", "bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(min_width=34, no_wrap=True)
    table.add_column(justify="right", min_width=14, no_wrap=True)
    table.add_column(overflow="fold")
    for name, value, remark in _lines(placement):
        table.add_row(f"  {name}", value, remark)
    out.print(table)
    if placement.worst.path is not None:
        out.print(f"  slowest path: {placement.worst.path.words}", soft_wrap=True)
    out.print()


def _lines(placement: Placement) -> list[tuple[str, str, str]]:
    seeds = len(placement.runs)
    each = ", ".join(f"{run.mhz:.1f}" for run in placement.runs)
    goal = f"{'reaches' if placement.reached else 'misses'} {placement.goal_mhz:g}"
    seconds = sum(run.seconds for run in placement.runs)
    lines = [
        ("clock, worst of the seeds", f"{placement.worst.mhz:.1f} MHz", goal),
        (f"clock, {counted(seeds, 'seed')}", "", each),
    ]
    for name, used in placement.utilisation.items():
        if name in NAMES:
            lines.append((NAMES[name], f"{used.used:,}", f"of {used.there:,}, with the harness"))
    lines.append((placement.tool, quantities.seconds(seconds), "for all seeds"))
    return lines
