"""Why some faults cannot matter.

For the microcode and the tables it follows from what an instruction uses: the functions here say
which of its fields, and which parts of its entries, nothing reads. For the circuit every fault that
had survived was looked at, and the argument written down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from myhdl_core.circuit import FLOW
from myhdl_core.microcode import (
    Act,
    Entry,
    Instruction,
    Left,
    Microprogram,
    Plus,
    Right,
    SendFrom,
    To,
    unpack_entry,
)

# Fields that words of the host port pass, so they have to be zero when a step has ended.
HOST = ("store_x", "store_y", "store_w", "say", "activate", "give", "to_bus", "left", "plus",
        "apart", "subtract", "x_offset", "y_offset", "u_offset", "to_offset", "u_old", "u_new",
        "wide")  # fmt: skip
NOWHERE = "its results go nowhere"
UNREAD = "it reads no word there"


def unused_field(program: Microprogram, number: int, field: str) -> str:
    """Return why nothing reads a field of an instruction; empty where something does."""
    i = program.instructions[number]
    if i.end:
        used = field in ("gap", "end", *HOST)
        return "" if used else "of the last only the gap is used, and what the host port passes"
    if i.take:
        return "" if field in (*FLOW, "ride") else "lanes stand on the idle row"
    entries = [entry for lane in range(program.shape.lanes) for entry in _section(program, i, lane)]
    acts, sends = {entry.act for entry in entries}, any(e.send for e in entries) and not i.mute
    loads = Act.LOAD in acts and (i.left == Left.K or i.right == Right.K) and i.to
    banks, source = _banks(i), SendFrom(i.send_from) if sends else None
    reads_u = "u" in banks or source is SendFrom.U or i.ride
    silent = i.to not in (To.BUS, To.ACTIVATION)
    works = acts & {Act.WORD, Act.LAST}
    reasons = {
        ("left",): "" if i.to or sends else NOWHERE,
        ("right", "plus", "subtract", "dot", "to_bus", "to_unit", "to_offset"):
            "" if i.to else NOWHERE,
        ("factor",): "" if i.to and i.left == Left.CONSTANT else "no constant is a factor",
        ("store_x", "store_y", "store_w", "say"): "" if works else "it has no products",
        ("activate",): "it says nothing" if silent else "",
        ("x_offset",): "" if "x" in banks or source is SendFrom.X else UNREAD,
        ("y_offset",): "" if "y" in banks else UNREAD,
        ("u_offset", "u_old", "u_new"): "" if reads_u else UNREAD,
        ("load_offset", "load_old", "load_new"):
            "" if loads and not i.load_weight else "no factor is loaded from there",
        ("load_weight",): "" if loads else "no factor is loaded",
        ("apart", "give"): "" if sends else "no entry sends",
        ("mute",): "" if any(e.send for e in entries) else "no entry sends",
        ("send_offset",): "" if sends and not i.give else "no entry sends to a memory",
    }  # fmt: skip
    return next((reason for fields, reason in reasons.items() if field in fields), "")


def unused_part(program: Microprogram, lane: int, address: int, kind: str) -> str:
    """Return why nothing reads a part of a table's word; ``address`` counts the idle row."""
    over = [i for i in program.instructions if i.start < address <= i.start + i.length]
    over = [i for i in over if not (i.take or i.end)]
    rides = int(any(i.ride for i in over))
    entry = unpack_entry(program.tables[lane][address - 1], program.shape, rides)
    if kind == "WORD added":
        if not any(i.to for i in over):
            return NOWHERE
        if all(_behind_sums(program, i, lane, address) for i in over):
            return "it comes behind the last sum, and every pass that sums begins with a LOAD"
        again = all(_again(program, i, lane, entry) for i in over)
        return "it computes a word of the lane's one neuron again, to the same value" * again
    if kind in ("LAST for WORD", "WORD for LAST"):
        summed = any(i.dot or i.to in (To.BUS, To.ACTIVATION) for i in over)
        return "" if summed else "nothing is summed, and nothing said"
    if kind == "send" and all(i.mute and not i.ride for i in over):
        return "every pass over it is mute"
    if kind == "edge of an entry":
        return "" if any(_reads_edge(i, entry) for i in over) else "nothing of the edge is used"
    if kind == "unit of an entry":
        return "" if any(_reads_unit(i, entry) for i in over) else "nothing of the unit is used"
    return ""


