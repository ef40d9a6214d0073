"""The host port and the clearing of all memories, both while no step runs.

Both go the way of an entry through the lanes: an address comes in as offset, with tables that stand
on their idle row; what is written comes in where results are rounded. So lanes need no multiplexers
for them. A weight that is read shows 8 cycles after `host_read`, and any other word 12. One access
is under way at a time, so that its lane and its word stand where they came in until they are
needed; `host_ready` says that none is.
"""

from __future__ import annotations

from typing import Any

from myhdl_core.circuit import Circuit
from myhdl_core.hdl import (
    Bundle,
    Instances,
    Wire,
    always,
    always_comb,
    bit,
    bits,
    block,
    constant,
    field,
    named,
    ports,
)


def host_wires(circuit: Circuit) -> Bundle:
    """Return what the host port tells the control of the lanes."""
    return Bundle(address0=bits(circuit.target_bits), stores0=bits(3), reads0=bits(4))


def post_wires(circuit: Circuit) -> Bundle:
    """Return what the host port tells the bus: a word for the unit banks, and what to answer."""
    width = circuit.shape.word_bits
    place = bits(circuit.address_bits["u"])
    told = {"quiet5": bit(), "answer6": bit(), "weight": bit()}
    return Bundle(write=bit(), place=place, word=bits(width), **told)


@block
def host(
    clk: Wire,
    reset: Wire,
    idle: Wire,
    clear: Wire,
    clearing: Wire,
    host_lane: Wire,
    host_bank: Wire,
    host_address: Wire,
    host_write: Wire,
    host_read: Wire,
    host_data: Wire,
    host_ready: Wire,
    reading1: Wire,
    writing7: Wire,
    data7: Wire,
    host: Bundle,
    post: Bundle,
    circuit: Any,
) -> Instances:
    """The host port."""
    shape, lanes = circuit.shape, circuit.shape.lanes
    DEPTH = max(shape.w_depth, shape.x_depth, shape.y_depth, shape.u_depth) + 8
    first, all_lanes = constant(1, lanes), constant((1 << lanes) - 1, lanes)
    sweep, write, read, free = bits(DEPTH.bit_length()), bit(), bit(), bit()
    sweep_address, swept = field(sweep, 0, circuit.target_bits), bit()
    address0, stores0, reads0 = host.address0, host.stores0, host.reads0
    write_u0, place0, word0 = post.write, post.place, post.word
    quiet5, answer6, weight = post.quiet5, post.answer6, post.weight
    low_address, low_data = field(address0, 0, len(place0)), field(data7, 0, len(word0))
    lane, lanes0, reads_any0 = bits(lanes), bits(lanes), bit()
    go0, go1, go2, go3, go4, go5, go6, go7 = (bit() for _ in range(8))
    late1, late2, late3, late4 = (bit() for _ in range(4))
    answer1, answer2, answer3, answer4 = (bit() for _ in range(4))

    @always_comb
    def admit() -> None:
        host_ready.next = free and idle and not clearing

    @always_comb
    def take() -> None:
        write.next = host_write and host_ready
        read.next = host_read and host_ready
        swept.next = clearing and sweep == DEPTH

    @always_comb
    def select() -> None:
        lane.next = first << host_lane

    @always_comb
    def select_only() -> None:
        lane.next = host_lane == 0

    @always(clk.posedge)
    def clean() -> None:
        if reset:
            clearing.next = False
        elif clearing:
            clearing.next = not swept
        else:
            clearing.next = clear and idle
        sweep.next = 0
        if clearing:
            sweep.next = sweep + 1

    @always(clk.posedge)
    def enter() -> None:
        address0.next = 0
        stores0.next = 0
        write_u0.next = False
        reads0.next = 0
        if clearing:
            address0.next = sweep_address
            stores0.next = 7
            write_u0.next = True
        elif write or read:
            address0.next = host_address
            if write:
                stores0.next[0] = host_bank == 1
                stores0.next[1] = host_bank == 2
                stores0.next[2] = host_bank == 0
                write_u0.next = host_bank == 3
            else:
                reads0.next[0] = host_bank == 0
                reads0.next[1] = host_bank == 1
                reads0.next[2] = host_bank == 2
                reads0.next[3] = host_bank == 3

    @always(clk.posedge)
    def hold() -> None:
        if clearing:
            lanes0.next = all_lanes
        elif write or read:
            lanes0.next = lane
            weight.next = host_bank == 0
        if write:
            data7.next = host_data
        elif go7 or clearing or reset:
            data7.next = 0
        if reset or swept:
            free.next = True
        elif clearing or write or read:
            free.next = False
        elif go7 or answer6:
            free.next = True

    @always(clk.posedge)
    def travel() -> None:
        reads_any0.next = read
        reading1.next = 0
        if reads_any0:
            reading1.next = lanes0
        if reset or swept:  # what is behind the last word of a clear is none
            go0.next = False
            go1.next = False
            go2.next = False
            go3.next = False
            go4.next = False
            go5.next = False
            go6.next = False
            go7.next = False
        else:
            go0.next = clearing or write
            go1.next = go0
            go2.next = go1
            go3.next = go2
            go4.next = go3
            go5.next = go4
            go6.next = go5
            go7.next = go6
        writing7.next = 0
        if go6:
            writing7.next = lanes0

    @always(clk.posedge)
    def tell() -> None:
        late1.next = reads0[3] or reads0[2] or reads0[1]
        late2.next = late1
        late3.next = late2
        late4.next = late3
        answer1.next = (reads0[0] or late4) and not reset
        answer2.next = answer1 and not reset
        answer3.next = answer2 and not reset
        answer4.next = answer3 and not reset
        quiet5.next = answer4 and not reset
        answer6.next = quiet5 and not reset

    @always_comb
    def post_it() -> None:
        place0.next = low_address
        word0.next = low_data

    named(admit, **ports("host", host), **ports("post", post))
    choose = select if lanes > 1 else select_only
    return admit, take, choose, clean, enter, hold, travel, tell, post_it
