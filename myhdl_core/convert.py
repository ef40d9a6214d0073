"""Converts the blocks of a chip to Verilog.

Run as ``python -m myhdl_core.convert FOLDER``, with JSON on standard input: the blocks by their
names, and for each its circuit, which is JSON too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from myhdl_core.activation import activation
from myhdl_core.bus import bus, word_wires
from myhdl_core.circuit import CONTROL, Circuit, width_of
from myhdl_core.control import control, manner_wires
from myhdl_core.conversion import converted_apart, write
from myhdl_core.emit import BLOCKS
from myhdl_core.hdl import Bundle, bit, bits, word
from myhdl_core.host import host, host_wires, post_wires
from myhdl_core.lane import lane, lane_control, lane_mask, lane_ring
from myhdl_core.microcode import Shape
from myhdl_core.network import network, turn_wires
from myhdl_core.rotator import rotator
from myhdl_core.sequencer import pace_wires, sequencer, take_wires

_MAKERS: dict[str, Callable[..., Any]] = dict(
    zip(BLOCKS, (network, sequencer, control, host, lane, bus, activation, rotator), strict=True)
)


def wires_of(circuit: Circuit) -> dict[str, Any]:
    """Return a signal or a bundle for every name that a port of a block has."""
    shape = circuit.shape
    lanes, width, full = shape.lanes, shape.word_bits, shape.weight_bits
    wires: dict[str, Any] = {
        "rate": bits(width),
        "in_data": word(width),
        "out_data": word(width),
        "cycles": bits(32),
        "phase": bits(circuit.bits("phase")),
        "host_lane": bits(width_of(lanes)),
        "host_bank": bits(2),
        "host_address": bits(circuit.target_bits),
        "host_data": bits(full),
        "host_q": word(full),
        "instruction": bits(circuit.span(CONTROL)),
        "table_address": bits(circuit.row_bits),
        "entry": bits(shape.entry_bits),
        "up": bits(circuit.up_bits),
        "ups": bits(lanes * circuit.up_bits),
        "words3": bits(lanes * width),
        "words5": bits(lanes * width),
    }
    wires |= {"control": lane_control(circuit), "take": take_wires(circuit)}
    wires |= {"mask": lane_mask(circuit), "ring": lane_ring(circuit)}
    wires |= {"host": host_wires(circuit), "post": post_wires(circuit), "turn": turn_wires(circuit)}
    wires |= {"pace": pace_wires(circuit), "manner": manner_wires(circuit)}
    wires |= {"reading1": bits(lanes), "writing7": bits(lanes), "data7": bits(full)}
    return wires | {name: word_wires(circuit) for name in ("heard", "active", "down")}


def circuit_from(text: str) -> Circuit:
    """Return the circuit that ``json.dumps(circuit)`` wrote as a list."""
    values = json.loads(text)
    circuit = Circuit(*values)
    layout = tuple((name, low, width) for name, low, width in circuit.layout)
    shape = Shape(*circuit.shape)
    names = ("lefts", "rights", "aparts", "pluses", "loads", "factors", "entries")
    lists: dict[str, Any] = {name: tuple(getattr(circuit, name)) for name in names}
    swaps = tuple((left, right) for left, right in circuit.swaps)
    return circuit._replace(shape=shape, layout=layout, swaps=swaps, **lists)


def convert(name: str, text: str, folder: Path) -> None:
    """Write the Verilog of a block to a folder; once in a process."""
    circuit = circuit_from(text)
    wires = wires_of(circuit)
    if name == "lane":  # which has its own bit of what is told lane by lane
        wires["mask"] = Bundle(**{name: bit() for name in vars(wires["mask"])})
    write(_MAKERS[name], name, wires, circuit, folder)


if __name__ == "__main__":
    converted_apart(convert)
