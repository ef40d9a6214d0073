"""Trainings in processes that are killed, and what they leave at the end."""

import multiprocessing
import shutil
import time
from pathlib import Path

import numpy as np

import neurosim as ns
from neurosim.engines import compiled
from neurosim.engines.checkpoint import Keeping, files, trees
from neurosim.learning import UORO, Hybrid
from neurosim.learning.optimizers import Clipped, Optimizer
from neurosim.learning.rule import Rule
from neurosim.study.graphs import graph_from

CLIPPED: Optimizer = Clipped(ns.Adam(), norm=1.0)
# Rule, steps (about a second of them), and how they are stepped.
ENGINES: dict[str, tuple[Rule, int, dict]] = {
    "arrays": (UORO(0.005, optimizer=CLIPPED, schedule=ns.Cosine()), 6_000, {}),
    "arrays, fixed point": (ns.TRTRL(0.05), 8_000, {"number": ns.Fixed()}),
    "compiled": (ns.RTRL(0.01, optimizer=CLIPPED), 60_000, {}),
    "compiled, block": (Hybrid(0.01, block=7, optimizer=ns.Momentum()), 60_000, {}),
    "stepwise": (ns.TRTRL(0.05, optimizer=ns.Adam()), 600, {"engine": "stepwise"}),
    "clocked": (ns.RTRL(0.05), 900, {"engine": "clocked", "machine": "tiles"}),
    "lockstep": (ns.TRTRL(0.05), 1_200, {"engine": "clocked", "machine": "chip"}),
    "chip": (ns.TRTRL(0.05), 2_000, {"engine": ns.hardware.OnChip(2), "number": ns.Fixed()}),
}
DONE = "result.npz"


def trained(engine: str, folder: Path, keeping: Keeping | None) -> None:
    """Train, and leave all that came of it in one file, state and all."""
    rule, steps, options = ENGINES[engine]
    if engine.startswith("compiled"):
        compiled.WORTH = 0
    graph, inputs, outputs = graph_from("fully_recurrent", units=6, inputs=("x",), outputs=2)
    network, engines = ns.Network(graph, inputs, outputs, seed=3), []
    t = np.arange(float(steps))
    stream = np.sin(0.1 * t), np.stack((0.5 * np.sin(0.1 * t + 0.3), 0.5 * np.cos(0.2 * t)), 1)
    run = ns.train(network, rule, *stream, **options, on_start=engines.append, checkpoint=keeping)
    assert getattr(engines[0], "compiled", False) == engine.startswith("compiled")
    _, state = trees.taken_apart(engines[0].state())
    named = {name.replace("/", "."): array for name, array in state.items()}
    whole = {"outputs": run.outputs, "errors": run.errors, "weights": run.network.weight_vector}
    cycles = np.zeros(0) if run.cycles is None else run.cycles
    np.savez(folder / "beside.npz", **named, **whole, cycles=cycles)
    (folder / "beside.npz").replace(folder / DONE)


class Killer:
    """Starts trainings, kills each at a random moment, and goes on until one ends by itself.

    Parameters
    ----------
    engine
        One of ``ENGINES``.
    folder
        Where they leave their checkpoints.
    seed
        Of the moments.
    """

    def __init__(self, engine: str, folder: Path, seed: int) -> None:
        self._engine, self._folder = engine, folder
        self._random = np.random.default_rng(seed)
        # forked from a process that has loaded everything: a start takes milliseconds
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.checkpoint.killed"])
        server = self._context.Process(target=time.sleep, args=(0,))  # times are without its start
        server.start()
        server.join()
        self.kills = 0

    def whole(self) -> dict[str, np.ndarray]:
        """Return what comes of a training that nobody kills."""
        started = time.monotonic()
        process = self._start(None)
        process.join()
        self._seconds = time.monotonic() - started
        assert process.exitcode == 0
        return self._result()

    def killed(self, at_most: int) -> dict[str, np.ndarray]:
        """Return what comes of a training that is killed again and again, so often at most."""
        _, steps, _ = ENGINES[self._engine]
        shutil.rmtree(self._folder / "kept", ignore_errors=True)
        for _ in range(at_most):
            keeping = Keeping(self._folder / "kept", steps=max(1, steps // 97))
            process = self._start(keeping)
            process.join(self._random.uniform(0, 0.3 * self._seconds))
            if process.is_alive():
                process.kill()
                self.kills += 1
            process.join()
            if (self._folder / DONE).exists():
                return self._result()
        process = self._start(keeping)
        process.join()
        return self._result()

    def _start(self, keeping: Keeping | None) -> multiprocessing.process.BaseProcess:
        process = self._context.Process(target=trained, args=(self._engine, self._folder, keeping))
        process.start()
        return process

    def _result(self) -> dict[str, np.ndarray]:
        with np.load(self._folder / DONE) as found:
            result = {name: found[name] for name in found.files}
        (self._folder / DONE).unlink()
        return result

    @property
    def checkpoints(self) -> int:
        """The number of the newest checkpoint, which counts them."""
        return max(files.numbers(self._folder / "kept"), default=0)
