"""What a unit says and does at the end of a block of the hybrid, and what that takes.

Equations are those of ``hybrid.py``. Words 0 of columns belong to the error, words 1 + k to unit k;
rows of ``g`` and ``g_sum`` likewise, one word an edge, while ``p`` has such rows for units alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import ERROR, KEEP
from neurosim.model.neuron import Neuron
from neurosim.model.operations import Fma, Operation, Phase, Receive, Send, Words, every

ZERO = Words("zero")
WEIGHT = "weight"  # the weight of an edge, back along it
PRODUCT = "product"  # a column of D, back along the edges
COLUMN = "column"  # a column of C at the end, to all units
Items = Iterator[tuple[int, Operation]]


@dataclass(frozen=True)
class Pass:
    """What a unit does at the end of a block, each operation with how often it comes.

    Attributes
    ----------
    neuron, units, block
        The unit, how many there are, and how many ticks a block has.
    once
        Whether turns that are alike are said once.
    """

    neuron: Neuron
    units: int
    block: int
    once: bool

    def items(self) -> Items:
        """Equations (1) to (4)."""
        neuron, u = self.neuron, self.neuron.unit_sources
        yield 1, Phase("exchange")
        if u:
            yield 1, Send(WEIGHT, Words("w", 0, u), neuron.units, scatter=True)
        if neuron.targets:
            w_out = Words("w_out", 0, len(neuron.targets))
            yield 1, Receive(WEIGHT, w_out, neuron.targets)
        yield 1, Phase("sensitivity")
        for times, age in _turns(self.block, 2, self.once):
            for often, operation in self._tick(age):
                yield times * often, operation
        yield from self._column(self.block)
        yield 1, Phase("gradient")
        yield from self._influence()

    def _tick(self, age: int) -> Items:
        """One tick back: D, whom it goes to, and its part of S."""
        n, edges = self.units, self.neuron.edges
        if age:
            yield from self._column(age)
        yield from self._delta(age)
        if listeners := tuple(unit for unit in self.neuron.units if unit != self.neuron.number):
            yield 1, Send(PRODUCT, Words("delta", 0, n + 1), listeners)
        to = "g" if age == self.block - 1 else "g_sum"
        first = (self.block - 1 - age) * edges
        for times, j in _turns(edges, 1, self.once):  # (3)
            run = Words(to, j, n + 1, edges)
            plus = run._replace(memory="g_sum") if age else None
            yield (
                times,
                Fma(run, Words("delta", 0, n + 1), every(Words("z", first + j), n + 1), plus),
            )

    def _delta(self, age: int) -> Items:
        """Equation (1); a unit that nobody hears bears on its own error only."""
        n, neuron = self.units, self.neuron
        own, slope = Words("delta", 1 + neuron.number), Words("slopes", self.block - 1 - age)
        if not age:
            yield 1, Fma(Words("delta", 1, n), every(ZERO, n))
            yield 1, Fma(own, slope)
        elif neuron.targets or neuron.leaks:
            whole = Words("delta", 0, n + 1)
            yield 1, Fma(whole, every(slope, n + 1), Words("column", 0, n + 1))
            return
        elif age == 1:
            yield 1, Fma(own, ZERO)
        yield 1, Fma(Words("delta"), self._error(age), slope)

    def _error(self, age: int) -> Words:
        if age and self.neuron.is_output:
            return Words("errors", self.block - 1 - age)
        return ERROR

    def _column(self, age: int) -> Items:
        """Equation (2): the column of C ``age`` ticks before the end, as columns of D arrive."""
        n, neuron = self.units, self.neuron
        injected = neuron.is_output and age < self.block
        if neuron.leaks:
            yield from self._kept(age)
        if neuron.leaks and injected:
            yield 1, Fma(Words("column"), Words("column"), None, self._error(age))
        own = [neuron.number] if neuron.self_slot is not None else []
        heard = own + sorted({*neuron.targets} - {neuron.number})
        for times, turn in _turns(len(heard), 1, self.once):
            to = "column" if turn == len(heard) - 1 else "column_sum"
            burst = "delta"
            if turn >= len(own):
                burst = f"inbox{(turn - len(own)) % 2}"
                yield times, Receive(PRODUCT, Words(burst, 0, n + 1), (heard[turn],))
            weight = Words("w_out", neuron.targets.index(heard[turn]))
            runs: list[tuple[int, int, Words | None]] = [(0, n + 1, None)]
            if turn:
                runs = [(0, n + 1, Words("column_sum", 0, n + 1))]
            elif neuron.leaks:
                runs = [(0, n + 1, Words("column", 0, n + 1))]
            elif injected:
                runs = [(0, 1, self._error(age)), (1, n, None)]
            for start, count, plus in runs:
                factor = every(weight, count)
                yield times, Fma(Words(to, start, count), factor, Words(burst, start, count), plus)

    def _kept(self, age: int) -> Items:
        """What a unit that leaks keeps of its column."""
        n = self.units
        if age > 1:
            column = Words("column", 0, n + 1)
            yield 1, Fma(column, column, every(KEEP, n + 1))
            return
        yield 1, Fma(Words("column", 1, n), every(ZERO, n))
        yield 1, Fma(Words("column", 1 + self.neuron.number), KEEP)
        yield 1, Fma(Words("column"), ERROR, KEEP)

    def _influence(self) -> Items:
        """Equation (4): the unit's own column first, then those of all others as they arrive."""
        n, edges = self.units, self.neuron.edges
        others = tuple(unit for unit in range(n) if unit != self.neuron.number)
        if others:
            yield 1, Send(COLUMN, Words("column", 0, n + 1), others, broadcast=True)
        for times, turn in _turns(n, 1, self.once):
            burst, unit = "column", self.neuron.number
            if turn:
                burst, unit = f"inbox{(turn - 1) % 2}", others[turn - 1]
                yield times, Receive(COLUMN, Words(burst, 0, n + 1), (unit,))
            for often, j in _turns(edges, 1, self.once):
                before, after = ("g_sum" if turn else "g"), ("g_sum" if turn < n - 1 else "g")
                p = every(Words("p", unit * edges + j), n + 1)
                run = Words(after, j, n + 1, edges)
                plus = run._replace(memory=before)
                yield times * often, Fma(run, Words(burst, 0, n + 1), p, plus)
        yield 1, Fma(Words("p", 0, n * edges), Words("g", edges, n * edges))


