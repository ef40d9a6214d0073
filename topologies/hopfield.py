"""Every unit hears every other one and not itself; inputs and bias feed all of them.

J. J. Hopfield, "Neural networks and physical systems with emergent collective computational
abilities", PNAS 79(8), 1982, doi 10.1073/pnas.79.8.2554. `neurosim.hebbian` and
`neurosim.pseudo_inverse` store patterns in such a network, and `neurosim.recall` lets it complete
one, unit by unit. The first units are the outputs.
"""

from collections.abc import Sequence

import networkx as nx

from neurosim.study.wiring import afford, check, wire


def build(
    units: int = 25, inputs: Sequence[str] = ("x",), outputs: int = 1, seed: int = 0
) -> nx.DiGraph:
    """Return the graph; nothing about it is random, so the seed changes nothing."""
    check("hopfield", units, outputs)
    afford("hopfield", units, edges=units**2)
    return wire(nx.complete_graph(units, create_using=nx.DiGraph), inputs, range(outputs))
