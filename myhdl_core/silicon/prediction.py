"""What a chip takes of a part, said before any tool runs: from what its blocks are made of.

Block RAMs and multipliers are exact (``machine/blocks.py``, ``machine/multipliers.py``). LUTs are
counted by structure: ``logic.py`` has, for every block, the functions of so many inputs and the
adders of so many bits that it is built from; here they become LUTs and carry cells of a family.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

from myhdl_core.circuit import Circuit
from myhdl_core.contents import Contents, contents
from myhdl_core.microcode import Microprogram
from myhdl_core.silicon.axi_logic import axi
from myhdl_core.silicon.families import Resources, family_named
from myhdl_core.silicon.logic import Logic, logic_of, of
from myhdl_core.silicon.netlist import AXI
from neurosim.machine.parts import Memory, Part


@dataclass(frozen=True)
class Prediction:
    """What a chip is predicted to take.

    Attributes
    ----------
    family
        For which family, by name.
    blocks
        What each block takes, by the names of ``Synthesis.blocks``; registers are not predicted.
    alone
        About how many registers take a cell each, where a LUT and a register are one cell.
    """

    family: str
    blocks: Mapping[str, Resources]
    alone: int = 0

    @property
    def whole(self) -> Resources:
        """What the whole chip takes."""
        return sum(self.blocks.values(), Resources())

    @property
    def lut_sites(self) -> int:
        """Places of LUTs that are occupied, those of carry cells and lone registers among them."""
        return family_named(self.family).lut_sites(self.whole) + self.alone

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "family": self.family,
            "whole": _told(self.whole),
            "lut_sites": self.lut_sites,
            "blocks": {name: _told(each) for name, each in self.blocks.items()},
        }


def _told(resources: Resources) -> dict[str, int]:
    known = ("luts", "carries", "block_rams", "multipliers")
    return {name: count for name, count in resources.as_dict().items() if name in known}


# Registers of a bit of a word that follow a memory, another register, or a LUT that others follow
# too: fitted to what nextpnr-ice40 packed of seven chips, with 1 to 4 lanes and 8 to 20 bits.
_ALONE_IN_A_LANE, _ALONE_ELSEWHERE = 22.5, 38
# The block that a memory lies in; those that each lane has are numbered.
_HOMES = {
    "weights": "lane", "x": "lane", "y": "lane", "units": "lane", "table": "table",
    "microcode": "sequencer", "activation table": "activation", "turns": "control",
    "samples": AXI, "answers": AXI,
}  # fmt: skip
_NUMBERED = ("lane", "table")


def predicted(
    program: Microprogram, memories: Iterable[Memory], part: Part
) -> Prediction:  # fmt: skip
    """Return what the chip of a program takes, with its side on AXI.

    Parameters
    ----------
    program, memories
        What the chip does, and all its memories.
    part
        For which part; ``part_for(family)`` is the usual one of a family.
    """
    known = contents(program)
    circuit = known.circuit
    word, wide = circuit.shape.word_bits, circuit.shape.word_bits + bool(circuit.between)
    made = {**logic_of(circuit), AXI: axi(circuit)}
    products = dict.fromkeys((f"lane {p}" for p in range(circuit.shape.lanes)), (word, word))
    products["activation"] = wide, word
    blocks = {
        name: _resources(each, part, _adds(products.get(name), part)) for name, each in made.items()
    }
    for name, operands in products.items():
        blocks[name] += _product(*operands, part)
    for memory in memories:
        for p, taken in enumerate(_memories(memory, _words(known, memory.name), part)):
            home = _HOMES[memory.name]
            name = f"{home} {p}" if home in _NUMBERED else home
            blocks[name] = blocks.get(name, Resources()) + taken
    alone = _alone(circuit) if family_named(part.synthesis).paired else 0
    return Prediction(part.synthesis, blocks, alone)


def _alone(circuit: Circuit) -> int:
    """Return about how many registers have no LUT before them that is theirs alone."""
    return ceil(
        (_ALONE_IN_A_LANE * circuit.shape.lanes + _ALONE_ELSEWHERE) * circuit.shape.word_bits
    )


def _adds(operands: tuple[int, int] | None, part: Part) -> bool:
    """Return whether a multiplier also adds what follows its product: one that makes all of it."""
    adds = _CARRIES[part.synthesis].sums_in_multiplier
    return adds and operands is not None and part.product(*operands).multipliers == 1


def _words(known: Contents, name: str) -> Sequence[Sequence[int]]:
    """Return what stands in each ROM of that name."""
    return {
        "table": known.tables, "microcode": (known.microcode,), "turns": (known.turns,),
        "activation table": (known.activation,),
    }.get(name, ())  # fmt: skip


def _resources(logic: Logic, part: Part, sums_in_multiplier: bool = False) -> Resources:
    """Return the LUTs and carry cells of a block."""
    carry = _CARRIES[part.synthesis]
    added = (*logic.adders, *(() if sums_in_multiplier else logic.sums))
    beside = carry.of_adder * sum(added) + carry.of_counter * sum(logic.counters)
    cells = sum(ceil(width / carry.bits) for width in (*added, *logic.counters))
    return Resources(luts=logic.luts(part.lut_inputs) + beside, carries=cells)


class _Carry(NamedTuple):
    """Bits of a carry cell, LUTs beside each bit, and whether a DSP adds what follows a product."""

    bits: int
    of_adder: int
    of_counter: int
    sums_in_multiplier: bool = False


# Yosys techlibs/*/arith_map.v; a DSP48E1 adds behind its product (AMD UG479, `xilinx_dsp`).
_CARRIES = {
    "ecp5": _Carry(2, 0, 0), "ice40": _Carry(1, 1, 1), "xc7": _Carry(4, 1, 0, True),
    "gowin": _Carry(1, 0, 0),
}  # fmt: skip


def _memories(memory: Memory, words: Sequence[Sequence[int]], part: Part) -> Iterator[Resources]:
    """Yield what each memory of a kind takes, with the logic between sections or in its place."""
    for n, found in enumerate(memory.mapped(part)):
        luts = _sections(found.sections, memory.bits)
        if memory.rom and not found.blocks:
            luts = _columns(words[n], memory.bits) * ceil(memory.words / (1 << part.lut_inputs))
        elif not (found.blocks or found.lut_rams):
            luts = _flip_flops(memory).luts(part.lut_inputs)
        yield Resources(luts=luts, block_rams=found.blocks, lut_rams=found.lut_rams)


def _columns(words: Sequence[int], bits: int) -> int:
    """Return how many functions of the address a ROM is: equal and opposite bits are one."""
    columns = (tuple(word >> bit & 1 for word in words) for bit in range(bits))
    alike = {column if column[0] else tuple(1 - bit for bit in column) for column in columns}
    return sum(not all(column) for column in alike)


def _flip_flops(memory: Memory) -> Logic:
    """Return the logic of a RAM of flip-flops: multiplexers of two, and an enable for each word."""
    others = (memory.words - 1) * memory.bits
    return of([(others, 3), (memory.words, 1 + memory.words.bit_length())]).times(memory.count)


def _sections(sections: int, bits: int) -> int:
    """Return the LUTs that choose between sections: one for the two words and their flag."""
    return max(0, sections - 1) * bits


def _product(one: int, other: int, part: Part) -> Resources:
    """Return multipliers, and the logic of what is left of products.

    That has a row of ANDs for each bit of its shorter operand. A sum and a carry for each bit of a
    row make two of three, until the last two are added (Yosys, pass `maccmap`).
    """
    cut = part.product(one, other)
    left = [each.bits for each in cut.logic]
    luts = sum(a * b + 2 * max(a, b) * max(0, min(a, b) - 2) for a, b in left)
    last = tuple(a + b for a, b in left if min(a, b) > 1)
    adds = _CARRIES[part.synthesis].sums_in_multiplier
    added = _resources(Logic(adders=last, sums=cut.sums), part, adds)
    return added + Resources(luts=luts, multipliers=cut.multipliers)
