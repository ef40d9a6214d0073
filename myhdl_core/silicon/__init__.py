"""From Verilog to a placed FPGA: what a chip takes, how fast it is, and where everything lies."""
