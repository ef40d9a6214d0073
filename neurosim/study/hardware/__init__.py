"""A chip that one can use before one has it: its Verilog, compiled, and driven like a run."""

from neurosim.study.hardware.core import Core
from neurosim.study.hardware.engine import OnChip
from neurosim.study.hardware.making import build, planned

__all__ = ["Core", "OnChip", "build", "planned"]
