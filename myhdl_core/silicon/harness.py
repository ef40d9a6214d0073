"""A chip with three pins, so that it can be placed on any part and no pin's path counts.

One pin feeds a chain of registers that drives every input of the chip; every output goes into a
register, and a chain of those folds them into one pin. The chip's netlist goes into it as it was
counted: nothing is optimised across its border.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from myhdl_core.silicon import netlist, yosys
from myhdl_core.silicon.families import Resources
from myhdl_core.silicon.netlist import Netlist
from myhdl_core.silicon.synthesis import Synthesis

TOP, CHIP = "harness", "u_chip"
CLOCKS = ("clk", "aclk")
PINS = ("clk", "in", "out")
_FOLDED = 3  # outputs that a LUT of four inputs adds to the chain


def verilog(top: str, ports: Mapping[str, tuple[str, int]]) -> str:
    """Return the harness of a module with these ports, and the module as a black box."""
    clock = next(name for name in CLOCKS if name in ports)
    inputs = {n: bits for n, (way, bits) in ports.items() if way == "input" and n != clock}
    outputs = {n: bits for n, (way, bits) in ports.items() if way == "output"}
    given, taken = sum(inputs.values()), sum(outputs.values())
    links = -(-taken // _FOLDED)
    ties = [f".{clock}(clk)", *_ties("given", inputs), *_ties("taken", outputs)]
    declared = [f"input {clock}", *(f"input [{bits - 1}:0] {n}" for n, bits in inputs.items())]
    declared += [f"output [{bits - 1}:0] {n}" for n, bits in outputs.items()]
    lines = [
        f"module {TOP} (input clk, input in, output out);",
        f"reg [{given - 1}:0] given;",
        f"wire [{taken - 1}:0] taken;",
        f"reg [{taken - 1}:0] held;",
        f"reg [{links - 1}:0] folded;",
        "always @(posedge clk) begin",
        f"    given <= {{given[{given - 2}:0], in}};",
        "    held <= taken;",
        *(f"    folded[{link}] <= {_fold(link, taken)};" for link in range(links)),
        "end",
        f"assign out = folded[{links - 1}];",
        f"{top} {CHIP} ({', '.join(ties)});",
        "endmodule",
        "(* blackbox *)",
        f"module {top} ({', '.join(declared)});",
        "endmodule",
    ]
    return "\n".join(lines) + "\n"


def _ties(bus: str, ports: Mapping[str, int]) -> list[str]:
    """Return how ports are tied to the bits of a bus, one after the other."""
    first, ties = 0, []
    for name, bits in ports.items():
        ties.append(f".{name}({bus}[{first}+:{bits}])")
        first += bits
    return ties


def _fold(link: int, taken: int) -> str:
    """Return what a register of the chain takes: the one before, and some outputs."""
    first = link * _FOLDED
    bits = [f"held[{n}]" for n in range(first, min(first + _FOLDED, taken))]
    return " ^ ".join([*bits, f"folded[{link - 1}]"] if link else bits)


def wrapped(chip: Synthesis, design: Netlist, path: Path) -> Resources:
    """Write the netlist of a chip in its harness, and return what the harness alone takes.

    Raises
    ------
    RunFailed
        When Yosys gives up.
    """
    source = path.with_suffix(".v")
    source.write_text(verilog(chip.top, design.ports), "utf-8")
    steps = (
        f"read_json {yosys.quoted(chip.path.resolve())}",
        "design -stash chip",
        f"read_verilog {yosys.quoted(source.name)}",
        f"{chip.family.harness} -top {TOP}",
        f"delete {chip.top}",
        f"design -copy-from chip ={chip.top}",
        "flatten",
        f"write_json {yosys.quoted(path.name)}",
    )
    yosys.run(steps, path.parent, "the chip in its harness")
    whole = netlist.whole(netlist.read(path, chip.family, TOP), chip.family)
    return Resources(*(a - b for a, b in zip(whole.values, chip.whole.values, strict=True)))
