"""How much memory a study takes: one that does not fit is refused before anything is built.

Words are counted exactly; bytes of an edge beside them are as measured, and rounded up. They are
what networkx, the clocked engine's messages and the arrays of training take.
"""

from __future__ import annotations

import os
from pathlib import Path

from neurosim.errors import UserError
from neurosim.learning import Counts
from neurosim.machine import Machine, Noc

WORD = 8
GRAPH_EDGE, SIMULATED_EDGE, ROUTED_EDGE, TRAINED_EDGE = 500, 2_000, 5_000, 150
# A rule's array form holds its words of this step, of the next, and what it makes of the former.
COPIES = 3
# Other programs, and our own modules, need some too.
USABLE = 0.8
_LIMIT = Path("/sys/fs/cgroup/memory.max")


def of_simulation(edges: float, machine: Machine) -> float:
    """Return the bytes that simulating one step takes, more where messages are routed."""
    routed = isinstance(machine.interconnect, Noc)
    return (GRAPH_EDGE + (ROUTED_EDGE if routed else SIMULATED_EDGE)) * edges


def of_training(counts: Counts, edges: int, side_by_side: int) -> float:
    """Return the bytes that so many trainings take at the same time."""
    one = COPIES * WORD * counts.stored_words + (GRAPH_EDGE + TRAINED_EDGE) * edges
    return one * side_by_side


def of_rtrl(units: int, edges: float) -> float:
    """Return the bytes that training by RTRL takes at least, before there is a network.

    It keeps a word for each pair of a unit and an edge.
    """
    return COPIES * WORD * units * edges


def refuse_beyond(where: str, needed: float, advice: str) -> None:
    """Return when this computer has ``needed`` bytes of memory.

    Raises
    ------
    UserError
        When it has not, with both figures.
    """
    there = installed()
    if needed > USABLE * there:
        raise UserError(
            f"{where} takes about {needed / 1e9:,.3g} GB of memory, and this computer has"
            f" {there / 1e9:,.3g} GB. {advice}"
        )


def installed() -> float:
    """Return the bytes of memory of this computer, or of the share of it that we may use."""
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on every system
        there = 16 * 10**9
    try:
        return min(there, int(_LIMIT.read_text()))
    except (OSError, ValueError):  # no such share is set
        return there
