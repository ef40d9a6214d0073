"""Sets the rules of a scenario side by side: what each learns, and what a step of it costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from statistics import median
from typing import Any, Literal

import numpy as np

from neurosim import engines
from neurosim.engines.activity import Activity
from neurosim.learning import Counts
from neurosim.model.network import Network
from neurosim.study import results
from neurosim.study.overrides import override
from neurosim.study.problem import Problem
from neurosim.study.scenario import Scenario, rate
from neurosim.study.summary import Check, Summary
from neurosim.study.training import Job, Outcome, Watcher, train

Verb = Literal["run", "compare", "cost"]
Row = dict[str, Any]
Say = Callable[[str], object]
# Growth is fitted on this many of the largest sizes: in small networks overheads hide it.
FITTED_SIZES = 3
# About what simulating a step takes here; only ever said as "about".
MULTIPLICATION_SECONDS, EDGE_SECONDS = 1.1e-9, 4.5e-5
# A run of fewer steps is a trial, of which nobody expects anything.
ENOUGH_STEPS = 1_000
Status = Literal["done", "interrupted", "failed"]
GROWING = ("multiplications_per_step", "stored_words", "cycles_per_step", "seconds_per_step")


def study(
    scenario: Scenario, verb: Verb, watch: Watcher, say: Say = lambda text: None
) -> tuple[Summary, list[Outcome]]:
    """Count, simulate and (but for ``cost``) train every rule of ``scenario``.

    Parameters
    ----------
    scenario, verb
        What to do.
    watch
        Called now and then while something is trained.
    say
        Called with what is being done before that.

    Raises
    ------
    UserError
        When the scenario does not fit together; found before anything is trained.
    """
    began = time.perf_counter()
    sized = [override(scenario, {"network": {"units": n}}) for n in scenario.sizes] or [scenario]
    problems = [Problem.of(one, one.seeds[0], trained=verb != "cost") for one in sized]
    for problem in problems:
        problem.check(trained=verb != "cost")
    rows, checks = _costs(problems, say)
    outcomes: list[Outcome] = []
    status: Status = "done"
    notes: list[str] = []
    if verb != "cost":
        outcomes = _trained(problems, watch)
        rows = _with_learning(rows, outcomes, problems)
        status, notes = _ending(outcomes, problems)
        notes += _unlearned(rows)
    summary = Summary(
        verb=verb,
        status=status,
        seconds=round(time.perf_counter() - began, 3),
        network=_network(scenario, problems[0].network),
        task=problems[0].series.origin,
        clock_mhz=machine.clock_mhz if (machine := problems[0].machine) else None,
        rows=tuple(rows),
        curves=_curves(scenario, outcomes),
        slopes=_slopes(scenario, rows),
        checks=tuple(checks),
        notes=tuple(notes),
        hints=(),
        versions=results.versions(),
        host=results.host(),
    )
    return summary, outcomes


def _costs(problems: Sequence[Problem], say: Say) -> tuple[list[Row], list[Check]]:
    """Count each rule, and simulate one step of it on the machine where there is one."""
    rows: list[Row] = []
    tried: list[list[tuple[str, dict[str, bool]]]] = [[] for _ in PROMISES]
    for problem in problems:
        for name in problem.scenario.compare:
            rule = problem.rule(name).for_steps(problem.series.steps)
            if problem.machine is not None:
                rule = problem.machine.as_run(rule)
            closed = rule.cost(problem.network)
            if problem.machine is None:
                cost = engines.cost(problem.network, rule, None, problem.number)
                rows.append(cost.as_dict())
                continue
            say(_simulating(name, problem.network, closed))
            step = engines.simulated_step(problem.network, rule, problem.machine, problem.number)
            cost = engines.cost_of(problem.network, rule, problem.machine, problem.number, step[0])
            rows.append(cost.as_dict())
            for gathered, found in zip(tried, _tried(closed, *step), strict=True):
                gathered.append((name, found))
    checks = [_check(text, found) for text, found in zip(PROMISES, tried, strict=True) if found]
    return rows, checks


def _simulating(name: str, network: Network, counts: Counts) -> str:
    """Say what is being simulated, and how long it takes where that is long."""
    units, edges = len(network.units), len(network.edges)
    seconds = counts.multiplications * MULTIPLICATION_SECONDS + edges * EDGE_SECONDS
    patience = f", about {seconds:,.0f} s (--machine none only counts)" if seconds > 5 else ""
    return f"simulating {name}, {units:,} units{patience}"


PROMISES = (
    "counts of the simulated step = closed forms",
    "words sent = words received",
    "cycles >= lower bound (lanes, memories, link, barrier)",
    "a neuron's compute + memory + link + barrier = cycles",
)


def _tried(closed: Counts, activity: Activity, counted: Counts) -> list[dict[str, bool]]:
    """Return, for each promise, what was compared and whether it held."""
    bounds = ("compute_bound", "memory_bound", "link_bound", "barrier_bound")
    return [
        {f.name: getattr(closed, f.name) == getattr(counted, f.name) for f in fields(Counts)},
        {"words": activity.words_received == counted.words_sent == counted.words_received},
        {bound: activity.cycles >= getattr(activity, bound) for bound in bounds},
        {n.name: n.cycles == activity.cycles for n in activity.neurons},
    ]


def _check(promise: str, tried: Sequence[tuple[str, dict[str, bool]]]) -> Check:
    """Gather what was compared for one promise, over rules and sizes."""
    broken = [f"{rule} {name}" for rule, found in tried for name in found if not found[name]]
    return Check(promise, sum(len(found) for _, found in tried), tuple(broken))


def _trained(problems: Sequence[Problem], watch: Watcher) -> list[Outcome]:
    jobs = [
        Job(problem.scenario, rule, seed)
        for problem in problems
        for seed in problem.scenario.seeds
        for rule in problem.scenario.compare
    ]
    # where times are the result, trainings side by side would slow each other down
    return train(jobs, problems[0].series.steps, watch, side_by_side=len(problems) == 1)


def _with_learning(
    rows: Sequence[Row], outcomes: Sequence[Outcome], problems: Sequence[Problem]
) -> list[Row]:
    """Return the rows with what training showed: medians over the seeds of each rule."""
    scenario = problems[0].scenario
    found = []
    for row in rows:
        mine = [o for o in outcomes if (o.rule, o.units) == (row["rule"], row["units"])]
        learning = _sized(mine) if scenario.sizes else _learning(mine)
        found.append({**row, **learning, "learning_rate": rate(scenario, row["rule"])})
    return found


def _learning(outcomes: Sequence[Outcome]) -> Row:
    errors = [o.nmse for o in outcomes if o.nmse is not None]
    if not outcomes:
        return {}
    row: Row = {
        "steps": min(o.steps for o in outcomes),
        "training_seconds": median(o.seconds for o in outcomes),
        "seeds": [o.seed for o in outcomes],
    }
    if len(errors) == len(outcomes):
        row["nmse"] = median(errors)
    if len(errors) > 1:
        row["nmse_by_seed"] = errors
    return row


def _sized(outcomes: Sequence[Outcome]) -> Row:
    if not outcomes or not outcomes[0].steps:
        return {}
    steps = outcomes[0].steps
    return {"steps": steps, "seconds_per_step": outcomes[0].seconds / steps}


def _ending(outcomes: Sequence[Outcome], problems: Sequence[Problem]) -> tuple[Status, list[str]]:
    """Return how it ended, and what the reader should know about that."""
    scenario, steps = problems[0].scenario, problems[0].series.steps
    notes = [f"{o.rule}, seed {o.seed}: {o.failure}" for o in outcomes if o.failure]
    asked = len(problems) * len(scenario.compare) * (1 if scenario.sizes else len(scenario.seeds))
    if len(outcomes) < asked or any(o.interrupted for o in outcomes):
        done, every = sum(o.steps for o in outcomes), asked * steps
        notes.append(f"Interrupted after {done:,} of {every:,} training steps in all.")
        return "interrupted", notes
    return "failed" if notes else "done", notes


def _unlearned(rows: Sequence[Row]) -> list[str]:
    """Say which rules answer worse at the end than the mean of the target would."""
    return [
        f"{row['rule']}: the error at the end is larger than the target's variance, so nothing was"
        f" learned. Try a learning rate below {row['learning_rate']:g}, or more steps."
        for row in rows
        if row.get("nmse", 0) > 1 and row["steps"] >= ENOUGH_STEPS
    ]


def _network(scenario: Scenario, network: Network) -> str:
    source = Path(scenario.network.file or scenario.network.topology or "").name
    outputs = f"{len(network.outputs):,} output{'s' * (len(network.outputs) != 1)}"
    if scenario.sizes:
        return f"{source}, {min(scenario.sizes):,} to {max(scenario.sizes):,} units, {outputs}"
    return f"{source}, {len(network.units):,} units, {len(network.edges):,} edges, {outputs}"


def _curves(scenario: Scenario, outcomes: Sequence[Outcome]) -> dict[str, tuple[float, ...]]:
    """Return for each rule the error over time of its first seed."""
    curves: dict[str, tuple[float, ...]] = {}
    for outcome in outcomes if not scenario.sizes else ():
        curves.setdefault(outcome.rule, outcome.curve)
    return curves


def _slopes(scenario: Scenario, rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Return, for each rule, the exponents with which its figures grow with the units."""
    slopes: dict[str, dict[str, float]] = {}
    for rule in scenario.compare if len(scenario.sizes) > 1 else ():
        mine = sorted((r for r in rows if r["rule"] == rule), key=lambda r: r["units"])
        last = mine[-FITTED_SIZES:]
        slopes[rule] = {
            name: _slope([r["units"] for r in last], [r[name] for r in last])
            for name in GROWING
            if all(name in r for r in last)
        }
    return slopes


def _slope(sizes: Sequence[int], values: Sequence[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])
