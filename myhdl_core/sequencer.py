"""The sequencer: goes through the instructions of a step, entry by entry.

Start, three cycles to fetch, then `busy`: from its first cycle on all cycles are the program's.
What the instruction behind the running one says here is always at hand in `fetched`, so that
instructions of one entry can follow each other without a gap. The lanes are told one cycle late: so
long do their tables take. What follows out of a number is worked out when the number changes, and
kept.
"""

from __future__ import annotations

from typing import Any

from myhdl_core.circuit import CONTROL, FLOW, Circuit, width_of
from myhdl_core.hdl import (
    Bundle,
    Instances,
    Wire,
    always,
    always_comb,
    bit,
    bits,
    block,
    field,
    module,
    named,
    optional,
    ports,
)


@block
def program_counter(
    clk: Wire,
    reset: Wire,
    starting: Wire,
    learn: Wire,
    fetch: Wire,
    advance: Wire,
    fetched: Wire,
    instruction: Wire,
    circuit: Any,
) -> Instances:
    """The instruction ROM and the address of what it reads next."""
    pc = bits(width_of(circuit.instructions))
    LEARN, INFER = circuit.entries

    @always(clk.posedge)
    def count() -> None:
        if starting:
            pc.next = INFER
            if learn:
                pc.next = LEARN
        elif fetch:
            pc.next = pc + 1

    into = {"clk": clk, "reset": reset, "call": fetch, "advance": advance, "address": pc}
    out = {"flow": fetched, "control": instruction}
    return count, module("microcode", "u_microcode", into, out)


def take_wires(circuit: Circuit) -> Bundle:
    """Return what tells the bus that a word of the input stream, or the constant one, comes in."""
    one = {"one": bit()} if circuit.shape.bias else {}
    return Bundle(accepted=bit(), place=bits(circuit.address_bits["u"]), **one)


def pace_wires(circuit: Circuit) -> Bundle:
    """Return what tells that an entry is issued, and the first one; only the rotator asks."""
    turns = {"opens": bit()} if circuit.last_turn else {}
    return Bundle(issue=bit(), **turns) if circuit.bits("ride") else Bundle()


@block
def taker(
    clk: Wire, first: Wire, parity: Wire, take: Bundle, is_take: Wire, issue: Wire, circuit: Any
) -> Instances:
    """Where the words of the input stream go: inputs, the constant one, targets."""
    shape, place, accepted = circuit.shape, take.place, take.accepted
    slot = bits(width_of(shape.inputs + shape.bias + shape.targets + 1))
    UNITS, HALF, INPUTS, TARGET = shape.units, shape.half, shape.inputs, circuit.target
    LAST = shape.inputs + shape.bias - 1

    @always(clk.posedge)
    def follow() -> None:
        if first:
            slot.next = 0
            place.next = UNITS
            if parity:
                place.next = UNITS + HALF
        elif accepted:
            slot.next = slot + 1
            place.next = place + 1
            if slot == LAST:
                place.next = TARGET

    if not shape.bias:
        return follow
    one = take.one

    @always_comb
    def tell_one() -> None:
        one.next = issue and is_take and slot == INPUTS

    return follow, tell_one


@block
def sequencer(
    clk: Wire,
    reset: Wire,
    start: Wire,
    learn: Wire,
    clearing: Wire,
    in_valid: Wire,
    in_ready: Wire,
    idle: Wire,
    busy: Wire,
    done: Wire,
    cycles: Wire,
    phase: Wire,
    parity: Wire,
    instruction: Wire,
    pace: Bundle,
    table_address: Wire,
    take: Bundle,
    circuit: Any,
) -> Instances:
    """The state of a step."""
    fetched, low = bits(circuit.span(FLOW)), circuit.span(CONTROL)
    gap, row, length, ends, sign, takes = (
        field(fetched, circuit.low(name) - low, circuit.bits(name))
        for name in ("gap", "start", "length", "end", "phase", "take")
    )
    starting, calling, fetching, loading, running, fetch, was_busy = (bit() for _ in range(7))
    gap_left, left = bits(len(gap)), bits(len(length))
    row_kept, phase_kept = bits(len(row)), bits(len(sign))
    is_end, is_take, moves, finish, first, advance, gap_over = (bit() for _ in range(7))
    is_last, gap_ends, issue, opening = (bit() for _ in range(4))
    one, accepted = optional(take, "one"), take.accepted
    issued0: Wire = vars(pace).get("issue")
    opens: Wire = vars(pace).get("opens")

    @always_comb
    def look() -> None:
        idle.next = not (calling or fetching or loading or running)
        busy.next = running or clearing
        in_ready.next = issue and is_take and not one
        moves.next = issue and ((not is_take) or one or in_valid)
        gap_over.next = running and gap_ends and not issue

    @always_comb
    def decide() -> None:
        starting.next = start and idle and not clearing
        advance.next = loading or (moves and is_last)
        accepted.next = moves and is_take
        done.next = was_busy and not busy

    @always_comb
    def come() -> None:
        fetch.next = calling or fetching or advance
        finish.next = (advance and ends and gap == 0) or (gap_over and is_end)
        first.next = (advance and (not ends) and gap == 0) or (gap_over and not is_end)

    @always(clk.posedge)
    def proceed() -> None:
        calling.next = starting and not reset
        fetching.next = calling and not reset
        loading.next = fetching and not reset
        was_busy.next = busy and not reset
        if reset or finish:
            running.next = False
        elif loading:
            running.next = True
        if reset:
            issue.next = False
        elif first:
            issue.next = True
        elif advance:
            issue.next = False
        if reset or clearing:
            parity.next = False
        elif finish:
            parity.next = not parity

    @always(clk.posedge)
    def enter() -> None:
        if advance:
            is_end.next = ends
            is_take.next = takes
            row_kept.next = row
            phase_kept.next = sign
            gap_left.next = gap
            gap_ends.next = gap == 1
            left.next = length
            is_last.next = length == 0
        elif not issue:
            gap_left.next = gap_left - 1
            gap_ends.next = gap_left == 2
        elif moves:
            left.next = left - 1
            is_last.next = left == 1

    @always(clk.posedge)
    def point() -> None:
        if reset:
            table_address.next = 0
        elif first and advance:
            table_address.next = row
        elif first:
            table_address.next = row_kept
        elif moves and (not is_take) and not advance:
            table_address.next = table_address + 1
        else:
            table_address.next = 0

    @always(clk.posedge)
    def show() -> None:
        if reset:
            phase.next = 0
        elif first and advance:
            phase.next = sign
        elif first:
            phase.next = phase_kept
        if reset or loading:
            cycles.next = 0
        elif running:
            cycles.next = cycles + 1

    @always(clk.posedge)
    def open_it() -> None:
        opening.next = first and not reset
        opens.next = opening

    @always(clk.posedge)
    def tell_pace() -> None:
        issued0.next = issue and not reset

    named(look, **ports("take", take), **ports("pace", pace))
    rides = (tell_pace,) if "issue" in vars(pace) else ()
    rides += (open_it,) if "opens" in vars(pace) else ()
    counter = program_counter(
        clk, reset, starting, learn, fetch, advance, fetched, instruction, circuit
    )
    takes_words = taker(clk, first, parity, take, is_take, issue, circuit)
    return look, decide, come, proceed, enter, point, show, rides, counter, takes_words
