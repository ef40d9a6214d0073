"""What the serial bridge is made for; apart from it, so that nobody needs MyHDL to say so."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """What the modules of the bridge are made for.

    Attributes
    ----------
    divider
        Cycles of a bit on the line.
    address_bytes
        Of an AXI4-Lite address.
    word_bytes
        Of a word on the streams.
    """

    divider: int
    address_bytes: int
    word_bytes: int

    @property
    def argument_bits(self) -> int:
        """Bits that the longest arguments have: an address and data, or position and count."""
        return 8 * (self.address_bytes + 4)
