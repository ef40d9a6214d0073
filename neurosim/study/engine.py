"""The engine that a scenario names, and what has to be there for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.errors import UserError
from neurosim.machine import Machine
from neurosim.machine.description import Fabric
from neurosim.model.arithmetic import Number
from neurosim.model.fixed import Fixed
from neurosim.study.scenario import Scenario

if TYPE_CHECKING:
    from neurosim.engines.train import EngineMaker


def engine_of(scenario: Scenario, machine: Machine | None, units: int) -> str | EngineMaker:
    """Return the engine as ``engines.train`` takes it, for a network of so many units."""
    if scenario.engine != "chip":
        return scenario.engine
    from neurosim.study.hardware import OnChip  # loads all that plans a chip

    assert machine is not None
    return OnChip(machine.lanes(units))


def check_engine(scenario: Scenario, machine: Machine | None, number: Number) -> None:
    """Return when a scenario's machine and numbers go with its engine.

    Raises
    ------
    UserError
        When they do not.
    """
    if scenario.engine == "clocked" and machine is None:
        raise UserError("engine: clocked needs the time of a machine. Name one with --machine.")
    if scenario.engine != "chip":
        return
    if machine is None or not isinstance(machine.interconnect, Fabric):
        name = machine.name if machine else "none"
        raise UserError(f"engine: machine {name} is no chip of lanes. Use --machine chip.")
    if not isinstance(number, Fixed):
        raise UserError(
            f"engine: a chip computes in fixed point (got {number.name})."
            " Add --number.word_bits 16."
        )
