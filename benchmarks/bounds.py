"""How tight the analytic tier's lower bounds are, and what they take: a table.

Run with ``python -m benchmarks.bounds [UNITS]``.
"""

from __future__ import annotations

import sys
import time

from neurosim import machine
from neurosim.engines import closed_cost, simulated_step
from neurosim.learning import RTRL, TRTRL, Census, Rule
from neurosim.machine import Fabric
from neurosim.model import Float, Network
from neurosim.study.graphs import graph_from

RULES: dict[str, Rule] = {"rtrl": RTRL(), "trtrl": TRTRL(), "owner": TRTRL(placement="owner")}


def main(units: int) -> None:
    """Print the table for fully recurrent networks of that many units."""
    network, number = Network(*graph_from("fully_recurrent", units=units)), Float()
    print(f"{units} units, fully recurrent, float64")
    print("machine   rule    cycles at least      simulated  ratio  bound by       ms")
    for name in machine.names():
        described = machine.load(name)
        for label, rule in RULES.items():
            if isinstance(described.interconnect, Fabric) and label == "rtrl":
                continue  # whose schedule takes minutes
            began = time.perf_counter()
            bound = closed_cost(Census.complete(units), rule, described, number)
            took = 1000 * (time.perf_counter() - began)
            placed = described.as_run(rule)
            cycles = simulated_step(network, placed, described, number)[0].cycles
            assert bound.cycles_per_step is not None
            ratio = bound.cycles_per_step / cycles
            print(
                f"{name:9} {label:6} {bound.cycles_per_step:>15,} {cycles:>14,}  {ratio:.3f}"
                f"  {bound.cycles_bound_by:10} {took:6.1f}"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 25)
