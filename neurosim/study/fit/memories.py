"""Memories of a chip in closed form: banks, tables and microcode of a fully recurrent network.

They are those of ``myhdl_core``: banks by the places of arrays (``schedule/step.py``,
``schedule/bursts.py``), tables and microcode by the lengths of passes (``myhdl_core/assemble.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from neurosim.errors import UserError, nearest
from neurosim.machine.parts import Memory, buffers
from neurosim.model.fixed import Fixed
from neurosim.study.fit.runs import longest_gap
from neurosim.study.fit.sizes import Sizes

# Bits of an instruction that are there whatever the sizes.
INSTRUCTION_BITS = {"inference": 24, "trtrl": 32, "rtrl": 36}


@lru_cache(maxsize=4096)
def memories(rule: str, s: Sizes, number: Fixed) -> tuple[Memory, ...]:
    """Return the memories of a chip, as ``study/hardware/summary.py`` lists those of a real one."""
    if rule not in LAYOUTS:
        raise UserError(
            f"{rule}: has no program for a chip.{nearest(rule, LAYOUTS)}"
            f" Rules that have: {', '.join(LAYOUTS)}."
        )
    word = number.word_bits
    w, x, y, u, x_bits = LAYOUTS[rule](s, number)
    words, bits = 1 << word - number.interpolation_bits, _instruction_bits(rule, s)
    found = [
        Memory("weights", s.lanes, w, number.weight_bits),
        Memory("x", s.lanes, x, x_bits),
        Memory("y", s.lanes, y, word),
        Memory("units", s.lanes, u, word),
        Memory("table", s.lanes, _rows(rule, s) + 1, _entry_bits(rule, s), rom=True),
        Memory("microcode", 1, _instructions(rule, s), bits, rom=True),
        Memory("activation table", 1, words, word, rom=True),
    ]
    if rule == "trtrl" and s.lanes > 1:
        turns = (s.lanes - 1).bit_length()
        found.append(Memory("turns", 1, s.turns, turns, rom=True))
    return (*found, *buffers(s.inputs, s.outputs, word))


# --- banks: words of weights, x, y and units, and bits of x ---------------------------------------

Layout = tuple[int, int, int, int, int]


def _inference(s: Sizes, number: Fixed) -> Layout:
    return s.lane_edges, 1, 1, s.array_at(2) + s.outputs, number.word_bits


def _trtrl(s: Sizes, number: Fixed) -> Layout:
    edges, units = s.lane_edges, s.array_at(5 + s.outputs) + s.outputs
    # what rides goes to y by the address of the unit bank, which has as many bits for that
    units = max(units, (1 << (3 * edges).bit_length() - 1) + 1)
    return edges, 3 * edges, 3 * edges + 1, units, number.word_bits


def _rtrl(s: Sizes, number: Fixed) -> Layout:
    kept = s.hosts * s.edges
    x_bits = sum_bits(number, s.forward.rows, 1 + (s.units - 1) * s.hosts + 1)
    units = s.array_at(2) + s.outputs + 2 * s.edges
    return s.lane_edges + 1, kept + s.lane_edges, kept + 1, units, x_bits


LAYOUTS: dict[str, Callable[[Sizes, Fixed], Layout]] = {
    "inference": _inference,
    "trtrl": _trtrl,
    "rtrl": _rtrl,
}


def sum_bits(number: Fixed, products: int, steps: int) -> int:
    """Return the bits of the accumulator that RTRL keeps its sums in, as the circuit has them.

    ``products`` are those of the longest sum of a pass, ``steps`` those that are added up in x.
    """
    below = number.word_bits - 1 + number.fraction_bits
    deeper = number.weight_fraction_bits
    product_shift, weight_shift = max(0, deeper - below), max(0, below - deeper)
    word_shift = number.fraction_bits + product_shift
    term = max(number.word_bits + word_shift, number.weight_bits + weight_shift)
    most = max(products, steps) << 2 * number.word_bits - 2 + product_shift
    exact = (most + (1 << term - 1)).bit_length() + 1
    weight = min(number.weight_bits, number.word_bits + deeper - number.fraction_bits)
    return max(exact, word_shift + number.word_bits + 1, weight_shift + weight + 1)


# --- tables and microcode -------------------------------------------------------------------------


def _rows(rule: str, s: Sizes) -> int:
    """Return the words of a lane's table: equal walks are there once."""
    shared = s.forward.rows + s.outputs + s.error.rows
    if rule == "inference":
        return shared
    if rule == "rtrl":
        again = s.forward.rows + s.outputs - 1 if s.lanes == 1 else 0
        return shared + _rtrl_loads(s) + s.edges + 2 * s.lane_edges - 1 - again
    if s.forward_with_loops.rows == s.forward.rows:  # learning off does without a walk of its own
        shared -= s.forward.rows
    if s.hosts == 1:  # one unit a lane: its edges and its neighbours stand in other walks
        shared -= s.edges_each + 1 + 2 * (s.units - 1)
    if s.outputs >= s.lanes:  # every lane has an output, and its edges stand in another walk
        shared -= s.output_hosts * (s.edges_each + 1)
    if s.lanes == 1 and s.outputs == 1:
        shared -= s.blame_sum.rows
    blamed = 0 if s.outputs == 1 or s.hosts == 1 or s.lanes == 1 else s.error.rows
    each = s.edges_each
    return (
        shared + s.forward_with_loops.rows + blamed + s.blame.rows + s.blame_sum.rows
        + 2 * s.hosts * (each + 1) + s.turns + 3
        + 2 * s.hosts * (s.units - 1) + s.hosts * (each - s.units + 2)
        + s.output_hosts * (each + 1) - 2 * (s.outputs == 1)
    )  # fmt: skip


