"""A small chip with the ports and the hierarchy of the real one, to test what drives it.

A step takes the inputs (and the targets, when it learns) into U of every lane, multiplies U by W
into Y for as many cycles as asked, adds the rate to every weight when it learns, and puts out the
inputs again, each plus the number of the step.
"""

from __future__ import annotations

from pathlib import Path

MEMORY = """\
module memory #(parameter WIDTH = 16, parameter DEPTH = 32, parameter BITS = 5) (
    input clk, input [BITS-1:0] read_address, output reg [WIDTH-1:0] q,
    input write, input [BITS-1:0] write_address, input [WIDTH-1:0] d);
  (* no_rw_check *) reg [WIDTH-1:0] words [0:DEPTH-1];
  always @(posedge clk) begin
    q <= words[read_address];
    if (write) words[write_address] <= d;
  end
endmodule
"""

LANE = """\
module lane (
    input clk, input work, input learn, input sweep, input [4:0] at, input signed [15:0] rate,
    input down, input [4:0] down_at, input signed [15:0] down_word,
    input here, input [1:0] bank, input [4:0] address, input write, input signed [{W}:0] data,
    output signed [{W}:0] q);
  wire signed [{W}:0] w;
  wire signed [15:0] x, y, u;
  reg working, learning;
  reg [4:0] was;
  reg [1:0] chosen;
  reg signed [{W}:0] product;
  wire signed [{W}:0] next = w + {{{{({W}-15){{rate[15]}}}}, rate}};
  wire [4:0] from = work ? at : address;
  wire [4:0] to = sweep ? at : working ? was : address;
  always @(posedge clk) begin
    working <= work;
    learning <= work & learn;
    was <= at;
    chosen <= bank;
  end
  always @* product = w * {{{{({W}-15){{u[15]}}}}, u}};
  memory #(.WIDTH({W} + 1), .DEPTH(24)) u_weights (clk, from, w,
    sweep | learning | (write & here & bank == 0), to, sweep ? 0 : learning ? next : data);
  memory #(.WIDTH(16), .DEPTH(24)) u_x (clk, from, x,
    sweep | (write & here & bank == 1), to, sweep ? 0 : data[15:0]);
  memory #(.WIDTH(16), .DEPTH(24)) u_y (clk, from, y,
    sweep | working | (write & here & bank == 2), to,
    sweep ? 0 : working ? product[15:0] : data[15:0]);
  memory #(.WIDTH(16), .DEPTH(24)) u_units (clk, from, u,
    sweep | down | (write & bank == 3), sweep ? at : down ? down_at : address,
    sweep ? 0 : down ? down_word : data[15:0]);
  assign q = chosen == 0 ? w : chosen == 1 ? {{{{({W}-15){{x[15]}}}}, x}}
    : chosen == 2 ? {{{{({W}-15){{y[15]}}}}, y}} : {{{{({W}-15){{u[15]}}}}, u}};
endmodule
"""

NETWORK = """\
module network (
    input clk, input reset, input start, input learn, input clear, input signed [15:0] rate,
    input in_valid, output in_ready, input signed [15:0] in_data,
    output reg out_valid, output reg signed [15:0] out_data,
    output busy, output reg done, output reg [31:0] cycles, output reg [2:0] phase,
    output reg saturated,
    input [5:0] host_lane, input [1:0] host_bank, input [4:0] host_address, input host_write,
    input signed [{W}:0] host_data, input host_read, output host_ready,
    output reg host_valid, output reg signed [{W}:0] host_q);
  localparam IDLE = 0, TAKE = 1, WORK = 2, GIVE = 3, SWEEP = 4;
  reg [2:0] now;
  reg [15:0] left, number;
  reg learning, read_1;
  reg [4:0] at;
  reg [5:0] lane_1;
  reg signed [15:0] kept [0:7];
  wire taking = now == TAKE & in_valid;
  assign busy = now != IDLE;
  assign in_ready = now == TAKE;
  assign host_ready = now == IDLE;
{wires}
  always @* case (lane_1)
{choices}
    default: host_q = 0;
  endcase
  always @(posedge clk) begin
    done <= 0;
    out_valid <= 0;
    read_1 <= host_read;
    host_valid <= host_read;
    lane_1 <= host_lane;
    at <= at == 23 ? 0 : at + 1;
    if (now != IDLE) cycles <= cycles + 1;
    case (now)
      IDLE: begin
        at <= 0;
        if (start) begin
          now <= TAKE; phase <= 1; cycles <= 0; learning <= learn; left <= learn ? 5 : 3;
        end else if (clear) begin
          now <= SWEEP; left <= 24; saturated <= 0; number <= 0;
        end
      end
      TAKE: begin
        at <= in_valid ? at + 1 : at;
        if (in_valid) begin
          kept[at[2:0]] <= in_data;
          if (in_data == 16'sh7fff) saturated <= 1;
          left <= left - 1;
          if (left == 1) begin now <= WORK; phase <= 2; left <= {cycles}; at <= 0; end
        end
      end
      WORK: begin
        left <= left - 1;
        if (left == 1) begin now <= GIVE; phase <= 5; left <= 3; at <= 0; end
      end
      GIVE: begin
        out_valid <= 1;
        out_data <= kept[at[2:0]] + number;
        left <= left - 1;
        if (left == 1) begin now <= IDLE; done <= 1; number <= number + 1; end
      end
      default: begin
        left <= left - 1;
        if (left == 1) now <= IDLE;
      end
    endcase
    if (reset) begin
      now <= IDLE; number <= 0; saturated <= 0; cycles <= 0; phase <= 0;
    end
  end
{lanes}
endmodule
"""

LANE_OF_NETWORK = """\
  lane u_lane_{i} (clk, now == WORK, learning, now == SWEEP, at, rate,
    taking, at, in_data, host_lane == {i}, host_bank, host_address, host_write, host_data, q_{i});
"""


def write(folder: Path, lanes: int = 2, weight_bits: int = 32, cycles: int = 20) -> Path:
    """Write the toy's Verilog, one module a file, into a folder, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    high = weight_bits - 1
    network = NETWORK.format(
        W=high,
        cycles=cycles,
        wires="".join(f"  wire signed [{high}:0] q_{i};\n" for i in range(lanes)),
        choices="".join(f"    {i}: host_q = q_{i};\n" for i in range(lanes)),
        lanes="".join(LANE_OF_NETWORK.format(i=i) for i in range(lanes)),
    )
    for name, text in (
        ("memory", MEMORY), ("lane", LANE.format(W=high)), ("network", network),
    ):  # fmt: skip
        (folder / f"{name}.v").write_text(text)
    return folder
