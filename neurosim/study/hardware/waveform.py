"""The first step of a chip's recorded waveform: what its ports showed in each cycle.

``waveform.vcd`` is Value Change Dump (IEEE 1364, clause 18) as Verilator writes it: definitions,
then times and changes. A signal's value in a cycle is the one that the rising edge at its end sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TextIO

from neurosim.errors import UserError
from neurosim.study import checks

PORTS = (
    "clk", "start", "busy", "done", "in_valid", "in_ready", "in_data", "out_valid", "out_data",
    "phase", "cycles",
)  # fmt: skip
# What lane 0 hears on the bus: scope below the core, and names of "there is a word", and the word.
BUS = ("u_lane_0.u_units", "write", "data")
MOST_CYCLES = 100_000  # in which a step has to end
AFTER = 2  # cycles that are shown after the end


class Excerpt(NamedTuple):
    """What the chip's ports showed from the start of a step to its end.

    Attributes
    ----------
    first
        Number of the first cycle; that in which the chip begins to be busy is number 0.
    signals
        For each port, and for ``bus`` and ``bus_write`` where they are recorded, a value a cycle:
        raw bits without sign, or None where they are not known.
    """

    first: int
    signals: Mapping[str, tuple[int | None, ...]]

    @property
    def cycles(self) -> int:
        """How many cycles it shows."""
        return len(self.signals["clk"])


def first_step(path: Path) -> Excerpt | None:
    """Return the first step in a waveform; None where there is no such file.

    Raises
    ------
    UserError
        When it is no waveform of a chip, or no step in it ends.
    """
    if not checks.is_file(path):
        return None
    try:
        with path.open(encoding="utf-8") as file:
            codes = _codes(file)
            rows = list(_step(_edges(file, codes), path))
    except (ValueError, IndexError, KeyError):
        raise UserError(f"{path}: is no waveform that neurosim recorded. {AGAIN}") from None
    except OSError as error:
        raise checks.unreadable(path, error) from None
    begin = next((n for n, row in enumerate(rows) if row["busy"]), 0)
    return Excerpt(-begin, {name: tuple(row[name] for row in rows) for name in rows[0]})


AGAIN = "Record it again with `neurosim hardware NAME --waveforms`."


def _codes(file: TextIO) -> dict[str, str]:
    """Return the code under which the changes of each port stand, reading the definitions."""
    scopes: list[str] = []
    found: dict[str, dict[str, str]] = {}
    for line in file:
        words = line.split()
        if words[:1] == ["$scope"]:
            scopes.append(words[2])
        elif words[:1] == ["$upscope"]:
            scopes.pop()
        elif words[:1] == ["$var"]:
            found.setdefault(".".join(scopes), {})[words[4]] = words[3]
        elif words[:1] == ["$enddefinitions"]:
            break
    # the ports of the core stand in the scope that encloses it too, where it is the top
    core = [scope for scope, names in found.items() if names.keys() >= set(PORTS)][-1]
    inside, write, word = BUS
    bus = found.get(f"{core}.{inside}", {})
    codes = {name: found[core][name] for name in PORTS}
    return codes | (
        {"bus_write": bus[write], "bus": bus[word]} if {write, word} <= set(bus) else {}
    )


def _edges(file: TextIO, codes: Mapping[str, str]) -> Iterator[dict[str, int | None]]:
    """Yield what the signals show just before each rising edge of the clock."""
    values: dict[str, int | None] = dict.fromkeys(codes.values())
    before = dict(values)
    clock = codes["clk"]
    for line in file:
        if line[0] in "01xzXZ":
            code, bits = line[1:].strip(), line[0]
        elif line[0] in "bB":
            bits, code = line[1:].split()
        elif line[0] == "#":
            if values[clock] == 1 and before[clock] == 0:
                yield {name: before[code] for name, code in codes.items()}
            before = dict(values)
            continue
        else:
            continue
        if code in values:
            values[code] = int(bits, 2) if set(bits) <= {"0", "1"} else None


def _step(rows: Iterator[dict[str, int | None]], path: Path) -> Iterator[dict[str, int | None]]:
    """Yield the rows from the first start to a little after the end of that step."""
    started, left = False, AFTER
    for n, row in enumerate(rows):
        if n > MOST_CYCLES:
            break
        started = started or row["start"] == 1
        if started:
            yield row
            left -= left < AFTER or row["done"] == 1
        if not left:
            return
    raise UserError(f"{path}: no step in it ends. {AGAIN}")
