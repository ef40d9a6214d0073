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
GATE = "gate"  # y of this step, to the units on which the sender acts within the step
REACH = "reach"  # UORO: what a unit has to do with all weights, along the edge
GATE_SENSITIVITY = "gate sensitivity"  # RTRL: all sensitivities of a gate, to the same units
GATE_ERROR = "gate error"  # a gate's part of an error, from the unit on which it acts
REDUCTION = "reduction"  # a unit's part of sums over all units, to the unit that adds them up
FACTOR = "factor"  # what follows from such sums, from there to all units


class Message(NamedTuple):
    """A burst of words on its way from one neuron to another.

    ``words`` is a snapshot in the engine's own number format and is never changed.
    """

    kind: str
    source: int
    destination: int
    words: NDArray[Any]
