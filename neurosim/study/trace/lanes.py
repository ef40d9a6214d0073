"""What a step of a chip of lanes looks like as a trace: a track for each lane, bus and rotator."""

from __future__ import annotations

from neurosim.schedule import Act, Schedule
from neurosim.schedule.passes import Pass
from neurosim.schedule.timing import Timed
from neurosim.study.trace.events import EventFile, Track

STEPS, LANES, CARRIERS = 1, 2, 3


class LaneTimeline:
    """Writes the passes of a schedule as trace events.

    A lane's track shows each pass from its first slot there to its last; the bus and the rotator
    show from when to when they are given words, with an arrow from every lane that gives some.

    Parameters
    ----------
    file
        Takes the events.
    plan
        The schedule, the same for every step.
    """

    def __init__(self, file: EventFile, plan: Schedule) -> None:
        self.file, self.plan = file, plan
        for number, name in ((STEPS, "steps"), (LANES, "lanes"), (CARRIERS, "bus and rotator")):
            file.group(number, name)
        self._step = file.track(STEPS, "steps")
        self._lanes = [
            file.track(LANES, f"lane {n}: {', '.join(unit.name for unit in hosts)}", n)
            for n, hosts in enumerate(plan.placement.lanes)
        ]
        names = ("stream", "bus", "rotator")
        self._stream, self._bus, self._rotator = (
            file.track(CARRIERS, name, n) for n, name in enumerate(names)
        )
        self._arrows = 0

    def step(self, number: int) -> None:
        """Show one step."""
        begin = number * self.plan.cycles
        self.file.slice(self._step, begin, self.plan.cycles, f"step {number}", "step")
        for timed in sorted(self.plan.steps, key=lambda each: each.start):
            self.file.flush(begin + timed.start)
            self._pass(timed, begin + timed.start)

    def _pass(self, timed: Timed, start: int) -> None:
        made = timed.burst
        if made.take:
            about = {"phase": made.phase, "words": made.take}
            self.file.slice(self._stream, start, made.take, made.name, "link", **about)
        sent: list[list[int]] = []
        turned: list[list[int]] = []
        for lane, walk in enumerate(made.active):
            busy = [n for n, slot in enumerate(walk) if slot.act is not Act.IDLE]
            if busy:
                self._slice(self._lanes[lane], start, busy, made, "compute", "busy_cycles")
            sent.append([n for n, slot in enumerate(walk) if made.sends(slot, lane)])
            words = (n for n, slot in enumerate(walk) if slot.act is Act.WORD)
            turned.append(list(words) if made.turns else [])
        self._carry(self._bus, start, sent, made)
        self._carry(self._rotator, start, turned, made)

    def _carry(self, track: Track, start: int, given: list[list[int]], made: Pass) -> None:
        """Show the words that lanes give in some slots to the bus or the rotator."""
        slots = sorted(slot for lane in given for slot in lane)
        if not slots:
            return
        self._slice(track, start, slots, made, "link", "words")
        for lane, mine in enumerate(given):
            if mine and made.active:
                self._arrows += 1
                begin = start + mine[0]
                self.file.flow(self._lanes[lane], begin, self._arrows, made.name)
                self.file.flow(track, begin, self._arrows, made.name, ends=True)

    def _slice(
        self, track: Track, start: int, slots: list[int], made: Pass, kind: str, counted: str
    ) -> None:
        """Show the slots of a pass in which something happens, from the first to the last."""
        about = {"phase": made.phase, counted: len(slots)}
        cycles = slots[-1] + 1 - slots[0]
        self.file.slice(track, start + slots[0], cycles, made.name, kind, **about)
