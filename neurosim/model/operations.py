"""The vocabulary of a neuron's program: bursts over named words.

A program is a Python generator that yields these records. What running one means is up to the
reader: the stepwise engine computes it, the clocked engine also charges cycles for it, and an
assembler turns it into microcode. A burst is the unit of everything; nothing here ever stands for
a single multiplication.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """An operand: ``count`` words of one memory, ``stride`` apart.

    With ``stride`` 0 the one word at ``start`` is read once and used ``count`` times.
    """

    memory: str
    start: int = 0
    count: int = 1  # type: ignore[assignment]  # hides a method that no one needs
    stride: int = 1

    @property
    def distinct(self) -> int:
        """How many words are touched, which is what a memory port sees."""
        return self.count if self.stride else min(self.count, 1)

    @property
    def slice(self) -> slice:
        """The distinct words as a slice of their memory."""
        return slice(self.start, self.start + (self.distinct - 1) * (self.stride or 1) + 1,
                     self.stride or 1)  # fmt: skip


def every(word: Words, count: int) -> Words:
    """Broadcast one word over a burst of ``count``."""
    return Words(word.memory, word.start, count, 0)


class Fma(NamedTuple):
    """``to[n] <- plus[n] + a[n] * b[n]``: one pass of the multiplier, a word a cycle.

    Without ``b`` the pass adds only; without ``plus`` it multiplies only.
    """

    to: Words
    a: Words
    b: Words | None = None
    plus: Words | None = None


class Dot(NamedTuple):
    """``to <- plus + sum_n a[n] * b[n]``: one pass into the accumulator, narrowed once.

    Without ``b`` it sums.
    """

    to: Words
    a: Words
    b: Words | None = None
    plus: Words | None = None


class Activate(NamedTuple):
    """``to <- f(s)`` and ``slope <- f'(s)``, both from the activation unit."""

    to: Words
    slope: Words
    s: Words


class Send(NamedTuple):
    """A message to the neurons in ``along``, as one burst.

    Every neuron gets the whole run of words; with ``scatter`` the n-th neuron gets the n-th word.
    Messages travel along edges, forward or back. A rule that needs to reach neurons to which no
    edge leads says so with ``broadcast``, and that is what the locality figures show.
    """

    kind: str
    words: Words
    along: tuple[int, ...]
    scatter: bool = False
    broadcast: bool = False


class Receive(NamedTuple):
    """One message of a kind from every neuron in ``along``, each to its own part of ``words``."""

    kind: str
    words: Words
    along: tuple[int, ...]


class Phase(NamedTuple):
    """A label: the operations after it belong to this phase of the step. Costs nothing."""

    name: str


Compute = Fma | Dot | Activate
Operation = Compute | Send | Receive | Phase


def touched(operation: Operation) -> list[tuple[Words, bool]]:
    """List the words that an operation reads, then those it writes, and whether it writes them."""
    match operation:
        case Phase():
            return []
        case Send():
            return [(operation.words, False)]
        case Receive():
            return [(operation.words, True)]
        case _:
            reads = [(words, False) for words in operands(operation)]
            return reads + [(words, True) for words in results(operation)]


def operands(operation: Compute) -> tuple[Words, ...]:
    """List what a computing operation reads."""
    if isinstance(operation, Activate):
        return (operation.s,)
    return tuple(w for w in (operation.a, operation.b, operation.plus) if w is not None)


def results(operation: Compute) -> tuple[Words, ...]:
    """List what a computing operation writes."""
    if isinstance(operation, Activate):
        return (operation.to, operation.slope)
    return (operation.to,)
