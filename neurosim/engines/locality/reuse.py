"""How soon a neuron comes back to a word: stack distances, and the misses of any cache.

The stack distance of an access is how many distinct words its neuron has touched since it last
touched this one, this one included: the place of the word in a least-recently-used stack. A cache
of C words that evicts the least recently used misses exactly the accesses whose distance is above
C, so one histogram holds the miss ratio of every size (R. L. Mattson and others, "Evaluation
techniques for storage hierarchies", IBM Systems Journal 9(2), 1970, doi 10.1147/sj.92.0078).

An access is what ``learning/counts.py`` counts as a read or a write, in the order of the program:
element by element within a burst, operands before the result, a broadcast operand once, before
everything else. Each neuron has a stack of its own, since it touches its own memories only. The
figures are those of a second step, after a first has filled the stack; where steps differ, of the
dearest, after a round from one such step to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.cells import operations_of
from neurosim.engines.tally import tally
from neurosim.learning.counts import Counts, total
from neurosim.learning.rule import Rule
from neurosim.model.network import Network
from neurosim.model.neuron import Memory, Neuron
from neurosim.model.operations import (
    Dot,
    Draw,
    Operation,
    Phase,
    Receive,
    Send,
    Solve,
    Words,
    operands,
    results,
)

Integers = NDArray[np.int64]
MOST_ALONE, MOST_TOGETHER = 5_000_000, 2_000_000
"""Accesses that are followed one by one, of one neuron and of several: some seconds."""


class Reuse(NamedTuple):
    """The stack distances of one step of a whole network.

    Attributes
    ----------
    accesses
        How many accesses have distance d + 1, for d from 0; floats where neurons stand for others.
    cold
        Accesses to words that the step before did not touch.
    examined, neurons
        Neurons whose accesses were followed one by one, and how many there are. Those with the same
        memories and counts are taken for alike; beyond ``MOST_TOGETHER`` accesses also those
        with similar counts.
    """

    accesses: NDArray[np.float64]
    cold: float
    examined: int
    neurons: int

    @property
    def total(self) -> float:
        """All accesses of the step: the reads and writes that the engines count."""
        return float(self.accesses.sum()) + self.cold

    def miss_ratio(self, words: int) -> float:
        """Return the share of accesses that miss in a cache of so many words for each neuron."""
        return (float(self.accesses[words:].sum()) + self.cold) / self.total

    def as_dict(self) -> dict[str, object]:
        """Return the histogram and the miss-ratio curve, at powers of two."""
        highest = max(len(self.accesses), 1)
        edges = [1 << power for power in range((highest - 1).bit_length() + 1)]
        up_to = [float(self.accesses[:edge].sum()) for edge in edges]
        within = np.diff(up_to, prepend=0.0)
        return {
            "distances": edges,
            "accesses": [round(each) for each in within.tolist()],
            "cold": round(self.cold),
            "miss_ratio": [[edge, self.miss_ratio(edge)] for edge in edges],
            "neurons_examined": self.examined,
            "neurons": self.neurons,
        }


class _Kind(NamedTuple):
    """Neurons taken for alike: one of them, how many they are, and the accesses of each."""

    example: Neuron
    many: int
    accesses: int


def reuse(network: Network, rule: Rule, most: int = MOST_TOGETHER) -> Reuse | None:
    """Find the stack distances of a step; None where a single neuron's accesses are too many."""
    blocks = _blocks(_kinds(network, rule), most)
    if max(_chosen(block).accesses for block in blocks) > MOST_ALONE:
        return None
    histogram, cold = np.zeros(1), 0.0
    for block in blocks:
        example, _, accesses = _chosen(block)
        if not accesses:
            continue
        weight = sum(kind.many * kind.accesses for kind in block) / accesses
        counted = np.bincount(_second_step(network, rule, example)) * weight
        cold += float(counted[0])
        longer = max(len(histogram), len(counted) - 1)
        histogram = np.pad(histogram, (0, longer - len(histogram)))
        histogram[: len(counted) - 1] += counted[1:]
    return Reuse(histogram, cold, len(blocks), len(network.neurons))


def stack_distances(addresses: Integers) -> Integers:
    """Return the stack distance of every access, from 1 up; 0 where a word is new."""
    distances = np.ones(len(addresses), dtype=np.int64)
    moved = np.flatnonzero(np.diff(addresses, prepend=-1))  # to another word; the rest are at 1
    last = last_touched(addresses[moved])
    times = np.flatnonzero(last >= 0)
    distances[moved] = 0
    distances[moved[times]] = times - last[times] - _later_before(last[times])
    return distances


