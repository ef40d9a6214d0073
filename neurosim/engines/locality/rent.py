"""Rent's exponent of a network: how fast the edges of a part grow with its units.

Landman and Russo found that parts of B blocks of a well partitioned circuit have ``T = t B^p``
terminals, p the less the more local its wiring is: about ``1 - 1/d`` on a grid of d dimensions, 1
where everyone is joined to everyone (B. S. Landman and R. L. Russo, "On a pin versus block
relationship for partitions of logic graphs", IEEE Transactions on Computers C-20(12), 1971, doi
10.1109/T-C.1971.223159). Here the blocks are units, the parts come from recursive bisection, and a
terminal is an edge, in either direction, between a unit of the part and one outside. As there,
the largest parts are left out of the fit (region II): those of more than a sixteenth of the units,
which lie at the edge of the network and lack terminals there.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from neurosim.engines.mapping.bisection import Nodes, split, symmetric
from neurosim.model.network import Network

_LARGEST = 1 / 16  # share of the units in the largest parts that are fitted,
_LEAST = 2  # and units in them, however small the network


class Rent(NamedTuple):
    """Rent's exponent, and the points of its fit.

    ``points`` are geometric means of (units, terminals) over the parts of one level, the whole
    network left out; ``exponent`` is None where fewer than two levels can be fitted.
    """

    exponent: float | None
    points: tuple[tuple[float, float], ...]

    def as_dict(self) -> dict[str, object]:
        """Return the figures by name."""
        return {"exponent": self.exponent, "points": [list(point) for point in self.points]}


def rent(network: Network, seed: int = 0) -> Rent:
    """Cut a network in two again and again, and fit Rent's rule to the edges that are cut."""
    units = len(network.units)
    sources, destinations = _edges(network)
    joined = symmetric(sources, destinations, np.ones(len(sources)), units)
    rng = np.random.default_rng(seed)
    blocks, points = [np.arange(units)], []
    while max(map(len, blocks)) > 1:
        blocks = [
            half
            for block in blocks
            for half in split(joined, block, len(block) // 2, rng)
            if len(half)
        ]
        points.append(_point(blocks, sources, destinations, units))
    known = [point for point in reversed(points) if point is not None]
    return Rent(_slope([p for p in known if p[0] <= max(_LEAST, units * _LARGEST)]), tuple(known))


def _edges(network: Network) -> tuple[Nodes, Nodes]:
    """Return the edges from unit to unit."""
    units = [n for n in network.neurons if not n.is_input]
    heard = [np.array(n.units, dtype=np.int64) for n in units]
    return np.concatenate(heard), np.repeat(np.arange(len(units)), [len(each) for each in heard])


def _point(
    blocks: list[Nodes], sources: Nodes, destinations: Nodes, units: int
) -> tuple[float, float] | None:
    """Return the mean size and terminals of the parts of a level that have terminals at all."""
    label = np.empty(units, dtype=np.int64)
    for number, block in enumerate(blocks):
        label[block] = number
    cut = label[sources] != label[destinations]
    terminals = np.bincount(label[sources[cut]], minlength=len(blocks))
    terminals += np.bincount(label[destinations[cut]], minlength=len(blocks))
    joined = terminals > 0
    if not joined.any():
        return None
    sizes = np.array([len(block) for block in blocks])
    return _mean(sizes[joined]), _mean(terminals[joined])


def _mean(values: Nodes) -> float:
    return math.exp(float(np.log(values).mean()))


def _slope(points: list[tuple[float, float]]) -> float | None:
    """Return the slope of the least squares line through the logarithms; 0 where it falls."""
    sizes = np.log([size for size, _ in points])
    if len(points) < 2 or np.ptp(sizes) < 1e-9:
        return None
    slope = np.polyfit(sizes, np.log([terminals for _, terminals in points]), 1)[0]
    return max(0.0, float(slope))
