"""A lane: four banks, the datapath, and what the lane says on the up bus."""

from __future__ import annotations

from typing import Any

from myhdl import concat

from myhdl_core.circuit import ACTIVATE, NOBODY, STREAM, UNIT, Circuit
from myhdl_core.datapath import accumulate, narrows, operands, scalar
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
    chosen,
    constant,
    field,
    module,
    named,
    optional,
    ports,
    tap,
    word,
)
from myhdl_core.microcode import Left, Plus, Right


def lane_control(circuit: Circuit) -> Bundle:
    """Return what all lanes are told: a signal for every field of the program that they need."""
    address, has = circuit.address_bits, circuit.bits
    wires = {f"{bank}_offset": bits(width) for bank, width in address.items()}
    wires |= {"to_offset": bits(circuit.target_bits), "send_from": bits(2)}
    wires |= {"load_offset": bits(address["u"])} if 0 in circuit.loads else {}
    wires |= {"send_offset": bits(address["u"])} if has("send_offset") else {}
    wires |= {"constant": word(circuit.shape.word_bits)} if Left.CONSTANT in circuit.lefts else {}
    wires |= {name: bits(has(name)) for name in ("left", "right", "plus") if has(name)}
    names = ("dot", "to_own", "to_unit", "load_weight", "give", "subtract", "say", "activate")
    wires |= {name: bit() for name in names if has(name)}
    wires |= {"complement": bit()} if has("subtract") else {}
    wires |= {"weight": bit()} if len(circuit.pluses) > 1 and 4 in circuit.pluses else {}
    wires |= {"ride": bit()} if has("ride") else {}
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
    clk: Wire, wide: Wire, complement6: Wire, total6: Wire, result7: Wire, to: Wire
) -> Instances:
    """What bank X stores: a result, or the sum as it is."""
    total7 = word(len(total6))

    @always(clk.posedge)
    def keep() -> None:
        if complement6:
            total7.next = ~total6
        else:
            total7.next = total6

    @always_comb
    def choose() -> None:
        to.next = result7
        if wide:
            to.next = total7

    return keep, choose


@block
def bank(
    name: str, clk: Wire, write: Wire, target: Wire, data: Wire, address: Wire, q: Wire, depth: int
) -> Instances:
    """One memory of a lane."""
    into = {"clk": clk, "write": write, "data": data, "read_address": address}
    into["write_address"] = (target, 0, len(address))
    return module("memory", name, into, {"q": q}, WIDTH=len(data), DEPTH=depth, BITS=len(address))


