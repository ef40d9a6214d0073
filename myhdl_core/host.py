"""The host port and the clearing of all memories, both while no step runs.

Both go the way of an entry through the lanes: an address comes in as offset, with tables that stand
on their idle row; what is written comes in where results are rounded. So lanes need no multiplexers
for them. A weight that is read shows 8 cycles after `host_read`, and any other word 12: a read of
weights has to wait for the answers of the other banks before it.
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
    told = {"quiet5": bit(), "answer6": bit(), "weight6": bit()}
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
    reading1: Wire,
    writing7: Wire,
    data7: Wire,
    host: Bundle,
    post: Bundle,
    circuit: Any,
) -> Instances:
    """The host port."""
    shape, lanes, full = circuit.shape, circuit.shape.lanes, circuit.shape.weight_bits
    DEPTH = max(shape.w_depth, shape.x_depth, shape.y_depth, shape.u_depth) + 8
    first, all_lanes = constant(1, lanes), constant((1 << lanes) - 1, lanes)
    sweep, write, read = bits(DEPTH.bit_length()), bit(), bit()
    sweep_address = field(sweep, 0, circuit.target_bits)
    address0, stores0, reads0 = host.address0, host.stores0, host.reads0
    write_u0, place0, word0 = post.write, post.place, post.word
    quiet5, answer6, weight6, data0 = post.quiet5, post.answer6, post.weight6, bits(full)
    low_address, low_data = field(address0, 0, len(place0)), field(data0, 0, len(word0))
    lane, lane0, asked0, lane2, lane3, lane4, lane5, lane6 = (bits(lanes) for _ in range(8))
    lane1, late1, late2, late3, late4 = bits(lanes), bit(), bit(), bit(), bit()
    data1, data2, data3, data4, data5, data6 = (bits(full) for _ in range(6))
    answer1, answer2, answer3, answer4 = (bit() for _ in range(4))
    weight1, weight2, weight3, weight4, weight5 = (bit() for _ in range(5))

    @always_comb
    def admit() -> None:
        write.next = host_write and idle and not clearing
        read.next = host_read and idle and not clearing

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
            clearing.next = sweep != DEPTH
        else:
            clearing.next = clear and idle
        sweep.next = 0
        if clearing:
            sweep.next = sweep + 1

    @always(clk.posedge)
    def enter() -> None:
        address0.next = 0
        data0.next = 0
        stores0.next = 0
        lane0.next = 0
        asked0.next = 0
        write_u0.next = False
        reads0.next = 0
        if clearing:
            address0.next = sweep_address
            stores0.next = 7
            write_u0.next = True
            lane0.next = all_lanes
        elif write or read:
            address0.next = host_address
            if write:
                lane0.next = lane
                data0.next = host_data
                stores0.next[0] = host_bank == 1
                stores0.next[1] = host_bank == 2
                stores0.next[2] = host_bank == 0
                write_u0.next = host_bank == 3
            else:
                asked0.next = lane
                reads0.next[0] = host_bank == 0
                reads0.next[1] = host_bank == 1
                reads0.next[2] = host_bank == 2
                reads0.next[3] = host_bank == 3

    @always(clk.posedge)
    def travel() -> None:
        reading1.next = asked0
        lane1.next = lane0
        lane2.next = lane1
        lane3.next = lane2
        lane4.next = lane3
        lane5.next = lane4
        lane6.next = lane5
        writing7.next = lane6
        data1.next = data0
        data2.next = data1
        data3.next = data2
        data4.next = data3
        data5.next = data4
        data6.next = data5
        data7.next = data6

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
        weight1.next = reads0[0]
        weight2.next = weight1
        weight3.next = weight2
        weight4.next = weight3
        weight5.next = weight4
        weight6.next = weight5

    @always_comb
    def post_it() -> None:
        place0.next = low_address
        word0.next = low_data

    named(admit, **ports("host", host), **ports("post", post))
    return admit, select if lanes > 1 else select_only, clean, enter, travel, tell, post_it
