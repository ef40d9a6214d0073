"""What both tiers of a network on chip share: their face, and how they keep step with SimPy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurosim.machine.description import Noc, Tiles
from neurosim.noc.arbiter import AFTER_ALL, Clock
from neurosim.noc.packets import Train
from neurosim.noc.topology import Topology

NEVER = 1 << 62
INJECTION_CYCLES = 2
"""From a network interface into the router beside it: on the wire, and taken in."""


def hop_cycles(noc: Noc) -> int:
    """Return the cycles from a head's arrival in one router to that in the next, unhindered."""
    return last_hop_cycles(noc) + noc.link_latency - 1


def last_hop_cycles(noc: Noc) -> int:
    """Return the cycles from a head's arrival in its last router until it is out."""
    return noc.routing_delay + noc.vc_alloc_delay + noc.sw_alloc_delay + noc.st_final_delay + 1


def credit_cycles(noc: Noc) -> int:
    """Return the cycles from a flit's leaving a buffer until its place can be promised again."""
    return noc.link_latency + 1 + noc.credit_delay


def channels_each(noc: Noc) -> int:
    """Return how many virtual channels a packet may choose from; a ring has two classes."""
    return noc.num_vcs // 2 if noc.topology == "ring" else noc.num_vcs


def packet_gap_cycles(noc: Noc) -> int:
    """Return the idle cycles between two packets that share a virtual channel.

    A channel is allocated anew when the tail has left; with several of them, the next packet has
    been allocated another one meanwhile.
    """
    return noc.routing_delay + noc.vc_alloc_delay if channels_each(noc) == 1 else 0


def zero_load_cycles(noc: Noc, hops: int, message: Train) -> int:
    """Return how long a message takes through an empty network, creation to last flit.

    With BookSim's usual delays a packet of L flits over d links takes ``4 d + L + 5``. Holds where
    a buffer covers the round trip of a credit.
    """
    head = INJECTION_CYCLES + hops * hop_cycles(noc) + last_hop_cycles(noc)
    gaps = (message.packets - 1) * packet_gap_cycles(noc)
    return head + (message.flits - 1) * noc.sw_alloc_delay + gaps


class Network(ABC):
    """A network on chip beside a SimPy clock.

    A tier simulates its cycles in one go up to the next event of the clock, since nothing can be
    sent before, and never past the next arrival, which may send more. A cycle is simulated once
    the clock is past it. While the network is empty it costs nothing.

    Parameters
    ----------
    clock
        Simulated time.
    noc, tiles
        The network.
    arrived
        Called with a message's tag in the cycle in which its last flit is out.
    """

    def __init__(
        self, clock: Clock, noc: Noc, tiles: Tiles, arrived: Callable[[int], None]
    ) -> None:
        self.clock, self.noc, self.arrived = clock, noc, arrived
        self.topology = Topology(noc, tiles)
        self.packets = self.flits_in = self.flits_out = 0
        self._due = NEVER
        self._telling: dict[int, list[tuple[Callable[[int], None], int]]] = {}

    @property
    @abstractmethod
    def link_flits(self) -> NDArray[np.int64]:
        """Flits that crossed each link, shape (links,)."""

    @property
    def flit_hops(self) -> int:
        """Flits times the links they crossed."""
        return int(self.link_flits.sum())

    @abstractmethod
    def send(self, tag: int, source: int, destination: int, train: Train) -> None:
        """Put a message into the queue of its source, in this cycle."""

    @abstractmethod
    def _advance(self) -> int:
        """Simulate what comes before the clock's next event; return what cycle is next."""

    def _wake(self, cycle: int) -> None:
        """Have a cycle simulated as soon as the clock is past it."""
        if cycle + 1 < self._due:
            self._due = cycle + 1
            self.clock.call(self._step, self._due - self.clock.now, AFTER_ALL)

    def _step(self) -> None:
        if self.clock.now == self._due:  # otherwise an earlier call has done it
            self._due = NEVER
            following = self._advance()
            if following != NEVER:
                self._wake(following)

    def _horizon(self) -> int:
        """Return the cycle of the clock's next event."""
        peek = self.clock.peek()
        return NEVER if peek > NEVER else int(peek)

    def _tell_at(self, cycle: int, told: Callable[[int], None], tag: int) -> None:
        """Call with a message's tag when a cycle comes."""
        if cycle in self._telling:
            self._telling[cycle].append((told, tag))
        else:
            self._telling[cycle] = [(told, tag)]
            self.clock.call(self._tell, cycle - self.clock.now)

    def _tell(self) -> None:
        for told, tag in self._telling.pop(self.clock.now):
            told(tag)
