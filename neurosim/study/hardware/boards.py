"""The chip on a board: whether it has room there, and the files that bring it there."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from myhdl_core.boards.board import Board
from myhdl_core.boards.emit import emit
from myhdl_core.testbench import Vectors, Words
from neurosim.machine.parts import PARTS, Fit
from neurosim.machine.parts import fitted as fitted_to

if TYPE_CHECKING:
    from neurosim.study.hardware.folder import Design

FOLDER = "boards"
BUILD = "build.py"


def fitted(design: Design, board: Board, luts: int = 0) -> Fit:
    """Return what a chip takes of a board's part; needs no tools and no time.

    Parameters
    ----------
    design
        The chip.
    board
        Where it is to go.
    luts
        How many LUTs it is expected to take, where that is known.

    Raises
    ------
    UserError
        When the part has less than that.
    """
    chip, part = design.chip, PARTS[board.part]
    where = f"--board {board.name}"
    return fitted_to(part, chip.memories, chip.lanes, design.number, luts, where)


def write(design: Design, vectors: Vectors, rtl: Path, board: Board) -> list[Path]:
    """Write ``boards/NAME/`` beside a chip's Verilog.

    Parameters
    ----------
    design, vectors
        The chip, and what its test bench loads and expects: the example does the same.
    rtl
        Holds its Verilog, ``network_axi.v`` among it.
    board
        The board.

    Returns
    -------
    list[Path]
        The files, the top module first.

    Raises
    ------
    UserError
        When the chip does not fit the board.
    """
    fitted(design, board)
    folder = rtl / FOLDER / board.name
    made = emit(board, rtl, folder, design.number.word_bits)
    example = folder / "example.json"
    text = json.dumps(_example(vectors), separators=(",", ":"))
    example.write_text(text + "\n", "utf-8", newline="\n")
    return [*made, example]


def next_command(rtl: Path, board: Board) -> str:
    """Return the command that makes the bitstream."""
    return f"python {shlex.quote(str(rtl / FOLDER / board.name / BUILD))}"


def _example(vectors: Vectors) -> dict[str, Any]:
    """Return the vectors as the example wants them: by step, and every word with its place."""
    steps = len(vectors.learn)
    rows = {"samples": vectors.stream, "outputs": vectors.outputs}
    return {
        "learn": vectors.learn,
        **{name: np.reshape(words, (steps, -1)).tolist() for name, words in rows.items()},
        "weights": _placed(vectors.weights),
        "final": _placed(vectors.final[0]),
    }


def _placed(words: Words) -> list[tuple[int, int, int, int]]:
    """Return lane, bank, address and value of all words."""
    return [
        (lane, words.bank, words.first + n, int(word))
        for lane, content in enumerate(words.lanes)
        for n, word in enumerate(content)
    ]
