"""From a scenario's name and its flags to a chip, as far as it can be had without any tool."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from myhdl_core.assemble import assemble
from neurosim.cli.flags import DataShortcuts, apply
from neurosim.errors import UserError
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Format
from neurosim.model.fixed import Fixed
from neurosim.report.labels import label
from neurosim.study import problem, rules, sources
from neurosim.study.hardware import planned
from neurosim.study.hardware.folder import Design
from neurosim.study.hardware.summary import summarised
from neurosim.study.problem import Problem
from neurosim.study.scenario import Scenario

STANDARD_STEPS = 300


class Learner(NamedTuple):
    """What a chip is made for: a network with its task, its rule and its numbers."""

    posed: Problem
    rule: Rule
    number: Fixed


def reduced(asked: str, flags: Any, short: DataShortcuts | None) -> Scenario:
    """Return the scenario called ``asked`` with its flags, reduced to one rule and one size."""
    scenario = sources.load(asked)
    rules.check(scenario.compare)
    name = getattr(getattr(flags, "rule", None), "name", None) or scenario.rule.name
    scenario = apply(problem.single(scenario, name), "hardware", flags, short)
    if len(getattr(flags, "seeds", None) or ()) > 1:
        raise UserError("--seeds: a chip has one network. Give one seed.")
    if scenario.sizes:
        raise UserError(
            f"{scenario.name}: tries several sizes, and a chip has one. Name another scenario,"
            " such as `neurosim hardware compare --network.units 32`."
        )
    return scenario


def learner(scenario: Scenario) -> Learner:
    """Return what a scenario's chip is made for, in fixed point.

    Raises
    ------
    UserError
        When it has no place on a chip, or its numbers do not hold its values.
    """
    posed = Problem.of(scenario, scenario.seeds[0])
    posed.check(trained=True)
    rule = posed.rule(scenario.rule.name)
    number = posed.number if isinstance(posed.number, Fixed) else Fixed()
    _check_range(posed, number)
    return Learner(posed, rule, number)


def designed(scenario: Scenario, lanes: int | None, steps: int | None) -> Design:
    """Return the chip of a scenario with a series of ``steps``; needs no tools."""
    posed, rule, number = learner(scenario)
    steps = min(STANDARD_STEPS, posed.series.steps) if steps is None else steps
    if not 1 <= steps <= posed.series.steps:
        raise UserError(f"--steps: must be from 1 to {posed.series.steps:,}, the steps of the task"
                        f" (got {steps:,}).")  # fmt: skip
    assembled = assemble(planned(posed.network, rule, number, lanes), number)
    chip = summarised(scenario.name, assembled, number, number is not posed.number)
    chip = replace(chip, rule=label(rules.key(scenario.rule.name)))
    series = posed.series
    x, target = series.inputs[:steps], series.targets[:steps]
    return Design(posed.network, rule, number, assembled, chip, x, target)


def _check_range(posed: Problem, number: Fixed) -> None:
    """Refuse weights, inputs and targets that words of this width cannot hold."""
    fraction, low, high = number.ranges[Format.WORD]
    least, most = low / (1 << fraction), high / (1 << fraction)
    values = {
        "a weight": posed.network.weight_vector,
        "an input": posed.series.inputs,
        "a target": posed.series.targets,
    }
    for what, each in values.items():
        beyond = each[(each < least - 0.5 / number.one) | (each > most + 1.0 / number.one)]
        if len(beyond):
            worst = float(beyond[np.argmax(np.abs(beyond))])
            raise UserError(
                f"number: {what} is {worst:g}, and {number.name} holds {least:g} to {most:g}."
                " Give more --number.word_bits or fewer --number.fraction_bits."
            )
