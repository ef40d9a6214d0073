"""The vocabulary of a neuron's program: bursts over named words.

A program is a Python generator that yields these records. What running one means is up to the
reader: the stepwise engine computes it, the clocked engine also charges cycles for it, and an
assembler turns it into microcode. A burst is the unit of everything; nothing here ever stands for
a single multiplication.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numpy.typing import NDArray


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
    """``to <- f(s)`` and ``slope <- f'(s)``, both from the activation unit.

    f is the neuron's own, or the ``function`` of that name.
    """

    to: Words
    slope: Words
    s: Words
    function: str = ""


class Clip(NamedTuple):
    """``to[n] <- min(max(a[n], -bound), bound)``: a comparison, a word a cycle."""

    to: Words
    a: Words
    bound: Words


class Divide(NamedTuple):
    """``to[n] <- a[n] / b[n]``, one after the other: a divider is no pipeline."""

    to: Words
    a: Words
    b: Words


class Root(NamedTuple):
    """``to[n] <- sqrt(a[n])``, one after the other, in the time of a division."""

    to: Words
    a: Words


class Draw(NamedTuple):
    """``to[n] <- +1 or -1`` at random, the signs ``first + n`` of this step; ``counter`` goes up.

    ``counter`` is a word that the neuron keeps: the number of the step, which with the seed is
    all the state that ``model/chance.py`` asks for.
    """

    to: Words
    counter: Words
    seed: int
    first: int = 0


class Method(NamedTuple):
    """A small piece of serial algebra: a pure function of words, and what it takes.

    ``divisions`` counts divisions and square roots, ``activations`` functions such as exp. The
    figures are stated, not counted: where the function iterates, they are those of the algorithm
    that its rule names.
    """

    name: str
    function: Callable[[NDArray[Any]], NDArray[Any]]
    multiplications: int
    additions: int
    divisions: int
    activations: int = 0


class Solve(NamedTuple):
    """``to <- method(of)``: serial algebra on a handful of words at one neuron."""

    to: Words
    of: Words
    method: Method


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


Streamed = Fma | Dot | Activate
"""What any datapath has: one pass over a run of words."""
Compute = Streamed | Clip | Divide | Root | Draw | Solve
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
    match operation:
        case Activate():
            return (operation.s,)
        case Clip():
            return (operation.a, operation.bound)
        case Divide():
            return (operation.a, operation.b)
        case Root():
            return (operation.a,)
        case Draw():
            return (operation.counter,)
        case Solve():
            return (operation.of,)
    return tuple(w for w in (operation.a, operation.b, operation.plus) if w is not None)


def results(operation: Compute) -> tuple[Words, ...]:
    """List what a computing operation writes."""
    if isinstance(operation, Activate):
        return (operation.to, operation.slope)
    if isinstance(operation, Draw):
        return (operation.to, operation.counter)
    return (operation.to,)
