"""Microprograms as they are meant: instruction by instruction, word by word, without any timing.

Within an instruction all entries read what was there before it. Written from the contract and from
``neurosim.model.fixed``, not from the RTL, so that the two can disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from myhdl_core.microcode import (
    Act,
    Fresh,
    Instruction,
    Left,
    Microprogram,
    Plus,
    Right,
    SendFrom,
    To,
    unpack_entry,
)
from neurosim.model.arithmetic import Format
from neurosim.model.fixed import Fixed


@dataclass
class Lane:
    """Memories and registers of a lane."""

    w: list[int]
    x: list[int]
    y: list[int]
    k: int = 0
    own: int = 0
    total: int | None = None  # of the sum that is going on


@dataclass
class Interpreter:
    """A chip without time."""

    program: Microprogram
    rate: int = 0
    parity: int = 0
    saturated: bool = False
    outputs: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        s = self.program.shape
        self.shape = s
        self.number = Fixed(
            s.word_bits, s.fraction_bits, s.weight_bits, s.weight_fraction_bits, s.table_bits
        )
        self.lanes = [
            Lane([0] * s.w_depth, [0] * s.x_depth, [0] * s.y_depth) for _ in range(s.lanes)
        ]
        self.u = [0] * s.u_depth

    def step(self, stream: list[int], learn: bool) -> int:
        """Do a step; return its cycles."""
        at = self.program.entry_learn if learn else self.program.entry_infer
        cycles = 0
        while True:
            i = self.program.instructions[at]
            cycles += i.gap
            if i.end:
                self.parity ^= 1
                return cycles
            cycles += i.length
            if i.take:
                self._take(i, stream)
            else:
                self._pass(i)
            at += 1

    def _half(self, fresh: int) -> int:
        if fresh == Fresh.PLAIN:
            return 0
        return self.shape.half * (self.parity if fresh == Fresh.OLD else 1 - self.parity)

    def _take(self, i: Instruction, stream: list[int]) -> None:
        s, base = self.shape, self._half(Fresh.OLD) + self.shape.units
        for slot in range(i.length):
            if slot < s.inputs:
                self.u[base + slot] = stream.pop(0)
            elif s.bias and slot == s.inputs:
                one = min(1 << s.fraction_bits, (1 << (s.word_bits - 1)) - 1)
                self.u[base + slot] = one
            else:
                self.u[i.to_offset + slot - s.inputs - s.bias] = stream.pop(0)

    def _pass(self, i: Instruction) -> None:
        writes: list[tuple[list[int], int, int]] = []
        sent: list[tuple[int, int]] = []
        said: list[tuple[list[int], int, int]] = []
        for slot in range(i.length):
            for p, lane in enumerate(self.lanes):
                self._entry(i, slot, p, lane, writes, sent, said)
        for bank, address, value in (*writes, *said):
            bank[address] = value

    def _entry(self, i, slot, p, lane, writes, sent, said) -> None:  # type: ignore[no-untyped-def]
        entry = unpack_entry(self.program.tables[p][i.start + slot], self.shape)
        edge, unit = entry.edge, entry.unit
        if entry.act == Act.LOAD:
            here = unit + i.load_offset + self._half(i.load_fresh)
            lane.own, lane.total = unit, None
            lane.k = self.number.operand(lane.w[edge]) if i.load_weight else self.u[here]
        if entry.send:
            word = self._sent(i, lane, edge, unit)
            if i.give:
                self.outputs.append(word)
            else:
                said.append((self.u, unit + i.send_offset, word))
        if i.ride:
            writes.append((lane.y, self._unit(i, unit), self._ridden(i, slot, p)))
        if entry.act in (Act.WORD, Act.LAST) and i.to == To.NOTHING:
            lane.total, lane.own = None, lane.own + (entry.act == Act.LAST)
        elif entry.act in (Act.WORD, Act.LAST):
            self._multiply(i, lane, edge, unit, entry.act == Act.LAST, writes, said)

    def _unit(self, i: Instruction, unit: int) -> int:
        return unit + i.u_offset + self._half(i.u_fresh)

    def _sent(self, i: Instruction, lane: Lane, edge: int, unit: int) -> int:
        if i.send_from == SendFrom.W:
            return int(self.number.operand(lane.w[edge]))
        if i.send_from == SendFrom.U:
            return self.u[self._unit(i, unit)]
        return lane.x[edge + i.x_offset]

    def _ridden(self, i: Instruction, slot: int, p: int) -> int:
        """Return what rode here from three entries before; nothing sensible before that."""
        if slot < 3:
            return 0
        origin = (p - self.program.turns[slot - 3]) % self.shape.lanes
        entry = unpack_entry(self.program.tables[origin][i.start + slot - 3], self.shape)
        return int(self.number.operand(self.lanes[origin].w[entry.edge]))

    def _multiply(self, i, lane, edge, unit, last, writes, said) -> None:  # type: ignore[no-untyped-def]
        s, number = self.shape, self.number
        here = self._unit(i, unit)
        w = lane.w[edge]
        x = lambda: lane.x[edge + i.x_offset]  # noqa: E731
        y = lambda: lane.y[edge + i.y_offset]  # noqa: E731
        minus = -(1 << s.fraction_bits)
        left = {
            Left.W: lambda: number.operand(w),
            Left.U: lambda: self.u[here],
            Left.K: lambda: lane.k,
            Left.Y: y,
            Left.CONSTANT: lambda: minus if i.constant else self.rate,
        }[Left(i.left)]()
        right = {
            Right.X: x, Right.Y: y, Right.U: lambda: self.u[here], Right.K: lambda: lane.k
        }[Right(i.right)]()  # fmt: skip
        product = -left * right if i.subtract else left * right
        if lane.total is None or not i.dot:
            plus = {Plus.NONE: lambda: 0, Plus.X: x, Plus.Y: y, Plus.U: lambda: self.u[here],
                    Plus.W: lambda: w}[Plus(i.plus)]()  # fmt: skip
            products = s.word_bits - 1 + s.fraction_bits if i.weight else 2 * s.fraction_bits
            point = max(products, s.weight_fraction_bits) if i.weight else products
            self._raise, self._point = point - products, point
            plus_fraction = s.weight_fraction_bits if i.weight else s.fraction_bits
            lane.total = plus << (point - plus_fraction)
        lane.total += product << self._raise
        if i.dot and not last:
            return
        form = Format.WEIGHT if i.weight else Format.WORD
        result = int(number.narrow(lane.total, self._point, form))
        exact = (lane.total + (1 << (self._point - number.ranges[form].fraction) >> 1)) >> (
            self._point - number.ranges[form].fraction
        )
        self.saturated |= exact != result
        lane.total = None
        self._store(i, lane, edge, unit, result, writes, said)
        if last:
            lane.own += 1

    def _store(self, i, lane, edge, unit, result, writes, said) -> None:  # type: ignore[no-untyped-def]
        s = self.shape
        if i.to == To.X:
            writes.append((lane.x, edge + i.to_offset, result))
        elif i.to == To.Y:
            writes.append((lane.y, edge + i.to_offset, result))
        elif i.to == To.W:
            writes.append((lane.w, edge + i.to_offset, result))
        elif i.to == To.BUS:
            said.append((self.u, (unit if i.to_unit else lane.own) + i.to_offset, result))
        else:
            y, slope = self.number.activate(s.activation, result)
            said.append((self.u, lane.own + self._half(Fresh.NEW), int(y)))
            said.append((self.u, lane.own + i.to_offset, int(slope)))
