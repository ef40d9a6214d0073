"""Bytes on a serial line: eight data bits, no parity, one stop bit, the lowest bit first."""

from __future__ import annotations

from typing import Any

from myhdl_core.hdl import Instances, Wire, always, always_comb, bit, bits, block

FLAG, ESCAPE, FLIP = 0x7E, 0x7D, 0x20
BITS = 10  # of a byte on the line, with start and stop


@block
def uart_receiver(
    clk: Wire, reset: Wire, rxd: Wire, got: Wire, octet: Wire, line: Any
) -> Instances:
    """From the line to bytes.

    Every bit is looked at in its middle. A byte without its stop bit is dropped.
    """
    LAST, MIDDLE, COUNT = line.divider - 1, line.divider // 2 - 1, BITS
    first, level, earlier = bit(), bit(), bit()
    count, left = bits(LAST.bit_length()), bits(4)

    @always(clk.posedge)
    def synchronise() -> None:
        first.next = rxd
        level.next = first
        earlier.next = level

    @always(clk.posedge)
    def receive() -> None:
        got.next = False
        if reset:
            left.next = 0
        elif left == 0:
            count.next = MIDDLE
            if earlier and not level:
                left.next = COUNT
        elif count != 0:
            count.next = count - 1
        else:
            count.next = LAST
            left.next = left - 1
            if left == COUNT and level:
                left.next = 0
            if left == 1:
                got.next = level
            elif left != COUNT:
                octet.next[7] = level
                octet.next[7:] = octet[8:1]

    return synchronise, receive


@block
def uart_sender(
    clk: Wire, reset: Wire, send: Wire, data: Wire, ready: Wire, txd: Wire, line: Any
) -> Instances:
    """From bytes to the line; a byte is taken where `send` meets `ready`."""
    LAST, COUNT = line.divider - 1, BITS
    count, left, kept = bits(LAST.bit_length()), bits(4), bits(8)

    @always_comb
    def idle() -> None:
        ready.next = left == 0

    @always(clk.posedge)
    def transmit() -> None:
        if reset:
            left.next = 0
            txd.next = True
        elif left == 0:
            count.next = LAST
            kept.next = data
            if send:
                left.next = COUNT
                txd.next = False
        elif count != 0:
            count.next = count - 1
        else:
            count.next = LAST
            left.next = left - 1
            txd.next = kept[0] or left == 1 or left == 2
            kept.next[7:] = kept[8:1]

    return idle, transmit


@block
def checksum(before: Wire, octet: Wire, after: Wire) -> Instances:
    """A step of CRC-8 with the polynomial x^8 + x^2 + x + 1, highest bit first."""
    mixed = bits(8)

    @always_comb
    def mix() -> None:
        mixed.next = before ^ octet

    @always_comb
    def divide() -> None:
        after.next[0] = mixed[0] ^ mixed[6] ^ mixed[7]
        after.next[1] = mixed[0] ^ mixed[1] ^ mixed[6]
        after.next[2] = mixed[0] ^ mixed[1] ^ mixed[2] ^ mixed[6]
        after.next[3] = mixed[1] ^ mixed[2] ^ mixed[3] ^ mixed[7]
        after.next[4] = mixed[2] ^ mixed[3] ^ mixed[4]
        after.next[5] = mixed[3] ^ mixed[4] ^ mixed[5]
        after.next[6] = mixed[4] ^ mixed[5] ^ mixed[6]
        after.next[7] = mixed[5] ^ mixed[6] ^ mixed[7]

    return mix, divide
