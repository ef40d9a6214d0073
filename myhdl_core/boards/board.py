"""Boards: what stands in ``boards.toml``, and how their clocks are made."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from neurosim.errors import UserError, nearest
from neurosim.machine.parts import PARTS

TABLE = Path(__file__).with_name("boards.toml")
#: Bits a second on the serial line; FTDI's converters make it exactly.
BAUD = 1_000_000


@dataclass(frozen=True)
class Board:
    """A board that one can buy.

    Attributes
    ----------
    name, title
        As it is called here, and by its maker.
    part
        The FPGA, as the table of parts calls it.
    place
        What the placer has to be told: device, package, speed.
    oscillator_mhz, clock_mhz
        The clock that there is, and the one that the chip runs at unless another is wished.
    button_low
        Whether the button that resets pulls its pin low.
    sites
        Where the top's ports go: a pin, or one for each bit.
    pulls
        Pull resistors, by port.
    high
        Pins that the top holds high, by a name for the port.
    load, port
        Commands that load the bitstream, and the serial port to be expected.
    source
        Where the sites are from.
    """

    name: str
    title: str
    part: str
    place: tuple[str, ...]
    oscillator_mhz: int
    clock_mhz: int
    button_low: bool
    sites: dict[str, Any]
    pulls: dict[str, str]
    high: dict[str, str]
    load: tuple[str, ...]
    port: str
    source: str

    @property
    def family(self) -> str:
        """The FPGA's family, as synthesis calls it."""
        return PARTS[self.part].synthesis

    @property
    def pins(self) -> dict[str, str]:
        """The pin of every port, or of every bit of it as ``led[0]``."""
        found: dict[str, str] = {}
        for port, site in {**self.sites, **self.high}.items():
            bits = {port: site} if isinstance(site, str) else {
                f"{port}[{n}]": each for n, each in enumerate(site)
            }  # fmt: skip
            found |= bits
        return found

    @property
    def bitstream(self) -> str:
        """The file that is loaded."""
        return {"ecp5": "top.bit", "ice40": "top.bin"}[self.family]


def _read() -> dict[str, Board]:
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["boards"]
    found = {}
    for name, row in rows.items():
        whole = {**rows.get(row.get("like"), {}), **row}
        whole.pop("like", None)
        lists = {key: tuple(whole[key]) for key in ("place", "load")}
        found[name] = Board(name=name, **{**whole, **lists})
    return found


BOARDS = _read()


def board_named(name: str, where: str = "--board") -> Board:
    """Return the board of that name; ``where`` opens the message of the error.

    Raises
    ------
    UserError
        When it is not in the table.
    """
    if name.lower() not in BOARDS:
        known = ", ".join(BOARDS)
        raise UserError(f"{where} {name}: unknown.{nearest(name, BOARDS)} Known: {known}.")
    return BOARDS[name.lower()]


class Pll(NamedTuple):
    """How a phase-locked loop divides: its input, its feedback and its output."""

    divide: int
    multiply: int
    output: int


def pll_of(board: Board, clock_mhz: int) -> Pll | None:
    """Return how a board's clock is made of its oscillator's; None where they are the same.

    The ranges are those of the parts' data sheets: ECP5 oscillates from 400 to 800 MHz and divides
    by what is wished (FPGA-DS-02012), iCE40 from 533 to 1066 MHz and divides by powers of two
    (FPGA-TN-02052).

    Raises
    ------
    UserError
        When it cannot be made, or is no multiple of the bits of the line.
    """
    if clock_mhz < 8 or clock_mhz * 1_000_000 % BAUD:
        raise UserError(f"clock: must be at least 8 whole MHz (got {clock_mhz}).")
    if clock_mhz == board.oscillator_mhz:
        return None
    ecp5 = board.family == "ecp5"
    low, high = (400, 800) if ecp5 else (533, 1066)
    found = []
    for output in range(1, 129) if ecp5 else (2, 4, 8, 16, 32, 64):
        # ECP5's feedback is taken behind the output's divider
        multiply, rest = divmod(clock_mhz * (1 if ecp5 else output), board.oscillator_mhz)
        if low <= clock_mhz * output <= high and not rest and multiply <= 128:
            found.append(Pll(1, multiply, output))
    if found:  # the one that oscillates farthest from both ends
        return min(found, key=lambda pll: abs(clock_mhz * pll.output - (low + high) / 2))
    raise UserError(
        f"{board.title}: cannot make {clock_mhz} MHz of {board.oscillator_mhz} MHz. Take a multiple"
        f" of the latter, such as {board.clock_mhz}."
    )
