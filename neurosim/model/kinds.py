"""Kinds of units that others act on within a tick: what LSTM and GRU units are made of.

A gate is a unit as any other, with edges of its own and an activation that anyone may hear a tick
later. Besides, its activation of *this* tick acts on the units that name it in an attribute of
their node. So every weight is still that of an edge, and what lasts is still an activation::

    plain       y <- (1 - a) y + a f(s)
    lstm_cell   y <- y_forget y + y_input tanh(s)                                        (1)
    lstm        y <- logistic(s) tanh(y_cell)                                            (2)
    gru         y <- (1 - y_update) tanh(s + y_reset y_recurrent) + y_update y           (3)
    lif         v <- (1 - a) v + s - y,    y <- 1 where v >= 1, else 0                   (4)

An LSTM unit is four nodes: (2), whose own edges are those of the output gate, its cell (1), whose
own edges are those of the cell's input, and two logistic units for the input and the forget gate. A
GRU unit is four too: (3), whose own edges are what the candidate hears without the reset gate; the
two gates; and ``recurrent``, a linear unit that hears what the reset gate may hold back.

(4) is a leaky integrate-and-fire unit: its potential v leaks by a, its threshold is 1 (weights are
in thresholds), and a spike takes the threshold off. What stands for its slope is the pseudo-
derivative ``psi = 0.3 max(0, 1 - |v - 1|)`` of Bellec and others 2020, doi
10.1038/s41467-020-17236-y.

S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997, doi
10.1162/neco.1997.9.8.1735; the forget gate: F. A. Gers, J. Schmidhuber and F. Cummins, Neural
Computation 12(10), 2000, doi 10.1162/089976600300015015; GRU: K. Cho and others, EMNLP 2014, doi
10.3115/v1/D14-1179, in the form of PyTorch's GRUCell, whose reset gate comes after the weights.
"""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of unit.

    Attributes
    ----------
    gates
        The attributes of its node that name units, in the order of its messages.
    activation
        Function of its own weighted sum; None where the unit has its choice.
    keeps
        Whether its activation holds on to that of the step before by what a gate says.
    """

    gates: tuple[str, ...]
    activation: str | None
    keeps: bool


PLAIN, LIF = "plain", "lif"
KINDS = {
    PLAIN: Kind((), None, keeps=False),
    "lstm_cell": Kind(("input_gate", "forget_gate"), "tanh", keeps=True),
    "lstm": Kind(("cell",), "logistic", keeps=False),
    "gru": Kind(("reset_gate", "update_gate", "recurrent"), "tanh", keeps=True),
    LIF: Kind((), "spike", keeps=False),
}
GATED = tuple(name for name, kind in KINDS.items() if kind.gates)
GATES = tuple(gate for kind in KINDS.values() for gate in kind.gates)
