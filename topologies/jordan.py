"""Hidden units that see the inputs and a context, which is made of the outputs of before.

M. I. Jordan, "Serial order: a parallel distributed processing approach", ICS report 8604,
University of California, San Diego, 1986; reprinted in Advances in Psychology 121, 1997, doi
10.1016/S0166-4115(97)80111-2. For every output o there is a context unit, which is linear and whose
weights are fixed: ``c <- decay c + y_o``. The first units are hidden, then come the context units,
and the last are the outputs.
"""

from collections.abc import Sequence
from itertools import chain, product
from numbers import Real

import networkx as nx

from neurosim.errors import UserError
from neurosim.model.network import BIAS
from neurosim.study.wiring import afford, check, wire_pairs


def build(
    units: int = 25,
    inputs: Sequence[str] = ("x",),
    outputs: int = 1,
    seed: int = 0,
    decay: float = 0.5,
) -> nx.DiGraph:
    """Return the graph; nothing about it is random, so the seed changes nothing.

    ``decay`` is how much of itself a context unit keeps a step, from 0 to below 1.
    """
    check("jordan", units, outputs, least=3)
    hidden, readouts = units - 2 * outputs, range(units - outputs, units)
    if hidden < 1:
        raise UserError(
            f"jordan: {units:,} units leave no hidden one beside {outputs:,} outputs and as many"
            " context units. Ask for more units or fewer outputs."
        )
    if not isinstance(decay, Real) or isinstance(decay, bool) or not 0 <= decay < 1:
        raise UserError(f"jordan: decay: must be a number from 0 to below 1 (got {decay!r}).")
    afford("jordan", units, edges=2 * hidden * outputs)
    context = range(hidden, hidden + outputs)
    pairs = chain(product(context, range(hidden)), product(range(hidden), readouts))
    graph = wire_pairs(units, pairs, inputs, readouts, fed=range(hidden))
    for place, unit in enumerate(context):
        name = f"n{unit}"
        graph.add_node(name, activation="linear")
        graph.remove_edge(BIAS, name)
        graph.add_edge(f"n{readouts[place]}", name, weight=1.0, fixed=True)
        graph.add_edge(name, name, weight=float(decay), fixed=True)
    return graph
