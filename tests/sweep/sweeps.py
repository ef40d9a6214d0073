"""Small sweeps, who computes them, and what they leave behind."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec
from tests.programs import ROOT

SMALL = Scenario(
    name="small",
    network=NetworkSpec(units=3),
    task=TaskSpec(name="mackey_glass", steps=200),
    rule=RuleSpec(name="trtrl", learning_rate=0.05),
    compare=("rtrl", "trtrl"),
    seeds=(0,),
)
OVER = {"network.units": [3, 4], "rule": ["rtrl", "trtrl"]}
# Of a run folder; what else it holds has times on a clock in it.
SAME = ("scenario.toml", "series.csv", "checkpoint.safetensors")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def here() -> ThreadPoolExecutor:
    """Return an executor that computes in this very process."""
    return ThreadPoolExecutor(1)


def left(out: Path) -> dict[str, bytes]:
    """Return what sweeps leave in a run store, but for what tells of time on a clock."""
    names = [*out.glob("*-sweep-*/*.*"), *(path for name in SAME for path in out.glob(f"*/{name}"))]
    return {str(path.relative_to(out)): path.read_bytes() for path in names}


def working(group: int) -> list[str]:
    """Return the processes of a group that still run, those aside that are only not yet buried."""
    stats = [path.read_text() for path in Path("/proc").glob("[0-9]*/stat")]
    fields = [stat.rpartition(")")[2].split() for stat in stats]  # state, parent, group
    return [f"{state} {of}" for state, _, of, *_ in fields if of == str(group) and state != "Z"]


def all_end(group: int, seconds: float = 30) -> bool:
    """Say whether no process of a group runs any more, in a while.

    Python's own, which looks after what is shared, ends when it hears that the others have.
    """
    last = time.monotonic() + seconds
    while working(group) and time.monotonic() < last:
        time.sleep(0.05)
    return not working(group)


@contextmanager
def cluster(workers: int, folder: Path):
    """Start `dask scheduler` and that many `dask worker`; yield its address and their processes."""
    about = folder / "scheduler.json"
    started = [_dask(folder, "scheduler", "--port", "0", "--scheduler-file", about)]
    try:
        while not about.is_file():
            assert started[0].poll() is None
            time.sleep(0.05)
        address = json.loads(about.read_text())["address"]
        started += [
            _dask(folder, "worker", address, "--nthreads", "1", "--no-nanny")
            for _ in range(workers)
        ]
        _wait(address, workers)
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def _dask(folder: Path, *argv: object) -> "subprocess.Popen[bytes]":
    # a worker works in a folder of its own, where no file of the caller's is found by its name
    place = folder / f"worker-{time.monotonic_ns()}"
    place.mkdir()
    command = [sys.executable, "-m", "dask", *map(str, argv), "--host", "127.0.0.1"]
    return subprocess.Popen(
        [*command, "--no-dashboard"], cwd=place, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def _wait(address: str, workers: int) -> None:
    from distributed import Client

    with Client(address, timeout="60s") as client:
        client.wait_for_workers(workers, timeout=60)
