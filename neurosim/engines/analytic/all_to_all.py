"""Closed forms of what goes between tiles where every unit speaks to every other.

Messages are packed as ``shipments.py`` packs them: what neurons of one tile send of one kind to
another tile goes as one train, but for bursts whose receivers are not ready from the start, which
go one by one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.analytic.haulage import Haulage
from neurosim.engines.analytic.lines import Line
from neurosim.learning.counts import Census
from neurosim.learning.parts.hybrid_pass import COLUMN, PRODUCT
from neurosim.learning.parts.reduction import ROOT
from neurosim.machine import Machine, Noc
from neurosim.model.messages import REDUCTION, SENSITIVITY
from neurosim.model.operations import Receive, Send
from neurosim.noc.packets import train
from neurosim.noc.topology import Topology, multicast_plan

Ints = NDArray[np.int64]

INBOXES = 2
"""Bursts that a unit has room for under RTRL, one arriving while the other is used."""
MOST_SPREAD = 256
"""Tiles up to which it is worked out how messages are passed on from tile to tile."""


class Sending(NamedTuple):
    """A Send of all units of a kind: their numbers, to how many others, and how often it comes.

    ``ordinal`` is the how many-th of its kind it is in the program.
    """

    numbers: Sequence[int]
    operation: Send
    away: int
    times: int
    ordinal: int


def haulage(
    census: Census, lines: Sequence[Line], tiles: Ints, noc: Noc, machine: Machine, word_bits: int
) -> Haulage | None:
    """Return what goes between tiles.

    Parameters
    ----------
    census, lines
        The network, and what its units do.
    tiles
        The tile of every neuron.
    noc, machine
        What carries messages, and the machine that it is part of.
    word_bits
        Bits of a word.

    Returns
    -------
    Haulage or None
        None where it has no closed form: not all units speak to all others, or all to one.
    """
    topology = Topology(noc, machine.tiles)
    sendings = [sending for line in lines for sending in _sendings(line)]
    too_many = noc.multicast != "none" and topology.nodes > MOST_SPREAD
    if too_many or not _closed(census, sendings):
        return None
    table = _Table(census, tiles, topology, noc, word_bits)
    late = _late(lines)
    together: defaultdict[tuple[str, int, bool], list[Sending]] = defaultdict(list)
    for sending in sendings:
        operation = sending.operation
        if _reduces(sending):
            together[operation.kind, sending.ordinal, operation.scatter].append(sending)
            continue
        if sending.away < census.n - 1 or sending.times > 1:
            continue  # to single units, below
        waits = (operation.kind, sending.ordinal) in late
        if operation.kind == SENSITIVITY:
            sending, rest = _parted(sending, census.n)
            table.alone(rest)
        if waits:
            table.alone(sending)
        else:
            together[operation.kind, sending.ordinal, operation.scatter].append(sending)
    for group in together.values():
        add = table.to_root if _reduces(group[0]) else table.together
        add(group)
    apart = (s for s in sendings if not _reduces(s))
    single = next((s for s in apart if s.away < census.n - 1 or s.times > 1), None)
    if single is not None:
        table.one_by_one(single.operation.words.count)
    return Haulage(topology, table.words, table.flits)


def _sendings(line: Line) -> Iterator[Sending]:
    before: Counter[str] = Counter()
    for times, operation, away in line.sends:
        yield Sending(line.kind.numbers, operation, away, times, before[operation.kind])
        before[operation.kind] += times


def _reduces(sending: Sending) -> bool:
    """Whether a message goes to the one unit that adds up what all send."""
    return sending.operation.kind == REDUCTION and sending.operation.along == (ROOT,)


def _parted(sending: Sending, units: int) -> tuple[Sending, Sending]:
    """Part RTRL's bursts into those that all units have an inbox for at once, and the others."""
    early = INBOXES if units > INBOXES + 1 else units
    first = [n for n in sending.numbers if n < early]
    rest = [n for n in sending.numbers if n >= early]
    return sending._replace(numbers=first), sending._replace(numbers=rest)


def _closed(census: Census, sendings: Sequence[Sending]) -> bool:
    """Whether every message goes to all other units, one each to every one of them, or to one.

    Columns, which inboxes take in turn tick after tick, have no closed form.
    """
    others = census.n - 1
    if any(sending.operation.kind in (PRODUCT, COLUMN) for sending in sendings):
        return False
    single: Counter[int] = Counter()
    for sending in sendings:
        if sending.away < others and not _reduces(sending):
            single[sending.numbers[0]] += sending.times
    alike = len({kind.example.edges for kind in census.kinds}) == 1
    return alike and all(times == others for times in single.values())


def _late(lines: Sequence[Line]) -> set[tuple[str, int]]:
    """Return the kinds and ordinals of messages whose receivers use the same words before."""
    late = set()
    for line in lines:
        seen: Counter[str] = Counter()
        used: set[tuple[str, int]] = set()
        for _, operation, _ in line.items:
            if isinstance(operation, Receive) and operation.kind != SENSITIVITY:
                words = operation.words.memory, operation.words.start
                if words in used:
                    late.add((operation.kind, seen[operation.kind]))
                used.add(words)
                seen[operation.kind] += 1
    return late


