"""A scenario: which network learns which series, by which rules, in which numbers, where.

Everything here describes and nothing runs. The same fields are the keys of a TOML scenario, the
arguments of a scenario script and the flags of the command line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from neurosim.errors import UserError, nearest
from neurosim.study import description
from neurosim.study.checks import number, whole

STANDARD_TOPOLOGY = "fully_recurrent"


@dataclass(frozen=True)
class NetworkSpec:
    """Which network: a topology by name, or a graph file.

    Attributes
    ----------
    topology
        Name of a topology on the shelf (fully_recurrent), or a file that builds one.
    file
        A graph of your own (node-link JSON or GraphML), in place of a topology.
    units
        How many units the topology gets.
    density
        Fraction of the possible edges that are drawn (sparse_random).
    neighbours
        Neighbours of each unit (small_world, scale_free).
    rewiring
        Probability that an edge is rewired (small_world).
    layers
        Units of each layer, such as 8,8 (layered).
    self_loops
        Whether units see themselves (ring, sparse_random, tournament).
    options
        What a topology of your own takes besides: --network.options.NAME VALUE.
    inputs
        Names of the nodes that carry the inputs.
    outputs
        Names of the units that are trained, or how many a topology gets.
    activation
        tanh or logistic.
    seed
        Draws the edges of a random topology.
    """

    topology: str | None = None
    file: str | None = None
    units: int | None = None
    density: float | None = None
    neighbours: int | None = None
    rewiring: float | None = None
    layers: tuple[int, ...] | None = None
    self_loops: bool | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    activation: str = "tanh"
    seed: int = 0

    def __post_init__(self) -> None:
        # what a topology makes of its options is the topology's to judge
        if self.file is not None and self.topology is not None:
            raise UserError(f"file: the topology {self.topology} is named too. Give one of them.")
        if self.file is None and self.topology is None:
            object.__setattr__(self, "topology", STANDARD_TOPOLOGY)
        if self.units is not None:
            whole("units", self.units)
        whole("seed", self.seed, least=0)


@dataclass(frozen=True)
class TaskSpec:
    """Which series is learned.

    Attributes
    ----------
    name
        Name of a task, such as mackey_glass; csv for a file of your own.
    steps
        Steps of training.
    tau
        Delay of the equation (mackey_glass).
    period
        Steps in a period of the input (frequency_doubler).
    horizon
        How many steps ahead the target lies (mackey_glass, csv).
    delay
        Steps that an input has to be kept (delayed_copy).
    data
        A CSV file of your own; it makes the task csv.
    input
        Columns of the file that the network sees.
    target
        Columns of the file that the network predicts.
    passes
        How often the file is gone through, in place of steps.
    seed
        Draws what is random in a series.
    """

    name: str = "mackey_glass"
    steps: int | None = None
    tau: float | None = None
    period: float | None = None
    horizon: int | None = None
    delay: int | None = None
    data: str | None = None
    input: str | None = None
    target: str | None = None
    passes: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        # the other fields are judged by the task that takes them
        if self.steps is not None:
            whole("steps", self.steps)
        whole("seed", self.seed, least=0)
        if self.data is not None and self.name != "csv":
            raise UserError(f"data: the task {self.name} reads no file. Use the task csv.")


@dataclass(frozen=True)
class RuleSpec:
    """Which learning rule, and how fast it learns.

    Attributes
    ----------
    name
        Name of a rule: rtrl, trtrl, bptt.
    learning_rate
        Size of a weight's step along the gradient.
    literal
        TRTRL as the slides state it, with sensitivities for every output.
    ingress_only
        TRTRL without the sensitivities of outgoing links.
    self_terms
        TRTRL with the terms of a unit's own loop.
    placement
        Who keeps TRTRL's egress sensitivities: the unit itself, or the owner of the weight.
    window
        Steps that truncated BPTT looks back.
    """

    name: str = "trtrl"
    learning_rate: float = 0.01
    literal: bool = False
    ingress_only: bool = False
    self_terms: bool = True
    placement: Literal["unit", "owner"] = "unit"
    window: int | None = None

    def __post_init__(self) -> None:
        number("learning_rate", self.learning_rate, 0, 1e6)
        if self.window is not None:
            whole("window", self.window)


@dataclass(frozen=True)
class NumberSpec:
    """Which numbers the network computes with.

    Attributes
    ----------
    kind
        float or fixed; naming any width means fixed.
    word_bits
        Bits of an operand (16).
    fraction_bits
        Bits of them after the point (four less than word_bits).
    weight_bits
        Bits of a weight (32).
    weight_fraction_bits
        Bits of them after the point (eight less than weight_bits).
    table_bits
        The activation table has two to the power of this many intervals (9).
    """

    kind: Literal["float", "fixed"] | None = None
    word_bits: int | None = None
    fraction_bits: int | None = None
    weight_bits: int | None = None
    weight_fraction_bits: int | None = None
    table_bits: int | None = None

    def __post_init__(self) -> None:
        widths = {name: getattr(self, name) for name in WIDTHS}
        given = [name for name, bits in widths.items() if bits is not None]
        if self.kind == "float" and given:
            raise UserError(f"{given[0]}: a float has no such width. Drop it, or use kind fixed.")
        object.__setattr__(self, "kind", self.kind or ("fixed" if given else "float"))
        if self.kind == "fixed":
            self._fill(widths)

    def _fill(self, widths: dict[str, int | None]) -> None:
        word = widths["word_bits"] or 16
        weight = widths["weight_bits"] or 32
        standard = (word, max(1, word - 4), weight, max(1, weight - 8), 9)
        for name, bits in zip(WIDTHS, standard, strict=True):
            object.__setattr__(self, name, bits if widths[name] is None else widths[name])


SWEEPS = ("sizes", "machines", "placements", "sensitivities")
WIDTHS = ("word_bits", "fraction_bits", "weight_bits", "weight_fraction_bits", "table_bits")


@dataclass(frozen=True)
class Scenario:
    """One question put to the simulator, complete: running it twice gives the same numbers.

    Attributes
    ----------
    name
        Names the run folder.
    summary
        What it shows, in a line.
    compare
        Rules that `compare` sets side by side, such as rtrl,trtrl.
    rates
        Learning rates of single rules, in place of [rule]'s: --rates.RULE RATE.
    machine
        Name of a machine on the shelf, or a TOML file; none counts without simulating.
    tier
        analytic (lower bounds, any size), burst (messages as a whole) or cycle (flit by flit).
    engine
        arrays (fast), stepwise (neuron objects) or clocked (in cycles).
    seeds
        Initial weights are drawn from each of these, and results are medians.
    sizes
        Numbers of units: costs and times are measured for each, nothing is learned to the end.
    largest
        Units of the largest network that a rule is tried on: --largest.RULE UNITS.
    machines
        Machines that costs are found on, in place of one.
    placements
        Ways to place neurons on tiles that are tried: row_major, random, min_hop_words.
    sensitivities
        Who keeps TRTRL's sensitivities, where several are tried: unit, owner.
    parts
        FPGAs that the rules are fitted on, such as ecp5-85f.
    """

    name: str = "scenario"
    summary: str = ""
    network: NetworkSpec = field(default_factory=NetworkSpec)
    task: TaskSpec = field(default_factory=TaskSpec)
    rule: RuleSpec = field(default_factory=RuleSpec)
    compare: tuple[str, ...] = ("rtrl", "trtrl")
    rates: Mapping[str, float] = field(default_factory=dict)
    number: NumberSpec = field(default_factory=NumberSpec)
    machine: str = "bus"
    tier: Literal["analytic", "burst", "cycle"] = "burst"
    engine: Literal["arrays", "stepwise", "clocked"] = "arrays"
    seeds: tuple[int, ...] = (0,)
    sizes: tuple[int, ...] = ()
    largest: Mapping[str, int] = field(default_factory=dict)
    machines: tuple[str, ...] = ()
    placements: tuple[str, ...] = ()
    sensitivities: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def swept(self) -> bool:
        """Whether several cases are tried, and nothing is learned to the end."""
        return any(getattr(self, key) for key in SWEEPS)

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise UserError("name: is empty. Give the scenario a name.")
        for key in ("compare", "seeds"):
            _distinct(key, getattr(self, key))
        for key in (*SWEEPS, "parts"):
            _distinct(key, getattr(self, key), may_be_empty=True)
        for key, words in _CHOICES.items():
            _known(key, getattr(self, key), words)
        for seed in self.seeds:
            whole("seeds", seed, least=0)
        for units in self.sizes:
            whole("sizes", units)
        if self.swept and len(self.seeds) > 1:
            raise UserError("seeds: costs are the same for every seed. Give one, or no sizes.")
        for rule, units in self.largest.items():
            if rule not in self.compare or not self.sizes:
                raise UserError(f"largest.{rule}: there are no sizes of it. Add them, or drop it.")
            if whole(f"largest.{rule}", units) < min(self.sizes):
                raise UserError(
                    f"largest.{rule}: no size is that small (got {units:,}), so the rule is tried"
                    " on none. Raise it, or leave the rule out of compare."
                )
        for rule, speed in self.rates.items():
            if rule not in self.compare:
                raise UserError(f"rates.{rule}: is not compared. Add it to compare, or drop it.")
            number(f"rates.{rule}", speed, 0, 1e6)


def rate(scenario: Scenario, rule: str) -> float:
    """Return the learning rate of ``rule``: its own where it has one."""
    return scenario.rates.get(rule, scenario.rule.learning_rate)


def from_mapping(given: Mapping[str, object], where: str) -> Scenario:
    """Return the scenario that nested mappings describe; ``where`` opens every error message."""
    return description.read(Scenario, given, where)


def resolve_files(scenario: Scenario, folder: Path) -> Scenario:
    """Return ``scenario`` with the files it names, looked up beside ``folder``, as full paths."""
    # read once more, since a script may have put anything into any field
    described = description.mapping(
        from_mapping(description.mapping(scenario), f"{scenario.name}:")
    )
    for table, key in _files(described):
        if (folder / table[key]).is_file():
            table[key] = str((folder / table[key]).resolve())
    return from_mapping(described, f"{scenario.name}:")


def digest(scenario: Scenario) -> str:
    """Return eight hexadecimal digits that name what the scenario computes.

    Files count by what they hold, not by where they lie, and texts for people do not count.
    """
    described = description.mapping(scenario)
    del described["summary"]
    for table, key in _files(described):
        with suppress(OSError):  # what cannot be read is refused where it is used
            table[key] = hashlib.sha256(Path(table[key]).read_bytes()).hexdigest()
    canonical = json.dumps(described, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]


def folder_name(scenario: Scenario) -> str:
    """Return ``NAME-HASH`` with the name reduced to characters that are safe in a path."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", scenario.name).strip("-.")[:60]
    return f"{safe or 'scenario'}-{digest(scenario)}"


def _files(described: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Return where the described scenario names files: tables, or lists, and the keys."""
    network, task, machines = described["network"], described["task"], described["machines"]
    places = [(network, "file"), (network, "topology"), (task, "data"), (described, "machine")]
    # a bare word is a name on the shelf, even where a file happens to be called so
    found = [(table, key) for table, key in places if Path(table.get(key, "")).suffix]
    return found + [(machines, n) for n, name in enumerate(machines) if Path(name).suffix]


_CHOICES = {
    "placements": ("row_major", "random", "min_hop_words"),
    "sensitivities": ("unit", "owner"),
}


def _known(name: str, values: tuple[str, ...], words: tuple[str, ...]) -> None:
    for value in values:
        if value not in words:
            raise UserError(
                f"{name}: {value} is unknown.{nearest(value, words)} Known: {', '.join(words)}."
            )


def _distinct(name: str, values: tuple[Any, ...], may_be_empty: bool = False) -> None:
    if not values and not may_be_empty:
        raise UserError(f"{name}: is empty. Name at least one.")
    for value in values:
        if values.count(value) > 1:
            raise UserError(f"{name}: {value} stands there twice. Name each once.")
