"""A scenario: which network learns which series, by which rules, in which numbers, where.

Everything here describes and nothing runs. The same fields are the keys of a TOML scenario, the
arguments of a scenario script and the flags of the command line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from neurosim.errors import UserError, nearest
from neurosim.study import description
from neurosim.study.catalog import on_shelf, own
from neurosim.study.checks import is_file, number, whole
from neurosim.study.optimizers import OptimizerSpec
from neurosim.study.specs import WIDTHS, NetworkSpec, NumberSpec, RuleSpec, TaskSpec
from neurosim.study.variants import Shelf, given_for, known_as, located

__all__ = [
    "RUNS",
    "SWEEPS",
    "WIDTHS",
    "NetworkSpec",
    "NumberSpec",
    "OptimizerSpec",
    "RuleSpec",
    "Scenario",
    "TaskSpec",
    "digest",
    "folder_name",
    "from_mapping",
    "in_path",
    "moved",
    "rate",
    "resolve_files",
]


RUNS = Path("runs")
"""Where run folders are kept, and looked for, when nobody says another place."""
SWEEPS = ("sizes", "machines", "placements", "sensitivities")


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
        Rules that `compare` sets side by side, such as rtrl,trtrl:literal=true,./my_rule.py.
    rates
        Learning rates of single rules, in place of [rule]'s: --rates.RULE RATE.
    machine
        Name of a machine on the shelf, or a TOML file; none counts without simulating.
    tier
        analytic (lower bounds, any size), burst (messages as a whole) or cycle (flit by flit).
    engine
        arrays (fast), stepwise (neuron objects), clocked (in cycles) or chip (its Verilog).
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
    optimizer: OptimizerSpec = field(default_factory=OptimizerSpec)
    compare: tuple[str, ...] = ("rtrl", "trtrl")
    rates: Mapping[str, float] = field(default_factory=dict)
    number: NumberSpec = field(default_factory=NumberSpec)
    machine: str = "bus"
    tier: Literal["analytic", "burst", "cycle"] = "burst"
    engine: Literal["arrays", "stepwise", "clocked", "chip"] = "arrays"
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
        named = {name for text in self.compare for name in known_as(text)}
        for rule, units in self.largest.items():
            if rule not in named or not self.sizes:
                raise UserError(f"largest.{rule}: there are no sizes of it. Add them, or drop it.")
            if whole(f"largest.{rule}", units) < min(self.sizes):
                raise UserError(
                    f"largest.{rule}: no size is that small (got {units:,}), so the rule is tried"
                    " on none. Raise it, or leave the rule out of compare."
                )
        for rule, speed in self.rates.items():
            if rule not in named:
                raise UserError(f"rates.{rule}: is not compared. Add it to compare, or drop it.")
            number(f"rates.{rule}", speed, 0, 1e6)


def rate(scenario: Scenario, rule: str) -> float:
    """Return the learning rate of ``rule``, named as in ``compare``: its own where it has one."""
    found = given_for(scenario.rates, rule)
    return scenario.rule.learning_rate if found is None else found


def from_mapping(given: Mapping[str, object], where: str) -> Scenario:
    """Return the scenario that nested mappings describe; ``where`` opens every error message."""
    return description.read(Scenario, given, where)


def resolve_files(scenario: Scenario, folder: Path) -> Scenario:
    """Return ``scenario`` with the files it names, looked up beside ``folder``, as full paths.

    So do names that only mean something in the working folder, for which its ``rules/``,
    ``topologies/`` or ``scenarios/data/`` has a file.
    """
    # read once more, since a script may have put anything into any field
    described = description.mapping(
        from_mapping(description.mapping(scenario), f"{scenario.name}:")
    )
    for table, key in _files(described):
        table[key] = _full(folder / table[key]) or table[key]
    for table, key, kind in _names(described):
        table[key] = str(own(kind, table[key]) or table[key])
    _locate_rules(described, lambda path: _full(folder / path), _own_rule)
    return from_mapping(described, f"{scenario.name}:")


def moved(scenario: Scenario, place: Callable[[Path], str | None]) -> Scenario:
    """Return ``scenario`` with every file that it names where ``place`` says, None for as it is."""
    described = description.mapping(scenario)
    for table, key in _files(described):
        table[key] = place(Path(table[key])) or table[key]
    _locate_rules(described, place)
    return from_mapping(described, f"{scenario.name}:")


def digest(scenario: Scenario) -> str:
    """Return eight hexadecimal digits that name what the scenario computes.

    Files count by what they hold, not by where they lie or by which name they are found, and texts
    for people do not count.
    """
    described = description.mapping(scenario)
    del described["summary"]
    if not described["optimizer"]:
        del described["optimizer"]
    for table, key in _files(described):
        table[key] = _content(Path(table[key])) or table[key]
    for table, key, kind in _names(described):
        table[key] = _content(on_shelf(kind, table[key]) or Path(table[key])) or table[key]
    _locate_rules(described, _content, cache(partial(on_shelf, "rules")))
    canonical = json.dumps(described, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]


def folder_name(scenario: Scenario) -> str:
    """Return ``NAME-HASH``, the name as far as it is safe in a path."""
    return f"{in_path(scenario.name) or 'scenario'}-{digest(scenario)}"


def in_path(name: str) -> str:
    """Return a name reduced to characters that are safe in a path, and not too many of them."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60]


def _files(described: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Return where the described scenario names files: tables, or lists, and the keys."""
    network, task, machines = described["network"], described["task"], described["machines"]
    places = [(network, "file"), (network, "topology"), (task, "data"), (described, "machine")]
    found = [(table, key) for table, key in places if _is_path(table.get(key, ""))]
    return found + [(machines, n) for n, name in enumerate(machines) if _is_path(name)]


def _names(described: dict[str, Any]) -> list[tuple[Any, str, str]]:
    """Return where the described scenario names something on a shelf, and which shelf that is."""
    places = [(described["network"], "topology", "topologies"), (described["task"], "data", "data")]
    return [(table, key, kind) for table, key, kind in places
            if table.get(key) and not _is_path(table[key])]  # fmt: skip


def _is_path(name: str) -> bool:
    # a bare word is a name on the shelf, even where a file happens to be called so
    return bool(Path(name).suffix) or len(Path(name).parts) > 1


def _locate_rules(
    described: dict[str, Any], locate: Callable[[Path], str | None], shelf: Shelf | None = None
) -> None:
    """Let the files of rules, wherever the described scenario names one, stand as ``locate`` says.

    A rule without a file stays as it is, and so does one by name where there is no ``shelf``.
    """

    def told(text: str) -> str:
        return located(text, locate, shelf)

    described["compare"] = [told(text) for text in described["compare"]]
    described["rule"]["name"] = told(described["rule"]["name"])
    for key in ("rates", "largest"):
        described[key] = {told(text): v for text, v in described[key].items()}


def _own_rule(name: str) -> Path | None:
    found = own("rules", name)
    if found is None:
        return None
    from neurosim.learning import RULES  # slow to load

    return None if name in RULES else found


def _full(path: Path) -> str | None:
    return str(path.resolve()) if is_file(path) else None


def _content(path: Path) -> str | None:
    """Return what stands for what a file holds; what cannot be read is refused where it is used."""
    with suppress(OSError, ValueError):  # a name may hold what no path can
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return None


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