@block
def voice(
    clk: Wire,
    reset: Wire,
    control: Bundle,
    flags: Bundle,
    banks: Bundle,
    result7: Wire,
    target7: Wire,
    send_place3: Wire,
    reading: Wire,
    up: Wire,
    circuit: Any,
) -> Instances:
    """The lane's register on the up bus: a word of a bank, a result, or zero.

    It shows a word of a bank in cycle 4, a result in cycle 8. The host reads the same way: what it
    reads is of no kind, so that nothing takes it for a word that was sent.
    """
    shape, low = circuit.shape, circuit.deeper
    send_from, operand, x_q, y_q, u_q = control.send_from, banks.operand, banks.x, banks.y, banks.u
    say, activate = optional(control, "say"), optional(control, "activate")
    give, says3, gives7 = optional(control, "give"), bit(), bit()
    send, give7 = flags.send3, flags.give7
    kind, place, said = bits(2), bits(circuit.address_bits["u"]), word(shape.word_bits)
    heard, below, select = word(shape.word_bits), bits(low), bits(5)
    target_u = field(target7, 0, circuit.address_bits["u"])
    w_low = field(banks.w, 0, low) if low else constant(0, 1)
    nobody, unit, activation, stream = NOBODY, UNIT, ACTIVATE, STREAM

    choice = chosen(select, (operand, x_q, y_q, u_q, result7), heard)

    @always_comb
    def turn() -> None:
        says3.next = send or reading
        gives7.next = say and give7

    @always_comb
    def select_source() -> None:
        select.next[0] = says3 and send_from == 0
        select.next[1] = says3 and send_from == 1
        select.next[2] = says3 and send_from == 2
        select.next[3] = says3 and send_from == 3
        select.next[4] = gives7

    @always(clk.posedge)
    def speak() -> None:
        said.next = heard
        place.next = 0
        kind.next = nobody
        if says3:
            place.next = send_place3
        elif gives7:
            place.next = target_u
        if reset:
            kind.next = nobody
        elif send and give:
            kind.next = stream
        elif send:
            kind.next = unit
        elif gives7 and activate:
            kind.next = activation
        elif gives7:
            kind.next = unit

    @always(clk.posedge)
    def speak_low() -> None:
        below.next = 0
        if reading:
            below.next = w_low

    @always_comb
    def connect() -> None:
        up.next = concat(kind, place, said, below)

    @always_comb
    def connect_short() -> None:
        up.next = concat(kind, place, said)

    lowest = (speak_low, connect) if low else (connect_short,)
    return turn, select_source, choice, speak, lowest


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
    names = ("load2", "load3", "send3", "work5", "first5", "give6", "give7", "last2")
    flags = Bundle(**{name: bit() for name in names})
    read = Bundle(**{f"{name}2": bits(size) for name, size in address.items()})
    operand = ring.operand if vars(ring) else word(width)
    ridden = ring.ridden if vars(ring) else constant(0, width)
    w_q, y_q, u_q, k = (word(n) for n in (full, width, width, width))
    x_q, x_data = word(circuit.x_bits), word(circuit.x_bits)
    wide, x_low = vars(control).get("wide"), field(x_q, 0, width)
    x_word = word(width) if wide is not None else x_q
    banks = Bundle(w=w_q, x=x_word, sums=x_q, y=y_q, u=u_q, k=k, operand=operand)
    left4, right4, addend4 = word(width), word(width), word(circuit.addend_bits)
    total6, result7, weight7 = word(circuit.total_bits), word(width), word(full)
    target7, send_place3 = bits(circuit.target_bits), bits(address["u"])
    y_data, y_target = word(width), bits(address["y"])
    w_write, x_write, y_write = bit(), bit(), bit()
    store_w, store_x, store_y = control.store_w, control.store_x, control.store_y
    ride, give7, u2 = optional(control, "ride"), flags.give7, read.u2
    w_top = word(min(width, full - circuit.deeper))
    w_upper = field(w_q, circuit.deeper, len(w_top))
    target_y, unit_y = field(target7, 0, len(y_target)), field(u2, 0, min(len(u2), len(y_target)))
    down_write, down_place, down_word = down.write, down.place, down.word
    unused_k, unused_w = word(width), word(full)  # what not every program looks at

    @always_comb
    def wires() -> None:
        w_top.next = w_upper
        operand.next = w_top

    @always_comb
    def stores() -> None:
        w_write.next = store_w and give7
        x_write.next = store_x and give7
        y_write.next = (store_y and give7) or ride
        y_data.next = result7
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
        parts += [narrow_x, widened(clk, wide, complement, total6, result7, x_data)]
    else:
        x_data = result7
    if Left.K not in circuit.lefts and Right.K not in circuit.rights:
        parts.append(tap(k, unused_k))
    if Plus.W not in circuit.pluses:
        parts.append(tap(w_q, unused_w))
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
        acts(clk, reset, entry, optional(control, "dot"), writing, flags, circuit),
        reads(clk, entry, control, read, circuit),
        targets(clk, entry, control, flags, target7, send_place3, circuit),
    )
    computed = (
        scalar(clk, flags.load3, control, banks, circuit),
        operands(clk, control, banks, left4, right4, addend4, circuit),
        accumulate(clk, control, flags, left4, right4, addend4, total6, circuit),
        narrows(clk, control, flags, host_data, total6, result7, weight7, clipped, circuit),
    )
    speech = voice(
        clk, reset, control, flags, banks, result7, target7, send_place3, reading, up, circuit
    )
    kept = (
        bank("u_weights", clk, w_write, target7, weight7, read.w2, w_q, shape.w_depth),
        bank("u_x", clk, x_write, target7, x_data, read.x2, x_q, shape.x_depth),
        bank("u_y", clk, y_write, y_target, y_data, read.y2, y_q, shape.y_depth),
        bank("u_units", clk, down_write, down_place, down_word, u2, u_q, shape.u_depth),
    )
    return wires, stores, parts, decoded, computed, speech, kept
