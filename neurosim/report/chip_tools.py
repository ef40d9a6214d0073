"""What tools said about a chip, as a page shows it: synthesis, placement, parts and proofs.

Each reads its part of `hardware.json` and shows what it finds to be there; what is missing, or is
of another kind than it should be, is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from myhdl_core.silicon.families import FAMILIES
from neurosim.report import quantities
from neurosim.report.markup import TEXT, group, line, listed, note, table, text, words

Table = Mapping[str, Any]
_RESOURCES = {
    "luts": "LUTs",
    "carries": "carry cells",
    "registers": "registers",
    "block_rams": "block RAMs",
    "multipliers": "multipliers",
}
_NUMBERED = re.compile(r"(\w+) (\d+)")
_MOST = 10_000  # lines of a table


def number(found: Any, *keys: str) -> float | None:
    """Return the number that stands under some keys, one in the table of the other."""
    value = _under(found, keys)
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if good and abs(value) < 1e15 else None


def words_of(found: Any, *keys: str) -> str:
    """Return the text that stands under some keys, or an empty one."""
    value = _under(found, keys)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value)[:400] if isinstance(value, str) or whole else ""


def tables(found: Any, *keys: str) -> list[Table]:
    """Return the tables of the list that stands under some keys."""
    value = _under(found, keys)
    listed = value if isinstance(value, list) else []
    return [each for each in listed[:_MOST] if isinstance(each, Mapping)]


def rows(found: Any, *keys: str) -> dict[str, Table]:
    """Return the tables by name that stand under some keys."""
    value = _under(found, keys)
    pairs = list(value.items())[:_MOST] if isinstance(value, Mapping) else []
    return {name: each for name, each in pairs if isinstance(each, Mapping)}


def _under(found: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


# --- resources ----------------------------------------------------------------------------------


def tiles(record: Table) -> dict[str, str]:
    """Return how much a chip takes, as figures in large letters."""
    whole = rows(record, "synthesis").get("whole", {})
    family = _family(_under(record, ["synthesis"]))
    shown = ("luts", "block_rams", "multipliers")
    found = {_RESOURCES[key]: number(whole, key) for key in shown}
    return {
        f"{what}{f', {family}' if family and n == 0 else ''}": quantities.count(value)
        for n, (what, value) in enumerate(found.items())
        if value is not None
    }


def resources(record: Table) -> str:
    """Return what each module takes of a family's cells, beside what was predicted."""
    synthesis = _under(record, ["synthesis"])
    predicted = _predicted(record, words_of(synthesis, "family"))
    measured, whole = (rows(each).get("whole", {}) for each in (synthesis, predicted))
    keys = [key for key in _RESOURCES if number(measured or whole, key) is not None]
    if not keys:
        return ""
    blocks = rows(synthesis if measured else predicted, "blocks")
    lines = [line([name, *cells]) for name, cells in _blocks(blocks, keys)]
    lines += [_sum("synthesised", measured, keys)] * bool(measured)
    lines += [_sum("predicted", whole, keys)] * bool(whole)
    said = note(f"{_family(predicted)}, predicted, not synthesised (`neurosim hardware` --synth).")
    heads = ["module", *(_RESOURCES[key] for key in keys)]
    return "\n".join(
        [table(heads, lines), _said(synthesis) if measured else said, _alarms(synthesis)]
    )


def _alarms(synthesis: Any) -> str:
    """Return what the chip was never meant to have."""
    found = _under(synthesis, ["alarms"])
    said = found[:_MOST] if isinstance(found, list) else []
    return "\n".join(f'<p class="banner">{text(each)}</p>' for each in said)


def _predicted(record: Table, family: str) -> Table:
    """Return what was predicted; nothing where that is for another family than was synthesised."""
    found = rows(record).get("prediction", {})
    return found if not family or words_of(found, "family") == family else {}


def _sum(title: str, whole: Table, keys: Sequence[str]) -> str:
    return line([f"all, {title}", *(_count(number(whole, key)) for key in keys)])


