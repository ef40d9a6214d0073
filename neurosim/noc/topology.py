"""Which links a network on chip has, and which of them a packet crosses.

References
----------
.. [1] W. J. Dally, B. Towles, *Principles and Practices of Interconnection Networks*, Morgan
   Kaufmann 2004, chapters 5, 8 and 14 (meshes and rings, dimension order, datelines).
.. [2] X. Lin, L. M. Ni, "Multicast communication in multicomputer networks", IEEE Transactions on
   Parallel and Distributed Systems 4(10), 1993, doi:10.1109/71.246073 (lines in snake order).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError, nearest
from neurosim.machine.description import Noc, Tiles

TOPOLOGIES = ("mesh", "ring", "crossbar", "bus")
KINDS = ("none", "path", "tree")
MOST_TILES = 16_384
"""More tiles than any chip of today has; tables of their pairs still fit into memory."""


class Topology:
    """The tiles of a network, the links between them, and the ways of packets.

    Tiles are numbered row by row from the north-west corner. A mesh links neighbours; packets go
    along x, then along y. A ring links each tile to the next, and the last to the first; packets go
    the shorter way round, upwards where both are as long. In a crossbar and on a bus all tiles meet
    in one switch, which is node number ``nodes``: a crossbar's links are the switch's ports to the
    tiles, a bus has one link, the bus itself.

    Parameters
    ----------
    noc
        Which kind it is.
    tiles
        The grid.

    Raises
    ------
    UserError
        For a topology that is not known, a grid without tiles or with too many, and a ring with a
        single virtual channel, whose packets could wait for each other in a circle.
    """

    def __init__(self, noc: Noc, tiles: Tiles) -> None:
        _check(noc, tiles)
        self.kind, self.rows, self.cols = noc.topology, tiles.rows, tiles.cols
        self.nodes = tiles.count
        self.switched = noc.topology in ("crossbar", "bus")

    @cached_property
    def links(self) -> tuple[tuple[int, int], ...]:
        """The directed links, as pairs of node numbers; a link's number is its place here."""
        if self.kind == "bus":
            return ((self.nodes, self.nodes),)
        if self.kind == "crossbar":
            return tuple((self.nodes, node) for node in range(self.nodes))
        return tuple((a, b) for a in range(self.nodes) for b in self._neighbours(a))

    def path(self, source: int, destination: int) -> tuple[int, ...]:
        """Return the numbers of the links that a packet crosses, in order."""
        if source == destination:
            return ()
        if self.switched:
            return (0 if self.kind == "bus" else destination,)
        if self.kind == "ring":
            way = self.stops(source, destination)
            return tuple(self._numbers[hop] for hop in pairwise(way))
        east, west, south, north = self._outward
        corner = source - source % self.cols + destination % self.cols
        along_x = east[source:corner] if corner > source else west[source:corner:-1]
        along_y = south if destination > corner else north
        step = self.cols if destination > corner else -self.cols
        return (*along_x, *along_y[corner:destination:step])

    def stops(self, source: int, destination: int) -> list[int]:
        """Return the tiles on a packet's way, both ends included."""
        if self.switched:
            return [source, destination] if source != destination else [source]
        if self.kind == "ring":
            up, ring = (destination - source) % self.nodes, self.nodes
            turns = range(up + 1) if 2 * up <= ring else range(0, up - ring - 1, -1)
            return [(source + turn) % ring for turn in turns]
        (y, x), (to_y, to_x) = divmod(source, self.cols), divmod(destination, self.cols)
        along_x = [y * self.cols + column for column in _towards(x, to_x)]
        return along_x + [row * self.cols + to_x for row in _towards(y, to_y)][1:]

    def distances(self) -> NDArray[np.int64]:
        """Return how many links lie between tiles, shape (nodes, nodes)."""
        node = np.arange(self.nodes)
        if self.switched:
            return np.asarray(node[:, None] != node, np.int64)
        if self.kind == "ring":
            up = (node - node[:, None]) % self.nodes
            return np.asarray(np.minimum(up, self.nodes - up), np.int64)
        y, x = np.divmod(node, self.cols)
        return np.asarray(abs(y[:, None] - y) + abs(x[:, None] - x), np.int64)

    def loads(self, words: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what crosses each link, shape (links,), of what tiles send, (nodes, nodes)."""
        crossing = np.zeros(len(self.links))
        for source, destination in zip(*np.nonzero(words), strict=True):
            for link in self.path(int(source), int(destination)):
                crossing[link] += words[source, destination]
        return crossing

    @cached_property
    def _numbers(self) -> dict[tuple[int, int], int]:
        return {link: number for number, link in enumerate(self.links)}

    @cached_property
    def _outward(self) -> tuple[list[int], ...]:
        """The links of a mesh by where they lead, east, west, south, north, at each tile."""
        steps = (1, -1, self.cols, -self.cols)
        links = self._numbers
        return tuple([links.get((a, a + step), -1) for a in range(self.nodes)] for step in steps)

    def _neighbours(self, node: int) -> Iterator[int]:
        """Return where links lead: east, west, south, north, or up and down the ring."""
        if self.kind == "ring":
            yield from dict.fromkeys(
                (node + step) % self.nodes for step in (1, -1) if step % self.nodes
            )
            return
        y, x = divmod(node, self.cols)
        for to_y, to_x in ((y, x + 1), (y, x - 1), (y + 1, x), (y - 1, x)):
            if 0 <= to_y < self.rows and 0 <= to_x < self.cols:
                yield to_y * self.cols + to_x


def _towards(start: int, end: int) -> range:
    """Return the places from start to end, both included."""
    return range(start, end + 1) if start <= end else range(start, end - 1, -1)


def _check(noc: Noc, tiles: Tiles) -> None:
    if noc.topology not in TOPOLOGIES:
        raise UserError(
            f"topology: must be {', '.join(TOPOLOGIES)} (got {noc.topology})."
            f"{nearest(noc.topology, TOPOLOGIES)}"
        )
    if tiles.rows < 1 or tiles.cols < 1 or tiles.count > MOST_TILES:
        raise UserError(
            f"tiles: a network has from 1 to {MOST_TILES:,} (got {tiles.rows:,} x {tiles.cols:,})."
        )
    if noc.topology == "ring" and noc.num_vcs < 2:
        raise UserError(
            "num_vcs: a ring needs 2 or more, one class of virtual channels before the place where"
            f" it closes and one after, or it can deadlock (got {noc.num_vcs})."
        )


def multicast_plan(
    topology: Topology, source: int, destinations: Iterable[int], kind: str
) -> tuple[tuple[int, int], ...]:
    """Return the legs of a message to several tiles, as pairs (from tile, to tile).

    A leg is an ordinary message, which the network interface of its first tile sends once the leg
    that ends there has arrived; legs are in an order in which that is possible. With ``none`` the
    source sends to each destination. ``path`` passes the message on along two lines of
    destinations in snake order, up and down from the source [2]_. ``tree`` follows the ways that
    packets to all destinations would take, and passes it on where they part and at destinations.

    Parameters
    ----------
    topology
        The network.
    source
        Where the message is; as a destination it is left out.
    destinations
        Tiles that shall have it. Each is the end of exactly one leg.
    kind
        ``none``, ``path`` or ``tree``.
    """
    wanted = sorted(set(destinations) - {source})
    if kind == "none":
        return tuple((source, tile) for tile in wanted)
    if kind == "path":
        return _lines(topology, source, wanted)
    if kind == "tree":
        return _branches(topology, source, wanted)
    raise UserError(f"multicast: must be {', '.join(KINDS)} (got {kind}).{nearest(kind, KINDS)}")


def _lines(topology: Topology, source: int, wanted: list[int]) -> tuple[tuple[int, int], ...]:
    def place(tile: int) -> int:
        y, x = divmod(tile, topology.cols)
        turned = topology.kind == "mesh" and y % 2
        return y * topology.cols + (topology.cols - 1 - x if turned else x)

    ordered = sorted(wanted, key=place)
    above = [source, *(tile for tile in ordered if place(tile) > place(source))]
    below = [source, *(tile for tile in reversed(ordered) if place(tile) < place(source))]
    return tuple(leg for line in (above, below) for leg in pairwise(line))


def _branches(topology: Topology, source: int, wanted: list[int]) -> tuple[tuple[int, int], ...]:
    children: dict[int, dict[int, None]] = {}
    for tile in wanted:
        way = topology.stops(source, tile)
        for a, b in pairwise(way):
            children.setdefault(a, {})[b] = None
    ends, legs, waiting = set(wanted), [], [source]
    while waiting:
        start = waiting.pop()
        for tile in children.get(start, ()):
            while tile not in ends and len(children[tile]) == 1:
                (tile,) = children[tile]
            legs.append((start, tile))
            waiting.append(tile)
    return tuple(legs)
