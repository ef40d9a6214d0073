"""LSTM units that see each other and the inputs; linear outputs that see the LSTM units alone.

S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997, doi
10.1162/neco.1997.9.8.1735, with the forget gates of F. A. Gers, J. Schmidhuber and F. Cummins,
Neural Computation 12(10), 2000, doi 10.1162/089976600300015015, as PyTorch's LSTMCell has it.

An LSTM unit ``n0`` is four nodes, each with edges of its own: the input gate ``n0.input``, the
forget gate ``n0.forget``, the cell ``n0.cell``, and ``n0`` itself, whose edges are those of its
output gate. ``units`` counts an LSTM unit once.
"""

from collections.abc import Sequence

import networkx as nx

from neurosim.study.gated import Part, gated


def build(
    units: int = 25, inputs: Sequence[str] = ("x",), outputs: int = 1, seed: int = 0
) -> nx.DiGraph:
    """Return the graph; nothing about it is random, so the seed changes nothing."""
    return gated("lstm", units, inputs, outputs, _parts)


def _parts(unit: str) -> list[Part]:
    into, forget, cell = f"{unit}.input", f"{unit}.forget", f"{unit}.cell"
    gates = {"kind": "lstm_cell", "input_gate": into, "forget_gate": forget}
    return [
        Part(into, {"activation": "logistic"}),
        Part(forget, {"activation": "logistic"}),
        Part(cell, gates),
        Part(unit, {"kind": "lstm", "cell": cell}),
    ]
