"""Prints what a chip is: its figures, where the cycles of a step go, and what a check found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.machine.parts import Fit
from neurosim.report import quantities
from neurosim.report.terminal import as_typed, tidy
from neurosim.study.hardware.check import Checked
from neurosim.study.hardware.summary import CLOCK_MHZ, Chip, counted

Line = tuple[str, str]


def print_chip(
    chip: Chip,
    fit: Fit | None,
    checked: Checked | None,
    lint: str | None,
    written: str,
    hints: Sequence[tuple[str, str]],
    out: Console,
    more: Iterable[Callable[[Console], None]] = (),
) -> None:
    """Print the report of a chip.

    Parameters
    ----------
    chip, fit, checked, lint
        The chip, how it fits a part, what comparing it found, and what the linter said; None for
        what was not asked for.
    written
        What was written, in words.
    hints
        Commands that could follow, each with its purpose.
    out
        Where it goes.
    more
        Print what other tools found, below all that.
    """
    with tidy(out):
        _heading(chip, out)
        _print_lines("Time, each learning step", _time(chip), out)
        _print_lines("  by phase", _phases(chip), out)
        _print_lines("Program", _program(chip), out)
        _print_lines("Memories, words x bits", _memories(chip), out)
        if fit is not None:
            _print_lines(f"On a {fit.part}, estimated", _fit(fit), out)
        _passes(chip, out)
        if checked is not None:
            _print_lines("Check", _check(checked, lint or ""), out)
            out.print()
        for prints in more:
            prints(out)
        closing(written, hints, out)


def _heading(chip: Chip, out: Console) -> None:
    lanes = counted(chip.lanes, "lane")
    said = f": {chip.rule} with {chip.units} units and {chip.edges:,} weights on {lanes}"
    out.print(Text.assemble((chip.name, "bold"), said))
    default = " by default, in place of the scenario's float64" * chip.number_is_default
    out.print(f"numbers {chip.number}{default}")
    out.print()


def _print_lines(title: str, lines: Iterable[Line], out: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(min_width=34, no_wrap=True)
    table.add_column(justify="right", min_width=14, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text(title, "bold"))
    for label, value in lines:
        value, _, remark = value.partition("; ")
        table.add_row(f"    {label}" if title.startswith(" ") else f"  {label}", value, remark)
    out.print(table)


def _time(chip: Chip) -> list[Line]:
    return [
        ("cycles", quantities.count(chip.cycles)),
        ("cycles with learning off", quantities.count(chip.inference_cycles)),
        ("multiplications", quantities.count(chip.multiplications)),
        ("multipliers busy", quantities.share(chip.utilisation)),
        ("steps a second", f"{chip.steps_per_second:,.0f}; at {CLOCK_MHZ:g} MHz, an assumption"),
    ]


def _phases(chip: Chip) -> list[Line]:
    return [
        (name, f"{quantities.count(cycles)}; {quantities.share(cycles / chip.cycles)}")
        for name, cycles in chip.phases
    ]


def _program(chip: Chip) -> list[Line]:
    return [
        ("microcode", f"{chip.instructions} x {chip.instruction_bits}; instructions x bits"),
        ("table of a lane", f"{chip.table_words:,} x {chip.table_bits}; words x bits"),
    ]


def _memories(chip: Chip) -> list[Line]:
    return [
        (memory.name, f"{memory.words:,} x {memory.bits}" + "; in each lane" * (memory.count > 1))
        for memory in chip.memories
        if memory.name not in ("table", "microcode")
    ]


def _fit(fit: Fit) -> list[Line]:
    lines = [
        ("block RAMs", f"{fit.blocks} of {fit.blocks_there}"),
        ("multipliers", f"{fit.multipliers} of {fit.multipliers_there}"),
    ]
    luts = ("LUTs, predicted", f"{fit.luts:,} of {fit.luts_there:,}")
    return [*lines, luts] if fit.luts else lines


def _passes(chip: Chip, out: Console) -> None:
    out.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading, justify in (("cycle", "right"), ("cycles", "right"), ("phase", "left")):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("pass", overflow="fold")
    table.add_column("products", justify="right", no_wrap=True)
    for each in chip.passes:
        products = quantities.count(each.multiplications) if each.multiplications else "-"
        table.add_row(f"{each.start:,}", f"{each.cycles:,}", each.phase, each.name, products)
    out.print(table)
    out.print()


def _check(checked: Checked, lint: str) -> list[Line]:
    measured = ", ".join(f"{cycles:,}" for cycles in checked.cycles_measured[:4])
    clipped = "yes" if checked.saturated else "no"
    lines = [
        ("lint", "clean" if not lint else f"{len(lint.splitlines())} lines; see below"),
        ("words compared", f"{checked.words:,}; in {checked.steps:,} steps"),
        ("words that differ", f"{checked.mismatches:,}"),
        ("cycles, predicted", f"{checked.cycles_expected:,}"),
        ("cycles, measured", measured),
        ("steps of another length", f"{checked.cycles_differing:,}"),
        ("steps with a phase elsewhere", f"{checked.phases_differing:,}"),
        ("a result was clipped", clipped),
    ]
    if checked.first is not None:
        lines.append(("first difference", f"; {checked.first}"))
    return lines


def closing(written: str, hints: Iterable[tuple[str, str]], out: Console) -> None:
    """Print what was written, and commands that could follow, each with its purpose."""
    out.print(Text.assemble(("written", "dim"), "  ", written), soft_wrap=True)
    for command, purpose in hints:
        typed = as_typed(command) if command.startswith("neurosim ") else command
        line = Text.assemble(("next   ", "dim"), "  ", (typed, "bold"))
        fits = len(line) + 2 + len(purpose) <= out.width
        out.print(line + Text(f"  {purpose}" if fits else f"\n{'':9}{purpose}"), soft_wrap=True)
