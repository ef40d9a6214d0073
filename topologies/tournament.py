"""Each pair of units is joined in one direction only, which a coin decides.

No edge has a counterpart, so TRTRL's egress sensitivities stay zero on it and its ingress ones
equal SnAp-1's: the graph that shows what the exchange between reciprocal neighbours is worth.
Moon (1968), "Topics on Tournaments". The first units are the outputs.
"""

from collections.abc import Sequence

import networkx as nx
import numpy as np

from neurosim.study.wiring import afford, check, loops, wire


def build(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    seed: int = 0,
    self_loops: bool = False,
) -> nx.DiGraph:
    """Return the graph, with an edge from each unit to itself where ``self_loops`` asks for it."""
    check("tournament", units, outputs)
    afford("tournament", units, edges=units**2 / 2)
    recurrent = nx.empty_graph(units, create_using=nx.DiGraph)  # one unit alone has no match
    recurrent.update(nx.tournament.random_tournament(units, seed=np.random.default_rng(seed)))
    return wire(loops(recurrent) if self_loops else recurrent, inputs, range(outputs))
