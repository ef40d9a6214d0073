"""The chip behind its registers, for programs: plain Python without anything to install.

This file is copied into the driver of every chip, behind which the chip's own data follow.
"""

from __future__ import annotations

import math
import mmap
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol


class BusError(Exception):
    """The bus refused an access; a transport raises it where the answer is ``SLVERR``."""


class WrongChip(Exception):
    """What answers is not the chip that this driver was written for."""


class Transport(Protocol):
    """How words get to the chip and back."""

    def read32(self, address: int) -> int:
        """Read 32 bits at a byte address of AXI4-Lite."""

    def write32(self, address: int, value: int) -> None:
        """Write 32 bits at a byte address of AXI4-Lite."""

    def send(self, words: Sequence[int]) -> None:
        """Put the signed words of one sample on the input stream, ``tlast`` with the last."""

    def receive(self, count: int) -> Sequence[int]:
        """Take the signed words of one answer from the output stream."""


class Layout(NamedTuple):
    """The data of one chip.

    Attributes
    ----------
    map
        What the register ``map`` has to hold.
    fields
        Offset, lowest bit and bits of each field, by ``register.field``.
    weights
        Lane and address of the weight of each edge, by source and neuron.
    activations
        Lane and the two addresses that the activation of each neuron has in turn.
    states
        What the rule keeps for each edge, by name: lane, bank and address.
    """

    map: int
    fields: Mapping[str, tuple[int, int, int]]
    weights: Mapping[tuple[str, str], tuple[int, int]]
    activations: Mapping[str, tuple[int, int, int]]
    states: Mapping[str, Mapping[tuple[str, str], tuple[int, int, int]]]


