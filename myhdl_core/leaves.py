"""The leaves that are Verilog as it stands: memories, because MyHDL would cost block RAM."""

from __future__ import annotations

from collections.abc import Sequence

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
{enable}    input wire [{high}:0] address,
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
#: Up to so many words a ROM takes few lookup tables, and many short block RAMs.
FEW = 32
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
READ_WHEN_ENABLED = """\
always @(posedge clk)
    if (enable) begin
        word <= words[address];
        q <= word;
    end"""


def rom(
    name: str,
    about: str,
    words: Sequence[int],
    width: int,
    address_bits: int,
    kept: bool = False,
    enable: bool = False,
) -> str:
    """Return the Verilog of a ROM that is read at the edge of the clock.

    ``kept`` puts a register behind it; with ``enable``, both stay as they are where it is low.
    """
    style = BLOCK if len(words) > FEW and len(words) * width > 512 else LOGIC
    digits = (width + 3) // 4
    lines = "\n".join(
        f"    words[{address}] = {width}'h{value & (1 << width) - 1:0{digits}x};"
        for address, value in enumerate(words)
    )
    return ROM.format(
        name=name,
        about=about,
        high=address_bits - 1,
        top=width - 1,
        last=len(words) - 1,
        style=style,
        lines=lines,
        kept=f"reg [{width - 1}:0] word;\n" if kept else "",
        enable="    input wire enable,\n" if enable else "",
        read=READ_WHEN_ENABLED if enable else READ_AND_KEEP if kept else READ,
    )
