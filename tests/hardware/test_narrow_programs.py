"""Programs that use little of the chip: what they leave out must leave no loose ends."""

import pytest

from myhdl_core.emit import emit
from myhdl_core.microcode import (
    Act,
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
from myhdl_core.verilator import lint

TAKE = Instruction(take=1, length=2, phase=1)
ACTIVATE = Instruction(
    start=0, length=3, dot=1, left=Left.W, right=Right.U, u_fresh=Fresh.OLD, to=To.ACTIVATION,
    to_offset=20, phase=2,
)  # fmt: skip
GIVE = Instruction(gap=16, start=3, length=1, send_from=SendFrom.U, u_fresh=Fresh.NEW, give=1)
UPDATE = Instruction(
    start=0, length=3, left=Left.CONSTANT, right=Right.X, plus=Plus.W, weight=1, to=To.W
)
ELEMENTWISE = Instruction(
    gap=5, start=0, length=3, left=Left.K, right=Right.Y, plus=Plus.Y, to=To.Y
)
RIDE = Instruction(gap=5, start=0, length=4, ride=1)
END = Instruction(gap=22, end=1)
PROGRAMS = {
    "inference": (TAKE, ACTIVATE, GIVE, END),
    "update": (UPDATE, END),
    "minus-one": (UPDATE._replace(constant=1), END),
    "elementwise": (ELEMENTWISE, END),
    "ride": (RIDE, UPDATE, END),
}


def shape(lanes: int, **changes: int) -> Shape:
    return Shape(
        lanes=lanes, units=4, inputs=1, targets=0, word_bits=12, fraction_bits=8, weight_bits=20,
        weight_fraction_bits=14, edge_bits=3, unit_bits=3, w_depth=8, x_depth=8, y_depth=12,
        u_depth=28, half=8, table_bits=6,
    )._replace(**changes)  # fmt: skip


def program(lanes: int, instructions: tuple[Instruction, ...], **changes: int) -> Microprogram:
    made = shape(lanes, **changes)
    rows = (Entry(Act.LOAD), Entry(Act.WORD, edge=1), Entry(Act.LAST, edge=2), Entry(send=1))
    silent = (*rows[:3], Entry())
    tables = tuple(
        tuple(pack_entry(e, made) for e in (silent if p else rows)) for p in range(lanes)
    )
    return Microprogram(made, instructions, 0, 0, tables, (0, lanes - 1, 0, 0))


@pytest.mark.parametrize(
    ("name", "lanes"), [("inference", 1), ("minus-one", 3), ("elementwise", 1), ("ride", 3)]
)
def test_lint(name, lanes, tmp_path):
    emit(program(lanes, PROGRAMS[name]), tmp_path)
    assert lint(tmp_path) == ""


def test_lint_of_weights_that_are_words(tmp_path):
    emit(program(2, PROGRAMS["update"], weight_bits=12, weight_fraction_bits=8), tmp_path)
    assert lint(tmp_path) == ""


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (UPDATE._replace(weight=0), "go together"),
        (UPDATE._replace(length=0), "one entry at least"),
        (UPDATE._replace(length=9), "ends behind the table"),
    ],
)
def test_programs_that_the_chip_does_not_do(wrong, what, tmp_path):
    with pytest.raises(ValueError, match=what):
        emit(program(1, (wrong, END)), tmp_path)


def test_different_places_of_slopes_are_refused(tmp_path):
    two = (ACTIVATE, ACTIVATE._replace(to_offset=12), END)
    with pytest.raises(ValueError, match="same in all instructions"):
        emit(program(1, two), tmp_path)
