"""Sets the rules of a scenario side by side: what each learns, and what a step of it costs."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np

from neurosim.engines.checkpoint import Keeping
from neurosim.errors import UserError
from neurosim.learning import Census
from neurosim.study import fit, results, rules
from neurosim.study.cases import cases, variant
from neurosim.study.costing import Row, Say, costs
from neurosim.study.problem import Problem
from neurosim.study.scenario import Scenario
from neurosim.study.summary import Summary
from neurosim.study.training import Job, Outcome, Watcher, train

Verb = Literal["run", "compare", "cost"]
# Growth is fitted on this many of the largest sizes: in small networks overheads hide it.
FITTED_SIZES = 3
# A run of fewer steps is a trial, of which nobody expects anything.
ENOUGH_STEPS = 1_000
Status = Literal["done", "interrupted", "failed"]
# What is said of targets that are classes, beside their error.
OF_CLASSES = ("bits_per_symbol", "accuracy")
GROWING = (
    "multiplications_per_step",
    "stored_words",
    "words_sent_per_step",
    "hop_words_per_step",
    "cycles_per_step",
    "energy_pj_per_step",
    "seconds_per_step",
)


def study(
    scenario: Scenario,
    verb: Verb,
    watch: Watcher,
    say: Say = lambda text: None,
    keeping: Keeping | None = None,
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
    keeping
        Where checkpoints of the trainings go, and how often.

    Raises
    ------
    UserError
        When the scenario does not fit together; found before anything is trained.
    """
    began = time.perf_counter()
    tried = cases(scenario)
    problems = [Problem.of(one, one.seeds[0], trained=verb != "cost") for one in tried]
    for problem in problems:
        problem.check(trained=verb != "cost")
    clock, fits = _clock(problems), _fits(scenario, problems[0])
    found = costs(problems, say, profiled=verb != "cost")
    rows = found.rows
    outcomes: list[Outcome] = []
    status: Status = "done"
    notes = _bounded(problems)
    if verb != "cost":
        jobs = _jobs(problems)
        # where times are the result, trainings side by side would slow each other down
        steps = problems[0].series.steps
        outcomes = train(jobs, steps, watch, not scenario.swept, keeping)
        rates = {rules.key(name): problems[0].rule(name).learning_rate for name in scenario.compare}
        rows = _with_learning(rows, outcomes, rates, scenario.swept)
        status, ended = _ending(outcomes, jobs, steps)
        notes += [*ended, *_unlearned(rows)]
    summary = Summary(
        verb=verb,
        status=status,
        seconds=round(time.perf_counter() - began, 3),
        network=network_in_words(scenario, problems[0].census),
        task=problems[0].series.origin,
        clock_mhz=clock,
        rows=tuple(rows),
        curves=_curves(scenario, outcomes),
        slopes=_slopes(scenario, rows),
        checks=tuple(found.checks),
        notes=tuple(notes),
        hints=(),
        versions=results.versions(),
        host=results.host(),
        profiles=found.profiles,
        fits=fits,
    )
    return summary, outcomes


def _clock(problems: Sequence[Problem]) -> float | None:
    """Return the clock of the machines, where there are some and they agree.

    Raises
    ------
    UserError
        When two machines go by one name, under which nobody could tell their rows apart.
    """
    machines = {p.scenario.machine: p.machine for p in problems if p.machine}
    names = [machine.name for machine in machines.values()]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"machines: two are named {name}. Give each a name of its own.")
    clocks = {machine.clock_mhz for machine in machines.values()}
    return clocks.pop() if len(clocks) == 1 else None


def _fits(scenario: Scenario, problem: Problem) -> tuple[Row, ...]:
    """Return how every rule fits every part that is named."""
    if not scenario.parts:
        return ()
    found = fit.of_census(problem.census, scenario.compare, scenario.parts, problem.number)
    return tuple(row.as_dict() for row in found)


