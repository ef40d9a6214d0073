"""Where every word of every neuron lies on the chip, by the names that its user gave.

``map.csv`` is for whoever reads or writes the memories; the save file for GTKWave shows the same
words as waves, one group a neuron. Both are for people: no name of a user's node is in the Verilog.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log2

from neurosim.model.fixed import Fixed
from neurosim.model.neuron import Role
from neurosim.schedule import Schedule, Source
from neurosim.schedule.bursts import SUM, P
from neurosim.schedule.lowering import NEW, OLD
from neurosim.study.hardware.places import BANKS

HEADER = (
    "neuron", "word", "source", "lane", "memory", "bank", "address", "bits", "fraction_bits",
    "meaning",
)  # fmt: skip
MEMORIES = {
    Source.WEIGHT: "u_weights",
    Source.X: "u_x",
    Source.Y: "u_y",
    Source.UNIT: "u_units",
}
MEANINGS = {
    "w": "weight",
    "a": "sensitivity of the neuron to its own weight",
    "b": "sensitivity of the edge's source to the weight",
    "p": "sensitivity of the neuron to the weight of any edge",
    "a_sum": "sum on the way to a",
    "b_sum": "sum on the way to b",
    "g": "gradient",
    "w_reverse": "operand of the weight of the edge in the other direction",
    "y.old": "activation, first of two places that change roles every step",
    "y.new": "activation, second of two places that change roles every step",
    "slope": "slope of the activation function",
    "error": "error of an output",
    "target": "target of an output",
    "v": "error times slope",
    "q": "blame from the outputs, summed",
    "loop weight": "operand of the weight of the neuron's edge to itself",
    "blame_in": "blame from an output",
}
# Groups begin and end with these flags in a GTKWave save file; a group that ends is closed.
_BEGIN, _CLOSED, _END = "@800200", "@c00200", "@1000200"
# A word as a signed fixed-point number, a number without sign, a bit.
_FIXED, _PLAIN, _BIT = "@40000420", "@24", "@28"
# Width of the waves in GTKWave's window, about.
WINDOW = 900
_CONTROL = (
    "clk", "reset", "start", "learn", "clear", "busy", "done", "phase", "cycles", "saturated",
)  # fmt: skip
_STREAM = ("in_valid", "in_ready", "in_data", "out_valid", "out_data")
_HOST = (
    "host_lane", "host_bank", "host_address", "host_write", "host_data", "host_read", "host_ready",
    "host_valid", "host_q",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A word of a neuron: what it is, and where.

    ``source`` is the node at the other end of the edge, or nothing for a word of the neuron itself;
    for RTRL's ``p``, which has a word for each edge of the network, it is that edge.
    """

    neuron: str
    word: str
    source: str
    lane: int
    memory: Source
    address: int
    bits: int
    fraction_bits: int


def places(plan: Schedule, number: Fixed) -> Iterator[Place]:
    """List the words of all neurons, those of a neuron's edges in the order of its slots."""
    placement, network = plan.placement, plan.network
    edges = network.edges
    word = (number.word_bits, number.fraction_bits)
    weight = (number.weight_bits, number.weight_fraction_bits)
    by_unit = [name for name in placement.offsets if name not in (*placement.banks, P, SUM)]
    for unit in network.neurons[: len(network.units)]:
        lane, first = placement.lane[unit.number], placement.first[unit.number]
        memories = plan.rule.described(unit, network)
        for name in ("w", *sorted(set(placement.banks) & set(memories))):
            bank = Source.WEIGHT if name == "w" else placement.banks[name]
            offset, form = placement.offsets.get(name, 0), weight if name == "w" else word
            for n in range(min(memories[name].words, unit.edges)):
                source, address = edges[unit.first_edge + n][0], offset + first + n
                yield Place(unit.name, name, source, lane, bank, address, *form)
        if P in placement.offsets:  # RTRL: all edges, for every unit
            start = placement.offsets[P] + placement.lanes[lane].index(unit) * len(edges)
            for e, (source, owner) in enumerate(edges):
                yield Place(unit.name, P, f"{source} -> {owner}", lane, Source.Y, start + e, *word)
        for name in by_unit:
            memory = memories.get("y" if name in (OLD, NEW) else name)
            if memory is None or memory.role is Role.INBOX:
                continue
            place = unit.output if name == "target" else placement.place[unit.number]
            address = placement.offsets[name] + (place or 0)
            yield Place(unit.name, name, "", lane, Source.UNIT, address, *word)


