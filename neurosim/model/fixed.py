"""Two's complement fixed point, stated once for the engines and the hardware.

* a *word* has ``word_bits`` bits, ``fraction_bits`` of them behind the point;
* products and sums are exact in a wide accumulator and narrowed once per result:
  ``narrow(acc, shift) = saturate((acc + 2^(shift-1)) >> shift)``, that is to the nearest, ties up;
* a *weight* has more fraction bits than a word, because a learning step is smaller than a word's
  last bit. It saturates where a word saturates, so its upper bits *are* its operand: no rounder
  stands between the weight memory and the multiplier;
* an *accumulator* word is a sum of products that is stored before it is narrowed;
* the *rate* is a word with all its bits behind the point but the sign.

The functions work alike on plain integers (of any size, the definition) and on int64 arrays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.model.activation import Activation, activation_named
from neurosim.model.arithmetic import Array, Format, Operand, add_at


class Range(NamedTuple):
    """The raw numbers of a format: its bits behind the point and its smallest and largest."""

    fraction: int
    low: int
    high: int


def align(value: Any, shift: int) -> Any:
    """Shift an accumulator to the left by a constant that may be zero."""
    return value << shift if shift else value


def narrow_int(accumulator: int, shift: int, low: int, high: int) -> int:
    """Round to the nearest, ties up, and saturate: the definition, on a plain integer."""
    rounded = (accumulator + (1 << shift >> 1)) >> shift
    return max(low, min(high, rounded))


def narrow_array(accumulator: Array, shift: int, low: int, high: int) -> Array:
    """Do what ``narrow_int`` does to every element of an int64 array."""
    if shift:
        accumulator = (accumulator + (1 << (shift - 1))) >> shift
    bounded: Array = np.minimum(np.maximum(accumulator, low), high)
    return bounded


@lru_cache(maxsize=32)
def activation_table(name: str, word_bits: int, fraction_bits: int, table_bits: int) -> Array:
    """Return f at ``2^table_bits + 1`` equally spaced words, from the lowest word up."""
    step = 1 << (word_bits - table_bits)
    points = np.arange((1 << table_bits) + 1) * step - (1 << (word_bits - 1))
    values = activation_named(name).function(points / (1 << fraction_bits))
    high = (1 << (word_bits - 1)) - 1
    table: Array = np.minimum(np.rint(values * (1 << fraction_bits)), high).astype(np.int64)
    table.setflags(write=False)
    return table


@dataclass(frozen=True)
class Fixed:
    """Two's complement fixed point; see the module for what every operation does.

    Parameters
    ----------
    word_bits, fraction_bits
        An operand of the multiplier: all its bits, and those behind the point.
    weight_bits, weight_fraction_bits
        A weight as it is stored.
    table_bits
        The activation table has ``2^table_bits`` intervals, with linear interpolation in them.

    Raises
    ------
    UserError
        When the widths contradict each other or exact sums would not fit in 62 bits.
    """

    word_bits: int = 16
    fraction_bits: int = 12
    weight_bits: int = 32
    weight_fraction_bits: int = 24
    table_bits: int = 9

    def __post_init__(self) -> None:
        for field in self.__dataclass_fields__:
            if not isinstance(getattr(self, field), int) or isinstance(getattr(self, field), bool):
                raise UserError(
                    f"Fixed.{field}: must be an integer (got {getattr(self, field)!r})."
                )
        word, fraction = self.word_bits, self.fraction_bits
        _between("word_bits", word, 4, 24, "narrower has no use, wider no exact sums")
        _between("fraction_bits", fraction, 1, word - 1, "one bit of the word is its sign")
        _between("weight_bits", self.weight_bits, word, 40, "from word_bits up")
        _between("weight_fraction_bits", self.weight_fraction_bits, fraction,
                 self.weight_bits - 1, "from fraction_bits up to weight_bits - 1")  # fmt: skip
        _between("table_bits", self.table_bits, 2, 16, "a table of 4 to 65,536 intervals")
        aligned = max(0, word - 1 + fraction - self.weight_fraction_bits) + self.weight_bits
        if aligned > 62:
            raise UserError(
                f"Fixed: a learning step would need {aligned} bits, and sums are exact up to 62."
                " Give fewer weight_bits or word_bits."
            )

    @property
    def name(self) -> str:
        """Such as ``fixed16.12``: bits of a word and of its fraction."""
        return f"fixed{self.word_bits}.{self.fraction_bits}"

    @property
    def dtype(self) -> np.dtype[Any]:
        """``int64``."""
        return np.dtype(np.int64)

    @property
    def accumulator_bits(self) -> int:
        """Bits of a stored sum: room for 2^14 products at least, so that it never saturates."""
        return min(2 * self.word_bits + 16, 62)

    @property
    def one(self) -> int:
        """The raw word of 1.0 (which itself may lie just outside the range)."""
        return 1 << self.fraction_bits

    @property
    def interpolation_bits(self) -> int:
        """Low bits of a word that interpolate between two entries of the activation table."""
        return max(0, self.word_bits - self.table_bits)

    @cached_property
    def ranges(self) -> dict[Format, Range]:
        """Fraction bits, smallest and largest raw number of every format."""
        half, deeper = 1 << (self.word_bits - 1), self.weight_fraction_bits - self.fraction_bits
        weight = 1 << (self.weight_bits - 1)
        wide = 1 << (self.accumulator_bits - 1)
        return {
            Format.WORD: Range(self.fraction_bits, -half, half - 1),
            Format.WEIGHT: Range(
                self.weight_fraction_bits,
                max(-weight, -half << deeper),
                min(weight, half << deeper) - 1,
            ),
            Format.ACCUMULATOR: Range(2 * self.fraction_bits, -wide, wide - 1),
            Format.RATE: Range(self.word_bits - 1, 0, half - 1),
        }

    def width(self, form: Format) -> int:
        """Bits that a stored number of this format takes."""
        wide = {Format.WEIGHT: self.weight_bits, Format.ACCUMULATOR: self.accumulator_bits}
        return wide.get(form, self.word_bits)

    def encode(self, values: Any, form: Format = Format.WORD) -> Array:
        """Turn real values into the nearest raw numbers, saturating."""
        fraction, low, high = self.ranges[form]
        scaled = np.rint(np.asarray(values, dtype=np.float64) * (1 << fraction))
        return np.asarray(np.clip(scaled, low, high).astype(np.int64))

    def decode(self, raw: Any, form: Format = Format.WORD) -> Array:
        """Turn raw numbers into the real values they stand for, exactly."""
        return np.asarray(raw, dtype=np.float64) / (1 << self.ranges[form].fraction)

    def narrow(self, accumulator: Any, fraction: int, form: Format = Format.WORD) -> Any:
        """Bring an exact sum with ``fraction`` bits behind the point into a format."""
        target, low, high = self.ranges[form]
        if isinstance(accumulator, int):
            return narrow_int(accumulator, fraction - target, low, high)
        return narrow_array(accumulator, fraction - target, low, high)

    def operand(self, weights: Any) -> Any:
        """Return the upper bits of weights, which are words."""
        return weights >> (self.weight_fraction_bits - self.fraction_bits)

    def combine(
        self, to: Format, a: Operand, b: Operand | None, plus: Operand | None, summed: bool
    ) -> Array:
        """Return ``plus + a * b`` in format ``to``, summed over the burst where asked."""
        exact, fraction = self._factor(a)
        if b is not None:
            factor, more = self._factor(b)
            exact, fraction = exact * factor, fraction + more
        if summed:
            exact = exact.sum(keepdims=True)
        point = max(fraction, self.ranges[to].fraction)
        if plus is not None:
            point = max(point, self.ranges[plus.form].fraction)
        exact = align(exact, point - fraction)
        if plus is not None:
            exact = exact + align(plus.words, point - self.ranges[plus.form].fraction)
        result: Array = self.narrow(exact, point, to)
        return result

    def _factor(self, operand: Operand) -> tuple[Any, int]:
        """Return an operand as the multiplier sees it, and its bits behind the point."""
        if operand.form is Format.WEIGHT:
            return self.operand(operand.words), self.fraction_bits
        return operand.words, self.ranges[operand.form].fraction

    def multiply(self, a: Any, b: Any) -> Any:
        """Return ``a * b``."""
        return self.narrow(a * b, 2 * self.fraction_bits)

    def fma(self, plus: Any, a: Any, b: Any) -> Any:
        """Return ``plus + a * b``, narrowed once."""
        return self.narrow(a * b + (plus << self.fraction_bits), 2 * self.fraction_bits)

    def add(self, a: Any, b: Any) -> Any:
        """Return ``a + b``."""
        return self.narrow(a + b, self.fraction_bits)

    def total(self, values: Array) -> Array:
        """Return the sum over the last axis."""
        total: Array = self.narrow(values.sum(axis=-1), self.fraction_bits)
        return total

    def matmul(self, a: Array, b: Array, plus: Array | None = None, at: Any = None) -> Array:
        """Return ``a @ b``, each element narrowed once, ``plus`` added at positions ``at``.

        Sums below 2^53 are exact in float64, where the product runs at the speed of BLAS.
        """
        bits = 2 * (self.word_bits - 1) + math.ceil(math.log2(a.shape[-1] + 1))
        if bits <= 53:
            wide = np.matmul(a.astype(np.float64), b.astype(np.float64)).astype(np.int64)
        else:
            wide = np.matmul(a, b)
        aligned = None if plus is None else plus << self.fraction_bits
        product: Array = self.narrow(add_at(wide, aligned, at), 2 * self.fraction_bits)
        return product

    def row_sums(
        self, a: Array, b: Array, starts: Array, plus: Array | None = None, at: Any = None
    ) -> Array:
        """Return the sums of ``a * b`` over runs of the last axis, each narrowed once."""
        wide = np.add.reduceat(a * b, starts, axis=-1)
        if plus is not None:
            wide[..., at] += plus << self.fraction_bits
        sums: Array = self.narrow(wide, 2 * self.fraction_bits)
        return sums

    def learn(self, weights: Any, rate: Any, gradient: Any) -> Any:
        """Return ``weights + rate * gradient`` as weights."""
        products = self.word_bits - 1 + self.fraction_bits
        fraction = max(products, self.weight_fraction_bits)
        step = align(rate * gradient, fraction - products)
        kept = align(weights, fraction - self.weight_fraction_bits)
        return self.narrow(kept + step, fraction, Format.WEIGHT)

    def activate(self, name: str, s: Any) -> tuple[Any, Any]:
        """Return ``f(s)`` from the table and ``f'(s)`` from ``f(s)``."""
        f = activation_named(name)
        if f.bend is not None:
            real = self.decode(s)
            return self.encode(f.function(real)), self.encode(f.bend(real))
        y = self._interpolate(f, s) if f.square else s  # a table could only bend a line
        slope = align(f.constant * self.one + f.linear * y, self.fraction_bits) - f.square * y * y
        return y, self.narrow(slope, 2 * self.fraction_bits)

    def _interpolate(self, f: Activation, s: Any) -> Any:
        between = self.interpolation_bits
        table = activation_table(
            f.name, self.word_bits, self.fraction_bits, self.word_bits - between
        )
        index = (s >> between) + (1 << (self.word_bits - between - 1))
        if isinstance(s, int):
            base, rise = int(table[index]), int(table[index + 1] - table[index])
        else:
            base = table[index]
            rise = table[index + 1] - base
        low = s & ((1 << between) - 1)
        _, lowest, highest = self.ranges[Format.WORD]
        exact = align(base, between) + rise * low
        if isinstance(s, int):
            return narrow_int(exact, between, lowest, highest)
        return narrow_array(exact, between, lowest, highest)


def _between(field: str, value: int, low: int, high: int, why: str) -> None:
    if not low <= value <= high:
        raise UserError(
            f"Fixed.{field}: must lie between {low} and {high} ({why}; got {value}). Change it."
        )
