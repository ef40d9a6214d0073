"""From operations of many neurons to a pass of all lanes: which source is which operand.

A pass can read one word of every bank in a cycle, at the slot's edge, and one word of the unit
bank, at the slot's unit. A neuron's own words, the same for all its edges, are loaded into the
lane's scalar register before its run. An operation that asks for more is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from neurosim.model.neuron import Neuron, Role
from neurosim.model.operations import Activate, Dot, Streamed, Words
from neurosim.schedule.passes import Act, Operand, Slot, Source
from neurosim.schedule.placement import Placement
from neurosim.schedule.programs import Programs, Together, describe

LEFT = (Source.WEIGHT, Source.UNIT, Source.SCALAR, Source.Y, Source.RATE, Source.MINUS_ONE)
RIGHT = (Source.X, Source.Y, Source.UNIT, Source.SCALAR)
PLUS = (Source.X, Source.Y, Source.UNIT, Source.WEIGHT)
OLD, NEW = "y.old", "y.new"


class Kind(Enum):
    """What a memory is on the chip."""

    EDGE = auto()  # a word an edge, in a bank
    WEIGHT = auto()
    LOOP = auto()  # one weight, for a whole run
    OWN = auto()  # a word of the unit itself
    SOURCE = auto()  # a word of the unit that the slot's edge comes from
    HEARD = auto()  # words that outputs sent to this unit alone
    CONSTANT = auto()


class Meaning(NamedTuple):
    """An operand as the chip sees it."""

    kind: Kind
    array: str
    source: Source | None = None  # of constants


class Lowering:
    """What the memories and messages of a rule's programs are on the chip."""

    def __init__(self, programs: Programs, placement: Placement) -> None:
        self.programs, self.placement = programs, placement
        self.heard: dict[str, str] = {}  # memory streamed to others -> its inbox
        self.gathered: dict[str, str] = {}  # inbox -> the unit array that fills it
        self.exchanged: list[str] = []  # inboxes that the rotator fills
        self.loops: dict[str, str] = {}  # kind of message that is one weight -> its inbox
        for (inbox, number), receive in programs.mail.receives.items():
            self._place_inbox(inbox, number, receive.kind, receive.along)

    def meaning(self, words: Words) -> Meaning:
        """Return what an operand is."""
        name, memory = words.memory, self.programs.memory(words.memory)
        if name in self.gathered:
            return Meaning(Kind.SOURCE, self.gathered[name])
        if name in self.heard.values():
            return Meaning(Kind.HEARD, name)
        if memory.role is Role.WEIGHT:
            return Meaning(Kind.LOOP if words.stride == 0 else Kind.WEIGHT, name)
        if name == "rate":
            return Meaning(Kind.CONSTANT, name, Source.RATE)
        if name == "minus_one":
            return Meaning(Kind.CONSTANT, name, Source.MINUS_ONE)
        if memory.per_unit:
            return Meaning(Kind.OWN, NEW if name == "y" else name)
        return Meaning(Kind.EDGE, name)

    def source(self, sources: tuple[int, ...], n: int) -> int:
        """Return the place of the n-th source's activation; behind the last stands the bias."""
        units, places = len(self.programs.units), self.placement.places
        if n == len(sources):
            return places + len(self.programs.network.inputs)
        far = sources[n]
        return self.placement.place[far] if far < units else places + far - units

    def sent_loop(self, words: Words, numbers: Iterable[int]) -> str:
        """Return the unit array that holds weights of units to themselves; empty if any is not."""
        sends = self.programs.mail.sends
        for kind in self.loops:
            found = (sends.get((kind, number)) for number in numbers)
            if all(send is not None and send.words.memory == words.memory for send in found):
                return kind
        return ""

    def edge_arrays(self, operation: Streamed) -> frozenset[str]:
        """Return the arrays that an operation reads in the same cycle."""
        if isinstance(operation, Activate):
            return frozenset()
        read = [w for w in (operation.a, operation.b, operation.plus) if w is not None]
        found = [self.meaning(w) for w in read]
        return frozenset(m.array for m in found if m.kind is Kind.EDGE)

    def _place_inbox(self, inbox: str, number: int, kind: str, along: tuple[int, ...]) -> None:
        """Find out by which way the messages of a kind travel on the chip."""
        units = len(self.programs.units)
        senders = [j for j in along if j < units]
        if not senders:  # from the stream alone: the words of inputs lie with those of units
            self.gathered.setdefault(inbox, OLD)
        for j in senders:
            send = self.programs.mail.sends[kind, j]
            sent = send.words.memory
            memory = self.programs.described[j][sent]
            if not send.scatter and send.words.count == 1:
                if memory.role in (Role.CONSTANT, Role.WEIGHT):
                    self.loops[kind] = inbox  # a constant is zero, as the unit bank is at first
                    self.gathered[inbox] = kind
                else:
                    self.gathered[inbox] = OLD if sent == "y" else sent
            elif send.scatter and memory.role is Role.WEIGHT:
                if inbox not in self.exchanged:
                    self.exchanged.append(inbox)
            elif send.scatter and memory.role is Role.BUFFER:
                self.heard[sent] = inbox
            else:
                raise self.programs.refuse(
                    f"message {kind!r}",
                    f"{send.words.count} words of {sent} a neighbour would have to be carried.",
                )


class Roles(NamedTuple):
    """The operands of one operation, by what the chip does with them."""

    left: Operand | None
    right: Operand | None
    plus: Operand | None
    subtract: bool
    to: Operand
    scalar: Operand | None
    unit: Words | None  # what the slot's unit stands for
    to_unit: bool


