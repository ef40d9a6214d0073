"""A bridge between a serial line and the AXI ports of `network_axi`: four modules and their wires.

docs/boards.md describes what goes over the line.
"""

from __future__ import annotations

from typing import Any

from myhdl_core.boards.line import Line
from myhdl_core.hdl import Instances, Wire, always_comb, bit, bits, block, constant, module, named


def wires_of(line: Line) -> dict[str, Wire]:
    """Return a signal for every port of the modules that is wider than one bit."""
    word = 8 * line.word_bytes
    wide = {"octet": 8, "data": 8, "kind": 3, "arguments": line.argument_bits, "position": 8}
    wide |= {"stream_tdata": word, "out_tdata": word, "rdata": 32, "rresp": 2, "bresp": 2}
    address = 8 * line.address_bytes
    wide |= {"awaddr": address, "araddr": address, "wdata": 32, "wstrb": 4}
    return {name: bits(width) for name, width in wide.items()}


@block
def uart_bridge(
    clk: Wire,
    reset: Wire,
    rxd: Wire,
    txd: Wire,
    awaddr: Wire,
    awvalid: Wire,
    awready: Wire,
    wdata: Wire,
    wstrb: Wire,
    wvalid: Wire,
    wready: Wire,
    bresp: Wire,
    bvalid: Wire,
    bready: Wire,
    araddr: Wire,
    arvalid: Wire,
    arready: Wire,
    rdata: Wire,
    rresp: Wire,
    rvalid: Wire,
    rready: Wire,
    stream_tdata: Wire,
    stream_tvalid: Wire,
    stream_tready: Wire,
    stream_tlast: Wire,
    out_tdata: Wire,
    out_tvalid: Wire,
    out_tready: Wire,
    out_tlast: Wire,
    line: Any,
) -> Instances:
    """The bridge."""
    inner = wires_of(line)
    octet, data, kind, position = (inner[name] for name in ("octet", "data", "kind", "position"))
    arguments, strobe = inner["arguments"], constant(15, 4)
    got, frozen, ask, send, ready = (bit() for _ in range(5))
    width = len(arguments)
    first = width - len(awaddr)
    address, value = arguments(width, first), arguments(first, first - 32)

    @always_comb
    def connect() -> None:
        awaddr.next = address
        araddr.next = address
        wdata.next = value
        wstrb.next = strobe

    named(connect, arguments=arguments)
    wires = dict(locals())

    def pick(names: str) -> dict[str, Wire]:
        return {name: wires[name] for name in names.split()}

    into = pick("clk reset rxd")
    parts = [module("uart_receiver", "u_receiver", into, pick("got octet"))]
    into = pick("clk reset got octet frozen stream_tready")
    out = pick("ask kind arguments position stream_tdata stream_tvalid stream_tlast")
    parts.append(module("uart_requests", "u_requests", into, out))
    into = pick("clk reset got ask kind position ready awready wready bresp bvalid")
    into |= pick("arready rdata rresp rvalid out_tdata out_tvalid out_tlast")
    out = pick("frozen send data awvalid wvalid bready arvalid rready out_tready")
    parts.append(module("uart_answers", "u_answers", into, out))
    into = pick("clk reset send data")
    parts.append(module("uart_sender", "u_sender", into, pick("ready txd")))
    return connect, parts
