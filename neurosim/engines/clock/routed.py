"""Carriers between tiles: shipments through a network on chip, as a whole or flit by flit.

With multicast, the network interface of a tile on the way passes packets on as they come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from neurosim.engines.activity import LinkActivity
from neurosim.engines.clock.recorder import Recorder
from neurosim.engines.clock.score import Score
from neurosim.machine import Noc
from neurosim.noc.arbiter import Clock
from neurosim.noc.burst import BurstNetwork
from neurosim.noc.network import Network
from neurosim.noc.packets import Train, cut

Arrived = Callable[[int], None]
WITHIN_A_TILE = 1  # cycles of a message between two neurons of one tile


class NocCarrier:
    """Routers between tiles; messages move as bursts."""

    def __init__(
        self,
        score: Score,
        clock: Clock,
        arrived: Arrived,
        noc: Noc,
        recorder: Recorder | None = None,
    ) -> None:
        self.score, self.clock, self._deliver, self.noc = score, clock, arrived, noc
        self.shipments = score.freight.shipments
        self.network = self._built()
        if recorder is not None and isinstance(self.network, BurstNetwork):
            self.network.crossed = recorder.cross
        self.activity = LinkActivity(noc.topology)

    def launch(self, consignment: int) -> None:
        """Send off the shipments of a consignment."""
        for number in self.score.freight.consignments[consignment].first:
            shipment = self.shipments[number]
            if shipment.train is not None:
                self._send(number)
            elif shipment.received:
                self.clock.call(lambda n=number: self._deliver(n), WITHIN_A_TILE)  # type: ignore[misc]
            else:
                self._deliver(number)

    def account(self) -> LinkActivity:
        """Return what crossed the network."""
        network, activity = self.network, self.activity
        activity.packets, activity.flits = network.packets, network.flits_in
        crossed = network.link_flits
        activity.flit_hops = activity.busy_cycles = int(crossed.sum())
        activity.link_flits = crossed.tolist()
        activity.links = list(network.topology.links)
        activity.bursts, activity.words = self.score.shipped
        activity.bound_cycles = int(max(crossed.max(initial=0), self.score.busiest_port))
        return activity

    def _built(self) -> Network:
        network = BurstNetwork(self.clock, self.noc, self.score.machine.tiles, self._deliver)
        network.relayed = {n for n, shipment in enumerate(self.shipments) if shipment.onward}
        network.passing = self._pass_on
        return network

    def _pass_on(self, number: int) -> None:
        for onward in self.shipments[number].onward:
            self._send(onward)

    def _send(self, number: int) -> None:
        """Put a shipment into the network."""
        shipment = self.shipments[number]
        train = shipment.train
        assert train is not None
        self.network.send(number, shipment.source, shipment.destination, train)


class FlitCarrier(NocCarrier):
    """The same flit by flit; what is passed on moves packet by packet."""

    def _built(self) -> Network:
        from neurosim.noc.cycle import CycleNetwork  # and with it a compiler

        self._shipment_of: list[int] = []  # of the packets that move by themselves
        self._sent: Counter[int] = Counter()  # such packets, by shipment
        self._came: Counter[int] = Counter()
        return CycleNetwork(self.clock, self.noc, self.score.machine.tiles, self._arrived)

    def _send(self, number: int) -> None:
        if self.shipments[number].onward:
            self._send_packets(number, len(self._sizes(number)))
        else:
            super()._send(number)

    def _send_packets(self, number: int, until: int) -> None:
        """Put the next packets of a shipment into the network, each by itself."""
        shipment = self.shipments[number]
        for flits in self._sizes(number)[self._sent[number] : until]:
            tag = len(self.shipments) + len(self._shipment_of)
            self._shipment_of.append(number)
            self.network.send(tag, shipment.source, shipment.destination, Train(1, flits))
        self._sent[number] = until

    def _arrived(self, tag: int) -> None:
        """Pass on as large a part of a shipment as has come of the one before."""
        if tag < len(self.shipments):
            self._deliver(tag)
            return
        number = self._shipment_of[tag - len(self.shipments)]
        self._came[number] += 1
        came, packets = self._came[number], len(self._sizes(number))
        for onward in self.shipments[number].onward:
            self._send_packets(onward, came * len(self._sizes(onward)) // packets)
        if came == packets:
            self._deliver(number)

    def _sizes(self, number: int) -> list[int]:
        train = self.shipments[number].train
        assert train is not None
        return cut(train, self.noc.max_packet_flits)
