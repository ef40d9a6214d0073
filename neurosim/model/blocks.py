"""Networks too large to be built: units in blocks, joined block by block with every edge there is.

A fully recurrent network of 100,000 units has ten thousand million edges. What its rules cost needs
none of them: its units differ in little, and one of them can be described when it is asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, pairwise

from neurosim.model.loss import SQUARED
from neurosim.model.neuron import Neuron


@dataclass(frozen=True)
class Blocks:
    """A network with units in blocks, described and not built; ``Surroundings`` of its neurons.

    Attributes
    ----------
    sizes
        Units of each block; units are numbered through.
    joined
        Pairs of blocks of which the first feeds the second, every unit every unit; a block joined
        to itself has all edges within it, loops included.
    inputs
        How many inputs there are.
    fed
        The blocks whose units see every input.
    output_units
        Numbers of the units that are outputs.
    bias
        Whether every unit sees the bias.
    leak, activation, loss
        As ``Network`` takes them.
    """

    sizes: tuple[int, ...]
    joined: frozenset[tuple[int, int]]
    inputs: int
    fed: frozenset[int]
    output_units: range
    bias: bool = True
    leak: float = 1.0
    activation: str = "tanh"
    loss: str = SQUARED

    @property
    def units(self) -> range:
        """The units, by number."""
        return range(sum(self.sizes))

    @property
    def edges(self) -> range:
        """The edges, by number."""
        edges = sum(size * self._edges(block) for block, size in enumerate(self.sizes))
        return range(edges)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in order."""
        return tuple(f"n{number}" for number in self.output_units)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of every output."""
        return dict(zip(self.outputs, self.output_units, strict=True))

    @property
    def neurons(self) -> tuple[Neuron, ...]:
        """The units and inputs by number; more words than edges, so ask large ones by number."""
        every = range(len(self.units) + self.inputs)
        return tuple(self.neuron(number) for number in every)

    @property
    def runs(self) -> Iterator[range]:
        """Numbers of neurons that follow each other and are alike, units first."""
        units = len(self.units)
        ends = {self.output_units.start, self.output_units.stop, units}
        for start, stop in pairwise(self._firsts):  # who comes first or last is not like the rest
            ends |= {start, start + 1, stop - 1} if stop > start else set()
        cuts = sorted(ends)
        yield from (range(*cut) for cut in pairwise(cuts))
        if self.inputs:
            yield range(units, units + self.inputs)

    def neuron(self, number: int) -> Neuron:
        """Describe a unit or an input by its number."""
        if number >= len(self.units):
            return self._input(number)
        block = self._block_of(number)
        heard, told = self._sources(block), self._targets(block)
        loop = block in heard
        reciprocal = self._without(number, heard & told)
        itself = (number,) if loop else ()
        rest = self._without(number, heard - told)
        rivals = self._rivals(number)
        feeds = range(len(self.units), len(self.units) + self.inputs * (block in self.fed))
        others = tuple(sorted(itself + self._without(number, told - heard)))
        return Neuron(
            number=number,
            name=f"n{number}",
            sources=reciprocal + itself + rest + tuple(feeds),
            targets=reciprocal + others,
            edges=self._edges(block),
            first_edge=self._first_edge(number, block),
            reciprocal=len(reciprocal),
            unit_sources=len(reciprocal) + len(itself) + len(rest),
            self_slot=len(reciprocal) if loop else None,
            output=number - self.output_units.start if number in self.output_units else None,
            output_targets=self._outputs_among(reciprocal) + self._outputs_among(others),
            leak=self.leak,
            activation="linear" if rivals else self.activation,
            amid_leaks=self.leak != 1.0,
            rivals=rivals,
        )

    def _rivals(self, number: int) -> tuple[int, ...]:
        """Return the other outputs that share a softmax with a unit."""
        if self.loss == SQUARED or number not in self.output_units:
            return ()
        return tuple(output for output in self.output_units if output != number)

    def _input(self, number: int) -> Neuron:
        targets = tuple(chain(*map(self._members, sorted(self.fed))))
        return Neuron(
            number=number,
            name=f"x{number - len(self.units)}",
            sources=(),
            targets=targets,
            edges=0,
            first_edge=len(self.edges),
            reciprocal=0,
            unit_sources=0,
            self_slot=None,
            output=None,
            output_targets=self._outputs_among(targets),
            is_input=True,
        )

    @cached_property
    def _firsts(self) -> tuple[int, ...]:
        """The first unit of each block, and how many units there are."""
        return tuple(accumulate(self.sizes, initial=0))

    def _members(self, block: int) -> range:
        return range(self._firsts[block], self._firsts[block + 1])

    def _block_of(self, number: int) -> int:
        return next(b for b in range(len(self.sizes)) if number in self._members(b))

    def _sources(self, block: int) -> set[int]:
        return {a for a, b in self.joined if b == block}

    def _targets(self, block: int) -> set[int]:
        return {b for a, b in self.joined if a == block}

    def _without(self, number: int, blocks: set[int]) -> tuple[int, ...]:
        """Return the units of some blocks, one unit left out."""
        every: tuple[int, ...] = ()
        for members in map(self._members, sorted(blocks)):
            if number in members:
                every += tuple(range(members.start, number))
                every += tuple(range(number + 1, members.stop))
            else:
                every += tuple(members)
        return every

    def _edges(self, block: int) -> int:
        between = sum(self.sizes[source] for source in self._sources(block))
        return between + self.inputs * (block in self.fed) + self.bias

    def _first_edge(self, number: int, block: int) -> int:
        before = sum(self.sizes[b] * self._edges(b) for b in range(block))
        return before + (number - self._firsts[block]) * self._edges(block)

    def _outputs_among(self, targets: tuple[int, ...]) -> tuple[int, ...]:
        """Return those of some units, in order of their numbers, that are outputs."""
        outputs = self.output_units
        return targets[bisect_left(targets, outputs.start) : bisect_left(targets, outputs.stop)]


def complete(units: int, inputs: int = 1, outputs: int = 1, bias: bool = True) -> Blocks:
    """Return the fully recurrent network, the first units of which are its outputs."""
    return Blocks((units,), frozenset({(0, 0)}), inputs, frozenset({0}), range(outputs), bias)
