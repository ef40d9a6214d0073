"""What a board adds to the chip: its top module, its clock and its constraints, as text."""

from __future__ import annotations

from myhdl_core.boards.board import Board, Pll, pll_of
from myhdl_core.boards.line import Line

TOP = """\
// The chip on a board: {title}. Pins stand in the constraints, the line's protocol in
// docs/boards.md. The clock is {clock} MHz, a bit on the line takes {divider} cycles.
module top (
    input wire clk_in,
    input wire button,
    input wire rxd,
    output wire txd,
{high_ports}    output wire [3:0] led
);

wire clk, locked;
wire awvalid, awready, wvalid, wready, bvalid, bready, arvalid, arready, rvalid, rready;
wire [{address_top}:0] awaddr, araddr;
{unused}wire [31:0] wdata, rdata;
wire [3:0] wstrb;
wire [1:0] bresp, rresp;
wire [{word_top}:0] in_tdata, out_tdata;
wire in_tvalid, in_tready, in_tlast, out_tvalid, out_tready, out_tlast;

// Out of reset some cycles after the clock is steady and while the button is not pressed.
reg [3:0] awake;
reg aresetn;
initial begin
    awake = 4'd0;
    aresetn = 1'b0;
end
always @(posedge clk) begin
    awake <= {{awake[2:0], locked & {released}}};
    aresetn <= awake[3] & awake[2];
end

// Lights: the clock runs, the host speaks, a sample waits for the chip, an answer for the host.
reg [24:0] beat;
initial beat = 25'd0;
always @(posedge clk)
    beat <= beat + 25'd1;
assign led = {{out_tvalid, in_tvalid, ~rxd, beat[24]}};
{high_values}
board_clock u_clock (
    .clk_in(clk_in),
    .clk(clk),
    .locked(locked)
);

uart_bridge u_bridge (
    .clk(clk),
    .reset(!aresetn),
    .rxd(rxd),
    .txd(txd),
{bridge_lite}
    .stream_tdata(in_tdata),
    .stream_tvalid(in_tvalid),
    .stream_tready(in_tready),
    .stream_tlast(in_tlast),
    .out_tdata(out_tdata),
    .out_tvalid(out_tvalid),
    .out_tready(out_tready),
    .out_tlast(out_tlast)
);

network_axi u_chip (
    .aclk(clk),
    .aresetn(aresetn),
{chip_lite}
    .s_axis_tdata(in_tdata),
    .s_axis_tvalid(in_tvalid),
    .s_axis_tready(in_tready),
    .s_axis_tlast(in_tlast),
    .m_axis_tdata(out_tdata),
    .m_axis_tvalid(out_tvalid),
    .m_axis_tready(out_tready),
    .m_axis_tlast(out_tlast)
);

endmodule
"""
LITE = (
    "awaddr", "awvalid", "awready", "wdata", "wstrb", "wvalid", "wready", "bresp", "bvalid",
    "bready", "araddr", "arvalid", "arready", "rdata", "rresp", "rvalid", "rready",
)  # fmt: skip

CLOCK = """\
// The clock: {about}.
module board_clock (
    input wire clk_in,
    output wire clk,
    output wire locked
);

{body}
endmodule
"""
DIRECT = """\
assign clk = clk_in;
assign locked = 1'b1;
"""
ECP5 = """\
(* FREQUENCY_PIN_CLKI = "{oscillator}", FREQUENCY_PIN_CLKOP = "{clock}",
   ICP_CURRENT = "12", LPF_RESISTOR = "8" *)
EHXPLLL #(
    .CLKI_DIV({pll.divide}),
    .CLKFB_DIV({pll.multiply}),
    .CLKOP_DIV({pll.output}),
    .CLKOP_CPHASE({phase}),
    .CLKOP_ENABLE("ENABLED"),
    .FEEDBK_PATH("CLKOP")
) u_pll (
    .CLKI(clk_in),
    .CLKFB(clk),
    .CLKOP(clk),
    .LOCK(locked),
    .RST(1'b0),
    .STDBY(1'b0),
    .PHASESEL0(1'b0),
    .PHASESEL1(1'b0),
    .PHASEDIR(1'b0),
    .PHASESTEP(1'b0),
    .PHASELOADREG(1'b0),
    .PLLWAKESYNC(1'b0),
    .ENCLKOP(1'b0)
);
"""
ICE40 = """\
SB_PLL40_PAD #(
    .FEEDBACK_PATH("SIMPLE"),
    .DIVR(4'd{divr}),
    .DIVF(7'd{divf}),
    .DIVQ(3'd{divq}),
    .FILTER_RANGE(3'd{filter})
) u_pll (
    .PACKAGEPIN(clk_in),
    .PLLOUTGLOBAL(clk),
    .LOCK(locked),
    .RESETB(1'b1),
    .BYPASS(1'b0)
);
"""


