"""What becomes of a fault: the chip with it is compiled, checked, and made to fail or not.

It goes through the check that all chips go through, and then through one of its ports: a stream
that stalls, the host port, the flag of saturation.
"""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.chip_exact import kept_apart
from benchmarks.chip_faults import RULE, SUBJECT, Fault, subject
from benchmarks.chip_reasons import circuit_reason, unused_field, unused_part
from myhdl_core import verilator
from myhdl_core.core import Chip
from neurosim.errors import RunFailed, UserError
from neurosim.study.hardware.check import Checked, Model, compared
from neurosim.study.hardware.core import Core

LENGTHS = (1, 4, 16, 64, 300)  # steps of one check after the other, from the beginning each
STALL = (1, 0, 0, 1, 1, 0)
SECONDS_AT_MOST = 120
Examination = Callable[[Chip], tuple[str, int]]


@dataclass(frozen=True)
class Verdict:
    """What became of a fault: what showed it, and after how many steps."""

    fault: Fault
    caught_by: str = ""
    steps: int = 0
    refused: str = ""  # by the compiler

    @property
    def shown(self) -> str:
        """What showed it; empty where it went through."""
        return self.caught_by or (self.refused and "does not compile")

    @property
    def reason(self) -> str:
        """Why a fault that nothing showed cannot matter; empty where nobody knows."""
        module, kind, what = self.fault.module, self.fault.kind, self.fault.what
        program = subject().assembled.program
        word = re.match(r"word (\d+): (\w+)", what)
        if word and module == "microcode":
            return unused_field(program, int(word[1]), word[2])
        if word and module.startswith("table_"):
            return unused_part(program, int(module.removeprefix("table_")), int(word[1]), kind)
        return circuit_reason(module, kind, what)

    @property
    def passed(self) -> bool:
        """Whether it was caught, or cannot matter."""
        return bool(self.caught_by or self.refused or self.reason)


def built(folder: Path, fault: Fault | None = None) -> Chip:
    """Compile the chip, with a fault or without, quickly: it will not run for long."""
    chip = subject()
    for name, text in chip.texts.items():
        lines = text.splitlines()
        for line, new in fault.edits if fault and fault.module == name else ():
            lines[line] = new
        (folder / f"{name}.v").write_text("\n".join(lines) + "\n")
    with patch.multiple(verilator, FAST="-O0", SLOW="-O0"):
        library = verilator.compile_library(folder)
    shape = chip.assembled.program.shape
    return Chip(library, shape.lanes, shape.word_bits, shape.weight_bits)


def judge(fault: Fault | None) -> Verdict:
    """Put a fault into the chip, and see whether the check notices."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            chip = built(Path(folder), fault)
        except RunFailed as error:
            return Verdict(fault, refused=str(error))  # type: ignore[arg-type]
        caught_by, steps = sheltered(chip)
    return Verdict(fault, caught_by, steps)  # type: ignore[arg-type]


def sheltered(chip: Chip, examine: Examination | None = None) -> tuple[str, int]:
    """Examine a chip in a process of its own: a circuit that never settles ends it."""
    examine = examine or examined
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(SECONDS_AT_MOST)
        try:
            with open(writing, "wb") as pipe:
                pipe.write(json.dumps(examine(chip)).encode())
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with open(reading, "rb") as pipe:
        answer = pipe.read()
    ending = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(ending):
        return "hang (does not settle)", 0
    if ending:
        raise RuntimeError("a chip could not be examined; see above")
    caught_by, steps = json.loads(answer)
    return str(caught_by), int(steps)


def stream(steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return inputs, targets and when to learn: words that saturate come only now and then."""
    random = np.random.default_rng(5)
    reach = np.where(np.arange(steps) % 8 < 6, 0.9, 1.99)[:, None]
    inputs = reach * random.uniform(-1, 1, (steps, SUBJECT.inputs))
    targets = reach * random.uniform(-1, 1, (steps, SUBJECT.outputs))
    return inputs, targets, np.arange(steps) % 11 != 3


def examined(chip: Chip) -> tuple[str, int]:
    """Return what shows that a chip is not right, and after how many steps; nothing if all is."""
    steps = 0
    try:
        network, assembled = subject().network, subject().assembled
        core = Core(network, RULE, SUBJECT.fixed, assembled, chip)
        for steps in LENGTHS:
            core.reset()
            x, target, learn = stream(steps)
            if shown := told(compared(core, x, target, learn)):
                return shown
        return next(filter(None, (port(core), stalls(core), flag(core))), ""), steps
    except (RunFailed, UserError) as error:
        return (f"hang: {error}" if "come to an end" in str(error) else str(error)), steps


def told(checked: Checked) -> tuple[str, int] | None:
    """Say what a check found."""
    found = []
    if checked.first is not None:
        found.append(checked.first.word)
    if checked.cycles_differing:
        found.append("cycle")
    if checked.phases_differing:
        found.append("phase")
    first = checked.steps if checked.first is None else checked.first.step + 1
    return (", ".join(found), first) if found else None


def stalls(core: Core, steps: int = 20) -> str:
    """Let the stream stall now and then: words stay the same."""
    core.reset()
    x, target, _ = stream(steps)
    number = core.number
    raw = np.concatenate([number.encode(x), number.encode(target)], axis=1)
    done = core.chip.steps(raw, steps, target.shape[1], offer=STALL)
    model = Model(core.schedule.network, core.rule, number)
    samples = zip(number.encode(x), number.encode(target), strict=True)
    wanted = [model.sample(sample, wish, True) for sample, wish in samples]
    same = np.array_equal(done.outputs, wanted) and not kept_apart(core, model)
    return "" if same else "stalled stream"


def port(core: Core) -> str:
    """Read and write all memories through the host port; a read leaves all of them as they are."""
    places = [(lane, bank) for lane in range(core.chip.lanes) for bank in range(4)]
    for learn in (True, False):
        core.step(np.zeros(SUBJECT.inputs), np.zeros(SUBJECT.outputs), learn)
        held = [core.chip.peek(*place) for place in places]
        read = [core.chip.read(*at, 0, len(words)) for at, words in zip(places, held, strict=True)]
        later = [core.chip.peek(*place) for place in places]
        if not all(map(np.array_equal, held + held, read + later)):
            return "host port"
    random = np.random.default_rng(6)
    for place in places:
        words = random.integers(-128, 128, core.chip.depth(*place))
        core.chip.write(*place, 0, words)
        if not np.array_equal(core.chip.peek(*place), words):
            return "host port"
    core.reset()
    held = [core.chip.peek(lane, bank) for lane in range(core.chip.lanes) for bank in (1, 2, 3)]
    return "cleared memory" if any(map(np.any, held)) else ""


def flag(core: Core) -> str:
    """See that the flag of saturation shows a clipped word, and a clipped weight, and no other."""
    core.reset()
    quiet = core.saturated
    core.step(np.zeros(SUBJECT.inputs), np.zeros(SUBJECT.outputs))
    quiet |= core.saturated
    network = core.schedule.network
    full = next(e for e in network.edges if e[0] == "bias" and e[1] in network.outputs)
    core.weights = {edge: 1.5 * (edge == full) for edge in network.edges}
    core.step(np.zeros(SUBJECT.inputs), np.zeros(SUBJECT.outputs))
    quiet |= core.saturated
    core.train(*stream(40)[:2])
    words = core.saturated
    core.reset()
    core.weights = {edge: 2.0 * (edge == full) for edge in network.edges}
    core.step(np.zeros(SUBJECT.inputs), np.full(SUBJECT.outputs, 1.9))
    return "" if words and core.saturated and not quiet else "saturated"
