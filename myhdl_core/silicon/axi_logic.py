"""What the AXI side of a chip is made of, as ``logic.py`` says it of its core.

The functions follow the modules in ``myhdl_core/axi``, flag by flag; the buffers of the streams
are memories, which a family makes of LUTs, of block RAM or of flip-flops.
"""

from __future__ import annotations

from myhdl_core.axi.interface import BITS, Interface, bare
from myhdl_core.axi.registers import LIVE, Access, Register, registers
from myhdl_core.circuit import Circuit, width_of
from myhdl_core.silicon.logic import Logic, of


def axi(circuit: Circuit) -> Logic:
    """The AXI side without its buffers: what ``network_axi`` has around the core."""
    chip = bare(circuit)
    return _registers(chip) + _window(chip) + _conductor() + _intake(chip) + _answers(chip)


def _registers(chip: Interface) -> Logic:
    """The slave of AXI4-Lite (``lite.py``): its state, what is meant, and what is answered."""
    live = [r for r in registers(chip) if not r.constant]
    state = [(1, 4), (1, 8), (1, 3), (1, 4), (4, 2), (2, 5), (2, 4)]
    above = chip.base_bits + 1
    judged = [(1, above - LIVE.bit_length()), (3, 3), (1, 5), (1, 7), (1, 6), (3, 3)]
    meant = [(len(live), 4), (1, 1 + len(live)), (sum(r.written for r in live), 3)]
    kept = [(2, 4)]  # events that are kept
    constants = [(BITS, 4)]  # one of sixteen words of which each bit is known
    answers = [(1, 2 * _sources(live, bit) + 4) for bit in range(BITS)]
    return of(
        [*state, *judged, *meant, *kept, *constants, *answers, (chip.axil_bits, 3)]
        + [(BITS, 3)] * chip.wide
    )


def _sources(live: list[Register], bit: int) -> int:
    """Return how many of the registers that change have something to read at a bit."""
    return sum(
        f.access is not Access.PULSE and bool(f.mask >> bit & 1) for r in live for f in r.fields
    )


def _window(chip: Interface) -> Logic:
    """Whether there is such a word (``window.py``): each depth and the lanes are compared."""
    limits = [(depth, chip.address_bits) for depth in chip.depths] + [(chip.lanes, chip.lane_bits)]
    asked = [(limit, bits) for limit, bits in limits if not limit >> bits]
    powers = [(1, bits - (limit.bit_length() - 1)) for limit, bits in asked if _is_power(limit)]
    return of([*powers, (1, 7)], counters=[bits for limit, bits in asked if not _is_power(limit)])


def _is_power(number: int) -> bool:
    return not number & number - 1


def _conductor() -> Logic:
    """When steps begin (``conductor.py``), the resets that are drawn out, the steps counted."""
    return of([(1, 4), (1, 7), (2, 2), (2, 3), (4, 3), (3, 3), (1, 5)], counters=[BITS, 5])


def _intake(chip: Interface) -> Logic:
    """Samples (``streams.py``): what of a beat is wanted, and where both ends are."""
    index = width_of(chip.sample)
    judged = [(1, 2), (1, index), (3, 5), (1, 2), (1, 5), (1, 4)]
    return of([*judged, (index, 3), (index + 1, 2), *_PAIR])


def _answers(chip: Interface) -> Logic:
    """Answers (``streams.py``): those that are whole, the one that goes, where both ends are."""
    index = width_of(chip.outputs) if chip.outputs > 1 else 0
    judged = [(1, index + 2), (1, index), (1, 3), (1, 2), (2, 4), (1, 3)]
    return of([*judged, (2 * index, 2), (2, 2), *_PAIR])


# Which of two places, at both ends, and how many are taken.
_PAIR = ((2, 2), (2, 3), (1, 2))
