"""A column of spiking units with fixed weights, traces of their spikes, and outputs that read them.

W. Maass, T. Natschlager and H. Markram, "Real-time computing without stable states", Neural
Computation 14(11), 2002, doi 10.1162/089976602760407955: units stand on a grid of 3 x 3 x k, one in
five inhibits, and at a distance D the chance of an edge is ``C exp(-(D / reach)^2)``, with C 0.3
from exciting to exciting units, 0.2 from exciting to inhibiting, 0.4 from inhibiting to exciting
and 0.1 among inhibiting ones. Synapses here do not tire as they do there. Every unit ``n0`` has a
linear one beside it, ``n0.trace``, which leaks and hears it alone; `units` counts both once. The
last units are the outputs: linear, zero before they learn, and the only ones that do.
"""

from collections.abc import Sequence
from itertools import product

import networkx as nx
import numpy as np

from neurosim.model.network import BIAS
from neurosim.study.checks import number
from neurosim.study.wiring import afford, names_apart, remaining

LARGEST = 1e6
SIDE = 3
INHIBITING = 0.2
CHANCES = np.array([[0.3, 0.4], [0.2, 0.1]])  # to exciting, to inhibiting; from in the same order


def build(
    units: int = 46,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    seed: int = 0,
    reach: float = 2.0,
    leak: float = 0.1,
    trace_leak: float = 0.1,
    scaling: float = 0.3,
    input_scaling: float = 1.0,
) -> nx.DiGraph:
    """Return the graph, its weights drawn from the seed.

    Parameters
    ----------
    reach
        Distance on the grid at which the chance of an edge has fallen to 1/e.
    leak, trace_leak
        Of the spiking units' potentials, and of the traces of their spikes, above 0 to 1.
    scaling
        Mean size of weights between units, in thresholds; they are drawn from a gamma distribution
        whose deviation is its mean.
    input_scaling
        Weights of the inputs lie uniformly from minus to plus this.
    """
    for name, value, most in (("reach", reach, LARGEST), ("leak", leak, 1),
                              ("trace_leak", trace_leak, 1), ("scaling", scaling, LARGEST),
                              ("input_scaling", input_scaling, LARGEST)):  # fmt: skip
        number(f"liquid: {name}", value, 0, most, above=True)
    size = remaining("liquid", units, outputs, "spiking one")
    afford("liquid", units, edges=size**2 / 5 + size * (1 + outputs))
    random = np.random.default_rng(seed)
    spiking, readouts = [f"n{n}" for n in range(size)], [f"n{n}" for n in range(size, units)]
    traces = [f"{unit}.trace" for unit in spiking]
    names = names_apart(inputs, [*spiking, *traces, *readouts])
    graph = nx.DiGraph(inputs=names, outputs=readouts)
    graph.add_nodes_from(spiking, kind="lif", leak=float(leak))
    graph.add_nodes_from(traces, activation="linear", leak=float(trace_leak))
    graph.add_nodes_from(readouts, activation="linear", leak=1.0)
    graph.add_nodes_from([*names, BIAS])
    for (owner, source), weight in _drawn(random, size, reach, scaling).items():
        graph.add_edge(spiking[source], spiking[owner], weight=weight, fixed=True)
    for name, unit in product(names, spiking):
        weight = float(random.uniform(-input_scaling, input_scaling))
        graph.add_edge(name, unit, weight=weight, fixed=True)
    for unit, trace in zip(spiking, traces, strict=True):
        graph.add_edge(unit, trace, weight=1.0, fixed=True)
    graph.add_edges_from(product([*traces, BIAS], readouts), weight=0.0)
    return graph


def _drawn(
    random: np.random.Generator, size: int, reach: float, scaling: float
) -> dict[tuple[int, int], float]:
    """Return the weights between spiking units by owner and source."""
    place = np.array([(n % SIDE, n // SIDE % SIDE, n // SIDE**2) for n in range(size)])
    squares = ((place[:, None] - place[None]) ** 2).sum(axis=-1)
    inhibits = (random.random(size) < INHIBITING).astype(int)
    chance = CHANCES[inhibits[:, None], inhibits[None]] * np.exp(-squares / reach**2)
    np.fill_diagonal(chance, 0.0)
    there = random.random((size, size)) < chance
    weights = random.gamma(1.0, scaling, (size, size)) * (1 - 2 * inhibits)
    return {(i, j): float(weights[i, j]) for i, j in np.argwhere(there).tolist()}
