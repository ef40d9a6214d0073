"""Where everything lies: neurons on lanes, arrays in banks, words at addresses.

A lane numbers the edges of its neurons through, so that every array with one word an edge lies at
one address for all banks, apart from the array's own offset.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from neurosim.model.neuron import Neuron
from neurosim.schedule.passes import Source

BANKS = (Source.X, Source.Y)


@dataclass
class Placement:
    """Neurons on lanes and arrays in banks.

    Attributes
    ----------
    lanes
        The units of each lane, in the order in which it serves them.
    lane, first, place
        Of every unit: its lane, the number of its first edge on that lane, and its place in arrays
        with one word a unit. Neurons that a lane serves one after the other have places in a row.
    edges
        Edges of the fullest lane.
    banks
        The bank of every array with one word an edge.
    offsets
        Where every array begins in its bank.
    depths
        Words of every bank.
    """

    lanes: tuple[tuple[Neuron, ...], ...]
    lane: dict[int, int]
    first: dict[int, int]
    place: dict[int, int]
    edges: int
    banks: dict[str, Source] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    depths: dict[Source, int] = field(default_factory=dict)

    @property
    def places(self) -> int:
        """Words of an array with one word a unit."""
        return len(self.lanes) * max(map(len, self.lanes))

    def by_edge(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return lane and place of every edge, in network order; both of shape (edges,)."""
        units = sorted((unit for hosts in self.lanes for unit in hosts), key=lambda u: u.number)
        lane = [self.lane[unit.number] for unit in units for _ in range(unit.edges)]
        place = [self.first[unit.number] + n for unit in units for n in range(unit.edges)]
        return np.array(lane), np.array(place)

    def add(self, array: str, bank: Source, words: int) -> None:
        """Lay an array behind what is in its bank already."""
        if array not in self.offsets:
            self.offsets[array] = self.depths.get(bank, 0)
            self.depths[bank] = self.offsets[array] + words


def place_neurons(units: Iterable[Neuron], lanes: int) -> Placement:
    """Spread neurons over lanes: the ones with most edges first, each to the emptiest lane."""
    hosted: list[list[Neuron]] = [[] for _ in range(lanes)]
    load = [0] * lanes
    outputs = [0] * lanes
    for unit in sorted(units, key=lambda u: (-u.edges, not u.is_output, u.number)):
        lane = min(
            range(lanes),
            key=lambda p: (load[p], outputs[p] * unit.is_output, len(hosted[p]), p),
        )
        hosted[lane].append(unit)
        load[lane] += unit.edges
        outputs[lane] += unit.is_output
    ordered = tuple(tuple(sorted(hosts, key=lambda u: u.number)) for hosts in hosted)
    lane_of, first, place = {}, {}, {}
    for lane, hosts in enumerate(ordered):
        edge = 0
        for n, unit in enumerate(hosts):
            lane_of[unit.number], first[unit.number] = lane, edge
            place[unit.number] = lane * max(map(len, ordered)) + n
            edge += unit.edges
    return Placement(ordered, lane_of, first, place, max(load))


def two_banks(
    arrays: Iterable[str], together: Iterable[frozenset[str]], fixed: dict[str, Source]
) -> dict[str, Source] | tuple[str, str]:
    """Give every array a bank such that arrays of one cycle lie apart.

    Returns the banks, or two arrays that cannot be told apart.
    """
    graph: nx.Graph = nx.Graph()
    graph.add_nodes_from(sorted(arrays))
    for group in together:
        graph.add_edges_from(combinations(sorted(group), 2))
    banks: dict[str, Source] = {}
    used = dict.fromkeys(BANKS, 0)
    for part in sorted(nx.connected_components(graph), key=lambda c: sorted(c)[0]):
        side = _sides(graph.subgraph(part))
        if isinstance(side, tuple):
            return side
        pinned = {BANKS.index(fixed[a]) ^ side[a] for a in part if a in fixed}
        if len(pinned) > 1:
            one, other = [a for a in sorted(part) if a in fixed][:2]
            return one, other
        turned = _lighter(side, used) if not pinned else pinned.pop()
        for array in part:
            banks[array] = BANKS[side[array] ^ turned]
            used[banks[array]] += 1
    return banks


def _sides(graph: nx.Graph) -> dict[str, int] | tuple[str, str]:
    try:
        colours: dict[str, int] = nx.bipartite.color(graph)
        return colours
    except nx.NetworkXError:
        odd = next(c for c in nx.cycle_basis(graph) if len(c) % 2)
        return odd[0], odd[1]


def _lighter(side: dict[str, int], used: dict[Source, int]) -> int:
    """Turn the sides so that both banks hold about as many arrays."""
    first = sum(value == 0 for value in side.values())
    second = len(side) - first
    straight = max(used[Source.X] + first, used[Source.Y] + second)
    crossed = max(used[Source.X] + second, used[Source.Y] + first)
    return int(crossed < straight)
