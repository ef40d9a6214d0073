"""Memory off the chip: one channel whose banks keep the row open that was used last.

The time of a run of bits is that of its rows, one after the other: a row that is open costs nothing
(a hit), one that is not costs ``tRCD``, after ``tRP`` where another has to be closed first (a
miss); then ``CL`` once, and whole bursts of ``2 nBL`` beats of the channel. Rows follow each other
through the banks. Opening the next row while one is read, refresh, and ``tRAS`` are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from neurosim.engines.clock.homes import Run
from neurosim.engines.clock.recorder import Recorder
from neurosim.machine import Dram
from neurosim.noc.arbiter import Arbiter, Clock


class DramChannel:
    """The channel at work: requests are served one at a time.

    Attributes
    ----------
    open_rows
        The row that is open in each bank.
    row_hits, row_misses, bits, busy_cycles, waited_cycles
        What it did since the beginning of the step.
    recorder
        Who is told of every request served, if anyone.
    """

    def __init__(self, clock: Clock, dram: Dram, clock_mhz: float) -> None:
        self.clock, self.dram, self.clock_mhz = clock, dram, clock_mhz
        self._arbiter = Arbiter(clock, self._serve)
        self.open_rows: dict[int, int] = {}  # by bank
        self.recorder: Recorder | None = None
        self.begin()

    def begin(self) -> None:
        """Count anew; open rows stay open."""
        self.row_hits = self.row_misses = self.bits = self.busy_cycles = 0
        self._arbiter.waited_cycles = 0

    @property
    def waited_cycles(self) -> int:
        """Cycles in which requests waited for their turn."""
        return self._arbiter.waited_cycles

    @property
    def state(self) -> tuple[Any, ...]:
        """What the time of the next step depends on: whose turn it was, and the open rows."""
        return self._arbiter.last, *sorted(self.open_rows.items())

    @state.setter
    def state(self, state: tuple[Any, ...]) -> None:
        self._arbiter.last, self.open_rows = state[0], dict(state[1:])

    def use(self, requester: int, runs: Sequence[Run], then: Callable[[int], object]) -> None:
        """Ask for some runs; ``then`` is called with their cycles when the last bit is there."""
        self._arbiter.request(requester, (requester, runs, then))

    def _serve(self, item: tuple[int, Sequence[Run], Callable[[int], object]]) -> None:
        requester, runs, then = item
        cycles = self._cycles(sum(self._clocks(run) for run in runs))
        self.busy_cycles += cycles
        if self.recorder is not None:
            self.recorder.serve(requester, sum(run.bits for run in runs), cycles)

        def done() -> None:
            self._arbiter.release()
            then(cycles)

        self.clock.call(done, cycles)

    def _clocks(self, run: Run) -> int:
        """Return the clocks of the DRAM that a run takes, and leave its last rows open."""
        dram, clocks = self.dram, 0
        first, last = run.address // dram.row_bits, (run.address + run.bits - 1) // dram.row_bits
        for row in range(first, last + 1):
            bank = row % dram.n_banks
            if self.open_rows.get(bank) == row:
                self.row_hits += 1
                continue
            self.row_misses += 1
            clocks += dram.nRCD + (dram.nRP if bank in self.open_rows else 0)
            self.open_rows[bank] = row
        self.bits += run.bits
        burst_bits = 2 * dram.nBL * dram.channel_width
        return clocks + dram.nCL + -(-run.bits // burst_bits) * dram.nBL

    def _cycles(self, clocks: int) -> int:
        """Return whole cycles of the machine for clocks of the DRAM."""
        nanoseconds = clocks * self.dram.tCK_ns
        return -int(-nanoseconds * self.clock_mhz // 1000)
