"""When every pass begins: as soon as its words are there, in an order that keeps lanes busy.

Within a pass everything is fixed, so a pass begins in the first cycle in which none of its slots
reads a word that is not there yet and none wants a bus, a table or a port that is taken. Which pass
comes next is a choice among those that do not depend on one that is still to come.
"""

from __future__ import annotations

from dataclasses import dataclass

from neurosim.machine.description import Fabric
from neurosim.schedule.lowering import NEW, OLD
from neurosim.schedule.passes import Act, Operand, Pass, Slot, Source
from neurosim.schedule.pipeline import Claim, claims

Key = tuple[str, int, int]  # array, lane (-1 where all lanes have it), place
PATIENCE = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)


@dataclass(frozen=True)
class Timed:
    """A pass and the cycle of its first slot, counted from the first cycle of the step."""

    burst: Pass
    start: int


@dataclass
class Footprint:
    """What a pass reads and writes, and when, from its first slot on."""

    reads: dict[Key, int]
    writes: dict[Key, int]
    claims: frozenset[Claim]
    arrays_read: frozenset[str]
    arrays_written: frozenset[str]


def timed(passes: list[Pass], fabric: Fabric) -> tuple[tuple[Timed, ...], int]:
    """Return the passes in the best order found, with their starts, and the step's cycles."""
    prints = [footprint(p, fabric) for p in passes]
    if any(_holds(p) for p in passes):
        for burst, mark in zip(passes, prints, strict=True):
            _mind_the_scalar(burst, mark)
    before = _dependencies(prints)
    tried = (_ordered(passes, prints, before, patience) for patience in PATIENCE)
    steps, landed = min(tried, key=lambda found: found[1])
    return steps, landed + fabric.landing_cycles


def footprint(burst: Pass, fabric: Fabric) -> Footprint:
    """Work out what a pass touches."""
    if burst.take:
        return Footprint({}, {}, frozenset(), frozenset(), frozenset((OLD, "target")))
    reads: dict[Key, int] = {}
    writes: dict[Key, int] = {}
    wanted: set[Claim] = set()
    for lane, walk in enumerate(burst.active):
        own = 0
        for cycle, slot in enumerate(walk):
            own = slot.unit if slot.act is Act.LOAD else own
            wanted.update(claims(fabric, burst, slot, lane, cycle))
            for operand in _read_by(burst, slot, lane):
                key = _key(operand, lane, slot)
                reads[key] = min(cycle, reads.get(key, cycle))
            for key, ready in _written_by(burst, slot, lane, own, fabric):
                writes[key] = max(cycle + ready, writes.get(key, 0))
            own += slot.act is Act.LAST
            if burst.ride and cycle >= fabric.arrive_cycles:
                arrival = cycle - fabric.arrive_cycles + fabric.rotate_cycles
                writes[burst.ride, lane, slot.unit] = arrival
                wanted.add((f"{Source.Y} port", arrival))
            if slot.act >= Act.WORD and burst.to and burst.to.source in (Source.X, Source.Y):
                wanted.add((f"{burst.to.source} port", cycle + fabric.result_cycles))
    arrays = frozenset(key[0] for key in reads)
    return Footprint(reads, writes, frozenset(wanted), arrays, frozenset(k[0] for k in writes))


def _holds(burst: Pass) -> bool:
    """Whether a pass uses what an earlier one loaded into the scalar register."""
    uses = any(o is not None and o.source is Source.SCALAR for o in (burst.left, burst.right))
    return uses and not _loads(burst)


def _loads(burst: Pass) -> bool:
    return any(slot.act is Act.LOAD for walk in burst.walks for slot in walk)


def _mind_the_scalar(burst: Pass, mark: Footprint) -> None:
    """Keep every pass that changes the scalar register out from between a load and its use."""
    if _holds(burst):
        mark.arrays_read |= {"scalar"}
    if _loads(burst):
        mark.arrays_written |= {"scalar"}