def top(board: Board, clock_mhz: int, line: Line, address_bits: int) -> str:
    """Return the Verilog of a board's top module; ``address_bits`` are those of the registers."""
    whole, used = 8 * line.address_bytes, f"[{address_bits - 1}:0]"
    rest = f"[{whole - 1}:{address_bits}]"
    unused = f"wire unused = &{{awaddr{rest}, araddr{rest}}};  // the line sends whole bytes\n"
    chip_lite = _connected("s_axil_", LITE).replace("addr)", f"addr{used})")
    return TOP.format(
        title=board.title,
        clock=clock_mhz,
        divider=line.divider,
        address_top=whole - 1,
        unused=unused if whole > address_bits else "",
        word_top=8 * line.word_bytes - 1,
        released="button" if board.button_low else "~button",
        high_ports="".join(f"    output wire {port},\n" for port in board.high),
        high_values="".join(f"assign {port} = 1'b1;\n" for port in board.high),
        bridge_lite=_connected("", LITE),
        chip_lite=chip_lite,
    )


def _connected(prefix: str, names: tuple[str, ...]) -> str:
    return "\n".join(f"    .{prefix}{name}({name})," for name in names)


def clock(board: Board, clock_mhz: int) -> str:
    """Return the Verilog of a board's clock.

    Raises
    ------
    UserError
        When the board cannot make it.
    """
    pll, oscillator = pll_of(board, clock_mhz), board.oscillator_mhz
    if pll is None:
        about, body = f"the oscillator's {oscillator} MHz", DIRECT
    else:
        about = f"{clock_mhz} MHz of the oscillator's {oscillator}"
        text = {"ecp5": ECP5, "ice40": ICE40}[board.family]
        body = text.format(pll=pll, oscillator=oscillator, clock=clock_mhz, **_ice40(pll, board))
    return CLOCK.format(about=about, body=body)


def _ice40(pll: Pll, board: Board) -> dict[str, int]:
    """Return the settings as the cells want them; the loop's filter goes by what is compared."""
    compared_mhz = board.oscillator_mhz / pll.divide
    limits = (17, 26, 44, 66, 101)  # icestorm, icepll/icepll.cc
    return {
        "phase": pll.output - 1,
        "divr": pll.divide - 1,
        "divf": pll.multiply - 1,
        "divq": pll.output.bit_length() - 1,
        "filter": 1 + sum(compared_mhz >= limit for limit in limits),
    }


def constraints(board: Board) -> tuple[str, str]:
    """Return the name and the text of the file that says where the ports go."""
    head = f"# {board.title}; sites from {board.source}\n"
    if board.family == "ice40":
        rows = [f"set_io {port} {site}" for port, site in board.pins.items()]
        rows.append(f"set_frequency clk_in {board.oscillator_mhz}")
        return "top.pcf", head + "\n".join(rows) + "\n"
    rows = []
    for port, site in board.pins.items():
        pull = board.pulls.get(port, "NONE")
        rows.append(f'LOCATE COMP "{port}" SITE "{site}";')
        rows.append(f'IOBUF PORT "{port}" IO_TYPE=LVCMOS33 PULLMODE={pull};')
    rows.append(f'FREQUENCY PORT "clk_in" {board.oscillator_mhz} MHZ;')
    return "top.lpf", head + "\n".join(rows) + "\n"
