"""A scenario made concrete: the network, series, numbers and machine that it names."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any

from neurosim import machine as machines
from neurosim.errors import UserError, nearest
from neurosim.learning import BPTT, RULES, Rule
from neurosim.machine import Machine
from neurosim.model.arithmetic import Float, Number
from neurosim.model.fixed import Fixed
from neurosim.model.network import Network
from neurosim.study import description
from neurosim.study.graphs import graph_from
from neurosim.study.scenario import Scenario, from_mapping, rate
from neurosim.study.series import Series
from neurosim.study.tasks import series_for

# The whole history of a longer run is more than BPTT could keep.
LONGEST_HISTORY = 1_000
BYTES_A_NUMBER = 8


@dataclass(frozen=True)
class Problem:
    """What a scenario describes, ready to be trained; the seed draws the initial weights."""

    scenario: Scenario
    network: Network
    series: Series
    number: Number
    machine: Machine

    @classmethod
    def of(cls, scenario: Scenario, seed: int) -> Problem:
        """Return the problem that ``scenario`` describes.

        Raises
        ------
        UserError
            When a part of it does not exist, or does not fit the others.
        """
        task = description.mapping(scenario.task)
        series = series_for(**task)
        return cls(
            scenario,
            _network(scenario, series, seed),
            series,
            _number(scenario),
            machines.load(scenario.machine),
        )

    def rule(self, name: str) -> Rule:
        """Return the rule called ``name``, with the scenario's options as far as it takes them."""
        options = description.mapping(self.scenario.rule)
        known = RULES[name]
        taken = {field.name for field in fields(known)}
        given = {key: value for key, value in options.items() if key in taken}
        return known(**{**given, "learning_rate": rate(self.scenario, name)})

    def check(self, trained: bool) -> None:
        """Return when all rules can be applied, and ``trained`` where that is asked for.

        Raises
        ------
        UserError
            For an unknown rule, an option that none of the rules takes, a task that does not fit
            the network, or more numbers than this computer's memory holds.
        """
        for name in self.scenario.compare:
            if name not in RULES:
                raise UserError(
                    f"rule {name}: is unknown.{nearest(name, RULES)} Known: {', '.join(RULES)}."
                )
        self._check_options()
        for name in self.scenario.compare:
            self._check_size(name)
        wanted, given = len(self.network.outputs), self.series.targets.shape[1]
        if trained and wanted != given:
            raise UserError(
                f"{self.scenario.name}: the network has {wanted} outputs, the task {given} targets"
                f" ({', '.join(self.series.target_names)}). Name as many with --network.outputs."
            )

    def _check_options(self) -> None:
        described = self.scenario.rule
        taken = {f.name for name in self.scenario.compare for f in fields(RULES[name])}
        for field in fields(described):
            changed = getattr(described, field.name) != field.default
            if field.name != "name" and changed and field.name not in taken:
                rules = ", ".join(self.scenario.compare)
                raise UserError(f"[rule] {field.name}: does not apply to {rules}. Drop it.")

    def _check_size(self, name: str) -> None:
        rule = self.rule(name)
        endless = isinstance(rule, BPTT) and rule.window is None
        if endless and self.series.steps > LONGEST_HISTORY:
            raise UserError(
                f"[rule] window: bptt would look back over all {self.series.steps:,} steps."
                " Say how far, such as --rule.window 30."
            )
        words = rule.cost(self.network).stored_words
        needed, there = words * BYTES_A_NUMBER, _memory_bytes()
        if needed > there / 2:
            raise UserError(
                f"{self.scenario.name}: {rule.title} keeps {words:,} numbers,"
                f" {needed / 1e9:,.0f} GB, and this computer has {there / 1e9:,.0f} GB."
                " Use fewer units, or drop the rule from --compare."
            )


def single(scenario: Scenario, name: str) -> Scenario:
    """Return the scenario reduced to one rule, with the options that this rule takes."""
    described = description.mapping(scenario)
    taken = {field.name for field in fields(RULES[name])} if name in RULES else set()
    options = {key: value for key, value in described["rule"].items() if key in taken}
    rule = {**options, "name": name, "learning_rate": rate(scenario, name)}
    return from_mapping(
        {**described, "rule": rule, "compare": [name], "rates": {}}, f"{scenario.name}:"
    )


def _network(scenario: Scenario, series: Series, seed: int) -> Network:
    spec: dict[str, Any] = description.mapping(scenario.network)
    activation, options = spec.pop("activation"), spec.pop("options")
    if "file" in spec:
        spec.pop("topology")
    else:
        spec.setdefault("inputs", series.input_names)
        spec["outputs"] = _outputs(spec.get("outputs"), series)
    own: dict[str, Any] = {key: _value(value) for key, value in options.items()}
    definition = graph_from(**spec, **own)
    network = Network(*definition, activation=activation, seed=seed, name=scenario.name)
    if len(network.inputs) != len(series.input_names):
        raise UserError(
            f"{scenario.name}: the network has {len(network.inputs)} inputs"
            f" ({', '.join(network.inputs)}), the task {len(series.input_names)}"
            f" ({', '.join(series.input_names)}). Name as many with --network.inputs,"
            " or another task."
        )
    return network


def _outputs(given: list[str] | None, series: Series) -> Any:
    if given is None:
        return len(series.target_names)
    return int(given[0]) if len(given) == 1 and given[0].isdecimal() else given


def _value(text: str) -> object:
    """Return what the text of an option means: a number, true or false, or the text itself."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _number(scenario: Scenario) -> Number:
    described = description.mapping(scenario.number)
    kind = described.pop("kind")
    try:
        return Float() if kind == "float" else Fixed(**described)
    except UserError as error:
        raise UserError(f"[number] {error}") from None


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on every system
        return 16 * 10**9
