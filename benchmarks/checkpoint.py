"""What checkpoints cost: the share of a training's time in which one is written.

Run with ``python -m benchmarks.checkpoint [SECONDS]``: each training takes so long (60), at the
interval that is usual (15 s). RTRL of a large network is the worst case, since it keeps the most
words for what a step takes. Beside the share of wall time stands the ratio of processor time to the
same training without checkpoints, which hardly depends on what else the machine does.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import neurosim as ns
from neurosim.engines.checkpoint import Keeper, Keeping
from neurosim.engines.compiled import WORDS_OF_A_CALL, WORTH
from neurosim.study.graphs import graph_from

SECONDS, TRIAL, LOADING = 60.0, 2.0, 10.0
CASES: dict[str, tuple[ns.Rule, int, dict[str, Any]]] = {
    "trtrl, 32 units": (ns.TRTRL(0.01), 32, {}),
    "rtrl, 64 units": (ns.RTRL(0.01), 64, {}),
    "rtrl, 128 units": (ns.RTRL(0.01), 128, {}),
    "trtrl, 12 units, stepwise": (ns.TRTRL(0.01), 12, {"engine": "stepwise"}),
}


def main() -> None:
    """Print a line for each case."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    print(f"{'':26}{'steps':>10}{'seconds':>9}{'written':>9}{'each':>10}{'share':>8}{'CPU':>8}")
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name:26}{_measured(*case, seconds, Path(folder))}", flush=True)


def _measured(
    rule: ns.Rule, units: int, options: dict[str, Any], seconds: float, folder: Path
) -> str:
    graph, inputs, outputs = graph_from("fully_recurrent", units=units)
    network = ns.Network(graph, inputs, outputs, seed=1)

    def trained(steps: int, keeping: Keeping | None = None) -> tuple[float, float]:
        x = np.sin(0.1 * np.arange(float(steps)))
        began, before = time.perf_counter(), time.process_time()
        ns.train(network, rule, x, 0.5 * x, checkpoint=keeping, **options)
        return time.perf_counter() - began, time.process_time() - before

    first = WORTH // (WORDS_OF_A_CALL + len(network.edges)) + 1
    steps = _enough(lambda count: trained(count)[0], first if not options else 100, seconds)
    _, without = trained(steps)
    with _timed() as writing:
        wall, cpu = trained(steps, Keeping(folder))
    size = max(p.stat().st_size for p in folder.iterdir() if p.suffix == ".safetensors")
    return (
        f"{steps:10,}{wall:9.1f}{len(writing):9}{size / 1e6:7.2f} MB{sum(writing) / wall:8.2%}"
        f"{cpu / without - 1:+8.2%}"
    )


def _enough(spent: Callable[[int], float], first: int, seconds: float) -> int:
    """Return how many steps take so many seconds, from a number on that is worth a kernel."""
    steps = first
    while (took := spent(steps)) < min(TRIAL, seconds / 4):
        steps *= 4
    if took < LOADING:
        took = min(took, spent(steps))  # the first time kernels had to be loaded
    return max(steps, int(steps * seconds / took))


@contextmanager
def _timed() -> Iterator[list[float]]:
    """Yield the seconds of every checkpoint that is written while the block lasts."""
    found: list[float] = []
    write = Keeper.write

    def timed(self: Keeper, *given: Any) -> None:
        began = time.perf_counter()
        write(self, *given)
        found.append(time.perf_counter() - began)

    Keeper.write = timed  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Keeper.write = write  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