def roles(together: Together, lowering: Lowering) -> Roles:
    """Choose a source for every operand of an operation, or refuse it by name."""
    operation = together.example
    assert not isinstance(operation, Activate)
    meaning = lowering.meaning
    banks, programs = lowering.placement.banks, lowering.programs
    factors = [operation.a] if operation.b is None else [operation.a, operation.b]
    scalar: Operand | None = None
    unit: Words | None = None

    def refuse(why: str) -> Exception:
        return programs.refuse(f"operation {together.name!r} ({together.phase})", why)

    def from_unit_bank(words: Words, array: str) -> Operand:
        nonlocal unit
        if unit is not None and unit.memory != words.memory:
            raise refuse(f"{unit.memory} and {words.memory} both lie in the unit bank.")
        unit = words
        return Operand(Source.UNIT, array)

    def operand(words: Words, is_factor: bool) -> Operand:
        nonlocal scalar
        kind, array, constant = meaning(words)
        if kind is Kind.CONSTANT:
            assert constant is not None
            return Operand(constant)
        if kind is Kind.WEIGHT:
            return Operand(Source.WEIGHT)
        if kind is Kind.EDGE:
            return Operand(banks[array], array)
        if kind in (Kind.OWN, Kind.LOOP) and is_factor:
            own = Operand(Source.UNIT, array)
            if kind is Kind.LOOP:
                sent = lowering.sent_loop(words, together.operations)
                own = Operand(Source.UNIT, sent) if sent else Operand(Source.WEIGHT, array)
            if scalar in (None, own):
                scalar = own
                return Operand(Source.SCALAR, array)
        if kind is Kind.LOOP:
            raise refuse("a weight can be held for a run only as a factor.")
        return from_unit_bank(words, array)

    plus = None if operation.plus is None else operand(operation.plus, is_factor=False)
    sources = [operand(words, is_factor=True) for words in factors]
    if len(sources) == 1:
        sources.append(Operand(Source.MINUS_ONE))
    pair = next(((a, b) for a, b in (sources, sources[::-1])
                 if a.source in LEFT and b.source in RIGHT), None)  # fmt: skip
    if pair is None or (plus is not None and plus.source not in PLUS):
        raise refuse("its operands meet in one memory, or no path leads to the multiplier.")
    kind, array, _ = meaning(operation.to)
    if operation.to.memory in lowering.heard:
        if unit is not None:
            raise refuse(f"{unit.memory} and the receiver of {operation.to.memory} need one field.")
        unit = operation.to
        to = Operand(Source.UNIT, lowering.heard[operation.to.memory])
    elif kind is Kind.EDGE:
        to = Operand(banks[array], array)
    else:
        to = Operand(Source.WEIGHT if kind is Kind.WEIGHT else Source.UNIT, array)
    to_unit = operation.to.memory in lowering.heard
    return Roles(*pair, plus, operation.b is None, to, scalar, unit, to_unit)


def run(
    neuron: Neuron, operation: Streamed, chosen: Roles, lowering: Lowering
) -> Iterator[Slot]:  # fmt: skip
    """Yield a neuron's slots in a pass: what to load, and one slot a word."""
    assert not isinstance(operation, Activate)
    first = lowering.placement.first[neuron.number]
    read = [w for w in (operation.a, operation.b, operation.plus, operation.to) if w is not None]
    kinds = [(lowering.meaning(w).kind, w) for w in read]
    is_dot = isinstance(operation, Dot)
    if chosen.scalar or is_dot or (chosen.to.source is Source.UNIT and not chosen.to_unit):
        loops = [w.start for kind, w in kinds if kind is Kind.LOOP]
        place = lowering.placement.place[neuron.number]
        yield Slot(Act.LOAD, first + loops[0] if loops else 0, place)
    starts = {
        w.start
        for kind, w in kinds
        if kind in (Kind.EDGE, Kind.WEIGHT) and w.memory not in lowering.heard
    }
    if len(starts) > 1:
        raise lowering.programs.refuse(
            f"operation {describe(operation)!r} of {neuron.name}", "its runs begin at other edges."
        )
    start, count = first + min(starts, default=0), operation.a.count
    own = next((w for w in read if chosen.unit and w.memory == chosen.unit.memory), None)
    for n in range(count):
        unit = 0 if own is None else _unit(neuron, own, n, lowering)
        act = Act.LAST if is_dot and n == count - 1 else Act.WORD
        yield Slot(act, start + n if starts else 0, unit)


def _unit(neuron: Neuron, words: Words, n: int, lowering: Lowering) -> int:
    """Return the place in its array of the unit bank that the n-th word of a run stands for."""
    programs, name, place = lowering.programs, words.memory, lowering.placement.place
    places = lowering.placement.places
    if name in lowering.heard:  # a word to one receiver
        send = next(
            s for (_, i), s in programs.mail.sends.items()
            if i == neuron.number and s.words.memory == name
        )  # fmt: skip
        receiver = send.along[n]
        receive = programs.mail.receives[lowering.heard[name], receiver]
        return receive.along.index(neuron.number) * places + place[receiver]
    if name in lowering.heard.values():
        return (words.start + n) * places + place[neuron.number]
    if name in lowering.gathered:
        hearing = programs.mail.receives.get((name, neuron.number))  # none with a bias alone
        along, start = (hearing.along, hearing.words.start) if hearing else ((), 0)
        return lowering.source(along, words.start + n - start)
    if name == "target":
        assert neuron.output is not None
        return neuron.output
    return place[neuron.number]
