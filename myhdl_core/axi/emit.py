"""Writes AXI's side of a chip beside its core: the modules around it, top ``network_axi``."""

from __future__ import annotations

import json
from pathlib import Path

from myhdl_core.axi.interface import Interface
from myhdl_core.verilog import all_converted, written

BLOCKS = ("network_axi", "axi_registers", "axi_conductor", "axi_intake", "axi_answers")
BUFFER = """\
// Words of a stream: one port writes, one reads where it is asked to. What is read while it is
// written is never used, which saves the logic that would define it.
module axi_buffer #(
    parameter WIDTH = 16,
    parameter DEPTH = 8,
    parameter BITS = 3
) (
    input wire clk,
    input wire write,
    input wire [BITS-1:0] write_address,
    input wire [WIDTH-1:0] data,
    input wire read,
    input wire [BITS-1:0] read_address,
    output reg [WIDTH-1:0] q
);

(* no_rw_check *)
reg [WIDTH-1:0] words [0:DEPTH-1];

always @(posedge clk) begin
    if (read)
        q <= words[read_address];
    if (write)
        words[write_address] <= data;
end

endmodule
"""


def emit(chip: Interface, folder: Path | str) -> list[Path]:
    """Write the Verilog of AXI's side to a folder; ``myhdl_core.emit`` writes the core.

    Returns
    -------
    list[Path]
        The files, top module ``network_axi`` first.

    Raises
    ------
    RunFailed
        When a conversion fails, with what it said.
    """
    given = {name: json.dumps(_told(name, chip)) for name in BLOCKS}
    modules = all_converted("myhdl_core.axi.convert", given)
    return written(modules | {"axi_buffer": BUFFER}, folder)


def _told(name: str, chip: Interface) -> Interface:
    """Return what a block is made from: constants are told to the only one that holds them."""
    if name == "axi_registers":
        return chip
    known = {"units": 0, "edges": 0, "learning_cycles": 0, "inference_cycles": 0, "layout": 0}
    return chip._replace(**known, w_depth=0, x_depth=0, y_depth=0, u_depth=0, rate=0)
