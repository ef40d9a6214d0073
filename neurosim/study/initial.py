"""Weights that a network begins with, where they are not the usual ones of `neurosim.Network`.

``orthogonal``: the weights among the units that are no outputs are those of a random orthogonal
matrix, which neither lengthens nor shortens what goes round; weights from inputs are normal with
variance one over the number of inputs, those to outputs normal with one over the number of units
that an output hears, and those of the bias zero. So begin the networks of Marschall, Cho and Savin
2020, JMLR 21(135), in their program. Where not all of these edges are there, those that are have
the matrix's entries.
"""

from __future__ import annotations

import numpy as np

from neurosim.errors import UserError
from neurosim.model.network import Network

ORTHOGONAL = "orthogonal"


def orthogonal(network: Network, seed: int) -> Network:
    """Return the network with orthogonal weights in place of all others, drawn by the seed.

    Raises
    ------
    UserError
        When all units are outputs.
    """
    hidden = {
        unit: n for n, unit in enumerate(u for u in network.units if u not in network.outputs)
    }
    if not hidden:
        raise UserError(
            f"{network.name}: initial: orthogonal is about units that are no outputs, and there are"
            " none. Use uniform, or another topology, such as elman."
        )
    random = np.random.default_rng(seed)
    matrix, triangle = np.linalg.qr(random.normal(size=(len(hidden), len(hidden))))
    matrix *= np.sign(np.diag(triangle))  # or it would depend on how LAPACK chooses signs
    heard = dict.fromkeys(network.units, 0)
    for source, unit in network.edges:
        heard[unit] += source in heard
    drawn = random.normal(size=len(network.edges))
    weights = {}
    for edge, value in zip(network.edges, drawn.tolist(), strict=True):
        source, unit = edge
        if source in hidden and unit in hidden:
            weights[edge] = float(matrix[hidden[unit], hidden[source]])
        elif source in network.inputs:
            weights[edge] = value / len(network.inputs) ** 0.5
        else:
            weights[edge] = value / heard[unit] ** 0.5 if source in heard else 0.0
    return network.with_weights(weights)
