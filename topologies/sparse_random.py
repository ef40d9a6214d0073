"""Each possible edge between units is there by the same chance.

Gilbert (1959), "Random graphs", Annals of Mathematical Statistics 30(4), doi
10.1214/aoms/1177706098, in its directed form. Inputs and bias feed every unit, so that none is
left without an incoming edge. The first units are the outputs.
"""

from collections.abc import Sequence

import networkx as nx
import numpy as np

from neurosim.study.checks import number
from neurosim.study.wiring import afford, check, wire

# networkx skips log(chance) / log(1 - density) edges at a time: below this the divisor is 0
LEAST_DENSITY = 1e-12


def build(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    seed: int = 0,
    density: float = 0.2,
    self_loops: bool = True,
) -> nx.DiGraph:
    """Return a graph in which an edge is there with probability ``density``, above 0 to 1.

    With ``self_loops`` the edge from a unit to itself is one of those that may be there.
    """
    number("sparse_random: density", density, 0, 1, above=True)
    density = max(density, LEAST_DENSITY)
    check("sparse_random", units, outputs)
    afford("sparse_random", units, edges=density * units**2)
    random = np.random.default_rng(seed)
    recurrent = nx.fast_gnp_random_graph(units, density, seed=random, directed=True)
    if self_loops:
        chosen = np.flatnonzero(random.random(units) < density).tolist()
        recurrent.add_edges_from((unit, unit) for unit in chosen)
    return wire(recurrent, inputs, range(outputs))
