"""A lane: four banks, the datapath, and what the lane says on the up bus."""

from __future__ import annotations

from typing import Any

from myhdl import concat

from myhdl_core.circuit import Circuit, addends
from myhdl_core.datapath import accumulate, addend, factors, narrows, registers, scalar
from myhdl_core.decode import acts, reads, targets
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
    module,
    named,
    optional,
    ports,
    tap,
    united,
    word,
)
from myhdl_core.microcode import Plus
from myhdl_core.sources import Factor


def lane_control(circuit: Circuit) -> Bundle:
    """Return what all lanes are told: a signal for every field of the program that they need."""
    address, has = circuit.address_bits, circuit.bits
    wires = {f"{bank}_offset": bits(width) for bank, width in address.items()}
    wires |= {"to_offset": bits(circuit.target_bits), "plus": bits(len(addends(circuit)))}
    wires |= {"load_offset": bits(address["u"])} if 0 in circuit.loads else {}
    wires |= {"send_offset": bits(address["u"])} if has("send_offset") else {}
    wires |= {"constant": word(circuit.shape.word_bits)} if Factor.CONSTANT in circuit.lefts else {}
    wires |= {name: bits(has(name)) for name in ("left", "right", "apart") if has(name)}
    names = ("dot", "mute", "to_bus", "to_unit", "load_weight", "subtract", "say")
    wires |= {"peek": bit()} | {name: bit() for name in names if has(name)}
    wires |= {"complement": bit()} if has("subtract") else {}
    wires |= {"weight": bit()} if Plus.W in circuit.pluses else {}
    wires |= {"ride": bit()} if has("ride") else {}
    wires |= {"riding": bit()} if circuit.shape.far else {}
    wires |= {"wide": bit(), "exact": bit()} if has("wide") else {}
    wires |= {name: bit() for name in ("store_x", "store_y", "store_w")}
    return Bundle(**wires)


def lane_ring(circuit: Circuit) -> Bundle:
    """Return what joins a lane to the rotator; nothing where the program has no use for it."""
    width = circuit.shape.word_bits
    return Bundle(operand=word(width), ridden=word(width)) if circuit.bits("ride") else Bundle()


def lane_mask(circuit: Circuit) -> Bundle:
    """Return what some lanes are told: a bit for each."""
    names = [name for name in ("hush", "still") if circuit.bits(name)]
    return Bundle(**{name: bits(circuit.shape.lanes) for name in names})


@block
def masked(entry: Wire, mask: Bundle, to: Wire, circuit: Any) -> Instances:
    """The entry: without ``send`` where the lane is to hush, without its act where to be still."""
    low = circuit.shape.unit_bits + circuit.shape.edge_bits
    places, send, act = field(entry, 0, low), field(entry, low, 1), field(entry, low + 1, 2)
    hush, still = optional(mask, "hush"), optional(mask, "still")
    says, does = bit(), bits(2)

    @always_comb
    def gate() -> None:
        says.next = send and not hush
        does.next = act
        if still:
            does.next = 0

    @always_comb
    def join() -> None:
        to.next = concat(does, says, places)

    return gate, join


@block
def widened(
    clk: Wire, wide: Wire, complement7: Wire, total7: Wire, result8: Wire, to: Wire
) -> Instances:
    """What bank X stores: a result, or the sum as it is."""
    total8 = word(len(total7))

    @always(clk.posedge)
    def keep() -> None:
        if complement7:
            total8.next = ~total7
        else:
            total8.next = total7

    @always_comb
    def choose() -> None:
        to.next = result8
        if wide:
            to.next = total8

    return keep, choose


@block
def bank(
    name: str, clk: Wire, write: Wire, target: Wire, data: Wire, address: Wire, q: Wire, depth: int
) -> Instances:
    """One memory of a lane."""
    size = len(address)
    into = {"clk": clk, "write": write, "data": data, "read_address": address}
    into["write_address"] = (target, 0, size)
    whole = max(
        depth, (1 << size - 1) + 1
    )  # the address may have a bit that a shallow bank has not
    return module("memory", name, into, {"q": q}, WIDTH=len(data), DEPTH=whole, BITS=size)


