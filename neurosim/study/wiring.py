"""What every topology shares: names of units, inputs, the bias, and which units are outputs.

A topology draws its recurrent edges on the numbers 0 .. N-1 with a generator of networkx, and
`wire` turns that into the graph of a network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import networkx as nx

from neurosim.errors import UserError
from neurosim.model.network import BIAS
from neurosim.study.checks import whole

# More than any learning rule here could train; a graph of this size takes about 2 GB.
MOST_EDGES = 5_000_000
Judge = Callable[[int, float], object]
_judge: ContextVar[Judge] = ContextVar("judge", default=lambda units, edges: None)


@contextmanager
def judged(judge: Judge) -> Iterator[None]:
    """Ask ``judge`` about units and edges before a topology is built within the block.

    It raises what it thinks of them. Only who will train a network knows what it may cost, and
    only its builder how many edges it is about to have.
    """
    token = _judge.set(judge)
    try:
        yield
    finally:
        _judge.reset(token)


def check(topology: str, units: int, outputs: int, least: int = 1) -> None:
    """Return when a network can have so many units and outputs.

    Parameters
    ----------
    topology : str
        Name of the topology; it opens every message.
    units, outputs : int
        How many of each are asked for.
    least : int
        The smallest number of units that the topology has a meaning for.

    Raises
    ------
    UserError
        When it cannot.
    """
    whole(f"{topology}: units", units, least, MOST_EDGES)
    whole(f"{topology}: outputs", outputs)
    if outputs > units:
        raise UserError(
            f"{topology}: {outputs:,} outputs need at least as many units (got {units:,})."
            " Ask for more units or fewer outputs."
        )


def afford(topology: str, units: int, edges: float) -> None:
    """Return when that many units do not make more edges than there is room for.

    Raises
    ------
    UserError
        When they do; better said than built.
    """
    if edges > MOST_EDGES:
        raise UserError(
            f"{topology}: {units:,} units make about {edges:,.0f} edges, and {MOST_EDGES:,} is the"
            " limit. Ask for fewer units, or take a sparser topology."
        )
    _judge.get()(units, edges)


def wire(
    recurrent: nx.Graph,
    inputs: Sequence[str],
    outputs: Iterable[int],
    fed: Iterable[int] | None = None,
) -> nx.DiGraph:
    """Return the graph of a network around its recurrent edges.

    Parameters
    ----------
    recurrent : nx.Graph
        Units as the numbers 0 .. N-1. An undirected edge becomes one in each direction.
    inputs : sequence of str
        Names of the input nodes.
    outputs : iterable of int
        Numbers of the units that are outputs.
    fed : iterable of int, optional
        Numbers of the units that see the inputs; all where it is left out.

    Returns
    -------
    nx.DiGraph
        Units ``n0`` .. , the inputs, and ``bias`` with an edge to every unit. The graph attributes
        ``inputs`` and ``outputs`` list the names.

    Raises
    ------
    UserError
        When an input has a name that is taken.
    """
    units = [f"n{number}" for number in range(len(recurrent))]
    names = _checked(inputs, units)
    graph = nx.DiGraph(inputs=names, outputs=[units[number] for number in outputs])
    graph.add_nodes_from([*units, *names, BIAS])
    graph.add_edges_from((units[a], units[b]) for a, b in recurrent.edges())
    if not recurrent.is_directed():
        graph.add_edges_from((units[b], units[a]) for a, b in recurrent.edges())
    seeing = units if fed is None else [units[number] for number in fed]
    graph.add_edges_from((name, unit) for name in names for unit in seeing)
    graph.add_edges_from((BIAS, unit) for unit in units)
    return graph


def loops(graph: nx.Graph) -> nx.Graph:
    """Return ``graph`` itself, with an edge from every unit to itself added."""
    graph.add_edges_from((unit, unit) for unit in list(graph))
    return graph


def _checked(inputs: Sequence[str], units: Sequence[str]) -> list[str]:
    names = [inputs] if isinstance(inputs, str) else [str(name) for name in inputs]
    taken = {BIAS, *units}
    if not names:
        raise UserError("inputs: is empty, so nothing reaches the network. Name at least one.")
    for name in names:
        if name in taken:
            raise UserError(
                f"inputs: the name {name} is taken by another node. Rename the column, or name"
                " the inputs with --network.inputs."
            )
        taken.add(name)
    return names
