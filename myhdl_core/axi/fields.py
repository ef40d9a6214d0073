"""The fields of the registers as circuits, made from their description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from myhdl import ConcatSignal, concat

from myhdl_core.axi.interface import BITS, Interface
from myhdl_core.axi.registers import Access, Register, fields_with, registers
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
    tap,
)

#: Bits of the number of a register among the constants, or among the live ones.
NUMBER_BITS = 4


def written_wires(chip: Interface) -> Bundle:
    """Return the fields that are written: what they hold, or their pulses."""
    wanted = fields_with(registers(chip), Access.WRITE, Access.PULSE)
    return Bundle(**{f"{r.name}_{f.name}": bits(f.bits) for r, f in wanted}, forget=bit())


def read_wires(chip: Interface) -> Bundle:
    """Return the fields that are read, and what happens."""
    wanted = fields_with(registers(chip), Access.READ, Access.EVENT)
    return Bundle(**{f"{r.name}_{f.name}": bits(f.bits) for r, f in wanted})


@block
def setting(clk: Wire, reset: Wire, write: Wire, data: Wire, q: Wire, INITIAL: int) -> Instances:
    """A field that is written and read."""

    @always(clk.posedge)
    def keep() -> None:
        if reset:
            q.next = INITIAL
        elif write:
            q.next = data

    return keep


@block
def event(clk: Wire, reset: Wire, happens: Wire, write: Wire, data: Wire, q: Wire) -> Instances:
    """A bit that remembers until a one is written to it."""

    @always(clk.posedge)
    def remember() -> None:
        if reset:
            q.next = False
        elif happens:
            q.next = True
        elif write and data:
            q.next = False

    return remember


@block
def both(a: Wire, b: Wire, to: Wire) -> Instances:
    """One where both are."""

    @always_comb
    def meet() -> None:
        to.next = a and b

    return meet


@block
def is_number(clk: Wire, number: Wire, region: Wire, NUMBER: int, to: Wire) -> Instances:
    """Whether a register is meant, a cycle later."""

    @always(clk.posedge)
    def compare() -> None:
        to.next = region and number == NUMBER

    return compare


@block
def constants(number: Wire, to: Wire, values: Sequence[int]) -> Instances:
    """The registers that never change; in halves, which MyHDL writes as they are meant."""
    high, low = bits(BITS // 2), bits(BITS // 2)
    HIGH, LOW = (tuple(v >> shift & 0xFFFF for v in values) for shift in (16, 0))

    @always_comb
    def look_up_high() -> None:
        high.next = HIGH[int(number)]

    @always_comb
    def look_up_low() -> None:
        low.next = LOW[int(number)]

    @always_comb
    def join() -> None:
        to.next = concat(high, low)

    return look_up_high, look_up_low, join


@block
def gathered(fields: list[tuple[int, Wire]], to: Wire) -> Instances:
    """A register's word, of its fields and their lowest bits, zeros between them."""
    parts: list[Any] = []
    top = BITS
    for low, wire in sorted(fields, key=lambda each: -each[0]):
        if gap := top - low - len(wire):
            parts.append("0" * gap)
        parts.append(wire)
        top = low
    if top:
        parts.append("0" * top)
    if len(parts) == 1:
        return tap(parts[0], to)
    together = ConcatSignal(*parts)

    @always_comb
    def gather() -> None:
        to.next = together

    return gather


@block
def fields_of(
    clk: Wire,
    reset: Wire,
    register: Register,
    write: Wire,
    data: Wire,
    held: Bundle,
    seen: Bundle,
    to: Wire,
) -> Instances:
    """The fields of a register, and the word that they are."""
    made: list[Instances] = []
    shown: list[tuple[int, Wire]] = []
    for f in register.fields:
        name, given = f"{register.name}_{f.name}", field(data, f.low, f.bits)
        if f.access is Access.PULSE:
            made.append(both(write, given, vars(held)[name]))
            continue
        q: Wire = {**vars(held), **vars(seen)}[name]
        if f.access is Access.WRITE:
            made.append(setting(clk, reset, write, given, q, f.value))
        elif f.access is Access.EVENT and f.kept:
            happens, q = q, bit()
            made.append(event(clk, reset, happens, write, given, q))
        elif f.access is Access.EVENT:
            made.append(both(write, given, held.forget))
        shown.append((f.low, q))
    return made, gathered(shown, to) if shown else ()


def constant_values(listed: tuple[Register, ...]) -> tuple[int, ...]:
    """Return what stands at each number among the constants."""
    by_number = {r.offset // 4: r.value for r in listed if r.constant}
    return tuple(by_number.get(n, 0) for n in range(1 << NUMBER_BITS))
