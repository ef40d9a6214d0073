"""From bytes to requests: frames are taken apart, checked, and words of the stream passed on.

Framing is that of RFC 1662: a flag ends every frame, and an escape keeps flags out of it. A frame
that is not what it should be is answered with an error where it ends; the next one is understood.
"""

from __future__ import annotations

from typing import Any

from myhdl_core.boards.serial import ESCAPE, FLAG, FLIP, checksum
from myhdl_core.hdl import Instances, Wire, always, always_comb, bit, bits, block, field

#: The lower bits of a request's first byte: words with more of their sample to come, an error (in
#: answers only), read, words that end a sample, take outputs, write. The upper ones are the same.
PART, ERROR, READ, SEND, TAKE, WRITE = (ord(letter) & 7 for letter in "PQRSTW")
FAMILY = ord("P") >> 3


@block
def uart_requests(
    clk: Wire,
    reset: Wire,
    got: Wire,
    octet: Wire,
    frozen: Wire,
    ask: Wire,
    kind: Wire,
    arguments: Wire,
    position: Wire,
    stream_tdata: Wire,
    stream_tvalid: Wire,
    stream_tready: Wire,
    stream_tlast: Wire,
    line: Any,
) -> Instances:
    """The requests of the host.

    `ask` says that there is one. `frozen` keeps its arguments until they have been used.
    """
    OP, ARGUMENTS, CHECK, WORD, WORD_CHECK, OVER = range(6)
    width, word_bits = len(arguments), 8 * line.word_bytes
    stage, escaped, known = bits(3), bit(), bit()
    plain, crc, after, words = bits(8), bits(8), bits(8), bits(8)
    place, count = field(arguments, width - 16, 8), field(arguments, width - 8, 8)
    word, family, code = (
        field(arguments, width - word_bits, word_bits), field(plain, 3, 5), field(plain, 0, 3)
    )  # fmt: skip
    streams, room, content, shifts = bit(), bit(), bit(), bit()
    flag, escape, flip, ours = FLAG, ESCAPE, FLIP, FAMILY
    read, take, write, part, send, error = READ, TAKE, WRITE, PART, SEND, ERROR
    READ_BYTES, WORD_BYTES, SHIFTED = line.address_bytes, line.word_bytes, width - 8
    WRITE_BYTES = READ_BYTES + 4
    left = bits(WRITE_BYTES.bit_length())

    @always_comb
    def unescape() -> None:
        plain.next = octet
        if escaped:
            plain.next = octet ^ flip

    @always_comb
    def look() -> None:
        streams.next = (kind == send) | (kind == part)
        shifts.next = (stage == ARGUMENTS) | (stage == WORD)
        room.next = not stream_tvalid
        content.next = got and not frozen and octet != flag and octet != escape

    @always(clk.posedge)
    def shift() -> None:
        if content and shifts:
            arguments.next[width:SHIFTED] = plain
            arguments.next[SHIFTED:] = arguments[width:8]

    @always(clk.posedge)
    def understand() -> None:
        ask.next = False
        if stream_tready:
            stream_tvalid.next = False
        if reset:
            stage.next = OP
            crc.next = 255
            escaped.next = False
            known.next = False
            position.next = 0
            stream_tvalid.next = False
        elif got and not frozen:
            if octet == flag:
                ask.next = stage != OP
                if not known:
                    kind.next = error
                stage.next = OP
                crc.next = 255
                known.next = False
                escaped.next = False
            elif octet == escape:
                escaped.next = True
            else:
                escaped.next = False
                crc.next = after
                if stage == OP:
                    kind.next = code
                    stage.next = ARGUMENTS
                    left.next = 2
                    if code == read:
                        left.next = READ_BYTES
                    elif code == write:
                        left.next = WRITE_BYTES
                    elif code == take:
                        stage.next = CHECK
                    if family != ours:
                        stage.next = OVER
                elif stage == ARGUMENTS:
                    left.next = left - 1
                    if left == 1:
                        stage.next = CHECK
                elif stage == CHECK:
                    stage.next = OVER
                    crc.next = 255
                    known.next = plain == crc
                    words.next = count
                    left.next = WORD_BYTES
                    if streams and plain == crc and place == position and count != 0:
                        stage.next = WORD
                elif stage == WORD:
                    left.next = left - 1
                    if left == 1:
                        stage.next = WORD_CHECK
                elif stage == WORD_CHECK:
                    crc.next = 255
                    left.next = WORD_BYTES
                    words.next = words - 1
                    stage.next = OVER
                    if room and plain == crc:
                        position.next = position + 1
                        stream_tvalid.next = True
                        stream_tdata.next = word
                        stream_tlast.next = words == 1 and kind == send
                        if words != 1:
                            stage.next = WORD

    return unescape, look, shift, understand, checksum(crc, plain, after)
