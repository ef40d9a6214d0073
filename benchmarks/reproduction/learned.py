"""Cells that train networks: every rule of a scenario from every seed, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

import neurosim as ns
from benchmarks.reproduction.figures import Claim, Figure, Values
from neurosim.errors import RunFailed
from neurosim.study import rules
from neurosim.study.problem import Problem
from neurosim.study.scenario import Scenario
from neurosim.study.tasks.chaos import DEVIATION, MEAN
from neurosim.study.training import Job, Outcome, Watcher, train

PARTS = 5
RESERVOIRS, TESTED = 10, 400
READOUT = f"ridge: root mean square error of the last {TESTED} steps"
PLAINLY = f"{READOUT}, a tenth of the units seeing the series as it is"
SIMILAR = Claim("similar to rtrl's", 1 / 3, 3.0)
UORO, KF_RTRL, OK, TBPTT = CHARACTERS = "uoro", "kf_rtrl", "ok:rank=4", "bptt:window=10"
APART = {  # the order of the curves in the slides, in bits at the end
    (UORO, KF_RTRL): Claim("above 0", 0.0),
    (KF_RTRL, OK): Claim("above 0", 0.0),
    (OK, TBPTT): Claim("about 0", -0.05, 0.05),
}


def outcomes(scenario: Scenario, watch: Watcher) -> dict[str, list[Outcome]]:
    """Train a scenario whole, and return the outcomes of each rule in the order of the seeds.

    Raises
    ------
    KeyboardInterrupt
        When Ctrl-C ended it: what is not whole is no result.
    RunFailed
        When a rule diverged.
    """
    jobs = [Job(scenario, rule, seed) for rule in scenario.compare for seed in scenario.seeds]
    by_rule = groupby(_trained(jobs, watch), key=lambda outcome: outcome.rule)
    return {rule: list(mine) for rule, mine in by_rule}


def _trained(jobs: Sequence[Job], watch: Watcher) -> list[Outcome]:
    scenario = jobs[0].scenario
    found = train(jobs, Problem.of(scenario, jobs[0].seed).series.steps, watch)
    if len(found) < len(jobs) or any(outcome.interrupted for outcome in found):
        raise KeyboardInterrupt
    for outcome in found:
        if outcome.failure:
            raise RunFailed(f"{scenario.name}, seed {outcome.seed}: {outcome.failure}")
    return found


def errors(scenario: Scenario, claim: Claim, similar: bool) -> tuple[Figure, ...]:
    """Describe the errors at the end, TRTRL's over RTRL's, and what a step of each rule takes.

    With ``similar`` the two are claimed to be.
    """
    names = [rules.key(text) for text in scenario.compare]
    return (
        *(Figure(_error(name), "ratio", claim) for name in names),
        Figure("trtrl: error over that of rtrl", "ratio", SIMILAR if similar else None),
        *(Figure(_multiplications(name), "exact") for name in names),
    )


def of_errors(scenario: Scenario, watch: Watcher) -> dict[str, Values]:
    """Train, and return the figures of `errors`."""
    ended = {
        rule: [_ended(o.nmse) for o in mine] for rule, mine in outcomes(scenario, watch).items()
    }
    problem = Problem.of(scenario, scenario.seeds[0])
    over = np.array(ended["trtrl"]) / np.array(ended["rtrl"])
    return {
        **{_error(rule): values for rule, values in ended.items()},
        "trtrl: error over that of rtrl": over.tolist(),
        **{
            _multiplications(rule): (problem.rule(rule).counted(problem.census).multiplications,)
            for rule in ended
        },
    }


def curves() -> tuple[Figure, ...]:
    """Describe the bits per character in equal parts of the run, and what lies between rules."""
    return (
        *(Figure(_bits(rule, n), "spread") for rule in CHARACTERS for n in range(1, PARTS + 1)),
        *(Figure(_apart(*pair), "spread", claim) for pair, claim in APART.items()),
    )


def of_curves(scenario: Scenario, watch: Watcher) -> dict[str, Values]:
    """Train, and return the figures of `curves`."""
    trained = outcomes(scenario, watch)
    found: dict[str, Values] = {}
    for rule in CHARACTERS:
        parts = [np.array_split(outcome.bits_curve, PARTS) for outcome in trained[rule]]
        for n in range(PARTS):
            found[_bits(rule, n + 1)] = [float(each[n].mean()) for each in parts]
    for worse, better in APART:
        pair = (np.array(found[_bits(rule, PARTS)]) for rule in (worse, better))
        found[_apart(worse, better)] = np.subtract(*pair).tolist()
    return found


def reservoirs() -> tuple[Figure, ...]:
    """Describe the error of a readout on several reservoirs, in the units of the series."""
    return (
        Figure(READOUT, "ratio", Claim("at most 0.0030", 0.0, 3.0e-3)),
        Figure(PLAINLY, "ratio", Claim("0.0019 to 0.0030", 1.9e-3, 3.0e-3)),
    )


def of_reservoirs(scenario: Scenario, watch: Watcher) -> dict[str, Values]:
    """Train the scenario's own rule on reservoirs that seeds 0 to 9 draw."""
    drawn = [
        replace(scenario, network=replace(scenario.network, seed=n)) for n in range(RESERVOIRS)
    ]
    jobs = [Job(one, scenario.rule.name, scenario.seeds[0]) for one in drawn]
    (scale,) = Problem.of(jobs[0].scenario, jobs[0].seed).series.scale
    squares = [(each.errors[-TESTED:] ** 2).mean() for each in _trained(jobs, watch)]
    return {
        READOUT: [float(scale * square**0.5) for square in squares],
        PLAINLY: [_seen_plainly(one) for one in drawn],
    }


def _seen_plainly(scenario: Scenario) -> float:
    """Return the error where a tenth of the units see the series in the equation's units."""
    options = {**scenario.network.options, "input_density": "0.1"}
    sparse = replace(scenario, network=replace(scenario.network, options=options))
    problem = Problem.of(sparse, scenario.seeds[0])
    seen = MEAN + DEVIATION * problem.series.inputs
    rule = problem.rule(scenario.rule.name)
    run = ns.train(problem.network, rule, seen, problem.series.targets)
    (scale,) = problem.series.scale
    return float(scale * (run.errors[-TESTED:] ** 2).mean() ** 0.5)


def _ended(error: float | None) -> float:
    if error is None:
        raise RunFailed("a target never moves, and there is no error over its variance.")
    return error


def _error(rule: str) -> str:
    return f"{rule}: error over the target's variance"


def _multiplications(rule: str) -> str:
    return f"{rule}: multiplications a step"


def _bits(rule: str, part: int) -> str:
    return f"{rule}: bits per character, part {part} of {PARTS}"


def _apart(worse: str, better: str) -> str:
    return f"{worse} - {better}: bits per character, part {PARTS}"
