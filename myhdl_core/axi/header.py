"""The registers for programs in C: ``network.h``, C99 without anything to link."""

from __future__ import annotations

from collections.abc import Iterator

from myhdl_core.axi.interface import Interface
from myhdl_core.axi.registers import Access, Register, registers

_PREFIX = "NETWORK"
_HEADER = """\
/* Registers, sizes and addresses of `network_axi`; registers.md explains them. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdint.h>

/* Byte offsets, and for each field its mask in the register and its lowest bit. */
{registers}
/* What the constants hold. */
{values}
/* The window into the memories. */
{window}
/* Byte offset of a word of a memory; of a wide word, of its low half. */
static inline uint32_t network_word(uint32_t lane, uint32_t bank, uint32_t address)
{{
    return NETWORK_WINDOW_BASE
        + ((((lane << 2) | bank) << NETWORK_ADDRESS_BITS) + address) * NETWORK_WORD_BYTES;
}}

#endif
"""


def header(chip: Interface) -> str:
    """Return what ``network.h`` holds; no name of a node is in it."""
    listed = registers(chip)
    window = {
        "WINDOW_BASE": f"{1 << chip.base_bits:#x}u",
        "ADDRESS_BITS": str(chip.address_bits),
        "WORD_BYTES": f"{1 << chip.word_shift}u",
        "BEAT_BYTES": f"{chip.beat_bits // 8}u",
        "BANK_WEIGHTS": "0u",
        "BANK_X": "1u",
        "BANK_Y": "2u",
        "BANK_UNITS": "3u",
    }
    return _HEADER.format(
        registers=_defines(pair for r in listed for pair in _places(r)),
        values=_defines(pair for r in listed if r.constant for pair in _constants(r)),
        window=_defines(iter(window.items())),
    )


def _places(register: Register) -> Iterator[tuple[str, str]]:
    name = register.name.upper()
    yield name, f"{register.offset:#04x}u"
    for field in register.fields:
        if field.bits < 32:
            yield f"{name}_{field.name.upper()}_MASK", f"{field.mask:#x}u"
            yield f"{name}_{field.name.upper()}_SHIFT", str(field.low)


def _constants(register: Register) -> Iterator[tuple[str, str]]:
    for field in register.fields:
        if field.access is Access.CONSTANT:
            own = "" if field.bits == 32 else f"_{field.name.upper()}"
            yield f"{register.name.upper()}{own}_VALUE", f"{field.value:#x}u"


def _defines(pairs: Iterator[tuple[str, str]]) -> str:
    return "".join(f"#define {_PREFIX}_{name} {value}\n" for name, value in pairs)