def _jobs(problems: Sequence[Problem]) -> list[Job]:
    """List what has to be trained: machines change no word, so each size once."""
    sizes = {problem.census.n: problem.scenario for problem in reversed(problems)}
    return [
        Job(one, rule, seed)
        for one in reversed(sizes.values())
        for seed in one.seeds
        for rule in one.compare
    ]


def _with_learning(
    rows: Sequence[Row], outcomes: Sequence[Outcome], rates: Mapping[str, float], swept: bool
) -> list[Row]:
    """Return the rows with what training showed: medians over the seeds of each rule."""
    found = []
    for row in rows:
        mine = [o for o in outcomes if (o.rule, o.units) == (row["rule"], row["units"])]
        learning = _sized(mine) if swept else _learning(mine)
        found.append({**row, **learning, "learning_rate": rates[row["rule"]]})
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
    for name in OF_CLASSES:
        found = [value for o in outcomes if (value := getattr(o, name)) is not None]
        if len(found) == len(outcomes):
            row[name] = median(found)
    return row


def _sized(outcomes: Sequence[Outcome]) -> Row:
    if not outcomes or not outcomes[0].steps:
        return {}
    steps = outcomes[0].steps
    return {"steps": steps, "seconds_per_step": outcomes[0].seconds / steps}


def _ending(
    outcomes: Sequence[Outcome], jobs: Sequence[Job], steps: int
) -> tuple[Status, list[str]]:
    """Return how it ended, and what the reader should know about that."""
    notes = [f"{o.rule}, seed {o.seed}: {o.failure}" for o in outcomes if o.failure]
    if len(outcomes) < len(jobs) or any(o.interrupted for o in outcomes):
        done, every = sum(o.steps for o in outcomes), len(jobs) * steps
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


def _bounded(problems: Sequence[Problem]) -> list[str]:
    """Say that cycles are bounds, where they are."""
    analytic = problems[0].machine is not None and problems[0].scenario.tier == "analytic"
    return ["Cycles are lower bounds: --tier analytic simulates nothing."] if analytic else []


def network_in_words(scenario: Scenario, census: Census) -> str:
    """Return which network a scenario has, and how large it is."""
    source = Path(scenario.network.file or scenario.network.topology or "").name
    outputs = f"{census.k:,} output{'s' * (census.k != 1)}"
    if scenario.sizes:
        return f"{source}, {min(scenario.sizes):,} to {max(scenario.sizes):,} units, {outputs}"
    return f"{source}, {census.n:,} units, {census.edges:,} edges, {outputs}"


def _curves(scenario: Scenario, outcomes: Sequence[Outcome]) -> dict[str, tuple[float, ...]]:
    """Return for each rule the error over time of its first seed."""
    curves: dict[str, tuple[float, ...]] = {}
    for outcome in outcomes if not scenario.swept else ():
        curves.setdefault(outcome.rule, outcome.curve)
    return curves


def _slopes(scenario: Scenario, rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Return the exponents with which figures grow with the units, for each rule (and variant)."""
    lines: dict[str, list[Row]] = {}
    for row in rows if len(scenario.sizes) > 1 else ():
        lines.setdefault(slope_key(row["rule"], variant(row, tuple(rows))), []).append(row)
    slopes: dict[str, dict[str, float]] = {}
    for key, line in lines.items():
        last = sorted(line, key=lambda row: row["units"])[-FITTED_SIZES:]
        slopes[key] = {
            name: _slope([r["units"] for r in last], [r[name] for r in last])
            for name in GROWING
            if len(last) > 1 and all(r.get(name) for r in last)
        }
    return slopes


def slope_key(rule: str, variant: str) -> str:
    """Return under which name a summary has the slopes of a rule, on one of several machines."""
    return f"{rule}, {variant}" if variant else rule


def _slope(sizes: Sequence[int], values: Sequence[float]) -> float:
    logarithms = [math.log(value) for value in values]  # of counts that 64 bits need not hold
    return float(np.polyfit(np.log(sizes), logarithms, 1)[0])
