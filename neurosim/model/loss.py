"""What the error of the outputs is measured by.

``squared``: ``L = 1/2 sum_o (target_o - y_o)^2``, and the error is ``e_o = target_o - y_o``.

``cross_entropy``: outputs are linear units, and what the network says are the probabilities::

    p_o = exp(y_o) / sum_k exp(y_k),    L = - sum_o target_o log p_o                 (1)
    e_o = - dL/dy_o = target_o - p_o    for targets that add up to 1                 (2)

J. S. Bridle, "Probabilistic interpretation of feedforward classification network outputs, with
relationships to statistical pattern recognition", in Neurocomputing, 1990, pages 227-236, doi
10.1007/978-3-642-76153-9_28.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError, nearest
from neurosim.model.operations import Method

SQUARED, CROSS_ENTROPY = "squared", "cross_entropy"
LOSSES = (SQUARED, CROSS_ENTROPY)


def loss_named(name: str) -> str:
    """Return the loss of that name.

    Raises
    ------
    UserError
        When there is none of that name.
    """
    if name not in LOSSES:
        guess = nearest(str(name), LOSSES)
        raise UserError(f"loss {name!r:.40}: unknown.{guess} Choose one of: {', '.join(LOSSES)}.")
    return name


def softmax(y: NDArray[Any]) -> NDArray[Any]:
    """Return (1) over the last axis; the largest is taken off first, so that nothing overflows."""
    grown = np.exp(y - y.max(axis=-1, keepdims=True))
    shares: NDArray[Any] = grown / grown.sum(axis=-1, keepdims=True)
    return shares


@lru_cache(maxsize=64)
def own_share(outputs: int) -> Method:
    """Return what one output works out of (1), whose own activation is the first word of all."""
    return Method(
        f"softmax of {outputs}",
        _first_share,
        multiplications=0,
        additions=2 * outputs - 1,
        divisions=1,
        activations=outputs,
    )


def _first_share(y: NDArray[Any]) -> NDArray[Any]:
    return softmax(y)[:1]
