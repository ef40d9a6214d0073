"""The host's end of the serial bridge: registers and streams of a chip over a serial port.

Needs Python alone, and pyserial where a real port is opened. A line is anything with
``write(bytes)``, ``read(most)``, which returns what has come within a short while, perhaps nothing,
and ``close()``.

    from serial_link import SerialTransport, opened
    transport = SerialTransport(opened("/dev/ttyUSB0"), word_bits=16, address_bytes=3)
"""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

BAUD = 1_000_000
FLAG, ESCAPE, FLIP = 0x7E, 0x7D, 0x20
ERROR, READ, SEND, PART, TAKE, WRITE = b"QRSPTW"
MOST = 255  # words of a frame
PATIENCE = 0.5  # seconds without a word from the chip before a request counts as lost
TRIES = 5
LOST = "outputs were lost on the line: reset the chip and begin again"


class LinkError(Exception):
    """The line does not carry: nothing comes back, or what comes is damaged."""


class _Silence(LinkError):
    """No answer in time."""


class _Damage(LinkError):
    """An answer whose checksum is wrong."""


class _Misheard(LinkError):
    """The bridge says that it did not understand."""


class Line(Protocol):
    """A serial line."""

    def write(self, data: bytes, /) -> Any:
        """Send bytes."""

    def read(self, most: int, /) -> bytes:
        """Return what has come, at most so many bytes, after a short while at the latest."""

    def close(self) -> None:
        """Let go of it."""


class PortLine:
    """A line that is a port of this computer, by pyserial."""

    def __init__(self, port: str, baud: int = BAUD) -> None:
        try:
            serial = importlib.import_module("serial")
        except ImportError as error:
            raise LinkError("serial ports need pyserial: pip install pyserial") from error
        try:
            self.port = serial.Serial(port, baud, timeout=0.02)
        except (OSError, ValueError) as error:
            raise LinkError(f"{port}: cannot be opened ({error})") from error
        with contextlib.suppress(Exception):  # an FTDI converter else keeps answers for 16 ms
            self.port.set_low_latency_mode(True)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.port.write(data)

    def read(self, most: int) -> bytes:
        """Return what has come, waiting for the first byte only."""
        first = self.port.read(1)
        return bytes(first + self.port.read(min(most - 1, self.port.in_waiting)))

    def close(self) -> None:
        """Close the port."""
        self.port.close()


def opened(port: str, baud: int = BAUD) -> PortLine:
    """Return the serial port of that name as a line."""
    return PortLine(port, baud)


def checksum(data: Iterable[int]) -> int:
    """Return the CRC-8 of some bytes: x^8 + x^2 + x + 1, from 0xFF, highest bit first."""
    found = 0xFF
    for byte in data:
        found ^= byte
        for _ in range(8):
            found = (found << 1 ^ 0x07) & 0xFF if found & 0x80 else found << 1
    return found


def framed(content: bytes) -> bytes:
    """Return a frame: a flag, the content with flags and escapes escaped, a flag."""
    found = bytearray([FLAG])
    for byte in content:
        found += bytes([ESCAPE, byte ^ FLIP]) if byte in (FLAG, ESCAPE) else bytes([byte])
    return bytes(found) + bytes([FLAG])


def checked(content: bytes) -> bytes:
    """Return bytes and their checksum."""
    return content + bytes([checksum(content)])


