"""What a checkpoint is of: hashes of all that a training depends on, so that no other goes on."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Number
from neurosim.model.network import Network

# Where an object lies in memory is no part of what it is.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def marks_of(
    network: Network,
    rule: Rule,
    number: Number,
    engine: str,
    machine: object,
    inputs: NDArray[np.float64],
    targets: NDArray[np.float64],
) -> Mapping[str, str]:
    """Return marks of what a training is made of, by the word for each.

    ``engine`` says which one steps it, and in which form.
    """
    graph = (network.units, network.inputs, network.outputs, network.edges, network.traits)
    fixed = np.asarray(network.fixed)
    return {
        "network": _hash(graph, network.loss, fixed, network.weight_vector),
        "stream": _hash(inputs, targets),
        "rule": _hash(type(rule).__qualname__, rule),
        "number format": _hash(number),
        "engine": _hash(engine),
        "machine": _hash(machine),
        "version of NumPy": np.__version__,
    }


def _hash(*parts: object) -> str:
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype}{part.shape}".encode())
            found.update(np.ascontiguousarray(part).tobytes())
        else:
            found.update(_ADDRESS.sub("", _said(part)).encode())
        found.update(b"\0")
    return found.hexdigest()


def _said(part: object) -> str:
    """Return what an object says of itself, with all words of the arrays in it."""
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        return repr(part)
