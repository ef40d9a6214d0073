"""The chips that docs/silicon.md measures, and what is wanted of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neurosim import machine
from neurosim.engines import simulated_step
from neurosim.learning import RTRL, TRTRL, Counts
from neurosim.learning.rule import Rule
from neurosim.machine import technology
from neurosim.machine.parts import Part, part_named
from neurosim.model import Fixed, Network
from neurosim.study.graphs import graph_from

RULES = {"TRTRL": TRTRL, "RTRL": RTRL}
RATE = 0.05
ENERGY_TABLE = "nm45"


@dataclass(frozen=True)
class Case:
    """A chip on a part, and the bounds that its figures have to keep.

    Attributes
    ----------
    name
        Of its row.
    rule, units, lanes, part
        What it is.
    least_mhz, most_luts_of_a_lane, most_luts_of_the_rest
        What is wanted; 0 where nothing is.
    drawn
        Whether its floorplan is the page's figure.
    """

    name: str
    rule: str
    units: int
    lanes: int
    part: str
    least_mhz: float = 0.0
    most_luts_of_a_lane: float = 0.0
    most_luts_of_the_rest: int = 0
    drawn: bool = False

    @property
    def target(self) -> Part:
        """The part."""
        return part_named(self.part)

    @property
    def network(self) -> Network:
        """The network: fully recurrent, with an input, a bias and an output."""
        graph, inputs, outputs = graph_from("fully_recurrent", units=self.units)
        return Network(graph, inputs, outputs, seed=0)

    def made(self, folder: Path) -> dict[str, Any]:
        """Write the chip's Verilog, and return what is known of it before any tool."""
        from myhdl_core.assemble import assemble
        from myhdl_core.emit import emit
        from myhdl_core.silicon.prediction import predicted
        from neurosim.study.hardware import axi, planned
        from neurosim.study.hardware.summary import summarised

        network, rule, number = self.network, RULES[self.rule](RATE), Fixed()
        assembled = assemble(planned(network, rule, number, self.lanes), number)
        emit(assembled.program, folder)
        memories = summarised(self.name, assembled, number, number_is_default=False).memories
        part = self.target
        axi.write(assembled, number, rule, folder)
        return {
            "rule": self.rule,
            "units": self.units,
            "lanes": self.lanes,
            "cycles": assembled.learning.cycles,
            "predicted": predicted(assembled.program, memories, part).as_dict(),
            "energy": energy(network, rule, self.lanes, number),
        }

    def missed(self, found: dict[str, Any]) -> list[str]:
        """Return what of what is wanted a row does not have, in words."""
        cells, placed = found["synthesis"], found.get("placement")
        wanted = [
            ("LUTs a lane", cells["luts_of_a_lane"], self.most_luts_of_a_lane, 1),
            ("LUTs of the rest", cells["luts_of_the_rest"], self.most_luts_of_the_rest, 1),
            ("MHz", placed["worst_mhz"] if placed else 0, self.least_mhz, -1),
        ]
        missed = [
            f"{what}: {value:g}, and {bound:g} at {'most' if sign > 0 else 'least'} are wanted"
            for what, value, bound, sign in wanted
            if bound and sign * value > sign * bound
        ]
        return missed + [f"alarm: {alarm}" for alarm in cells["alarms"]]


def energy(network: Network, rule: Rule, lanes: int, number: Fixed) -> dict[str, Any]:
    """Return an estimate of a learning step's energy by published figures of a 45 nm chip, in pJ.

    What the step computes, by the clocked engine's counts; its reads and writes, each as an access
    to a memory as large as a lane's share of the words kept. Clock, control, wires and what makes
    an FPGA an FPGA are not in it.
    """
    chip = machine.load("chip")
    chip = replace(chip, compute=replace(chip.compute, lanes=lanes))
    _, counts = simulated_step(network, chip.as_run(rule), chip.on(len(network.units)), number)
    table, access = technology.load(ENERGY_TABLE), _access(counts, lanes, number)
    parts = {
        "multiply": counts.multiplications * table.multiply(number).pj,
        "add": counts.additions * table.add(number).pj,
        "activate": counts.activations * table.activate(number).pj,
        "memory": (counts.reads + counts.writes) * access,
    }
    return {"table": ENERGY_TABLE, "pj": {name: round(pj, 1) for name, pj in parts.items()}}


def _access(counts: Counts, lanes: int, number: Fixed) -> float:
    """Return the energy of an access to a word of a lane's memory, in pJ."""
    bits = -(-counts.stored_words // lanes) * number.word_bits
    return technology.load(ENERGY_TABLE).sram_read(bits, number.word_bits).pj


_PAIRS = tuple(
    Case(f"{rule.lower()}-{units}", rule, units, 4, "ecp5-85f")
    for units in (8, 12, 16)
    for rule in ("TRTRL", "RTRL")
)
CASES = (
    Case("ecp5", "TRTRL", 32, 8, "ecp5-85f", 100, 250, 2000, drawn=True),
    Case("up5k", "TRTRL", 16, 4, "ice40-up5k", 30),
    Case("gw2a", "TRTRL", 32, 4, "gw2a-18", 100),
    Case("artix7", "TRTRL", 32, 8, "artix7-100t"),
    *_PAIRS,
)
