"""The leaves that are Verilog as it stands, for their block RAM: memories, ROMs, the microcode."""

from __future__ import annotations

from collections.abc import Sequence

from neurosim.machine.blocks import FEW_ROM_WORDS, SMALL_ROM_BITS

MEMORY = """\
// A bank of a lane: one port reads and one writes, both at the edge of the clock. Reading and
// writing one address in one cycle never matters here, which saves the logic that would define it.
module memory #(
    parameter WIDTH = 16,
    parameter DEPTH = 256,
    parameter BITS = 8
) (
    input wire clk,
    input wire write,
    input wire [BITS-1:0] write_address,
    input wire [WIDTH-1:0] data,
    input wire [BITS-1:0] read_address,
    output reg [WIDTH-1:0] q
);

(* no_rw_check, ram_style = "block", syn_ramstyle = "block_ram" *)
reg [WIDTH-1:0] words [0:DEPTH-1];

always @(posedge clk) begin
    q <= words[read_address];
    if (write)
        words[write_address] <= data;
end

endmodule
"""

ROM = """\
// {about}
module {name} (
    input wire clk,
    input wire [{high}:0] address,
    output reg [{top}:0] q
);

{style}reg [{top}:0] words [0:{last}];
{kept}
initial begin
{lines}
end

{read}

endmodule
"""
BLOCK = '(* rom_style = "block", syn_romstyle = "block_rom" *)\n'
LOGIC = '(* rom_style = "logic", syn_romstyle = "logic" *)\n'
READ = """\
always @(posedge clk)
    q <= words[address];"""
#: The word leaves a block RAM late, so that it is kept before anything is made of it.
READ_AND_KEEP = """\
always @(posedge clk) begin
    word <= words[address];
    q <= word;
end"""
MICROCODE = """\
// The instructions: `flow` of the one that comes next steers the sequencer, `control` of the one
// that runs is what the lanes do. A call shows two calls later, what runs a cycle after `advance`.
module microcode (
    input wire clk,
    input wire reset,
    input wire call,
    input wire advance,
    input wire [{high}:0] address,
    output wire [{flow_top}:0] flow,
    output reg [{control_top}:0] control
);

{style}reg [{top}:0] words [0:{last}];

initial begin
{lines}
end

{read}

endmodule
"""
#: Out of block RAM the words travel.
WORDS_WAIT = """\
reg [{top}:0] word, next;
reg [{control_top}:0] running;
assign flow = next[{top}:{control}];

always @(posedge clk) begin
    if (call) begin
        word <= words[address];
        next <= word;
    end
    if (reset)
        running <= 0;
    else if (advance)
        running <= next[{control_top}:0];
    control <= running;
end"""
#: Logic may stand before any register, so that addresses wait, which have fewer bits.
ADDRESSES_WAIT = """\
reg [{high}:0] place, next, running;
reg [{flow_top}:0] kept;
reg runs;
assign flow = kept;

always @(posedge clk) begin
    if (call) begin
        place <= address;
        next <= place;
        kept <= words[place][{top}:{control}];
    end
    if (advance)
        running <= next;
    if (reset)
        runs <= 1'b0;
    else if (advance)
        runs <= 1'b1;
    control <= 0;
    if (runs)
        control <= words[running][{control_top}:0];
end"""


def rom(
    name: str,
    about: str,
    words: Sequence[int],
    width: int,
    address_bits: int,
    kept: bool = False,
) -> str:
    """Return the Verilog of a ROM that is read at the edge of the clock.

    ``kept`` puts a register behind it.
    """
    return ROM.format(
        name=name,
        about=about,
        high=address_bits - 1,
        top=width - 1,
        last=len(words) - 1,
        style=BLOCK if _in_block_ram(words, width) else LOGIC,
        lines=_listed(words, width),
        kept=f"reg [{width - 1}:0] word;\n" if kept else "",
        read=READ_AND_KEEP if kept else READ,
    )


def microcode(words: Sequence[int], width: int, control: int) -> str:
    """Return the Verilog of the instructions, whose low ``control`` bits go to the lanes."""
    block = _in_block_ram(words, width)
    numbers = {
        "high": max(1, (len(words) - 1).bit_length()) - 1,
        "top": width - 1,
        "control": control,
        "control_top": control - 1,
        "flow_top": width - control - 1,
    }
    return MICROCODE.format(
        **numbers,
        last=len(words) - 1,
        style=BLOCK if block else LOGIC,
        lines=_listed(words, width),
        read=(WORDS_WAIT if block else ADDRESSES_WAIT).format(**numbers),
    )


def _in_block_ram(words: Sequence[int], width: int) -> bool:
    return len(words) > FEW_ROM_WORDS and len(words) * width > SMALL_ROM_BITS


def _listed(words: Sequence[int], width: int) -> str:
    digits = (width + 3) // 4
    return "\n".join(
        f"    words[{address}] = {width}'h{value & (1 << width) - 1:0{digits}x};"
        for address, value in enumerate(words)
    )
