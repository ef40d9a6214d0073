"""Layers, each of which feeds the next and gets feedback from it.

The shape of the areas of the visual cortex: Felleman and Van Essen (1991), "Distributed
hierarchical processing in the primate cerebral cortex", Cerebral Cortex 1(1), doi
10.1093/cercor/1.1.1-a. The inputs feed the first layer; the last units of the last layer are the
outputs. Within a layer there are no edges.
"""

from collections.abc import Sequence
from itertools import pairwise, product

import networkx as nx

from neurosim.errors import UserError
from neurosim.model.blocks import Blocks
from neurosim.study.checks import whole
from neurosim.study.wiring import afford, check, describe, wire


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
    widths = _widths(units, outputs, layers)
    afford("layered", units, edges=2 * sum(a * b for a, b in pairwise(widths)))
    recurrent = nx.empty_graph(units)
    for lower, upper in pairwise(_ranges(widths)):
        recurrent.add_edges_from(product(lower, upper))  # no direction: feedback comes with it
    return wire(recurrent, inputs, range(units - outputs, units), fed=range(widths[0]))


def described(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    layers: Sequence[int] | None = None,
) -> Blocks:
    """Return what is to be known of the network to count its costs, at any size."""
    widths = _widths(units, outputs, layers)
    up = [*pairwise(range(len(widths)))]
    joined = [*up, *((b, a) for a, b in up)]
    return describe(widths, joined, inputs, range(units - outputs, units))


def _widths(units: int, outputs: int, layers: Sequence[int] | None) -> list[int]:
    check("layered", units, outputs, least=2)
    widths = [units - units // 2, units // 2] if layers is None else _checked(layers, units)
    if outputs > widths[-1]:
        raise UserError(
            f"layered: {outputs:,} outputs do not fit into a last layer of {widths[-1]:,} units."
            " Make the last layer wider, or ask for fewer outputs."
        )
    return widths


def _ranges(widths: Sequence[int]) -> list[range]:
    ends = [sum(widths[: layer + 1]) for layer in range(len(widths))]
    return [range(end - width, end) for end, width in zip(ends, widths, strict=True)]


def _checked(layers: Sequence[int], units: int) -> list[int]:
    given = layers if isinstance(layers, (list, tuple)) else [layers]
    widths = [whole("layered: layers", width) for width in given]
    if len(widths) < 2:
        raise UserError(
            f"layered: layers: feedback needs at least two layers (got {len(widths)})."
            " Give the units of each, such as 8,8."
        )
    if sum(widths) != units:
        text = " + ".join(str(width) for width in widths)
        raise UserError(
            f"layered: layers: {text} makes {sum(widths):,} units, not {units:,}."
            f" Set units to {sum(widths):,}, or change the layers."
        )
    return widths
