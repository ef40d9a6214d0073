"""Who takes note of what happens while a step is simulated.

The clocked engine tells a recorder, where it has one, of everything that takes time: bursts, waits,
messages, and the use of what neurons share. Times are cycles of the engine's clock. A neuron's
bursts may be told ahead of time; nothing is ever told more than `LATE` cycles after it began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # these tell recorders
    from neurosim.engines.clock.score import Burst, Score
    from neurosim.noc.arbiter import Clock

LATE = 1
"""Cycles by which a link's use is told too late: a network simulates a cycle once it is over."""


class Recorder(Protocol):
    """Takes note of a step, now being ``clock.now``."""

    @property
    def full(self) -> bool:
        """Whether it has no room for another step."""
        ...

    def skip(self, steps: int, cycles: int) -> None:
        """Steps that nobody wants to see took so many cycles."""
        ...

    def begin(self, score: Score, clock: Clock) -> None:
        """A step begins."""
        ...

    def end(self, cycles: int) -> None:
        """The step that began that many cycles ago ends."""
        ...

    def compute(self, neuron: int, burst: Burst, start: int) -> None:
        """A neuron does a burst by itself, from ``start`` on, for ``burst.cycles``."""
        ...

    def wait(self, neuron: int, kind: str, burst: Burst) -> None:
        """A neuron begins to wait with a burst, for what ``NeuronActivity`` calls ``kind``."""
        ...

    def go_on(self, neuron: int) -> None:
        """A neuron waits no longer."""
        ...

    def work(self, neuron: int, burst: Burst) -> None:
        """A neuron begins a burst for which it has all that others use too."""
        ...

    def rest(self, neuron: int) -> None:
        """That burst is done."""
        ...

    def finish(self, neuron: int) -> None:
        """A neuron has done its last burst of the step."""
        ...

    def take(self, bank: tuple[str, int], neuron: int, cycles: int) -> None:
        """A neuron gets a shared memory, whose ports it needs for so many cycles."""
        ...

    def release(self, bank: tuple[str, int]) -> None:
        """A shared memory is free again."""
        ...

    def launch(self, consignment: int) -> None:
        """A consignment leaves its senders."""
        ...

    def deliver(self, shipment: int) -> None:
        """A shipment has arrived."""
        ...

    def carry(self, shipment: int) -> None:
        """The bus, or a link of its own, begins to carry a shipment for ``shipment.cycles``."""
        ...

    def cross(self, link: int, shipment: int, start: int, cycles: int) -> None:
        """All flits of a shipment cross a link between tiles, from ``start`` on."""
        ...

    def serve(self, requester: int, bits: int, cycles: int) -> None:
        """The memory off the chip begins to serve a neuron."""
        ...
