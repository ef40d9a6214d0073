"""What a lane makes of its table entry: what it does, and the addresses that it needs.

An entry shows in cycle 1, the addresses of the banks in cycle 2; the address of its result travels
along until the result shows in cycle 8. The numbers behind the names are these cycles. An entry is
issued one cycle before cycle 0, because a table has a register of its own behind it.
"""

from __future__ import annotations

from typing import Any

from myhdl import concat

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
    optional,
)
from myhdl_core.microcode import Act


@block
def acts(
    clk: Wire, reset: Wire, entry: Wire, control: Bundle, reading: Wire, writing: Wire,
    flags: Bundle, circuit: Any,
) -> Instances:  # fmt: skip
    """What an entry does, told to each stage when it is due; a sum begins where one ended.

    The host reads as if an entry opened a sum, got its result, and sent a word if ``peek`` says so.
    """
    low = circuit.shape.unit_bits + circuit.shape.edge_bits
    send1, act1 = field(entry, low, 1), field(entry, low + 1, 2)
    IDLE, LOAD, WORD, LAST = (int(act) for act in Act)
    load2, load3, send4, last2 = flags.load2, flags.load3, flags.send4, flags.last2
    open5, work3, give7, give8 = flags.open5, flags.work3, flags.give7, flags.give8
    begin1, send2, send3, open2, open3, open4 = (bit() for _ in range(6))
    work2, give2, give3, give4, give5, give6 = (bit() for _ in range(6))
    dot, peek, mute = optional(control, "dot"), control.peek, optional(control, "mute")

    @always(clk.posedge)
    def act() -> None:
        load2.next = act1 == LOAD
        last2.next = act1 == LAST
        work2.next = act1 >= WORD
        send2.next = (send1 and not mute) or (reading and peek)
        open2.next = reading or (act1 >= WORD and (begin1 or not dot))
        if reset:
            begin1.next = True
            give2.next = False
        else:
            if act1 == WORD:
                begin1.next = not dot
            elif act1 != IDLE:
                begin1.next = True
            give2.next = reading or act1 == LAST or (act1 == WORD and not dot)

    @always(clk.posedge)
    def travel() -> None:
        load3.next = load2
        send3.next = send2
        send4.next = send3 and not reset
        open3.next = open2
        open4.next = open3
        open5.next = open4
        work3.next = work2
        give3.next = give2 and not reset
        give4.next = give3 and not reset
        give5.next = give4 and not reset
        give6.next = give5 and not reset
        give7.next = give6 and not reset
        give8.next = (give7 or writing) and not reset

    return act, travel


@block
def reads(clk: Wire, entry: Wire, control: Bundle, read: Bundle, circuit: Any) -> Instances:
    """Where the banks are read: offsets are the instruction's, the rest is the entry's."""
    shape, width = circuit.shape, circuit.address_bits
    edge_bits, unit_bits = shape.edge_bits, shape.unit_bits
    act1 = field(entry, unit_bits + edge_bits + 1, 2)
    edge_w, edge_x, edge_y = (bits(min(edge_bits, width[name])) for name in "wxy")
    send1, riding = field(entry, unit_bits + edge_bits, 1), optional(control, "riding")
    place1 = bits(min(unit_bits + shape.far, width["u"]))
    whole_w, whole_x = field(entry, unit_bits, len(edge_w)), field(entry, unit_bits, len(edge_x))
    whole_y, whole_u = (
        field(entry, unit_bits, len(edge_y)),
        field(entry, 0, len(place1) - shape.far),
    )
    w2, x2, y2, u2 = read.w2, read.x2, read.y2, read.u2
    w_offset, x_offset, y_offset = control.w_offset, control.x_offset, control.y_offset
    u_offset, base1 = control.u_offset, bits(width["u"])
    LOAD = int(Act.LOAD)

    @always_comb
    def take_apart() -> None:
        edge_w.next = whole_w
        edge_x.next = whole_x
        edge_y.next = whole_y

    @always(clk.posedge)
    def address() -> None:
        w2.next = edge_w | w_offset  # an offset of the host's, when all entries are zero
        x2.next = edge_x + x_offset
        y2.next = edge_y + y_offset
        u2.next = place1 + base1

    @always_comb
    def near() -> None:
        place1.next = whole_u

    @always_comb
    def far() -> None:
        place1.next = concat(send1 and riding, whole_u)

    if "load_offset" in vars(control):
        load_offset = control.load_offset

        @always_comb
        def base() -> None:
            if act1 == LOAD:
                base1.next = load_offset
            else:
                base1.next = u_offset

    else:

        @always_comb
        def base() -> None:
            base1.next = u_offset

    return take_apart, address, base, far if shape.far else near


@block
def targets(
    clk: Wire,
    entry: Wire,
    control: Bundle,
    flags: Bundle,
    target8: Wire,
    send_place4: Wire,
    circuit: Any,
) -> Instances:
    """Where a result goes, and where a word goes that is sent.

    A result goes to its edge, or on the bus to the lane's own unit: that of the last LOAD, or that
    of each entry where ``to_unit`` says so. It moves on by one after a LAST.
    """
    shape = circuit.shape
    edge1, unit1 = field(entry, shape.unit_bits, shape.edge_bits), field(entry, 0, shape.unit_bits)
    act1 = field(entry, shape.unit_bits + shape.edge_bits + 1, 2)
    to_unit, to_bus = optional(control, "to_unit"), optional(control, "to_bus")
    to_offset, last2 = control.to_offset, flags.last2
    edge2, unit2, unit3, own2 = (bits(n) for n in (shape.edge_bits, *[shape.unit_bits] * 3))
    place2, target3, target4, target5, target6, target7 = (
        bits(circuit.target_bits) for _ in range(6)
    )
    send_offset = vars(control).get("send_offset", constant(0, circuit.address_bits["u"]))
    LOAD = int(Act.LOAD)

    @always(clk.posedge)
    def follow() -> None:
        edge2.next = edge1
        unit2.next = unit1
        unit3.next = unit2
        if act1 == LOAD or to_unit:
            own2.next = unit1
        elif last2:
            own2.next = own2 + 1

    @always_comb
    def place() -> None:
        place2.next = edge2
        if to_bus:
            place2.next = own2

    @always(clk.posedge)
    def travel() -> None:
        send_place4.next = unit3 + send_offset
        target3.next = place2 + to_offset
        target4.next = target3
        target5.next = target4
        target6.next = target5
        target7.next = target6
        target8.next = target7

    return follow, place, travel
