"""A scenario made concrete: the network, series, numbers and machine that it names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from neurosim import machine as machines
from neurosim.errors import UserError, nearest
from neurosim.learning import BPTT, RTRL, Census, Rule
from neurosim.machine import Machine, Noc
from neurosim.model.activation import activation_named
from neurosim.model.arithmetic import Float, Number
from neurosim.model.blocks import Blocks
from neurosim.model.fixed import Fixed
from neurosim.model.loss import CROSS_ENTROPY, SQUARED
from neurosim.model.network import Network
from neurosim.model.traits import checked_leak
from neurosim.study import catalog, checks, description, memory, rules
from neurosim.study.cases import place
from neurosim.study.engine import check_engine
from neurosim.study.graphs import described_by, graph_from
from neurosim.study.initial import ORTHOGONAL, orthogonal
from neurosim.study.optimizers import OptimizerSpec
from neurosim.study.scenario import RuleSpec, Scenario, TaskSpec, from_mapping, rate
from neurosim.study.series import Series
from neurosim.study.tasks import series_for
from neurosim.study.variants import known_as
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
        series = _within_reach(scenario, series)
        simulated = machine is not None and scenario.tier != "analytic"
        if not trained and not simulated:
            described = _described(scenario, series, machine)
            if described is not None:
                return cls(scenario, described, series, number, machine)
        with _judged(scenario, trained, machine if simulated else None):
            network = _network(scenario, series, seed)
        return cls(scenario, network, series, number, machine)

    def rule(self, text: str) -> Rule:
        """Return the rule that ``text`` names, with the scenario's options that it takes."""
        found = rules.rule(text, _options(self.scenario), _rate(self.scenario, text))
        described = self.scenario.optimizer
        if described == OptimizerSpec():
            return found
        return replace(found, optimizer=described.optimizer(), schedule=described.rates())

    def check(self, trained: bool) -> None:
        """Return when all rules can be applied, and ``trained`` where that is asked for.

        Raises
        ------
        UserError
            For an unknown rule, an option that none of the rules takes, a task that does not fit
            the network, or more numbers than this computer's memory holds.
        """
        rules.check(self.scenario.compare)
        self._check_options()
        for name in self.scenario.compare:
            self._check_rule(name, trained)
        if trained:
            _check_ends("output", self.network.outputs, "target", self.series.target_names)
        self._check_tier()
        if trained:
            check_engine(self.scenario, self.machine, self.number)

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
        compared = self.scenario.compare
        taken = {option: None for text in compared for option in rules.options(text)}
        for option in _options(self.scenario):
            if option not in taken:
                own = f"options.{option}" if option in self.scenario.rule.options else option
                raise UserError(
                    f"[rule] {own}: does not apply to {', '.join(compared)}."
                    f"{nearest(option, taken)} Drop it."
                )

    def _check_rule(self, name: str, trained: bool) -> None:
        rule = self.rule(name)
        endless = isinstance(rule, BPTT) and rule.window is None
        if endless and self.series.steps > LONGEST_HISTORY:
            raise UserError(
                f"[rule] window: bptt would look back over all {self.series.steps:,} steps."
                " Say how far, such as --rule.window 30."
            )
        census = self.census
        rule.optimizer.accepts(self.number)
        counts, needed = rule.for_steps(self.series.steps).counted(census), 0.0
        if self.machine is not None and self.scenario.tier != "analytic":
            needed = memory.of_simulation(census.edges, self.machine)
        if trained:
            workers = min(len(self.scenario.seeds), os.cpu_count() or 1)
            needed = max(needed, memory.of_training(counts, census.edges, workers))
        memory.refuse_beyond(f"{self.scenario.name}: {rule.title}", needed, _advice(name))
        if trained:
            rule.accepts(self.number)


def _options(scenario: Scenario) -> dict[str, Any]:
    """Return the options of rules that a scenario changes, those of a user's own rule as text."""
    described = scenario.rule
    changed = {
        field.name: getattr(described, field.name)
        for field in fields(described)
        if field.name not in ("name", "learning_rate", "options")
        and getattr(described, field.name) != field.default
    }
    return {**changed, **described.options}


def _rate(scenario: Scenario, text: str) -> float:
    """Return the learning rate of a rule: its own standard where nobody says another."""
    said = rate(scenario, text)
    own: float = rules.options(text)["learning_rate"]
    return own if said == RuleSpec.learning_rate else said


