"""A scenario made concrete: the network, series, numbers and machine that it names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from neurosim import machine as machines
from neurosim.errors import UserError, nearest
from neurosim.learning import BPTT, RTRL, RULES, Census, Rule
from neurosim.machine import Machine, Noc
from neurosim.model.activation import activation_named
from neurosim.model.arithmetic import Float, Number
from neurosim.model.blocks import Blocks
from neurosim.model.fixed import Fixed
from neurosim.model.network import Network
from neurosim.study import catalog, checks, description, memory
from neurosim.study.cases import place
from neurosim.study.graphs import described_by, graph_from
from neurosim.study.scenario import Scenario, TaskSpec, from_mapping, rate
from neurosim.study.series import Series
from neurosim.study.tasks import series_for
from neurosim.study.wiring import judged

# The whole history of a longer run is more than BPTT could keep.
LONGEST_HISTORY = 1_000
# In place of a machine's name: count, and simulate nothing.
NO_MACHINE = "none"


@dataclass(frozen=True)
class Problem:
    """What a scenario describes, ready to be trained; the seed draws the initial weights.

    Attributes
    ----------
    scenario, series, number, machine
        What was asked for, and what it names.
    definition
        The network; only its description where nothing more is needed.
    """

    scenario: Scenario
    definition: Network | Blocks
    series: Series
    number: Number
    machine: Machine | None

    @property
    def network(self) -> Network:
        """The network; a problem that was posed to be trained has one."""
        assert isinstance(self.definition, Network)
        return self.definition

    @cached_property
    def census(self) -> Census:
        """The network by kinds of alike units."""
        found = self.definition
        return Census.of(found) if isinstance(found, Network) else Census.described(found)

    @classmethod
    def of(cls, scenario: Scenario, seed: int, trained: bool = True) -> Problem:
        """Return the problem that ``scenario`` describes, ``trained`` or only counted.

        Raises
        ------
        UserError
            When a part of it does not exist, or does not fit the others.
        """
        number, machine = _number(scenario), _machine(scenario)
        series = _series(scenario.task, _stamp(scenario.task))
        if scenario.network.activation == "logistic":
            series = series.positive()  # where its units reach
        simulated = machine is not None and scenario.tier != "analytic"
        if not trained and not simulated:
            described = _described(scenario, series, machine)
            if described is not None:
                return cls(scenario, described, series, number, machine)
        with _judged(scenario) if trained else nullcontext():
            network = _network(scenario, series, seed)
        return cls(scenario, network, series, number, machine)

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
        check_rules(self.scenario.compare)
        self._check_options()
        for name in self.scenario.compare:
            self._check_size(name, trained)
        if trained:
            _check_ends("output", self.network.outputs, "target", self.series.target_names)
        self._check_tier()
        if trained and self.machine is None and self.scenario.engine == "clocked":
            raise UserError("engine: clocked needs the time of a machine. Name one with --machine.")

    def _check_tier(self) -> None:
        carrier = self.machine.interconnect if self.machine else None
        if self.scenario.tier == "cycle" and not isinstance(carrier, Noc):
            raise UserError(
                f"tier: cycle goes flit by flit through a network on chip, and {self._machine_has}."
                " Use burst, or name a machine with a section [noc]."
            )

    @property
    def _machine_has(self) -> str:
        if self.machine is None:
            return "there is no machine"
        return (
            f"machine {self.machine.name} has a {type(self.machine.interconnect).__name__.lower()}"
        )

    def _check_options(self) -> None:
        described = self.scenario.rule
        taken = {f.name for name in self.scenario.compare for f in fields(RULES[name])}
        for field in fields(described):
            changed = getattr(described, field.name) != field.default
            if field.name != "name" and changed and field.name not in taken:
                rules = ", ".join(self.scenario.compare)
                raise UserError(f"[rule] {field.name}: does not apply to {rules}. Drop it.")

    def _check_size(self, name: str, trained: bool) -> None:
        rule = self.rule(name)
        endless = isinstance(rule, BPTT) and rule.window is None
        if endless and self.series.steps > LONGEST_HISTORY:
            raise UserError(
                f"[rule] window: bptt would look back over all {self.series.steps:,} steps."
                " Say how far, such as --rule.window 30."
            )
        census = self.census
        counts, needed = rule.for_steps(self.series.steps).closed(census), 0.0
        if self.machine is not None and self.scenario.tier != "analytic":
            carrier = self.machine.interconnect
            needed = memory.of_simulation(census.edges, isinstance(carrier, Noc))
        if trained:
            workers = min(len(self.scenario.seeds), os.cpu_count() or 1)
            needed = max(needed, memory.of_training(counts, census.edges, workers))
        memory.refuse_beyond(f"{self.scenario.name}: {rule.title}", needed, _advice(name))


def check_rules(names: Iterable[str]) -> None:
    """Return when there are rules of all these names.

    Raises
    ------
    UserError
        When there are not.
    """
    for name in names:
        if name not in RULES:
            raise UserError(
                f"rule {name}: is unknown.{nearest(name, RULES)} Known: {', '.join(RULES)}."
            )


def single(scenario: Scenario, name: str) -> Scenario:
    """Return the scenario reduced to one rule, with the options that this rule takes."""
    described = description.mapping(scenario)
    taken = {field.name for field in fields(RULES[name])} if name in RULES else set()
    options = {key: value for key, value in described["rule"].items() if key in taken}
    rule = {**options, "name": name, "learning_rate": rate(scenario, name)}
    summary = scenario.summary if scenario.compare == (name,) else ""
    largest = {key: units for key, units in scenario.largest.items() if key == name}
    changed = {
        "rule": rule, "compare": [name], "rates": {}, "largest": largest, "summary": summary
    }  # fmt: skip
    return from_mapping({**described, **changed}, f"{scenario.name}:")


@lru_cache(maxsize=1)
def _series(task: TaskSpec, stamp: object) -> Series:
    """Return the series of a task, made once for all trainings of a process."""
    return series_for(**description.mapping(task))


def _stamp(task: TaskSpec) -> object:
    """Return what changes where the file of a task does."""
    if task.data is None:
        return None
    path = catalog.find("data", task.data).resolve()
    found = path.stat()
    return path, found.st_mtime_ns, found.st_size


def _network(scenario: Scenario, series: Series, seed: int) -> Network:
    definition = graph_from(**_specified(scenario, series))
    activation = scenario.network.activation
    network = Network(*definition, activation=activation, seed=seed, name=scenario.name)
    _check_ends("input", network.inputs, "input", series.input_names)
    return network


def _described(scenario: Scenario, series: Series, machine: Machine | None) -> Blocks | None:
    """Return what the topology says of the network, where costs can be counted from that alone."""
    activation_named(scenario.network.activation)
    spec = _specified(scenario, series)
    if "file" in spec:
        return None
    blocks = described_by(**spec)
    if blocks is None or not _is_enough(blocks, machine):
        return None
    names = spec["inputs"]
    _check_ends("input", [names] if isinstance(names, str) else names, "input", series.input_names)
    return blocks


def _is_enough(blocks: Blocks, machine: Machine | None) -> bool:
    """Say whether a machine's costs follow from a description: where every unit lies is known."""
    if machine is None or not isinstance(machine.interconnect, Noc):
        return True
    return len(blocks.sizes) == 1 and machine.mapping.policy in ("row_major", "random")


