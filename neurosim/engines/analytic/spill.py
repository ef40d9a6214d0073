"""What goes through the DRAM in a step, from a census alone: its cycles at the least.

Memories are laid down as ``homes.py`` does it, and what then lies in the DRAM is used as often as
the rule says. Only the opening of rows is left out, which depends on the order of all requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.analytic.lines import Line
from neurosim.engines.clock.homes import capacity
from neurosim.machine import Dram, Machine, MemoryBank
from neurosim.model.operations import touched

Ints = NDArray[np.int64]


class Kept(NamedTuple):
    """One memory of a unit: its bits, and the DRAM's clocks for its use in a step."""

    bits: int
    clocks: int


def dram_cycles(lines: Sequence[Line], machine: Machine, tiles: Ints, word_bits: int) -> int:
    """Return the cycles that the DRAM takes at the least.

    Parameters
    ----------
    lines
        What units do in a step, kind by kind.
    machine
        Whose DRAM it is; without one nothing spills.
    tiles
        The tile of every neuron.
    word_bits
        Bits of a word.
    """
    if machine.dram is None:
        return 0
    used = [_clocks(line, machine.dram) for line in lines]
    clocks = 0
    for bank in machine.memory:
        room = capacity(bank, word_bits)
        if room is not None:
            kept = [_kept(line, bank, use) for line, use in zip(lines, used, strict=True)]
            clocks += sum(
                times * _spilled([kept[kind] for kind in order], room)
                for order, times in _orders(lines, bank, tiles).items()
            )
    return int(clocks * machine.dram.tCK_ns * machine.clock_mhz // 1000)


def _kept(line: Line, bank: MemoryBank, clocks: Counter[str]) -> list[Kept]:
    """List what a unit has in a bank, in the order of its memories."""
    return [
        Kept(memory.words * line.homes[name].bits, clocks[name])
        for name, memory in line.memories.items()
        if memory.role in bank.holds and memory.words
    ]


def _orders(lines: Sequence[Line], bank: MemoryBank, tiles: Ints) -> Counter[tuple[int, ...]]:
    """Count the memories of a sort by the kinds of the units that they serve, in order."""
    if bank.scope == "neuron":
        return Counter({(kind,): len(line.kind.numbers) for kind, line in enumerate(lines)})
    kinds = np.empty(sum(len(line.kind.numbers) for line in lines), dtype=np.int64)
    for kind, line in enumerate(lines):
        kinds[np.array(line.kind.numbers, dtype=np.int64)] = kind
    if bank.scope == "chip":
        return Counter([tuple(kinds.tolist())])
    where = tiles[: len(kinds)]
    by_tile = np.argsort(where, kind="stable")
    cuts = np.cumsum(np.bincount(where))[:-1]
    return Counter(tuple(part.tolist()) for part in np.split(kinds[by_tile], cuts))


def _spilled(units: Sequence[Sequence[Kept]], room: int) -> int:
    """Fill a memory unit by unit; return the clocks for what does not fit."""
    taken, clocks = 0, 0
    for kept in units:
        for memory in kept:
            if taken + memory.bits <= room:
                taken += memory.bits
            else:
                clocks += memory.clocks
    return clocks


def _clocks(line: Line, dram: Dram) -> Counter[str]:
    """Return the clocks for the use of each memory in a step, if it lay in the DRAM."""
    clocks: Counter[str] = Counter()
    burst_bits = 2 * dram.nBL * dram.channel_width
    for times, operation, _ in line.items:
        for part, _ in touched(operation):
            bursts = -(-part.distinct * line.homes[part.memory].bits // burst_bits)
            clocks[part.memory] += times * (dram.nCL + bursts * dram.nBL)
    return clocks