def _turns(count: int, ends: int, once: bool) -> Iterator[tuple[int, int]]:
    """Yield turns and how often each comes; ``once`` takes those that are no end for alike."""
    if not once or count <= 2 * ends + 1:
        yield from ((1, turn) for turn in range(count))
        return
    yield from ((1, turn) for turn in range(ends))
    yield count - 2 * ends, ends
    yield from ((1, turn) for turn in range(count - ends, count))


def pass_cost(c: Census, h: int) -> Counts:
    """Return the closed form of what all units do at the end of a block of h ticks."""
    n, row, edges, between = c.n, c.n + 1, c.edges, c.between_units
    away = between - c.loops
    heard = c.sum(lambda u: bool(u.targets))
    lone = c.sum(lambda u: not u.targets and not u.leaks)
    saying = c.sum(lambda u: any(unit != u.number for unit in u.units))
    backwards = Counts(  # (2), and the weights it takes
        multiplications=h * between * row,
        additions=h * (between - heard) * row,
        reads=between + h * (between * (row + 1) + (between - heard) * row),
        writes=between + h * (between + away) * row,
        words_sent=away + h * away * row,
        words_received=away + h * away * row,
    )
    deltas = Counts(  # (1)
        multiplications=n + (h - 1) * ((n - lone) * row + lone),
        reads=4 * n
        + (h - 1) * ((n - lone) * (row + 1) + 2 * lone)
        + (h > 1) * lone
        + h * saying * row,
        writes=n * (row + 1) + (h - 1) * ((n - lone) * row + lone) + (h > 1) * lone,
    )
    sums = Counts(  # (3), (4)
        multiplications=(h + n) * edges * row,
        additions=(h - 1 + n) * edges * row,
        reads=(h + n) * edges * (row + 1) + (h - 1 + n) * edges * row + n * edges,
        writes=(h + n) * edges * row + n * edges,
    )
    gathered = n * (n - 1) * row
    everywhere = Counts(
        reads=(n > 1) * n * row,
        writes=gathered,
        words_sent=gathered,
        words_received=gathered,
        words_broadcast=gathered,
    )
    return backwards + deltas + sums + everywhere + _own_cost(c, h)


def _own_cost(c: Census, h: int) -> Counts:
    """Return the closed form of errors in (2), and of what units that leak keep there."""
    row, leaky = c.n + 1, c.leaky
    plain = (h - 1) * c.sum(lambda u: u.is_output and bool(u.targets) and not u.leaks)
    held = (h - 1) * c.sum(lambda u: u.is_output and u.leaks)
    added = h * row * c.sum(lambda u: u.leaks and bool(u.targets))
    return Counts(
        multiplications=leaky * (1 + (h - 1) * row),
        additions=plain + held + added,
        reads=2 * plain + 2 * held + added + leaky * (4 + (h - 1) * (row + 1)),
        writes=held + leaky * (row + 1 + (h - 1) * row),
    )
