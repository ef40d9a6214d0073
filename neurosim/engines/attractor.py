"""Recall of a stored pattern: units decide one at a time, each on what it hears at that moment.

A unit is taken as a threshold, whatever its activation, and an inhibitory edge or a bias is an edge
as any other::

    y_i <- sign(sum_j w_ij z_j),  as it was where the sum is 0                       (1)
    E = -1/2 sum_ij w_ij y_i y_j - sum_i h_i y_i,   h what inputs and bias bring     (2)

E never rises where ``w_ij = w_ji`` and no unit hears itself, so recall ends in a fixed point
(J. J. Hopfield, PNAS 79(8), 1982, doi 10.1073/pnas.79.8.2554). Units that decide at once may swing
between two states for ever, which is why this is no tick of the other engines: a neuron reads its
sources when its turn comes, and what it says is heard from then on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.errors import UserError
from neurosim.model.network import Network

Values = NDArray[np.float64]
Places = NDArray[np.int64]


class Recall(NamedTuple):
    """What came of a recall.

    Attributes
    ----------
    state
        Of the units, +1 or -1, shape (units,).
    energies
        Before the first turn and after each one that changed a unit.
    sweeps
        How often all units had their turn.
    settled
        Whether the last sweep changed nothing.
    """

    state: Values
    energies: tuple[float, ...]
    sweeps: int
    settled: bool


def recall(
    network: Network,
    state: ArrayLike,
    inputs: ArrayLike | None = None,
    seed: int = 0,
    sweeps: int = 100,
) -> Recall:
    """Let the units of a network decide one at a time until none of them changes.

    Parameters
    ----------
    network
        Of any graph; only symmetric weights promise an end.
    state
        Of the units at first, +1 or -1, shape (units,).
    inputs
        What the inputs say all along, shape (inputs,); zeros where it is left out.
    seed
        Draws the order of the units, anew for each sweep.
    sweeps
        How often all of them get their turn at most.

    Raises
    ------
    UserError
        When the state or the inputs do not fit the network.
    """
    z, units = _sources(network, state, inputs), len(network.units)
    weights, random, wires = network.weight_vector, np.random.default_rng(seed), _ends(network)
    energies, changed, done = [_energy(weights, z, *wires, units)], True, 0
    while changed and done < sweeps:
        changed, done = False, done + 1
        for number in random.permutation(units).tolist():
            neuron = network.neurons[number]
            heard = z[[*neuron.sources, *([-1] if neuron.has_bias else [])]]
            s = float(weights[neuron.first_edge : neuron.first_edge + neuron.edges] @ heard)
            if s * z[number] < 0:
                z[number], changed = np.sign(s), True
                energies.append(_energy(weights, z, *wires, units))
    return Recall(z[:units], tuple(energies), done, not changed)


def energy(network: Network, state: ArrayLike, inputs: ArrayLike | None = None) -> float:
    """Return the energy of a state, equation (2); parameters are those of ``recall``."""
    z = _sources(network, state, inputs)
    return _energy(network.weight_vector, z, *_ends(network), len(network.units))


def _energy(weights: Values, z: Values, owner: Places, source: Places, units: int) -> float:
    pairs = weights * z[owner] * z[source]
    return float(-pairs.sum(where=source >= units) - 0.5 * pairs.sum(where=source < units))


def _ends(network: Network) -> tuple[Places, Places]:
    """Return the numbers of all edges' owners and sources."""
    numbers = network.numbers
    ends = np.array([(numbers[unit], numbers[source]) for source, unit in network.edges])
    return ends[:, 0], ends[:, 1]


def _sources(network: Network, state: ArrayLike, inputs: ArrayLike | None) -> Values:
    """Return ``[y, x, 1]``, the 1 also where there is no bias."""
    y = _vector("state", state, len(network.units))
    if not np.isin(y, (-1.0, 1.0)).all():
        raise UserError("state: must be of +1 and -1. Turn zeros into -1.")
    count = len(network.inputs)
    x = np.zeros(count) if inputs is None else _vector("inputs", inputs, count)
    return np.concatenate((y, x, np.ones(1)))


def _vector(what: str, values: ArrayLike, count: int) -> Values:
    try:
        vector = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"{what}: must be an array of numbers ({error}).") from error
    if vector.shape != (count,):
        raise UserError(f"{what}: must be of shape ({count},) (got {vector.shape}).")
    return vector
