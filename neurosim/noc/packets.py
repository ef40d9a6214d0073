"""Words as packets: how many flits a message takes, and how it is cut."""

from __future__ import annotations

from typing import NamedTuple

from neurosim.errors import UserError
from neurosim.machine.description import Noc


class Train(NamedTuple):
    """A message on a network: packets that follow each other from one tile to another.

    ``flits`` are those of all packets together, headers included.
    """

    packets: int
    flits: int


def train(words: int, word_bits: int, noc: Noc) -> Train:
    """Return what a message of some words is on a network.

    Parameters
    ----------
    words
        Words of the message, at least one.
    word_bits
        Bits of a word. Several words share a flit where they fit, none is cut without need.
    noc
        The network: width of a flit, flits of a header, longest packet.

    Raises
    ------
    UserError
        Where a packet has no room beside its header.
    """
    room = noc.max_packet_flits - noc.header_flits
    if room < 1:
        raise UserError(
            f"max_packet_flits: must be larger than header_flits, {noc.header_flits}"
            f" (got {noc.max_packet_flits}). Give longer packets or shorter headers."
        )
    shared = noc.flit_bits // word_bits
    payload = -(-words // shared) if shared else words * -(-word_bits // noc.flit_bits)
    packets = -(-payload // room)
    return Train(packets, payload + packets * noc.header_flits)


def cut(message: Train, longest: int) -> list[int]:
    """Return the flits of each packet of a train: as long as they may be, and a rest.

    Every packet has at least one flit.
    """
    left, sizes = message.flits, []
    for following in reversed(range(message.packets)):
        sizes.append(left if not following else min(longest, left - following))
        left -= sizes[-1]
    return sizes
