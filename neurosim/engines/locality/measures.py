"""How local a rule is on a machine: where its words lie, how far they go, how soon they are used.

``docs/locality.md`` defines every figure. They follow from programs and places: nothing is
simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.locality.footprint import Footprint, footprint
from neurosim.engines.locality.rent import Rent, rent
from neurosim.engines.locality.reuse import Reuse, reuse
from neurosim.engines.locality.roofline import Level, roofline
from neurosim.engines.locality.traffic import Traffic, carried, grouped, traffic
from neurosim.engines.mapping.placement import carried_hop_words, distances, place
from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import Rule
from neurosim.machine import Machine, Noc
from neurosim.model.arithmetic import Number
from neurosim.model.network import Network
from neurosim.noc.topology import Topology

MOST_ROWS = 64
"""Rows of a traffic matrix that is to be looked at."""


class Link(NamedTuple):
    """A link between two routers, and the words that cross it in a step."""

    source: int
    destination: int
    words: int


class Hops(NamedTuple):
    """How far words go.

    Attributes
    ----------
    words
        Words by the links between the neurons that say and hear them; their sum is ``words_sent``.
    hop_words
        Words times links: what would cross links if every neuron got a copy of its own.
    carried_hop_words
        The same where what a neuron says to several on one tile goes there once.
    busiest
        The link that most of the carried words cross; None where there are no routers.
    """

    words: dict[int, int]
    hop_words: int
    carried_hop_words: int
    busiest: Link | None


@dataclass(frozen=True)
class Locality:
    """Everything about the locality of one step that follows from programs and places.

    Attributes
    ----------
    counts
        The closed forms.
    names, traffic, tiles
        The neurons, what they say, and the tile of each, shape (neurons,).
    hops, reuse, roofline, footprint, rent
        See there; ``reuse`` is None for programs of too many accesses.
    """

    counts: Counts
    names: tuple[str, ...]
    traffic: Traffic
    tiles: NDArray[np.int64]
    hops: Hops
    reuse: Reuse | None
    roofline: tuple[Level, ...]
    footprint: Footprint
    rent: Rent

    @property
    def local_access_ratio(self) -> float:
        """Accesses to own memories over all, words from other neurons included."""
        return self.counts.local_access_ratio

    @property
    def remote_words_per_multiplication(self) -> float:
        """Words sent for each product."""
        return self.counts.words_sent / max(self.counts.multiplications, 1)

    def heat_map(self) -> tuple[list[str], NDArray[np.int64]]:
        """Return names and words from row to column, with at most ``MOST_ROWS`` rows.

        A row of more neurons than one has as many of them as the others, in order.
        """
        many = -(-len(self.names) // MOST_ROWS)
        members = [self.names[n : n + many] for n in range(0, len(self.names), many)]
        names = [_label(each[0], each[-1]) for each in members]
        group = np.arange(len(self.names)) // many
        return names, grouped(self.traffic.matrix(), group, len(members))

    def as_dict(self) -> dict[str, Any]:
        """Return what a report draws, as JSON can hold it."""
        names, words = self.heat_map()
        found: dict[str, Any] = {
            "local_access_ratio": self.local_access_ratio,
            "remote_words_per_multiplication": self.remote_words_per_multiplication,
            "hop_words": self.hops.hop_words,
            "carried_hop_words": self.hops.carried_hop_words,
            "words_by_kind": self.traffic.by_kind,
            "traffic": {"names": names, "words": words.tolist()},
            "hops": {str(hops): words for hops, words in self.hops.words.items()},
            "roofline": [level.as_dict() for level in self.roofline],
            "footprint": self.footprint.as_dict(),
        }
        if self.rent.exponent is not None:
            found["rent"] = self.rent.as_dict()
        if self.hops.busiest is not None:
            found["busiest_link"] = self.hops.busiest._asdict()
        if self.reuse is not None:
            found["reuse"] = self.reuse.as_dict()
        return found


def locality(network: Network, rule: Rule, machine: Machine, number: Number) -> Locality:
    """Find out how local a rule is on a machine, in its dearest step where steps differ.

    Raises
    ------
    UserError
        When neurons cannot be placed, or what they keep does not fit.
    """
    units = len(network.units)
    machine, rule = machine.on(units), machine.as_run(rule).for_units(units)
    messages, tiles = traffic(network, rule), place(network, rule, machine)
    return Locality(
        counts=rule.counted_at(Census.of(network), rule.beats[-1].phase),
        names=tuple(neuron.name for neuron in network.neurons),
        traffic=messages,
        tiles=tiles,
        hops=_hops(messages, tiles, machine),
        reuse=reuse(network, rule),
        roofline=roofline(network, rule, machine, number, messages, tiles),
        footprint=footprint(network, rule, machine, number, tiles),
        rent=rent(network),
    )


def profile(network: Network, rule: Rule, machine: Machine, number: Number) -> dict[str, Any]:
    """Return the locality of a rule as a report draws it."""
    return locality(network, rule, machine, number).as_dict()


def _hops(messages: Traffic, tiles: NDArray[np.int64], machine: Machine) -> Hops:
    if not isinstance(machine.interconnect, Noc):  # any two neurons are one hop apart
        total = messages.total
        return Hops({1: total} if total else {}, total, total, None)
    topology = Topology(machine.interconnect, machine.tiles)
    far = distances(machine)
    crossed = far[tiles[messages.source], tiles[messages.destination]]
    counted = np.bincount(crossed, messages.words).astype(np.int64).tolist()
    return Hops(
        words={hops: words for hops, words in enumerate(counted) if words},
        hop_words=int((crossed * messages.words).sum()),
        carried_hop_words=carried_hop_words(messages, tiles, far),
        busiest=_busiest(carried(messages, tiles, len(far)), topology),
    )


def _busiest(words: NDArray[np.int64], topology: Topology) -> Link | None:
    loads = topology.loads(words.astype(float))
    if not loads.any():
        return None
    most = int(loads.argmax())
    return Link(*topology.links[most], int(loads[most]))


def _label(first: str, last: str) -> str:
    return first if first == last else f"{first}..{last}"
