"""Which neuron lies on which tile.

``row_major`` gives each tile as many units as the next, the first tiles one more where they do not
divide evenly, and keeps neighbours in number together; ``random`` shuffles that; ``min_hop_words``
looks for places from which words cross few links, with at most ``ceil(units / tiles)`` units on a
tile; ``file`` takes them from a JSON object. Inputs enter at tile 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.locality.traffic import Traffic, carried, entries, grouped, traffic
from neurosim.engines.mapping.assignment import assign
from neurosim.engines.mapping.bisection import parts, symmetric
from neurosim.engines.mapping.places_file import read
from neurosim.learning.rule import Rule
from neurosim.machine import Machine, Mapping, Noc
from neurosim.model.network import Network
from neurosim.noc.topology import Topology

if TYPE_CHECKING:
    from scipy.sparse import coo_array

Tiling = NDArray[np.int64]

MOST_DIRECT = 512
"""Places up to which units are placed one by one; of more, groups of them are."""


def place(network: Network, rule: Rule, machine: Machine) -> Tiling:
    """Return the tile of every neuron, units before inputs; shape (neurons,).

    Raises
    ------
    UserError
        When the machine's file of places does not fit the network.
    """
    units, mapping = len(network.units), machine.mapping
    machine = machine.on(units)
    tiles = machine.tiles.count
    inputs = np.zeros(len(network.inputs), dtype=np.int64)
    if mapping.policy == "file" and mapping.file is not None:
        chosen = read(mapping.file, network, tiles)
    else:
        chosen = dealt(units, tiles, mapping)
    if mapping.policy == "min_hop_words" and tiles > 1:
        return _nearest(traffic(network, rule), distances(machine), chosen, mapping.seed)
    return np.append(chosen, inputs)


def row_major(units: int, tiles: int) -> Tiling:
    """Return the tile of every unit when all tiles have as many, and units are in order."""
    return np.repeat(np.arange(tiles), _even(units, tiles))


def dealt(units: int, tiles: int, mapping: Mapping) -> Tiling:
    """Return the tile of every unit where all tiles get as many: in order, or at random."""
    chosen = row_major(units, tiles)
    if mapping.policy == "random":
        return np.random.default_rng(mapping.seed).permutation(chosen)
    return chosen


def distances(machine: Machine) -> NDArray[np.int64]:
    """Return the links between any two tiles, (tiles, tiles); 1 where there are no routers.

    The machine's grid has a size: ``machine.on(units)`` gives it one.
    """
    if isinstance(machine.interconnect, Noc):
        hops = Topology(machine.interconnect, machine.tiles).distances()
        return np.asarray(hops, dtype=np.int64)
    return 1 - np.eye(machine.tiles.count, dtype=np.int64)


def hop_words(words: NDArray[Any] | coo_array, tiles: Tiling, hops: NDArray[Any]) -> int:
    """Return words times the links that each crosses on its way.

    Parameters
    ----------
    words
        Between neurons, as ``words_between`` returns them.
    tiles
        Of every neuron.
    hops
        Links between any two tiles.
    """
    return int((grouped(words, tiles, len(hops)) * hops).sum())


def carried_hop_words(messages: Traffic, tiles: Tiling, hops: NDArray[Any]) -> int:
    """Return words times links where what a neuron says to several on a tile goes there once."""
    return int((carried(messages, tiles, len(hops)) * hops).sum())


def _even(things: int, shares: int) -> Tiling:
    whole, more = divmod(things, shares)
    return whole + (np.arange(shares) < more)


def _nearest(messages: Traffic, hops: NDArray[Any], start: Tiling, seed: int) -> Tiling:
    """Return the best of some placements for which words cross few links, row major among them."""
    words = messages.matrix()
    inputs = messages.neurons - len(start)
    held = np.zeros(inputs, dtype=np.int64)
    row_major, clusters = np.append(start, held), _clusters(words, len(start), len(hops), seed)
    found = [row_major, *(_group_by_group(messages, hops, groups) for groups in (start, clusters))]
    slots = len(hops) * -(-len(start) // len(hops))
    if slots <= MOST_DIRECT:
        single = _one_by_one(words, hops, found, inputs, slots)
        found += [single, _group_by_group(messages, hops, single[: len(start)])]
    return min(found, key=lambda tiles: carried_hop_words(messages, tiles, hops))


def _one_by_one(
    words: NDArray[Any] | coo_array,
    hops: NDArray[Any],
    begun: list[Tiling],
    inputs: int,
    slots: int,
) -> Tiling:
    """Assign units to slots of tiles; slots that stay empty hold things that say nothing."""
    rows, columns, values = entries(words)
    units = len(begun[0]) - inputs
    last = np.minimum(np.arange(units + inputs), units)  # all inputs are one thing, at tile 0
    last[units:] = slots
    flow = np.zeros((slots + 1, slots + 1))
    np.add.at(flow, (last[rows], last[columns]), values)
    tile = np.append(np.tile(np.arange(len(hops)), slots // len(hops)), 0)
    starts = [_slots_of(tiles[:units], tile[:-1]) for tiles in begun]
    found = tile[assign(flow, hops[np.ix_(tile, tile)], starts, fixed=1)]
    return np.append(found[:units], np.zeros(inputs, dtype=np.int64))


def _slots_of(tiles: Tiling, slot_tiles: Tiling) -> Tiling:
    """Return a slot for every unit on its tile, then the slots that are left, then the inputs'."""
    free: dict[int, list[int]] = {}
    for slot, tile in enumerate(slot_tiles.tolist()):
        free.setdefault(tile, []).append(slot)
    taken = [free[tile].pop() for tile in tiles.tolist()]
    left = sorted(slot for slots in free.values() for slot in slots)
    return np.array([*taken, *left, len(slot_tiles)], dtype=np.int64)


def _clusters(words: NDArray[Any] | coo_array, units: int, tiles: int, seed: int) -> Tiling:
    """Put units that say much to each other into groups, as many as there are tiles."""
    rows, columns, values = entries(words)
    between = (rows < units) & (columns < units)
    joined = symmetric(rows[between], columns[between], values[between], units)
    groups = np.empty(units, dtype=np.int64)
    for number, members in enumerate(parts(joined, _even(units, tiles).tolist(), seed)):
        groups[members] = number
    return groups


def _group_by_group(messages: Traffic, hops: NDArray[Any], groups: Tiling) -> Tiling:
    """Place groups of units, each on a tile of its own; given a tiling, exchange whole tiles."""
    count, inputs = len(hops), messages.neurons - len(groups)
    flow = carried(messages, np.append(groups, np.full(inputs, count)), count + 1)
    at = np.append(np.arange(count), 0)  # all inputs are one group, held at tile 0
    far = hops[np.ix_(at, at)]
    places = assign(flow, far, [np.arange(count + 1)], fixed=1, approximate=count <= MOST_DIRECT)
    return np.append(places[groups], np.zeros(inputs, dtype=np.int64))
