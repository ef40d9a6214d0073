"""The chip as Python drives it: a Verilated library, its ports and its memories, in NumPy arrays.

This is the level of lanes, banks and raw words. `myhdl_core/harness.cpp` says how a step is driven.
"""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import c_void_p
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from myhdl_core.library import ENDINGS, Request, load
from neurosim.errors import RunFailed, UserError

Words = NDArray[np.int64]
Counts = NDArray[np.uint32]
# A step that takes longer has lost its way.
LONGEST_STEP = 1_000_000
# Cycles between which Python gets to look whether the user has had enough.
CYCLES_PER_CALL = 1_000_000


class Bank(IntEnum):
    """The memories of a lane, by their number at the host port."""

    WEIGHTS = 0
    X = 1
    Y = 2
    UNITS = 3


class Section(NamedTuple):
    """A run of words in a memory of a lane."""

    lane: int
    bank: int
    address: int
    length: int


class Steps(NamedTuple):
    """What a number of steps did.

    Parameters
    ----------
    outputs
        Raw words that came out, ``[steps, outputs]``.
    cycles, busy_cycles
        How long each step took: by the chip's own counter, and as seen from outside, ``[steps]``.
    taken
        How many words of the stream each step took, ``[steps]``.
    copies
        The sections asked for as they were after each step, one after the other,
        ``[steps, words]``.
    phases
        Changes of the output ``phase``: step, cycle in it, phase from that cycle on,
        ``[changes, 3]``; the first of a step is its first cycle.
    changes
        How many changes there were, also those beyond the room for them.
    """

    outputs: Words
    cycles: Counts
    busy_cycles: Counts
    taken: Counts
    copies: Words
    phases: Counts
    changes: int


