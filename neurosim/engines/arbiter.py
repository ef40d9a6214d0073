"""Deciding who goes first, once a cycle, among all that asked in that cycle.

SimPy itself grants whoever asked first in the order of events, which hardware does not do. Here
requests of a cycle are collected, and an event of lower priority at the same cycle decides.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from typing import Any

import simpy

AFTER_ALL = simpy.events.EventPriority(2)  # SimPy's own events have priority 0 and 1


class Clock(simpy.Environment):
    """Simulated time in whole cycles."""

    @property
    def now(self) -> int:
        """The current cycle."""
        return int(self._now)

    def play(self) -> int:
        """Run until nothing is left to happen; return how many events that took."""
        events = 0
        try:
            while True:
                self.step()
                events += 1
        except simpy.core.EmptySchedule:
            return events

    def call(
        self,
        function: Callable[[], None],
        delay: int = 0,
        priority: simpy.events.EventPriority = simpy.events.NORMAL,
    ) -> None:
        """Call a function after some cycles; one event."""
        event = simpy.Event(self)
        event._ok, event._value = True, None
        assert event.callbacks is not None

        def fire(_: simpy.Event) -> None:
            function()

        event.callbacks.append(fire)
        self.schedule(event, priority, delay)


class Arbiter:
    """A thing that serves one request at a time.

    Parameters
    ----------
    clock
        Simulated time.
    serve
        Called with the winner's item when its turn comes; whoever serves calls ``release``.
    policy
        ``round_robin`` (the next requester after the last winner) or ``fixed_priority`` (the
        lowest one). Requesters are numbers; each may have several requests waiting, which are
        served first in, first out.
    """

    def __init__(
        self, clock: Clock, serve: Callable[[Any], None], policy: str = "round_robin"
    ) -> None:
        self.clock, self.serve, self.policy = clock, serve, policy
        self.busy = self.deciding = False
        self.waited_cycles = 0
        self._waiting: list[tuple[int, int, int, Any]] = []
        self._asked = 0
        self._last = -1

    def request(self, requester: int, item: Any) -> None:
        """Ask for a turn."""
        self._asked += 1
        insort(self._waiting, (requester, self._asked, self.clock.now, item))
        self._decide_later()

    def release(self) -> None:
        """End the turn; the next is decided in this cycle, after all its requests."""
        self.busy = False
        self._decide_later()

    def _decide_later(self) -> None:
        if self._waiting and not self.busy and not self.deciding:
            self.deciding = True
            self.clock.call(self._decide, priority=AFTER_ALL)

    def _decide(self) -> None:
        self.deciding = False
        place = 0
        if self.policy == "round_robin":
            place = bisect_left(self._waiting, (self._last + 1,)) % len(self._waiting)
        self._last, _, since, item = self._waiting.pop(place)
        self.waited_cycles += self.clock.now - since
        self.busy = True
        self.serve(item)
