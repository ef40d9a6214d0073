"""From a schedule to microcode: instructions for the sequencer, tables for the lanes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from myhdl_core.microcode import (
    Entry,
    Fresh,
    Instruction,
    Left,
    Microprogram,
    Plus,
    Right,
    SendFrom,
    Shape,
    To,
    pack_entry,
)
from neurosim.learning import Inference
from neurosim.model.activation import activation_named
from neurosim.model.fixed import Fixed
from neurosim.schedule import Act, Operand, Pass, Schedule, Slot, Source, schedule
from neurosim.schedule.lowering import NEW, OLD

_LEFT = {
    Source.WEIGHT: Left.W,
    Source.UNIT: Left.U,
    Source.SCALAR: Left.K,
    Source.Y: Left.Y,
    Source.RATE: Left.CONSTANT,
    Source.MINUS_ONE: Left.CONSTANT,
}
_RIGHT = {Source.X: Right.X, Source.Y: Right.Y, Source.UNIT: Right.U, Source.SCALAR: Right.K}
_PLUS = {Source.X: Plus.X, Source.Y: Plus.Y, Source.UNIT: Plus.U, Source.WEIGHT: Plus.W}
_TO = {Source.X: To.X, Source.Y: To.Y, Source.WEIGHT: To.W, Source.UNIT: To.BUS}
_SEND = {
    Source.WEIGHT: SendFrom.W,
    Source.UNIT: SendFrom.U,
    Source.X: SendFrom.X,
    Source.Y: SendFrom.Y,
}


@dataclass(frozen=True)
class Assembled:
    """A microprogram, and the schedules that it does.

    Attributes
    ----------
    program
        Microcode and tables.
    learning, inference
        The schedule of a step with learning on, and with learning off.
    phases
        What the numbers at the chip's output ``phase`` stand for; 0 is before the first step.
    """

    program: Microprogram
    learning: Schedule
    inference: Schedule
    phases: tuple[str, ...]


def assemble(learning: Schedule, number: Fixed) -> Assembled:
    """Make the microcode of a chip that learns by a schedule, and can leave off learning."""
    off = Inference(learning.rule.learning_rate)
    plain = schedule(learning.network, off, learning.lanes, like=learning)
    phases = ("idle", *dict.fromkeys(t.burst.phase for s in (learning, plain) for t in s.steps))
    shape = _shape(learning, number, (learning, plain))
    sections = _Sections()
    programs = [
        _instructions(each, phases, sections)
        for each in ([learning] if learning.rule == off else [learning, plain])
    ]
    rides = [t.burst for t in learning.steps if t.burst.ride]
    if len(rides) > 1:
        raise RuntimeError("one rotated pass a step is what the sequencer has a table for")
    program = Microprogram(
        shape=shape,
        instructions=tuple(i for each in programs for i in each),
        entry_learn=0,
        entry_infer=len(programs[0]) if len(programs) > 1 else 0,
        tables=tuple(
            tuple(_packed(row, shape) for row in lane) for lane in zip(*sections.rows, strict=True)
        ),
        turns=rides[0].turns if rides else (),
    )
    return Assembled(program, learning, plain, phases)


class _Row(NamedTuple):
    """What a lane's row of the table has to say; ``None`` is what nobody asks for."""

    act: Act
    send: bool | None
    edge: int | None
    unit: int | None

    def meets(self, other: _Row) -> bool:
        """Whether one row can serve both."""
        return all(None in pair or pair[0] == pair[1] for pair in zip(self, other, strict=True))

    def joined(self, other: _Row) -> _Row:
        """Return the row that serves both."""
        return _Row(*(b if a is None else a for a, b in zip(self, other, strict=True)))  # type: ignore[arg-type]


class _Sections:
    """The lanes' tables as they grow: walks that can be one are stored once."""

    def __init__(self) -> None:
        self.rows: list[tuple[_Row, ...]] = []

    def place(self, burst: Pass) -> int:
        """Return where the walks of a pass begin."""
        if burst.take:
            return 0
        wanted = [
            tuple(_row(burst, slot) for slot in slots) for slots in zip(*burst.walks, strict=True)
        ]
        last = len(self.rows) - len(wanted)
        fits = (start for start in range(last + 1) if self._holds(start, wanted))
        start = next(fits, len(self.rows))
        kept = self.rows[start : start + len(wanted)] or wanted
        self.rows[start : start + len(wanted)] = [
            tuple(mine.joined(other) for mine, other in zip(*pair, strict=True))
            for pair in zip(kept, wanted, strict=True)
        ]
        return start

    def _holds(self, start: int, wanted: list[tuple[_Row, ...]]) -> bool:
        return all(
            mine.meets(other)
            for pair in zip(self.rows[start : start + len(wanted)], wanted, strict=True)
            for mine, other in zip(*pair, strict=True)
        )


def _row(burst: Pass, slot: Slot) -> _Row:
    """Return what a pass wants of a slot."""
    read = [o.source for o in (burst.left, burst.right, burst.plus) if o is not None]
    places = [*read, *([burst.to.source] if burst.to else [])]
    by_edge = by_unit = False
    if slot.act is Act.LOAD:
        by_edge = burst.scalar is not None and burst.scalar.source is Source.WEIGHT
        by_unit = True
    elif slot.act >= Act.WORD:
        by_edge = bool({Source.WEIGHT, Source.X, Source.Y} & set(places))
        by_unit = Source.UNIT in read or burst.to_unit
    if slot.send and burst.send is not None:
        by_edge |= burst.send.source is not Source.UNIT
        by_unit = True
    edge = slot.edge if by_edge else None
    send = False if burst.ride else slot.send if burst.send else None
    return _Row(slot.act, send, edge, slot.unit if by_unit or burst.ride else None)


