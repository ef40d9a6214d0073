"""Hidden units that see each other and the inputs; outputs that see the hidden units alone.

The simple recurrent network of Elman (1990), "Finding structure in time", Cognitive Science 14(2),
doi 10.1207/s15516709cog1402_1. The last units are the outputs, and have no recurrence of their own.
"""

from collections.abc import Sequence
from itertools import product

import networkx as nx

from neurosim.model.blocks import Blocks
from neurosim.study.wiring import afford, describe, loops, remaining, wire


def build(
    units: int = 25, inputs: Sequence[str] = ("x",), outputs: int = 1, seed: int = 0
) -> nx.DiGraph:
    """Return the graph; nothing about it is random, so the seed changes nothing."""
    hidden = remaining("elman", units, outputs)
    afford("elman", units, edges=units**2)
    recurrent = loops(nx.complete_graph(hidden, create_using=nx.DiGraph))
    readouts = range(hidden, units)
    recurrent.add_edges_from(product(range(hidden), readouts))
    return wire(recurrent, inputs, readouts, fed=range(hidden))


def described(units: int = 25, inputs: Sequence[str] = ("x",), outputs: int = 1) -> Blocks:
    """Return what is to be known of the network to count its costs, at any size."""
    hidden = remaining("elman", units, outputs)
    return describe([hidden, outputs], [(0, 0), (0, 1)], inputs, range(hidden, units))
