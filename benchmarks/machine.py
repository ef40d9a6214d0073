"""How fast machines are simulated, on one core: seconds a step, beside the goals and a peer.

Run it with ``python benchmarks/machine.py``. A step is one learning step of a fully recurrent
network on a machine, without its words; the score (what waits for what) is made once and reused.
Times are the best of a few, so that other work on the computer counts less.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is loaded: one core

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from neurosim.engines.arrays import ArraysEngine
from neurosim.engines.clock.performance import Performance
from neurosim.engines.clock.score import Score
from neurosim.engines.clocked import ClockedEngine
from neurosim.learning import RTRL, TRTRL
from neurosim.learning.rule import Rule
from neurosim.machine import Machine, Tiles, load
from neurosim.model import Float, Network
from neurosim.noc.arbiter import Clock
from neurosim.study.graphs import graph_from

REPEATS = 5
SCALE_SIM = 1.6e6  # multiplications that SCALE-Sim simulates in a second, measured beforehand


def dense(units: int) -> Network:
    """Return a fully recurrent network."""
    graph, inputs, names = graph_from("fully_recurrent", units=units, outputs=1)
    return Network(graph, inputs, names)


def on_grid(rows: int, cols: int) -> Machine:
    """Return the shelf's mesh with a grid of a given size."""
    return replace(load("mesh"), tiles=Tiles(rows, cols))


def best(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the shortest time of some calls, in seconds."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


def steps(table: Table) -> None:
    """Add a line for each machine: building the score, and simulating a step."""
    large = dense(1000)
    cases: list[tuple[str, Network, Rule, Machine, float | None]] = [
        ("RTRL, 100 units, mesh of 10 x 10", dense(100), RTRL(), on_grid(10, 10), 0.5),
        ("TRTRL, 1000 units, mesh of 8 x 8", large, TRTRL(), on_grid(8, 8), 0.3),
        ("TRTRL, 1000 units, bus", large, TRTRL(), load("bus"), 0.06),
        ("RTRL, 100 units, bus", dense(100), RTRL(), load("bus"), None),
    ]
    for name, network, rule, machine, goal in cases:
        began = time.perf_counter()
        score = Score(network, rule, Float(), machine)
        built = time.perf_counter() - began
        seconds = best(lambda score=score: Performance(score, Clock()).play())  # type: ignore[misc]
        speed = rule.cost(network).multiplications / seconds
        table.add_row(
            name,
            f"{built:.2f} s",
            f"{1e3 * seconds:.0f} ms",
            f"{1e3 * goal:.0f} ms" if goal else "-",
            f"{speed / 1e6:,.0f} M",
            f"{speed / SCALE_SIM:,.0f} x",
        )


def flits(console: Console) -> None:
    """Print how fast the cycle tier moves flits: a step of TRTRL on a small mesh."""
    machine, network = on_grid(8, 8), dense(64)
    score = Score(network, TRTRL(), Float(), machine)

    moved = Performance(score, Clock(), tier="cycle").play().link.flits  # and compiles
    seconds = best(lambda: Performance(score, Clock(), tier="cycle").play())
    console.print(f"cycle tier: {moved / seconds:,.0f} flits/s (goal 40,000)")


def counters(console: Console) -> None:
    """Print what counting costs a training: the clocked engine beside bare replay of its bursts."""
    network = dense(25)
    x, target = np.array([0.3]), np.array([0.1])
    clocked = ClockedEngine(network, TRTRL(0.01), Float(), "bus")
    clocked.step(x, target)  # simulates the one step that stands for all
    done = next(iter(clocked._known.values())).done

    def bare() -> None:
        clocked.cells.feed(x, target)
        for again in done:
            again()

    without = best(lambda: [bare() for _ in range(200)]) / 200
    with_counters = best(lambda: [clocked.step(x, target) for _ in range(200)]) / 200
    share = 100 * (with_counters / without - 1)
    console.print(
        f"counters: {share:.1f} % of a clocked step of TRTRL, 25 units (goal at most 15 %);"
        f" {clocked.simulated} of {len(clocked.cycles):,} steps was simulated"
    )
    arrays = ArraysEngine(network, TRTRL(0.01), Float())
    console.print(f"the arrays engine takes {1e6 * best(lambda: arrays.step(x, target)):.0f} us")


def turns() -> None:
    """Go round an empty loop: how fast this computer runs Python, now."""
    for _ in range(3_000_000):
        pass


def main() -> None:
    """Print the table."""
    console = Console()
    console.print(f"three million turns of an empty loop take {1e3 * best(turns):.0f} ms here")
    table = Table("step", "built in", "simulated in", "goal", "multiplications/s", "SCALE-Sim")
    steps(table)
    console.print(table)
    flits(console)
    counters(console)


if __name__ == "__main__":
    main()
