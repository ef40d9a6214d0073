"""The chip: microcode, the blocks of the circuit in MyHDL, their Verilog, and its simulation.

``microcode`` and ``assemble`` turn a schedule into instructions and tables; ``circuit`` derives the
numbers that ``network``, ``lane``, ``sequencer`` and the other blocks are built from; ``emit``
writes their Verilog, which ``verilator`` compiles and ``core`` drives; ``synthesis`` asks Yosys.
"""

from __future__ import annotations

__all__: list[str] = []
