"""The registers and the window into the memories, on AXI4-Lite.

One access at a time: look where it goes, act, answer. An address and its data are taken together,
in the cycle that acts, so that data is not kept. A word of a memory is read through the host
port, for which the request waits; after a write it is read too, and when it comes the write has
been done.
"""

from __future__ import annotations

from myhdl import ConcatSignal, concat

from myhdl_core.axi.fields import (
    NUMBER_BITS,
    both,
    constant_values,
    constants,
    fields_of,
    is_number,
)
from myhdl_core.axi.interface import BITS, REGISTER_BITS, Interface
from myhdl_core.axi.registers import LIVE, Access, registers
from myhdl_core.axi.window import from_host, in_memory, to_host, to_host_wide
from myhdl_core.hdl import (
    Bundle,
    Instances,
    Wire,
    always,
    always_comb,
    bit,
    bits,
    block,
    constant,
    field,
    gated,
    named,
    ports,
)


@block
def axi_registers(
    clk: Wire,
    aresetn: Wire,
    reset: Wire,
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
    hold: Wire,
    host_lane: Wire,
    host_bank: Wire,
    host_address: Wire,
    host_write: Wire,
    host_data: Wire,
    host_read: Wire,
    host_ready: Wire,
    host_valid: Wire,
    host_q: Wire,
    held: Bundle,
    seen: Bundle,
    chip: Interface,
) -> Instances:
    """The slave of AXI4-Lite."""
    listed = registers(chip)
    address, low, base = bits(chip.axil_bits), chip.word_shift, chip.base_bits
    number, live = field(address, 2, NUMBER_BITS), field(address, 2 + NUMBER_BITS, 1)
    above, window = field(address, REGISTER_BITS, base - REGISTER_BITS + 1), field(address, base, 1)
    upper, lowest = field(address, 2, 1) if chip.wide else constant(0, 1), field(address, 0, 2)
    lane_low = low + chip.address_bits + 2
    lane, bank = field(address, lane_low, chip.lane_bits), field(address, lane_low - 2, 2)
    place = field(address, low, chip.address_bits)
    writing, look, judge, act, good, waiting = (bit() for _ in range(6))
    free, writes, constant_found, present, odd, found = (bit() for _ in range(6))
    constants_meant, live_read, live_written = (bit() for _ in range(3))
    doing, opening, opens, finish, error = (bit() for _ in range(5))
    fixed, mixed, shown = bits(BITS), bits(BITS), bits(BITS)
    busy = seen.status_busy
    COUNT = sum(r.constant for r in listed)

    @always_comb
    def choose() -> None:
        free.next = not (look or judge or act or waiting or s_axil_bvalid or s_axil_rvalid or reset)
        writes.next = s_axil_awvalid and s_axil_wvalid and not (s_axil_arvalid and writing)
        hold.next = look or judge or act or waiting

    @always(clk.posedge)
    def take() -> None:
        if free:
            writing.next = writes
            address.next = s_axil_araddr
            if writes:
                address.next = s_axil_awaddr

    @always(clk.posedge)
    def go_on() -> None:
        look.next = free and (writes or s_axil_arvalid) and aresetn
        judge.next = look and aresetn
        act.next = judge and aresetn
        s_axil_awready.next = judge and writing and aresetn
        s_axil_wready.next = judge and writing and aresetn
        s_axil_arready.next = judge and not writing and aresetn

    @always_comb
    def locate() -> None:
        constants_meant.next = above == 0 and not live and not writing
        live_read.next = above == 0 and live and not writing
        live_written.next = above == 0 and live

    @always(clk.posedge)
    def weigh() -> None:
        constant_found.next = constants_meant and number < COUNT
        odd.next = lowest != 0 or (writing and s_axil_wstrb != 15)
        good.next = not odd and found
        if window:
            good.next = not odd and present and not busy

    @always_comb
    def permit() -> None:
        doing.next = act and good and writing
        opening.next = act and good and window
        error.next = not good

    @always_comb
    def end() -> None:
        finish.next = (act and not opens) or (waiting and host_valid)
        host_write.next = opens and writing
        host_lane.next = lane
        host_bank.next = bank
        host_address.next = place

    @always(clk.posedge)
    def wait_for() -> None:
        host_read.next = (opens or (host_read and not host_ready)) and aresetn
        waiting.next = (opens or (waiting and not host_valid)) and aresetn

    @always(clk.posedge)
    def answer() -> None:
        if not aresetn:
            s_axil_bvalid.next = False
            s_axil_rvalid.next = False
        elif finish:
            s_axil_bvalid.next = writing
            s_axil_rvalid.next = not writing
        else:
            s_axil_bvalid.next = s_axil_bvalid and not s_axil_bready
            s_axil_rvalid.next = s_axil_rvalid and not s_axil_rready
        if act:
            s_axil_bresp.next = concat(error, False)
            s_axil_rresp.next = concat(error, False)
            s_axil_rdata.next = mixed
        elif waiting:
            s_axil_rdata.next = shown

    words: list[tuple[Wire, Wire]] = [(constant_found, fixed)]
    meant, written = [constant_found], {}
    made: list[Instances] = [constants(number, fixed, constant_values(listed))]
    for register in listed:
        if register.constant:
            continue
        selected = bit()
        region = live_written if register.written else live_read
        made.append(is_number(clk, number, region, (register.offset - LIVE) // 4, selected))
        meant.append(selected)
        if register.written:
            written[register.name] = bit()
            made.append(both(doing, selected, written[register.name]))
        holds, write = bits(BITS), written.get(register.name)
        made.append(fields_of(clk, reset, register, write, s_axil_wdata, held, seen, holds))
        if any(f.access is not Access.PULSE for f in register.fields):
            words.append((selected, holds))
    flags, sources = zip(*words, strict=True)
    made.append(gated(flags, sources, mixed))
    all_meant = ConcatSignal(*meant)

    @always_comb
    def find() -> None:
        found.next = all_meant != 0

    named(choose, **ports("held", held), **ports("seen", seen))
    made.append(in_memory(clk, address, present, chip))
    made.append(from_host(host_q, upper, shown, chip))
    wide = clk, s_axil_wdata, opening, writing, upper, opens, host_data, chip
    made.append(
        to_host_wide(*wide) if chip.wide else to_host(s_axil_wdata, opening, opens, host_data, chip)
    )
    return choose, take, go_on, locate, weigh, permit, end, wait_for, answer, find, made
