"""What the circuit of a microprogram looks like: every number that its blocks are built from.

Whatever the program never uses is left out here, so that it costs nothing in silicon: sources of
the operands that no instruction names, bits of the instruction word that are always zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from myhdl_core.microcode import Fresh, Instruction, Left, Microprogram, Plus, Shape, To
from myhdl_core.sources import Factor, Pair, pair_of, sent_of, swaps

#: Fields of the instruction word that go down the pipeline, in the order in which the last of them
#: is needed: first the results (8 cycles after the entry), then the operands (3), and so on.
RESULT = ("store_x", "store_y", "store_w", "wide", "say", "activate")
SUM = ("subtract",)
SENT = ("give",)
OPERANDS = ("left", "right", "plus", "apart", "load_weight", "factor")
TARGET = ("to_bus",)
ENTRY = ("dot", "to_unit", "riding", "mute", "hush", "still")
TAIL = (*RESULT, *SUM, *SENT, *OPERANDS, *TARGET, *ENTRY)
#: Fields that are used at once, then those that steer the sequencer itself.
OFFSETS = ("x_offset", "y_offset", "u_offset", "load_offset", "to_offset", "send_offset")
CONTROL = (*TAIL, "ride", *OFFSETS, "u_old", "u_new", "load_old", "load_new")
FLOW = ("gap", "start", "length", "end", "phase", "take")
#: What the host port reads and writes by, and what the sequencer always has.
ALWAYS = {"store_x", "store_y", "store_w", "say", *FLOW}
#: Addends that the host port reads banks by, as words.
READ = (Plus.X, Plus.Y, Plus.U)


class Circuit(NamedTuple):
    """Numbers of the shape, and those derived from the program; plain data."""

    shape: Shape
    layout: tuple[tuple[str, int, int], ...]  # field of the instruction word, lowest bit, bits
    lefts: tuple[int, ...]  # sources of the operands that occur, in the order of their codes
    rights: tuple[int, ...]
    swaps: tuple[Pair, ...]  # factors that change sides
    aparts: tuple[int, ...]  # sources sent by an instruction that has another factor on the left
    pluses: tuple[int, ...]
    loads: tuple[int, ...]
    factors: tuple[int, ...]  # constant factors: the rate, minus one, and what is minus these
    weights_subtract: bool
    longest_sum: int
    instructions: int
    table_depth: int
    target: int  # where `take` puts the targets
    slope: int  # where the activation unit puts the slopes
    last_turn: int  # the farthest that the rotator turns
    turn_rows: int
    entries: tuple[int, int]
    behind_table: int = 0  # the entry of the activation table behind its last

    def bits(self, name: str) -> int:
        """Bits of a field of the instruction word; 0 when it is not there."""
        return {n: width for n, _, width in self.layout}.get(name, 0)

    @property
    def instruction_bits(self) -> int:
        """Bits of an instruction word."""
        return sum(width for _, _, width in self.layout)

    def low(self, name: str) -> int:
        """Lowest bit of a field of the instruction word."""
        return next(low for n, low, _ in self.layout if n == name)

    def span(self, names: Iterable[str]) -> int:
        """Bits of some fields together."""
        return sum(self.bits(name) for name in names)

    @property
    def address_bits(self) -> dict[str, int]:
        """Bits of an address in each bank."""
        shape = self.shape
        depths = zip(
            "wxyu", (shape.w_depth, shape.x_depth, shape.y_depth, shape.u_depth), strict=True
        )
        widths = {bank: width_of(depth) for bank, depth in depths}
        if self.turn_rows:  # what the rotator delivers goes to Y by the address of the unit bank
            widths["u"] = max(widths["u"], widths["y"])
        return widths

    @property
    def target_bits(self) -> int:
        """Bits of an address in the deepest bank."""
        return max(self.address_bits.values())

    @property
    def deeper(self) -> int:
        """Fraction bits of a weight that its operand lacks."""
        return self.shape.weight_fraction_bits - self.shape.fraction_bits

    @property
    def weight_shift(self) -> int:
        """Bits of the accumulator below a weight's last bit."""
        shape = self.shape
        return max(0, shape.word_bits - 1 + shape.fraction_bits - shape.weight_fraction_bits)

    @property
    def product_shift(self) -> int:
        """Bits of the accumulator below a product's last bit; the same in words and weights."""
        shape = self.shape
        return max(0, shape.weight_fraction_bits - (shape.word_bits - 1 + shape.fraction_bits))

    @property
    def word_shift(self) -> int:
        """Bits of the accumulator below a word's last bit."""
        return self.shape.fraction_bits + self.product_shift

    @property
    def weight_range_bits(self) -> int:
        """Bits of a weight that saturates where a word does."""
        return min(self.shape.weight_bits, self.shape.word_bits + self.deeper)

    @property
    def keeps_sums(self) -> bool:
        """Whether bank X holds sums that are not narrowed yet."""
        return Plus.X_WIDE in self.pluses

    @property
    def x_bits(self) -> int:
        """Bits of a word of bank X."""
        return self.total_bits if self.keeps_sums else self.shape.word_bits

    @property
    def addend_bits(self) -> int:
        """Bits of the addend, aligned with the products."""
        return max(self.term_bits, self.total_bits) if self.keeps_sums else self.term_bits

    @property
    def term_bits(self) -> int:
        """Bits of an addend that is a word or a weight."""
        full = self.shape.weight_bits + self.weight_shift if Plus.W in self.pluses else 0
        return max(self.shape.word_bits + self.word_shift, full)

    @property
    def total_bits(self) -> int:
        """Bits of the accumulator: no sum of the program leaves it."""
        products = self.longest_sum << 2 * self.shape.word_bits - 2 + self.product_shift
        exact = (products + (1 << self.term_bits - 1)).bit_length() + 1
        tops = (
            self.word_shift + self.shape.word_bits,
            self.weight_shift + self.weight_range_bits,
        )
        return max(exact, *(top + 1 for top in tops))

    @property
    def row_bits(self) -> int:
        """Bits of an address in the tables, whose first row is idle."""
        return width_of(self.table_depth + 1)

    @property
    def between(self) -> int:
        """Low bits of a word that interpolate between two entries of the activation table."""
        return max(0, self.shape.word_bits - self.shape.table_bits)

    @property
    def table_bits(self) -> int:
        """Bits of an address in the activation table."""
        return self.shape.word_bits - self.between

    @property
    def turn_bits(self) -> int:
        """Bits that tell how far the rotator turns, one at least."""
        return max(1, self.last_turn.bit_length())

    @property
    def up_bits(self) -> int:
        """Bits that a lane says: a result and a word that is sent, both with a flag and an address.

        What a weight has below its operand comes last.
        """
        return 2 * (1 + self.address_bits["u"] + self.shape.word_bits) + self.deeper

    @property
    def selected(self) -> tuple[int, ...]:
        """Factors on the left that are chosen there; a constant is zero unless it is wanted."""
        return tuple(code for code in self.lefts if code != Factor.CONSTANT)


