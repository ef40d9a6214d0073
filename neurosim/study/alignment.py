"""How far each rule's gradient is from the exact one, and what a step of it costs.

One rule learns, the others are shown its way (`neurosim.study.trajectory`). Costs are those that
`neurosim cost` prints, from the same functions.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.fit import check_fit
from neurosim.errors import UserError
from neurosim.learning import RTRL
from neurosim.study import comparison, results, rules
from neurosim.study.costing import Row, Say, costs
from neurosim.study.overrides import override
from neurosim.study.problem import Problem
from neurosim.study.scenario import Scenario
from neurosim.study.summary import Summary
from neurosim.study.training import Progress, Watcher
from neurosim.study.trajectory import MEASURES, Reals, Trajectory, follow

FILE = "alignment.csv"
SUFFIX = "-align"
# Where a scenario names no more than the pair that all do, these are set side by side.
STANDARD = (
    "hybrid", "bptt:window=10", "trtrl", "snap", "rflo", "rflo:feedback=random", "eprop",
    "focused", "uoro", "kf_rtrl", "ok", "ok:rank=4", RTRL.name,
)  # fmt: skip
CURVE_POINTS = 40
# The first steps are left out of all summaries, as sensitivities still grow: a tenth at most.
WARM_UP = 100
LOW, HIGH = 0.1, 0.9
SECONDS_BETWEEN_REPORTS = 0.1
Seen = Mapping[int, Trajectory]
"""The trajectory of each seed."""


def prepared(scenario: Scenario, given: bool) -> tuple[Scenario, list[str]]:
    """Return the scenario with the rules that are compared, and notes on those that are not.

    Parameters
    ----------
    scenario
        What was asked for.
    given
        Whether its list was named by the user, and is kept as it is.

    Raises
    ------
    UserError
        When RTRL itself does not fit the network, or the scenario is a sweep.
    """
    if scenario.swept:
        raise UserError(
            f"{scenario.name}: tries several sizes or places, and align follows one network."
            " Use `neurosim compare`, or drop them."
        )
    name = scenario.name if scenario.name.endswith(SUFFIX) else scenario.name + SUFFIX
    wanted: Sequence[str] = scenario.compare
    notes: list[str] = []
    if not given and scenario.compare == Scenario().compare:
        wanted, notes = _fitting(scenario)
    # last, which also tells the list from the standard pair when the scenario is read again
    known = [text for text in wanted if rules.key(text) != RTRL.name]
    return override(scenario, {"name": name, "compare": [*known, RTRL.name]}), notes


def _fitting(scenario: Scenario) -> tuple[list[str], list[str]]:
    """Return the standard rules that fit the network, and why others do not."""
    found, notes = [RTRL.name], []
    problem = _problem(scenario, found)
    for text in STANDARD[:-1]:
        try:
            check_fit(problem.network, problem.rule(text), problem.number)
            found.append(text)
        except UserError as error:
            notes.append(f"{text} is left out: {error}")
    return found, notes


def _problem(scenario: Scenario, compared: Sequence[str]) -> Problem:
    """Return the problem of the first seed, checked for these rules and the learner."""
    own = scenario.rule.name
    every = [*compared, *([own] if rules.key(own) not in map(rules.key, compared) else [])]
    changed = override(scenario, {"compare": every})
    problem = Problem.of(changed, scenario.seeds[0])
    problem.check(trained=True)
    return problem


def study(
    scenario: Scenario, watch: Watcher, say: Say = lambda text: None, notes: Sequence[str] = ()
) -> tuple[Summary, Seen]:
    """Let the scenario's rule learn from every seed, and compare the others' gradients.

    Parameters
    ----------
    scenario
        What `prepared` returned.
    watch
        Called now and then while it learns.
    say
        Called with what is being done before that.
    notes
        What the reader should know already.

    Raises
    ------
    UserError
        When the scenario does not fit together; found before anything is computed.
    """
    began = time.perf_counter()
    problem = _problem(scenario, scenario.compare)
    costed = replace(problem, scenario=scenario)
    counted = costs([costed], say, profiled=False)
    seen = _followed(scenario, watch)
    rows = [_row(row, seen) for row in counted.rows]
    status, ended = _ending(scenario, seen, problem.series.steps)
    machine = problem.machine
    summary = Summary(
        verb="align",
        status=status,
        seconds=round(time.perf_counter() - began, 3),
        network=comparison.network_in_words(scenario, problem.census),
        task=problem.series.origin,
        clock_mhz=machine.clock_mhz if machine else None,
        rows=tuple(rows),
        curves={},
        slopes={},
        checks=tuple(counted.checks),
        notes=(*notes, *ended),
        hints=(),
        versions=results.versions(),
        host=results.host(),
        alignment={rules.key(name): _curve(rules.key(name), seen) for name in scenario.compare},
    )
    return summary, seen


def _followed(scenario: Scenario, watch: Watcher) -> Seen:
    """Return what was seen from each seed, those that had not begun when Ctrl-C came left out."""
    seen: dict[int, Trajectory] = {}
    with suppress(KeyboardInterrupt):  # between two seeds; within one it ends that one
        for seed in scenario.seeds:
            problem = Problem.of(scenario, seed)
            compared = {rules.key(text): problem.rule(text) for text in scenario.compare}
            own = scenario.rule.name
            with rules.blamed(own):
                seen[seed] = follow(
                    problem.network, problem.rule(own), compared, problem.series.inputs,
                    problem.series.targets, problem.number, seed, _reporter(problem, seed, watch),
                )  # fmt: skip
            if seen[seed].interrupted:
                break
    return seen


def _reporter(problem: Problem, seed: int, watch: Watcher) -> Callable[[int, Reals], None]:
    steps, units = problem.series.steps, len(problem.network.units)
    variance = float(np.var(problem.series.targets)) or 1.0
    key = rules.key(problem.scenario.rule.name)
    last, smooth = time.perf_counter(), -1.0

    def on_step(done: int, error: Reals) -> None:
        nonlocal last, smooth
        square = float((error**2).mean())
        smooth = square if smooth < 0 else 0.998 * smooth + 0.002 * square
        now = time.perf_counter()
        if now - last > SECONDS_BETWEEN_REPORTS or done == steps:
            last = now
            watch(Progress(key, units, seed, done, steps, smooth / variance))

    return on_step


def _ending(
    scenario: Scenario, seen: Seen, steps: int
) -> tuple[Literal["done", "interrupted", "failed"], list[str]]:
    """Return how it ended, and what the reader should know about that."""
    own = rules.key(scenario.rule.name)
    notes = [
        f"{own}, seed {seed}: diverged at step {each.diverged}, so the others were followed no"
        f" further. Try a learning rate below {scenario.rule.learning_rate:g}."
        for seed, each in seen.items()
        if each.diverged is not None
    ]
    if len(seen) < len(scenario.seeds) or any(each.interrupted for each in seen.values()):
        done, every = sum(len(each.errors) for each in seen.values()), len(scenario.seeds) * steps
        return "interrupted", [*notes, f"Interrupted after {done:,} of {every:,} steps in all."]
    return "failed" if notes else "done", notes


def _settled(values: NDArray[Any]) -> NDArray[Any]:
    """Return what comes after the warm-up."""
    return values[min(WARM_UP, len(values) // 10) :]


def _row(costs_of_it: Row, seen: Seen) -> Row:
    """Return the row of a rule: what it costs, then how its gradients stand to the exact ones."""
    key = costs_of_it["rule"]
    row: Row = {**costs_of_it, "steps": min((len(s.errors) for s in seen.values()), default=0)}
    row["seeds"] = [*seen]
    due = [_settled(each.due[key]) for each in seen.values()]
    found = [_settled(each.measures[key]) for each in seen.values()]
    there = [values[wanted] for values, wanted in zip(found, due, strict=True)]
    row["compared_steps"] = sum(int(np.isfinite(v[:, 0]).sum()) for v in there)
    row["left_out_steps"] = sum(int(np.isnan(v[:, 0]).sum()) for v in there)
    for n, name in enumerate(MEASURES):
        kept = [values[np.isfinite(values[:, n]), n] for values in there]
        row.update(_summarised(name, [values for values in kept if len(values)]))
    return row


def _summarised(name: str, by_seed: Sequence[Reals]) -> dict[str, Any]:
    """Return mean over time, median and quantiles, each as the mean over the seeds.

    Of ratios, which have no upper bound, the median stands for all.
    """
    if not by_seed:
        return {}
    quantiles = np.mean([np.quantile(values, (LOW, 0.5, HIGH)) for values in by_seed], axis=0)
    low, middle, high = map(float, quantiles)
    if name.endswith("ratio"):
        return {name: middle, f"{name}_low": low, f"{name}_high": high}
    means = [float(values.mean()) for values in by_seed]
    found: dict[str, Any] = {name: float(np.mean(means)), f"{name}_median": middle}
    found |= {f"{name}_low": low, f"{name}_high": high}
    if len(means) > 1:
        found |= {f"{name}_spread": float(np.std(means, ddof=1)), f"{name}_by_seed": means}
    return found


def _curve(key: str, seen: Seen) -> tuple[float, ...]:
    """Return the headline cosine in equal parts of the run, as the mean over all seeds."""
    steps = max((len(each.errors) for each in seen.values()), default=0)
    whole = np.full((len(seen), steps), np.nan)
    for values, each in zip(whole, seen.values(), strict=True):
        hidden = each.measures[key][:, MEASURES.index("hidden_cosine")]
        own = hidden if np.isfinite(hidden).any() else each.measures[key][:, 0]
        values[: len(own)] = own
    parts = np.array_split(whole, max(1, min(CURVE_POINTS, steps)), axis=1)
    return tuple(float(np.nanmean(part)) for part in parts if np.isfinite(part).any())


def table(seen: Seen) -> str:
    """Return all measures as CSV, in equal parts of the run: what `alignment.csv` holds."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["rule", "seed", "first_step", "steps", *MEASURES])
    for seed, each in seen.items():
        for key, values in each.measures.items():
            first = 0
            for part in np.array_split(values, max(1, min(CURVE_POINTS, len(values)))):
                writer.writerow([key, seed, first, len(part), *map(_mean, part.T)])
                first += len(part)
    return buffer.getvalue()


def _mean(values: Reals) -> str:
    there = values[np.isfinite(values)]
    return repr(float(there.mean())) if len(there) else ""
