"""Numbers: what a word is, and what the operations of the vocabulary do to it.

``Number`` is what every reader of a program asks of a number; ``Float`` is IEEE 754. Two's
complement fixed point has a file of its own, ``fixed.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError
from neurosim.model.activation import activation_named

Array = NDArray[Any]


class Format(StrEnum):
    """What kind of number a memory holds; only ``Fixed`` tells them apart."""

    WORD = "word"
    WEIGHT = "weight"
    ACCUMULATOR = "accumulator"
    RATE = "rate"


class Operand(NamedTuple):
    """Raw words and their format."""

    words: Array
    form: Format


class Number(Protocol):
    """Arithmetic on arrays of raw words, one method per operation of the vocabulary.

    All arguments are arrays of raw words that broadcast against each other; all results are words
    unless the name says otherwise.
    """

    @property
    def name(self) -> str:
        """A short name for reports, such as ``float64`` or ``fixed16.12``."""
        ...

    @property
    def word_bits(self) -> int:
        """Bits of a word as it is stored and sent."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy type of the raw words."""
        ...

    def encode(self, values: Any, form: Format = Format.WORD) -> Array:
        """Turn real values into raw words."""
        ...

    def decode(self, raw: Any, form: Format = Format.WORD) -> Array:
        """Turn raw words into the real values they stand for."""
        ...

    def width(self, form: Format) -> int:
        """Bits that a stored number of this format takes."""
        ...

    def operand(self, weights: Array) -> Array:
        """Return weights as the multiplier sees them."""
        ...

    def combine(
        self, to: Format, a: Operand, b: Operand | None, plus: Operand | None, summed: bool
    ) -> Array:
        """Return ``plus + a * b`` in format ``to``, summed over the burst where asked.

        This is what a burst means, for operands of any format; the methods below are its cases.
        """
        ...

    def multiply(self, a: Array, b: Array) -> Array:
        """Return ``a * b``."""
        ...

    def fma(self, plus: Array, a: Array, b: Array) -> Array:
        """Return ``plus + a * b``, narrowed once."""
        ...

    def add(self, a: Array, b: Array) -> Array:
        """Return ``a + b``."""
        ...

    def total(self, values: Array) -> Array:
        """Return the sum over the last axis."""
        ...

    def matmul(self, a: Array, b: Array, plus: Array | None = None, at: Any = None) -> Array:
        """Return ``a @ b``, each element narrowed once.

        ``plus`` is added first, at the flat positions ``at`` of the last two axes.
        """
        ...

    def row_sums(
        self, a: Array, b: Array, starts: Array, plus: Array | None = None, at: Any = None
    ) -> Array:
        """Return the sums of ``a * b`` over runs of the last axis that begin at ``starts``.

        ``plus`` is added first, at the sums ``at``.
        """
        ...

    def learn(self, weights: Array, rate: Array, gradient: Array) -> Array:
        """Return ``weights + rate * gradient`` as weights."""
        ...

    def activate(self, name: str, s: Array) -> tuple[Array, Array]:
        """Return ``f(s)`` and ``f'(s)``."""
        ...


def add_at(product: Array, plus: Array | None, at: Any) -> Array:
    """Add words to a stack of matrices in place, at flat positions of their last two axes."""
    if plus is not None:
        product.reshape(*product.shape[:-2], -1)[..., at] += plus
    return product


@dataclass(frozen=True)
class Float:
    """IEEE 754 floating point: no rounding of our own, no saturation.

    Attributes
    ----------
    bits
        64, double precision, or 32, single.

    Raises
    ------
    UserError
        When it is neither.
    """

    bits: int = 64

    def __post_init__(self) -> None:
        if type(self.bits) is not int or self.bits not in (32, 64):
            raise UserError(f"Float.bits: must be 32 or 64 (got {self.bits!r}).")

    @property
    def name(self) -> str:
        """``float64`` or ``float32``."""
        return f"float{self.bits}"

    @property
    def word_bits(self) -> int:
        """Bits of a word."""
        return self.bits

    @property
    def dtype(self) -> np.dtype[Any]:
        """``float64`` or ``float32``."""
        return np.dtype(self.name)

    def width(self, form: Format) -> int:
        """Bits of any stored number: those of a word."""
        return self.bits

    def encode(self, values: Any, form: Format = Format.WORD) -> Array:
        """Return the values, rounded to single precision where that is asked for."""
        return np.asarray(values, dtype=self.dtype)

    def decode(self, raw: Any, form: Format = Format.WORD) -> Array:
        """Return the words, which are their own values, as float64."""
        return np.asarray(raw, dtype=np.float64)

    def operand(self, weights: Array) -> Array:
        """Return the weights."""
        return weights

    def combine(
        self, to: Format, a: Operand, b: Operand | None, plus: Operand | None, summed: bool
    ) -> Array:
        """Return ``plus + a * b``, summed over the burst where asked."""
        exact = a.words if b is None else a.words * b.words
        if summed:
            exact = exact.sum(keepdims=True)
        result: Array = exact if plus is None else exact + plus.words
        return result

    def multiply(self, a: Array, b: Array) -> Array:
        """Return ``a * b``."""
        return a * b

    def fma(self, plus: Array, a: Array, b: Array) -> Array:
        """Return ``plus + a * b``."""
        result: Array = a * b
        result += plus
        return result

    def add(self, a: Array, b: Array) -> Array:
        """Return ``a + b``."""
        return a + b

    def total(self, values: Array) -> Array:
        """Return the sum over the last axis."""
        total: Array = values.sum(axis=-1)
        return total

    def matmul(self, a: Array, b: Array, plus: Array | None = None, at: Any = None) -> Array:
        """Return ``a @ b``, with ``plus`` added at the flat positions ``at``."""
        return add_at(np.matmul(a, b), plus, at)

    def row_sums(
        self, a: Array, b: Array, starts: Array, plus: Array | None = None, at: Any = None
    ) -> Array:
        """Return the sums of ``a * b`` over runs of the last axis, ``plus`` added at some."""
        sums: Array = np.add.reduceat(a * b, starts, axis=-1)
        if plus is not None:
            sums[..., at] += plus
        return sums

    def learn(self, weights: Array, rate: Array, gradient: Array) -> Array:
        """Return ``weights + rate * gradient``."""
        learnt: Array = weights + rate * gradient
        return learnt

    def activate(self, name: str, s: Array) -> tuple[Array, Array]:
        """Return ``f(s)`` and ``f'(s)``."""
        f = activation_named(name)
        y = f.function(s)
        return y, f.slope(y) if f.bend is None else f.bend(s)
