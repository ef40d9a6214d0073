"""The weights of a network's edges before it learns: given by its graph, or drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError
from neurosim.model.wires import Wires

Data = Sequence[dict[Any, Any]] | None
"""The attributes of all edges of a graph, None where no edge has any."""


class WrongEdge(UserError):
    """What is wrong with the edge at a place in the order of slots."""

    def __init__(self, place: int, what: str) -> None:
        super().__init__(what)
        self.place = place


def given_or_drawn(wires: Wires, data: Data, seed: int) -> NDArray[np.float64]:
    """Return the weights by slot; those that are drawn are so whatever is given elsewhere.

    Raises
    ------
    WrongEdge
        When a weight is no finite number.
    """
    draw = np.random.default_rng(seed).uniform(-1.0, 1.0, len(wires.source))
    degrees = np.bincount(wires.target, minlength=wires.nodes)
    weights = draw * np.sqrt(3 / degrees[wires.target[wires.by_slot]])
    if data is None:
        return weights
    for place, edge in enumerate(wires.by_slot.tolist()):
        given = data[edge].get("weight")
        if given is not None:
            weights[place] = _finite(given, place)
    return weights


def fixed_among(wires: Wires, data: Data) -> NDArray[np.bool_]:
    """Say of every edge, by slot, whether its weight is fixed.

    Raises
    ------
    WrongEdge
        When an edge says so in other words than True and False.
    """
    fixed = np.zeros(len(wires.source), dtype=np.bool_)
    if data is None:
        return fixed
    for place, edge in enumerate(wires.by_slot.tolist()):
        given = data[edge].get("fixed", False)
        if not isinstance(given, (bool, np.bool_)):
            raise WrongEdge(place, f"fixed must be True or False (got {given!r:.40}).")
        fixed[place] = given
    return fixed


def _finite(weight: object, place: int) -> float:
    if isinstance(weight, Real) and not isinstance(weight, bool):
        try:
            value = float(weight)
        except OverflowError:
            value = math.inf
        if math.isfinite(value):
            return value
    raise WrongEdge(place, f"weight {weight!r:.40} is no finite number. Change it.")
