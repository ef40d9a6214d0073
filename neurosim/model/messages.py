"""What neurons say to each other."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

ACTIVATION = "activation"  # y of the step before, along the edge
SENSITIVITY = "sensitivity"  # RTRL: all sensitivities of one unit, along the edge
EGRESS = "egress"  # TRTRL: p^j of an edge j -> i, from j along the edge
INGRESS = "ingress"  # TRTRL: p^i of an edge j -> i, from i back along the edge
ERROR = "error"  # an output's error, weighted, back along the edge
GRADIENT = "gradient"  # a part of a weight's gradient, to the weight's owner


class Message(NamedTuple):
    """A burst of words on its way from one neuron to another.

    ``words`` is a snapshot in the engine's own number format and is never changed.
    """

    kind: str
    source: int
    destination: int
    words: NDArray[Any]