@block
def voice(
    clk: Wire,
    control: Bundle,
    flags: Bundle,
    banks: Bundle,
    left4: Wire,
    w_low4: Wire,
    result8: Wire,
    target8: Wire,
    send_place4: Wire,
    up: Wire,
    circuit: Any,
) -> Instances:
    """What the lane says on the up bus: a word that it sends, and a result, each zero or there.

    A word that is sent shows in cycle 5, a result in cycle 9. The former is the left factor, or a
    word apart from it where the entry multiplies something else.
    """
    shape, low, send4, give8 = circuit.shape, circuit.deeper, flags.send4, flags.give8
    places, say = circuit.address_bits["u"], optional(control, "say")
    sent5, place5, said5, low5 = bit(), bits(places), word(shape.word_bits), bits(low)
    spoke9, place9, told9 = bit(), bits(places), word(shape.word_bits)
    target_u, sent4 = field(target8, 0, places), left4
    parts: list[Instances] = []
    if circuit.aparts:
        sent4 = word(shape.word_bits)
        parts = [apart(clk, control, banks, left4, sent4, circuit)]

    @always(clk.posedge)
    def send() -> None:
        sent5.next = send4
        place5.next = 0
        said5.next = 0
        if send4:
            place5.next = send_place4
            said5.next = sent4

    @always(clk.posedge)
    def send_low() -> None:
        low5.next = 0
        if send4:
            low5.next = w_low4

    @always(clk.posedge)
    def speak() -> None:
        spoke9.next = say and give8
        place9.next = 0
        told9.next = 0
        if say and give8:
            place9.next = target_u
            told9.next = result8

    @always_comb
    def connect() -> None:
        up.next = concat(spoke9, place9, told9, sent5, place5, said5, low5)

    @always_comb
    def connect_short() -> None:
        up.next = concat(spoke9, place9, told9, sent5, place5, said5)

    lowest = (send_low, connect) if low else (connect_short,)
    return send, speak, lowest, parts


@block
def apart(
    clk: Wire, control: Bundle, banks: Bundle, left4: Wire, sent4: Wire, circuit: Any
) -> Instances:
    """The word that is sent: the left factor, or a word of a bank that is not."""
    select = control.apart
    words = {Factor.W: banks.operand, Factor.U: banks.u, Factor.X: banks.x, Factor.Y: banks.y}
    sources = [words[code] for code in circuit.aparts]
    other = [word(len(left4)) for _ in sources]
    kept = registers(clk, select, sources, other)
    away4, own4 = bit(), word(len(left4))

    @always(clk.posedge)
    def follow() -> None:
        away4.next = select != 0

    @always_comb
    def mask() -> None:
        own4.next = left4
        if away4:
            own4.next = 0

    return follow, mask, kept, united([own4, *other], sent4)


