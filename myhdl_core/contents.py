"""What stands in the ROMs of a chip: instructions, tables, the activation function, turns."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import and_, or_
from typing import NamedTuple

from myhdl_core.circuit import Circuit, circuit_of, pack_instruction
from myhdl_core.microcode import Microprogram
from neurosim.model.fixed import activation_table


class Contents(NamedTuple):
    """The words of all ROMs, and the circuit that reads them.

    Attributes
    ----------
    circuit
        The circuit, complete.
    microcode
        The instructions.
    tables
        What each lane does in each cycle; row 0 is idle.
    activation
        The activation function at equally spaced words, signed.
    turns
        How far the rotator turns; none where it never does.
    """

    circuit: Circuit
    microcode: tuple[int, ...]
    tables: tuple[tuple[int, ...], ...]
    activation: tuple[int, ...]
    turns: tuple[int, ...]


def contents(program: Microprogram) -> Contents:
    """Return what stands in the ROMs of a program's chip."""
    circuit, shape = circuit_of(program), program.shape
    values = activation_table(
        shape.activation, shape.word_bits, shape.fraction_bits, circuit.table_bits
    ).tolist()
    return Contents(
        circuit=circuit._replace(behind_table=values[-1]),
        microcode=tuple(pack_instruction(circuit, i) for i in program.instructions),
        tables=tuple((0, *rows) for rows in program.tables),
        activation=tuple(values[:-1]),
        turns=program.turns if circuit.last_turn else (),
    )


def varying_bits(words: Iterable[int], width: int) -> int:
    """Return how many bits are not the same in all words; synthesis stores no others."""
    low = [word & (1 << width) - 1 for word in words]
    return (reduce(or_, low) & ~reduce(and_, low)).bit_count()
