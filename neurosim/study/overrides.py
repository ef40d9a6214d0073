"""Changing a scenario: what a change takes with it, since a flag must never have to undo one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from neurosim.study import catalog, description
from neurosim.study.optimizers import options_of
from neurosim.study.scenario import SWEEPS, WIDTHS, RuleSpec, Scenario, TaskSpec, from_mapping
from neurosim.study.specs import READING_FILES
from neurosim.study.variants import known_as

GRAPHS = (".json", ".graphml")
_SHAPE = {"density", "neighbours", "rewiring", "layers", "self_loops", "options"}
_SHAPE |= {"inputs", "outputs"}
_SERIES = {field.name for field in fields(TaskSpec)} - {"name", "steps", "seed"}
_BY_RULE = ("rates", "largest")
_DERIVED = {"word_bits": "fraction_bits", "weight_bits": "weight_fraction_bits"}


def override(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Return ``scenario`` with the fields in ``changes`` replaced.

    A change of kind (another topology, task or number format) takes the options of the old kind
    with it, so that a flag never has to undo what the scenario said about something else.
    """
    merged = description.mapping(scenario)
    for key, value in changes.items():
        if isinstance(value, Mapping) and key not in _BY_RULE:
            outdated = _outdated(key, value)
            kept = {k: v for k, v in merged[key].items() if k not in outdated}
            merged[key] = {**kept, **value}
        else:
            merged[key] = value
    if "network" in changes:
        _fit_units(merged["network"], changes["network"])
    if "data" in changes.get("task", {}):
        merged["task"]["name"] = changes["task"].get("name") or _reading(
            scenario.task.name, changes["task"]["data"]
        )
    if "learning_rate" in changes.get("rule", {}) and "rates" not in changes:
        merged["rates"] = {}
    compared = {name for text in merged["compare"] for name in known_as(text)}
    for key in _BY_RULE if "compare" in changes else ():
        if key not in changes:
            merged[key] = {k: v for k, v in merged[key].items() if k in compared}
    if "seeds" not in changes and any(changes.get(key) for key in SWEEPS):
        merged["seeds"] = merged["seeds"][:1]
    _end_sweeps(merged, changes)
    if "summary" not in changes and _is_another(scenario, changes):
        merged["summary"] = ""
    return from_mapping(merged, description.FLAGS)


def _end_sweeps(merged: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Try no more several of what a change names one of."""
    ended = {
        "machines": "machine" in changes,
        "sensitivities": "placement" in changes.get("rule", {}),
    }
    for key, named in ended.items():
        if named and key not in changes:
            merged[key] = []


def _reading(before: str, data: str) -> str:
    """Return the task that a file means: by its suffix, or the one before where that tells nothing.

    Most data are CSV, so they are what a file is taken for that comes to a task without files.
    """
    kinds = {".csv": "csv", ".txt": "text"}
    suffix = catalog.names("data").get(data, Path(data)).suffix.lower()
    return kinds.get(suffix, before if before in READING_FILES else "csv")


def _fit_units(merged: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Make the number of units, where only the scenario gives one, fit another topology."""
    if "units" in changes:
        return
    if "layers" in changes:
        merged["units"] = sum(changes["layers"])
    elif "topology" in changes and "units" in merged:
        from neurosim.study.graphs import takes  # with networkx, which is slow to load

        if not takes(changes["topology"], "units"):
            del merged["units"]


def _is_another(scenario: Scenario, changes: Mapping[str, Any]) -> bool:
    """Say whether the scenario's summary would tell of something else after these changes."""
    network, task = changes.get("network", {}), changes.get("task", {})
    return (
        not {"topology", "file"}.isdisjoint(network)
        or not {"name", "data"}.isdisjoint(task)
        or "compare" in changes
        or ("sizes" in changes and not scenario.sizes)
        or ("machine" in changes and len(scenario.machines) > 1)
    )


def _outdated(section: str, changes: Mapping[str, Any]) -> set[str]:
    """Return the fields of a section that say nothing any more once ``changes`` are made."""
    if section == "network" and {"file", "topology"} & set(changes):
        graph = "file" in changes or _is_graph(changes["topology"])
        return _SHAPE | {"file"} | ({"topology", "units"} if graph else set())
    if section == "task" and {"name", "data"} & set(changes):
        return _SERIES | {"name"} | ({"steps"} if "passes" in changes else set())
    if section == "task":
        return {"steps": {"passes"}, "passes": {"steps"}}.get(
            next((key for key in ("steps", "passes") if key in changes), ""), set()
        )
    if section == "rule" and "name" in changes:
        return {field.name for field in fields(RuleSpec)} - {"name", "learning_rate"}
    if section == "optimizer":
        return _other_options(changes)
    if section == "number" and "kind" in changes:
        return set(WIDTHS)
    if section == "number":
        # what was derived from a width is derived again from the new one
        return {"kind"} | {_DERIVED[width] for width in changes if width in _DERIVED}
    return set()


def _other_options(changes: Mapping[str, Any]) -> set[str]:
    """Return the options of the optimiser, and of the schedule, that is replaced by another."""
    from neurosim.learning.optimizers import OPTIMIZERS, SCHEDULES  # with NumPy, slow to load

    found: set[str] = set()
    for key, kinds in (("name", OPTIMIZERS), ("schedule", SCHEDULES)):
        if key in changes:
            found |= options_of(kinds)
    return found


def _is_graph(topology: str) -> bool:
    path = catalog.names("topologies").get(topology, Path(topology))
    return path.suffix.lower() in GRAPHS
