"""A trace of a few steps on a machine, as a file that opens at ui.perfetto.dev."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import neurosim
from neurosim.engines.clock.recording import record
from neurosim.errors import UserError
from neurosim.learning.rule import Rule
from neurosim.machine import Fabric, Machine, Noc, load
from neurosim.model.arithmetic import Float, Number
from neurosim.model.network import Network
from neurosim.schedule import schedule
from neurosim.study import results
from neurosim.study.trace.events import MOST_EVENTS, EventFile
from neurosim.study.trace.lanes import LaneTimeline
from neurosim.study.trace.neurons import Timeline


class Traced(NamedTuple):
    """What a trace holds: events, and the first cycle that found no room (None: all did)."""

    path: Path
    events: int
    full: int | None


def trace(
    network: Network,
    rule: Rule,
    machine: Machine | str,
    path: str | Path,
    number: Number | None = None,
    steps: tuple[int, int] = (0, 1),
    tier: str = "burst",
    most: int = MOST_EVENTS,
) -> Traced:
    """Write what happens in a few steps on a machine as trace events.

    Nothing is trained: when something happens does not depend on data. One cycle is
    ``1000 / clock_mhz`` ns of the trace, and every event says its cycle.

    Parameters
    ----------
    network, rule, machine, number, tier
        As for ``cost``. In the tier ``cycle`` links between tiles have no tracks.
    path
        The file, gzipped JSON.
    steps
        The first step and the last, both included, counted from 0.
    most
        Events that the file may hold; the trace ends in the cycle in which it is full.

    Raises
    ------
    UserError
        When there is no such machine, step, or room for the file.
    """
    machine = load(machine) if isinstance(machine, str) else machine
    first, last = steps
    if not 0 <= first <= last:
        raise UserError(
            f"steps: must be the first step and the last, counted from 0 (got {first}:{last})."
        )
    rule, number = machine.as_run(rule).for_units(len(network.units)), number or Float()
    held: list[EventFile] = []

    def write(beside: Path) -> None:
        about = _about(network, rule, machine, steps, tier)
        with EventFile(beside, machine.clock_mhz, about, most) as file:
            _fill(file, network, rule, machine, number, steps, tier)
        held.append(file)

    results.replace_whole(Path(path), write)
    return Traced(Path(path), held[0].written, held[0].full)


def _fill(
    file: EventFile,
    network: Network,
    rule: Rule,
    machine: Machine,
    number: Number,
    steps: tuple[int, int],
    tier: str,
) -> None:
    if not isinstance(machine.interconnect, Fabric):
        record(network, rule, machine, number, Timeline(file), steps, tier)
        return
    lanes = machine.lanes(len(network.units))
    shown = LaneTimeline(file, schedule(network, rule, lanes, machine.interconnect))
    for step in range(steps[0], steps[1] + 1):
        if file.full is None:
            shown.step(step)


def _about(
    network: Network, rule: Rule, machine: Machine, steps: tuple[int, int], tier: str
) -> dict[str, object]:
    """Return what the file says about itself."""
    about = {
        "neurosim": str(neurosim.__version__),
        "network": network.name,
        "rule": rule.name,
        "machine": machine.name,
        "clock_mhz": machine.clock_mhz,
        "first_step": steps[0],
        "last_step": steps[1],
        "note": "simulated without training: times do not depend on data",
    }
    if tier == "cycle" and isinstance(machine.interconnect, Noc):
        about["links"] = "flit by flit, and not shown; the tier burst shows them"
    return about
