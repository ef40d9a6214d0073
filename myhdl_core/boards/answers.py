"""From requests to bytes: what a request asks for is done, and the answer framed and sent."""

from __future__ import annotations

from typing import Any

from myhdl import concat

from myhdl_core.boards.requests import ERROR, FAMILY, READ, TAKE, WRITE
from myhdl_core.boards.serial import ESCAPE, FLAG, FLIP, checksum
from myhdl_core.hdl import (
    Instances,
    Wire,
    always,
    always_comb,
    bit,
    bits,
    block,
    constant,
    field,
)


@block
def uart_answers(
    clk: Wire,
    reset: Wire,
    got: Wire,
    ask: Wire,
    kind: Wire,
    position: Wire,
    frozen: Wire,
    send: Wire,
    data: Wire,
    ready: Wire,
    awvalid: Wire,
    awready: Wire,
    wvalid: Wire,
    wready: Wire,
    bresp: Wire,
    bvalid: Wire,
    bready: Wire,
    arvalid: Wire,
    arready: Wire,
    rdata: Wire,
    rresp: Wire,
    rvalid: Wire,
    rready: Wire,
    out_tdata: Wire,
    out_tvalid: Wire,
    out_tready: Wire,
    out_tlast: Wire,
    line: Any,
) -> Instances:
    """The answers to the host."""
    IDLE, BUS, OPEN, OP, BYTES, NEXT, CHECK, CLOSE = range(8)
    stage, index, asked, waiting = bits(3), bits(3), bits(3), bit()
    raw, content, crc, after = bits(8), bits(8), bits(8), bits(8)
    escaped, awkward, sent, over, ended = (bit() for _ in range(5))
    flag, escape, flip, ours, blank = FLAG, ESCAPE, FLIP, constant(FAMILY, 5), constant(0, 6)
    read, take, write, error = READ, TAKE, WRITE, ERROR
    LAST, word, quarter = line.word_bytes - 1, bits(8), bits(8)
    one, two = field(out_tdata, 0, 8), field(out_tdata, 8 * min(LAST, 1), 8)
    three = field(out_tdata, 8 * LAST, 8)

    @always_comb
    def pick() -> None:
        word.next = one
        if index[0]:
            word.next = two
        if index[1]:
            word.next = three

    @always_comb
    def pick_only() -> None:
        word.next = one

    @always_comb
    def quarters() -> None:
        if index[2:] == 0:
            quarter.next = rdata[8:]
        elif index[2:] == 1:
            quarter.next = rdata[16:8]
        elif index[2:] == 2:
            quarter.next = rdata[24:16]
        else:
            quarter.next = rdata[32:24]

    @always_comb
    def look() -> None:
        # What is answered stays on the bus until it has been sent.
        ended.next = True
        content.next = position
        if asked == read:
            ended.next = index[2]
            content.next = quarter
            if index[2]:
                content.next = concat(blank, rresp)
        elif asked == write:
            content.next = concat(blank, bresp)
        elif asked == take:
            ended.next = index == LAST
            content.next = word

    @always_comb
    def choose() -> None:
        raw.next = flag
        if stage == OP:
            raw.next = concat(ours, asked)
        elif stage == BYTES:
            raw.next = content
        elif stage == CHECK:
            raw.next = crc

    @always_comb
    def frame() -> None:
        send.next = stage > BUS and stage != NEXT
        # 0x7E or 0x7D
        awkward.next = stage > OPEN and stage < CLOSE and raw[8:2] == 31 and raw[0] != raw[1]
        data.next = raw
        if escaped:
            data.next = raw ^ flip
        elif awkward:
            data.next = escape

    @always_comb
    def step() -> None:
        sent.next = ready and (escaped or not awkward)
        frozen.next = waiting or stage == BUS

    @always_comb
    def accept() -> None:
        rready.next = stage == CLOSE and sent and asked == read
        bready.next = stage == CLOSE and sent and asked == write
        out_tready.next = stage == BYTES and sent and ended and asked == take

    @always(clk.posedge)
    def bus() -> None:
        if awready:
            awvalid.next = False
        if wready:
            wvalid.next = False
        if arready:
            arvalid.next = False
        if reset:
            awvalid.next = False
            wvalid.next = False
            arvalid.next = False
        elif stage == IDLE and waiting:
            awvalid.next = kind == write
            wvalid.next = kind == write
            arvalid.next = kind == read

    @always(clk.posedge)
    def answer() -> None:
        if ask:
            waiting.next = True
        if got:  # a byte of the host's ends the waiting for outputs
            over.next = True
        if send and ready:
            escaped.next = awkward and not escaped
        if sent and stage > OPEN and stage < CHECK:
            crc.next = after
        if reset:
            stage.next = IDLE
            waiting.next = False
            escaped.next = False
        elif stage == IDLE:
            asked.next = kind
            over.next = False
            crc.next = 255
            if waiting:
                waiting.next = False
                stage.next = OPEN
                if (kind == read) | (kind == write):
                    stage.next = BUS
        elif stage == BUS:
            if rvalid or bvalid:
                stage.next = OPEN
        elif stage == NEXT:
            if over:
                stage.next = CHECK
            elif out_tvalid:
                stage.next = BYTES
        elif sent:
            index.next = 0
            if stage == OPEN:
                stage.next = OP
            elif stage == OP:
                stage.next = BYTES
                if asked == take:
                    stage.next = NEXT
                elif asked == error:
                    stage.next = CHECK
            elif stage == BYTES:
                index.next = index + 1
                if ended:
                    stage.next = CHECK
                    if asked == take:
                        index.next = 0
                        stage.next = NEXT
                        over.next = out_tlast
            elif stage == CHECK:
                stage.next = CLOSE
            else:
                stage.next = IDLE

    return (
        quarters,
        look,
        choose,
        frame,
        step,
        accept,
        bus,
        answer,
        (pick if LAST else pick_only),
        checksum(crc, raw, after),
    )
