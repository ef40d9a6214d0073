"""Layers, each of which feeds the next and gets feedback from it.

The shape of the areas of the visual cortex: Felleman and Van Essen (1991), "Distributed
hierarchical processing in the primate cerebral cortex", Cerebral Cortex 1(1), doi
10.1093/cercor/1.1.1-a. The inputs feed the first layer; the last units of the last layer are the
outputs. Within a layer there are no edges.
"""

from collections.abc import Sequence
from itertools import pairwise, product

import networkx as nx

from neurosim.model.blocks import Blocks
from neurosim.study.layers import ranges, widths
from neurosim.study.wiring import afford, describe, wire


def build(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    seed: int = 0,
    layers: Sequence[int] | None = None,
) -> nx.DiGraph:
    """Return the graph; nothing about it is random, so the seed changes nothing.

    ``layers`` is how many units each layer has, the first layer first; two equal halves where it
    is left out, with the odd unit in the first.
    """
    sizes = _sizes(units, outputs, layers)
    afford("layered", units, edges=2 * sum(a * b for a, b in pairwise(sizes)))
    recurrent = nx.empty_graph(units)
    for lower, upper in pairwise(ranges(sizes)):
        recurrent.add_edges_from(product(lower, upper))  # no direction: feedback comes with it
    return wire(recurrent, inputs, range(units - outputs, units), fed=range(sizes[0]))


def described(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    layers: Sequence[int] | None = None,
) -> Blocks:
    """Return what is to be known of the network to count its costs, at any size."""
    sizes = _sizes(units, outputs, layers)
    up = [*pairwise(range(len(sizes)))]
    joined = [*up, *((b, a) for a, b in up)]
    return describe(sizes, joined, inputs, range(units - outputs, units))


def _sizes(units: int, outputs: int, layers: Sequence[int] | None) -> list[int]:
    halves = [units - units // 2, units // 2]
    return widths("layered", units, outputs, layers, halves)