class _Table:
    """Adds up words and flits between tiles."""

    def __init__(
        self, census: Census, tiles: Ints, topology: Topology, noc: Noc, word_bits: int
    ) -> None:
        self.census, self.tiles, self.topology = census, tiles, topology
        self.nodes = nodes = topology.nodes
        self.noc, self.word_bits = noc, word_bits
        self._planned: dict[int, tuple[Ints, Ints]] = {}
        self.units = self._on_tiles(range(census.n))
        self.words = np.zeros((nodes, nodes), dtype=np.int64)
        self.flits = np.zeros((nodes, nodes), dtype=np.int64)

    def together(self, group: Sequence[Sending]) -> None:
        """Add messages of which those from one tile to another are one train."""
        if self.noc.multicast != "none" and not group[0].operation.scatter:
            each = [self._on_tiles(s.numbers) * s.operation.words.count for s in group]
            self._spread(np.sum(each, axis=0), np.ones(self.nodes, dtype=np.int64))
            return
        words = np.zeros_like(self.words)
        for sending in group:
            words += np.outer(self._on_tiles(sending.numbers), self._copies(sending.operation))
        self._add(words, self._flits(words))

    def to_root(self, group: Sequence[Sending]) -> None:
        """Add messages to the unit that adds up: those from one tile are one train."""
        words = np.zeros_like(self.words)
        for sending in group:
            sent = self._on_tiles(sending.numbers) * sending.operation.words.count
            words[:, self.tiles[ROOT]] += sent
        self._add(words, self._flits(words))

    def alone(self, sending: Sending) -> None:
        """Add messages that go one by one."""
        copies, senders = self._copies(sending.operation), self._on_tiles(sending.numbers)
        if self.noc.multicast != "none" and not sending.operation.scatter:
            self._spread(np.full(self.nodes, sending.operation.words.count), senders)
            return
        self._add(np.outer(senders, copies), np.outer(senders, self._flits(copies)))

    def one_by_one(self, words: int) -> None:
        """Add what outputs send unit by unit: so many words to each, in the order of the units.

        An output is no receiver of its own, so those behind it get their turn one earlier.
        """
        outputs = sorted(
            n for kind in self.census.kinds if kind.example.is_output for n in kind.numbers
        )
        senders = self._on_tiles(outputs) * words
        later = self._on_tiles(range(len(outputs), self.census.n))
        self._add(np.outer(senders, later), np.outer(self._flits(senders), later))
        ahead = np.zeros_like(senders)
        for turn in range(len(outputs) - 1):
            ahead[self.tiles[turn]] += words
            self._turn(turn, ahead, senders - ahead)

    def _turn(self, turn: int, ahead: Ints, behind: Ints) -> None:
        """Add a turn among the outputs: those up to it are one unit further than the others."""
        table = np.zeros_like(self.words)
        one, other = int(self.tiles[turn + 1]), int(self.tiles[turn])
        table[:, one] += ahead
        table[:, other] += behind
        for tile in np.flatnonzero((ahead > 0) & (behind > 0)).tolist():
            if self.noc.multicast != "none" and len({tile, one, other}) == 3:
                self._pass_on(table, tile, {one: int(ahead[tile]), other: int(behind[tile])})
        self._add(table, self._flits(table))

    def _pass_on(self, table: Ints, source: int, needed: dict[int, int]) -> None:
        """Lead words for two tiles over one of them, or where their ways part, if that is so."""
        legs = multicast_plan(self.topology, source, needed, self.noc.multicast)
        if all(start == source for start, _ in legs):
            return
        table[source, list(needed)] = 0
        for start, tile in reversed(legs):
            words = needed[tile]
            if start != source:
                needed[start] = needed.get(start, 0) + words
            if start == source:
                table[start, tile] = words
            else:
                self._add_one(start, tile, words)

    def _spread(self, words: Ints, times: Ints) -> None:
        """Add messages from each tile to all others with units, passed on on their way."""
        flits = self._flits(words)
        for source in np.flatnonzero(words * times).tolist():
            starts, ends = self._legs(source)
            self.words[starts, ends] += words[source] * times[source]
            self.flits[starts, ends] += flits[source] * times[source]

    def _legs(self, source: int) -> tuple[Ints, Ints]:
        """Return the legs of a message from a tile to all others with units: from, and to."""
        if source not in self._planned:
            far = [tile for tile in np.flatnonzero(self.units).tolist() if tile != source]
            kind = self.noc.multicast if len(far) > 1 else "none"
            legs = multicast_plan(self.topology, source, far, kind)
            starts, ends = np.array(legs, dtype=np.int64).reshape(-1, 2).T
            self._planned[source] = starts, ends
        return self._planned[source]

    def _add_one(self, source: int, destination: int, words: int) -> None:
        self.words[source, destination] += words
        self.flits[source, destination] += train(words, self.word_bits, self.noc).flits

    def _copies(self, operation: Send) -> Ints:
        """Words of a message to all units, by the tile that they go to."""
        if operation.scatter:
            return self.units
        return np.where(self.units > 0, operation.words.count, 0)

    def _on_tiles(self, numbers: Sequence[int]) -> Ints:
        where = self.tiles[np.array(numbers, dtype=np.int64)]
        return np.bincount(where, minlength=self.nodes)

    def _flits(self, words: Ints) -> Ints:
        """Return the flits of trains of so many words."""
        amounts, places = np.unique(words, return_inverse=True)
        flits = [train(w, self.word_bits, self.noc).flits if w else 0 for w in amounts.tolist()]
        return np.array(flits, dtype=np.int64)[places].reshape(words.shape)

    def _add(self, words: Ints, flits: Ints) -> None:
        away = 1 - np.eye(self.nodes, dtype=np.int64)
        self.words += words * away
        self.flits += flits * away