class Device:
    """A chip that learns, at the other end of a transport.

    Values are the real numbers that words stand for; they are rounded to the nearest word and
    saturate. Raises ``WrongChip`` when something else answers, and ``BusError`` from the transport.
    """

    IDENTITY, MAJOR = 0x4E53494D, 1
    WEIGHTS, X, Y, UNITS = range(4)

    def __init__(self, transport: Transport, layout: Layout) -> None:
        self.transport, self.layout = transport, layout
        found = {name: self.get(name) for name in ("id.value", "version.major", "map.value")}
        if found["id.value"] != self.IDENTITY:
            raise WrongChip(f"address 0 holds {found['id.value']:#x}, so this is no such chip.")
        if found["version.major"] != self.MAJOR or found["map.value"] != layout.map:
            raise WrongChip(
                f"the chip has registers of version {found['version.major']} and map"
                f" {found['map.value']:#x}; this driver is for {self.MAJOR} and {layout.map:#x}."
                " Take the driver that was written with the chip."
            )
        self.inputs, self.outputs = self.get("sample.inputs"), self.get("sample.outputs")
        self._word = self.get("format.word_bits"), self.get("format.fraction_bits")
        self._weight = self.get("format.weight_bits"), self.get("format.weight_fraction_bits")
        self._base, self._shift = 1 << self.get("window.base_bits"), self.get("window.word_shift")
        self._address_bits = self.get("window.address_bits")

    # --- registers ------------------------------------------------------------------------------

    def get(self, name: str) -> int:
        """Return a field, by ``register.field``."""
        offset, low, bits = self.layout.fields[name]
        return self.transport.read32(offset) >> low & (1 << bits) - 1

    def put(self, name: str, value: int) -> None:
        """Write a field and leave the others of its register as they are."""
        offset, low, bits = self.layout.fields[name]
        mask = (1 << bits) - 1 << low
        others = self.transport.read32(offset) & ~mask & 0xFFFFFFFF
        self.transport.write32(offset, others | value << low & mask)

    def _pulse(self, name: str) -> None:
        offset, low, _ = self.layout.fields[name]
        self.transport.write32(offset, 1 << low)

    @property
    def enable(self) -> bool:
        """Whether steps begin as samples come."""
        return bool(self.get("control.enable"))

    @enable.setter
    def enable(self, on: bool) -> None:
        self.put("control.enable", int(on))

    @property
    def learn(self) -> bool:
        """Whether steps that begin from now on learn."""
        return bool(self.get("control.learn"))

    @learn.setter
    def learn(self, on: bool) -> None:
        self.put("control.learn", int(on))

    @property
    def learning_rate(self) -> float:
        """The learning rate of steps that begin from now on, from 0 to below 1."""
        return self.get("rate.value") / (1 << self._word[0] - 1)

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"learning_rate: must be from 0 to below 1 (got {rate}).")
        one = 1 << self._word[0] - 1
        self.put("rate.value", min(round(rate * one), one - 1))

    @property
    def steps(self) -> int:
        """Steps done since the last reset or clear."""
        return self.get("steps.value")

    @property
    def cycles(self) -> int:
        """Cycles of the last step."""
        return self.get("cycles.value")

    @property
    def busy(self) -> bool:
        """Whether a step or a clear runs, so that memories cannot be read or written."""
        return bool(self.get("status.busy"))

    def events(self) -> set[str]:
        """Return what happened since it was forgotten: saturated, short, long."""
        listed = [name for name in self.layout.fields if name.startswith("events.")]
        return {name.removeprefix("events.") for name in listed if self.get(name)}

    def forget(self, *events: str) -> None:
        """Forget some events, or all."""
        names = events or [n[7:] for n in self.layout.fields if n.startswith("events.")]
        offset = self.layout.fields["events.saturated"][0]
        bits = sum(1 << self.layout.fields[f"events.{name}"][1] for name in names)
        self.transport.write32(offset, bits)

    def start(self) -> None:
        """Let one step begin as soon as there is a sample."""
        self._pulse("command.start")

    def clear(self, seconds: float = 10.0) -> None:
        """Write zero to all memories, and wait until it is done."""
        self._pulse("command.clear")
        self.wait(seconds)

    def reset(self, seconds: float = 10.0) -> None:
        """Begin anew, with registers as after a reset and memories as they are."""
        self._pulse("command.reset")
        self.wait(seconds)

    def wait(self, seconds: float = 10.0) -> None:
        """Wait until no step and no clear runs."""
        until = time.monotonic() + seconds
        while self.busy:
            if time.monotonic() > until:
                raise TimeoutError(f"the chip is busy for more than {seconds:g} s.")

    # --- memories -------------------------------------------------------------------------------

    def read(self, lane: int, bank: int, address: int) -> int:
        """Return a raw word of a memory."""
        place = self._place(lane, bank, address)
        raw, bits = self.transport.read32(place), 32
        if self._shift == 3:
            raw, bits = raw | self.transport.read32(place + 4) << 32, 64
        return raw - (1 << bits) if raw >> bits - 1 else raw

    def write(self, lane: int, bank: int, address: int, raw: int) -> None:
        """Write a raw word to a memory."""
        place = self._place(lane, bank, address)
        self.transport.write32(place, raw & 0xFFFFFFFF)
        if self._shift == 3:
            self.transport.write32(place + 4, raw >> 32 & 0xFFFFFFFF)

    def _place(self, lane: int, bank: int, address: int) -> int:
        if address >> self._address_bits or not 0 <= bank < 4 or lane < 0:
            raise ValueError(f"lane {lane}, bank {bank}, address {address}: no such word.")
        number = ((lane << 2 | bank) << self._address_bits) + address
        return self._base + (number << self._shift)

    @property
    def weights(self) -> dict[tuple[str, str], float]:
        """The weight of every edge, by source and neuron; waits for the end of a step."""
        self.wait()
        scale = 1 << self._weight[1]
        places = self.layout.weights.items()
        return {edge: self.read(lane, self.WEIGHTS, at) / scale for edge, (lane, at) in places}

    @weights.setter
    def weights(self, weights: Mapping[tuple[str, str], float]) -> None:
        self.wait()
        (word, fraction), (weight, deeper) = self._word, self._weight
        for edge, value in weights.items():
            lane, address = self.layout.weights[edge]
            raw = self._raw(value, min(weight, word + deeper - fraction), deeper)
            self.write(lane, self.WEIGHTS, address, raw)

    @property
    def activations(self) -> dict[str, float]:
        """The activation of every neuron after the last step; waits for its end."""
        self.wait()
        new = self.steps & 1
        return {
            unit: self.read(places[0], self.UNITS, places[1 + new]) / (1 << self._word[1])
            for unit, places in self.layout.activations.items()
        }

    def state(self, name: str) -> dict[tuple[str, str], float]:
        """Return what the rule keeps under a name, by edge; waits for the end of a step."""
        self.wait()
        places = self.layout.states[name].items()
        return {edge: self.read(*place) / (1 << self._word[1]) for edge, place in places}

    # --- steps ----------------------------------------------------------------------------------

    def step(self, inputs: Iterable[float], targets: Iterable[float]) -> list[float]:
        """Begin a step and return its outputs; ``start`` is given where ``enable`` is off.

        The chip may still be learning then; ``wait`` waits for the end of the step.
        """
        self._send(inputs, targets)
        if not self.enable:
            self.start()
        return self._receive()

    def stream(
        self, samples: Iterable[tuple[Iterable[float], Iterable[float]]]
    ) -> Iterator[list[float]]:
        """Yield the outputs of samples, each inputs and targets; one is always sent ahead.

        ``enable`` is turned on, and stays on.
        """
        self.enable, waiting = True, 0
        for inputs, targets in samples:
            self._send(inputs, targets)
            waiting += 1
            if waiting == 2:
                yield self._receive()
                waiting -= 1
        for _ in range(waiting):
            yield self._receive()

    def _send(self, inputs: Iterable[float], targets: Iterable[float]) -> None:
        x, target = list(inputs), list(targets)
        if (len(x), len(target)) != (self.inputs, self.outputs):
            raise ValueError(
                f"a sample is {self.inputs} inputs and {self.outputs} targets"
                f" (got {len(x)} and {len(target)})."
            )
        self.transport.send([self._raw(value, *self._word) for value in (*x, *target)])

    def _receive(self) -> list[float]:
        return [word / (1 << self._word[1]) for word in self.transport.receive(self.outputs)]

    @staticmethod
    def _raw(value: float, bits: int, fraction: int) -> int:
        if math.isnan(value):
            raise ValueError("a value is not a number (NaN). Leave it out.")
        half = 1 << bits - 1
        return round(max(-half, min(half - 1, value * (1 << fraction))))


