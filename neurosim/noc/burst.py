"""The burst tier: a message moves as a whole, and an event is a router that its head reaches.

A head that reaches a router waits for the link ahead, first come first served, and then holds it
for as long as all flits of the message need. What it holds and how long follows from the routers
of the cycle tier (`docs/noc.md`): the same delays, the same gap between packets that share a
virtual channel, and with one such channel a message that waits holds up those behind it. A message
that waits also fills the buffer behind it and so keeps the link before it, but no link further
back. Counts are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from neurosim.machine.description import Noc, Tiles
from neurosim.noc.arbiter import Clock
from neurosim.noc.network import (
    INJECTION_CYCLES,
    NEVER,
    Network,
    channels_each,
    credit_cycles,
    hop_cycles,
    last_hop_cycles,
    packet_gap_cycles,
)
from neurosim.noc.packets import Train

# Told of a link, a message, and from when for how many cycles all of its flits cross.
Crossed = Callable[[int, int, int, int], None]


class _Message:
    """A message on its way.

    ``ahead`` are the wires it has yet to take, the last first, ``behind`` is the one its head came
    over; ``hold`` is how long it holds a wire, ``tail`` how long after the head the last flit is,
    and ``first`` the last flit of its first packet.
    """

    __slots__ = ("ahead", "behind", "first", "flits", "hold", "tag", "tail")

    def __init__(
        self, tag: int, ahead: list[int], flits: int, hold: int, tail: int, first: int
    ) -> None:
        self.tag, self.behind, self.ahead = tag, ahead.pop(), ahead
        self.flits, self.hold, self.tail, self.first = flits, hold, tail, first


class BurstNetwork(Network):
    """A network on chip in which messages move as bursts; see `Network`.

    Attributes
    ----------
    relayed, passing
        Tags of messages that are passed on where they arrive, and what is called with the tag of
        such a one when its first packet is out.
    """

    def __init__(
        self, clock: Clock, noc: Noc, tiles: Tiles, arrived: Callable[[int], None]
    ) -> None:
        super().__init__(clock, noc, tiles, arrived)
        # wires are numbered: links, then those into routers, then those out of them
        wires = len(self.topology.links) + 2 * self.topology.nodes
        self._free, self._passed = [0] * wires, [0] * wires
        self._ways: dict[int, tuple[int, ...]] = {}
        self._sent: dict[int, int] = {}
        self._heads: dict[int, list[_Message]] = {}
        self._cycles: list[int] = []
        self.crossed: Crossed | None = None
        self.relayed: Container[int] = ()
        self.passing: Callable[[int], None] = arrived
        self._pace, self._gap = noc.sw_alloc_delay, packet_gap_cycles(noc)
        self._asking = noc.routing_delay + noc.vc_alloc_delay
        self._moving = hop_cycles(noc) - self._asking
        self._leaving = last_hop_cycles(noc) - self._asking
        self._single = channels_each(noc) == 1
        self._room = channels_each(noc) * noc.vc_buf_size - credit_cycles(noc)

    @property
    def link_flits(self) -> NDArray[np.int64]:
        """Flits that cross each link, shape (links,)."""
        crossing = np.zeros(len(self.topology.links), np.int64)
        for key, flits in self._sent.items():
            source, destination = divmod(key, self.topology.nodes)
            if source != destination:
                way = self._ways[key]
                crossing[list(way[:1] if self.topology.switched else way[1:-1])] += flits
        return crossing

    def send(self, tag: int, source: int, destination: int, train: Train) -> None:
        """Put a message into the queue of its source, in this cycle."""
        key = source * self.topology.nodes + destination
        way = self._ways.get(key) or self._find(key, source, destination)
        packets, flits = train
        self._sent[key] += flits
        self.packets += packets
        self.flits_in += flits
        hold = flits * self._pace + packets * self._gap
        first = (min(self.noc.max_packet_flits, flits - packets + 1) - 1) * self._pace
        message = _Message(tag, list(way), flits, hold, hold - self._pace - self._gap, first)
        start = max(self.clock.now, self._free[message.behind])
        self._free[message.behind] = start + hold
        cycle = start + INJECTION_CYCLES
        if cycle in self._heads:
            self._heads[cycle].append(message)
        else:
            self._heads[cycle] = [message]
            heappush(self._cycles, cycle)
            self._wake(cycle)

    def _find(self, key: int, source: int, destination: int) -> tuple[int, ...]:
        """Return the wires on a message's way, the last first."""
        links, nodes, kind = len(self.topology.links), self.topology.nodes, self.topology.kind
        out = {"bus": 0, "crossbar": destination}.get(kind, links + nodes + destination)
        between = () if self.topology.switched else self.topology.path(source, destination)
        self._ways[key] = (out, *between[::-1], links + source)
        self._sent[key] = 0
        return self._ways[key]

    def _advance(self) -> int:
        """Let the heads that reach a router in a cycle take the wires ahead of them."""
        cycles, heads, events = self._cycles, self._heads, self.clock.pending
        free, passed, crossed = self._free, self._passed, self.crossed
        asking, moving, single, room = self._asking, self._moving, self._single, self._room
        while cycles and (not events or cycles[0] < events[0][0]):
            cycle = heappop(cycles)
            asked = cycle + asking
            for message in heads.pop(cycle):
                behind, wires = message.behind, message.ahead
                message.behind = ahead = wires.pop()
                start = free[ahead]
                if start < asked:
                    start = asked
                if single and start < passed[behind]:
                    start = passed[behind]
                end = start + message.hold
                free[ahead] = passed[behind] = end
                if free[behind] < end - room:
                    free[behind] = end - room
                if crossed is not None:
                    self._record(ahead, message, start)
                if not wires:
                    self._leave(message, start + self._leaving)
                elif (reached := start + moving) in heads:
                    heads[reached].append(message)
                else:
                    heads[reached] = [message]
                    heappush(cycles, reached)
        return cycles[0] if cycles else NEVER

    def _record(self, wire: int, message: _Message, start: int) -> None:
        if self.crossed is not None and wire < len(self.topology.links):
            self.crossed(wire, message.tag, start, message.hold)

    def _leave(self, message: _Message, out: int) -> None:
        """Tell of a message whose head leaves the network in a cycle."""
        self.flits_out += message.flits
        if message.tag in self.relayed:
            self._tell_at(out + message.first, self.passing, message.tag)
        self._tell_at(out + message.tail, self.arrived, message.tag)