def width_of(count: int) -> int:
    """Return the bits that tell ``count`` things apart, one at least."""
    return max(1, (count - 1).bit_length())


def circuit_of(program: Microprogram) -> Circuit:
    """Return the circuit of a program.

    Raises
    ------
    ValueError
        When the program asks for something that the circuit does not do.
    """
    shape, listed = program.shape, program.instructions
    working = [i for i in listed if i.to != To.NOTHING and not i.end and not i.take]
    loading = [i for i in listed if not i.end and not i.take]
    taking = [i for i in listed if i.take and i.length > shape.inputs + shape.bias]
    activating = [i for i in listed if i.to == To.ACTIVATION]
    turns = program.turns if any(i.ride for i in loading) else ()
    sending = [i for i in loading if _sends(i, program)]
    sent = [sent_of(i) for i in sending if i.to == To.NOTHING]
    swapped = swaps(working, (Factor.W, *sent))
    sided = [_sides(i, swapped) for i in working]
    away = [sent_of(i) for i in sending if i.to and _sides(i, swapped)[0] != sent_of(i)]
    circuit = Circuit(
        shape=shape,
        layout=(),
        lefts=_used([Factor.W, *sent, *(left for left, _ in sided)]),
        rights=_used(right for _, right in sided) if sided else (int(Factor.U),),
        swaps=swapped,
        aparts=tuple(sorted({int(code) for code in away})),
        pluses=_used([*READ, *(i.plus for i in working)]),
        loads=_used(i.load_weight for i in loading),
        factors=(),
        weights_subtract=False,
        longest_sum=max([i.length for i in working if i.dot] + [1 + _sums(working)]),
        instructions=len(listed),
        table_depth=len(program.tables[0]),
        target=_only("to_offset of take", (i.to_offset for i in taking)),
        slope=_only("to_offset of activation", (i.to_offset for i in activating)),
        last_turn=max((0, *turns)),
        turn_rows=len(turns),
        entries=(program.entry_learn, program.entry_infer),
    )
    _check(program)
    subtracting = [i for i in working if i.subtract and not _folds(i, circuit)]
    circuit = circuit._replace(
        factors=_used(_factor(i, circuit) for i in working if i.left == Left.CONSTANT),
        weights_subtract=any(i.weight for i in subtracting),
    )
    values = [control_values(circuit, i) for i in listed]
    widths = {"start": circuit.row_bits, "plus": len(addends(circuit))}
    widths |= {"left": len(circuit.selected) if len(circuit.selected) > 1 else 0}
    layout, low = [], 0
    for name in (*CONTROL, *FLOW):
        width = max(max(v[name] for v in values).bit_length(), widths.get(name, 0))
        if width or name in ALWAYS:
            width = max(width, 1)
            layout.append((name, low, width))
            low += width
    return circuit._replace(layout=tuple(layout))


