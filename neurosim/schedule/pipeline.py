"""Which shared things a slot lays claim to, and when.

Cycles count from the one in which a slot is issued; the depths are those of the machine's fabric.
"""

from __future__ import annotations

from neurosim.machine.description import Fabric
from neurosim.schedule.passes import Act, Pass, Slot, Source

Claim = tuple[str, int]
"""Something only one can have in a cycle, and the cycle."""


def claims(fabric: Fabric, burst: Pass, slot: Slot, lane: int, cycle: int) -> list[Claim]:
    """Return what a slot issued in a cycle takes of the bus and the activation unit."""
    found: list[Claim] = []
    if burst.sends(slot, lane):
        found.append(("bus", cycle + fabric.send_cycles))
        found.append(("broadcast", cycle + fabric.send_cycles))
    if _speaks(burst, slot):
        heard = cycle + fabric.broadcast_cycles
        found.append(("bus", heard))
        if burst.activate:
            found += [("table", heard), ("table", heard + 1)]
            found.append(("broadcast", heard + fabric.activate_cycles))
            found.append(("broadcast", heard + fabric.slope_cycles))
        else:
            found.append(("broadcast", heard))
    return found


def _speaks(burst: Pass, slot: Slot) -> bool:
    """Whether a slot gives a result that goes on the bus."""
    if burst.to is None or burst.to.source is not Source.UNIT:
        return False
    return slot.act is Act.LAST or (slot.act is Act.WORD and not burst.dot)
