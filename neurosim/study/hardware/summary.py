"""What there is to say about a chip before it is built: schedule and memories in figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from myhdl_core.assemble import Assembled
from myhdl_core.circuit import Circuit, circuit_of
from myhdl_core.contents import contents, varying_bits
from neurosim.machine.parts import Fit, Memory, buffers
from neurosim.model.fixed import Fixed
from neurosim.schedule import Schedule
from neurosim.study.hardware.check import Checked

# The clock of the machine `chip` on the shelf; which clock a part reaches is for synthesis to say.
CLOCK_MHZ = 100.0
SCHEMA = 1  # of `hardware.json`


@dataclass(frozen=True)
class PassLine:
    """A pass of the step: its first cycle, its cycles and its multiplications."""

    start: int
    cycles: int
    phase: str
    name: str
    multiplications: int


@dataclass(frozen=True)
class Chip:
    """A chip in figures.

    Attributes
    ----------
    name, rule, number
        What it was made of, in words.
    units, edges, lanes
        Sizes.
    cycles, inference_cycles
        Of a step with learning on, and off.
    multiplications, utilisation
        Products of a learning step, and their share of what the multipliers could do in it.
    instructions, instruction_bits, table_words, table_bits
        The microcode, and the tables of each lane.
    memories
        All memories.
    word_bits, fraction_bits
        Of a word, and how many of them stand behind the point.
    phases
        Cycles of a learning step by phase, in which the phase's passes are issued or waited for.
    phase_names
        What the numbers mean that the chip shows as ``phase``.
    passes
        The passes of a learning step, in the order of issue.
    """

    name: str
    rule: str
    number: str
    number_is_default: bool
    units: int
    edges: int
    lanes: int
    cycles: int
    inference_cycles: int
    multiplications: int
    utilisation: float
    instructions: int
    instruction_bits: int
    table_words: int
    table_bits: int
    word_bits: int
    fraction_bits: int
    memories: tuple[Memory, ...]
    phases: tuple[tuple[str, int], ...]
    phase_names: tuple[str, ...]
    passes: tuple[PassLine, ...]

    @property
    def steps_per_second(self) -> float:
        """Learning steps a second at the clock that is assumed."""
        return CLOCK_MHZ * 1e6 / self.cycles


def summarised(name: str, assembled: Assembled, number: Fixed, number_is_default: bool) -> Chip:
    """Return the figures of a chip."""
    plan, program = assembled.learning, assembled.program
    circuit = circuit_of(program)
    return Chip(
        name=name,
        rule=plan.rule.title,
        number=number.name,
        number_is_default=number_is_default,
        units=len(plan.network.units),
        edges=len(plan.network.edges),
        lanes=plan.lanes,
        cycles=plan.cycles,
        inference_cycles=assembled.inference.cycles,
        multiplications=plan.multiplications,
        utilisation=plan.utilisation,
        instructions=len(program.instructions),
        instruction_bits=circuit.instruction_bits,
        table_words=len(program.tables[0]) + 1,
        table_bits=program.shape.entry_bits,
        word_bits=number.word_bits,
        fraction_bits=number.fraction_bits,
        memories=_memories(assembled, circuit),
        phases=_phases(plan),
        phase_names=assembled.phases,
        passes=tuple(
            PassLine(t.start, t.burst.length, t.burst.phase, t.burst.name, t.burst.multiplications)
            for t in plan.steps
        ),
    )


def _memories(assembled: Assembled, circuit: Circuit) -> tuple[Memory, ...]:
    """Return the memories of the lanes, then the ROMs."""
    program, shape = assembled.program, assembled.program.shape
    lanes, word, roms = shape.lanes, shape.word_bits, contents(program)
    entry, instruction = shape.entry_bits, circuit.instruction_bits
    found = [
        Memory("weights", lanes, shape.w_depth, shape.weight_bits),
        Memory("x", lanes, shape.x_depth, circuit.x_bits),
        Memory("y", lanes, shape.y_depth, word),
        Memory("units", lanes, max(shape.u_depth, (1 << circuit.address_bits["u"] - 1) + 1), word),
        _rom("table", roms.tables, entry),
        _rom("microcode", [roms.microcode], instruction),
        _rom("activation table", [roms.activation], word),
    ]
    if roms.turns:
        found.append(_rom("turns", [roms.turns], circuit.turn_bits))
    return (*found, *buffers(shape.inputs, shape.targets, word))


def _rom(name: str, each: Sequence[Sequence[int]], bits: int) -> Memory:
    """Return ROMs of one size, by what stands in each."""
    varying = tuple(varying_bits(words, bits) for words in each)
    return Memory(name, len(each), len(each[0]), bits, rom=True, varying=varying)


def _phases(plan: Schedule) -> tuple[tuple[str, int], ...]:
    """Divide a step's cycles among its phases: each lasts until the next one begins."""
    cycles: dict[str, int] = {}
    ends = [*(start for start, _ in plan.phases[1:]), plan.cycles]
    for (start, phase), end in zip(plan.phases, ends, strict=True):
        cycles[phase] = cycles.get(phase, 0) + end - start
    first = plan.phases[0]
    cycles[first[1]] += first[0]
    return tuple(cycles.items())


def counted(count: int, what: str) -> str:
    """Return how many there are, in words: ``1 lane``, ``2 lanes``."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def figures(chip: Chip, fit: Fit | None) -> dict[str, Any]:
    """Return a chip as JSON has it, which ``record.read`` reads back."""
    found = {"schema": SCHEMA, **asdict(chip)}
    found["phases"] = dict(chip.phases)
    found["clock_mhz_assumed"] = CLOCK_MHZ
    found["steps_per_second"] = chip.steps_per_second
    if fit is not None:
        found["fit"] = fit.as_dict()
    return found


def compared_as(checked: Checked, lint: str | None) -> dict[str, Any]:
    """Return what a check found as JSON has it."""
    first = None if checked.first is None else checked.first._asdict()
    return {
        "check": {**asdict(checked), "first": first, "passed": checked.passed},
        "lint": lint,
    }
