"""Activation functions whose slope is a polynomial of their value.

Both functions of the field have ``f'(s) = constant + linear * y - y^2`` with ``y = f(s)``, so that
one multiplication gives the slope, in software and in silicon alike:

====================  ========  ======
function              constant  linear
====================  ========  ======
``tanh(s)``           1         0
``1 / (1 + e^-s)``    0         1
====================  ========  ======
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError, nearest


@dataclass(frozen=True)
class Activation:
    """A squashing function ``y = f(s)`` with slope ``constant + linear * y - y^2``."""

    name: str
    function: Callable[[NDArray[Any]], NDArray[Any]]
    constant: int
    linear: int

    def slope(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return f'(s) from y = f(s), of any shape."""
        slope: NDArray[Any] = self.constant + self.linear * y - y * y
        return slope


def _logistic(s: NDArray[Any]) -> NDArray[Any]:
    return 0.5 * (1.0 + np.tanh(0.5 * s))  # the exponential form overflows


ACTIVATIONS = {
    "tanh": Activation("tanh", np.tanh, constant=1, linear=0),
    "logistic": Activation("logistic", _logistic, constant=0, linear=1),
}


def activation_named(name: str) -> Activation:
    """Return the activation function of that name.

    Raises
    ------
    UserError
        When there is none of that name.
    """
    if name not in tuple(ACTIVATIONS):  # a tuple: what is asked for may be no text
        guess, known = nearest(str(name), ACTIVATIONS), ", ".join(ACTIVATIONS)
        raise UserError(f"activation {name!r:.40}: unknown.{guess} Choose one of: {known}.")
    return ACTIVATIONS[name]