def _read_by(burst: Pass, slot: Slot, lane: int) -> list[Operand]:
    found = []
    if slot.act is Act.LOAD and burst.scalar:
        found.append(burst.scalar)
    if slot.act >= Act.WORD:
        found += [o for o in (burst.left, burst.right, burst.plus) if o is not None]
    if burst.send and burst.sends(slot, lane):
        found.append(burst.send)
    stored = (Source.WEIGHT, Source.X, Source.Y, Source.UNIT)
    return [operand for operand in found if operand.source in stored]


def _key(operand: Operand, lane: int, slot: Slot) -> Key:
    if operand.source is Source.UNIT:
        return operand.array, -1, slot.unit
    return operand.array or "w", lane, slot.edge + operand.shift


def _written_by(
    burst: Pass, slot: Slot, lane: int, own: int, fabric: Fabric
) -> list[tuple[Key, int]]:
    found: list[tuple[Key, int]] = []
    if burst.sends(slot, lane) and not burst.give:
        found.append(((burst.send_to, -1, slot.unit), fabric.send_cycles))
    if burst.to is None or slot.act < Act.WORD or (burst.dot and slot.act is not Act.LAST):
        return found
    if burst.to.source is not Source.UNIT:
        found.append((_key(burst.to, lane, slot), fabric.result_cycles))
        return found
    unit = slot.unit if burst.to_unit else own
    heard = fabric.broadcast_cycles
    if burst.activate:
        found.append(((NEW, -1, unit), heard + fabric.activate_cycles))
        heard += fabric.slope_cycles
    found.append(((burst.to.array, -1, unit), heard))
    return found


def _dependencies(prints: list[Footprint]) -> list[set[int]]:
    """Return for each pass the earlier ones that it must come after."""
    before: list[set[int]] = []
    for n, late in enumerate(prints):
        touched = late.arrays_read | late.arrays_written
        before.append(
            {
                m
                for m, early in enumerate(prints[:n])
                if early.arrays_written & touched or early.arrays_read & late.arrays_written
            }
        )
    return before


class _Board:
    """What has been issued: when each word can be read, and which cycles are taken."""

    def __init__(self) -> None:
        self.ready: dict[Key, int] = {}
        self.taken: set[Claim] = set()
        self.free = self.landed = 0

    def earliest(self, mark: Footprint) -> int:
        """Return the first cycle in which a pass may begin."""
        ready = self.ready
        start = max(
            (ready[key] - cycle for key, cycle in mark.reads.items() if key in ready), default=0
        )
        start = max(start, self.free)
        while any((what, start + cycle) in self.taken for what, cycle in mark.claims):
            start += 1
        return start

    def issue(self, burst: Pass, mark: Footprint, start: int) -> None:
        """Take note of a pass that begins in a cycle."""
        for key, cycle in mark.writes.items():
            self.ready[key] = start + cycle
        self.taken.update((what, start + cycle) for what, cycle in mark.claims)
        self.free = start + burst.length
        last = max((cycle for _, cycle in mark.claims), default=0)
        last = max(last, *mark.writes.values(), 0)
        self.landed = max(self.landed, self.free, start + last)


def _ordered(
    passes: list[Pass], prints: list[Footprint], before: list[set[int]], patience: int
) -> tuple[tuple[Timed, ...], int]:
    """Issue the passes one by one: the first that can begin within ``patience`` of the earliest."""
    board, left, done = _Board(), list(range(len(passes))), []
    gone: set[int] = set()
    while left:
        ready = [n for n in left if before[n] <= gone]
        starts = {n: board.earliest(prints[n]) for n in ready}
        soonest = min(starts.values())
        chosen = next(n for n in ready if starts[n] <= soonest + patience)
        board.issue(passes[chosen], prints[chosen], starts[chosen])
        done.append(Timed(passes[chosen], starts[chosen]))
        left.remove(chosen)
        gone.add(chosen)
    return tuple(done), board.landed
