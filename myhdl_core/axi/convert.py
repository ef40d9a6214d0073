"""Converts the blocks of AXI's side to Verilog.

Run as ``python -m myhdl_core.axi.convert FOLDER``, with JSON on standard input: the blocks by
their names, and for each the interface that it is made from, which is JSON too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from myhdl_core.axi.conductor import axi_conductor
from myhdl_core.axi.fields import read_wires, written_wires
from myhdl_core.axi.interface import BITS, Interface
from myhdl_core.axi.lite import axi_registers
from myhdl_core.axi.streams import axi_answers, axi_intake
from myhdl_core.axi.top import network_axi
from myhdl_core.conversion import converted_apart, write
from myhdl_core.hdl import bits, word

_MAKERS: dict[str, Callable[..., Any]] = {
    "network_axi": network_axi,
    "axi_registers": axi_registers,
    "axi_conductor": axi_conductor,
    "axi_intake": axi_intake,
    "axi_answers": axi_answers,
}


def wires_of(chip: Interface) -> dict[str, Any]:
    """Return a signal or a bundle for every name that a port of more than a bit has."""
    width = chip.word_bits
    return {
        "s_axis_tdata": bits(chip.beat_bits),
        "m_axis_tdata": bits(chip.beat_bits),
        "s_axil_awaddr": bits(chip.axil_bits),
        "s_axil_araddr": bits(chip.axil_bits),
        "s_axil_wdata": bits(BITS),
        "s_axil_wstrb": bits(BITS // 8),
        "s_axil_rdata": bits(BITS),
        "s_axil_bresp": bits(2),
        "s_axil_rresp": bits(2),
        "rate": bits(width),
        "rate_value": bits(width - 1),
        "steps": bits(BITS),
        "in_data": word(width),
        "out_data": word(width),
        "host_lane": bits(chip.lane_bits),
        "host_bank": bits(2),
        "host_address": bits(chip.address_bits),
        "host_data": bits(chip.weight_bits),
        "host_q": word(chip.weight_bits),
        "held": written_wires(chip),
        "seen": read_wires(chip),
    }


def convert(name: str, text: str, folder: Path) -> None:
    """Write the Verilog of a block to a folder; once in a process."""
    given = Interface(*json.loads(text))
    write(_MAKERS[name], name, wires_of(given), given, folder)


if __name__ == "__main__":
    converted_apart(convert)