def _blocks(blocks: Mapping[str, Table], keys: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return a line a block, first those that differ in their number: one of their mean."""
    groups: dict[str, list[Table]] = {}
    for name, each in blocks.items():
        numbered = _NUMBERED.fullmatch(name)
        groups.setdefault(numbered[1] if numbered else name, []).append(each)
    found = []
    for name, own in sorted(groups.items(), key=lambda pair: len(pair[1]) == 1):
        title = f"{name}, each of {len(own)} on average" if len(own) > 1 else name
        sums = [sum(number(each, key) or 0 for each in own) / len(own) for key in keys]
        found.append((title, [_count(value) for value in sums]))
    return found


def _count(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _said(synthesis: Any) -> str:
    """Return by what it was synthesised."""
    family, version = _family(synthesis), words_of(synthesis, "yosys")
    top, seconds = words_of(synthesis, "top"), number(synthesis, "seconds")
    if not family:
        return ""
    said = f"{family}, module {top}, by Yosys {version}"
    said += f" in {seconds:,.0f} s." if seconds is not None else "."
    lane, rest = (number(synthesis, f"luts_of_{each}") for each in ("a_lane", "the_rest"))
    if lane is not None and rest is not None:
        said += f" {_count(lane)} LUTs a lane with its table, {_count(rest)} for all else."
    return note(f"{said} Logic that the synthesis shares across borders counts where it is used.")


def _family(synthesis: Any) -> str:
    """Return the family that a chip was synthesised for, as its maker calls it if it is known."""
    name = words_of(synthesis, "family")
    return FAMILIES[name].title if name in FAMILIES else name


# --- clock --------------------------------------------------------------------------------------


def clock_mhz(record: Table) -> float | None:
    """Return the clock that the placed chip reached with the worst of its seeds."""
    found = number(record, "placement", "worst_mhz")
    return found if found is not None and found > 0 else None


def clock(record: Table) -> str:
    """Return which clock the placed chip reached, and what keeps it from a faster one."""
    found = rows(record).get("placement", {})
    runs = tables(found, "runs")
    if not runs:
        return ""
    named = [words_of(found, key) for key in ("part", "device", "package", "speed")]
    where = [f"speed {each}" if n == 3 else each for n, each in enumerate(named) if each]
    facts = {
        "part": ", ".join(where),
        "lowest of the seeds": _mhz(number(found, "worst_mhz")),
        "highest": _mhz(number(found, "best_mhz")),
        "asked for": _mhz(number(found, "goal_mhz")),
        "tool": words_of(found, "tool"),
    }
    worst = min(runs, key=lambda run: number(run, "mhz") or math.inf)
    path = words_of(worst, "critical_path", "words")
    if path:
        facts["slowest path"] = path
    heads = ["seed", "MHz", "path, ns", "logic, ns", "wires, ns", "levels"]
    lines = [line(_run(run)) for run in runs]
    return f"{listed({k: v for k, v in facts.items() if v})}\n{table(heads, lines)}\n{_used(found)}"


def _mhz(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f} MHz"


def _run(run: Table) -> list[str]:
    keys = ("ns", "logic_ns", "wire_ns", "levels")
    path = [number(run, "critical_path", key) for key in keys]
    mhz = number(run, "mhz")
    return [
        _count(number(run, "seed")),
        "" if mhz is None else f"{mhz:.1f}",
        *("" if value is None else f"{value:.1f}" for value in path[:3]),
        _count(path[3]),
    ]


def _used(placement: Table) -> str:
    """Return what is used of the part."""
    lines = []
    for name, each in rows(placement, "utilisation").items():
        used, there = number(each, "used"), number(each, "there")
        if used is not None and there:
            lines.append(line([name, _count(used), _count(there), quantities.share(used / there)]))
    if not lines:
        return ""
    return table(["of the part", "used", "there", ""], lines) + note(words_of(placement, "note"))


# --- which part -----------------------------------------------------------------------------------


def choices(record: Table) -> str:
    """Return for each part and number of lanes whether the network fits, and how fast it learns."""
    lines: list[str] = []
    part = ""
    for each in tables(record, "choices", "choices"):
        if words_of(each, "part") != part:
            part = words_of(each, "part")
            lines.append(group(part))
        lines.append(line(_choice(each)))
    if not lines:
        return ""
    heads = ["lanes", "LUTs", "block RAMs", "multipliers", "cycles", "MHz", "steps a second",
             "largest N", ""]  # fmt: skip
    return table(heads, lines) + note(
        "Predicted, without synthesis. A dot marks what none other beats in learning steps a second"
        " with as few LUTs; the clock is the one that was placed, or a careful one of the family."
        " Largest N: of a fully recurrent network with these lanes, by memories and multipliers."
    )


def _choice(each: Table) -> list[str]:
    fits = _under(each, ["fits"]) is True
    mark = "•" if _under(each, ["on_front"]) is True else ""
    mhz, rate = number(each, "clock_mhz"), number(each, "steps_per_second")
    return [
        words_of(each, "fit", "lanes"),
        _count(number(each, "fit", "luts") or None),  # 0 where nobody said how many
        "≥ " * (_under(each, ["exact"]) is False) + _of(each, "blocks"),
        _of(each, "multipliers"),
        _count(number(each, "cycles")),
        "" if mhz is None else f"{mhz:g}",
        "" if rate is None or not fits else quantities.count(round(rate)),
        _count(number(each, "largest_units")),
        mark if fits else f"no: {words_of(each, 'lacks')}",
    ]


def _of(each: Table, name: str) -> str:
    used, there = number(each, "fit", name), number(each, "fit", f"{name}_there")
    return _count(used) if there is None else f"{_count(used)} of {_count(there)}"


# --- proofs ---------------------------------------------------------------------------------------


def proofs(record: Table) -> str:
    """Return which properties were proved of the Verilog, and how."""
    lines = [words(_proof(each)) for each in tables(record, "proof", "tasks")]
    heads = ("properties of", "what they say", "", "looked at", "seconds")
    return table(heads, lines, TEXT) if lines else ""


def _proof(task: Table) -> list[str]:
    depth, case = number(task, "depth"), words_of(task, "counterexample")
    looked = "for all time" if depth == 0 else f"{_count(depth)} cycles"
    return [
        words_of(task, "name"),
        words_of(task, "about"),
        f"{words_of(task, 'status')} by {words_of(task, 'engine')}" + f": {case}" * bool(case),
        "" if depth is None else looked,
        _count(number(task, "seconds")),
    ]


def netlist(record: Table) -> dict[str, str]:
    """Return what comparing the netlist with the model found, if it was compared."""
    found = rows(record).get("netlist", {})
    steps, compared, differing = (number(found, key) for key in ("steps", "words", "differing"))
    if steps is None or compared is None or differing is None:
        return {}
    late = number(found, "cycles_differing")
    said = f"{_count(compared)} words in {_count(steps)} steps: {_count(differing)} differ"
    said += f", steps of another length: {_count(late)}" if late else ""
    first = words_of(found, "first")
    return {"netlist of the iCE40": said} | ({"its first difference": first} if first else {})
