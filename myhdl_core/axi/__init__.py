"""The chip on AXI: streams with back-pressure, registers, a window into the memories.

``interface`` has the numbers, ``registers`` the description of which ``fields``, ``window`` and
``lite`` make the circuit, and ``table``, ``header`` and ``driver`` what people and programs read;
``streams`` and ``conductor`` take samples, let steps begin and give answers; ``top`` puts all of it
around the core, and ``emit`` writes its Verilog.
"""

from __future__ import annotations

__all__: list[str] = []
