"""Multipliers that a product takes of a part, exactly as Yosys cuts it (library file `mul2dsp.v`).

An operand that is wider than a multiplier's is cut from its low end; what remains may be too narrow
to be worth a multiplier, and is tried with the next smaller one, or becomes logic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple


class MultiplierKind(NamedTuple):
    """A way in which a family's multiplier can be used.

    Attributes
    ----------
    operands
        Bits of the wider operand and of the other.
    pieces
        Bits of the pieces that wider operands are cut into.
    least, least_product
        Bits below which an operand, or the product, is not worth one.
    signed
        Whether operands are always signed, so that a low piece needs a zero above it.
    multipliers
        How many of the part's multipliers it is.
    """

    operands: tuple[int, int]
    pieces: tuple[int, int]
    least: tuple[int, int]
    least_product: int
    signed: bool
    multipliers: int


class Product(NamedTuple):
    """Bits of both operands and of what is wanted of their product, and whether they are signed."""

    bits: tuple[int, int]
    signed: tuple[bool, bool]
    wanted: int


class Cut(NamedTuple):
    """A product on a part.

    Attributes
    ----------
    multipliers
        Multipliers of the part.
    logic
        Products of pieces that are left to logic.
    sums
        Bits of each sum that puts products of pieces together.
    """

    multipliers: int
    logic: tuple[Product, ...]
    sums: tuple[int, ...]


def product_of(one: int, other: int, kinds: Sequence[MultiplierKind]) -> Cut:
    """Return what the product of two signed operands of these bits takes.

    ``kinds`` are those of the family, the widest first.
    """
    left: list[Product] = [Product((one, other), (True, True), one + other)]
    count = 0
    sums: list[int] = []
    for kind in kinds:
        smaller: list[Product] = []
        for each in left:
            found = _cut(_ordered(each, kind), kind)
            count += found.multipliers * kind.multipliers
            sums.extend(found.sums)
            smaller.extend(_kept(found.logic))
        left = smaller
    return Cut(count, tuple(left), tuple(sums))


def _ordered(product: Product, kind: MultiplierKind) -> Product:
    """Put the wider operand first; operands without a sign get one where the kind wants it."""
    (one, other), signs = product.bits, product.signed
    if one < other:
        (one, other), signs = (other, one), (signs[1], signs[0])
    if kind.signed and not any(signs) and not _narrow((one, other), kind):
        one, other, signs = one + 1, other + 1, (True, True)
    return Product((one, other), signs, product.wanted)


def _too_small(product: Product, kind: MultiplierKind) -> bool:
    return _narrow(product.bits, kind) or product.wanted < kind.least_product


def _narrow(bits: tuple[int, int], kind: MultiplierKind) -> bool:
    return any(got < least for got, least in zip(bits, kind.least, strict=True))


def _cut(product: Product, kind: MultiplierKind) -> Cut:
    """Return how many of a kind a product takes, and the pieces that are too small for it."""
    if _too_small(product, kind):
        return Cut(0, (product,), ())
    for side in (0, 1):
        if product.bits[side] > kind.operands[side]:
            pieces = [*_pieces(product, side, kind)]
            cuts = [_cut(piece, kind) for piece in pieces]
            return Cut(
                sum(cut.multipliers for cut in cuts),
                tuple(rest for cut in cuts for rest in cut.logic),
                # a sum begins where the piece above does: below, it is the lower product
                (*(sum(p.bits) for p in pieces[1:]), *(bits for cut in cuts for bits in cut.sums)),
            )
    return Cut(1, (), ())


def _pieces(product: Product, side: int, kind: MultiplierKind) -> Iterator[Product]:
    """Cut one operand: low pieces of full width, and what is left at the top."""
    width, piece, room = product.bits[side], kind.pieces[side], int(kind.signed)
    other, step = product.bits[1 - side], piece - room
    count = (width - kind.operands[side] + step - 1) // step
    for n in range(count + 1):
        last = n == count
        own = width - count * step if last else piece
        wanted = other + own if last else min(product.wanted, other + piece)
        sign = product.signed[side] if last else kind.signed
        other_sign = product.signed[1 - side]
        if side:
            yield Product((other, own), (other_sign, sign), wanted)
        else:
            yield Product((own, other), (sign, other_sign), wanted)


def _kept(products: Iterable[Product]) -> Iterator[Product]:
    """Give an operand without sign a zero above it where the other has a sign."""
    for (one, other), (first, second), wanted in products:
        more = int(first != second)
        yield Product((one + more * second, other + more * first), (first or second,) * 2, wanted)
