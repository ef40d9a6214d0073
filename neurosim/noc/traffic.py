"""Who sends to whom, and when: the usual synthetic traffic of network studies.

Reference: W. J. Dally, B. Towles, *Principles and Practices of Interconnection Networks*, Morgan
Kaufmann 2004, section 3.2. `neighbor` and `transpose` are those of BookSim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError, nearest
from neurosim.machine.description import Tiles

Ints = NDArray[np.int64]
PATTERNS = ("uniform", "neighbor", "transpose", "hotspot", "all-to-all")
EVERYBODY = "all-to-all"


class Traffic(NamedTuple):
    """Packets in the order of their creation: three arrays of one length."""

    source: Ints
    destination: Ints
    created: Ints


@dataclass(frozen=True)
class Pattern:
    """Where the tiles of a grid send to.

    ``uniform`` draws any tile, the sender itself included; ``neighbor`` is the tile one further in
    x and in y, round the edges; ``transpose`` swaps x and y; ``hotspot`` is one tile, ``spot``;
    ``all-to-all`` goes through all others in turn, beginning behind the sender.
    """

    name: str
    tiles: Tiles
    spot: int = 0

    def destinations(self, source: Ints, turn: Ints, rng: np.random.Generator) -> Ints:
        """Return where packets go; ``turn`` is each one's number among those of its source."""
        rows, cols, count = self.tiles.rows, self.tiles.cols, self.tiles.count
        y, x = np.divmod(source, cols)
        if self.name == "uniform":
            return rng.integers(0, count, len(source))
        if self.name == "neighbor":
            return np.asarray((y + 1) % rows * cols + (x + 1) % cols, np.int64)
        if self.name == "transpose":
            return np.asarray(x * cols + y, np.int64)
        if self.name == EVERYBODY:
            return np.asarray((source + 1 + turn % max(count - 1, 1)) % count, np.int64)
        return np.full(len(source), self.spot, np.int64)


def pattern(text: str, tiles: Tiles) -> Pattern:
    """Return the pattern of a name, such as ``transpose`` or ``hotspot:5``.

    Raises
    ------
    UserError
        For a name that is not known, a transpose of a grid that is not square, and a hotspot that
        is no tile.
    """
    name, colon, place = text.partition(":")
    if name not in PATTERNS or (colon and name != "hotspot"):
        known = ", ".join("hotspot:NODE" if each == "hotspot" else each for each in PATTERNS)
        raise UserError(f"--traffic: must be {known} (got {text}).{nearest(name, PATTERNS)}")
    if name == "transpose" and tiles.rows != tiles.cols:
        raise UserError(
            f"--traffic: transpose needs as many rows as columns (got {tiles.rows}x{tiles.cols})."
            " Give a square --size, or another traffic."
        )
    if name != "hotspot":
        return Pattern(name, tiles)
    if not place.isdecimal() or int(place) >= tiles.count:
        raise UserError(
            f"--traffic: hotspot:NODE needs a node from 0 to {tiles.count - 1} (got {text})."
        )
    return Pattern(name, tiles, int(place))


def bernoulli(
    who: Pattern, packets_per_cycle: float, cycles: int, rng: np.random.Generator
) -> Traffic:
    """Return packets that each tile creates in each cycle with the same probability.

    Parameters
    ----------
    who
        Where they go.
    packets_per_cycle
        The probability, from 0 to 1.
    cycles
        How long that goes on.
    rng
        Where chance comes from.
    """
    trials = cycles * who.tiles.count
    places = np.zeros(0, np.int64)
    last = -1
    while packets_per_cycle > 0 and last < trials:
        expected = int((trials - last) * packets_per_cycle * 1.05) + 100
        drawn = last + np.cumsum(rng.geometric(packets_per_cycle, expected))
        places, last = np.append(places, drawn), int(drawn[-1])
    created, source = np.divmod(places[places < trials], who.tiles.count)
    turn = _turns(source, who.tiles.count)
    return Traffic(source, who.destinations(source, turn, rng), created)


def batch(who: Pattern, size: int, rng: np.random.Generator) -> Traffic:
    """Return packets that all tiles have at cycle 0: ``size`` each, or one for every pair.

    For ``all-to-all`` it is ``size`` packets for every pair of different tiles.
    """
    count = who.tiles.count
    each = size * (count - 1) if who.name == EVERYBODY else size
    turn, source = np.divmod(np.arange(each * count), count)
    return Traffic(source, who.destinations(source, turn, rng), np.zeros(len(source), np.int64))


def _turns(source: Ints, count: int) -> Ints:
    """Return for each packet how many its source created before."""
    order = np.argsort(source, kind="stable")
    starts = np.cumsum(np.bincount(source, minlength=count)) - np.bincount(source, minlength=count)
    turn = np.empty(len(source), np.int64)
    turn[order] = np.arange(len(source)) - starts[source[order]]
    return turn
