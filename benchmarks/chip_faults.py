"""Single faults in a small chip's Verilog: can the check fail? Each has to be caught.

A fault is one change of one statement: of a field of one instruction, of one entry of a table, or
of one token of the circuit. The chip with the fault is compiled and goes through the check that
chips go through, and through one of its ports: a stream that stalls, the host port, the flag.
Faults are drawn by a seed, in turn from every kind and, within a kind, from every module.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

import neurosim as ns
from benchmarks.chip_exact import Case, network_of
from myhdl_core.assemble import Assembled, assemble
from myhdl_core.circuit import OFFSETS, Circuit, circuit_of
from myhdl_core.emit import emit
from neurosim.model.network import Network
from neurosim.study.hardware import planned

# Every kind of operand, both kinds of lane (full and not), a rotator of two stages; words that
# saturate, and weights whose learning step is rounded.
SUBJECT = Case(5, 2, 2, 0.7, (8, 6, 16, 12, 6), 3)
RULE = ns.TRTRL(0.3)


class Fault(NamedTuple):
    """Lines of a module that are changed; ``what`` tells it to people."""

    kind: str
    module: str
    edits: tuple[tuple[int, str], ...]
    what: str

    @property
    def place(self) -> str:
        """Module and line, counted from one."""
        return f"{self.module}:{self.edits[0][0] + 1}"


class Subject(NamedTuple):
    """The chip without a fault."""

    network: Network
    assembled: Assembled
    circuit: Circuit
    texts: dict[str, str]


@lru_cache(maxsize=1)
def subject() -> Subject:
    """Return the chip that the faults are put into."""
    network = network_of(SUBJECT)
    plan = planned(network, RULE, SUBJECT.fixed, SUBJECT.lanes)
    assembled = assemble(plan, SUBJECT.fixed)
    with tempfile.TemporaryDirectory() as folder:
        texts = {path.stem: path.read_text() for path in emit(assembled.program, Path(folder))}
    return Subject(network, assembled, circuit_of(assembled.program), texts)


# --- faults in what the chip is told to do ----------------------------------------------------

WORD = re.compile(r"^( +words\[\d+\] = )(\d+)'h([0-9a-f]+);$")
# Fields that count something; of all others single bits are changed.
COUNTS = {"gap": "gap", "start": "start of a section", "length": "length of a section",
          "phase": "phase"} | dict.fromkeys(OFFSETS, "offset")  # fmt: skip
KINDS = {
    "subtract": "subtract", "dot": "dot", "factor": "rate or minus one",
    "u_old": "half of the unit bank", "u_new": "half of the unit bank",
    "load_old": "half of the unit bank", "load_new": "half of the unit bank",
    "store_x": "destination", "store_y": "destination", "store_w": "destination",
    "say": "destination", "to_bus": "destination", "to_unit": "destination",
    "activate": "destination", "give": "destination", "mute": "send", "ride": "rotator on or off",
    "take": "stream or table", "end": "end of the program",
}  # fmt: skip
ACTS = {(1, 0): "LOAD missing", (2, 3): "LAST for WORD", (3, 2): "WORD for LAST",
        (2, 0): "WORD missing", (3, 0): "LAST missing", (0, 2): "WORD added"}  # fmt: skip


def program_faults() -> Iterator[Fault]:
    """Yield every fault in the microcode, the tables of the lanes, the turns and the function."""
    _, assembled, circuit, texts = subject()
    for line, before, high in _rom(texts["microcode"]):
        for field, low, bits in circuit.layout:
            value = before >> low & (1 << bits) - 1
            kind = COUNTS.get(field) or KINDS.get(field, "operand")
            near = (value + 1, value - 1)
            for other in near if field in COUNTS else (value ^ 1 << n for n in range(bits)):
                if 0 <= other < 1 << bits:
                    after = before + ((other - value) << low)
                    yield _written("microcode", kind, line, after, high, f"{field} {value}", other)
    shape = assembled.program.shape
    unit, edge = 0, shape.unit_bits
    for name in (n for n in texts if n.startswith("table_")):
        for line, before, high in _rom(texts[name]):
            act = before >> shape.entry_bits - 2
            for (old, new), kind in ACTS.items():
                if act == old:
                    after = before + ((new - old) << shape.entry_bits - 2)
                    yield _written(name, kind, line, after, high, f"act {old}", new)
            sends = before >> shape.entry_bits - 3 & 1
            if sends or act >= 2:
                for kind, bit in (("edge of an entry", edge), ("unit of an entry", unit)):
                    yield _written(name, kind, line, before ^ 1 << bit, high, kind, "+-1")
            after = before ^ 1 << shape.entry_bits - 3
            yield _written(name, "send", line, after, high, f"send {sends}", 1 - sends)
    for name, kind in (("turns", "turn of the rotator"), ("activation_table", "function's table")):
        for line, before, high in _rom(texts[name]):
            yield _written(name, kind, line, before ^ 1, high, str(before), before ^ 1)


def _rom(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield line, word and bits of every word of a ROM."""
    for line, found in enumerate(map(WORD.match, text.splitlines())):
        if found:
            yield line, int(found[3], 16), int(found[2])


def _written(
    module: str, kind: str, line: int, word: int, bits: int, was: str, now: object
) -> Fault:
    old = subject().texts[module].splitlines()[line]
    new = re.sub(r"'h[0-9a-f]+;", f"'h{word % (1 << bits):0{(bits + 3) // 4}x};", old)
    address = old.partition("[")[2].partition("]")[0]
    return Fault(kind, module, ((line, new),), f"word {address}: {was} -> {now}")