class Chip:
    """One simulated chip, reset and idle.

    Parameters
    ----------
    library
        From ``verilator.compile_library``.
    lanes, word_bits, weight_bits
        What the Verilog was made for.
    """

    def __init__(self, library: Path, lanes: int, word_bits: int, weight_bits: int) -> None:
        self.lanes, self.word_bits, self.weight_bits = lanes, word_bits, weight_bits
        self._chip: c_void_p | None = None
        self._call = load(library)
        self._chip = c_void_p(self._call["make"](lanes, word_bits, weight_bits))
        self.reset()

    def close(self) -> None:
        """Let the chip go; it can be called twice."""
        if self._chip:
            self._call["free"](self._chip)
            self._chip = None

    def __enter__(self) -> Chip:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    # --- control ------------------------------------------------------------------------------

    def reset(self) -> None:
        """Hold the reset for a few cycles; memories keep what they hold."""
        self._do("reset")

    def clear(self) -> None:
        """Let the chip write zero into all its memories."""
        self._end(self._do("clear", LONGEST_STEP), "Chip.clear")

    def idle(self, cycles: int) -> None:
        """Let cycles go by."""
        self._do("idle", cycles)

    def set_rate(self, raw: int) -> None:
        """Set the raw learning rate, from zero to below ``2^(word_bits - 1)``."""
        if not 0 <= raw < 1 << (self.word_bits - 1):
            raise UserError(f"Chip.set_rate: must be a word that is not negative (got {raw}).")
        self._do("rate", raw)

    @property
    def saturated(self) -> bool:
        """Whether a result was clipped since the last reset or clear."""
        return bool(self._do("saturated"))

    @property
    def clock(self) -> int:
        """All cycles since the chip was made, with and without work."""
        return int(self._do("clock"))

    # --- memories -----------------------------------------------------------------------------

    def depth(self, lane: int, bank: int) -> int:
        """Return the words of a memory; -1 where the Verilog does not have it as one array."""
        return int(self._do("depth", lane, bank))

    def write(self, lane: int, bank: int, address: int, words: ArrayLike) -> None:
        """Write raw words through the host port; those of the unit bank go to all lanes."""
        words = self._words(words, self._bits(bank), "Chip.write")
        self._check(Section(lane, bank, address, words.size))
        if self._do("write", lane, bank, address, words.size, words.ctypes.data):
            raise RunFailed("Chip.write: the host port takes no words. Reset the chip.")

    def read(self, lane: int, bank: int, address: int, count: int) -> Words:
        """Read raw words through the host port."""
        self._check(Section(lane, bank, address, count))
        words = np.zeros(count, np.int64)
        ending = self._do("read", lane, bank, address, count, words.ctypes.data)
        if ending:
            raise RunFailed("Chip.read: the host port does not answer.")
        return words

    def peek(self, lane: int, bank: int, address: int = 0, count: int | None = None) -> Words:
        """Copy raw words out of a memory without spending a cycle; all of them by default."""
        count = self.depth(lane, bank) - address if count is None else count
        self._check(Section(lane, bank, address, count))
        words = np.zeros(count, np.int64)
        self._end(self._do("peek", lane, bank, address, count, words.ctypes.data), "Chip.peek")
        return words

    # --- steps --------------------------------------------------------------------------------

    def steps(
        self,
        stream: ArrayLike,
        count: int,
        outputs: int,
        *,
        learn: ArrayLike = True,
        sections: Sequence[Section] = (),
        changes: int = 0,
        offer: ArrayLike = (),
        limit: int = LONGEST_STEP,
    ) -> Steps:
        """Run steps, and return what came out and what was asked to be kept.

        Parameters
        ----------
        stream
            Raw inputs and targets of all the steps, in the order in which the chip takes them.
        count, outputs
            How many steps, and how many words each puts out.
        learn
            Whether the steps learn: for all of them, or for each.
        sections
            What to copy out of the memories after each step.
        changes
            Room for that many changes of the phase.
        offer
            Whether the stream has a word in a cycle of a step, over and over; always by default.
        limit
            Cycles after which a step is given up.

        Raises
        ------
        RunFailed
            When a step does not end, or puts out too much or too little. Its ``run`` holds the
            steps before. The chip needs a reset then.
        """
        words = self._words(stream, self.word_bits, "Chip.steps")
        learning = np.ascontiguousarray(np.broadcast_to(np.asarray(learn, np.uint8), count))
        offers = np.ascontiguousarray(offer, np.uint8)
        ranges = np.array(sections, np.int64).reshape(-1, 4)
        for section in sections:
            self._check(section)
        copied = int(ranges[:, 3].sum())
        room = Steps(
            np.zeros((count, outputs), np.int64),
            np.zeros(count, np.uint32), np.zeros(count, np.uint32), np.zeros(count, np.uint32),
            np.zeros((count, copied), np.int64), np.zeros((changes, 3), np.uint32), 0,
        )  # fmt: skip
        state = Request(
            count, learning.ctypes.data, words.ctypes.data, words.size, offers.ctypes.data,
            offers.size, outputs, room.outputs.ctypes.data, room.cycles.ctypes.data,
            room.busy_cycles.ctypes.data, room.taken.ctypes.data, len(ranges), ranges.ctypes.data,
            room.copies.ctypes.data, changes, room.phases.ctypes.data, limit, CYCLES_PER_CALL,
        )  # fmt: skip
        while state.done < count:
            if ending := self._do("steps", ctypes.byref(state)):
                done = _first(room, state.done, state.changes_seen)
                raise RunFailed(f"Chip.steps: step {state.done}: {ENDINGS[ending]}.", done)
        if state.position < words.size:
            left = words.size - state.position
            raise UserError(f"Chip.steps: {left} words of the stream were not taken. Give fewer.")
        return _first(room, count, state.changes_seen)

    @contextmanager
    def trace(self, file: Path, levels: int = 99) -> Iterator[None]:
        """Write a waveform (VCD) of what the block does; one step of the clock is 2 ns.

        Parameters
        ----------
        file
            Where it goes.
        levels
            How many levels of the hierarchy are in it.
        """
        self._end(self._do("trace", str(file).encode(), levels), f"Chip.trace: {file}")
        try:
            yield
        finally:
            self._do("trace_end")

    # --- inside -------------------------------------------------------------------------------

    def _do(self, name: str, *arguments: Any) -> Any:
        if not self._chip:
            raise UserError(f"Chip.{name}: the chip is closed. Make another one.")
        return self._call[name](self._chip, *arguments)

    def _end(self, ending: int, where: str) -> None:
        if ending:
            raise RunFailed(f"{where}: {ENDINGS[ending]}.")

    def _bits(self, bank: int) -> int:
        return self.weight_bits if bank == Bank.WEIGHTS else self.word_bits

    def _check(self, section: Section) -> None:
        """Raise where a section is not in the chip, as far as its memories are known."""
        lane, bank, address, count = (operator.index(number) for number in section)
        known = 0 <= lane < self.lanes and 0 <= bank < len(Bank) and min(address, count) >= 0
        depth = self.depth(lane, bank) if known else 0
        if not known or -1 < depth < address + count:
            raise UserError(
                f"Chip: lane {lane}, bank {bank}: has no words {address} to {address + count - 1}"
                f" ({self.lanes} lanes, {len(Bank)} banks, {max(depth, 0)} words in this one)."
            )

    def _words(self, given: ArrayLike, bits: int, where: str) -> Words:
        words = np.asarray(given).ravel()
        if words.size and words.dtype.kind not in "iu":
            raise UserError(f"{where}: takes raw words, integers (got {words.dtype}). Encode them.")
        half = 1 << (bits - 1)
        if words.size and not -half <= int(words.min()) <= int(words.max()) < half:
            raise UserError(f"{where}: a word does not fit in {bits} bits. Encode saturates.")
        return np.ascontiguousarray(words, np.int64)


def _first(room: Steps, steps: int, changes: int) -> Steps:
    """Return the steps that were done; of the changes, those that there was room for."""
    return Steps(
        room.outputs[:steps], room.cycles[:steps], room.busy_cycles[:steps], room.taken[:steps],
        room.copies[:steps], room.phases[:changes], changes,
    )  # fmt: skip