def single(scenario: Scenario, text: str) -> Scenario:
    """Return the scenario reduced to the rule that ``text`` names, with the options it takes.

    Raises
    ------
    UserError
        When there is no such rule.
    """
    described = description.mapping(scenario)
    taken = rules.options(text)
    options = {key: value for key, value in described["rule"].items() if key in taken}
    own = {key: value for key, value in scenario.rule.options.items() if key in taken}
    rule = {**options, "options": own, "name": text, "learning_rate": _rate(scenario, text)}
    summary = scenario.summary if scenario.compare == (text,) else ""
    largest = {key: units for key, units in scenario.largest.items() if key in known_as(text)}
    changed = {
        "rule": rule, "compare": [text], "rates": {}, "largest": largest, "summary": summary
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
    network = Network(*definition, seed=seed, name=scenario.name, **_units(scenario, series))
    _check_ends("input", network.inputs, "input", series.input_names)
    return orthogonal(network, seed) if scenario.network.initial == ORTHOGONAL else network


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
    return replace(blocks, **_units(scenario, series))


def _units(scenario: Scenario, series: Series) -> dict[str, Any]:
    """Return what all units of the network are, and what its error is measured by."""
    described = scenario.network
    leak, loss = described.leak, described.loss
    return {
        "activation": described.activation,
        "leak": 1.0 if leak is None else checked_leak(leak),
        "loss": loss or (CROSS_ENTROPY if series.kind == "classes" else SQUARED),
    }


def _within_reach(scenario: Scenario, series: Series) -> Series:
    """Return the series with its targets where the network's outputs reach."""
    if _units(scenario, series)["loss"] == CROSS_ENTROPY:
        if series.kind != "classes":
            raise UserError(
                "--network.loss: cross_entropy tells classes apart, and the targets of task"
                f" {scenario.task.name} are numbers. Use squared."
            )
        return series
    if series.kind == "classes":
        series = series.signed()
    return series.positive() if scenario.network.activation == "logistic" else series


def _is_enough(blocks: Blocks, machine: Machine | None) -> bool:
    """Say whether a machine's costs follow from a description: where every unit lies is known."""
    if machine is None or not isinstance(machine.interconnect, Noc):
        return True
    return len(blocks.sizes) == 1 and machine.mapping.policy in ("row_major", "random")


def _specified(scenario: Scenario, series: Series) -> dict[str, Any]:
    """Return what `graph_from` wants to know."""
    spec: dict[str, Any] = description.mapping(scenario.network)
    for name in ("activation", "leak", "loss", "initial"):
        spec.pop(name, None)
    options = spec.pop("options")
    if "file" not in spec:
        spec.setdefault("inputs", series.input_names)
        spec["outputs"] = _outputs(spec.get("outputs"), series)
    return {**spec, **{key: rules.value_of(value) for key, value in options.items()}}


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


def _number(scenario: Scenario) -> Number:
    described = description.mapping(scenario.number)
    kind, bits = described.pop("kind"), described.pop("float_bits", Float().bits)
    try:
        return Float(bits) if kind == "float" else Fixed(**described)
    except UserError as error:
        message = str(error).removeprefix("Fixed.").replace("Float.bits", "float_bits")
        raise UserError(f"[number] {message}") from None


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


def _judged(
    scenario: Scenario, trained: bool, simulated: Machine | None
) -> AbstractContextManager[None]:
    """Refuse, before it is built, a network that could not be trained or simulated here."""

    def judge(units: int, edges: float) -> None:
        if trained and any(rules.kind(text) is RTRL for text in scenario.compare):
            where = f"{scenario.name}: {RTRL.title} with {units:,} units"
            memory.refuse_beyond(where, memory.of_rtrl(units, edges), _advice(RTRL.name))
        if simulated is not None:
            where = f"{scenario.name}: simulating {units:,} units on {simulated.name}"
            memory.refuse_beyond(where, memory.of_simulation(edges, simulated), _advice())

    return judged(judge)


def _advice(rule: str | None = None) -> str:
    """Return what can be done about too little memory, where one rule or any takes it."""
    dropped = f" leave {rule} out of --compare," if rule else ""
    return f"Use fewer units,{dropped} or let `neurosim cost --machine {NO_MACHINE}` count alone."
