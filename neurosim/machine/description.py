"""What a machine is: lanes that multiply, memories with ports, something that carries messages.

Every field is a key of the machine's TOML file, with its unit in its name. The numbers are those
of one chip; what a neuron's program costs on it is for the clocked engine to find out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isqrt
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from neurosim.learning.rule import Rule

PER_NEURON: Final = "per_neuron"
PER_TILE: Final = "per_tile"
ROLES = ("weight", "activation", "stored", "buffer", "inbox")
"""What memories hold, by the role of a rule's memory; constants are registers."""


@dataclass(frozen=True)
class Compute:
    """The multiply-accumulate lanes; neuron n runs on lane ``n mod lanes``, or on its tile's.

    A burst of n words takes ``ceil(n / macs_per_lane)`` cycles, and the latencies once. A division
    or square root has the lane for ``divide_latency_cycles``; where that is 0, for a cycle a bit of
    its word, as a radix-2 divider (S. F. Oberman and M. J. Flynn, "Division algorithms and
    implementations", IEEE Transactions on Computers 46(8), 1997, doi 10.1109/12.609274).
    """

    lanes: int | Literal["per_neuron", "per_tile"] = PER_NEURON
    macs_per_lane: int = 1
    mac_latency_cycles: int = 3
    activation_latency_cycles: int = 4
    divide_latency_cycles: int = 0


@dataclass(frozen=True)
class MemoryBank:
    """Memories of one kind: one a neuron, one a tile, or one for the whole chip.

    A burst that needs more words a cycle than ports move takes longer; on a memory that neurons
    share, each of its banks serves one burst at a time, and neuron n's words lie in bank
    ``n mod n_banks``. Messages enter and leave through a port of their own. A port moves
    ``width_bits`` a cycle, one word where that is None. ``depth`` accesses of that width fit (None:
    no limit), and what does not fit lies in the DRAM. The energies of an access, with where they
    are from, stand in place of those of the technology.
    """

    name: str
    holds: tuple[str, ...]
    scope: Literal["neuron", "tile", "chip"] = "neuron"
    depth: int | None = None
    width_bits: int | None = None
    n_banks: int = 1
    n_rd_ports: int = 1
    n_wr_ports: int = 1
    read_latency_cycles: int = 1
    write_latency_cycles: int = 1
    read_energy_pj: float | None = None
    write_energy_pj: float | None = None
    energy_source: str | None = None


@dataclass(frozen=True)
class Bus:
    """One shared medium: a burst at a time, decided among all requests of a cycle."""

    words_per_cycle: int = 1
    arbitration: Literal["round_robin", "fixed_priority"] = "round_robin"
    arbitration_cycles: int = 1
    broadcast: bool = True


@dataclass(frozen=True)
class Noc:
    """A network of routers between tiles: wormhole switching, virtual channels and credits.

    The names are BookSim's. A packet has ``header_flits`` and up to ``max_packet_flits`` in all; a
    word takes ``ceil(word bits / flit_bits)`` flits, or shares one where several fit. Packets go
    along x first, then y (``mesh``), the shorter way round (``ring``), or through one switch
    (``crossbar``; ``bus``, where one flit crosses in a cycle). With ``multicast`` the network
    interfaces of tiles on the way pass a message on: in a line (``path``) or along a ``tree``.
    """

    topology: Literal["mesh", "ring", "crossbar", "bus"] = "mesh"
    num_vcs: int = 1
    vc_buf_size: int = 8
    flit_bits: int = 32
    header_flits: int = 1
    max_packet_flits: int = 32
    routing_delay: int = 0
    vc_alloc_delay: int = 1
    sw_alloc_delay: int = 1
    st_final_delay: int = 1
    link_latency: int = 1
    credit_delay: int = 1
    multicast: Literal["none", "path", "tree"] = "none"


@dataclass(frozen=True)
class Tiles:
    """The grid of tiles; a tile holds neurons, their memories and its lanes.

    Without rows and columns (0) it is as large as a network asks for, nearly square, with
    ``neurons_per_tile`` on each.
    """

    rows: int = 0
    cols: int = 0
    neurons_per_tile: int = 1

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return self.rows * self.cols

    def on(self, units: int) -> Tiles:
        """Return the grid that a network of that many units gets."""
        if self.count:
            return self
        count = max(1, -(-units // self.neurons_per_tile))
        cols = isqrt(count - 1) + 1
        return Tiles(-(-count // cols), cols, self.neurons_per_tile)


@dataclass(frozen=True)
class Mapping:
    """Where neurons and their sensitivities lie.

    Neurons go to tiles in order (``row_major``), drawn from ``seed`` (``random``), so that words
    cross few links (``min_hop_words``), or as a JSON ``file`` says that maps names to tiles.
    Sensitivities to a weight lie with the unit whose sensitivity it is (``unit``, as in the slides
    of TRTRL), with the ``owner`` of the weight, or as the ``rule`` says.
    """

    policy: Literal["row_major", "random", "min_hop_words", "file"] = "row_major"
    seed: int = 0
    file: str | None = None
    sensitivities: Literal["rule", "unit", "owner"] = "rule"


@dataclass(frozen=True)
class Dram:
    """Memory off the chip, one channel with an open row in each of its banks.

    A burst first opens its row (``tRP + tRCD``, less where another row need not be closed), waits
    ``CL``, and then moves ``channel_width`` bits on each edge of the DRAM's clock. The defaults are
    DDR3-1600 11-11-11 with x16 parts (JEDEC JESD79-3).
    """

    tCK_ns: float = 1.25
    nCL: int = 11
    nRCD: int = 11
    nRP: int = 11
    n_banks: int = 8
    nBL: int = 4
    channel_width: int = 16
    row_bits: int = 16384


@dataclass(frozen=True)
class Technology:
    """Whose published energies are counted with, and whose beside them."""

    table: str = "nm45"
    alternate_table: str | None = "nm7"


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

    result_cycles: int = 7
    rotate_cycles: int = 4
    arrive_cycles: int = 3
    send_cycles: int = 6
    broadcast_cycles: int = 10
    activate_cycles: int = 6
    slope_cycles: int = 9
    landing_cycles: int = 3


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
    interconnect: Bus | Links | Fabric | Noc
    sync: Sync
    tiles: Tiles = Tiles()
    mapping: Mapping = Mapping()
    dram: Dram | None = None
    technology: Technology = Technology()

    def on(self, units: int) -> Machine:
        """Return the machine with as many tiles as a network of that many units gets."""
        return replace(self, tiles=self.tiles.on(units))

    def lanes(self, units: int) -> int:
        """How many lanes serve a network of that many units."""
        if self.compute.lanes == PER_NEURON:
            return units
        if self.compute.lanes == PER_TILE:
            return self.tiles.on(units).count
        most = units if isinstance(self.interconnect, Fabric) else int(self.compute.lanes)
        return min(int(self.compute.lanes), most)

    def as_run(self, rule: Rule) -> Rule:
        """Return a rule with its words placed as it runs on this machine."""
        wanted = self.mapping.sensitivities
        if isinstance(self.interconnect, Fabric):
            wanted = "owner"
        return rule if wanted == "rule" else rule.placed(wanted)

    def bank_of(self, role: str) -> MemoryBank | None:
        """Return the bank that holds memories of a role; None for registers."""
        return next((bank for bank in self.memory if role in bank.holds), None)
