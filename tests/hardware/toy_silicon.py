"""A chip of two tiny lanes, with everything that a real one has and quick to place."""

from pathlib import Path

LANES = 2
MEMORY = """\
module memory #(parameter WIDTH = 16) (
    input clk, input write, input [7:0] write_address, input [WIDTH-1:0] data,
    input [7:0] read_address, output reg [WIDTH-1:0] q
);
(* no_rw_check, ram_style = "block" *) reg [WIDTH-1:0] words [0:255];
always @(posedge clk) begin
    q <= words[read_address];
    if (write) words[write_address] <= data;
end
endmodule
"""
LANE = """\
module lane (input clk, input reset, input [7:0] at, input signed [15:0] word,
             output reg signed [31:0] sum);
reg signed [15:0] operand;
reg signed [31:0] product;
wire signed [15:0] q;
always @(posedge clk) begin
    operand <= q;
    product <= operand * word;
    sum <= reset ? 32'd0 : sum + product;
end
memory #(.WIDTH(16)) u_x (.clk(clk), .write(reset), .write_address(at), .data(word),
                          .read_address(at), .q(q));
endmodule
"""
NETWORK = """\
module network (input clk, input reset, input signed [15:0] in_data,
                output signed [31:0] out_data);
wire [7:0] at;
wire signed [31:0] sum_0, sum_1;
sequencer u_sequencer (.clk(clk), .reset(reset), .at(at));
lane u_lane_0 (.clk(clk), .reset(reset), .at(at), .word(in_data), .sum(sum_0));
lane u_lane_1 (.clk(clk), .reset(reset), .at(~at), .word(in_data), .sum(sum_1));
assign out_data = sum_0 ^ sum_1;
endmodule
"""
SEQUENCER = """\
module sequencer (input clk, input reset, output reg [7:0] at);
always @(posedge clk) at <= reset ? 8'd0 : at + 8'd1;
endmodule
"""
# The names are those that the real top has; it adds a register of 16 bits on the way in.
NETWORK_AXI = """\
module network_axi (input aclk, input aresetn, input signed [15:0] word,
                    output signed [31:0] answer);
wire signed [15:0] taken;
intake u_intake (.aclk(aclk), .word(word), .taken(taken));
network u_network (.clk(aclk), .reset(!aresetn), .in_data(taken), .out_data(answer));
endmodule
"""
INTAKE = """\
module intake (input aclk, input signed [15:0] word, output reg signed [15:0] taken);
always @(posedge aclk) taken <= word ^ 16'h5555;
endmodule
"""


def write(folder: Path, axi: bool = False) -> Path:
    """Write its Verilog, one module a file, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"memory": MEMORY, "lane": LANE, "network": NETWORK, "sequencer": SEQUENCER}
    texts |= {"network_axi": NETWORK_AXI, "intake": INTAKE} if axi else {}
    for name, text in texts.items():
        (folder / f"{name}.v").write_text(text)
    return folder
