"""What every topology shares: names of units, inputs, the bias, and which units are outputs.

A topology draws its recurrent edges on the numbers 0 .. N-1 with a generator of networkx, and
`wire` turns that into the graph of a network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain, product

import networkx as nx

from neurosim.errors import UserError
from neurosim.model.blocks import Blocks
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


def remaining(topology: str, units: int, outputs: int, what: str = "hidden one") -> int:
    """Return how many units there are beside the outputs.

    Parameters
    ----------
    topology, units, outputs
        As for `check`.
    what : str
        What a message calls a unit that is no output.

    Raises
    ------
    UserError
        When that is none, or a network cannot have so many units and outputs.
    """
    check(topology, units, outputs, least=2)
    if units == outputs:
        raise UserError(
            f"{topology}: {units:,} units leave no {what} beside {outputs:,} outputs."
            " Ask for more units or fewer outputs."
        )
    return units - outputs


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
    pairs = recurrent.edges()
    back = () if recurrent.is_directed() else ((b, a) for a, b in pairs)
    return wire_pairs(len(recurrent), chain(pairs, back), inputs, outputs, fed)


def wire_pairs(
    units: int,
    pairs: Iterable[tuple[int, int]],
    inputs: Sequence[str],
    outputs: Iterable[int],
    fed: Iterable[int] | None = None,
) -> nx.DiGraph:
    """Return the same of pairs of numbers, (from unit, to unit), in place of a graph of them."""
    named = [f"n{number}" for number in range(units)]
    names = names_apart(inputs, named)
    graph = nx.DiGraph(inputs=names, outputs=[named[number] for number in outputs])
    graph.add_nodes_from([*named, *names, BIAS])
    graph.add_edges_from((named[a], named[b]) for a, b in pairs)
    seeing = named if fed is None else [named[number] for number in fed]
    graph.add_edges_from(product(names, seeing))
    graph.add_edges_from(product([BIAS], named))
    return graph


def describe(
    sizes: Sequence[int],
    joined: Iterable[tuple[int, int]],
    inputs: Sequence[str],
    outputs: range,
    fed: Iterable[int] = (0,),
) -> Blocks:
    """Return the description of a network that need not be built to be counted.

    Parameters
    ----------
    sizes : sequence of int
        How many units each block has.
    joined : iterable of pairs
        Blocks of which the first feeds the second, every unit every unit.
    inputs : sequence of str
        Names of the input nodes.
    outputs : range
        Numbers of the units that are outputs.
    fed : iterable of int, optional
        Blocks that see the inputs; the first one where it is left out.

    Raises
    ------
    UserError
        When an input has a name that is taken.
    """
    names = names_apart(inputs, [f"n{number}" for number in range(sum(sizes))])
    return Blocks(tuple(sizes), frozenset(joined), len(names), frozenset(fed), outputs)


def loops(graph: nx.Graph) -> nx.Graph:
    """Return ``graph`` itself, with an edge from every unit to itself added."""
    graph.add_edges_from((unit, unit) for unit in list(graph))
    return graph


def names_apart(inputs: Sequence[str], units: Sequence[str]) -> list[str]:
    """Return the names of the inputs.

    Raises
    ------
    UserError
        When there are none, or one is the name of another node.
    """
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
