"""The graph of a network: built by a topology, or read from a file of the user's."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx

from neurosim.errors import UserError, nearest
from neurosim.model.blocks import Blocks
from neurosim.study import catalog, graphml, node_link
from neurosim.study.checks import file as require_file
from neurosim.study.checks import short, whole

READERS = {".json": node_link.read, ".graphml": graphml.read}
# A builder may leave these out: they come from the task and the seed, not from the user's options.
STANDARD = ("inputs", "outputs", "seed")
SIGNATURE = "build(units, inputs, outputs, seed)"


class Definition(NamedTuple):
    """A graph and the names of its inputs and outputs, as `neurosim.Network` wants them."""

    graph: nx.DiGraph
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def graph_from(
    topology: str = "fully_recurrent",
    file: str | Path | None = None,
    *,
    units: int | None = None,
    inputs: Sequence[str] | None = None,
    outputs: int | Sequence[str] | None = None,
    seed: int = 0,
    **options: object,
) -> Definition:
    """Return the graph that a scenario describes.

    Parameters
    ----------
    topology : str
        Name of a topology on the shelf, or a path to one.
    file : path, optional
        A graph file in place of a topology: node-link JSON or GraphML.
    units : int, optional
        How many units a topology gets.
    inputs : sequence of str, optional
        Names for a topology's inputs; in a graph file, which nodes are the inputs.
    outputs : int or sequence of str, optional
        How many outputs a topology gets, or which units they are; for a graph file, which.
    seed : int
        Of the edges, where the topology draws them.
    **options
        What the topology's builder takes besides, such as ``density``. None is not set.

    Raises
    ------
    UserError
        For any mistake in these, in the file, or in the user's own builder.
    """
    chosen = {key: value for key, value in {"units": units, **options}.items() if value is not None}
    path = Path(file) if file is not None else catalog.find("topologies", topology)
    if path.suffix.lower() == ".py":
        graph = _built(path, chosen, inputs, outputs, whole("seed", seed, least=0))
        _assume(graph, inputs, outputs)
        where = f"topology {path.stem}"
        return _checked(graph, where, None, outputs if _named(outputs) else None)
    if chosen:
        raise UserError(f"{path}: {next(iter(chosen))} does not apply to a graph file. Drop it.")
    graph = read(path)
    if not _named(outputs) and outputs is not None:
        raise UserError(f"{path}: outputs: name the nodes; a number does not say which they are.")
    return _checked(graph, str(path), inputs, outputs)


def described_by(
    topology: str = "fully_recurrent",
    *,
    units: int | None = None,
    inputs: Sequence[str] | None = None,
    outputs: int | Sequence[str] | None = None,
    seed: int = 0,
    **options: object,
) -> Blocks | None:
    """Return what a topology says of its network without building it; None where it cannot.

    A topology says it with a function ``described`` beside ``build``, which takes what ``build``
    takes, or less. Parameters and errors are those of `graph_from`.
    """
    path = catalog.find("topologies", topology)
    if path.suffix.lower() != ".py" or _named(outputs):
        return None
    build = _builder(path)
    describe = getattr(catalog.load(path), "described", None)
    chosen = {key: value for key, value in {"units": units, **options}.items() if value is not None}
    _accepted(path, build, chosen)
    whole("seed", seed, least=0)
    if not callable(describe) or not chosen.keys() <= _parameters(path, describe):
        return None
    ends = {key: value for key, value in (("inputs", inputs), ("outputs", outputs))
            if value is not None}  # fmt: skip
    with catalog.blamed(path):
        found = describe(**chosen, **ends)
    return found if isinstance(found, Blocks) else None


def read(path: Path) -> nx.DiGraph:
    """Return the graph in a file, by the suffix of its name.

    Raises
    ------
    UserError
        When the file is not what its name says.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        require_file(path)
        raise UserError(
            f"{path}: is no kind of graph file that is known. Save the graph as"
            " .json (networkx.node_link_data) or .graphml (networkx.write_graphml)."
        )
    return reader(path)


def takes(topology: str, option: str) -> bool:
    """Say whether the builder of a topology takes an option; a graph file takes none.

    Raises
    ------
    UserError
        When there is no such topology, or its file is not what its name says.
    """
    path = catalog.find("topologies", topology)
    return path.suffix.lower() == ".py" and bool({option, "**"} & _parameters(path, _builder(path)))


