"""Why the chip is built as it is: cycles of a TRTRL step under other choices.

    python benchmarks/fabric.py [UNITS] [LANES]

The first table asks the SimPy engine, with neurons as independent processes: where the egress
sensitivities lie, against how many words cross between lanes in a cycle. The second asks the
schedule of the chip: what carrying the reverse weights along with a pass that reads them anyway
saves, what the order of passes saves, and what more lanes bring.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from neurosim import machine
from neurosim.engines import simulated_step
from neurosim.learning import TRTRL
from neurosim.machine import Bus
from neurosim.model import Fixed, Network
from neurosim.schedule import schedule, step, timing
from neurosim.study.graphs import graph_from


def network_of(units: int) -> Network:
    """Return a fully recurrent network with an input, a bias and an output."""
    graph, inputs, outputs = graph_from("fully_recurrent", units=units)
    return Network(graph, inputs, outputs, seed=0)


def processes(network: Network, lanes: int) -> Table:
    """Compare placements and widths of the medium, on neurons that wait for one another."""
    table = Table("words a cycle", "b with the unit", "b with the owner", title="SimPy engine")
    ideal = machine.load("ideal")
    compute = replace(ideal.compute, lanes=lanes)
    for words in (1, 2, 4, 8, 16):
        chip = replace(ideal, compute=compute, interconnect=Bus(words, arbitration_cycles=0))
        cycles = [
            simulated_step(network, TRTRL(placement=where), chip, Fixed())[0].cycles
            for where in ("unit", "owner")
        ]
        table.add_row(str(words), *(f"{c:,}" for c in cycles))
    return table


def schedules(network: Network, lanes: int) -> Table:
    """Compare what the chip's schedule does with what it could leave undone."""
    table = Table("schedule", "cycles", "utilisation", title=f"chip of {lanes} lanes")

    def row(name: str, plan: step.Schedule) -> None:
        table.add_row(name, f"{plan.cycles:,}", f"{plan.utilisation:.3f}")

    row("as built", schedule(network, TRTRL(), lanes))
    with patch.object(step, "can_ride", lambda *_: False):
        row("reverse weights in a pass of their own", schedule(network, TRTRL(), lanes))
    with patch.object(timing, "PATIENCE", (10_000,)):
        row("passes in the order of the program", schedule(network, TRTRL(), lanes))
    row("sensitivities to own weights only", schedule(network, TRTRL(ingress_only=True), lanes))
    return table


def widths(network: Network) -> Table:
    """Show what more lanes bring."""
    table = Table("lanes", "cycles", "utilisation", title="more lanes")
    lanes = 1
    while lanes <= len(network.units):
        plan = schedule(network, TRTRL(), lanes)
        table.add_row(str(lanes), f"{plan.cycles:,}", f"{plan.utilisation:.3f}")
        lanes *= 2
    return table


def main() -> None:
    """Print all tables."""
    units, lanes = (int(a) for a in (*sys.argv[1:3], "32", "8")[:2])
    network, console = network_of(units), Console()
    console.print(processes(network, lanes), schedules(network, lanes), widths(network))


if __name__ == "__main__":
    main()
