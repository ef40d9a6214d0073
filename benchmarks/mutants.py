"""The mutation campaign: 200 changes of a small chip's circuit, of which nobody chose one.

Run it with ``python -m benchmarks.mutants``. Yosys draws the changes (`mutate -list`): a bit of a
port of a cell that is constant, inverted, or exchanged where another bit says so. All of them are
put into one Verilog, which is compiled once: its port ``mutant`` says which of them is there.
Each mutant goes through the check that chips go through, through its ports, and through resets in
the middle of a step. What no check showed is listed with the reason why it cannot matter, where
``mutants_reasons.py`` has one. It ends with 1 where fewer than 95 % of all were caught, whether the
others can matter or not, or one of the others has no reason, with 2 where it is asked for wrongly.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.chip_faults import RULE, SUBJECT, subject
from benchmarks.chip_verdicts import examined, sheltered, stream, told
from benchmarks.mutants_reasons import reason_for
from myhdl_core import verilator
from myhdl_core.core import Chip
from myhdl_core.silicon import yosys
from neurosim.errors import RunFailed, UserError
from neurosim.model.network import Network
from neurosim.study.hardware.check import compared
from neurosim.study.hardware.core import Core

COUNT, SEED, SELECT = 200, 1, "MUTANT"
WANTED = 0.95
GOOD, OFF, MISTAKEN = 0, 1, 2
RATES = (1, 42, 85, 127)  # raw, of the eight bits of the chip's words
CLEARING = 11  # cycles of a clear beyond those of its words, with the one in which it is asked for
TABLE = Path(__file__).resolve().parents[1] / "docs" / "mutants.csv"


@dataclass(frozen=True)
class Mutant:
    """A change of the circuit, and what showed it.

    Attributes
    ----------
    number
        From one, in the order in which Yosys drew them.
    mode, module, port
        What was changed: how, and which bit of which port of a cell of which module.
    source
        The first line of the Verilog that the cell comes from, as ``file:line``.
    text
        What stands there.
    caught_by
        What showed it; empty where nothing did.
    """

    number: int
    mode: str
    module: str
    port: str
    source: str
    text: str
    caught_by: str = ""

    @property
    def reason(self) -> str:
        """Why it cannot matter; empty where nobody knows."""
        return "" if self.caught_by else reason_for(self.module, self.mode, self.port, self.text)


def mutated(folder: Path, count: int, seed: int) -> list[Mutant]:
    """Write the chip with all its mutants as ``network.v`` into a folder, and return them."""
    texts = subject().texts
    for name, text in texts.items():
        (folder / f"{name}.sv").write_text(text)
    commands = [f"read_verilog {name}.sv" for name in sorted(texts)]
    commands += [
        "hierarchy -top network",
        "proc",
        "opt_expr",
        "opt_muxtree",
        "opt_reduce",
        "opt_merge",
        "wreduce",
        "opt_expr",
        "opt_clean",
        "memory_collect",
        "write_json circuit.json",
        "select -set circuit t:* t:$mem* %d",
        f"mutate -list {count * 5 // 4} -seed {seed} -ctrl mutant 16 1 -o mutants.txt @circuit",
        "script mutants.txt",
        "clean",
        "write_verilog -noattr -sv network.v",
    ]
    yosys.run(commands, folder, "the mutants")
    _name_banks(folder / "network.v")
    lines = (folder / "mutants.txt").read_text().splitlines()
    for path in folder.glob("*.sv"):
        path.unlink()
    modules = json.loads((folder / "circuit.json").read_text())["modules"]
    drawn = [(n, line) for n, line in enumerate(lines, 1) if not _changes_nothing(line, modules)]
    return [_parsed(number, line) for number, line in drawn[:count]]


def _changes_nothing(line: str, modules: dict[str, Any]) -> bool:
    """Return whether a bit becomes the constant that it is, as Yosys draws now and then."""
    found = dict(re.findall(r"-(mode|module|port|portbit|cell) (\S+)", line))
    cell = modules[found["module"].lstrip("\\")]["cells"].get(found["cell"].lstrip("\\"), {})
    bits = cell.get("connections", {}).get(found["port"], [])
    place = int(found["portbit"])
    return place < len(bits) and found["mode"] == f"const{bits[place]}"


def _name_banks(path: Path) -> None:
    """Give the banks names that a simulator and the harness take."""
    text = path.read_text()
    for number, name in enumerate(sorted(set(re.findall(r"^module (\\\S+memory)", text, re.M)))):
        text = text.replace(f"{name} ", f"memory_{number} ")
    path.write_text(text)


def _parsed(number: int, line: str) -> Mutant:
    found = dict(re.findall(r"-(mode|module|port|portbit|cell) (\S+)", line))
    source = re.search(r"-src (\w+)\.sv:(\d+)", line)
    cell = re.sub(r"\$\d+$", "", found["cell"]).split("$")
    kind = cell[1] if len(cell) > 1 else cell[0]
    port = f"{kind}.{found['port']}[{found['portbit']}]"
    module = found["module"].rpartition("\\")[2]
    place = text = ""
    if source:
        place, lines = f"{source[1]}:{source[2]}", subject().texts[source[1]].splitlines()
        text = lines[int(source[2]) - 1].strip()
    return Mutant(number, found["mode"], module, port, place, text)


# In the harness: all but a write is asked for at once during a reset, which picks the mutant.
ROUGH = (
    ("#include <cstdint>\n", "#include <cstdint>\n#include <cstdlib>\n"),
    ("RESET_CYCLES = 4", "RESET_CYCLES = 32"),
    (
        "top->start = top->clear = top->in_valid = top->host_write = top->host_read = 0;",
        "top->host_write = 0, top->start = top->clear = top->in_valid = top->host_read = 1;",
    ),
    (
        "        top->reset = 1;\n",
        f'        const char* pick = getenv("{SELECT}");\n'
        "        set(top->mutant, pick ? atoi(pick) : 0);\n"
        "        top->reset = 1;\n",
    ),
    (
        "        top->reset = 0;\n",
        "        top->reset = top->start = top->clear = top->in_valid = top->host_write"
        " = top->host_read = 0;\n",
    ),
)


def harness() -> str:
    """Return the harness of the chip, with rough resets that pick a mutant."""
    text = verilator.harness()
    for old, new in ROUGH:
        if old not in text:
            raise RunFailed(f"myhdl_core/harness.cpp has no {old.strip()!r} any more.")
        text = text.replace(old, new)
    return text


def built(folder: Path) -> Chip:
    """Compile the chip with all mutants; the one without a change is picked at first."""
    os.environ[SELECT] = "0"
    library = verilator.compile_library(folder, harness=harness())
    shape = subject().assembled.program.shape
    return Chip(library, shape.lanes, shape.word_bits, shape.weight_bits)


def searched(chip: Chip) -> tuple[str, int]:
    """Return what shows that a chip is not right: first the check of all chips, then more."""
    shown, steps = examined(chip)
    if shown:
        return shown, steps
    try:
        core = Core(subject().network, RULE, SUBJECT.fixed, subject().assembled, chip)
        checks = (interrupted, cleared, rated, extreme, swept)
        return next(filter(None, (check(core) for check in checks)), ""), steps
    except (RunFailed, UserError) as error:
        return str(error), steps


def interrupted(core: Core) -> str:
    """Reset the chip in the middle of a step, at several places, and see it work afterwards."""
    for cycles in (1, 3, 20, 57, 90):
        core.reset()
        x, target, learn = stream(8)
        core.train(x, target)
        raw = core.number.encode(np.concatenate([x[:1], target[:1]], axis=1))
        with suppress(RunFailed):
            core.chip.steps(raw, 1, target.shape[1], limit=cycles)
        core.reset()
        if found := told(compared(core, x, target, learn)):
            return f"reset in a step, {found[0]}"
    return ""


def cleared(core: Core) -> str:
    """See that a clear takes its time: every word of the deepest bank, and no more."""
    deepest = max(core.chip.depth(0, bank) for bank in range(4))
    before = core.chip.clock
    core.chip.clear()
    return "" if core.chip.clock - before == deepest + CLEARING else "cycles of a clear"


def rated(core: Core) -> str:
    """Learn with rates in which every bit is set and not set: odd ones have weights rounded."""
    for raw in RATES:
        rule = replace(RULE, learning_rate=raw / 2 ** (SUBJECT.fixed.word_bits - 1))
        again = Core(core.schedule.network, rule, SUBJECT.fixed, core.assembled, core.chip)
        if found := told(compared(again, *stream(40)[:2])):
            return f"rate {raw}, {found[0]}"
    return ""


def extreme(core: Core) -> str:
    """Learn with weights at both ends of their range, so that weights saturate."""
    network = core.schedule.network
    ends = (1.0 if n % 2 else -1.0 for n in range(len(network.edges)))
    reach = 2.0 ** (SUBJECT.fixed.weight_bits - 1 - SUBJECT.fixed.weight_fraction_bits)
    weights = {edge: reach * end for edge, end in zip(network.edges, ends, strict=True)}
    full = network.with_weights({edge: min(w, reach - 1e-9) for edge, w in weights.items()})
    found = told(compared(_loaded(core, full), *stream(30)[:2]))
    return f"weights at their ends, {found[0]}" if found else ""


def swept(core: Core) -> str:
    """Let the units have every sum that a word can be, each another one, by their biases."""
    network, number = core.schedule.network, SUBJECT.fixed
    one, words = 2.0**number.fraction_bits, 2**number.word_bits
    biases = [edge for edge in network.edges if edge[0] == "bias"]
    part = -(-words // len(biases))
    quiet = np.zeros((2, SUBJECT.inputs)), np.zeros((2, SUBJECT.outputs))
    for first in range(part):
        sums = ((first + n * part) % words - words // 2 for n in range(len(biases)))
        weights = dict.fromkeys(network.edges, 0.0)
        weights |= {edge: each / one for edge, each in zip(biases, sums, strict=True)}
        if found := told(compared(_loaded(core, network.with_weights(weights)), *quiet)):
            return f"all sums, {found[0]}"
    return ""


def _loaded(core: Core, network: Network) -> Core:
    """Return the chip with other weights, from its first step on."""
    plan = replace(core.assembled.learning, network=network)
    assembled = replace(core.assembled, learning=plan)
    return Core(network, RULE, SUBJECT.fixed, assembled, core.chip)


def campaign(count: int = COUNT, seed: int = SEED, show: bool = False) -> list[Mutant]:
    """Draw mutants and look at all of them."""
    verdicts = []
    with tempfile.TemporaryDirectory() as place:
        mutants = mutated(Path(place), count, seed)
        chip = built(Path(place))
        if found := sheltered(chip, searched)[0]:
            raise RunFailed(f"the chip without a change is not right: {found}")
        for mutant in mutants:
            os.environ[SELECT] = str(mutant.number)
            caught, _ = sheltered(chip, searched)
            verdicts.append(replace(mutant, caught_by=caught))
            if show:
                print(mutant.number, caught or f"NOT CAUGHT {verdicts[-1]}", flush=True)
    return verdicts


def table(mutants: Iterable[Mutant]) -> str:
    """Return the results as CSV."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["number", "mode", "module", "port", "source", "caught_by", "reason"])
    for each in mutants:
        caught = re.sub(r"[,\n].*", "", each.caught_by, flags=re.DOTALL)
        rows.writerow(
            [each.number, each.mode, each.module, each.port, each.source, caught, each.reason]
        )
    return written.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign and write its table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--show", action="store_true", help="say what becomes of each")
    parser.add_argument("--write", action="store_true", help=f"write docs/{TABLE.name}")
    given = parser.parse_args(arguments)
    if given.count < 1:
        parser.error(f"--count: must be 1 or more (got {given.count})")
    began = time.monotonic()
    try:
        mutants = campaign(given.count, given.seed, given.show)
    except (UserError, RunFailed) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return MISTAKEN if isinstance(error, UserError) else OFF
    if given.write:
        TABLE.write_text(table(mutants), "utf-8")
    return _told(mutants, time.monotonic() - began)


def _told(mutants: Sequence[Mutant], seconds: float) -> int:
    """Print what came out, and return how to end."""
    caught = sum(bool(each.caught_by) for each in mutants)
    silent = [each for each in mutants if not each.caught_by]
    for each in silent:
        print(f"{each.number} {each.mode} {each.source} {each.port}: {each.text}")
        print(f"    {each.reason or 'NO REASON'}")
    share = caught / len(mutants)
    print(
        f"{caught} of {len(mutants)} mutants caught ({share:.1%}), {len(silent)} left,"
        f" {sum(not each.reason for each in silent)} without a reason,"
        f" {seconds:.0f} s"
    )
    return OFF if share < WANTED or not all(each.reason for each in silent) else GOOD


if __name__ == "__main__":
    raise SystemExit(main())