def ends(graph: nx.DiGraph, key: str) -> tuple[str, ...]:
    """Return the nodes that a graph calls its ``inputs`` or ``outputs``, perhaps none."""
    by_role = [node for node, role in graph.nodes(data="role") if role == key.removesuffix("s")]
    return _listed(graph.graph.get(key, by_role))


def _built(
    path: Path,
    chosen: Mapping[str, object],
    inputs: Sequence[str] | None,
    outputs: int | Sequence[str] | None,
    seed: int,
) -> nx.DiGraph:
    build = _builder(path)
    taken = _accepted(path, build, chosen)
    count = len(_listed(outputs)) if _named(outputs) else outputs
    standard = dict(zip(STANDARD, (inputs, count, seed), strict=True))
    given = {k: v for k, v in standard.items() if v is not None and (k in taken or "**" in taken)}
    with catalog.blamed(path):
        graph = build(**chosen, **given)
    if not isinstance(graph, nx.DiGraph) or graph.is_multigraph():
        raise UserError(
            f"{path}: build returns {type(graph).__name__}, not a networkx.DiGraph."
            " An undirected graph becomes one with graph.to_directed()."
        )
    return graph


def _builder(path: Path) -> Callable[..., Any]:
    build: Callable[..., Any] | None = getattr(catalog.load(path), "build", None)
    if build is None or not callable(build):
        raise UserError(f"{path}: has no function {SIGNATURE}. Add one that returns a DiGraph.")
    return build


def _parameters(path: Path, build: Callable[..., Any]) -> set[str]:
    """Return the names that a builder takes, ``**`` among them where it takes any."""
    with catalog.blamed(path):
        parameters = inspect.signature(build).parameters.values()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    every = {"**"} if any(p.kind is p.VAR_KEYWORD for p in parameters) else set()
    return {p.name for p in parameters if p.kind in named} | every


def _accepted(path: Path, build: Callable[..., Any], chosen: Mapping[str, object]) -> set[str]:
    """Return what a builder takes, and refuse an option that it does not."""
    taken = _parameters(path, build)
    own = sorted(taken - {*STANDARD, "**"})
    for option in chosen if "**" not in taken else ():
        if option not in taken:
            raise UserError(
                f"topology {path.stem}: does not take {option}.{nearest(option, own)}"
                f" It takes {', '.join(own) or 'no options'}."
            )
    return taken


def _assume(
    graph: nx.DiGraph, inputs: Sequence[str] | None, outputs: int | Sequence[str] | None
) -> None:
    """Let a builder that says nothing about inputs and outputs mean the ones asked for."""
    roles = {found for _, found in graph.nodes(data="role")}
    count = 1 if outputs is None or _named(outputs) else whole("outputs", outputs)
    usual = {"inputs": _listed(inputs or "x"), "outputs": [f"n{n}" for n in range(count)]}
    for key, nodes in usual.items():
        if key.removesuffix("s") not in roles:
            graph.graph.setdefault(key, nodes)


def _checked(
    graph: nx.DiGraph,
    where: str,
    inputs: Sequence[str] | None,
    outputs: int | Sequence[str] | None,
) -> Definition:
    """Return the graph with its inputs and outputs, named so by argument, attribute or role."""
    found = {
        "inputs": _ends(graph, where, "inputs", inputs),
        "outputs": _ends(graph, where, "outputs", outputs),
    }
    for name in found["outputs"]:
        if name in found["inputs"]:
            raise UserError(f"{where}: node {name} is both input and output. Make it one of them.")
    graph.graph.update({key: list(names) for key, names in found.items()})
    return Definition(graph, **found)


def _ends(graph: nx.DiGraph, where: str, key: str, given: Any) -> tuple[str, ...]:
    role = key.removesuffix("s")
    listed = ends(graph, key) if given is None else _listed(given)
    known = {str(node): None for node in graph}
    for name, times in Counter(listed).items():
        if name not in known:
            raise UserError(
                f"{where}: {key}: {short(name)} is no node of the graph.{nearest(name, known)}"
            )
        if times > 1:
            raise UserError(f"{where}: {key}: {name} is listed twice. List it once.")
    if not listed:
        raise UserError(
            f'{where}: does not say which nodes are {key}. Add "role": "{role}" to them, or the'
            f" graph attribute {key} with their names, or name them with --network.{key}."
        )
    return listed


def _named(given: object) -> bool:
    return given is not None and not hasattr(given, "__index__")


def _listed(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(str(name) for name in given)
