"""Small networks, streams and starting activations, shared by the tests."""

from __future__ import annotations

import networkx as nx
import numpy as np

import neurosim as ns


def dense_network(units, inputs=1, outputs=1, *, bias=True, activation="tanh", seed=0, gain=1.2):
    """Every unit hears every unit, itself, every input and the bias."""
    return random_network(
        units, 1.0, inputs, outputs, bias=bias, activation=activation, seed=seed, gain=gain
    )


def random_network(
    units,
    density,
    inputs=1,
    outputs=1,
    *,
    loops=True,
    bias=True,
    activation="tanh",
    seed=0,
    gain=1.2,
):
    """Edges drawn one by one; a unit that would hear nobody hears the first input."""
    rng = np.random.default_rng([seed, units])
    names = [f"n{i}" for i in range(units)]
    feeds = [f"x{i}" for i in range(inputs)]
    sources = [*names, *feeds, *(["bias"] if bias else [])]
    pairs = [
        (source, unit)
        for unit in names
        for source in sources
        if (loops or source != unit) and rng.random() < density
    ]
    heard = {unit for _, unit in pairs}
    pairs += [(feeds[0], unit) for unit in names if unit not in heard]
    return network_of(pairs, names, feeds, names[:outputs], activation, seed, gain)


def network_of(pairs, units, inputs, outputs, activation="tanh", seed=0, gain=1.2):
    """Build a network on (source, unit) pairs, no weight of it near zero."""
    rng = np.random.default_rng([seed, len(pairs)])
    graph = nx.DiGraph()
    graph.add_nodes_from([*units, *inputs])
    graph.add_edges_from(pairs)
    for source, unit in pairs:
        size = gain * rng.uniform(0.4, 1.6) / np.sqrt(graph.in_degree(unit))
        graph.edges[source, unit]["weight"] = float(rng.choice([-1.0, 1.0]) * size)
    return ns.Network(graph, inputs, outputs, activation, name=f"seed {seed}")


def stream(network, steps, seed=0):
    """Return inputs (steps, inputs) and targets (steps, outputs) at random, none near zero."""
    rng = np.random.default_rng([seed, steps])
    x = rng.uniform(0.2, 1.0, (steps, len(network.inputs)))
    target = rng.uniform(-0.9, 0.9, (steps, len(network.outputs)))
    return x * rng.choice([-1.0, 1.0], x.shape), target


def start(network, seed=0):
    """Return activations of the units to start from, none near zero."""
    rng = np.random.default_rng([seed, 77])
    y = rng.uniform(0.2, 0.8, len(network.units))
    return y * rng.choice([-1.0, 1.0], y.shape)


def problem(network, steps, seed=0):
    """Return what ``ns.gradients`` wants after the rule: inputs, targets, initial."""
    return (*stream(network, steps, seed), start(network, seed))


def weight_matrix(network):
    """Return W of ``s = W [y, x, 1]``, shape (units, units + inputs + 1); zero where no edge is."""
    columns = [*network.units, *network.inputs, "bias"]
    matrix = np.zeros((len(network.units), len(columns)))
    for (source, unit), weight in network.weights.items():
        matrix[network.units.index(unit), columns.index(source)] = weight
    return matrix


def at_edges(network, matrices):
    """Read matrices (..., units, units + inputs + 1) at the edges, in network order."""
    columns = [*network.units, *network.inputs, "bias"]
    rows = [network.units.index(unit) for _, unit in network.edges]
    return matrices[..., rows, [columns.index(source) for source, _ in network.edges]]


def difference(values, reference):
    """Return the worst step's largest difference over that step's largest reference entry."""
    worst = np.abs(values - reference).max(axis=-1)
    scale = np.abs(reference).max(axis=-1)
    return float(np.max(worst / np.where(scale > 0, scale, np.finfo(float).tiny)))
