"""The chip on a board: a serial bridge to its AXI ports, tops, constraints and scripts.

``serial``, ``requests``, ``answers`` and ``bridge`` are the bridge, which ``convert`` turns into
Verilog; ``board`` knows the boards, ``top`` writes what they need, ``emit`` all of it.
``serial_link``, ``build`` and ``example`` are scripts, copied as they stand, that need nothing
of this package.
"""

from __future__ import annotations

__all__: list[str] = []
