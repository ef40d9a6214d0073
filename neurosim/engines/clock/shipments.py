"""What travels as one: the messages of a step, made up for what carries them.

On a bus or over links a Send travels by itself. Between tiles, what neurons of one tile send of one
kind travels together: a *consignment*, which leaves when the last of its words is there, and makes
one *shipment* for every tile that it goes to. Sends whose receivers are not ready from the start
(RTRL's bursts, which wait for an inbox) travel each by itself, or tiles could wait for each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from neurosim.engines.clock.post import Ints, Post
from neurosim.engines.clock.timing import carried_words, send_cycles
from neurosim.machine import Bus, Links, Noc
from neurosim.noc.packets import Train, train
from neurosim.noc.topology import Topology, multicast_plan

MIXED = -1  # the block of a shipment that fills Receives of several


@dataclass(slots=True)
class Shipment:
    """Messages that arrive together.

    Attributes
    ----------
    consignment
        What it is a part of.
    source, destination
        Tiles.
    arrivals, counts
        Which Receives it fills, and how many messages of each: a run of them, or a list.
    most, block
        The largest of the counts; the Receives of one kind and tile that they are, or ``MIXED``.
    received
        Words that arrive at other neurons.
    cycles, carried, hop_words
        On a bus or link: how long it takes, and words on the medium; words times links.
    train
        Between tiles: packets and flits.
    onward
        Shipments that leave from where this one has arrived.
    """

    consignment: int
    source: int
    destination: int
    arrivals: slice | Ints
    counts: Ints
    most: int
    block: int
    received: int
    cycles: int = 0
    carried: int = 0
    hop_words: int = 0
    train: Train | None = None
    onward: list[int] = field(default_factory=list)

    @property
    def filled(self) -> Ints:
        """The Receives that get a message: in a run there may be others between."""
        if not isinstance(self.arrivals, slice):
            return self.arrivals
        filled: Ints = self.arrivals.start + np.flatnonzero(self.counts)
        return filled


@dataclass(slots=True)
class Consignment:
    """Sends that travel together.

    Attributes
    ----------
    sends
        Their numbers in the post.
    shipments, first
        All of them, and those that leave from the senders.
    """

    sends: list[int]
    shipments: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)


class Freight(NamedTuple):
    """All consignments and shipments of a step.

    ``of_send`` is the consignment of each Send, and ``tiles`` the tile of each neuron: all 0 where
    nothing tells tiles apart.
    """

    consignments: list[Consignment]
    shipments: list[Shipment]
    of_send: Ints
    tiles: Ints

    @property
    def totals(self) -> tuple[int, int]:
        """Shipments between tiles, and the words that they carry."""
        routed = [shipment for shipment in self.shipments if shipment.train is not None]
        return len(routed), sum(shipment.carried for shipment in routed)

    @property
    def busiest_port(self) -> int:
        """The most flits that a tile sends, or receives."""
        sent: Counter[int] = Counter()
        received: Counter[int] = Counter()
        for shipment in self.shipments:
            if shipment.train is not None:
                sent[shipment.source] += shipment.train.flits
                received[shipment.destination] += shipment.train.flits
        return max((*sent.values(), *received.values()), default=0)


def freight(
    mail: Post,
    posted: Ints,
    carrier: Bus | Links | Noc,
    tiles: Ints,
    topology: Topology | None,
    word_bits: int,
) -> Freight:
    """Make up the messages of a step for what carries them.

    Parameters
    ----------
    mail
        The messages.
    posted
        Of every Receive, whether it is ready from the start.
    carrier
        The medium.
    tiles, topology, word_bits
        Between tiles: the tile of every neuron, the network, and the bits of a word.
    """
    if isinstance(carrier, Noc):
        assert topology is not None
        of_send = _groups(mail, posted, tiles)
        made = _shipments(mail, of_send, tiles, topology.nodes)
        _between_tiles(made, mail, tiles, topology, carrier, word_bits)
        return made
    alone = np.arange(len(mail.sendings))
    made = _shipments(mail, alone, np.zeros_like(tiles), 1)
    for shipment in made.shipments:
        send = made.consignments[shipment.consignment].sends[0]
        sending = mail.sendings[send]
        away = shipment.received // (
            1 if sending.operation.scatter else sending.operation.words.count
        )
        if away:
            shipment.cycles = send_cycles(sending.operation, away, carrier)
            shipment.carried = carried_words(sending.operation, away, carrier)
        shipment.hop_words = shipment.received
    return made


def _groups(mail: Post, posted: Ints, tiles: Ints) -> Ints:
    """Return the consignment of each Send: those of one tile, kind and ordinal go together."""
    late = np.zeros(len(mail.sendings), dtype=bool)
    late[mail.send[posted[mail.arrival] == 0]] = True
    numbers: dict[tuple[object, ...], int] = {}
    groups = []
    for send, (neuron, _, operation, ordinal) in enumerate(mail.sendings):
        alike = (int(tiles[neuron]), operation.kind, ordinal, operation.scatter)
        key = (send,) if late[send] else alike
        groups.append(numbers.setdefault(key, len(numbers)))
    return np.array(groups, dtype=np.int64)


def _shipments(mail: Post, of_send: Ints, tiles: Ints, nodes: int) -> Freight:
    """Cut consignments into shipments by the tile that messages go to."""
    consignments = [Consignment([]) for _ in range(int(of_send.max(initial=-1)) + 1)]
    for send, group in enumerate(of_send.tolist()):
        consignments[group].sends.append(send)
    size = max(len(mail.arrivals), 1)
    pair = of_send[mail.send] * nodes + tiles[mail.destination]
    keys, counts = np.unique(pair * size + mail.arrival, return_counts=True)
    cuts = np.flatnonzero(np.diff(keys // size, prepend=-1))
    bounds = [*cuts.tolist(), len(keys)]
    received = _received(mail, pair, keys[cuts] // size)
    blocks = np.array([arrival.block for arrival in mail.arrivals], dtype=np.int64)
    shipments = []
    for n, (begin, end) in enumerate(pairwise(bounds)):
        group, tile = divmod(int(keys[begin]) // size, nodes)
        arrivals, number = keys[begin:end] % size, counts[begin:end]
        source = int(tiles[mail.sendings[consignments[group].sends[0]].neuron])
        first, last = blocks[arrivals[0]], blocks[arrivals[-1]]
        block = int(first) * nodes + tile if first == last else MIXED
        most = int(number.max())
        where, number = _run(arrivals, number)
        consignments[group].shipments.append(n)
        consignments[group].first.append(n)
        shipments.append(
            Shipment(group, source, tile, where, number, most, block, int(received[n]))
        )
    return Freight(consignments, shipments, of_send, tiles)


def _run(arrivals: Ints, counts: Ints) -> tuple[slice | Ints, Ints]:
    """Return arrivals as a slice where they lie close together: none of the gaps gets a message."""
    first, last = int(arrivals[0]), int(arrivals[-1])
    if last - first + 1 > 2 * len(arrivals):
        return arrivals, counts
    filled = np.zeros(last - first + 1, dtype=np.int64)
    filled[arrivals - first] = counts
    return slice(first, last + 1), filled


def _received(mail: Post, pair: Ints, pairs: Ints) -> Ints:
    """Count, for each shipment, the words that arrive at neurons other than their sender."""
    each = np.array(
        [1 if s.operation.scatter else s.operation.words.count for s in mail.sendings] or [0]
    )
    words = np.where(mail.source == mail.destination, 0, each[mail.send])
    totals = np.bincount(np.searchsorted(pairs, pair), weights=words, minlength=len(pairs))
    return totals.astype(np.int64)


def _between_tiles(
    made: Freight, mail: Post, tiles: Ints, topology: Topology, noc: Noc, word_bits: int
) -> None:
    """Give every shipment its words and train, and with multicast its way from tile to tile."""
    carried = _carried(made, mail, tiles, topology.nodes)
    distances = topology.distances()
    for consignment in made.consignments:
        scatters = mail.sendings[consignment.sends[0]].operation.scatter
        if noc.multicast != "none" and not scatters:
            _by_multicast(made, consignment, mail, tiles, topology, noc)
    for shipment, words in zip(made.shipments, carried.tolist(), strict=False):
        shipment.carried = shipment.carried or words  # a leg's words are known already
    for shipment in made.shipments:
        if shipment.source == shipment.destination:
            continue
        shipment.hop_words = shipment.carried * int(
            distances[shipment.source, shipment.destination]
        )
        shipment.train = train(shipment.carried, word_bits, noc)


def _carried(made: Freight, mail: Post, tiles: Ints, nodes: int) -> Ints:
    """Count the words that each shipment carries: what goes to several neurons there, once."""
    far = tiles[mail.destination]
    pair = made.of_send[mail.send] * nodes + far
    pairs = np.array([s.consignment * nodes + s.destination for s in made.shipments])
    scatter = np.array([s.operation.scatter for s in mail.sendings] or [False])
    each = np.array([s.operation.words.count for s in mail.sendings] or [0])
    once, index = np.unique(mail.send * nodes + far, return_index=True)
    index = index[~scatter[once // nodes]]
    whole = np.bincount(
        np.searchsorted(pairs, pair[index]), weights=each[mail.send[index]], minlength=len(pairs)
    )
    single = np.bincount(np.searchsorted(pairs, pair[scatter[mail.send]]), minlength=len(pairs))
    return (whole + single).astype(np.int64)


def _by_multicast(
    made: Freight,
    consignment: Consignment,
    mail: Post,
    tiles: Ints,
    topology: Topology,
    noc: Noc,
) -> None:
    """Lead a consignment's shipments from tile to tile; a leg carries what is needed beyond it."""
    by_tile = {made.shipments[n].destination: n for n in consignment.shipments}
    source = made.shipments[consignment.shipments[0]].source
    far = [tile for tile in by_tile if tile != source]
    if len(far) < 2:
        return
    needed: dict[int, dict[int, int]] = defaultdict(dict)
    for send in consignment.sends:
        operation = mail.sendings[send].operation
        for tile in {int(tiles[neuron]) for neuron in operation.along} - {source}:
            needed[tile][send] = operation.words.count
    consignment.first = [n for tile, n in by_tile.items() if tile == source]
    for start, tile in reversed(multicast_plan(topology, source, far, noc.multicast)):
        if tile not in by_tile:
            by_tile[tile] = _relay(made, consignment, made.shipments[by_tile[far[0]]], tile)
        number = by_tile[tile]
        made.shipments[number].source = start
        made.shipments[number].carried = sum(needed[tile].values())
        if start == source:
            consignment.first.append(number)
        else:
            needed[start].update(needed[tile])
    for number in consignment.shipments:
        shipment = made.shipments[number]
        if shipment.source != source:
            made.shipments[by_tile[shipment.source]].onward.append(number)


def _relay(made: Freight, consignment: Consignment, like: Shipment, tile: int) -> int:
    """Add a shipment to a tile that only passes it on."""
    nothing = np.empty(0, dtype=np.int64)
    made.shipments.append(
        Shipment(like.consignment, like.source, tile, nothing, nothing, 0, MIXED, 0)
    )
    consignment.shipments.append(len(made.shipments) - 1)
    return len(made.shipments) - 1
