"""A second simulator: the test bench of a chip under Icarus Verilog, in four-state logic.

Memories begin as unknown there, so that a word which is used before it was cleared shows.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from benchmarks.chip_exact import RULES, Case, network_of, stream_of
from myhdl_core import testbench
from myhdl_core.assemble import assemble
from myhdl_core.emit import emit
from neurosim.study.hardware import folder as chip_folder
from neurosim.study.hardware import planned
from neurosim.study.hardware.folder import Design

STEPS = 200


class Heard(NamedTuple):
    """What the test bench of a case said."""

    case: Case
    steps: int
    passed: bool
    said: str
    seconds: float


def run(case: Case, steps: int = STEPS) -> Heard:
    """Let a case's chip learn under Icarus; the test bench compares words and cycles itself."""
    began = time.perf_counter()
    network, rule, number = network_of(case), RULES[case.rule], case.fixed
    assembled = assemble(planned(network, rule, number, case.lanes), number)
    with tempfile.TemporaryDirectory() as name, patch.object(chip_folder, "BENCH_STEPS", steps):
        folder = Path(name)
        design = Design(network, rule, number, assembled, None, *stream_of(case, steps))
        emit(assembled.program, folder)
        testbench.write(folder, assembled.program.shape, chip_folder.vectors(design))
        sources = sorted(path.name for path in folder.glob("*.v"))
        made = ["iverilog", "-g2001", "-s", testbench.NAME, "-o", "chip", *sources]
        subprocess.run(made, cwd=folder, check=True, capture_output=True)
        said = subprocess.run(
            ["vvp", "chip"], cwd=folder, check=True, capture_output=True, text=True
        ).stdout
    passed = f"PASS: {steps} steps" in said
    return Heard(case, steps, passed, said.strip(), time.perf_counter() - began)
