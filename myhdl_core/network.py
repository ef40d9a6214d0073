"""The top module: lanes and their tables, the sequencer, the bus and what hangs on it.

It holds no logic but the bit that remembers a saturated result; `ports` are those of the chip.
"""

from __future__ import annotations

from typing import Any

from myhdl_core.bus import word_wires
from myhdl_core.circuit import CONTROL, Circuit
from myhdl_core.control import manner_wires
from myhdl_core.hdl import (
    Bundle,
    Instances,
    Wire,
    always,
    always_comb,
    bit,
    bits,
    block,
    module,
    named,
    optional,
    ports,
)
from myhdl_core.host import host_wires, post_wires
from myhdl_core.lane import lane_control, lane_mask
from myhdl_core.sequencer import pace_wires, take_wires


def turn_wires(circuit: Circuit) -> Bundle:
    """Return what tells the rotator how far to turn; nothing where it never does."""
    return Bundle(by=bits(circuit.turn_bits)) if circuit.last_turn else Bundle()


@block
def network(
    clk: Wire,
    reset: Wire,
    start: Wire,
    learn: Wire,
    clear: Wire,
    forget: Wire,
    rate: Wire,
    in_valid: Wire,
    in_ready: Wire,
    in_data: Wire,
    out_valid: Wire,
    out_data: Wire,
    busy: Wire,
    done: Wire,
    cycles: Wire,
    phase: Wire,
    saturated: Wire,
    host_lane: Wire,
    host_bank: Wire,
    host_address: Wire,
    host_write: Wire,
    host_data: Wire,
    host_read: Wire,
    host_ready: Wire,
    host_valid: Wire,
    host_q: Wire,
    circuit: Any,
) -> Instances:
    """A network that learns."""
    shape = circuit.shape
    lanes, width, entry_bits = shape.lanes, shape.word_bits, shape.entry_bits
    told, take, turns = lane_control(circuit), take_wires(circuit), turn_wires(circuit)
    mask, manner = lane_mask(circuit), manner_wires(circuit)
    pace, hosts, post = pace_wires(circuit), host_wires(circuit), post_wires(circuit)
    reading1, writing7, data7 = bits(lanes), bits(lanes), bits(shape.weight_bits)
    heard, active, down = word_wires(circuit), word_wires(circuit), word_wires(circuit)
    table_address, entries = bits(circuit.row_bits), bits(lanes * entry_bits)
    operands, ridden = bits(lanes * width), bits(lanes * width)
    ups, clipped = bits(lanes * circuit.up_bits), bits(lanes)
    idle, parity, clearing = bit(), bit(), bit()
    down_word, say = down.word, optional(told, "say")
    store_x, store_y, store_w = told.store_x, told.store_y, told.store_w
    instruction = bits(circuit.span(CONTROL))

    @always(clk.posedge)
    def remember() -> None:
        if reset or clearing:
            saturated.next = False
        elif clipped != 0 and (store_x or store_y or store_w or say):
            saturated.next = True
        elif forget:
            saturated.next = False

    @always_comb
    def show() -> None:
        out_data.next = down_word

    bundles = {
        "control": told,
        "mask": mask,
        "take": take,
        "host": hosts,
        "post": post,
        "turn": turns,
        "pace": pace,
        "manner": manner,
    }
    bundles |= {"heard": heard, "active": active, "down": down}
    for name, bundle in bundles.items():
        named(remember, **ports(name, bundle))
    wires = dict(locals())

    def pick(names: str) -> dict[str, Wire]:
        return {name: wires[name] for name in names.split()}

    def tied(name: str) -> dict[str, Wire]:
        return ports(name, bundles[name])

    into = pick("clk reset start learn clearing in_valid")
    out = pick("in_ready idle busy done cycles phase parity instruction table_address")
    parts = [module("sequencer", "u_sequencer", into, {**out, **tied("take"), **tied("pace")})]
    into = pick("clk reset idle clear host_lane host_bank host_address")
    into |= pick("host_write host_read host_data")
    out = {**pick("clearing host_ready reading1 writing7 data7"), **tied("host"), **tied("post")}
    parts.append(module("host", "u_host", into, out))
    into = {**pick("clk instruction parity rate"), **tied("host"), **tied("pace")}
    out = {**tied("control"), **tied("mask"), **tied("turn"), **tied("manner")}
    parts.append(module("control", "u_control", into, out))
    into = {**pick("clk reset ups in_data"), **tied("take"), **tied("post"), **tied("active")}
    into |= tied("manner")
    out = {**pick("out_valid host_valid host_q"), **tied("heard"), **tied("down")}
    parts.append(module("bus", "u_bus", into, out))
    into = {**pick("clk reset parity"), **tied("heard")}
    parts.append(module("activation", "u_activation", into, tied("active")))
    if "ride" in vars(told):
        into = {"clk": clk, "words3": operands, **tied("turn")}
        parts.append(module("rotator", "u_rotator", into, {"words5": ridden}))
    for p in range(lanes):
        entry = (entries, p * entry_bits, entry_bits)
        into = {"clk": clk, "address": table_address}
        parts.append(module(f"table_{p}", f"u_table_{p}", into, {"q": entry}))
        into = {**pick("clk reset"), "entry": entry, "host_data": data7}
        into |= {"reading": (reading1, p, 1), "writing": (writing7, p, 1)}
        into |= {f"mask_{name}": (wire, p, 1) for name, wire in vars(mask).items()}
        out = {"clipped": (clipped, p, 1)}
        if "ride" in vars(told):
            into |= {"ring_ridden": (ridden, p * width, width)}
            out |= {"ring_operand": (operands, p * width, width)}
        out |= {"up": (ups, p * circuit.up_bits, circuit.up_bits)}
        parts.append(
            module("lane", f"u_lane_{p}", {**into, **tied("control"), **tied("down")}, out)
        )
    return remember, show, parts
