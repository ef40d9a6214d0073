"""Trains the networks of a study: one job for each rule and seed, side by side where that helps."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.queues import Queue
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim import engines
from neurosim.engines.checkpoint import Keeping
from neurosim.errors import RunFailed
from neurosim.model.network import Network
from neurosim.study import rules, workers
from neurosim.study.busiest import IDLE, Busiest, Busy
from neurosim.study.engine import engine_of
from neurosim.study.problem import Problem
from neurosim.study.scenario import Scenario, in_path
from neurosim.study.series import Series

CURVE_POINTS = 40
TAIL_STEPS = 2_000
# Below this many steps in all, starting processes takes longer than it saves.
WORTH_PROCESSES = 5_000
SECONDS_BETWEEN_REPORTS = 0.1


class Job(NamedTuple):
    """One training: a rule of a scenario, by its text, from the weights that a seed draws."""

    scenario: Scenario
    rule: str
    seed: int


class Progress(NamedTuple):
    """How far a job is: steps done, steps in all, the normalised error of the last steps.

    ``busy`` are the units that do most, as it was when somebody last looked.
    """

    rule: str
    units: int
    seed: int
    step: int
    steps: int
    error: float
    busy: Busy = IDLE


@dataclass(frozen=True)
class Outcome:
    """What a job gave.

    ``nmse`` is the run's own (`neurosim.engines.Run.nmse`), and ``curve`` the same in equal parts
    of the run, but over the variance of all its targets. ``targets``, ``outputs`` and ``errors``,
    each (steps, outputs), are the last steps, from ``first_step`` on. ``failure`` says why a run
    could not go on. ``bits_per_symbol`` and ``accuracy`` are the run's own too, for targets that
    are classes, and ``bits_curve`` are the bits in equal parts of the run.
    """

    rule: str
    seed: int
    units: int
    steps: int
    seconds: float
    nmse: float | None
    curve: tuple[float, ...]
    first_step: int
    targets: NDArray[np.float64]
    outputs: NDArray[np.float64]
    errors: NDArray[np.float64]
    network: Network
    interrupted: bool = False
    failure: str | None = None
    bits_per_symbol: float | None = None
    accuracy: float | None = None
    bits_curve: tuple[float, ...] = ()


Watcher = Callable[[Progress], object]


def train(
    jobs: Sequence[Job],
    steps: int,
    watch: Watcher,
    side_by_side: bool = True,
    keeping: Keeping | None = None,
) -> list[Outcome]:
    """Train all jobs, each of ``steps`` steps, and return their outcomes in the same order.

    Ctrl-C stops every job after its current step; what they have done by then is returned, and
    jobs that had not begun are missing. With ``keeping`` each leaves checkpoints, in a folder of
    its own, and goes on from those that are there.
    """
    processes = min(len(jobs), os.cpu_count() or 1)
    if not side_by_side or processes == 1 or len(jobs) * steps < WORTH_PROCESSES:
        return _one_by_one(jobs, watch, keeping)
    seen: list[Progress] = []

    def watch_too(progress: Progress) -> None:
        seen[:] = [progress]
        watch(progress)

    try:
        return _side_by_side(jobs, processes, watch_too, keeping)
    except BrokenProcessPool:
        if seen:
            raise RunFailed(
                "a training process was ended from outside, perhaps for want of memory."
                " Use fewer units or seeds."
                + (f" `neurosim run --resume {keeping.folder.parent}` goes on." if keeping else "")
            ) from None
    # no process can be started from here: a notebook, a pipe
    return _one_by_one(jobs, watch, keeping)


def train_one(
    job: Job,
    watch: Watcher,
    stopped: Callable[[], bool] = lambda: False,
    keeping: Keeping | None = None,
) -> Outcome:
    """Train one job here; ``stopped`` is asked now and then whether to end early."""
    with rules.blamed(job.rule):
        return _trained(job, watch, stopped, _of_training(keeping, job.rule, job.seed))


def _of_training(keeping: Keeping | None, rule: str, seed: int) -> Keeping | None:
    """Return where the checkpoints of one training of a run go: a rule, by its text, and a seed."""
    if keeping is None:
        return None
    key = rules.key(rule)
    name = in_path(key)
    if name != key:  # another rule may have the same name there
        name += f"-{hashlib.sha256(key.encode()).hexdigest()[:6]}"
    return replace(keeping, folder=keeping.folder / f"{name}-{seed}")


def _trained(
    job: Job, watch: Watcher, stopped: Callable[[], bool], keeping: Keeping | None
) -> Outcome:
    problem = Problem.of(job.scenario, job.seed)
    inputs, targets = problem.series.inputs, problem.series.targets
    busiest = Busiest(problem.network)
    failure = None
    try:
        run = engines.train(
            problem.network,
            problem.rule(job.rule),
            inputs,
            targets,
            engine=engine_of(job.scenario, problem.machine, len(problem.network.units)),
            number=problem.number,
            machine=problem.machine if job.scenario.engine == "clocked" else None,
            seed=job.seed,
            on_part=_reporter(job, problem, watch, stopped, busiest),
            on_start=busiest.follow,
            checkpoint=keeping,
        )
    except RunFailed as failed:
        if not isinstance(failed.run, engines.Run):
            raise
        run, failure = failed.run, str(failed)
    return _outcome(job, run, problem.series, failure)


def _one_by_one(jobs: Sequence[Job], watch: Watcher, keeping: Keeping | None) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with suppress(KeyboardInterrupt):  # between two trainings; within one it ends that one
        for job in jobs:
            outcomes.append(train_one(job, watch, keeping=keeping))
            if outcomes[-1].interrupted:
                break
    return outcomes


def _side_by_side(
    jobs: Sequence[Job], processes: int, watch: Watcher, keeping: Keeping | None
) -> list[Outcome]:
    # spawn behaves alike on every system, and no thread of this process is copied half-way
    context = multiprocessing.get_context("spawn")
    reports: Queue[Progress] = context.Queue()
    stop = context.Event()
    with ProcessPoolExecutor(processes, context, workers.begin, (reports, stop)) as pool:
        futures: list[Future[Outcome | None]] = []
        try:
            with workers.signals_held():
                futures += [pool.submit(_work, job, keeping) for job in jobs]
            _follow(futures, reports, watch)
        except BaseException as error:
            stop.set()
            if not isinstance(error, KeyboardInterrupt):
                raise
            _follow(futures, reports, watch)
    outcomes = [future.result() for future in futures]
    return [outcome for outcome in outcomes if outcome is not None]


def _follow(futures: Sequence[Future[Any]], reports: Queue[Progress], watch: Watcher) -> None:
    while not all(future.done() for future in futures):
        try:
            watch(reports.get(timeout=SECONDS_BETWEEN_REPORTS))
        except queue.Empty:
            continue


def _work(job: Job, keeping: Keeping | None) -> Outcome | None:
    if workers.stopped():
        return None
    with workers.busy() as report:
        return train_one(job, report, workers.stopped, keeping)


def _reporter(
    job: Job, problem: Problem, watch: Watcher, stopped: Callable[[], bool], busiest: Busiest
) -> Callable[[int, NDArray[np.float64], NDArray[np.float64]], None]:
    steps, units = problem.series.steps, len(problem.network.units)
    variance, rule = _variance(problem.series.targets), rules.key(job.rule)
    last = time.perf_counter()
    smooth: float | None = None

    def on_part(done: int, outputs: NDArray[np.float64], errors: NDArray[np.float64]) -> None:
        nonlocal last, smooth
        squares = (errors**2).mean(axis=1)
        before = squares[0] if smooth is None else smooth
        fading = 0.998 ** np.arange(len(squares))[::-1]
        smooth = float(0.998 ** len(squares) * before + 0.002 * (fading @ squares))
        now = time.perf_counter()
        if now - last > SECONDS_BETWEEN_REPORTS or done == steps:
            last = now
            busy = busiest.now(done)
            watch(Progress(rule, units, job.seed, done, steps, smooth / variance, busy))
            if stopped():
                raise KeyboardInterrupt

    return on_part


def _outcome(job: Job, run: engines.Run, series: Series, failure: str | None) -> Outcome:
    steps, targets = len(run.errors), series.targets
    first = max(0, steps - TAIL_STEPS)
    classes = series.kind == "classes"
    return Outcome(
        rule=rules.key(job.rule),
        seed=job.seed,
        units=len(run.network.units),
        steps=steps,
        seconds=run.seconds,
        nmse=run.nmse(),
        curve=_curve(run.errors, _variance(targets)),
        first_step=first,
        targets=targets[first:steps],
        outputs=run.outputs[first:],
        errors=run.errors[first:],
        network=run.network,
        interrupted=run.interrupted,
        failure=failure,
        bits_per_symbol=run.bits_per_symbol(judged=series.judged) if classes else None,
        accuracy=run.accuracy(judged=series.judged) if classes else None,
        bits_curve=_bits_curve(run, series.judged) if classes else (),
    )


def _bits_curve(run: engines.Run, judged: NDArray[np.bool_] | None) -> tuple[float, ...]:
    found = []
    for steps in np.array_split(np.arange(run.steps), min(CURVE_POINTS, run.steps) or 1):
        part = replace(
            run,
            outputs=run.outputs[steps],
            errors=run.errors[steps],
            targets=run.targets[steps],
        )
        if len(steps):
            found.append(part.bits_per_symbol(1.0, None if judged is None else judged[steps]))
    return tuple(bits for bits in found if bits is not None)


def _curve(errors: NDArray[np.float64], variance: float) -> tuple[float, ...]:
    parts = np.array_split((errors**2).mean(axis=1), min(CURVE_POINTS, len(errors)))
    means = [float(part.mean()) / variance for part in parts if len(part)]
    return tuple(mean for mean in means if np.isfinite(mean))


def _variance(targets: NDArray[np.float64]) -> float:
    """Return the variance of the targets, or 1 for constant ones, which have no scale."""
    return float(np.var(targets)) or 1.0