def _later_before(last: Integers) -> Integers:
    """Return how many values before each one are larger than it; all values differ.

    Between an access at time i and the last one of its word at time p lie ``i - p - 1`` others.
    Those whose word was touched after p before are no new words: the times j < i with ``last(j) >
    p``. They are counted for all i together, bit by bit from the highest: among values that agree
    in all higher bits, a zero has been passed by the ones before it. That takes ``O(n log n)``
    steps, all of them on arrays.
    """
    value = last.astype(np.int32)
    passed = np.zeros(len(value), dtype=np.int32)
    group = np.zeros(len(value), dtype=np.int32)  # where the group of a value begins
    place = np.arange(len(value), dtype=np.int32)
    for bit in reversed(range(int(value.max(initial=0)).bit_length())):
        one = (value >> bit) & 1
        ones = np.concatenate([[0], np.cumsum(one, dtype=np.int32)]).astype(np.int32)
        high, low = np.flatnonzero(one), np.flatnonzero(one == 0)
        before = ones[group]
        passed[low] += ones[low] - before[low]
        group = np.concatenate([group[low] - before[low], np.int32(len(low)) + before[high]])
        order = np.concatenate([low, high])
        value, passed, place = value[order], passed[order], place[order]
    counted = np.empty(len(value), dtype=np.int64)
    counted[place] = passed
    return counted


def last_touched(addresses: Integers) -> Integers:
    """Return when the word of every access was touched last; -1 where never."""
    order = np.argsort(addresses, kind="stable")
    again = addresses[order][1:] == addresses[order][:-1]
    last = np.full(len(addresses), -1, dtype=np.int64)
    last[order[1:][again]] = order[:-1][again]
    return last


def accesses_of(operations: Iterable[Operation], memories: Iterable[Memory]) -> Integers:
    """Return the words that a program touches one after the other, as addresses."""
    first, base = 0, {}
    for memory in memories:
        base[memory.name] = first
        first += memory.words
    runs = [_touched(operation, base) for operation in operations]
    return np.concatenate([np.empty(0, dtype=np.int64), *runs])


def _second_step(network: Network, rule: Rule, neuron: Neuron) -> Integers:
    """Return the stack distances of a neuron's second step."""
    memories = rule.described(neuron, network).values()
    *before, second = (
        accesses_of(operations_of(neuron, rule, network, phase), memories)
        for phase in _phases(rule)
    )
    stack = _left_behind(np.concatenate(before))
    return stack_distances(np.concatenate([stack, second]))[len(stack) :]


def _phases(rule: Rule) -> list[int]:
    """Return the phases of a round and of the step after it, which is like the round's first."""
    second, steps = rule.beats[-1].phase or 1, sum(beat.times for beat in rule.beats)
    return [(second - back) % rule.period for back in range(steps, -1, -1)]


def _left_behind(addresses: Integers) -> Integers:
    """Return the words of a stream, the one touched last at the end: all that matters later."""
    ages = np.unique(addresses[::-1], return_index=True)[1]
    return addresses[np.sort(len(addresses) - 1 - ages)]


def _touched(operation: Operation, base: dict[str, int]) -> Integers:
    """Return the addresses of one operation's accesses, in order."""
    if isinstance(operation, Phase):
        return np.empty(0, dtype=np.int64)
    if isinstance(operation, (Send, Receive)):
        return _addresses(operation.words, base)
    read, written = operands(operation), results(operation)
    once = [_addresses(words, base) for words in read if not words.stride or words.count == 1]
    together = [_addresses(words, base) for words in read if words.stride and words.count > 1]
    afterwards = [_addresses(words, base) for words in written]
    if not isinstance(operation, (Dot, Draw, Solve)):  # whose results come at the end
        together, afterwards = together + afterwards, []
    burst = np.stack(together, axis=1).ravel() if together else np.empty(0, dtype=np.int64)
    return np.concatenate([*once, burst, *afterwards])


def _addresses(words: Words, base: dict[str, int]) -> Integers:
    start = base[words.memory] + words.start
    return start + np.arange(words.distinct, dtype=np.int64) * words.stride


def _kinds(network: Network, rule: Rule) -> list[_Kind]:
    """Sort neurons by their memories and counts; the kinds with few accesses first."""
    alike: defaultdict[tuple[Counts, tuple[Memory, ...]], list[Neuron]] = defaultdict(list)
    for neuron in network.neurons:
        program = operations_of(neuron, rule, network, _phases(rule)[-1])
        counts = total(tally(operation, neuron.number) for operation in program)
        alike[counts, tuple(rule.described(neuron, network).values())].append(neuron)
    kinds = [
        _Kind(neurons[0], len(neurons), counts.reads + counts.writes)
        for (counts, _), neurons in alike.items()
    ]
    return sorted(kinds, key=lambda kind: kind.accesses)


def _blocks(kinds: list[_Kind], most: int) -> list[list[_Kind]]:
    """Put similar kinds together until one example of each block is little enough to follow."""
    follow = sum(kind.accesses for kind in kinds)
    count = min(len(kinds), max(1, len(kinds) * most // max(follow, 1)))
    cuts = [len(kinds) * n // count for n in range(count + 1)]
    return [kinds[a:b] for a, b in pairwise(cuts)]


def _chosen(block: list[_Kind]) -> _Kind:
    """Return the kind that most accesses belong to."""
    return max(block, key=lambda kind: kind.many * kind.accesses)
