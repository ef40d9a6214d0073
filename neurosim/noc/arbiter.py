"""Deciding who goes first, once a cycle, among all that asked in that cycle.

SimPy itself grants whoever asked first in the order of events, which hardware does not do. Here
requests of a cycle are collected, and an event of lower priority at the same cycle decides.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import simpy

AFTER_ALL = simpy.events.EventPriority(2)  # SimPy's own events have priority 0 and 1


class Clock(simpy.Environment):
    """Simulated time in whole cycles."""

    @property
    def now(self) -> int:
        """The current cycle."""
        return self._now  # type: ignore[return-value]  # no delay is ever a fraction

    @property
    def pending(self) -> list[Any]:
        """The events to come, a heap; the cycle of the next is ``pending[0][0]``."""
        return self._queue

    def play(self) -> int:
        """Run until nothing is left to happen; return how many events that took."""
        collecting = gc.isenabled()
        gc.disable()  # it would go through all that a large network is made of, again and again
        try:
            return self._play()
        finally:
            if collecting:
                gc.enable()

    def _play(self) -> int:
        """Do what SimPy's own ``step`` does, without asking for one event at a time."""
        events, queue = 0, self._queue
        while queue:
            self._now, _, _, event = heappop(queue)
            callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
            for callback in callbacks:
                callback(event)
            if not event._ok:
                raise event._value
            events += 1
        return events

    def call(
        self,
        function: Callable[[], object],
        delay: int = 0,
        priority: simpy.events.EventPriority = simpy.events.NORMAL,
    ) -> None:
        """Call a function after some cycles; one event."""
        entry: Any = (self._now + delay, priority, next(self._eid), Call(function))
        heappush(self._queue, entry)


class Call:
    """An event that calls a function: as much of SimPy's Event as its queue asks for."""

    __slots__ = ("callbacks", "function")
    _ok, _defused = True, True

    def __init__(self, function: Callable[[], object]) -> None:
        self.function = function
        self.callbacks = (self,)

    def __call__(self, _: object) -> None:
        """Happen."""
        self.function()


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
        self._round: list[tuple[int, int, int, Any]] = []  # who is served in this round
        self._next: list[tuple[int, int, int, Any]] = []  # and who has to wait for another
        self._asked = 0
        self.last = -1  # who was served last

    def request(self, requester: int, item: Any) -> None:
        """Ask for a turn."""
        self._asked += 1
        late = self.policy == "round_robin" and requester <= self.last
        heappush(
            self._next if late else self._round, (requester, self._asked, self.clock.now, item)
        )
        if not self.busy and not self.deciding:
            self._decide_later()

    def release(self) -> None:
        """End the turn; the next is decided in this cycle, after all its requests."""
        self.busy = False
        if (self._round or self._next) and not self.deciding:
            self._decide_later()

    def _decide_later(self) -> None:
        self.deciding = True
        self.clock.call(self._decide, priority=AFTER_ALL)

    def _decide(self) -> None:
        self.deciding = False
        fair = self.policy == "round_robin"
        while fair and self._round and self._round[0][0] == self.last:  # its next turn comes later
            heappush(self._next, heappop(self._round))
        if not self._round:
            self._round, self._next = self._next, self._round
        self.last, _, since, item = heappop(self._round)
        self.waited_cycles += self.clock.now - since
        self.busy = True
        self.serve(item)
