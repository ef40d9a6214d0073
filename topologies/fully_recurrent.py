"""Every unit sees every unit, itself included, and every input.

The network of Williams and Zipser (1989), "A learning algorithm for continually running fully
recurrent neural networks", Neural Computation 1(2), doi 10.1162/neco.1989.1.2.270. The first units
are the outputs.
"""

from collections.abc import Sequence

import networkx as nx

from neurosim.model.blocks import Blocks
from neurosim.study.wiring import afford, check, describe, wire_pairs


def build(
    units: int = 25, inputs: Sequence[str] = ("x",), outputs: int = 1, seed: int = 0
) -> nx.DiGraph:
    """Return the graph; nothing about it is random, so the seed changes nothing."""
    check("fully_recurrent", units, outputs)
    afford("fully_recurrent", units, edges=units**2)
    pairs = ((a, b) for a in range(units) for b in (*range(a), *range(a + 1, units), a))
    return wire_pairs(units, pairs, inputs, range(outputs))


def described(units: int = 25, inputs: Sequence[str] = ("x",), outputs: int = 1) -> Blocks:
    """Return what is to be known of the network to count its costs, at any size."""
    check("fully_recurrent", units, outputs)
    return describe([units], [(0, 0)], inputs, range(outputs))