class SerialTransport:
    """What `network_driver.Chip` drives a chip through, over a line.

    Requests that come to harm are made again; words of the stream enter the chip exactly once.
    """

    def __init__(
        self,
        line: Line,
        word_bits: int,
        address_bytes: int,
        bus_error: type[Exception] = LinkError,
        patience: float = PATIENCE,
    ) -> None:
        self.line, self.bus_error, self.patience = line, bus_error, patience
        self.word_bytes, self.address_bytes = (word_bits + 7) // 8, address_bytes
        self._pending, self._frame, self._escaped = bytearray(), bytearray(), False
        self.retries = 0
        self.line.write(bytes([FLAG]))  # ends what another program may have begun
        self._position = self._where()

    def read32(self, address: int) -> int:
        """Return a register, or raise ``bus_error`` where the chip has none."""
        answer = self._asked(READ, self._address(address), 5)
        self._judge(answer[4], f"read of 0x{address:x}")
        return int.from_bytes(answer[:4], "little")

    def write32(self, address: int, value: int) -> None:
        """Write a register, or raise ``bus_error`` where the chip takes no such write."""
        data = (value & 0xFFFFFFFF).to_bytes(4, "little")
        answer = self._asked(WRITE, data + self._address(address), 1)
        self._judge(answer[0], f"write to 0x{address:x}")

    def send(self, words: Sequence[int]) -> None:
        """Send the words of one sample; returns when the chip has taken them all."""
        left = list(words)
        idle = 0
        while left:
            kind = PART if len(left) > MOST else SEND
            taken = self._offer(kind, left[:MOST])
            left = left[taken:]
            idle = 0 if taken else idle + 1
            if idle:
                time.sleep(min(0.001 * idle, 0.05))
            if idle > 40:
                raise LinkError("the chip takes no words: is it enabled, are its outputs taken?")

    def receive(self, count: int) -> list[int]:
        """Return the outputs of the next sample, signed, as soon as they are there."""
        for _ in range(2 * TRIES):
            if words := self._taken():
                if len(words) != count:
                    raise LinkError(f"{len(words)} outputs came where {count} were expected")
                return words
        raise LinkError("no outputs came. Was a sample sent, and is the chip enabled?")

    # --- requests -----------------------------------------------------------------------------

    def _address(self, address: int) -> bytes:
        return address.to_bytes(self.address_bytes, "little")

    def _judge(self, response: int, what: str) -> None:
        if response:
            raise self.bus_error(f"{what}: refused by the chip (AXI response {response})")

    def _asked(self, kind: int, arguments: bytes, expected: int) -> bytes:
        """Return the answer to a request that may be made twice."""
        for _ in range(TRIES):
            self.line.write(framed(checked(bytes([kind]) + arguments)))
            try:
                answer = self._answer(kind)
            except LinkError:
                self._recover()
                continue
            if len(answer) == expected:
                return answer
        raise LinkError("no answer from the board: right port, right bitstream, powered?")

    def _where(self) -> int:
        """Return how many words the bridge has passed on, modulo 256."""
        return self._asked(SEND, bytes([0, 0]), 1)[0]

    def _offer(self, kind: int, words: Sequence[int]) -> int:
        """Offer words, and return how many of them were taken."""
        content = checked(bytes([kind, self._position, len(words)]))
        mask = (1 << 8 * self.word_bytes) - 1
        for word in words:
            content += checked((word & mask).to_bytes(self.word_bytes, "little"))
        self.line.write(framed(content))
        try:
            (position,) = self._answer(kind)
        except (LinkError, ValueError):
            self._recover()
            position = self._where()
        taken = (position - self._position) % 256
        self._position = position
        return taken

    def _taken(self) -> list[int]:
        """Return the outputs of a sample, or nothing where none come."""
        self.line.write(framed(checked(bytes([TAKE]))))
        try:
            answer = self._answer(TAKE)
        except _Misheard:
            return []
        except _Damage:
            raise LinkError(LOST) from None
        except _Silence:
            answer = self._ended()
        size = self.word_bytes
        if len(answer) % size:
            raise LinkError(LOST)
        return [
            int.from_bytes(answer[n : n + size], "little", signed=True)
            for n in range(0, len(answer), size)
        ]

    def _ended(self) -> bytes:
        """End a wait for outputs: any byte does, and what has come is sent."""
        self.line.write(bytes([FLAG]))
        try:
            return self._answer(TAKE)
        except _Misheard:
            return b""
        except LinkError:
            raise LinkError(LOST) from None

    # --- frames -------------------------------------------------------------------------------

    def _answer(self, kind: int) -> bytes:
        """Return what came back for a request, without kind and checksum."""
        end = time.monotonic() + self.patience
        while True:
            content = self._next(end)
            if content[0] == kind:
                return content[1:]
            if content[0] == ERROR:
                raise _Misheard

    def _next(self, end: float) -> bytes:
        """Return the next whole frame."""
        while True:
            while self._pending:
                if content := self._grown(self._pending.pop(0)):
                    if content[-1] != checksum(content[:-1]):
                        raise _Damage
                    return content[:-1]
            self._pending += self.line.read(4096)
            if not self._pending and time.monotonic() > end:
                raise _Silence

    def _grown(self, byte: int) -> bytes:
        """Add a byte to the frame that comes in; return the frame where that ends it."""
        content = b""
        if byte == ESCAPE:
            self._escaped = True
            return content
        if byte == FLAG:
            content = bytes(self._frame) if len(self._frame) > 1 else b""
            self._frame.clear()
        else:
            self._frame.append(byte ^ (FLIP if self._escaped else 0))
        self._escaped = False
        return content

    def _recover(self) -> None:
        """End whatever was begun, and forget what comes back for it."""
        self.retries += 1
        self.line.write(bytes([FLAG]))
        quiet = 0
        while quiet < 2:
            quiet = 0 if self.line.read(4096) else quiet + 1
        self._pending.clear()
        self._frame.clear()
        self._escaped = False
