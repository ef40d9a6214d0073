"""Where the weights, and what a rule keeps from step to step, lie in the memories of a chip."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.model.neuron import Role
from neurosim.schedule import Schedule, Source

BANKS = {Source.WEIGHT: 0, Source.X: 1, Source.Y: 2, Source.UNIT: 3}


class Kept(NamedTuple):
    """Where an array lies on the chip: a section of every lane, and the places of its words."""

    bank: int
    offset: int
    words: int
    lane: NDArray[np.int64]
    place: NDArray[np.int64]

    def by_lane(self, raw: NDArray[np.int64], lanes: int) -> NDArray[np.int64]:
        """Return an array in network order as it lies in the lanes, zeros where nothing does."""
        words = np.zeros((lanes, self.words), dtype=np.int64)
        words[self.lane, self.place] = raw
        return words


def stored(plan: Schedule) -> tuple[str, ...]:
    """Return the names of what the rule keeps from step to step."""
    units = plan.network.neurons[: len(plan.network.units)]
    memories = (memory for unit in units for memory in plan.rule.memories(unit, plan.network))
    return tuple(sorted({memory.name for memory in memories if memory.role is Role.STORED}))


def kept_words(plan: Schedule) -> dict[str, Kept]:
    """Return where the weights lie and what the rule keeps, as far as the chip has a word of it."""
    placement, edges = plan.placement, plan.placement.edges
    lane, edge = placement.by_edge()
    found = {"w": Kept(BANKS[Source.WEIGHT], 0, edges, lane, edge)}
    for name in stored(plan):
        if name in placement.banks:
            bank = BANKS[placement.banks[name]]
            found[name] = Kept(bank, placement.offsets[name], edges, lane, edge)
        elif name in placement.offsets:
            found[name] = _all_edges(plan, name)
    return found


def _all_edges(plan: Schedule, name: str) -> Kept:
    """Return where RTRL's array with a word for each edge of the network lies, for every unit."""
    placement, edges = plan.placement, len(plan.network.edges)
    units = plan.network.neurons[: len(plan.network.units)]
    lane = np.array([[placement.lane[unit.number]] * edges for unit in units])
    hosts = [placement.lanes[placement.lane[unit.number]].index(unit) for unit in units]
    place = np.array(hosts)[:, None] * edges + np.arange(edges)
    words = max(map(len, placement.lanes)) * edges
    return Kept(BANKS[Source.Y], placement.offsets[name], words, lane, place)
