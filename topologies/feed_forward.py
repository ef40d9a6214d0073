"""Layers, each of which feeds the next: the multilayer perceptron, without any recurrence.

Rumelhart, Hinton and Williams (1986), "Learning representations by back-propagating errors", Nature
323, doi 10.1038/323533a0. The inputs feed the first layer; the last units of the last layer are the
outputs. As every edge takes a tick, a layer answers to what the inputs were as many ticks ago as
there are layers before it.
"""

from collections.abc import Sequence
from itertools import pairwise, product

import networkx as nx

from neurosim.model.blocks import Blocks
from neurosim.study.layers import ranges, widths
from neurosim.study.wiring import afford, describe, wire_pairs


def build(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    seed: int = 0,
    layers: Sequence[int] | None = None,
) -> nx.DiGraph:
    """Return the graph; nothing about it is random, so the seed changes nothing.

    ``layers`` is how many units each layer has, the first layer first; all but the outputs, and
    the outputs, where it is left out.
    """
    sizes = _sizes(units, outputs, layers)
    afford("feed_forward", units, edges=sum(a * b for a, b in pairwise(sizes)))
    pairs = (pair for lower, upper in pairwise(ranges(sizes)) for pair in product(lower, upper))
    return wire_pairs(units, pairs, inputs, range(units - outputs, units), fed=range(sizes[0]))


def described(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    layers: Sequence[int] | None = None,
) -> Blocks:
    """Return what is to be known of the network to count its costs, at any size."""
    sizes = _sizes(units, outputs, layers)
    joined = pairwise(range(len(sizes)))
    return describe(sizes, joined, inputs, range(units - outputs, units))


def _sizes(units: int, outputs: int, layers: Sequence[int] | None) -> list[int]:
    return widths("feed_forward", units, outputs, layers, [units - outputs, outputs])
