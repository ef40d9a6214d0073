"""Every unit sees every unit, itself included, and every input.

The network of Williams and Zipser (1989), "A learning algorithm for continually running fully
recurrent neural networks", Neural Computation 1(2), doi 10.1162/neco.1989.1.2.270. The first units
are the outputs.
"""

from collections.abc import Sequence

import networkx as nx

from neurosim.study.wiring import afford, check, loops, wire


def build(
    units: int = 25, inputs: Sequence[str] = ("x",), outputs: int = 1, seed: int = 0
) -> nx.DiGraph:
    """Return the graph; nothing about it is random, so the seed changes nothing."""
    check("fully_recurrent", units, outputs)
    afford("fully_recurrent", units, edges=units**2)
    recurrent = loops(nx.complete_graph(units, create_using=nx.DiGraph))
    return wire(recurrent, inputs, range(outputs))
