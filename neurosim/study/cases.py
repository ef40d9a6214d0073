"""The cases of a scenario that tries several: sizes, machines, places of neurons and of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from neurosim.study.overrides import override
from neurosim.study.scenario import Scenario
from neurosim.study.variants import given_for

AXES = ("machine", "placement", "sensitivities")
"""What tells the rows of one size apart, beside the rule."""


def cases(scenario: Scenario) -> list[Scenario]:
    """Return a scenario for each case, the largest networks without rules that stop before."""
    if not scenario.swept:
        return [scenario]
    found = []
    for units, machine, placement, kept in product(
        scenario.sizes or (None,),
        scenario.machines or (scenario.machine,),
        scenario.placements or (None,),
        scenario.sensitivities or (None,),
    ):
        changes: dict[str, Any] = {
            "machine": machine,
            "placements": [placement] if placement else [],
            "sensitivities": [kept] if kept else [],
        }
        if units is not None:
            changes["network"] = {"units": units}
            changes["compare"] = [r for r in scenario.compare if units <= _largest(scenario, r)]
        single: dict[str, Any] = {"sizes": [], "machines": [], "largest": {}}
        if not units or changes["compare"]:
            found.append(override(scenario, {**changes, **single}))
    return found


def place(scenario: Scenario) -> dict[str, str]:
    """Return what a case says of places, as its rows have it."""
    axes = {"placement": scenario.placements, "sensitivities": scenario.sensitivities}
    return {name: chosen[0] for name, chosen in axes.items() if chosen}


def variant(
    row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], axes: Sequence[str] = AXES
) -> str:
    """Return in words what tells a row from others of its size and rule; empty where nothing.

    Only ``axes`` are looked at.
    """
    several = [axis for axis in axes if len({other.get(axis) for other in rows}) > 1]
    said = {"machine": "{}", "placement": "{}", "sensitivities": "kept by the {}"}
    return ", ".join(said[axis].format(row[axis]) for axis in several if axis in row)


def _largest(scenario: Scenario, rule: str) -> int:
    found = given_for(scenario.largest, rule)
    return max(scenario.sizes) if found is None else found
