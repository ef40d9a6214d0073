"""Which word goes to which side of the multiplier, so that both sides have few to choose from.

Products commute, and a source that only one side ever takes costs that side alone. Sources come
out of registers that are zero unless their word is asked for, so a side is the OR of its sources.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from itertools import chain, combinations

from myhdl_core.microcode import Instruction, Left, Right, SendFrom


class Factor(IntEnum):
    """A factor of a product, on either side."""

    W = 0
    U = 1
    K = 2
    Y = 3
    CONSTANT = 4
    X = 5


Pair = tuple[int, int]
#: Inputs of a lookup table, whatever the family.
_INPUTS = 4
_RIGHT = {Right.X: Factor.X, Right.Y: Factor.Y, Right.U: Factor.U, Right.K: Factor.K}
_LEFT = {left: Factor[left.name] for left in Left}
_SENT = {sent: Factor[sent.name] for sent in SendFrom}
#: What each side may be asked for: weights and constants are never on the right.
_BOTH = (Factor.U, Factor.K, Factor.Y, Factor.X)


def pair_of(instruction: Instruction) -> Pair:
    """Return the factors as the program has them: left, right."""
    return _LEFT[Left(instruction.left)], _RIGHT[Right(instruction.right)]


def sent_of(instruction: Instruction) -> int:
    """Return the source of the words that an instruction sends."""
    return _SENT[SendFrom(instruction.send_from)]


def swaps(working: Iterable[Instruction], always: Iterable[int]) -> tuple[Pair, ...]:
    """Return the pairs that change sides; ``always`` are on the left in any case."""
    pairs = {pair_of(i) for i in working}
    kept = frozenset(always)
    free = sorted(pair for pair in pairs if pair[0] in _BOTH and pair[0] != pair[1])
    choices = chain.from_iterable(combinations(free, n) for n in range(len(free) + 1))
    return min(choices, key=lambda chosen: _cost(pairs, chosen, kept))


def _cost(pairs: set[Pair], swapped: tuple[Pair, ...], kept: frozenset[int]) -> tuple[int, int]:
    """Return lookup tables a bit, then registers a bit, of both sides."""
    sided = [pair[::-1] if pair in swapped else pair for pair in pairs]
    left, right = {a for a, _ in sided} | kept, {b for _, b in sided}
    tables = sum(-(-(len(side) - 1) // (_INPUTS - 1)) for side in (left, right))
    return tables, len(left) + len(right)
