"""What tools find out about a chip that was written: checks, cells, clock, proofs.

Each finding goes into the record at once, so that what is long done is not lost when a later tool
fails or is interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from myhdl_core.formal.prove import TOOLS
from myhdl_core.silicon.prediction import Prediction, predicted
from myhdl_core.tools import COMPILER, require
from neurosim.cli.flags import ChipFlags
from neurosim.errors import UserError
from neurosim.machine.parts import Part, part_for
from neurosim.report.figures import floorplan
from neurosim.study.costing import Say
from neurosim.study.hardware import build, proof, silicon
from neurosim.study.hardware.check import Checked, compared
from neurosim.study.hardware.folder import Design
from neurosim.study.hardware.proof import NetlistChecked, Proved
from neurosim.study.hardware.silicon import Silicon, Wanted
from neurosim.study.hardware.summary import compared_as

#: Takes figures for the record, under their names.
Keep = Callable[[Mapping[str, Any]], object]
# Steps in which a netlist is compared: it is slow, and its program is the same in all of them.
NETLIST_STEPS = 100


@dataclass(frozen=True)
class Wishes:
    """What is wanted of a chip, besides what a scenario says."""

    lanes: int | None
    check: bool
    steps: int | None
    waveforms: bool
    part: str | None
    tools: ChipFlags


@dataclass(frozen=True)
class Findings:
    """What was found; None for what was not asked for.

    Attributes
    ----------
    checked, lint
        What comparing the Verilog with the model found, and the linter's words.
    silicon, predicted
        Cells and clock, and what was predicted.
    netlist
        What comparing the netlist with the model found.
    proved
        What became of the properties.
    """

    checked: Checked | None = None
    lint: str | None = None
    silicon: Silicon | None = None
    predicted: Prediction | None = None
    netlist: NetlistChecked | None = None
    proved: Proved | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing that was looked for is wrong."""
        found = (self.checked, self.netlist, self.proved)
        return not self.lint and all(each is None or each.passed for each in found)


def wanted(wishes: Wishes, part: Part | None) -> Wanted | None:
    """Return what is asked of an FPGA, after a look whether the tools for all wishes are here.

    Raises
    ------
    UserError
        When flags do not go together, or a tool is missing.
    """
    if wishes.steps is not None and not wishes.check:
        raise UserError("--steps: says how long --check compares. Give both, or neither.")
    require(("myhdl",), "writing a chip's Verilog")
    if wishes.check:
        require(("myhdl", "verilator", COMPILER), "checking a chip")
    if wishes.waveforms:
        require(("myhdl", "verilator", COMPILER), "recording a chip's waveforms")
    if wishes.tools.prove:
        require(TOOLS, "proving properties of a chip")
    tools = wishes.tools
    return silicon.wanted(tools.synth, tools.place, part, tools.place_seeds)


def found(
    design: Design, rtl: Path, wishes: Wishes, asked: Wanted | None, keep: Keep, say: Say
) -> Findings:
    """Let the tools that are wished for look at the chip in ``rtl``.

    Parameters
    ----------
    design
        The chip.
    rtl
        Its Verilog, in a run folder.
    wishes, asked
        What is wanted.
    keep
        Takes every finding as soon as it is there.
    say
        Hears what is being done.
    """
    findings = Findings()
    if wishes.check:
        checked, lint = _checked(design, rtl, say)
        keep(compared_as(checked, lint))
        findings = replace(findings, checked=checked, lint=lint)
    if wishes.tools.prove:
        say("proving properties of the control")
        proved = proof.proved(rtl, design.assembled)
        keep({"proof": proved.as_dict()})
        findings = replace(findings, proved=proved)
    if asked is not None:
        findings = _built(findings, design, rtl, asked, keep, say)
    if asked is not None and asked.family == "ice40" and wishes.check:
        say("comparing the netlist")
        netlist = _netlist(design)
        keep({"netlist": netlist.as_dict()})
        findings = replace(findings, netlist=netlist)
    return findings


def _checked(design: Design, rtl: Path, say: Say) -> tuple[Checked, str]:
    """Look at the Verilog, and compare the chip with the model."""
    from myhdl_core.verilator import lint

    say("linting the Verilog")
    words = lint(rtl, "network_axi")
    say("compiling the chip")
    core = build(design.network, design.rule, design.number, design.chip.lanes)
    say(f"comparing {len(design.inputs):,} steps")
    return compared(core, design.inputs, design.targets), words


def _built(
    findings: Findings, design: Design, rtl: Path, asked: Wanted, keep: Keep, say: Say
) -> Findings:
    """Predict, synthesise and place."""
    program, memories = design.assembled.program, design.chip.memories
    expected = predicted(program, memories, asked.part or part_for(asked.family))
    keep({"prediction": expected.as_dict()})

    def keep_built(built: Silicon) -> None:
        if built.placement is not None:
            floorplan.keep(built.placement, rtl.parent)
        keep(built.as_dict())

    built = silicon.made(rtl, asked, rtl.parent, keep_built, say)
    return replace(findings, silicon=built, predicted=expected)


def _netlist(design: Design) -> NetlistChecked:
    x, target = design.inputs[:NETLIST_STEPS], design.targets[:NETLIST_STEPS]
    lanes = design.chip.lanes
    return proof.netlist_checked(design.network, design.rule, design.number, lanes, x, target)