# --- faults in the circuit --------------------------------------------------------------------


Into = str | Callable[[re.Match[str]], str]


def _one_off(by: int) -> Into:
    return lambda found: f"{found[1]}{int(found[2]) + by}"


def _bit_off(found: re.Match[str]) -> str:
    return f"[{int(found[1]) ^ 1}]"


def _slice_off(found: re.Match[str]) -> str:
    return f"[{int(found[1]) + 1}-1:{int(found[2]) + 1}]"


# What a line has, and what it has instead; a pattern is tried at each of its places.
TOKENS: Mapping[str, tuple[tuple[str, Into], ...]] = {
    "plus or minus": ((r" \+ ", " - "), (r" - ", " + ")),
    "constant one more": ((r"((?:[!=<>]=|[+>=]) (?:\d+'d)?)(\d+)\b(?!')", _one_off(1)),),
    "constant one less": ((r"((?:[!=<>]=|[+>=]) (?:\d+'d)?)([1-9]\d*)\b(?!')", _one_off(-1)),),
    "comparison": ((r" == ", " != "), (r" != ", " == "), (r" > ", " >= ")),
    "and or or": ((r" && ", " || "), (r" \|\| ", " && "), (r" \| ", " & ")),
    "not left out": ((r"\(!(?=\w)", "("), (r"~", "")),
    "condition inverted": ((r"if \((\w+)\)", r"if (!\1)"),),
    "without sign": ((r">>>", ">>"), (r"\$signed\(", "("),
                     (r"^(input|output|reg|wire) signed ", r"\1 ")),
    "reset or start value": ((r"1'b0", "1'b1"), (r"1'b1", "1'b0")),
    "other bit": ((r"\[(\d+)\]", _bit_off),),
    "slice shifted": ((r"\[(\d+)-1:(\d+)\]", _slice_off),),
    "swapped": ((r"\{([\w\[\]:0-9-]+), ([\w\[\]:0-9-]+)\}", r"{\2, \1}"),
                (r"\((\w+) - (\w+)\)", r"(\2 - \1)")),
}  # fmt: skip
DECLARED = re.compile(
    r"^(input|output|reg|wire|module|endmodule|always @\((?!posedge)|//|\);|    \w+,?$)"
)
COPY = re.compile(r"^( +)(\w+) <= (\w+);$")
ARM = re.compile(r"^ +('h\d+): begin$")
LEAVES = ("microcode", "turns", "activation_table")


def circuit_faults() -> Iterator[Fault]:
    """Yield every fault of one token, every stage left out, all inputs of choices swapped."""
    for module, text in subject().texts.items():
        if module in LEAVES or module.startswith("table_"):
            continue
        lines = text.splitlines()
        for line, old in enumerate(lines):
            for kind, new in _tokens(old):
                what = f"{old.strip()} -> {new.strip()}"
                yield Fault(kind, module, ((line, new),), what)
        yield from _stages(module, lines)
        yield from _arms(module, lines)


def _tokens(old: str) -> Iterator[tuple[str, str]]:
    """Yield what one token of a line can become, with the kind of the change."""
    for kind, pairs in TOKENS.items():
        for pattern, into in pairs:
            if DECLARED.match(old) and not pattern.startswith("^"):
                continue
            for found in re.finditer(pattern, old):
                token = re.sub(pattern, into, found[0])
                new = old[: found.start()] + token + old[found.end() :]
                if new != old:
                    yield kind, new


def _stages(module: str, lines: Sequence[str]) -> Iterator[Fault]:
    copies = {found[2]: found[3] for found in map(COPY.match, lines) if found}
    for line, found in enumerate(map(COPY.match, lines)):
        if found and found[3] in copies:
            new = f"{found[1]}{found[2]} <= {copies[found[3]]};"
            what = f"{lines[line].strip()} -> {new.strip()}"
            yield Fault("stage left out", module, ((line, new),), what)


def _arms(module: str, lines: Sequence[str]) -> Iterator[Fault]:
    arms = [(line, found[1]) for line, found in enumerate(map(ARM.match, lines)) if found]
    for (one, first), (other, second) in pairwise(arms):
        if other - one == 3:
            one_arm = lines[one].replace(first, second)
            other_arm = lines[other].replace(second, first)
            edits = (one, one_arm), (other, other_arm)
            what = f"{lines[one + 1].strip()} <-> {lines[other + 1].strip()}"
            yield Fault("inputs of a choice", module, edits, what)


# --- which ------------------------------------------------------------------------------------


def drawn(faults: Iterator[Fault], seed: int) -> Iterator[Fault]:
    """Yield faults in a random order that takes turns among kinds and, in a kind, among modules."""
    random = np.random.default_rng(seed)
    pools: dict[str, dict[str, list[Fault]]] = {}
    for fault in faults:
        module = re.sub(r"_\d+$", "", fault.module)
        pools.setdefault(fault.kind, {}).setdefault(module, []).append(fault)
    while pools:
        for kind in list(pools):
            module = str(random.choice(sorted(pools[kind])))
            pool = pools[kind][module]
            yield pool.pop(int(random.integers(len(pool))))
            if not pool:
                del pools[kind][module]
            if not pools[kind]:
                del pools[kind]


def chosen(seed: int) -> Iterator[Fault]:
    """Yield faults of the program and of the circuit in turn."""
    both = drawn(program_faults(), seed), drawn(circuit_faults(), seed)
    for pair in zip(*both, strict=False):
        yield from pair
