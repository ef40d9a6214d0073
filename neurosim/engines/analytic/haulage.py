"""What goes between tiles in a step: words, flits, and what they load.

``all_to_all.py`` has closed forms of it where every unit speaks to every other; here it is counted
message by message, and led over the links.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.clock.score import Score
from neurosim.engines.mapping.placement import dealt, place
from neurosim.learning.counts import Census
from neurosim.learning.rule import Rule
from neurosim.machine import Machine
from neurosim.model.network import Network
from neurosim.noc.topology import Topology

Ints = NDArray[np.int64]

MOST_TILES = 2_048
"""Tiles up to which there is room for a table of what goes between any two of them."""


@dataclass(frozen=True)
class Haulage:
    """What goes between tiles in a step: arrays of shape (tiles, tiles), from row to column."""

    topology: Topology
    words: Ints
    flits: Ints

    @cached_property
    def hop_words(self) -> int:
        """Words times the links that they cross."""
        return int(link_loads(self.topology, self.words).sum())

    @cached_property
    def flit_hops(self) -> int:
        """Flits times the links that they cross."""
        return int(link_loads(self.topology, self.flits).sum())

    @cached_property
    def busiest_link(self) -> int:
        """Flits over the busiest link."""
        return int(link_loads(self.topology, self.flits).max(initial=0))

    @cached_property
    def busiest_end(self) -> int:
        """Flits from or to the tile that sends or gets most."""
        return int(max(self.flits.sum(axis=0).max(), self.flits.sum(axis=1).max()))


def counted(score: Score) -> Haulage:
    """Return what goes between tiles, message by message, of a network that is built."""
    assert score.topology is not None
    nodes = score.topology.nodes
    words, flits = (np.zeros((nodes, nodes), dtype=np.int64) for _ in range(2))
    for shipment in score.freight.shipments:
        if shipment.train is not None:
            words[shipment.source, shipment.destination] += shipment.carried
            flits[shipment.source, shipment.destination] += shipment.train.flits
    return Haulage(score.topology, words, flits)


def tiles_of(census: Census, rule: Rule, machine: Machine) -> Ints:
    """Return the tile of every neuron, as in ``mapping.place``, built or only described."""
    if isinstance(census.network, Network):
        return place(census.network, rule, machine)
    units = dealt(census.n, machine.tiles.count, machine.mapping)
    inputs = sum(len(kind.numbers) for kind in census.inputs)
    return np.append(units, np.zeros(inputs, dtype=np.int64))


def link_loads(topology: Topology, between: Ints) -> Ints:
    """Return what crosses the links, in any order, without going along the ways one by one.

    Parameters
    ----------
    topology
        The network.
    between
        What each tile sends to each other, shape (tiles, tiles).
    """
    away = between - np.diag(np.diag(between))
    if topology.kind == "bus":
        return np.array([away.sum()])
    if topology.kind == "crossbar":
        return np.asarray(away.sum(axis=0))
    if topology.kind == "ring":
        return _ring_loads(away)
    rows, cols = topology.rows, topology.cols
    grid = away.reshape(rows, cols, rows, cols)
    along_x = grid.sum(axis=2)  # row, column, column of the destination
    along_y = grid.sum(axis=1).transpose(2, 0, 1)  # column of the destination, row, its row
    return np.concatenate([_line_loads(along_x), _line_loads(along_y)])


def _line_loads(between: Ints) -> Ints:
    """Return the loads of lines' links, both ways, from what goes between places, (lines, n, n)."""
    loads = []
    for way in (between, between.transpose(0, 2, 1)):
        beyond = np.cumsum(np.cumsum(way, axis=1)[:, :, ::-1], axis=2)[:, :, ::-1]
        loads.append(np.diagonal(beyond, offset=1, axis1=1, axis2=2).ravel())
    return np.concatenate(loads)


def _ring_loads(between: Ints) -> Ints:
    """Return the loads of a ring's links; packets go the shorter way, upwards where both are."""
    nodes = len(between)
    node, loads = np.arange(nodes), np.zeros((2, nodes), dtype=np.int64)
    for distance in range(1, nodes):
        sent = between[node, (node + distance) % nodes]
        down = int(2 * distance > nodes)
        hops = nodes - distance if down else distance
        passed = np.cumsum(np.concatenate([sent, sent[:hops]]))
        passed = np.concatenate([[0], passed])
        from_each_on = passed[hops : hops + nodes] - passed[:nodes]
        loads[down] += from_each_on if down else np.roll(from_each_on, hops - 1)
    return loads.ravel()
