"""Each unit sees the unit before it, in a circle.

The sparsest graph in which everything reaches everything, and the longest memory for its edges:
an effect takes as many steps as there are units to come back. Rodan and Tino (2011), "Minimum
complexity echo state network", IEEE Transactions on Neural Networks 22(1), doi
10.1109/TNN.2010.2089641, is the same graph with fixed weights. The first units are the outputs.
"""

from collections.abc import Sequence

import networkx as nx

from neurosim.study.wiring import afford, check, loops, wire


def build(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    seed: int = 0,
    self_loops: bool = False,
) -> nx.DiGraph:
    """Return the graph, with an edge from each unit to itself where ``self_loops`` asks for it.

    Nothing about it is random, so the seed changes nothing. A ring of one unit is its own loop.
    """
    check("ring", units, outputs)
    afford("ring", units, edges=2 * units)
    recurrent = nx.cycle_graph(units, create_using=nx.DiGraph)
    return wire(loops(recurrent) if self_loops else recurrent, inputs, range(outputs))
