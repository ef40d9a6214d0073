"""Properties of the chip that hold for every stream and every word, and what proves them.

`properties` writes them beside the Verilog, as modules that know its ports alone; `prove` lets sby
look for a case in which one of them does not hold.
"""

from myhdl_core.formal.properties import Facts, facts_of, write
from myhdl_core.formal.prove import Proof, prove

__all__ = ["Facts", "Proof", "facts_of", "prove", "write"]