def _shape(learning: Schedule, number: Fixed, both: tuple[Schedule, ...]) -> Shape:
    placement, network = learning.placement, learning.network
    bursts = [t.burst for each in both for t in each.steps]
    slots = [s for burst in bursts for walk in burst.walks for s in walk]
    near = [s.unit for b in bursts if not b.ride for walk in b.walks for s in walk]
    unit_bits, near_bits = (_bits(n) for n in (max(s.unit for s in slots), max(near)))
    function = activation_named(network.activation)
    units = network.neurons[: len(network.units)]
    return Shape(
        lanes=learning.lanes,
        units=placement.places,
        inputs=len(network.inputs),
        targets=len(network.outputs),
        bias=int(any(unit.has_bias for unit in units)),
        word_bits=number.word_bits,
        fraction_bits=number.fraction_bits,
        weight_bits=number.weight_bits,
        weight_fraction_bits=number.weight_fraction_bits,
        edge_bits=_bits(max(s.edge for s in slots)),
        unit_bits=max(near_bits, unit_bits - 1),
        w_depth=placement.depths[Source.WEIGHT],
        x_depth=placement.depths[Source.X],
        y_depth=placement.depths[Source.Y],
        u_depth=placement.depths[Source.UNIT],
        half=placement.offsets[NEW],
        activation=network.activation,
        constant=function.constant,
        linear=function.linear,
        table_bits=number.word_bits - number.interpolation_bits,
        far=int(unit_bits > near_bits),
    )


def _bits(most: int) -> int:
    return max(1, most.bit_length())


def _packed(row: _Row, shape: Shape) -> int:
    return pack_entry(Entry(int(row.act), int(row.send or 0), row.edge or 0, row.unit or 0), shape)


def _instructions(
    plan: Schedule, phases: tuple[str, ...], sections: _Sections
) -> list[Instruction]:  # fmt: skip
    made, free = [], 0
    for each in plan.steps:
        burst = each.burst
        fields = _take(plan) if burst.take else _fields(burst, plan)
        made.append(
            Instruction(
                gap=each.start - free,
                start=sections.place(burst),
                length=burst.length,
                phase=phases.index(burst.phase),
                **fields,
            )
        )
        free = each.start + burst.length
    last = made[-1].phase
    return [*made, Instruction(gap=plan.cycles - free, end=1, phase=last)]


def _take(plan: Schedule) -> dict[str, int]:
    return {"take": 1, "to": To.BUS, "to_offset": plan.placement.offsets["target"]}


def _fields(burst: Pass, plan: Schedule) -> dict[str, int]:
    """Return the fields of an instruction that say where operands come from and results go."""
    offsets = plan.placement.offsets
    fields: dict[str, int] = {
        "subtract": int(burst.subtract),
        "dot": int(burst.dot),
        "to_unit": int(burst.to_unit),
        "give": int(burst.give),
        "ride": int(bool(burst.ride)),
        "mute": int(burst.send is None),
    }
    read = [o for o in (burst.left, burst.right, burst.plus, burst.send) if o is not None]
    for operand in read:
        fields |= _offset(operand, offsets, "u_offset", "u_fresh")
    if burst.only is not None:
        everyone = (1 << plan.lanes) - 1
        others = everyone & ~(1 << burst.only) if burst.only >= 0 else everyone
        fields["hush"] = others if burst.send else 0
        fields["still"] = others * burst.alone
    if burst.ride:
        fields["u_offset"] = offsets[burst.ride]
    if burst.left is not None:
        fields["left"] = _LEFT[burst.left.source]
        fields["constant"] = int(burst.left.source is Source.MINUS_ONE)
    if burst.right is not None:
        fields["right"] = _RIGHT[burst.right.source]
    if burst.plus is not None:
        fields["plus"] = Plus.X_WIDE if burst.plus.wide else _PLUS[burst.plus.source]
    if burst.scalar is not None:
        fields["load_weight"] = int(burst.scalar.source is Source.WEIGHT)
        if burst.scalar.source is Source.UNIT:
            fields |= _offset(burst.scalar, offsets, "load_offset", "load_fresh")
    if burst.to is not None:
        fields["to"] = To.ACTIVATION if burst.activate else _TO[burst.to.source]
        if burst.to.wide:
            fields["to"] = To.X_WIDE
        fields["to_offset"] = offsets.get(burst.to.array, 0) + burst.to.shift
        fields["weight"] = int(burst.to.source is Source.WEIGHT)
    if burst.send is not None:
        fields["send_from"] = _SEND[burst.send.source]
        fields["send_offset"] = offsets.get(burst.send_to, 0)
    return fields


def _offset(operand: Operand, offsets: dict[str, int], unit: str, fresh: str) -> dict[str, int]:
    """Return the offset of an operand's array; activations have two places that change roles."""
    if operand.source is Source.X:
        return {"x_offset": offsets[operand.array] + operand.shift}
    if operand.source is Source.Y:
        return {"y_offset": offsets[operand.array] + operand.shift}
    if operand.source is not Source.UNIT:
        return {}
    if operand.array in (OLD, NEW):
        return {unit: 0, fresh: Fresh.OLD if operand.array == OLD else Fresh.NEW}
    return {unit: offsets[operand.array]}
