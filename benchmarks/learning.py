"""How fast learning rules step, beside the limit of the processor and beside other packages.

Run it with ``python -m benchmarks.learning``; with ``--write`` the tables go to ``docs/speed.md``.
All is measured on one core, in one run: what is compared takes turns, many times over, and the
least time of each counts, for whatever else the computer does can only add to it. Packages that are
not installed are named and left out.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded: one core
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import argparse
import platform
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from textwrap import fill

import numpy as np

from benchmarks.peers import PEERS
from neurosim.engines.arrays import ArraysEngine
from neurosim.learning import RFLO, RTRL, TRTRL, UORO, Hybrid, SnAp
from neurosim.learning.rule import Rule
from neurosim.model import Float, Network
from neurosim.study.graphs import graph_from

PAGE = Path(__file__).parent.parent / "docs" / "speed.md"
SIZES = (16, 32, 64, 100, 128)
INPUTS = ("x0", "x1")  # with the bias n + 3 sources
SECONDS_EACH, LEAST_ROUNDS = 3.0, 12
TRTRL_ARRAYS = 7  # weights, a and b read, the three written, and the gradient
MANY = 10**9  # steps to come, so that every rule has its kernel

Call = Callable[[], object]
Rows = list[tuple[str, ...]]


def least(calls: Sequence[Call], seconds: float = SECONDS_EACH) -> list[float]:
    """Return the least time of each call in microseconds, all taking turns."""
    times, rounds, end = [float("inf")] * len(calls), 0, time.perf_counter() + seconds
    for call in calls:
        call()
    while time.perf_counter() < end or rounds < LEAST_ROUNDS:
        for n, call in enumerate(calls):
            began = time.perf_counter()
            call()
            times[n] = min(times[n], time.perf_counter() - began)
        rounds += 1
    return [1e6 * each for each in times]


def network(units: int, outputs: int = 1, density: float | None = None) -> Network:
    """Return a fully recurrent network, or one with a part of all edges."""
    options = {} if density is None else {"density": density}
    name = "fully_recurrent" if density is None else "sparse_random"
    graph, inputs, names = graph_from(name, units=units, inputs=INPUTS, outputs=outputs, **options)
    return Network(graph, inputs, names)


def steps(described: Network, rule: Rule, count: int, bits: int = 64) -> Call:
    """Return a call that does so many steps in the arrays engine."""
    number = Float(bits)
    rule = rule.for_units(len(described.units))
    engine = ArraysEngine(described, rule, number, steps=MANY)
    rng = np.random.default_rng(0)
    x = number.encode(rng.uniform(-1, 1, (count, len(described.inputs))))
    target = number.encode(rng.uniform(-0.5, 0.5, (count, len(described.outputs))))
    y, error = np.empty_like(target), np.empty_like(target)
    return lambda: engine.run(x, target, y, error)


def product(n: int, count: int, columns: int | None = None, bits: int = 64) -> Call:
    """Return a call that does the bare matrix product (n x n) @ (n x n (n + 3)), so many times."""
    dtype = Float(bits).dtype
    rng = np.random.default_rng(0)
    square = rng.normal(size=(n, n)).astype(dtype)
    wide = rng.normal(size=(n, columns or n * (n + 3))).astype(dtype)
    out = np.empty_like(wide)

    def call() -> None:
        for _ in range(count):
            np.matmul(square, wide, out=out)

    return call


def copy(words: int, count: int, bits: int = 64) -> Call:
    """Return a call that copies so many words, so many times."""
    here, there = np.zeros((2, words), dtype=Float(bits).dtype)

    def call() -> None:
        for _ in range(count):
            np.copyto(there, here)

    return call


def exact_rows(sizes: Sequence[int] = SIZES) -> Rows:
    """RTRL and the hybrid beside the bare matrix product."""
    rows: Rows = []
    for bits in (64, 32):
        for n in sizes:
            some = max(1, 2_000_000 // n**4 * 4)
            described = network(n)
            exact = steps(described, RTRL(1e-3), some, bits)
            block = steps(described, Hybrid(1e-3), 2 * n, bits)
            found = least([product(n, some, bits=bits), exact, block])
            bare, rtrl, hybrid = found[0] / some, found[1] / some, found[2] / (2 * n)
            ratios = f"{rtrl / bare:.2f}", f"{bare / hybrid:.1f}"
            times = (f"{each:,.1f}" for each in (bare, rtrl, hybrid))
            rows.append((f"float{bits}", str(n), *times, *ratios))
    return rows


def sparse_rows(n: int = 100) -> Rows:
    """RTRL on sparse graphs beside the product of the same matrices, and of all."""
    rows: Rows = []
    for density in (0.05, 0.1, 0.2, 0.3):
        described = network(n, density=density)
        edges = len(described.edges)
        calls = [steps(described, RTRL(1e-3), 10), product(n, 10, edges), product(n, 2)]
        sparse, same, full = (t / c for t, c in zip(least(calls), (10, 10, 2), strict=True))
        times = (f"{each:,.0f}" for each in (sparse, same, full))
        rows.append(
            (f"{density:.0%}", str(edges), *times, f"{same / sparse:.1f}", f"{full / sparse:.1f}")
        )
    return rows


def trtrl_rows(n: int = 100) -> Rows:
    """TRTRL beside copying the arrays that it goes through."""
    rows: Rows = []
    for bits in (64, 32):
        for k in (1, 10, 50):
            described = network(n, k)
            words = TRTRL_ARRAYS * len(described.edges)
            found = least([steps(described, TRTRL(1e-3), 50, bits), copy(words, 50, bits)])
            step, bare = (each / 50 for each in found)
            times = (f"{each:.1f}" for each in (step, bare))
            rows.append((f"float{bits}", str(k), *times, f"{step / bare:.2f}"))
    return rows


def local_rows(n: int = 100) -> Rows:
    """Rules of n^2 multiplications a step."""
    described, rows = network(n), []
    rules: dict[str, Rule] = {
        "SnAp-0": SnAp(1e-3, order=0),
        "SnAp-1": SnAp(1e-3),
        "RFLO": RFLO(1e-3),
        "RFLO, random feedback": RFLO(1e-3, feedback="random"),
        "UORO": UORO(1e-4),
        "TRTRL": TRTRL(1e-3),
    }
    for name, rule in rules.items():
        calls = [steps(described, rule, 50, bits) for bits in (64, 32)]
        plain = ArraysEngine(described, rule, Float())
        x, target = np.full(2, 0.3), np.full(1, 0.1)
        found = least([*calls, lambda e=plain, x=x, t=target: e.step(x, t)])  # type: ignore[misc]
        rows.append((name, *(f"{each:.1f}" for each in (found[0] / 50, found[1] / 50, found[2]))))
    return rows


def peer_rows(n: int = 100) -> Rows:
    """Other packages beside the rule here that does the same step."""
    rows: Rows = []
    for package, peers in PEERS.items():
        if release(package) is None:
            print(f"{package} is not installed: `pip install {package}` for its part of the table.")
            continue
        for peer in peers(n):
            own = steps(peer.network or network(n), peer.rule, peer.steps, peer.bits)
            theirs, ours = (each / peer.steps for each in least([peer.call, own]))
            kind = f"{peer.rule.title}-{peer.rule.order}" if isinstance(peer.rule, SnAp) else ""
            cells = peer.name, kind or peer.rule.title, f"float{peer.bits}"
            rows.append((*cells, f"{theirs:,.1f}", f"{ours:,.1f}", f"{theirs / ours:.1f}"))
    return rows


def table(heads: Sequence[str], rows: Rows) -> str:
    """Return rows as a table in Markdown."""
    lines = [heads, ["---:" if n else "---" for n in range(len(heads))], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def release(package: str) -> str | None:
    """Return the installed version of a package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def processor() -> str:
    """Return the name of the processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def page() -> str:
    """Measure everything and return the page."""
    if hasattr(os, "sched_setaffinity"):  # not on every system
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    packages = ("numpy", "scipy", "numba", "jax", "braintrace", "reservoirpy")
    found = ", ".join(f"{name} {release(name) or 'not installed'}" for name in packages)
    on = f"{processor()}, one core, Python {platform.python_version()}; {found}"
    measured = fill(f"Measured by `python -m benchmarks.learning --write` on {on}.", 100)
    exact = "number", "units", "product", "RTRL", "hybrid", "RTRL / product", "product / hybrid"
    edges = "density", "edges", "RTRL", "product, these edges", "product, all edges"
    return f"""# How fast learning rules step

