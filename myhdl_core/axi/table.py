"""The registers as a table for people: ``registers.md``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from myhdl_core.axi.interface import BITS, Interface
from myhdl_core.axi.registers import Access, Field, Register, registers

_ABOUT = """\
# Registers of `network_axi`

AXI4-Lite, 32 bits; offsets count bytes. `SLVERR` answers an address that is none of these or no
multiple of four, a write to a register that is not written, and a write whose `wstrb` is not
`1111`; nothing is written then. Access: `ro` is read, `rw` read and written, `w1` does something
where a one is written and reads as zero, `w1c` stays one until a one is written.
"""
_WINDOW = """\
## The window

From {base:#x} on, every word of every memory, while `status.busy` is low; `SLVERR` while it is
high, and where a bank has no such word. The byte address of a word is

    {base:#x} + ((((lane << 2 | bank) << {address_bits}) + address) << {word_shift})

with the banks 0 weights, 1 x, 2 y and 3 units, and lanes from 0 to {last_lane}; `map.csv` says
which word is what. What is written to the units goes to all lanes.
{wide}

| bank | words a lane | bits | of them behind the point |
|---|---|---|---|
{banks}"""
_NARROW = "A word that is read is sign-extended; of what is written the low bits are taken."
_WIDE = """\
A word takes two places, the low half at the lower address. It is sign-extended when it is read;
what is written goes to the memory when the upper half is written, so write that one last."""
_STREAMS = """
## The streams

A sample is {inputs} and {targets} in the order of the network, one a beat, in the low
{word_bits} bits of `s_axis_tdata`, with `s_axis_tlast` on the last; targets come with learning off
too. A step begins when a whole sample is there, the answer to it has room, and `control.enable` or
`command.start` lets it. Where `tlast` comes too early, the sample is dropped and `events.short`
set; where it is missing, the sample and everything up to the next `tlast` is dropped and
`events.long` set.

The answer is {outputs}, sign-extended to {beat_bits} bits, with `m_axis_tlast` on the last. It
comes when it is complete. Two samples and two answers can wait; then `s_axis_tready` goes low, or
no step begins.

`command.reset` does what `aresetn` does, but a whole answer still goes out; words in memories stay
in both cases, and what a step was about to do is lost.
"""


def table(chip: Interface) -> str:
    """Return what ``registers.md`` holds."""
    rows = [row for r in registers(chip) for row in _rows(r)]
    heading = ("offset", "register", "bits", "field", "access", "reset", "meaning")
    lines = rows_of(heading, rows)
    return f"{_ABOUT}\n{lines}\n{_window(chip)}{_streams(chip)}"


def _rows(register: Register) -> Iterable[Sequence[str]]:
    yield f"`{register.offset:#04x}`", f"`{register.name}`", "", "", "", "", register.meaning
    for f in register.fields:
        only = register.constant and f.bits == BITS
        name, meaning = ("", "") if only else (f"`{f.name}`", f.meaning)
        yield "", "", _bits(f), name, _access(f), _reset(f), meaning


def _bits(field: Field) -> str:
    top = field.low + field.bits - 1
    return f"{top}:{field.low}" if field.bits > 1 else str(field.low)


def _access(field: Field) -> str:
    return "ro" if field.access is Access.CONSTANT else field.access.value


def _reset(field: Field) -> str:
    if field.access not in (Access.CONSTANT, Access.WRITE):
        return "0"
    return str(field.value) if field.value < 1 << 24 else f"{field.value:#x}"


def _window(chip: Interface) -> str:
    word = chip.word_bits, chip.fraction_bits
    weight = chip.weight_bits, chip.weight_fraction_bits
    names = ("0 weights", "1 x", "2 y", "3 units")
    banks = "".join(
        f"| {name} | {depth} | {bits} | {fraction} |\n"
        for name, depth, (bits, fraction) in zip(
            names, chip.depths, (weight, word, word, word), strict=True
        )
    )
    return _WINDOW.format(
        base=1 << chip.base_bits,
        address_bits=chip.address_bits,
        word_shift=chip.word_shift,
        last_lane=chip.lanes - 1,
        wide=_WIDE if chip.wide else _NARROW,
        banks=banks,
    )


def _streams(chip: Interface) -> str:
    return _STREAMS.format(
        inputs=_counted(chip.inputs, "input"),
        targets=_counted(chip.outputs, "target"),
        outputs=_counted(chip.outputs, "output"),
        word_bits=chip.word_bits,
        beat_bits=chip.beat_bits,
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def rows_of(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
