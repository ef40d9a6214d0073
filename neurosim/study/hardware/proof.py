"""What is proved of a chip, and what its netlist computes: the figures, as plain data."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from neurosim.engines.train import checked_stream
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Format
from neurosim.model.fixed import Fixed
from neurosim.model.network import Network
from neurosim.study.hardware import planned
from neurosim.study.hardware.check import NAMES, Model
from neurosim.study.hardware.core import Core

if TYPE_CHECKING:
    from myhdl_core.assemble import Assembled
    from myhdl_core.formal import Proof

#: Steps without learning in the comparison of a netlist: every so many.
WITHOUT_LEARNING = 11


@dataclass(frozen=True)
class Proved:
    """What became of all tasks of a chip.

    Attributes
    ----------
    proofs
        One for each task, with its properties.
    """

    proofs: tuple[Proof, ...]

    @property
    def passed(self) -> bool:
        """Whether every property was proved."""
        return all(proof.holds for proof in self.proofs)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "passed": self.passed,
            "tasks": [
                asdict(proof) | {"properties": dict(proof.properties)} for proof in self.proofs
            ],
        }


@dataclass(frozen=True)
class NetlistChecked:
    """What a comparison of a netlist with the model found.

    Attributes
    ----------
    steps, words
        How many steps were compared, and words in them.
    differing, cycles_differing
        How many words differ, and how many steps took another time than the schedule says.
    first
        The first difference in words; empty where there is none.
    synthesis_seconds, seconds
        How long it took to make the netlist, and to compile and simulate it.
    """

    steps: int
    words: int
    differing: int
    first: str
    cycles_differing: int
    synthesis_seconds: float
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether nothing differs."""
        return not (self.differing or self.cycles_differing)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self) | {"passed": self.passed}


def proved(rtl: Path, assembled: Assembled) -> Proved:
    """Prove the properties of a chip that stand in ``rtl/formal``.

    Parameters
    ----------
    rtl
        Holds the chip's Verilog.
    assembled
        What it was made from.

    Raises
    ------
    UserError
        When a tool is missing.
    RunFailed
        When the Verilog is not taken.
    """
    from myhdl_core import formal

    return Proved(formal.prove(rtl, formal.facts_of(assembled)))


def netlist_checked(
    network: Network,
    rule: Rule,
    number: Fixed,
    lanes: int | None,
    inputs: ArrayLike,
    targets: ArrayLike,
) -> NetlistChecked:
    """Synthesise a chip for the iCE40, and compare what its cells compute with the model.

    Parameters are those of ``check``. After every step all weights and all that the rule keeps are
    read through the host port, as a netlist has no memories to look into.

    Raises
    ------
    UserError
        When a tool is missing.
    RunFailed
        When a tool does not take the Verilog.
    """
    from myhdl_core import netlist
    from myhdl_core.assemble import assemble
    from myhdl_core.core import Chip
    from myhdl_core.emit import emit
    from myhdl_core.verilator import compile_library

    assembled = assemble(planned(network, rule, number, lanes), number)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        rtl, made = Path(place) / "rtl", Path(place) / "netlist"
        made.mkdir()
        emit(assembled.program, rtl)
        netlist.write(rtl, made)
        synthesised = time.monotonic()
        library = compile_library(made)
    shape = assembled.program.shape
    with Chip(library, shape.lanes, shape.word_bits, shape.weight_bits) as chip:
        found = _compared(Core(network, rule, number, assembled, chip), inputs, targets)
    ended = time.monotonic()
    return NetlistChecked(*found, synthesised - began, ended - synthesised)


def _compared(core: Core, inputs: ArrayLike, targets: ArrayLike) -> tuple[int, int, int, str, int]:
    """Return steps, words, words that differ, the first difference, and steps of another length."""
    network, number = core.schedule.network, core.number
    x, target = checked_stream(network, inputs, targets)
    model = Model(network, core.rule, number)
    words = differing = late = 0
    first = ""
    for step, (sample, wanted) in enumerate(zip(x, target, strict=True)):
        learn = step % WITHOUT_LEARNING != WITHOUT_LEARNING - 1
        output = model.sample(number.encode(sample), number.encode(wanted), learn)
        pairs = {"output": (number.decode(output), core.step(sample, wanted, learn))}
        pairs["w"] = (number.decode(model.raw("w"), Format.WEIGHT), core.weight_vector)
        for name, kept in core.sensitivities.items():
            pairs[name] = (number.decode(model.raw(name)), kept)
        for name, (expected, seen) in pairs.items():
            wrong = int(np.count_nonzero(expected != seen))
            words, differing = words + np.size(expected), differing + wrong
            if wrong and not first:
                first = f"step {step}: {NAMES.get(name, name)}: {wrong} words differ"
        plan = core.assembled.learning if learn else core.assembled.inference
        if core.cycles != plan.cycles:
            late += 1
            told = f"step {step}: {core.cycles:,} cycles, {plan.cycles:,} expected"
            first = first or told
    return len(x), words, differing, first, late