def _specified(scenario: Scenario, series: Series) -> dict[str, Any]:
    """Return what `graph_from` wants to know."""
    spec: dict[str, Any] = description.mapping(scenario.network)
    del spec["activation"]
    options = spec.pop("options")
    if "file" not in spec:
        spec.setdefault("inputs", series.input_names)
        spec["outputs"] = _outputs(spec.get("outputs"), series)
    return {**spec, **{key: _value(value) for key, value in options.items()}}


def _check_ends(what: str, nodes: Sequence[str], columns_what: str, columns: Sequence[str]) -> None:
    """Return when the network has as many inputs or outputs as the task has for them."""
    if len(nodes) != len(columns):
        raise UserError(
            f"--network.{what}s: the network has {_counted(what, nodes)}, the task"
            f" {_counted(columns_what, columns)}. Name as many of both."
        )


def _counted(what: str, names: Sequence[str]) -> str:
    listed = ", ".join(names[:4]) + ", ..." * (len(names) > 4)
    return f"{len(names)} {what}{'s' * (len(names) != 1)} ({listed})"


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
        raise UserError(f"[number] {str(error).removeprefix('Fixed.')}") from None


def _machine(scenario: Scenario) -> Machine | None:
    places = place(scenario)
    if scenario.machine == NO_MACHINE:
        for axis in places:
            raise UserError(f"{_SWEPT[axis]}: there is no machine. Name one with --machine.")
        return None
    if scenario.machine.endswith(".toml"):
        checks.file(Path(scenario.machine))
    machine = machines.load(scenario.machine)
    if "placement" in places and not isinstance(machine.interconnect, Noc):
        raise UserError(
            f"placements: machine {machine.name} has no tiles to place neurons on."
            " Name one that has, such as --machine mesh."
        )
    names = {"placement": "policy", "sensitivities": "sensitivities"}
    changed: dict[str, Any] = {names[axis]: value for axis, value in places.items()}
    return replace(machine, mapping=replace(machine.mapping, **changed))


_SWEPT = {"placement": "placements", "sensitivities": "sensitivities"}


def _judged(scenario: Scenario) -> AbstractContextManager[None]:
    """Refuse, before it is built, a network that RTRL could not be trained on here."""

    def judge(units: int, edges: float) -> None:
        if RTRL.name in scenario.compare:
            where = f"{scenario.name}: {RTRL.title} with {units:,} units"
            memory.refuse_beyond(where, memory.of_rtrl(units, edges), _advice(RTRL.name))

    return judged(judge)


def _advice(rule: str) -> str:
    return (
        f"Use fewer units, leave {rule} out of --compare, or let `neurosim cost --machine"
        f" {NO_MACHINE}` count alone."
    )
