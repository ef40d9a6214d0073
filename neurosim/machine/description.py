"""What a machine is: lanes that multiply, memories with ports, something that carries messages.

Every field is a key of the machine's TOML file, with its unit in its name. The numbers are those
of one chip; what a neuron's program costs on it is for the clocked engine to find out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from neurosim.learning.rule import Rule

PER_NEURON: Final = "per_neuron"
ROLES = ("weight", "activation", "stored", "buffer", "inbox")
"""What memories hold, by the role of a rule's memory; constants are registers."""


@dataclass(frozen=True)
class Compute:
    """The multiply-accumulate lanes; neuron n runs on lane ``n mod lanes``.

    A burst of n words takes ``ceil(n / macs_per_lane)`` cycles, and the latencies once.
    """

    lanes: int | Literal["per_neuron"] = PER_NEURON
    macs_per_lane: int = 1
    mac_latency_cycles: int = 3
    activation_latency_cycles: int = 4


@dataclass(frozen=True)
class MemoryBank:
    """Memories of one kind: a bank a neuron, or one for the whole chip.

    A burst that needs more words a cycle than there are ports takes longer; on a chip's bank,
    bursts of different lanes take turns. Messages enter and leave through a port of their own.
    """

    name: str
    holds: tuple[str, ...]
    scope: Literal["neuron", "chip"] = "neuron"
    n_rd_ports: int = 1
    n_wr_ports: int = 1
    read_latency_cycles: int = 1
    write_latency_cycles: int = 1


@dataclass(frozen=True)
class Bus:
    """One shared medium: a burst at a time, decided among all requests of a cycle."""

    words_per_cycle: int = 1
    arbitration: Literal["round_robin", "fixed_priority"] = "round_robin"
    arbitration_cycles: int = 1
    broadcast: bool = True


@dataclass(frozen=True)
class Links:
    """A private link between any two neurons: no contention, the idealised machine."""

    words_per_cycle: int = 1
    latency_cycles: int = 1


@dataclass(frozen=True)
class Fabric:
    """A chip of lanes in lockstep: a rotator for words between lanes, a bus to all of them.

    The depths of its pipelines, in cycles from the issue of a slot: until a slot issued then can
    read a result that stays in its lane; a word that went over the rotator (whose place the
    receiving lane names ``arrive_cycles`` after it was sent); a memory's word that went over the
    bus; a result that went over the bus. The activation unit adds its own, for the value and for
    the slope. A step ends ``landing_cycles`` after its last word could be read by a slot, when the
    word is in its memory. The defaults are the depths of the chip that ``myhdl_core`` builds.
    """

    result_cycles: int = 6
    rotate_cycles: int = 4
    arrive_cycles: int = 3
    send_cycles: int = 5
    broadcast_cycles: int = 9
    activate_cycles: int = 5
    slope_cycles: int = 8
    landing_cycles: int = 2


@dataclass(frozen=True)
class Sync:
    """How a step ends: all neurons wait for the last."""

    latency_cycles: int = 2


@dataclass(frozen=True)
class Machine:
    """A chip that runs neurons; see the parts for their fields."""

    name: str
    summary: str
    clock_mhz: float
    compute: Compute
    memory: tuple[MemoryBank, ...]
    interconnect: Bus | Links | Fabric
    sync: Sync

    def lanes(self, units: int) -> int:
        """How many lanes serve a network of that many units."""
        if self.compute.lanes == PER_NEURON:
            return units
        most = units if isinstance(self.interconnect, Fabric) else int(self.compute.lanes)
        return min(int(self.compute.lanes), most)

    def as_run(self, rule: Rule) -> Rule:
        """Return a rule with its words placed as it runs on this machine."""
        return rule.on_chip() if isinstance(self.interconnect, Fabric) else rule

    def bank_of(self, role: str) -> MemoryBank | None:
        """Return the bank that holds memories of a role; None for registers."""
        return next((bank for bank in self.memory if role in bank.holds), None)
