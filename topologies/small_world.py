"""A circle of near neighbours in which some edges are rewired to units far away.

Watts and Strogatz (1998), "Collective dynamics of 'small-world' networks", Nature 393,
doi 10.1038/30918. Every link is an edge in both directions. The first units are the outputs.
"""

from collections.abc import Sequence

import networkx as nx
import numpy as np

from neurosim.errors import UserError
from neurosim.study.checks import number, whole
from neurosim.study.wiring import afford, check, wire


def build(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    seed: int = 0,
    neighbours: int = 4,
    rewiring: float = 0.1,
) -> nx.DiGraph:
    """Return a graph where a unit has ``neighbours`` links, and each is rewired by chance.

    ``neighbours`` is even, half to each side; ``rewiring`` is the probability, from 0 to 1.
    """
    whole("small_world: neighbours", neighbours, least=2)
    number("small_world: rewiring", rewiring, 0, 1)
    check("small_world", units, outputs)
    afford("small_world", units, edges=units * neighbours)
    if neighbours % 2:
        raise UserError(
            f"small_world: neighbours: must be even, half to each side (got {neighbours})."
            f" Try {neighbours + 1}."
        )
    if neighbours >= units:
        raise UserError(
            f"small_world: {units:,} units cannot have {neighbours:,} neighbours each."
            f" Ask for at least {neighbours + 1:,} units, or fewer neighbours."
        )
    random = np.random.default_rng(seed)
    recurrent = nx.watts_strogatz_graph(units, neighbours, rewiring, seed=random)
    return wire(recurrent, inputs, range(outputs))