{measured}
All times are microseconds a step, the least of many; what is compared took turns in one run.

## Exact gradients of a fully recurrent network

Beside the bare matrix product of RTRL, (n x n) @ (n x n (n + 3)), with nothing around it. The
hybrid's blocks have n steps. Kernels multiply through SciPy's BLAS, the bare product is NumPy's: in
single precision and with small matrices the two may differ by more than all that RTRL does beside.

{table(exact, exact_rows())}

## Exact gradients of a sparse network

100 units. Columns 4 and 5 are the bare products of the dense method, for the edges that exist and
for all that could.

{table((*edges, "column 4 / RTRL", "column 5 / RTRL"), sparse_rows())}

## TRTRL

100 units, fully recurrent, beside copying the {TRTRL_ARRAYS} arrays of edges that a step reads or
writes.

{table(("number", "outputs", "TRTRL", "copy", "TRTRL / copy"), trtrl_rows())}

## Rules of n^2 multiplications

100 units, fully recurrent, one output. The last column is the array form without a kernel.

{table(("rule", "float64", "float32", "NumPy, float64"), local_rows())}

## Beside other packages

100 units, two inputs, one output; the same numbers, weights move after every step.
`benchmarks/peers.py` says what is compared with what.

{table(("package", "here", "number", "theirs", "ours", "theirs / ours"), peer_rows())}
"""


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--write", action="store_true", help=f"write {PAGE.name} too")
    write = options.parse_args().write
    measured = page()
    print(measured)
    if write:
        PAGE.write_text(measured, encoding="utf-8")
