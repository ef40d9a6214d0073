"""The numbers of a chip that its AXI side is made from, as plain data."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from myhdl_core.circuit import Circuit, circuit_of, width_of

if TYPE_CHECKING:
    from myhdl_core.assemble import Assembled

#: Bits of a register, and of a beat of AXI4-Lite.
BITS = 32
#: Bits of a byte address that the registers take: the window begins above them.
REGISTER_BITS = 7


class Interface(NamedTuple):
    """What AXI's side of a chip has to know of it.

    Attributes
    ----------
    units, inputs, outputs, edges, lanes
        Sizes of the network and of the chip.
    word_bits, fraction_bits, weight_bits, weight_fraction_bits
        The format of words and of weights.
    w_depth, x_depth, y_depth, u_depth
        Words of a lane's memories.
    address_bits, phase_bits
        Of the core's ports ``host_address`` and ``phase``.
    learning_cycles, inference_cycles
        Of a step with learning on and off, by the schedule.
    rate
        The raw learning rate after a reset.
    layout
        The first 32 bits of the SHA-256 of ``map.csv``.
    """

    units: int
    inputs: int
    outputs: int
    edges: int
    lanes: int
    word_bits: int
    fraction_bits: int
    weight_bits: int
    weight_fraction_bits: int
    w_depth: int
    x_depth: int
    y_depth: int
    u_depth: int
    address_bits: int
    phase_bits: int
    learning_cycles: int
    inference_cycles: int
    rate: int
    layout: int

    @property
    def beat_bits(self) -> int:
        """Bits of ``tdata``: a word in whole bytes."""
        return 8 * -(-self.word_bits // 8)

    @property
    def sample(self) -> int:
        """Words of a sample: inputs, then targets."""
        return self.inputs + self.outputs

    @property
    def lane_bits(self) -> int:
        """Bits of the core's port ``host_lane``."""
        return width_of(self.lanes)

    @property
    def wide(self) -> bool:
        """Whether a weight takes two words of the window."""
        return self.weight_bits > BITS

    @property
    def word_shift(self) -> int:
        """Bits of a byte address below that of a word of a memory."""
        return 3 if self.wide else 2

    @property
    def base_bits(self) -> int:
        """The window begins at two to this power, and is as long."""
        return max(REGISTER_BITS, self.word_shift + self.address_bits + 2 + self.lane_bits)

    @property
    def axil_bits(self) -> int:
        """Bits of an address on AXI4-Lite."""
        return self.base_bits + 1

    @property
    def depths(self) -> tuple[int, int, int, int]:
        """Words of a lane's memories, in the order of their numbers at the host port."""
        return self.w_depth, self.x_depth, self.y_depth, self.u_depth


def interface_of(assembled: Assembled, rate: int, layout: str) -> Interface:
    """Return the numbers of a chip.

    Parameters
    ----------
    assembled
        The chip.
    rate
        The raw learning rate after a reset.
    layout
        The contents of ``map.csv``.
    """
    plan = assembled.learning
    digest = hashlib.sha256(layout.encode()).digest()
    return bare(circuit_of(assembled.program))._replace(
        units=len(plan.network.units),
        edges=len(plan.network.edges),
        learning_cycles=plan.cycles,
        inference_cycles=assembled.inference.cycles,
        rate=rate,
        layout=int.from_bytes(digest[:4], "big"),
    )


def bare(circuit: Circuit) -> Interface:
    """Return the numbers that a circuit has: those that only registers tell are 0."""
    shape = circuit.shape
    return Interface(
        units=0,
        inputs=shape.inputs,
        outputs=shape.targets,
        edges=0,
        lanes=shape.lanes,
        word_bits=shape.word_bits,
        fraction_bits=shape.fraction_bits,
        weight_bits=shape.weight_bits,
        weight_fraction_bits=shape.weight_fraction_bits,
        w_depth=shape.w_depth,
        x_depth=shape.x_depth,
        y_depth=shape.y_depth,
        u_depth=shape.u_depth,
        address_bits=circuit.target_bits,
        phase_bits=circuit.bits("phase"),
        learning_cycles=0,
        inference_cycles=0,
        rate=0,
        layout=0,
    )