def _rtrl_loads(s: Sizes) -> int:
    """Count the different slots that load weights, slopes and errors before a pass."""
    loads = s.units * s.hosts + s.hosts
    if s.lanes == 1:  # errors are loaded as slopes are, and one weight too
        return loads - 1
    as_slope = s.full_lanes == 1 and s.outputs == s.units
    return loads + s.outputs - as_slope


def _instructions(rule: str, s: Sizes) -> int:
    if rule == "rtrl":
        return 13 + 2 * s.units * s.hosts + 2 * s.hosts + 3 * s.outputs
    return {"inference": 5, "trtrl": 24}[rule]


def _entry_bits(rule: str, s: Sizes) -> int:
    """Return bits of a table's word: what to do, and the largest edge and unit it can be about."""
    edge, unit = s.lane_edges - 1, s.places + s.inputs
    if rule == "trtrl":
        unit = _nearest_unit(s)
    elif rule == "rtrl":
        edge, unit = s.hosts * s.edges - 1, max(unit, s.edges - 1)
    bits = unit.bit_length()
    if _is_far(rule, s):  # one bit of the place where a weight goes that rides stands elsewhere
        bits = max(bits, s.lane_edges.bit_length() - 1)
    return 3 + max(1, edge.bit_length()) + max(1, bits)


def _nearest_unit(s: Sizes) -> int:
    """Return the largest unit of TRTRL's walks but that which rides."""
    return max(s.places + s.inputs, (s.outputs - 1) * s.places + s.last_place)


def _is_far(rule: str, s: Sizes) -> bool:
    """Whether places of weights that ride have more bits than any other unit."""
    return rule == "trtrl" and s.lane_edges.bit_length() > _nearest_unit(s).bit_length()


def _instruction_bits(rule: str, s: Sizes) -> int:
    """Return bits of an instruction: offsets, its place in the table, its length, and the rest.

    Offsets are those of x, y, units, loads, results and words sent.
    """
    edges, shift, lanes = s.lane_edges, (s.hosts - 1) * s.edges, int(_is_far(rule, s))
    if rule == "inference":
        offsets, length = [s.array_at(2), s.array_at(1)], s.forward.rows
    elif rule == "trtrl":
        x, blame, target = 2 * edges, s.array_at(5), s.array_at(5 + s.outputs)
        offsets = [x, x, max(x, target), s.array_at(4), max(x, blame), s.array_at(4)]
        each = s.hosts * (s.edges_each + 1)
        length = max(s.forward_with_loops.rows, each, s.blame.rows, s.turns + 3)
    else:
        target = s.array_at(2)
        bursts = [target + s.outputs, target + s.outputs + s.edges]
        x, share = edges + shift, bursts[s.outputs > 1]
        offsets = [x, 1 + shift, bursts[1], s.array_at(1), max(x, share), bursts[1]]
        length = max(s.forward.rows, s.edges)
        lanes = 2 * s.lanes if s.lanes > 1 else 0  # which of them are hushed, and which are still
    numbers = (*offsets, length - 1, _rows(rule, s), longest_gap(s.forward, s.error))
    return INSTRUCTION_BITS[rule] + lanes + sum(number.bit_length() for number in numbers)
