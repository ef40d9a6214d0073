"""How fast the engines step, beside the limit of the processor, in one run on one core.

Run it with ``python benchmarks/engines.py``. A step of the arrays engine is held against what it
cannot do without: RTRL against the bare matrix product, TRTRL against copying its arrays once. A
step of the clocked engine is given in events and milliseconds. Times are medians; ratios travel
better between computers than times do.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is loaded: one core

import platform
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

from neurosim.engines.arrays import ArraysEngine
from neurosim.engines.clocked import ClockedEngine
from neurosim.learning import RTRL, TRTRL
from neurosim.learning.rule import Rule
from neurosim.model import Fixed, Float, Network, Number
from neurosim.study.graphs import graph_from

SECONDS_EACH = 0.5
TRTRL_ARRAYS = 7  # weights, a and b read, the three written, and the gradient


def dense(units: int, outputs: int = 1) -> Network:
    """Return a fully recurrent network."""
    graph, inputs, names = graph_from("fully_recurrent", units=units, outputs=outputs)
    return Network(graph, inputs, names)


def microseconds(call: Callable[[], object]) -> float:
    """Return the median time of a call, after a first one."""
    call()
    times: list[float] = []
    end = time.perf_counter() + SECONDS_EACH
    while time.perf_counter() < end or len(times) < 5:
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1e6 * median(times)


def array_step(network: Network, rule: Rule, number: Number) -> float:
    """Return the time of a step of the arrays engine, in microseconds."""
    engine = ArraysEngine(network, rule, number)
    x = number.encode(np.full(len(network.inputs), 0.3))
    target = number.encode(np.full(len(network.outputs), 0.1))
    return microseconds(lambda: engine.step(x, target))


def limit(network: Network, rule: Rule) -> float:
    """Return the time that a step cannot undercut, in microseconds."""
    n, edges = len(network.units), len(network.edges)
    if isinstance(rule, RTRL):
        w, p = np.random.default_rng(0).normal(size=(2, edges, n))
        square, wide, out = w[:n].copy(), p.T.copy(), np.empty((n, edges))
        return microseconds(lambda: np.matmul(square, wide, out=out))
    here, there = np.zeros((2, TRTRL_ARRAYS * edges))
    return microseconds(lambda: np.copyto(there, here))


def arrays_table() -> Table:
    """Hold steps of the arrays engine against their limits."""
    table = Table("arrays engine", "units", "outputs", "number", "us a step", "limit", "ratio")
    rows: list[tuple[Rule, int, int, Number]] = [
        *((RTRL(), n, 1, Float()) for n in (16, 25, 32, 64, 100)),
        *((TRTRL(), n, k, Float()) for n, k in ((16, 1), (25, 1), (100, 1), (100, 10))),
        (RTRL(), 25, 1, Fixed()),
        (TRTRL(), 25, 1, Fixed()),
        (TRTRL(), 100, 10, Fixed()),
    ]
    for rule, units, outputs, number in rows:
        network = dense(units, outputs)
        step, bound = array_step(network, rule, number), limit(network, rule)
        cells = (rule.title, units, outputs, number.name, f"{step:.0f}", f"{bound:.1f}")
        table.add_row(*map(str, cells), f"{step / bound:.1f}")
    return table


def clocked_table() -> Table:
    """Time steps of the clocked engine on the shelf's bus."""
    table = Table("clocked engine", "units", "cycles", "events", "ms a step", "multiplications/s")
    for rule, units in ((RTRL(), 25), (RTRL(), 100), (TRTRL(), 25), (TRTRL(), 100)):
        engine = ClockedEngine(dense(units), rule, Float(), "bus")
        x, target = np.array([0.3]), np.array([0.1])
        step = microseconds(lambda e=engine, x=x, t=target: e.step(x, t))  # type: ignore[misc]
        assert engine.activity is not None
        speed = engine.counts.multiplications / step * 1e6
        cells = (rule.title, units, f"{engine.activity.cycles:,}", f"{engine.activity.events:,}")
        table.add_row(*map(str, cells), f"{step / 1000:.1f}", f"{speed:.2g}")
    return table


if __name__ == "__main__":
    console = Console()
    console.print(f"{platform.processor() or platform.machine()}, one core, NumPy {np.__version__}")
    console.print(arrays_table())
    console.print("limit: RTRL the matrix product (n x n) @ (n x edges); TRTRL copying its arrays")
    console.print(clocked_table())
