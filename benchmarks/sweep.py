"""How much faster a sweep is on several cores, and how long a finished one takes again: a table.

Where the processor time of two jobs is less than twice the seconds, others had a part of the cores.
Run with ``python -m benchmarks.sweep [JOBS]`` on a computer that does nothing else. Each number of
jobs computes the same 24 cells into a store of its own; processes are started, and everything is
written, within the time.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from neurosim.study import sources
from neurosim.study.overrides import override
from neurosim.study.sweep import Sweep, sweep

OVER = {"network.units": [12, 16, 20], "rule": ["rtrl", "trtrl"]}
SEEDS, STEPS = 4, 80_000


def main(most: int) -> None:
    """Print seconds and gain for 1 to ``most`` jobs, then the time of a finished sweep."""
    with tempfile.TemporaryDirectory() as store:
        print(f"24 cells of {STEPS:,} steps")
        print("jobs   seconds   times as fast   again, seconds   processor time, seconds")
        alone, first = 0.0, b""
        for jobs in range(1, most + 1):
            out = Path(store) / str(jobs)
            before = _processor()
            seconds, found = _timed(jobs, out)
            used = _processor() - before
            again, _ = _timed(jobs, out)
            alone = alone or seconds
            rows = (found.folder / "cells.csv").read_bytes()
            assert rows == (first or rows), "another number of jobs gave other results"
            first = rows
            times = f"{jobs:4} {seconds:9.1f} {alone / seconds:15.2f} {again:16.2f}"
            print(f"{times} {used:25.1f}", flush=True)


def _processor() -> float:
    """Return the time that processors worked for this process, and for those that it started."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _timed(jobs: int, out: Path) -> tuple[float, Sweep]:
    base = override(sources.load("compare"), {"task": {"steps": STEPS}})
    began = time.perf_counter()
    found = sweep(base, OVER, SEEDS, jobs=jobs, out=out)
    assert len(found.rows) == 24
    assert found.status == "done"
    return time.perf_counter() - began, found


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
