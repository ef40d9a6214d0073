"""Making a chip: its schedule, its Verilog, and the library that simulates it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from neurosim.engines.cells import encoded_rate
from neurosim.errors import UserError
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Number
from neurosim.model.fixed import Fixed
from neurosim.model.network import Network
from neurosim.schedule import Schedule, schedule
from neurosim.study.hardware.core import Core


def build(
    network: Network,
    rule: Rule,
    number: Number | None = None,
    lanes: int | None = None,
    *,
    waveforms: bool = False,
) -> Core:
    """Make the chip on which a network learns by a rule, simulated from its Verilog.

    Parameters
    ----------
    network, rule
        What learns, and how. The network is not changed.
    number
        ``Fixed(...)``; ``Fixed()`` by default.
    lanes
        Multipliers that share the neurons: from 1 to the units; by default 8, or one a unit.
    waveforms
        Make a chip whose signals can be recorded, which is several times slower.

    Raises
    ------
    UserError
        When the rule has no program for a chip, the numbers are no fixed point, or a tool is
        missing; before anything long begins.
    """
    plan = planned(network, rule, number, lanes)
    from myhdl_core.tools import COMPILER, require

    require(("myhdl", "verilator", COMPILER), "simulating a chip")
    number = number or Fixed()
    assert isinstance(number, Fixed)
    from myhdl_core.assemble import assemble
    from myhdl_core.core import Chip
    from myhdl_core.emit import emit
    from myhdl_core.verilator import compile_library

    assembled = assemble(plan, number)
    with tempfile.TemporaryDirectory() as folder:
        emit(assembled.program, Path(folder))
        library = compile_library(Path(folder), trace=waveforms)
    chip = Chip(library, plan.lanes, number.word_bits, number.weight_bits)
    return Core(network, rule, number, assembled, chip)


def planned(
    network: Network, rule: Rule, number: Number | None = None, lanes: int | None = None
) -> Schedule:
    """Return the schedule of a chip, or say why there can be none; needs no tools."""
    if number is not None and not isinstance(number, Fixed):
        raise UserError(
            f"number: a chip computes in fixed point (got {number.name}). Give Fixed(...)."
        )
    if lanes is None:
        lanes = min(8, len(network.units))
    if not rule.schedule.steady:
        raise UserError(
            f"{rule.title}: the chip's learning rate is a register of the host's, so its schedule"
            " has no place on the chip. Use a constant rate, and set learning_rate between steps."
        )
    encoded_rate(number or Fixed(), rule)
    return schedule(network, rule, lanes)
