"""What each block of the circuit is made of: functions of so many inputs, and adders.

Counted from what a block does, as its source says, bit by bit: an OR of k registers is a function
of k inputs, a multiplexer of two words one of three, a saturating register one of its bit, the two
flags that bound it, and the host's word. Registers with a reset or an enable need no logic for
these. Small numbers are the flags and state machines, counted gate by gate. Where a block changes,
its function here changes with it; ``tests/hardware/test_prediction.py`` holds both together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import NamedTuple

from myhdl_core.circuit import READ, Circuit
from myhdl_core.microcode import Plus
from myhdl_core.sources import Factor


class Functions(NamedTuple):
    """Some bits, each a function of so many inputs."""

    bits: int
    inputs: int


class Logic(NamedTuple):
    """What a block is made of.

    Attributes
    ----------
    functions
        Functions of registers, ports and sums.
    adders
        Bits of each sum of two words.
    counters
        Bits of each sum of a word and a constant, and of each comparison with one.
    sums
        Bits of each sum of a product and a word, which a multiplier may do itself.
    """

    functions: tuple[Functions, ...] = ()
    adders: tuple[int, ...] = ()
    counters: tuple[int, ...] = ()
    sums: tuple[int, ...] = ()

    def __add__(self, other: Logic) -> Logic:  # type: ignore[override]
        return Logic(
            self.functions + other.functions, self.adders + other.adders,
            self.counters + other.counters, self.sums + other.sums,
        )  # fmt: skip

    def times(self, count: int) -> Logic:
        """Return the logic of so many of them."""
        return Logic(
            self.functions * count, self.adders * count, self.counters * count, self.sums * count
        )

    def luts(self, lut_inputs: int) -> int:
        """Return the LUTs of its functions: each LUT takes one off what is left to combine."""
        return sum(f.bits * _luts(f.inputs, lut_inputs) for f in self.functions)


def _luts(inputs: int, lut_inputs: int) -> int:
    return max(0, ceil((inputs - 1) / (lut_inputs - 1)))


def of(
    functions: Iterable[tuple[int, int]], adders: Iterable[int] = (), counters: Iterable[int] = (),
    sums: Iterable[int] = (),
) -> Logic:  # fmt: skip
    """Return logic of functions (how many, of how many inputs) and of sums by their bits."""
    kept = tuple(Functions(*f) for f in functions if f[0] > 0)
    return Logic(kept, tuple(adders), tuple(counters), tuple(sums))


def logic_of(circuit: Circuit) -> Mapping[str, Logic]:
    """Return the logic of all blocks of a circuit, by the names that synthesis has for them."""
    return {
        **{f"lane {p}": lane(circuit) for p in range(circuit.shape.lanes)},
        "bus": bus(circuit),
        "rotator": rotator(circuit),
        "activation": activation(circuit),
        "control": control(circuit),
        "sequencer": sequencer(circuit),
        "host": host(circuit),
        "network": network(circuit),
    }


def lane(c: Circuit) -> Logic:
    """The lane: factors, addend, sum, results, addresses, and what it says (``lane.py``)."""
    return _factors(c) + _addend(c) + _results(c) + _addresses(c)


def _factors(c: Circuit) -> Logic:
    """Factors and scalar (``datapath.py``), and the word that is sent (``lane.py``)."""
    word = c.shape.word_bits
    others = 2 + len(c.aparts) if c.aparts else 1  # own word, whether it is wanted, the others
    return of([
        (word, len(c.lefts)), (word, len(c.rights) + (Factor.K in c.rights)),
        (word, 3 if len(c.loads) > 1 else 1), (word, others),
        (len(c.selected) + len(c.rights), 2),  # flags are resets upside down
    ])  # fmt: skip


def _addend(c: Circuit) -> Logic:
    """The addend, the OR of what it may be, or the sum before (``datapath.py``)."""
    word, total = c.shape.word_bits, c.total_bits
    words = len(READ)
    others = (Plus.W in c.pluses) + c.keeps_sums
    more = 2 + bool(c.bits("subtract"))  # whether it opens a sum, the sum, the complement
    lowest = 0 if c.keeps_sums else min(c.word_shift, c.weight_shift if others else c.word_shift)
    above = max(0, c.addend_bits - c.word_shift - word)
    below = c.word_shift - lowest
    rest = total - lowest - word - above - below
    return of([
        (word, words + others + more), (1, words), (above, 1 + others + more),
        (below, others + more), (rest, 1 + more), (len(c.pluses), 2),
    ], sums=[total])  # fmt: skip


def _results(c: Circuit) -> Logic:
    """Results as words and weights, and what bank X keeps of a sum (``datapath.py``)."""
    word, sign = c.shape.word_bits, bool(c.bits("subtract"))
    above = c.total_bits - c.word_shift - word + 1
    functions = [(word, 4 + sign), (2, above), (7, 2)]
    if Plus.W in c.pluses:
        functions += [(c.shape.weight_bits, 4 + c.weights_subtract)]
    if c.bits("wide"):
        functions += [(c.x_bits, 3), (c.total_bits if sign else 0, 2)]
    return of(functions)


def _addresses(c: Circuit) -> Logic:
    """Where banks are read and written, and the flags on the way (``decode.py``, ``lane.py``)."""
    size, unit, edge = c.address_bits, c.shape.unit_bits, c.shape.edge_bits
    functions = [
        (min(edge, size["w"]), 2), (size["u"] if 0 in c.loads else 0, 3),
        (unit + 2, 3), (min(edge, c.target_bits), 3), (24, 3),
    ]  # fmt: skip
    if c.bits("ride"):
        functions += [(c.shape.word_bits + size["y"], 3)]
    adders = [size["x"], size["y"], size["u"], c.target_bits]
    return of(functions, [*adders, *([size["u"]] if c.bits("send_offset") else [])], [unit])


def bus(c: Circuit) -> Logic:
    """The bus (``bus.py``): the OR of what lanes say, and what goes down instead."""
    said, lanes = c.shape.word_bits + c.address_bits["u"], c.shape.lanes
    read = c.shape.word_bits + c.deeper
    return of([
        (said, 2 * lanes), (c.deeper, lanes), (2, lanes), (said, 8), (read, 3), (12, 3),
    ])  # fmt: skip


def rotator(c: Circuit) -> Logic:
    """The rotator (``rotator.py``): a multiplexer a bit and turn."""
    turns = c.turn_bits if c.last_turn else 0
    rows = (c.turn_rows - 1).bit_length() if turns else 0
    return of([(turns * c.shape.lanes * c.shape.word_bits, 3), (turns, 2)], counters=[rows])


def activation(c: Circuit) -> Logic:
    """The activation unit (``activation.py``): look up, rise, multiply, add, saturate."""
    word, place, fraction = c.shape.word_bits, c.address_bits["u"], c.shape.fraction_bits
    product = 2 * word + 2
    functions = [(word, 3), (place + 2, 3), (20, 3), (1, product - fraction - word)]
    adders, counters, sums = [product], [place], []
    if c.between:
        functions += [(2 * word + 1, 3), (c.table_bits + c.between + 1, 3)]
        adders += [word + 1]
        counters += [c.table_bits]
        sums += [product]
    return of(functions, adders, counters, sums)


def control(c: Circuit) -> Logic:
    """The control words (``control.py``): offsets with the host's address, fields that it sets."""
    size = c.address_bits
    offsets = c.bits("x_offset") + c.bits("y_offset") + c.bits("to_offset") + size["u"]
    negated = c.shape.word_bits if 2 in c.factors else 0
    fresh = c.bits("u_old") + c.bits("u_new") + c.bits("load_old") + c.bits("load_new")
    return of([(offsets, 2), (2 * fresh + 5, 3), (11, 2), (negated, 3)], [negated])


def sequencer(c: Circuit) -> Logic:
    """The sequencer (``sequencer.py``): counters that begin anew, and its state."""
    rows, length, gap = c.row_bits, c.bits("length"), c.bits("gap")
    place = c.address_bits["u"]
    return of(
        [(3 * rows + 2 * length + gap + c.bits("phase"), 3), (45, 3)],
        counters=[32, rows, length, gap, place, 6],
    )


def host(c: Circuit) -> Logic:
    """The host port (``host.py``)."""
    lanes = c.shape.lanes
    fields = c.target_bits + (lanes > 1) * lanes + 22
    return of([(fields, 3)], counters=[c.target_bits + 1])


def network(c: Circuit) -> Logic:
    """What is between the blocks (``network.py``): the bit that remembers a clipped result."""
    return of([(1, c.shape.lanes), (4, 3)])