class MemoryMap:
    """Registers in the address space of this machine: ``/dev/mem`` or a UIO device.

    Streams go by DMA, which every board does in its own way: give functions for them, or derive
    a class.

    Parameters
    ----------
    path
        The device.
    length
        Bytes to map: twice where the window begins.
    offset
        Where in the device: the physical address for ``/dev/mem``, 0 for UIO.
    """

    def __init__(self, path: str, length: int, offset: int = 0) -> None:
        handle = os.open(path, os.O_RDWR | getattr(os, "O_SYNC", 0))
        try:
            self._map = mmap.mmap(handle, length, offset=offset)
        finally:
            os.close(handle)
        self._words = memoryview(self._map).cast("I")

    def read32(self, address: int) -> int:
        """Read 32 bits."""
        return self._words[address >> 2]

    def write32(self, address: int, value: int) -> None:
        """Write 32 bits."""
        self._words[address >> 2] = value

    def send(self, words: Sequence[int]) -> None:
        """Say that this has to be given."""
        raise NotImplementedError("send: derive a class that puts words on the input stream.")

    def receive(self, count: int) -> Sequence[int]:
        """Say that this has to be given."""
        raise NotImplementedError(
            "receive: derive a class that takes words from the output stream."
        )

    def close(self) -> None:
        """Let the device go."""
        self._words.release()
        self._map.close()
