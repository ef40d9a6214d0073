"""The flags ``--trace`` and ``--trace-steps``: what happens on the machine, for Perfetto."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from neurosim.cli.flags import TraceFlags
from neurosim.errors import UserError
from neurosim.machine import Machine
from neurosim.study import checks, results, rules
from neurosim.study.costing import Say
from neurosim.study.overrides import override
from neurosim.study.problem import Problem
from neurosim.study.scenario import Scenario, in_path

FIRST_STEPS = (0, 1)
"""Two steps: the second begins where the first has left things."""
_WINDOW = re.compile(r"([0-9]{1,15}):([0-9]{1,15})")
_VIEWER = "ui.perfetto.dev"


class Wish(NamedTuple):
    """The first and last step to be traced, and the folder that run folders are in."""

    steps: tuple[int, int]
    out: Path


def wish(flags: TraceFlags | None, out: Path) -> Wish | None:
    """Return what the flags ask for, None for no trace.

    Raises
    ------
    UserError
        When steps are given and no trace is asked for, or when they are no steps.
    """
    steps = flags.trace_steps if flags else None
    if not flags or not flags.trace:
        if steps is not None:
            raise UserError("--trace-steps: says which steps --trace shows. Add --trace.")
        return None
    found = _WINDOW.fullmatch(steps) if steps is not None else None
    window = (int(found[1]), int(found[2])) if found else FIRST_STEPS
    if (steps is not None and not found) or window[0] > window[1]:
        raise UserError(
            "--trace-steps: must be the first step and the last, counted from 0, such as 0:1"
            f" (got {checks.short(steps)})."
        )
    return Wish(window, out)


def refuse_unused(out: Path | None, wish: Wish | None) -> None:
    """Return when there is a trace to be written to ``out``, or no such folder is named.

    Raises
    ------
    UserError
        Otherwise: nothing else is written.
    """
    if out is not None and wish is None:
        raise UserError("--out: cost writes nothing but traces. Add --trace.")


def write(wish: Wish, scenario: Scenario, say: Say) -> list[str]:
    """Write a trace of each rule of a scenario into its run folder; return what to say of them.

    Raises
    ------
    UserError
        When nothing is simulated, or of more than one size.
    """
    from neurosim.study.trace import trace  # slow to load

    problem, machine = _posed(scenario)
    lines = []
    with results.prepared(scenario, wish.out) as folder:
        for text in scenario.compare:
            name = rules.key(text)
            say(f"tracing {name}")
            one = f"trace-{in_path(name)}" if len(scenario.compare) > 1 else "trace"
            with rules.blamed(text):
                rule = problem.rule(text).for_steps(problem.series.steps)
                traced = trace(
                    problem.network, rule, machine, folder / f"{one}.json.gz", problem.number,
                    wish.steps, scenario.tier,
                )  # fmt: skip
            first, last = wish.steps
            lines.append(
                f"written {traced.path}: steps {first} to {last} of {name} on {machine.name},"
                f" simulated without training, {traced.events:,} events. Open it at {_VIEWER}."
            )
            if traced.full is not None:
                lines.append(
                    f"{traced.path} was full in cycle {traced.full:,}, and ends there. Use a"
                    f" smaller network, or fewer steps: --trace-steps {first}:{first}."
                )
    return lines


def _posed(scenario: Scenario) -> tuple[Problem, Machine]:
    """Return what is simulated."""
    if len(scenario.sizes) > 1:
        raise UserError(
            "--trace: shows one network, and this scenario tries several sizes."
            f" Use --sizes {min(scenario.sizes)}."
        )
    if scenario.tier == "analytic":
        raise UserError("--trace: the tier analytic simulates nothing. Use --tier burst.")
    for units in scenario.sizes:
        scenario = override(scenario, {"network": {"units": units}})
    problem = Problem.of(scenario, scenario.seeds[0], trained=False)
    if problem.machine is None:
        raise UserError("--trace: shows what happens on a machine. Name one with --machine.")
    problem.check(trained=False)
    return problem, problem.machine