def table(plan: Schedule, number: Fixed) -> str:
    """Return the map as CSV; names of nodes are quoted where CSV asks for it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADER)
    for p in places(plan, number):
        memory, bank = MEMORIES[p.memory], BANKS[p.memory]
        meaning = MEANINGS.get(p.word, "")
        writer.writerow((p.neuron, p.word, p.source, p.lane, memory, bank, p.address, p.bits,
                         p.fraction_bits, meaning))  # fmt: skip
    return buffer.getvalue()


# --- waves ------------------------------------------------------------------------------------


def save_file(plan: Schedule, number: Fixed, waveform: str, widths: dict[str, int]) -> str:
    """Return a GTKWave save file for a waveform of the chip.

    ``widths`` are the bits of the chip's ports.
    """
    lines = [f'[dumpfile] "{waveform}"', "[timestart] 0", "[size] 1600 900", "[sst_width] 250",
             "[signals_width] 300", "[sst_expanded] 0"]  # fmt: skip
    # the first step, at 2 ns a cycle, fills the window; unmagnified a nanosecond takes 200 pixels
    lines.append(f"*{-log2(2 * plan.cycles * 200 / WINDOW):.6f}{' -1' * 27}")
    lines += _group("sequencer", _signals(_CONTROL, widths, number))
    lines += _group("bus and stream", [*_signals(_STREAM, widths, number), *_bus(plan, number)])
    by_neuron: dict[str, list[Place]] = {}
    for place in places(plan, number):
        by_neuron.setdefault(place.neuron, []).append(place)
    for n, (neuron, words) in enumerate(by_neuron.items()):
        kept = [p for p in words if p.word in _SHOWN]
        traces = [line for p in sorted(kept, key=_order) for line in _trace(p, number)]
        lines += _group(f"neuron {_plain(neuron)}, lane {words[0].lane}", traces, closed=n > 0)
    lines += _group("host port", _signals(_HOST, widths, number), closed=True)
    return "\n".join(lines) + "\n"


_SHOWN = ("y.old", "y.new", "slope", "error", "target", "w", "a", "b")


def _order(place: Place) -> int:
    return _SHOWN.index(place.word)


def _group(name: str, traces: Iterable[str], closed: bool = False) -> list[str]:
    return [_CLOSED if closed else _BEGIN, f"-{name}", *traces, _END, f"-{name}"]


def _signals(names: Iterable[str], widths: dict[str, int], number: Fixed) -> list[str]:
    lines = []
    for name in names:
        bits = widths[name]
        shown = f"TOP.network.{name}" + (f"[{bits - 1}:0]" if bits > 1 else "")
        if name in ("in_data", "out_data"):
            lines += [_FIXED, f"[fpshift_count] {number.fraction_bits}", shown]
        else:
            lines += [_BIT if bits == 1 else _PLAIN, shown]
    return lines


def _bus(plan: Schedule, number: Fixed) -> list[str]:
    """Return what shows the words that come down the bus, as lane 0 hears them."""
    lane = "TOP.network.u_lane_0.u_units"
    return [
        _BIT, f"+{{down write}} {lane}.write",
        _FIXED, f"[fpshift_count] {number.fraction_bits}",
        f"+{{down word}} {lane}.data[{number.word_bits - 1}:0]",
    ]  # fmt: skip


def _trace(place: Place, number: Fixed) -> list[str]:
    alias = {"y.old": "activation (0)", "y.new": "activation (1)", "w": "weight"}.get(
        place.word, place.word
    )
    if place.source:
        alias += f" from {_plain(place.source)}"
    memory = f"TOP.network.u_lane_{place.lane}.{MEMORIES[place.memory]}"
    signal = f"{memory}.words[{place.address}][{place.bits - 1}:0]"
    return [_FIXED, f"[fpshift_count] {place.fraction_bits}", f"+{{{alias}}} {signal}"]


def _plain(name: str) -> str:
    """Return a name as a save file can hold it: printable letters of ASCII, without braces."""
    return re.sub(r"[^A-Za-z0-9_.:+*/()-]+", "_", name)[:60] or "_"
