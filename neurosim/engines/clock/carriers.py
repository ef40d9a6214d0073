"""What carries messages: a bus, links, or a network between tiles, behind one interface.

A carrier is handed consignments whose words are there, and says when each shipment has arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from neurosim.engines.activity import LinkActivity
from neurosim.engines.clock.recorder import Recorder
from neurosim.engines.clock.routed import FlitCarrier, NocCarrier
from neurosim.engines.clock.score import Score
from neurosim.machine import Bus, Noc
from neurosim.noc.arbiter import Arbiter, Clock

Arrived = Callable[[int], None]


class Carrier(Protocol):
    """Carries consignments, by number."""

    def launch(self, consignment: int) -> None:
        """Take a consignment, now."""
        ...

    def account(self) -> LinkActivity:
        """Return what was carried since the beginning."""
        ...


class BusCarrier:
    """One medium for all, a message at a time."""

    def __init__(
        self,
        score: Score,
        clock: Clock,
        arrived: Arrived,
        bus: Bus,
        recorder: Recorder | None = None,
    ) -> None:
        self.score, self.clock, self.arrived, self.recorder = score, clock, arrived, recorder
        self.activity = LinkActivity("bus")
        self._arbiter = Arbiter(clock, self._carry, bus.arbitration)
        self._carried = -1

    def launch(self, consignment: int) -> None:
        """Ask for the bus; what a neuron sends itself needs none."""
        made = self.score.freight.consignments[consignment]
        shipment = made.shipments[0]
        if self.score.freight.shipments[shipment].cycles:
            self._arbiter.request(self.score.mail.sendings[made.sends[0]].neuron, shipment)
        else:
            self.arrived(shipment)

    def account(self) -> LinkActivity:
        """Return what the bus carried."""
        self.activity.waited_cycles = self._arbiter.waited_cycles
        self.activity.bound_cycles = self.activity.busy_cycles
        return self.activity

    def _carry(self, number: int) -> None:
        """Use the bus for one message, from now on."""
        shipment = self.score.freight.shipments[number]
        _note(self.activity, shipment.carried, shipment.cycles)
        if self.recorder is not None:
            self.recorder.carry(number)
        self._carried = number
        self.clock.call(self._arrive, shipment.cycles)

    def _arrive(self) -> None:
        self.arrived(self._carried)
        self._arbiter.release()


class LinksCarrier:
    """A link of its own for every message."""

    def __init__(
        self, score: Score, clock: Clock, arrived: Arrived, recorder: Recorder | None = None
    ) -> None:
        self.score, self.clock, self.arrived, self.recorder = score, clock, arrived, recorder
        self.activity = LinkActivity("links")

    def launch(self, consignment: int) -> None:
        """Send a message off."""
        number = self.score.freight.consignments[consignment].shipments[0]
        shipment = self.score.freight.shipments[number]
        if not shipment.cycles:
            self.arrived(number)
            return
        _note(self.activity, shipment.carried, shipment.cycles)
        if self.recorder is not None:
            self.recorder.carry(number)
        self.activity.bound_cycles = max(self.activity.bound_cycles, shipment.cycles)
        self.clock.call(lambda: self.arrived(number), shipment.cycles)

    def account(self) -> LinkActivity:
        """Return what the links carried."""
        return self.activity


def carrier_for(
    score: Score, clock: Clock, arrived: Arrived, tier: str, recorder: Recorder | None = None
) -> Carrier:
    """Return what carries the messages of a score on its machine."""
    medium = score.machine.interconnect
    if isinstance(medium, Noc):
        kind = FlitCarrier if tier == "cycle" else NocCarrier
        return kind(score, clock, arrived, medium, recorder)
    if isinstance(medium, Bus):
        return BusCarrier(score, clock, arrived, medium, recorder)
    return LinksCarrier(score, clock, arrived, recorder)


def _note(activity: LinkActivity, words: int, cycles: int) -> None:
    activity.bursts += 1
    activity.words += words
    activity.busy_cycles += cycles
