"""A reservoir of leaky units with fixed random weights, and linear outputs that read it.

H. Jaeger and H. Haas, "Harnessing nonlinearity: predicting chaotic systems and saving energy in
wireless communication", Science 304, 2004, doi 10.1126/science.1091277; leaks and the ways to scale
as in M. Lukosevicius, "A practical guide to applying echo state networks", 2012, doi
10.1007/978-3-642-35289-8_36. The last units are the outputs. Their weights are zero before they
learn, and the only ones that do; `ridge` and `rls` are the rules made for that.
"""

from collections.abc import Sequence
from itertools import product

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from neurosim.model.network import BIAS
from neurosim.study.checks import number
from neurosim.study.wiring import afford, remaining, wire_pairs

LARGEST = 1e6


def build(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    seed: int = 0,
    density: float = 0.1,
    spectral_radius: float = 0.9,
    leak: float = 0.3,
    input_density: float = 1.0,
    input_scaling: float = 1.0,
    bias_scaling: float = 0.0,
    feedback: float = 0.0,
    reads_inputs: bool = True,
) -> nx.DiGraph:
    """Return the graph, its weights drawn from the seed.

    Parameters
    ----------
    density
        Chance of an edge between two units of the reservoir, or from one to itself.
    spectral_radius
        Largest absolute eigenvalue of the reservoir's weights, which are drawn from a Gaussian
        distribution; 0 for units that do not hear each other.
    leak
        Of the reservoir's units, above 0 to 1.
    input_density
        Chance of an edge from an input to a unit of the reservoir. One that would hear nobody hears
        the first input.
    input_scaling
        Weights of these edges are plus or minus this.
    bias_scaling, feedback
        Weights of bias and outputs to the reservoir are plus or minus this; without edges where it
        is 0.
    reads_inputs
        Whether outputs hear the inputs too.
    """
    _judge(density, spectral_radius, leak, input_density, input_scaling, bias_scaling, feedback)
    size = remaining("echo_state", units, outputs, "reservoir")
    readouts = range(size, units)
    afford("echo_state", units, edges=density * size**2 + size * outputs)
    random = np.random.default_rng(seed)
    graph = wire_pairs(units, product(range(size), readouts), inputs, readouts,
                       fed=readouts if reads_inputs else ())  # fmt: skip
    names, outside = [f"n{unit}" for unit in range(size)], graph.graph
    within = random.normal(size=(size, size)) * (random.random((size, size)) < density)
    _join(graph, names, names, _scaled(within, spectral_radius))
    seen = _signs(random, size, len(outside["inputs"]), input_density, input_scaling)
    seen[~(within.any(axis=1) | seen.any(axis=1)), 0] = input_scaling
    _join(graph, outside["inputs"], names, seen)
    graph.remove_edges_from([(BIAS, unit) for unit in names])
    _join(graph, [BIAS], names, _signs(random, size, 1, 1.0, bias_scaling))
    _join(graph, outside["outputs"], names, _signs(random, size, outputs, 1.0, feedback))
    for unit in names:
        graph.nodes[unit]["leak"] = float(leak)
    for unit in outside["outputs"]:
        graph.nodes[unit].update(activation="linear", leak=1.0)
        for edge in graph.in_edges(unit):
            graph.edges[edge]["weight"] = 0.0
    return graph


def _join(
    graph: nx.DiGraph, sources: Sequence[str], units: Sequence[str], weights: NDArray[np.float64]
) -> None:
    """Add edges of fixed weights (units, sources) where they are not zero."""
    for unit, source in np.argwhere(weights).tolist():
        weight = float(weights[unit, source])
        graph.add_edge(sources[source], units[unit], weight=weight, fixed=True)


def _signs(
    random: np.random.Generator, units: int, sources: int, density: float, scale: float
) -> NDArray[np.float64]:
    """Return weights (units, sources) of one size and either sign, some of them left out."""
    there = random.random((units, sources)) < density
    weights: NDArray[np.float64] = scale * there * random.choice([-1.0, 1.0], (units, sources))
    return weights


def _scaled(weights: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Return weights whose largest eigenvalue lies at a radius."""
    largest = float(np.abs(np.linalg.eigvals(weights)).max())
    return weights * (radius / largest) if largest > 0 else weights


def _judge(
    density: float,
    radius: float,
    leak: float,
    seeing: float,
    inputs: float,
    bias: float,
    feedback: float,
) -> None:
    number("echo_state: density", density, 0, 1)
    number("echo_state: leak", leak, 0, 1, above=True)
    number("echo_state: input_density", seeing, 0, 1)
    number("echo_state: input_scaling", inputs, 0, LARGEST, above=True)
    named = {"spectral_radius": radius, "bias_scaling": bias, "feedback": feedback}
    for name, value in named.items():
        number(f"echo_state: {name}", value, 0, LARGEST)
