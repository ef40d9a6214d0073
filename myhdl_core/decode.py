"""What a lane makes of its table entry: what it does, and the addresses that it needs.

An entry shows in cycle 1, the addresses of the banks in cycle 2; the address of its result travels
along until the result shows in cycle 7. The numbers behind the names are these cycles.
"""

from __future__ import annotations

from typing import Any

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
    clk: Wire, reset: Wire, entry: Wire, dot: Wire, writing: Wire, flags: Bundle, circuit: Any
) -> Instances:
    """What an entry does, told to each stage when it is due; a sum begins where one ended."""
    low = circuit.shape.unit_bits + circuit.shape.edge_bits
    send1, act1 = field(entry, low, 1), field(entry, low + 1, 2)
    IDLE, LOAD, WORD, LAST = (int(act) for act in Act)
    load2, load3, send3, work5, first5, give6, give7 = (
        flags.load2,
        flags.load3,
        flags.send3,
        flags.work5,
        flags.first5,
        flags.give6,
        flags.give7,
    )
    begin1, first2, first3, first4, send2 = (bit() for _ in range(5))
    work2, work3, work4, give2, give3, give4, give5 = (bit() for _ in range(7))
    last2 = flags.last2

    @always(clk.posedge)
    def act() -> None:
        load2.next = act1 == LOAD
        last2.next = act1 == LAST
        send2.next = send1
        first2.next = begin1 or not dot
        if reset:
            begin1.next = True
            work2.next = False
            give2.next = False
        else:
            if act1 == WORD:
                begin1.next = not dot
            elif act1 != IDLE:
                begin1.next = True
            work2.next = act1 >= WORD
            give2.next = act1 == LAST or (act1 == WORD and not dot)

    @always(clk.posedge)
    def travel() -> None:
        load3.next = load2
        send3.next = send2
        first3.next = first2
        first4.next = first3
        first5.next = first4
        work3.next = work2 and not reset
        work4.next = work3 and not reset
        work5.next = work4 and not reset
        give3.next = give2 and not reset
        give4.next = give3 and not reset
        give5.next = give4 and not reset
        give6.next = give5 and not reset
        give7.next = (give6 or writing) and not reset

    return act, travel


@block
def reads(clk: Wire, entry: Wire, control: Bundle, read: Bundle, circuit: Any) -> Instances:
    """Where the banks are read: offsets are the instruction's, the rest is the entry's."""
    shape, width = circuit.shape, circuit.address_bits
    edge_bits, unit_bits = shape.edge_bits, shape.unit_bits
    act1 = field(entry, unit_bits + edge_bits + 1, 2)
    edge_w, edge_x, edge_y = (bits(min(edge_bits, width[name])) for name in "wxy")
    unit_u = bits(min(unit_bits, width["u"]))
    whole_w, whole_x = field(entry, unit_bits, len(edge_w)), field(entry, unit_bits, len(edge_x))
    whole_y, whole_u = field(entry, unit_bits, len(edge_y)), field(entry, 0, len(unit_u))
    w2, x2, y2, u2 = read.w2, read.x2, read.y2, read.u2
    w_offset, x_offset, y_offset = control.w_offset, control.x_offset, control.y_offset
    u_offset, base1 = control.u_offset, bits(width["u"])
    LOAD = int(Act.LOAD)

    @always_comb
    def take_apart() -> None:
        edge_w.next = whole_w
        edge_x.next = whole_x
        edge_y.next = whole_y
        unit_u.next = whole_u

    @always(clk.posedge)
    def address() -> None:
        w2.next = edge_w | w_offset  # an offset of the host's, when all entries are zero
        x2.next = edge_x + x_offset
        y2.next = edge_y + y_offset
        u2.next = unit_u + base1

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

    return take_apart, address, base


@block
def targets(
    clk: Wire,
    entry: Wire,
    control: Bundle,
    flags: Bundle,
    target7: Wire,
    send_place3: Wire,
    circuit: Any,
) -> Instances:
    """Where a result goes, and where a word goes that is sent.

    A result goes to its edge, on the bus to the lane's own unit or to the entry's unit. The own
    unit is the one of the last LOAD, and moves on by one after a LAST.
    """
    shape = circuit.shape
    edge1, unit1 = field(entry, shape.unit_bits, shape.edge_bits), field(entry, 0, shape.unit_bits)
    act1 = field(entry, shape.unit_bits + shape.edge_bits + 1, 2)
    to_own, to_unit = optional(control, "to_own"), optional(control, "to_unit")
    to_offset, last2 = control.to_offset, flags.last2
    edge2, unit2, own2 = bits(shape.edge_bits), bits(shape.unit_bits), bits(shape.unit_bits)
    place2, target3, target4, target5, target6 = (bits(circuit.target_bits) for _ in range(5))
    send_offset = vars(control).get("send_offset", constant(0, circuit.address_bits["u"]))
    LOAD = int(Act.LOAD)

    @always(clk.posedge)
    def follow() -> None:
        edge2.next = edge1
        unit2.next = unit1
        if act1 == LOAD:
            own2.next = unit1
        elif last2:
            own2.next = own2 + 1

    @always_comb
    def place() -> None:
        if to_own:
            place2.next = own2
        elif to_unit:
            place2.next = unit2
        else:
            place2.next = edge2

    @always(clk.posedge)
    def travel() -> None:
        send_place3.next = unit2 + send_offset
        target3.next = place2 + to_offset
        target4.next = target3
        target5.next = target4
        target6.next = target5
        target7.next = target6

    return follow, place, travel
