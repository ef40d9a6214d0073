"""Passes of a chip without their slots: runs of units on lanes, and where they meet on the bus.

``schedule/walks.py`` and ``schedule/timing.py`` do the same with the slots themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from neurosim.machine.description import Fabric

Claim = tuple[str, int]
"""Something that only one can have in a cycle, and the cycle."""

FABRIC = Fabric()
PATIENCE = 48  # cycles that the scheduler at most lets a pass wait for an earlier one


class Run(NamedTuple):
    """The slots of one unit in a pass.

    Attributes
    ----------
    length
        How many there are.
    claims
        What they take, and in which cycle from the first slot on.
    sends
        Slots of which one also sends a word, the first that can; none where empty.
    """

    length: int
    claims: tuple[Claim, ...]
    sends: tuple[int, ...] = ()


class Strung(NamedTuple):
    """A pass: its slots in each lane, where every run begins and ends, and what it takes."""

    rows: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    taken: frozenset[Claim]


def strung(runs: Iterable[tuple[int, Run]]) -> Strung:
    """String runs together, given with their lanes, each as early as the bus lets it."""
    taken: set[Claim] = set()
    free: dict[int, int] = {}
    starts, ends = [], []
    for lane, run in runs:
        start = free.get(lane, 0)
        while not _placed(run, start, taken):
            start += 1
        starts.append(start)
        ends.append(start + run.length)
        free[lane] = ends[-1]
    return Strung(max(ends), tuple(starts), tuple(ends), frozenset(taken))


def spoken(count: int) -> Run:
    """Return a run that loads a word, and puts every result on the bus."""
    claims = (claim for n in range(1, count + 1) for claim in _said(n + FABRIC.broadcast_cycles))
    return Run(1 + count, tuple(claims))


def summed(words: int, host: int, activated: bool = False, sends: bool = False) -> Run:
    """Return a run that adds up words; with ``sends`` one of them is sent as well, in any cycle.

    Only a lane's first unit loads its place: the later ones stand next to the one before.
    """
    load = int(host == 0)
    heard = load + words - 1 + FABRIC.broadcast_cycles
    claims = _said(heard)
    if activated:
        claims = (("bus", heard), ("table", heard), ("table", heard + 1),
                  ("broadcast", heard + FABRIC.activate_cycles),
                  ("broadcast", heard + FABRIC.slope_cycles))  # fmt: skip
    return Run(load + words, claims, tuple(range(load, load + words)) if sends else ())


def _said(cycle: int) -> tuple[Claim, ...]:
    return ("bus", cycle), ("broadcast", cycle)


def _placed(run: Run, start: int, taken: set[Claim]) -> bool:
    """Stake the claims of a run that begins in a cycle, if they are free."""
    wanted = {(what, start + cycle) for what, cycle in run.claims}
    if not taken.isdisjoint(wanted):
        return False
    if run.sends:
        cycles = (start + n + FABRIC.send_cycles for n in run.sends)
        sent = next((said for said in map(_said, cycles) if taken.isdisjoint(said)), None)
        if sent is None:
            return False
        wanted.update(sent)
    taken |= wanted
    return True


def longest_gap(forward: Strung, error: Strung) -> int:
    """Return the most idle cycles between the passes of inference, and up to its step's end.

    Learning leaves none that are longer. After the forward pass the outputs leave the chip and
    their errors are computed: what can begin first, or the outputs where that ends sooner.
    """
    outputs = len(error.starts)
    heard = FABRIC.broadcast_cycles + FABRIC.activate_cycles
    ready = tuple(end - 1 + heard for end in forward.ends[:outputs])
    said = frozenset(claim for k in range(outputs) for claim in _said(k + FABRIC.send_cycles))
    leave = Strung(outputs, tuple(range(outputs)), (), said)
    late = _issued(forward, (leave, error), ready)
    soon = _issued(forward, (error, leave), ready)
    wait = late.gaps[0] - soon.gaps[0]
    outputs_first = wait <= 0 or (wait <= PATIENCE and late.landed < soon.landed)
    return max(late.gaps if outputs_first else soon.gaps)


class _Issued(NamedTuple):
    """When the last word of some passes landed, and the idle cycles before each and at the end."""

    landed: int
    gaps: tuple[int, ...]


def _issued(forward: Strung, passes: Iterable[Strung], ready: tuple[int, ...]) -> _Issued:
    """Issue passes one after the other, each as early as what its runs read is there."""
    taken, free, gaps = set(forward.taken), forward.rows, []
    landed = max(cycle for _, cycle in taken)
    for each in passes:
        waits = (there - read for there, read in zip(ready, each.starts, strict=True))
        start = max(free, *waits)
        while any((what, start + cycle) in taken for what, cycle in each.taken):
            start += 1
        taken |= {(what, start + cycle) for what, cycle in each.taken}
        gaps.append(start - free)
        free = start + each.rows
        landed = max(landed, free, start + max(cycle for _, cycle in each.taken))
    return _Issued(landed, (*gaps, landed + FABRIC.landing_cycles - free))
