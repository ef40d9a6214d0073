"""The fields of the running instruction, brought to each stage of the lanes in its cycle.

The fields that the results need stand in the lowest bits of the instruction word, so that the word
gets shorter from stage to stage.
"""

from __future__ import annotations

from typing import Any

from myhdl_core.circuit import (
    ENTRY,
    OPERANDS,
    READ,
    RESULT,
    SENT,
    SUM,
    TAIL,
    TARGET,
    Circuit,
    addends,
    bit_of,
    width_of,
)
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
    gated,
    module,
    named,
    ports,
    register,
    tap,
    word,
)
from myhdl_core.microcode import Plus
from myhdl_core.sources import Factor

#: Groups of fields, and the cycle in which each is used.
STAGES = (
    (ENTRY, 1),
    (TARGET, 2),
    (OPERANDS, 3),
    (SUM, 5),
    (SENT, 5),
    (RESULT, 8),
)


def manner_wires(circuit: Circuit) -> Bundle:
    """Return what tells the bus that words go to the stream, or through the activation unit."""
    return Bundle(**{name: bit() for name in ("give", "activate") if circuit.bits(name)})


@block
def offset(clk: Wire, plain: Wire, host: Wire, to: Wire) -> Instances:
    """An offset of the instruction, or the address of the host's."""
    own = bits(len(plain))

    @always_comb
    def name() -> None:
        own.next = plain

    @always(clk.posedge)
    def keep() -> None:
        to.next = own | host

    return name, keep


@block
def fresh_offset(
    clk: Wire, plain: Wire, old: Wire, new: Wire, parity: Wire, host: Wire, half: int, to: Wire
) -> Instances:
    """An offset into the half of the unit bank that holds the step before, or this step."""
    moved, own = bits(len(to)), bits(len(plain))

    @always_comb
    def name() -> None:
        own.next = plain

    @always_comb
    def move() -> None:
        moved.next = own
        if (old and parity) or (new and not parity):
            moved.next = own + half

    @always(clk.posedge)
    def keep() -> None:
        to.next = moved | host

    return name, move, keep


@block
def turning(
    clk: Wire, ride: Wire, pace: Bundle, ridden: Wire, turn: Bundle, circuit: Any
) -> Instances:
    """The rotator's turns, one for each entry of the instruction that rides."""
    ride1, issue = bit(), pace.issue

    @always(clk.posedge)
    def stay() -> None:
        ride1.next = ride and issue
        ridden.next = ride1

    if not vars(turn):
        return stay
    opens = pace.opens
    row1, turn3, turn2 = bits(width_of(circuit.turn_rows)), turn.by, bits(circuit.turn_bits)

    @always(clk.posedge)
    def count() -> None:
        row1.next = row1 + 1
        if opens:
            row1.next = 0
        turn3.next = turn2

    into = {"clk": clk, "address": row1}
    return stay, count, module("turns", "u_turns", into, {"q": turn2})


@block
def minus(source: Wire, to: Wire) -> Instances:
    """The opposite of a source."""

    @always_comb
    def negate() -> None:
        to.next = -source

    return negate


@block
def factor(clk: Wire, tail3: Wire, rate: Wire, to: Wire, circuit: Any) -> Instances:
    """The constant factor: the rate, one, or minus these; zero where none is wanted."""
    width, one = len(to), 1 << circuit.shape.fraction_bits
    used = circuit.factors
    sources, chosen3 = [word(width) for _ in used], word(width)
    made = []
    for source, code in zip(sources, used, strict=True):
        fixed = constant(one if code == 3 else (1 << width) - one, width)
        made.append(tap(fixed if code % 2 else rate, source) if code != 2 else minus(rate, source))
    low = circuit.low("factor")
    flags = [field(tail3, low + n, 1) for n in range(len(sources))]

    @always(clk.posedge)
    def keep() -> None:
        to.next = chosen3

    return keep, made, gated(flags, sources, chosen3)


@block
def offsets(
    clk: Wire,
    instruction: Wire,
    parity: Wire,
    address: Wire,
    to: Bundle,
    to_offset1: Wire,
    circuit: Any,
) -> Instances:
    """All offsets: those that banks are read with show in cycle 1, those of targets in cycle 2."""

    def part(name: str, width: int = 1) -> Wire:
        size = circuit.bits(name)
        return field(instruction, circuit.low(name), size) if size else constant(0, width)

    def host(width: int) -> Wire:
        return field(address, 0, width)

    told, parts, silent = vars(to), [], constant(0, 1)
    for name in ("w", "x", "y"):
        wire = told[f"{name}_offset"]
        plain = part(f"{name}_offset", len(wire))
        parts.append(offset(clk, plain, host(len(wire)), wire))
    for name in ("u", "load"):
        if f"{name}_offset" in told:
            wire = told[f"{name}_offset"]
            plain, old, new = (part(f"{name}_{what}") for what in ("offset", "old", "new"))
            other = host(len(wire)) if name == "u" else silent
            half = circuit.shape.half
            parts.append(fresh_offset(clk, plain, old, new, parity, other, half, wire))
    parts.append(offset(clk, part("to_offset"), address, to_offset1))
    if "send_offset" in told:
        send_offset1, send_offset2 = (bits(len(told["send_offset"])) for _ in range(2))
        parts.append(offset(clk, part("send_offset"), silent, send_offset1))
        parts.append(register(clk, send_offset1, send_offset2))
        parts.append(register(clk, send_offset2, told["send_offset"]))
    return parts


