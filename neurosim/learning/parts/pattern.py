"""Which sensitivities stay within n hops: the sparse influence of SnAp, as runs of words.

The weights of unit i are a *block* of words, for what one of them moves they all move. Unit k
keeps the blocks of all units with a path of at most ``order - 1`` edges to it, its own included;
what lies one hop further reaches an output in the step in which its error is read, and is computed
there and not kept. Kept blocks lie in the order of their units, and the others behind them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, groupby
from typing import NamedTuple

import numpy as np

from neurosim.errors import UserError
from neurosim.model.blocks import Blocks
from neurosim.model.layout import Layout
from neurosim.model.neuron import Surroundings

MOST_DESCRIBED = 200
"""Units up to which a network that is only described is gone through path by path."""


class Burst(NamedTuple):
    """Blocks that follow each other in what a unit keeps, and the units that need all of them."""

    start: int
    words: int
    along: tuple[int, ...]


class Run(NamedTuple):
    """Words from one source that go to a run of places, all in one way.

    ``start`` counts in what came from the source, ``to`` in what the unit computes. ``first`` and
    ``last`` mark the first and the last words that come to these places, ``own`` the unit's own
    block.
    """

    start: int
    to: int
    words: int
    first: bool
    last: bool
    own: bool

    def joins(self, before: Run) -> bool:
        """Whether it goes on where another run ends, in the same way."""
        ends = before.start + before.words, before.to + before.words
        return ends == (self.start, self.to) and before[3:] == self[3:]


@dataclass(frozen=True)
class Pattern:
    """Who keeps what.

    Attributes
    ----------
    order
        How far the influence reaches that is kept.
    edges
        Words of every unit's block.
    sources
        Of every unit, the units that it hears, by number.
    outputs
        Numbers of the outputs.
    """

    order: int
    edges: tuple[int, ...]
    sources: tuple[tuple[int, ...], ...]
    outputs: tuple[int, ...]

    @cached_property
    def kept(self) -> tuple[tuple[int, ...], ...]:
        """The blocks that every unit keeps."""
        return tuple(self._within(unit, self.order - 1) for unit in range(len(self.edges)))

    @cached_property
    def computed(self) -> tuple[tuple[int, ...], ...]:
        """The same, and of outputs those one hop further behind."""
        found = list(self.kept)
        for output in self.outputs:
            near = set(self.kept[output])
            found[output] += tuple(i for i in self._within(output, self.order) if i not in near)
        return tuple(found)

    @cached_property
    def bursts(self) -> tuple[tuple[Burst, ...], ...]:
        """What every unit sends: each block to all others that compute with it."""
        return tuple(tuple(self._bursts(unit)) for unit in range(len(self.edges)))

    def words(self, blocks: Sequence[int]) -> int:
        """Count the words of blocks."""
        return sum(self.edges[i] for i in blocks)

    def starts(self, unit: int) -> dict[int, int]:
        """Return where the blocks that a unit computes begin."""
        blocks = self.computed[unit]
        return dict(zip(blocks, accumulate(map(self.edges.__getitem__, blocks), initial=0)))  # noqa: B905

    def runs(self, unit: int) -> Iterator[tuple[int, list[Run]]]:
        """Yield what a unit hears and how it adds it up: a source, and the runs from there."""
        needed, starts = set(self.computed[unit]), self.starts(unit)
        heard = {s: [i for i in self.kept[s] if i in needed] for s in self.sources[unit]}
        every = [block for blocks in heard.values() for block in blocks]
        times = dict(zip(*np.unique(every, return_counts=True), strict=True))
        came = dict.fromkeys(times, 0)
        for source, blocks in heard.items():
            found: list[Run] = []
            start = 0
            for block in blocks:
                came[block] += 1
                first, last = came[block] == 1, came[block] == times[block]
                words = self.edges[block]
                run = Run(start, starts[block], words, first, last, block == unit)
                if found and run.joins(found[-1]):
                    found[-1] = found[-1]._replace(words=found[-1].words + words)
                else:
                    found.append(run)
                start += words
            if found:
                yield source, found

    def _bursts(self, unit: int) -> Iterator[Burst]:
        needs = {target: set(self.computed[target]) for target in self._targets[unit]}

        def along(block: int) -> tuple[int, ...]:
            return tuple(target for target, blocks in needs.items() if block in blocks)

        start = 0
        for told, blocks in groupby(self.kept[unit], along):
            words = self.words(tuple(blocks))
            if told:
                yield Burst(start, words, told)
            start += words

    @cached_property
    def _targets(self) -> list[list[int]]:
        """Of every unit, the other units that hear it."""
        found: list[list[int]] = [[] for _ in self.edges]
        for unit, heard in enumerate(self.sources):
            for source in heard:
                if source != unit:
                    found[source].append(unit)
        return found

    def _within(self, unit: int, hops: int) -> tuple[int, ...]:
        """Return the units with a path of at most so many edges to a unit, by number."""
        found = edge = {unit}
        for _ in range(hops):
            edge = {source for each in edge for source in self.sources[each]} - found
            if not edge:
                break
            found = found | edge
        return tuple(sorted(found))


@lru_cache(maxsize=4)
def pattern_of(network: Surroundings, order: int) -> Pattern:
    """Return who keeps what in a network, built or described.

    Raises
    ------
    UserError
        When the network is only described, and too large to go through its paths.
    """
    count = len(network.units)
    if isinstance(network, Blocks) and count > MOST_DESCRIBED:
        raise UserError(
            f"SnAp.order: {order} needs the paths between units, which are not gone through for"
            f" {count:,} units. Count order 0 or 1, or at most {MOST_DESCRIBED:,} units."
        )
    units = network.neurons[:count]
    return Pattern(
        order,
        tuple(unit.edges for unit in units),
        tuple(tuple(sorted(unit.units)) for unit in units),
        tuple(network.numbers[name] for name in network.outputs),
    )


@lru_cache(maxsize=4)
def pattern_in(layout: Layout, order: int) -> Pattern:
    """Return who keeps what in a network that lies in arrays."""
    between = layout.source < layout.units
    heard: list[list[int]] = [[] for _ in range(layout.units)]
    for unit, source in zip(layout.owner[between], layout.source[between], strict=True):
        heard[int(unit)].append(int(source))
    edges = np.bincount(layout.owner, minlength=layout.units).tolist()
    outputs = tuple(layout.outputs.tolist())
    return Pattern(order, tuple(edges), tuple(tuple(sorted(h)) for h in heard), outputs)