def _section(program: Microprogram, i: Instruction, lane: int) -> Iterator[Entry]:
    for word in program.tables[lane][i.start : i.start + i.length]:
        yield unpack_entry(word, program.shape, i.ride)


def _behind_sums(program: Microprogram, i: Instruction, lane: int, address: int) -> bool:
    rest = list(_section(program, i, lane))[address - 1 - i.start :]
    return bool(i.dot) and all(entry.act == Act.IDLE for entry in rest)


def _again(program: Microprogram, i: Instruction, lane: int, entry: Entry) -> bool:
    """Whether an added WORD repeats one of its section that reads nothing of what it writes."""
    section = list(_section(program, i, lane))
    known = entry._replace(act=int(Act.WORD)) in section
    alone = sum(other.act == Act.LOAD for other in section) == 1
    offset = {To.X: ("x", i.x_offset), To.Y: ("y", i.y_offset)}.get(To(i.to))
    apart = offset is not None and (offset[0] not in _banks(i) or offset[1] != i.to_offset)
    return known and alone and apart and not i.dot


def _banks(i: Instruction) -> str:
    """Return the banks that operands come from."""
    if not i.to:
        return ""
    left = {Left.W: "w", Left.U: "u", Left.Y: "y"}.get(Left(i.left), "")
    right = {Right.X: "x", Right.Y: "y", Right.U: "u"}.get(Right(i.right), "")
    plus = {Plus.X: "x", Plus.Y: "y", Plus.U: "u", Plus.W: "w"}.get(Plus(i.plus), "")
    return left + right + plus


def _reads_edge(i: Instruction, entry: Entry) -> bool:
    if entry.send and not i.mute and i.send_from in (SendFrom.W, SendFrom.X):
        return True
    if entry.act == Act.LOAD:
        return bool(i.load_weight)
    uses = i.ride or i.to in (To.X, To.Y, To.W) or set(_banks(i)) & set("wxy")
    return entry.act >= Act.WORD and bool(uses)


def _reads_unit(i: Instruction, entry: Entry) -> bool:
    if (entry.send and not i.mute) or i.ride:
        return True
    if entry.act == Act.LOAD:
        return True
    return entry.act >= Act.WORD and (bool(i.to_unit) or "u" in _banks(i))


# Module, kind, what was changed (patterns), and the argument.
CIRCUIT: tuple[tuple[str, str, str, str], ...] = (
    ("sequencer", "slice shifted", r"^assign finish = .*fetched\[\d+-1:\d+\] == 0",
     "both programs end with a gap that is no shorter than two cycles"),
    ("lane", "not left out", r"base6 <= \(~\w*addend5\)",
     "no instruction subtracts anything but a sum of its own: the condition is a constant zero"),
    ("lane", "not left out", r"narrow[01]_\w+7 = \(~total7",
     "no instruction subtracts: the condition is a constant zero"),
    ("network", "without sign", r"^wire signed",
     "the top module only passes words on, to ports that are equally wide"),
    ("lane|control", "without sign",
     r"^(wire|reg) signed .*_(either|masked|tap)\d+_to;|^wire signed .*_(source|chosen\d);",
     "operands and result are equally wide, so that no sign is extended"),
)  # fmt: skip


def circuit_reason(module: str, kind: str, what: str) -> str:
    """Return why a fault in the circuit cannot matter; empty where there is no argument."""
    for of_module, of_kind, of_what, reason in CIRCUIT:
        known = re.fullmatch(of_module, module) and re.fullmatch(of_kind, kind)
        if known and re.search(of_what, what):
            return reason
    return ""
