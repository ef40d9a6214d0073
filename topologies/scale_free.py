"""A few units with very many links, and very many with few.

Barabasi and Albert (1999), "Emergence of scaling in random networks", Science 286, doi
10.1126/science.286.5439.509: units join one by one, and prefer those that have many links already.
Every link is an edge in both directions. The first units, which have most links, are the outputs.
"""

from collections.abc import Sequence

import networkx as nx
import numpy as np

from neurosim.errors import UserError
from neurosim.study.checks import whole
from neurosim.study.wiring import afford, check, wire


def build(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    seed: int = 0,
    neighbours: int = 2,
) -> nx.DiGraph:
    """Return a graph in which every unit that joins brings ``neighbours`` links."""
    whole("scale_free: neighbours", neighbours)
    check("scale_free", units, outputs)
    afford("scale_free", units, edges=2 * units * neighbours)
    if neighbours >= units:
        raise UserError(
            f"scale_free: the first of {units:,} units cannot offer {neighbours:,} neighbours."
            f" Ask for at least {neighbours + 1:,} units, or fewer neighbours."
        )
    recurrent = nx.barabasi_albert_graph(units, neighbours, seed=np.random.default_rng(seed))
    return wire(recurrent, inputs, range(outputs))
