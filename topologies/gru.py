"""Gated recurrent units that see each other and the inputs; linear outputs that see them alone.

K. Cho and others, "Learning phrase representations using RNN encoder-decoder for statistical
machine translation", EMNLP 2014, doi 10.3115/v1/D14-1179, in the form of PyTorch's GRUCell, whose
reset gate comes after the weights.

A unit ``n0`` is four nodes, each with edges of its own: the gates ``n0.reset`` and ``n0.update``,
``n0.recurrent``, a linear node for what the reset gate may hold back of the other units, and ``n0``
itself, which hears the inputs. ``units`` counts a unit once.
"""

from collections.abc import Sequence

import networkx as nx

from neurosim.study.gated import Part, gated


def build(
    units: int = 25, inputs: Sequence[str] = ("x",), outputs: int = 1, seed: int = 0
) -> nx.DiGraph:
    """Return the graph; nothing about it is random, so the seed changes nothing."""
    return gated("gru", units, inputs, outputs, _parts)


def _parts(unit: str) -> list[Part]:
    reset, update, recurrent = f"{unit}.reset", f"{unit}.update", f"{unit}.recurrent"
    gates = {"kind": "gru", "reset_gate": reset, "update_gate": update, "recurrent": recurrent}
    return [
        Part(reset, {"activation": "logistic"}),
        Part(update, {"activation": "logistic"}),
        Part(recurrent, {"activation": "linear"}, hears_inputs=False),
        Part(unit, gates, hears_units=False),
    ]