def control_values(circuit: Circuit, i: Instruction) -> dict[str, int]:
    """Return the fields of an instruction word; what the instruction does not use is zero."""
    entries = not i.take and not i.end
    works = entries and i.to != To.NOTHING
    says = i.to in (To.BUS, To.ACTIVATION)
    values = {
        "gap": i.gap,
        "start": i.start + 1 if entries else 0,
        "length": 0 if i.end else i.length - 1,
        "end": i.end,
        "phase": i.phase,
        "take": i.take,
    }
    if entries:
        values |= {name: getattr(i, name) for name in ("x_offset", "y_offset", "u_offset")}
        values |= {"hush": i.hush, "still": i.still, "mute": i.mute}
        values |= {"load_offset": i.load_offset, "send_offset": i.send_offset, "give": i.give}
        values |= {
            "left": _one_hot(circuit.selected, sent_of(i)),
            "ride": i.ride,
            "riding": i.ride * circuit.shape.far,
        }
        values |= {"u_old": i.u_fresh == Fresh.OLD, "u_new": i.u_fresh == Fresh.NEW}
        values |= {"load_old": i.load_fresh == Fresh.OLD, "load_new": i.load_fresh == Fresh.NEW}
        values |= {"load_weight": circuit.loads.index(i.load_weight)}
    if works:
        left, right = _sides(i, circuit.swaps)
        constant = i.left == Left.CONSTANT
        away = sent_of(i) in circuit.aparts and sent_of(i) != left
        values |= {
            "store_x": i.to in (To.X, To.X_WIDE),
            "wide": i.to == To.X_WIDE,
            "store_y": i.to == To.Y,
            "store_w": i.to == To.W,
            "say": says,
            "activate": i.to == To.ACTIVATION,
            "subtract": i.subtract and not _folds(i, circuit),
            "dot": i.dot,
            "left": _one_hot(circuit.selected, left),
            "right": _one_hot(circuit.rights, right),
            "plus": bit_of(addends(circuit), i.plus),
            "apart": bit_of(circuit.aparts, sent_of(i)) if away else 0,
            "factor": bit_of(circuit.factors, _factor(i, circuit)) if constant else 0,
            "to_bus": says,
            "to_unit": i.to_unit and i.to == To.BUS,
            "to_offset": 0 if i.to == To.ACTIVATION else i.to_offset,
        }
    return {name: int(values.get(name, 0)) for name in (*CONTROL, *FLOW)}


def pack_instruction(circuit: Circuit, instruction: Instruction) -> int:
    """Return the ROM word of an instruction."""
    values = control_values(circuit, instruction)
    return sum(values[name] << low for name, low, _ in circuit.layout)


def _sums(working: list[Instruction]) -> int:
    """Count the products that a sum in bank X can have."""
    return sum(i.plus == Plus.X_WIDE for i in working)


def addends(circuit: Circuit) -> tuple[int, ...]:
    """Return the codes of addends that are words of a bank."""
    return tuple(code for code in circuit.pluses if code != Plus.NONE)


def bit_of(used: tuple[int, ...], code: int) -> int:
    """Return a number with the bit of a source set, and no bit for what is none of them."""
    return 1 << used.index(code) if code in used else 0


def _one_hot(used: tuple[int, ...], code: int) -> int:
    return bit_of(used, code) if len(used) > 1 else 0


def _sides(i: Instruction, swapped: tuple[Pair, ...]) -> Pair:
    """Return the factors of an instruction, each on its side of the multiplier."""
    pair = pair_of(i)
    return pair[::-1] if pair in swapped else pair


def _sends(i: Instruction, program: Microprogram) -> bool:
    """Whether an entry of an instruction sends, in a lane that is not to hush."""
    send = program.shape.unit_bits + program.shape.edge_bits
    return any(
        row >> send & 1
        for lane, table in enumerate(program.tables)
        if not i.mute and not i.hush >> lane & 1
        for row in table[i.start : i.start + i.length]
    )


def _folds(i: Instruction, circuit: Circuit) -> bool:
    """Return whether a difference is a sum with another constant; plus one may be no word."""
    shape = circuit.shape
    return i.left == Left.CONSTANT and (not i.constant or shape.fraction_bits < shape.word_bits - 1)


def _factor(i: Instruction, circuit: Circuit) -> int:
    return i.constant + 2 * (i.subtract and _folds(i, circuit))


def _used(codes: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({int(code) for code in codes})) or (0,)


def _only(what: str, values: Iterable[int]) -> int:
    different = set(values)
    if len(different) > 1:
        raise ValueError(f"{what}: must be the same in all instructions (got {different})")
    return different.pop() if different else 0


def _check(program: Microprogram) -> None:
    for number, i in enumerate(program.instructions):
        where = f"instruction {number} ({i})"
        if not i.end and i.length < 1:
            raise ValueError(f"{where}: a section has one entry at least")
        if i.take or i.end:
            continue
        if i.start + i.length > len(program.tables[0]):
            raise ValueError(f"{where}: its section ends behind the table")
        if i.to and not (i.weight == (i.to == To.W) == (i.plus == Plus.W)):
            raise ValueError(f"{where}: weight, to=W and plus=W go together")
