"""Random microprograms that keep the rules of the chip, as tight as its timing allows.

Regions of R words: an instruction reads some and writes another one, so that the order of its
entries does not matter; the next instruction comes in the first cycle that may read the results.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from myhdl_core.microcode import (
    Act,
    Entry,
    Instruction,
    Left,
    Microprogram,
    Plus,
    Right,
    Shape,
    To,
    pack_entry,
)

#: Cycles from an entry to the first one that may read its result.
READY = {To.X: 7, To.Y: 7, To.W: 7, To.BUS: 10, To.ACTIVATION: 19}
SENT, END = 6, 25


class Rules(NamedTuple):
    """Sizes of a random program."""

    lanes: int
    word_bits: int
    fraction_bits: int
    weight_bits: int
    weight_fraction_bits: int
    activation: str
    table_bits: int
    seed: int
    region: int = 16
    instructions: int = 60
    bias: int = 1


def shape_of(rules: Rules) -> Shape:
    """Return the shape: three regions in X and Y, five in U behind the two halves."""
    r = rules.region
    return Shape(
        lanes=rules.lanes, units=r // 2, inputs=3, targets=2, word_bits=rules.word_bits,
        fraction_bits=rules.fraction_bits, weight_bits=rules.weight_bits,
        weight_fraction_bits=rules.weight_fraction_bits, edge_bits=(r - 1).bit_length(),
        unit_bits=(r - 1).bit_length(), w_depth=r, x_depth=3 * r, y_depth=3 * r + 1, u_depth=6 * r,
        half=r, activation=rules.activation, constant=int(rules.activation == "tanh"),
        linear=int(rules.activation == "logistic"), table_bits=rules.table_bits, bias=rules.bias,
    )  # fmt: skip


class Written(NamedTuple):
    """What the last instruction wrote: bank, where its region begins, words by lane."""

    bank: str = ""
    place: int = 0
    words: tuple[int, ...] = ()


class Writer:
    """Writes a program, entry by entry."""

    def __init__(self, rules: Rules) -> None:
        self.rules, self.shape = rules, shape_of(rules)
        self.rng = np.random.default_rng(rules.seed)
        self.tables: list[list[int]] = [[] for _ in range(rules.lanes)]
        self.turns: tuple[int, ...] = ()
        self.ridden: tuple[int, list[Entry]] = (0, [])  # its start, and its last entries
        self.unfinished = True  # whether a lane may be in the middle of a sum
        self.need = 0  # distance from the last entry to the next instruction's first
        self.hot = Written()
        self.half, self.late = False, 0

    def pick(self, *choices: int) -> int:
        """Return one of the choices."""
        return int(self.rng.choice(choices))

    def program(self) -> Microprogram:
        """Return a program that learns, and another one, with fewer words to take, that infers."""
        count = self.rules.instructions
        listed = [self.take(), self.riding()]
        listed += [self.any() for _ in range(count)]
        listed.append(Instruction(gap=END, end=1))
        infer = len(listed)
        listed.append(self.take(targets=False))
        listed += [self.any() for _ in range(count // 4)]
        listed.append(self.giving())
        listed.append(Instruction(gap=END, end=1))
        tables = tuple(tuple(table) for table in self.tables)
        return Microprogram(self.shape, tuple(listed), 0, infer, tables, self.turns)

    def take(self, targets: bool = True) -> Instruction:
        """Take the stream's words."""
        s, r = self.shape, self.rules.region
        length = s.inputs + s.bias + (s.targets if targets else 0)
        place = 3 * r if targets else 0
        last = s.targets - 1 if targets else s.units + s.inputs + s.bias - 1
        self.need, self.hot = 0, Written("u" if targets else "old", place, (last,) * s.lanes)
        return Instruction(gap=self.pick(0, 3), take=1, length=length, to_offset=place, phase=1)

    def any(self) -> Instruction:
        """Return a pass of any kind."""
        kinds = (self.elementwise, self.dots, self.speaking, self.sending, self.giving, self.riding)
        return kinds[self.pick(0, 0, 0, 1, 2, 2, 3, 4, 5)]()

    def common(self, length: int) -> dict[str, int]:
        """Return the fields that all passes have; most read what was written last, at once."""
        r, hot = self.rules.region, self.hot
        fields = {"gap": max(0, self.need - 1, self.late) + self.pick(0, 0, 0, 0, 2, 7)}
        self.late = 3 if self.half else 0  # the slope is still on its way in the next pass
        self.half = False
        fields |= {"start": len(self.tables[0]), "length": length}
        fields |= {"phase": self.pick(*range(2, 7))}
        fields |= {"x_offset": self.pick(0, r // 2, r, 2 * r), "y_offset": self.pick(0, r, 2 * r)}
        fields |= {"left": self.pick(*Left), "right": self.pick(*Right)}
        fields |= {"subtract": self.pick(0, 1), "constant": self.pick(0, 1)}
        fields |= {"load_weight": self.pick(0, 0, 1)}
        for name in ("u", "load"):
            if self.pick(0, 1):
                fields |= {f"{name}_fresh": self.pick(1, 2)}
            else:
                fields |= {f"{name}_offset": self.pick(2, 3, 4, 5) * r}
        if hot.bank == "x":
            fields |= {"x_offset": hot.place, "right": Right.X}
        elif hot.bank == "y":
            fields |= {"y_offset": hot.place}
            fields |= {"left": Left.Y} if self.pick(0, 1) else {"right": Right.Y}
        elif hot.bank == "w":
            fields |= {"left": Left.W}
        elif hot.bank:
            fresh = {"u": 0, "old": 1, "new": 2}[hot.bank]
            fields |= {"u_offset": hot.place, "u_fresh": fresh}
            fields |= {"load_offset": hot.place, "load_fresh": fresh, "load_weight": 0}
            fields |= {"left": Left.U} if self.pick(0, 1) else {"right": Right.U}
        return fields

    def free(self, bank: str, fields: dict[str, int]) -> int:
        """Return where a region of X, Y or the unit bank begins that the pass does not read."""
        r = self.rules.region
        read = [fields.get(f"{bank}_offset", 0)] + ([fields.get("load_offset", 0)] * (bank == "u"))
        regions = (2, 3, 5) if bank == "u" else (0, 1, 2)
        return self.pick(*(k * r for k in regions if all(abs(k * r - at) >= r for at in read)))

    def add(self, rows: list[list[Entry]]) -> None:
        """Append entries, ``[slot][lane]``, to the tables."""
        for row in rows:
            for table, entry in zip(self.tables, row, strict=True):
                table.append(pack_entry(entry, self.shape))

    def entries(self, length: int, acts: tuple[int, ...]) -> list[list[Entry]]:
        """Return entries whose edges and units differ in a lane, the hottest of them first."""
        r, lanes, hot = self.rules.region, self.rules.lanes, self.hot
        columns = []
        for p in range(lanes):
            edges, units = (self.rng.permutation(r - 1).tolist() for _ in range(2))
            if hot.bank:
                kind = edges if hot.bank in "wxy" else units
                first = hot.words[p]
                if first in kind:
                    kind.remove(first)
                kind.insert(0, first)
            column = [Entry(self.pick(*acts), 0, edges[k], units[k]) for k in range(length)]
            columns.append(column)
        return [[column[slot] for column in columns] for slot in range(length)]

    def length(self, least: int = 1) -> int:
        """Return a length."""
        return int(self.rng.integers(least, self.rules.region - 1))

    def elementwise(self) -> Instruction:
        """A result for each WORD and LAST, into X, Y or W."""
        length = self.length()
        fields = self.common(length)
        to = To(self.pick(To.X, To.Y, To.W))
        rows = self.entries(length, (Act.IDLE, Act.LOAD, Act.WORD, Act.WORD, Act.LAST))
        rows[0] = [e._replace(act=self.pick(Act.WORD, Act.LOAD, Act.LAST)) for e in rows[0]]
        rows[-1] = [entry._replace(act=Act.WORD) for entry in rows[-1]]
        self.add(rows)
        bank = {To.X: "x", To.Y: "y", To.W: "w"}[to]
        place = 0 if to == To.W else self.free(bank, fields)
        fields |= {"plus": Plus.W if to == To.W else self.pick(0, 1, 2, 3)}
        self.need = READY[to]
        self.hot = Written(bank, place, tuple(entry.edge for entry in rows[-1]))
        return Instruction(**fields, to=to, to_offset=place, weight=int(to == To.W))

    def dots(self) -> Instruction:
        """Sums, into X or Y; every lane ends its own at the end."""
        length = self.length(2)
        fields = self.common(length)
        rows = self.entries(length, (Act.IDLE, Act.WORD, Act.WORD, Act.WORD, Act.LAST, Act.LOAD))
        rows[-1] = [entry._replace(act=Act.LAST) for entry in rows[-1]]
        if self.unfinished:
            rows[0] = [entry._replace(act=Act.LOAD) for entry in rows[0]]
        self.add(rows)
        to = To(self.pick(To.X, To.Y))
        bank = "x" if to == To.X else "y"
        place = self.free(bank, fields)
        self.need, self.unfinished = READY[to], False
        self.hot = Written(bank, place, tuple(entry.edge for entry in rows[-1]))
        return Instruction(**fields, to=to, to_offset=place, dot=1, plus=self.pick(0, 1, 2, 3))

    def speaking(self) -> Instruction:
        """Sums, one lane's in a cycle, to the bus or through the activation unit."""
        r, lanes = self.rules.region, self.rules.lanes
        length = 1 + 2 * self.pick(*range(1, r // 2 - 1))
        fields = self.common(length)
        to = To(self.pick(To.BUS, To.ACTIVATION))
        if to == To.ACTIVATION and "new" in (self.hot.bank,):
            to = To.BUS
        for name in ("u", "load"):  # what the activation unit writes is not read
            if to == To.ACTIVATION and fields.get(f"{name}_fresh") == 2:
                fields |= {f"{name}_fresh": 1}
            if to == To.ACTIVATION and fields.get(f"{name}_offset") == 4 * r:
                fields |= {f"{name}_offset": 0, f"{name}_fresh": 1}
        rows = self.entries(length, (Act.IDLE, Act.WORD))
        own = [0] * lanes
        for slot, row in enumerate(rows):
            speaker = int(self.rng.integers(lanes))
            for p in range(lanes):
                if slot == 0:  # the own unit stays below r, whatever moves it on
                    row[p] = row[p]._replace(act=Act.LOAD)
                    own[p] = row[p].unit
                elif p == speaker and slot % 2 == 0 and own[p] < r - 1:
                    row[p] = row[p]._replace(act=Act.LAST)
                    said, own[p] = (own[p], row[p].unit), own[p] + 1
                elif slot == length - 1:
                    row[p] = row[p]._replace(act=Act.IDLE)
        self.add(rows)
        self.need, self.unfinished = READY[to], True
        by_unit = to == To.BUS and self.pick(0, 1)
        place = 4 * r if to == To.ACTIVATION else self.free("u", fields)
        early = self.pick(0, 1) and to == To.ACTIVATION  # y is there 3 cycles before the slope
        if early:
            self.need, self.half = self.need - 3, True
        self.hot = Written("new" if early else "u", 0 if early else place, (said[by_unit],) * lanes)
        fields |= {"to": to, "to_offset": place, "dot": 1, "plus": self.pick(0, 1, 2, 3)}
        return Instruction(**fields, to_unit=by_unit)

    def sending(self, give: bool = False) -> Instruction:
        """Words of the banks, one lane's in a cycle, to the unit bank or the output stream."""
        length, lanes = self.length(), self.rules.lanes
        fields = self.common(length)
        place = self.free("u", fields)
        sources = {"w": 0, "x": 2}.get(self.hot.bank, 1 if self.hot.bank not in ("", "y") else 0)
        rows = self.entries(length, (Act.IDLE,))
        for row in rows:
            p = int(self.rng.integers(lanes))
            row[p] = row[p]._replace(send=1)
            last = row[p].unit
        self.add(rows)
        self.need, self.hot = (
            (0, Written()) if give else (SENT, Written("u", place, (last,) * lanes))
        )
        return Instruction(**fields, send_from=sources, send_offset=place, give=int(give))

    def giving(self) -> Instruction:
        """The same to the output stream."""
        return self.sending(give=True)

    def riding(self) -> Instruction:
        """Words that change lanes; what comes in the first three cycles is dropped."""
        r = self.rules.region
        fields = self.common(r - 1)
        if not self.turns:
            self.hot = Written()
            rows = self.entries(r - 1, (Act.IDLE, Act.WORD))
            dropped = [[e._replace(unit=r - 1) for e in row] for row in rows[:3]]
            self.ridden = len(self.tables[0]), rows[-1]
            self.add(dropped + rows[3:])
            self.turns = tuple(int(t) for t in self.rng.integers(self.rules.lanes, size=r - 1))
        start, last = self.ridden
        place = self.free("y", fields)
        fields |= {"start": start, "u_offset": place, "u_fresh": 0, "plus": 0, "ride": 1}
        self.need = 1
        self.hot = Written("y", place, tuple(entry.unit for entry in last))
        return Instruction(**fields)
