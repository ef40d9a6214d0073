"""A time-delay neural network: hidden units that see the inputs of the last steps, and outputs.

A. Waibel, T. Hanazawa, G. Hinton, K. Shikano and K. J. Lang, "Phoneme recognition using time-delay
neural networks", IEEE Transactions on Acoustics, Speech, and Signal Processing 37(3), 1989, doi
10.1109/29.21701. A delay line of linear units with fixed weights of 1 leads away from every input:
``x.1`` holds what x was a step ago as the hidden units hear it, ``x.2`` two steps ago, and so on.
They come beside the ``units``, of which the last are the outputs.
"""

from collections.abc import Sequence
from itertools import pairwise, product

import networkx as nx

from neurosim.errors import UserError
from neurosim.study.checks import whole
from neurosim.study.wiring import afford, remaining, wire_pairs


def build(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    seed: int = 0,
    taps: int = 4,
) -> nx.DiGraph:
    """Return the graph; nothing about it is random, so the seed changes nothing.

    ``taps`` is how many steps the delay lines reach back.
    """
    hidden = remaining("tdnn", units, outputs)
    whole("tdnn: taps", taps, least=0)
    readouts = range(hidden, units)
    afford("tdnn", units, edges=hidden * (outputs + len(inputs) * (taps + 1)))
    graph = wire_pairs(units, product(range(hidden), readouts), inputs, readouts, fed=range(hidden))
    for name in graph.graph["inputs"]:
        line = [f"{name}.{tap}" for tap in range(1, taps + 1)]
        for tap in line:
            if tap in graph:
                raise UserError(f"tdnn: the name {tap} is taken. Rename the inputs.")
            graph.add_node(tap, activation="linear")
        for source, tap in pairwise([name, *line]):
            graph.add_edge(source, tap, weight=1.0, fixed=True)
        graph.add_edges_from((tap, f"n{unit}") for tap in line for unit in range(hidden))
    return graph
