"""The cycle tier: flit by flit through routers with buffers, virtual channels and credits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurosim.machine.description import Noc, Tiles
from neurosim.noc import kernel
from neurosim.noc.arbiter import Clock
from neurosim.noc.kernel import NO_CYCLE, NOTHING
from neurosim.noc.network import NEVER, Network, hop_cycles
from neurosim.noc.packets import Train, cut
from neurosim.noc.routers import Ints, at_rest, port_of_link, records
from neurosim.noc.topology import Topology

PATIENCE = 100_000  # hops that a flit could do while no flit comes out


class Flits:
    """A network of routers by itself: packets are added, cycles are run.

    Parameters
    ----------
    noc
        Delays, buffers and virtual channels.
    topology
        Tiles and links.
    """

    def __init__(self, noc: Noc, topology: Topology) -> None:
        self.topology = topology
        self._patience = PATIENCE * hop_cycles(noc)
        self.net = at_rest(noc, topology)
        self.packets = records("packets", 0)
        self.count = 0

    @property
    def now(self) -> int:
        """The first cycle that is not yet simulated."""
        return int(self.net.registers[kernel.NOW])

    @property
    def link_flits(self) -> NDArray[np.int64]:
        """Flits that crossed each link, shape (links,)."""
        crossed = self.net.port.crossed[port_of_link(self.topology)]
        return np.array([crossed.sum()]) if self.topology.kind == "bus" else crossed

    @property
    def empty(self) -> bool:
        """Whether nothing waits or moves."""
        waiting = (self.net.tiles.waiting != NOTHING).any()
        return not waiting and self.register(kernel.BUSY) == 0

    def arrivals(self) -> Ints:
        """Return by packet the cycle in which its last flit was out, or -1."""
        return np.array(self.packets.arrived[: self.count])

    def register(self, number: int) -> int:
        """Return what a register of the kernel holds."""
        return int(self.net.registers[number])

    def add(
        self,
        source: Ints,
        destination: Ints,
        flits: Ints,
        created: Ints,
        train: Ints | None = None,
    ) -> None:
        """Put packets into the queues of their sources, in order; ``created`` never falls.

        All are arrays of the same shape; ``train`` are numbers of messages, from 0 on without gap.
        """
        first = self.count
        self.count += len(source)
        if self.count > len(self.packets):
            grown = records("packets", max(self.count, 2 * first, 1024))
            grown[:first] = self.packets[:first]
            self.packets = grown
        here = self.packets[first : self.count]
        here.source, here.destination, here.flits, here.created = (
            source,
            destination,
            flits,
            created,
        )
        here.entered = here.arrived = here.following = here.train = NOTHING
        if train is not None:
            here.train, here.left = train, 0
            np.add.at(self.packets.left, train, 1)
        kernel.queue_up(self.net, self.packets, first, self.count)

    def run(self, until: int) -> int:
        """Simulate up to a cycle, exclusive, but not past a train's end; return the next cycle.

        Raises
        ------
        RuntimeError
            When flits wait for each other for ever: a mistake in the routing.
        """
        while True:
            out = self.register(kernel.FLITS_OUT)
            pause = min(until, self.now + self._patience, NO_CYCLE)
            following = int(kernel.run(self.net, self.packets, pause))
            if following >= until or following == NO_CYCLE or self.register(kernel.ENDED):
                return following
            if self.register(kernel.BUSY) and self.register(kernel.FLITS_OUT) == out:
                raise RuntimeError(f"no flit came out in {self._patience:,} cycles: a deadlock")

    def ended(self) -> list[tuple[int, int]]:
        """Return the trains that ended since the last call, with the cycle of their last flit."""
        count = self.register(kernel.ENDED)
        self.net.registers[kernel.ENDED] = 0
        trains, cycles = self.net.ended[:, :count].tolist()
        return list(zip(trains, cycles, strict=True))

    def forget(self) -> None:
        """Drop the packets, which are all out."""
        self.count = 0


class CycleNetwork(Network):
    """A network on chip simulated flit by flit; see `Network`."""

    def __init__(
        self, clock: Clock, noc: Noc, tiles: Tiles, arrived: Callable[[int], None]
    ) -> None:
        super().__init__(clock, noc, tiles, arrived)
        self._flits = Flits(noc, self.topology)
        self._tags: dict[int, int] = {}
        self._trains = 0
        self._coming: list[tuple[int, int, int, int, int]] = []

    @property
    def link_flits(self) -> NDArray[np.int64]:
        """Flits that crossed each link, shape (links,)."""
        return self._flits.link_flits

    def send(self, tag: int, source: int, destination: int, train: Train) -> None:
        """Put a message into the queue of its source, in this cycle."""
        if not self._tags:
            self._flits.forget()
            self._trains = 0
        now, number = self.clock.now, self._trains
        self._trains += 1
        self._tags[number] = tag
        for flits in cut(train, self.noc.max_packet_flits):
            self._coming.append((source, destination, flits, now, number))
        self.packets += train.packets
        self.flits_in += train.flits
        self._wake(now)

    def _advance(self) -> int:
        if self._coming:
            self._flits.add(*np.array(self._coming, np.int64).T)
            self._coming.clear()
        while True:
            following = self._flits.run(self._horizon())
            ended = self._flits.ended()
            for train, cycle in ended:
                self._tell_at(cycle, self.arrived, self._tags.pop(train))
            if not ended:
                self.flits_out = self._flits.register(kernel.FLITS_OUT)
                return following if self._tags else NEVER
