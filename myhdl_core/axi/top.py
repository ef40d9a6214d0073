"""The chip on AXI: the core, its registers, its two streams, and what lets steps begin."""

from __future__ import annotations

from myhdl_core.axi.fields import read_wires, written_wires
from myhdl_core.axi.interface import Interface
from myhdl_core.hdl import Instances, Wire, bit, bits, block, constant, module, named, ports, word

#: The ports of AXI4-Lite, without ``s_axil_``: those that come in, and those that go out.
_LITE_IN = "awaddr awvalid wdata wstrb wvalid bready araddr arvalid rready"
_LITE_OUT = "awready wready bresp bvalid arready rdata rresp rvalid"


@block
def network_axi(
    aclk: Wire,
    aresetn: Wire,
    s_axis_tdata: Wire,
    s_axis_tvalid: Wire,
    s_axis_tready: Wire,
    s_axis_tlast: Wire,
    m_axis_tdata: Wire,
    m_axis_tvalid: Wire,
    m_axis_tready: Wire,
    m_axis_tlast: Wire,
    s_axil_awaddr: Wire,
    s_axil_awvalid: Wire,
    s_axil_awready: Wire,
    s_axil_wdata: Wire,
    s_axil_wstrb: Wire,
    s_axil_wvalid: Wire,
    s_axil_wready: Wire,
    s_axil_bresp: Wire,
    s_axil_bvalid: Wire,
    s_axil_bready: Wire,
    s_axil_araddr: Wire,
    s_axil_arvalid: Wire,
    s_axil_arready: Wire,
    s_axil_rdata: Wire,
    s_axil_rresp: Wire,
    s_axil_rvalid: Wire,
    s_axil_rready: Wire,
    chip: Interface,
) -> Instances:
    """A network that learns, on AXI."""
    held, seen = written_wires(chip), read_wires(chip)
    in_valid = constant(1, 1)  # a step begins when its whole sample is there
    reset, hold, room, rewind, fill, used = (bit() for _ in range(6))
    start, learn, clear, in_ready, out_valid, done = (bit() for _ in range(6))
    rate, in_data, out_data = bits(chip.word_bits), word(chip.word_bits), word(chip.word_bits)
    host_lane, host_bank, host_address = bits(chip.lane_bits), bits(2), bits(chip.address_bits)
    host_write, host_read, host_ready, host_valid = (bit() for _ in range(4))
    host_data, host_q = bits(chip.weight_bits), word(chip.weight_bits)
    unused_busy = bit()
    wires = dict(locals())
    clocked = {"clk": aclk, "aresetn": aresetn, "reset": reset}

    def pick(names: str, prefix: str = "") -> dict[str, Wire]:
        return {prefix + name: wires[prefix + name] for name in names.split()}

    shown = {name.removeprefix("status_"): wire for name, wire in vars(seen).items()}
    hosts = pick("lane bank address write data read", "host_")

    into = {**clocked, **pick(_LITE_IN, "s_axil_"), **pick("host_ready host_valid host_q")}
    out = {**pick(_LITE_OUT, "s_axil_"), "hold": hold, **hosts, **ports("held", held)}
    parts = [module("axi_registers", "u_registers", {**into, **ports("seen", seen)}, out)]
    into = {**clocked, **{n: w for n, w in vars(held).items() if n != "forget"}}
    into |= {**pick("hold room done"), "sample": shown["sample"]}
    out = {**pick("reset rewind fill used start learn clear rate"), **_of(shown, "busy waiting")}
    out |= {"steps": shown["steps_value"]}
    del into["reset"]
    parts.append(module("axi_conductor", "u_conductor", into, out))
    into = {"clk": aclk, "reset": reset, **pick("tdata tvalid tlast", "s_axis_")}
    into |= pick("rewind fill in_ready used")
    out = {**pick("s_axis_tready in_data"), "sample": shown["sample"]}
    out |= {"short": shown["events_short"], "long": shown["events_long"]}
    parts.append(module("axi_intake", "u_intake", into, out))
    into = {**clocked, **pick("out_valid out_data m_axis_tready")}
    out = {**pick("tdata tvalid tlast", "m_axis_"), "answer": shown["answer"], "room": room}
    parts.append(module("axi_answers", "u_answers", into, out))
    into = {"clk": aclk, **pick("reset start learn clear rate in_valid in_data"), **hosts}
    out = {**pick("in_ready out_valid out_data done unused_busy host_ready host_valid host_q")}
    out |= {"cycles": shown["cycles_value"], "phase": shown["phase"]}
    out |= {"saturated": shown["events_saturated"]}
    out["busy"] = out.pop("unused_busy")
    into |= {"forget": vars(held)["forget"]}
    parts.append(module("network", "u_network", into, out))
    return named(parts[0], **ports("held", held), **ports("seen", seen)), parts[1:]


def _of(wires: dict[str, Wire], names: str) -> dict[str, Wire]:
    return {name: wires[name] for name in names.split()}
