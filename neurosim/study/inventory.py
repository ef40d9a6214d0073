"""What there is to name: scenarios, topologies, rules, tasks and machines, and what each is."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx

from neurosim import machine as machines
from neurosim.errors import UserError, nearest
from neurosim.learning import Rule
from neurosim.model.network import BIAS
from neurosim.study import catalog, description, graphs, rules, sources, tasks
from neurosim.study.abilities import abilities
from neurosim.study.graphs import Definition, graph_from
from neurosim.study.overrides import GRAPHS
from neurosim.study.scenario import Scenario


@dataclass(frozen=True)
class Entry:
    """One thing on the shelf.

    Attributes
    ----------
    kind, name
        What it is called, and among what: scenario, topology, rule, task or machine.
    about
        What it says about itself, in a paragraph or more.
    facts
        Its figures and options by name.
    toml
        A scenario as it would be run, or a machine's own file.
    """

    kind: str
    name: str
    about: str
    facts: Mapping[str, Any]
    toml: str | None = None


def summaries() -> dict[str, dict[str, str]]:
    """Return, for each kind, its names with a line about each."""
    return {
        "scenarios": {n: _line(p) for n, p in catalog.names("scenarios").items()},
        "topologies": {n: _line(p) for n, p in catalog.names("topologies").items()},
        "rules": {name: _rule_line(rule) for name, rule in rules.names().items()},
        "tasks": {name: _first(line) for name, line in tasks.names().items()},
        "machines": {name: machines.load(name).summary for name in machines.names()},
    }


def entry(name: str) -> Entry:
    """Return what is called ``name``: something on the shelf, or a file of the user's.

    Raises
    ------
    UserError
        When there is no such thing.
    """
    path = Path(name)
    if path.suffix.lower() in GRAPHS:
        return _graph(path)
    if path.suffix.lower() in sources.SUFFIXES:
        return _file(path)
    if name in catalog.names("scenarios"):
        return scenario(sources.load(name), catalog.find("scenarios", name))
    if name in catalog.names("topologies"):
        return _named_topology(name)
    if name in rules.names():
        return _rule(name)
    if name in tasks.names():
        return _task(name)
    if name in machines.names():
        return _machine(name)
    known = [name for names in summaries().values() for name in names]
    raise UserError(f"{name}: nothing of that name.{nearest(name, known)} See `neurosim list`.")


def scenario(described: Scenario, path: Path | None = None) -> Entry:
    """Return a scenario as an entry, with what its script says about it."""
    about = sources.docstring(path) if path is not None and path.suffix == ".py" else ""
    facts = description.mapping(described)
    return Entry(
        "scenario", described.name, about or described.summary, facts, description.toml(facts)
    )


def _file(path: Path) -> Entry:
    if path.suffix.lower() == ".toml" and "[machine]" in sources.text(path):
        return _machine(str(path))
    if path.suffix.lower() == ".py":
        module = catalog.load(path)
        if hasattr(module, "build"):
            return _named_topology(str(path))
        if rules.defined(module):
            return _rule(str(path))
    return scenario(sources.load(str(path)), path)


def _named_topology(name: str) -> Entry:
    path = catalog.find("topologies", name)
    if path.suffix.lower() in GRAPHS:
        return _graph(path)
    parameters = inspect.signature(catalog.load(path).build).parameters.values()
    options = {p.name: p.default for p in parameters if p.default is not p.empty}
    return _topology(path.stem, graph_from(str(path)), sources.docstring(path), options)


def _graph(path: Path) -> Entry:
    """Return a graph file as an entry, even one that leaves its inputs and outputs to flags."""
    graph = graphs.read(path)
    found = Definition(graph, graphs.ends(graph, "inputs"), graphs.ends(graph, "outputs"))
    return _topology(path.stem, found, f"A graph in {path}.", {})


def _topology(
    name: str, definition: Definition, about: str, options: Mapping[str, object]
) -> Entry:
    graph, inputs, outputs = definition
    units = [str(node) for node in graph if str(node) not in {*inputs, BIAS}]
    between = graph.subgraph([node for node in graph if str(node) in set(units)])
    loops = nx.number_of_selfloops(between)
    pairs = between.number_of_edges() - loops
    reciprocal = sum(a != b and between.has_edge(b, a) for a, b in between.edges)
    degrees = [degree for _, degree in between.in_degree]
    facts = {
        "units": len(units),
        "inputs": list(inputs) or "not named",
        "outputs": list(outputs) or "not named",
        "edges": graph.number_of_edges(),
        "edges_between_units": between.number_of_edges(),
        "self_loops": loops,
        "reciprocal_edges": reciprocal,
        "reciprocity": round(reciprocal / pairs, 4) if pairs else 0.0,
        "density": round(between.number_of_edges() / max(1, len(units)) ** 2, 4),
        "least_in_degree": min(degrees, default=0),
        "greatest_in_degree": max(degrees, default=0),
        "strongly_connected_parts": nx.number_strongly_connected_components(between),
    }
    if options:
        facts["options"] = {key: _plain(value) for key, value in options.items()}
    return Entry("topology", name, about, facts)


def _rule(name: str) -> Entry:
    rule = rules.kind(name)
    about = inspect.getdoc(inspect.getmodule(rule)) or inspect.getdoc(rule) or ""
    facts: dict[str, object] = {"title": rule.title, "citation": rule.citation}
    orders = {"order_multiplications": rule.order_multiplications, "order_words": rule.order_words}
    facts |= {key: order for key, order in orders.items() if order}
    facts |= abilities(rules.rule(name, {}))._asdict()
    facts["options"] = {key: _plain(value) for key, value in rules.options(name).items()}
    return Entry("rule", rule.name, about, facts)


def _task(name: str) -> Entry:
    task = tasks.TASKS[name]
    parameters = inspect.signature(task).parameters.values()
    options = {p.name: _plain(p.default) for p in parameters if p.default is not p.empty}
    facts = {"options": options} if options else {}
    return Entry("task", name, inspect.getdoc(task) or "", facts)


def _machine(name: str) -> Entry:
    machine = machines.load(name)
    facts = description.mapping(machine)
    facts["memory"] = [description.mapping(bank) for bank in machine.memory]
    return Entry("machine", machine.name, machine.summary, facts, machines.source(name))


def _rule_line(rule: type[Rule] | Path) -> str:
    return _line(rule) if isinstance(rule, Path) else _first(inspect.getdoc(rule))


def _line(path: Path) -> str:
    if path.suffix == ".py":
        return _first(sources.docstring(path))
    if path.suffix == ".toml":
        try:
            return sources.load(str(path)).summary
        except UserError as error:  # one broken file must not hide the others
            return f"cannot be used: {error}"
    return f"a graph, {path.name}"


def _first(text: str | None) -> str:
    lines = (text or "").strip().splitlines() or [""]
    return lines[0].rstrip(".").replace("``", "")


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
