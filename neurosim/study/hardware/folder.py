"""The folder ``rtl/``: a chip as Verilog, with a test bench, its vectors, and what explains them.

The same scenario gives the same bytes. What an earlier call wrote there and this one does not
(the tables of more lanes) is removed; files of the user's own stay, and so do changed ones.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from myhdl_core import testbench, verilog
from myhdl_core.assemble import Assembled
from myhdl_core.boards.board import Board
from myhdl_core.testbench import Vectors, Words
from neurosim.engines.cells import encoded_rate
from neurosim.engines.train import checked_stream
from neurosim.errors import UserError
from neurosim.learning.rule import Rule
from neurosim.model.fixed import Fixed
from neurosim.model.network import Network
from neurosim.schedule import Schedule
from neurosim.study import description, results
from neurosim.study.hardware import axi, boards, build, diagram, fusesoc, readme
from neurosim.study.hardware import map as word_map
from neurosim.study.hardware.check import Model
from neurosim.study.hardware.places import kept_words
from neurosim.study.hardware.summary import Chip
from neurosim.study.scenario import Scenario

# What tools find out about a chip, by its name in the record.
FOUND = ("check", "lint", "prediction", "synthesis", "placement", "netlist", "proof")
RTL, CONTENTS, DIAGRAM = "rtl", "contents.json", "chip.svg"
WAVEFORM, WAVES = "waveform.vcd", "waveform.gtkw"
# Steps of the test bench, of which the last few are done with learning off.
BENCH_STEPS, BENCH_WITHOUT_LEARNING = 24, 4
WAVEFORM_STEPS = 8


class Design(NamedTuple):
    """Everything that a chip is made of, and a series to try it on, (steps, inputs or outputs)."""

    network: Network
    rule: Rule
    number: Fixed
    assembled: Assembled
    chip: Chip
    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]


def write(
    design: Design, folder: Path, waveforms: bool = False, board: Board | None = None
) -> Path:
    """Write ``rtl/`` into a run folder, with what brings it onto a board, and return it.

    Raises
    ------
    UserError
        When it cannot be written.
    """
    rtl = folder / RTL
    with tempfile.TemporaryDirectory() as beside:
        made = Path(beside) / RTL
        _make(design, made, waveforms, board)
        with _writing(rtl):
            _move(made, rtl)
    return rtl


def keep(folder: Path, scenario: Scenario, record: Mapping[str, Any]) -> None:
    """Write into a run folder the scenario, which makes all of it again, and the figures."""
    keep_scenario(folder, scenario)
    text = json.dumps(record, indent=2, allow_nan=False) + "\n"
    results.place(folder / results.RECORD, text.encode())


def keep_scenario(folder: Path, scenario: Scenario) -> None:
    """Write the scenario into a run folder, so that commands can name it there."""
    text = description.toml(description.mapping(scenario))
    results.place(folder / results.SCENARIO, text.encode())


def carried(folder: Path) -> dict[str, Any]:
    """Return what tools found out before about the Verilog that now stands in a run folder."""
    digest = _verilog(folder / RTL)
    before: Any = {}
    with suppress(OSError, ValueError, RecursionError):
        before = json.loads((folder / results.RECORD).read_text("utf-8"))
    same = isinstance(before, dict) and before.get("verilog") == digest
    kept = {name: before[name] for name in FOUND if name in before} if same else {}
    return {**kept, "verilog": digest}


def _verilog(rtl: Path) -> str:
    """Return what tells one chip's Verilog from another's."""
    sums = json.loads((rtl / CONTENTS).read_text("utf-8"))
    design = {name: each for name, each in sums.items() if re.fullmatch(r"(?!.*_tb)\w+\.v", name)}
    return hashlib.sha256(json.dumps(design, sort_keys=True).encode()).hexdigest()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be written ({error.strerror}). Make room or name another folder"
            " with --out."
        ) from None


def _make(design: Design, made: Path, waveforms: bool, board: Board | None) -> None:
    from myhdl_core import formal
    from myhdl_core.emit import emit

    plan, number = design.assembled.learning, design.number
    emit(design.assembled.program, made)
    ports = verilog.ports_of(made / "network.v")
    expected = vectors(design)
    testbench.write(made, design.assembled.program.shape, expected)
    texts = {
        "map.csv": word_map.table(plan, number),
        DIAGRAM: diagram.drawn(design.chip, plan),
        "README.md": readme.text(design.chip, design.assembled, number, ports, waveforms),
    }
    if waveforms:
        record(design, made / WAVEFORM)
        widths = {port.name: port.bits for port in ports}
        texts[WAVES] = word_map.save_file(plan, number, WAVEFORM, widths)
    for name, content in texts.items():
        (made / name).write_text(content, "utf-8", newline="\n")
    axi.write(design.assembled, number, design.rule, made)
    formal.write(made, formal.facts_of(design.assembled))
    if board is not None:
        boards.write(design, expected, made, board)
    (made / fusesoc.NAME).write_text(fusesoc.text(made), "utf-8", newline="\n")
    sums = {path.relative_to(made).as_posix(): _sum(path) for path in sorted(_files(made))}
    (made / CONTENTS).write_text(json.dumps(sums, indent=1) + "\n", "utf-8")


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _move(made: Path, rtl: Path) -> None:
    """Move all files to their place, and remove what an earlier call left and nobody changed."""
    before: dict[str, str] = {}
    with suppress(OSError, ValueError):
        before = dict(json.loads((rtl / CONTENTS).read_text("utf-8")))
    new = {path.relative_to(made).as_posix() for path in _files(made)}
    for name, digest in before.items():
        old = rtl / name
        inside = ".." not in Path(name).parts and not Path(name).is_absolute()
        if name not in new and inside and old.is_file() and _sum(old) == digest:
            old.unlink()
    for name in sorted(new):
        (rtl / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made / name, rtl / name)


# --- vectors ----------------------------------------------------------------------------------


def vectors(design: Design) -> Vectors:
    """Return what the test bench loads and expects, as the software model computes it."""
    number, assembled = design.number, design.assembled
    steps = min(BENCH_STEPS, len(design.inputs))
    learning = max(1, steps - BENCH_WITHOUT_LEARNING)
    x, target = checked_stream(design.network, design.inputs[:steps], design.targets[:steps])
    samples, wanted = number.encode(x), number.encode(target)
    model = Model(design.network, design.rule, number)
    weights = next(_kept(model, assembled.learning))
    learn = tuple(n < learning for n in range(steps))
    outputs = [model.sample(*row) for row in zip(samples, wanted, learn, strict=True)]
    plans = [assembled.learning if on else assembled.inference for on in learn]
    return Vectors(
        rate=int(encoded_rate(number, design.rule)),
        learn=learn,
        cycles=tuple(plan.cycles for plan in plans),
        stream=tuple(np.concatenate([samples, wanted], axis=1).ravel().tolist()),
        outputs=tuple(np.concatenate(outputs).tolist()),
        weights=Words("weights", weights.bank, weights.first, weights.lanes),
        final=tuple(_kept(model, assembled.learning)),
    )


def _kept(model: Model, plan: Schedule) -> Iterator[Words]:
    """Yield what stands in the memories: the weights, and the words that the rule keeps."""
    for name, kept in kept_words(plan).items():
        lanes = kept.by_lane(model.raw(name), plan.lanes).tolist()
        name = "weights" if name == "w" else name
        yield Words(f"final_{name}", kept.bank, kept.offset, tuple(map(tuple, lanes)))


def record(design: Design, path: Path) -> None:
    """Write the waveform of a chip's first steps."""
    core = build(design.network, design.rule, design.number, design.chip.lanes, waveforms=True)
    steps = min(WAVEFORM_STEPS, len(design.inputs))
    with core.waveforms(path):
        core.run_block(design.inputs[:steps], design.targets[:steps])
    core.chip.close()
