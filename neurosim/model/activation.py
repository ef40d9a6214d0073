"""Activation functions whose slope is a polynomial of their value.

The functions of the field have ``f'(s) = constant + linear * y - square * y^2`` with ``y = f(s)``,
so that one multiplication gives the slope, in software and in silicon alike:

====================  ========  ======  ======
function              constant  linear  square
====================  ========  ======  ======
``tanh(s)``           1         0       1
``1 / (1 + e^-s)``    0         1       1
``s`` (linear)        1         0       0
====================  ========  ======  ======

A spike, 1 from the threshold 1 on, has no slope; the pseudo-derivative ``0.3 max(0, 1 - |s - 1|)``
stands for it (Bellec and others 2020, doi 10.1038/s41467-020-17236-y).
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
    """A function ``y = f(s)`` with slope ``constant + linear * y - square * y^2``.

    Where there is a ``bend``, that is the slope, as a function of s.
    """

    name: str
    function: Callable[[NDArray[Any]], NDArray[Any]]
    constant: int
    linear: int
    square: int = 1
    bend: Callable[[NDArray[Any]], NDArray[Any]] | None = None

    def slope(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return f'(s) from y = f(s), of any shape."""
        slope: NDArray[Any] = self.constant + self.linear * y - self.square * y * y
        return slope


def _spike(s: NDArray[Any]) -> NDArray[Any]:
    return np.where(s >= 1.0, 1.0, 0.0)


def _pseudo_derivative(s: NDArray[Any]) -> NDArray[Any]:
    return 0.3 * np.maximum(0.0, 1.0 - np.abs(s - 1.0))


def _itself(s: NDArray[Any]) -> NDArray[Any]:
    return s


def _logistic(s: NDArray[Any]) -> NDArray[Any]:
    return 0.5 * (1.0 + np.tanh(0.5 * s))  # the exponential form overflows


ACTIVATIONS = {
    "tanh": Activation("tanh", np.tanh, constant=1, linear=0),
    "logistic": Activation("logistic", _logistic, constant=0, linear=1),
    "linear": Activation("linear", _itself, constant=1, linear=0, square=0),
    "spike": Activation("spike", _spike, 0, 0, 0, _pseudo_derivative),
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
