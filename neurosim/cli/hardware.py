"""What `neurosim hardware` does: write a scenario's network and rule as a chip, and examine it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from myhdl_core.boards.board import Board, board_named
from myhdl_core.silicon.prediction import predicted
from neurosim.cli import choices, designs
from neurosim.cli.findings import Findings, Wishes, found, wanted
from neurosim.cli.flags import DataShortcuts
from neurosim.machine.parts import PARTS, Fit, Part, fitted, part_named
from neurosim.report import hardware as report
from neurosim.report import progress, terminal
from neurosim.report.proof import print_netlist, print_proved
from neurosim.report.silicon import print_silicon
from neurosim.study import results
from neurosim.study.hardware import boards
from neurosim.study.hardware import folder as chip_folder
from neurosim.study.hardware.folder import Design
from neurosim.study.hardware.silicon import Wanted
from neurosim.study.hardware.summary import figures
from neurosim.study.scenario import Scenario, folder_name

__all__ = ["Wishes", "asked"]


def asked(
    name: str, flags: Any, short: DataShortcuts | None, wishes: Wishes, out: Path, as_json: bool
) -> int:
    """Write the chip of what is called ``name``, examine it as wished, and print a report."""
    scenario = designs.reduced(name, flags, short)
    again = _again(name, out, scenario, flags or short, wishes)
    if wishes.tools.fit:
        return choices.shown(scenario, again, wishes, out, as_json)
    part = part_named(wishes.part) if wishes.part else None
    board = board_named(wishes.tools.board) if wishes.tools.board else None
    return _made(scenario, again, wishes, _Aim(part, board, wanted(wishes, part)), out, as_json)


class _Aim(NamedTuple):
    """Where a chip is to go, each None where nobody asked: a part, a board, and any FPGA tools."""

    part: Part | None
    board: Board | None
    silicon: Wanted | None


def _made(
    scenario: Scenario, again: str, wishes: Wishes, aim: _Aim, out: Path, as_json: bool
) -> int:
    with progress.shown(scenario) as (_, say):
        say("planning the chip")
        design = designs.designed(scenario, wishes.lanes, wishes.steps)
        fit = _fit(design, aim)
        with results.prepared(scenario, out) as folder:
            say("writing the Verilog")
            rtl = chip_folder.write(design, folder, wishes.waveforms, aim.board)
            record = chip_folder.carried(folder) | figures(design.chip, fit)

            def keep(news: Mapping[str, Any]) -> None:
                record.update(news)
                chip_folder.keep(folder, scenario, record)

            keep({})
            findings = found(design, rtl, wishes, aim.silicon, keep, say)
    if as_json:
        print(json.dumps({**record, "folder": str(rtl)}, indent=2, allow_nan=False))
    else:
        written = f"{rtl}: {_written(aim.board)}"
        hints = _hints(again, rtl, wishes, aim.board)
        checked, lint = findings.checked, findings.lint
        console, more = terminal.console(), _printers(findings)
        report.print_chip(design.chip, fit, checked, lint, written, hints, console, more)
    return _end(findings, as_json or not sys.stdout.isatty())


def _written(board: Board | None) -> str:
    own = "" if board is None else f", {boards.FOLDER}/{board.name}"
    texts = "README.md, registers.md, network_driver.py"
    return f"Verilog, test bench, {texts}, {chip_folder.DIAGRAM}{own}"


def _fit(design: Design, aim: _Aim) -> Fit | None:
    """Return what the chip takes of the part, or else of the board's, refusing what cannot fit."""
    fit, chip = None, design.chip
    if aim.board is not None:
        fit = boards.fitted(design, aim.board, _luts(design, PARTS[aim.board.part]))
    if aim.part is not None:
        luts = _luts(design, aim.part)
        fit = fitted(aim.part, chip.memories, chip.lanes, design.number, luts)
    return fit


def _luts(design: Design, part: Part) -> int:
    return predicted(design.assembled.program, design.chip.memories, part).lut_sites


def _again(name: str, out: Path, scenario: Scenario, changed: object, wishes: Wishes) -> str:
    """Return the command that asks for the same chip."""
    kept = out / folder_name(scenario) / results.SCENARIO
    lanes = "" if wishes.lanes is None else f" --lanes {wishes.lanes}"
    return f"neurosim hardware {shlex.quote(str(kept) if changed else name)}{lanes}"


def _hints(
    again: str, rtl: Path, wishes: Wishes, board: Board | None
) -> Sequence[tuple[str, str]]:  # fmt: skip
    tools = wishes.tools
    if board is not None:
        return ((boards.next_command(rtl, board), "makes the bitstream"),)
    if not (wishes.check or tools.synth or tools.place or tools.prove):
        return ((f"{again} --check", "compares the chip with the model"),)
    if not tools.place:
        return ((f"{again} --place", "says what it takes of an FPGA, and what clock it reaches"),)
    return ((f"neurosim report {shlex.quote(str(rtl.parent))}", "draws all this as a page"),)


def _printers(findings: Findings) -> Iterator[Callable[[Console], None]]:
    """Yield what prints each of the findings beside the check."""
    if findings.silicon is not None:
        guess = findings.predicted
        expected = None if guess is None else guess.whole.as_dict()
        yield partial(print_silicon, findings.silicon, predicted=expected)
    if findings.netlist is not None:
        yield partial(print_netlist, findings.netlist)
    if findings.proved is not None:
        yield partial(print_proved, findings.proved)


def _end(findings: Findings, aloud: bool) -> int:
    """Return the exit code, saying what is wrong where no report has said so on a screen."""
    if findings.passed:
        return 0
    for message in _wrong(findings) if aloud or findings.lint else ():
        print(f"neurosim: check failed: {message}", file=sys.stderr)
    return 1


def _wrong(findings: Findings) -> Iterator[str]:
    checked = findings.checked
    if checked is not None and checked.first:
        yield str(checked.first)
    if checked is not None and checked.cycles_differing:
        yield f"{checked.cycles_differing:,} steps took another number of cycles"
    if checked is not None and checked.phases_differing:
        yield f"in {checked.phases_differing:,} steps a phase began in another cycle"
    if findings.lint:
        yield f"Verilator's lint says:\n{findings.lint}"
    if findings.netlist is not None and not findings.netlist.passed:
        yield f"the netlist differs from the model: {findings.netlist.first}"
    for proof in findings.proved.proofs if findings.proved is not None else ():
        if not proof.holds:
            yield f"{proof.name}: {proof.failed or 'not all was proved'}"
