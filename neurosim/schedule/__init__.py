"""From neuron programs to what a chip of lanes does in every cycle."""

from __future__ import annotations

from neurosim.schedule.passes import Act, Operand, Pass, Slot, Source
from neurosim.schedule.placement import Placement
from neurosim.schedule.step import Schedule, check_lanes, schedule

__all__ = [
    "Act",
    "Operand",
    "Pass",
    "Placement",
    "Schedule",
    "Slot",
    "Source",
    "check_lanes",
    "schedule",
]