@block
def asking(host: Bundle, to: Wire, circuit: Any) -> Instances:
    """The fields that the host sets: where to write, or what to read a bank by.

    A word of X, Y or the unit bank comes as a sum of nothing else, a weight as what is sent.
    """
    stores0, reads0 = host.stores0, host.reads0
    plus, say = circuit.low("plus"), 1 << circuit.low("say")
    X, Y, U = (say | bit_of(addends(circuit), code) << plus for code in READ)
    WEIGHT = bit_of(addends(circuit), Plus.W) << plus
    if len(circuit.selected) > 1:
        WEIGHT |= bit_of(circuit.selected, Factor.W) << circuit.low("left")

    @always_comb
    def ask() -> None:
        to.next = stores0
        if reads0[0]:
            to.next = WEIGHT
        elif reads0[1]:
            to.next = X
        elif reads0[2]:
            to.next = Y
        elif reads0[3]:
            to.next = U

    return ask


@block
def control(
    clk: Wire,
    instruction: Wire,
    pace: Bundle,
    parity: Wire,
    rate: Wire,
    host: Bundle,
    control: Bundle,
    mask: Bundle,
    turn: Bundle,
    manner: Bundle,
    circuit: Any,
) -> Instances:
    """All that the lanes are told; ``mask`` is what only some of them are.

    ``manner`` tells the bus what becomes of the words that it hears.
    """
    told, told_bus = vars(control) | vars(mask), vars(manner)
    short, shorter = circuit.span((*RESULT, *SUM)), circuit.span(RESULT)
    middle = short + circuit.span(SENT)
    long, longer = middle + circuit.span(OPERANDS), middle + circuit.span((*OPERANDS, *TARGET))
    tail1, tail2, tail3 = bits(circuit.span(TAIL)), bits(longer), bits(long)
    tail4, tail5, tail6, tail7 = bits(middle), bits(middle), bits(short), bits(short)
    tail8 = bits(shorter)
    tail0 = field(instruction, 0, len(tail1))
    rest1, rest2, rest3 = field(tail1, 0, longer), field(tail2, 0, long), field(tail3, 0, middle)
    rest5, rest7 = field(tail5, 0, short), field(tail7, 0, shorter)
    asked0, reads0, peek1 = bits(len(tail1)), host.reads0, control.peek
    unused_rate = bits(len(rate))  # a chip whose program has no rate still has the port
    to_offset1, to_offset2 = bits(circuit.target_bits), control.to_offset

    @always(clk.posedge)
    def travel() -> None:
        tail1.next = tail0 | asked0
        tail2.next = rest1
        tail3.next = rest2
        tail4.next = rest3
        tail5.next = tail4
        tail6.next = rest5
        tail7.next = tail6
        tail8.next = rest7
        peek1.next = reads0[0]
        to_offset2.next = to_offset1

    named(
        travel,
        **ports("control", control),
        **ports("mask", mask),
        **ports("host", host),
        **ports("turn", turn),
        **ports("pace", pace),
        **ports("manner", manner),
    )
    tails = {1: tail1, 2: tail2, 3: tail3, 4: tail4, 5: tail5, 8: tail8}
    parts: list[Instances] = [asking(host, asked0, circuit)]
    for names, stage in STAGES:
        for name in names:
            if name in told and circuit.bits(name):
                part = field(tails[stage], circuit.low(name), circuit.bits(name))
                parts.append(tap(part, told[name]))
    if "give" in told_bus:
        parts.append(tap(field(tail5, circuit.low("give"), 1), manner.give))
    if "activate" in told_bus:
        parts.append(register(clk, field(tail8, circuit.low("activate"), 1), manner.activate))
    for name, source in (("complement", "subtract"), ("weight", "store_w"), ("exact", "wide")):
        if name in told:
            parts.append(tap(field(tail7, circuit.low(source), 1), told[name]))
    parts.append(offsets(clk, instruction, parity, host.address0, control, to_offset1, circuit))
    if "constant" in told:
        parts.append(factor(clk, tail3, rate, told["constant"], circuit))
    if Factor.CONSTANT not in circuit.lefts or not {0, 2} & set(circuit.factors):
        parts.append(tap(rate, unused_rate))
    if "ride" in told:
        ride = field(instruction, circuit.low("ride"), 1)
        parts.append(turning(clk, ride, pace, told["ride"], turn, circuit))
    return travel, parts