@block
def lane(
    clk: Wire,
    reset: Wire,
    entry: Wire,
    control: Bundle,
    reading: Wire,
    writing: Wire,
    host_data: Wire,
    ring: Bundle,
    down: Bundle,
    mask: Bundle,
    up: Wire,
    clipped: Wire,
    circuit: Any,
) -> Instances:
    """One lane, on the ring of the rotator where there is one.

    Its table and control words show in the cycles that the stages expect.
    """
    shape, address = circuit.shape, circuit.address_bits
    width, full = shape.word_bits, shape.weight_bits
    names = ("load2", "load3", "send4", "work3", "open5", "give7", "give8", "last2")
    flags = Bundle(**{name: bit() for name in names})
    read = Bundle(**{f"{name}2": bits(size) for name, size in address.items()})
    operand = ring.operand if vars(ring) else word(width)
    ridden = ring.ridden if vars(ring) else constant(0, width)
    w_q, y_q, u_q, k = (word(n) for n in (full, width, width, width))
    x_q, x_data = word(circuit.x_bits), word(circuit.x_bits)
    wide, x_low = vars(control).get("wide"), field(x_q, 0, width)
    x_word = word(width) if wide is not None else x_q
    banks = Bundle(w=w_q, x=x_word, sums=x_q, y=y_q, u=u_q, k=k, operand=operand)
    left4, right4 = word(width), word(width)
    addend4, w_low4 = word(circuit.addend_bits), bits(max(1, circuit.deeper))
    total7, result8, weight8 = word(circuit.total_bits), word(width), word(full)
    target8, send_place4 = bits(circuit.target_bits), bits(address["u"])
    y_data, y_target = word(width), bits(address["y"])
    w_write, x_write, y_write = bit(), bit(), bit()
    store_w, store_x, store_y = control.store_w, control.store_x, control.store_y
    ride, give8, u2 = optional(control, "ride"), flags.give8, read.u2
    w_top = word(min(width, full - circuit.deeper))
    w_upper = field(w_q, circuit.deeper, len(w_top))
    target_y, unit_y = field(target8, 0, len(y_target)), field(u2, 0, min(len(u2), len(y_target)))
    down_write, down_place, down_word = down.write, down.place, down.word
    low = min(circuit.word_shift, circuit.weight_shift if Plus.W in circuit.pluses else width)
    unused_sum = bits(low)  # what is added for its carry alone
    unused_k, unused_w = word(width), word(full)  # what not every program looks at
    unused_low = bits(len(w_low4))

    @always_comb
    def wires() -> None:
        w_top.next = w_upper
        operand.next = w_top

    @always_comb
    def stores() -> None:
        w_write.next = store_w and give8
        x_write.next = store_x and give8
        y_write.next = (store_y and give8) or ride
        y_data.next = result8
        y_target.next = target_y
        if ride:
            y_data.next = ridden
            y_target.next = unit_y

    @always_comb
    def narrow_x() -> None:
        x_word.next = x_low

    parts: list[Instances] = []
    if wide is not None:
        complement = optional(control, "complement")
        parts += [narrow_x, widened(clk, wide, complement, total7, result8, x_data)]
    else:
        x_data = result8
    if Factor.K not in (*circuit.lefts, *circuit.rights):
        parts.append(tap(k, unused_k))
    if low and not circuit.keeps_sums:
        parts.append(tap(field(total7, 0, low), unused_sum))
    if Plus.W not in circuit.pluses:
        parts.append(tap(w_q, unused_w))
    if not circuit.deeper:
        parts.append(tap(w_low4, unused_low))
    if vars(mask):
        heard, entry = entry, bits(len(entry))
        parts.append(masked(heard, mask, entry, circuit))
    named(
        wires,
        **vars(flags),
        **ports("mask", mask),
        **ports("ring", ring),
        **vars(read),
        **ports("control", control),
        **ports("down", down),
    )
    decoded = (
        acts(clk, reset, entry, control, reading, writing, flags, circuit),
        reads(clk, entry, control, read, circuit),
        targets(clk, entry, control, flags, target8, send_place4, circuit),
    )
    computed = (
        scalar(clk, flags.load3, control, banks, circuit),
        factors(clk, flags.work3, control, banks, left4, right4, circuit),
        addend(clk, control, banks, addend4, w_low4, circuit),
        accumulate(clk, control, flags, left4, right4, addend4, total7, circuit),
        narrows(clk, control, flags, host_data, total7, result8, weight8, clipped, circuit),
    )
    speech = voice(
        clk, control, flags, banks, left4, w_low4, result8, target8, send_place4, up, circuit
    )
    kept = (
        bank("u_weights", clk, w_write, target8, weight8, read.w2, w_q, shape.w_depth),
        bank("u_x", clk, x_write, target8, x_data, read.x2, x_q, shape.x_depth),
        bank("u_y", clk, y_write, y_target, y_data, read.y2, y_q, shape.y_depth),
        bank("u_units", clk, down_write, down_place, down_word, u2, u_q, shape.u_depth),
    )
    return wires, stores, parts, decoded, computed, speech, kept
