"""docs/silicon.md: what was measured, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.silicon_cases import ENERGY_TABLE, Case
from myhdl_core.silicon.synthesis import of_a_lane

_HEAD = """\
# Chips in silicon

What chips take of FPGAs, and the clocks that they reach there. Nothing here is typed by hand:

```console
$ python benchmarks/silicon.py                  # all of it
$ python benchmarks/silicon.py --rows up5k      # one row
```

Every chip is a fully recurrent network of N units with an input and a bias, in 16-bit words, made
with its AXI top (`network_axi`), synthesised flat by Yosys and placed by nextpnr with {seeds}
({versions}).
For placement it stands in a harness of registers with three pins, whose cells are in no table,
so that paths from and to pins do not count; cells in use are with it. The clock is the worst of the
seeds. A LUT that Yosys
shares across blocks counts where its result is used; LUTs of carries are apart. Artix-7 is
synthesised only: the package index has no open place and route for it, so its MHz stay blank.

"""
_CHIPS = "<!-- chips: python benchmarks/silicon.py --page -->\n"
_END = "<!-- end of chips -->\n"
CELLS = ("ICESTORM_LC", "TRELLIS_COMB", "LUT4")  # nextpnr's names
_PAIRS = """\
## RTRL and TRTRL on the same lanes

Four lanes on {part}. The energy is an estimate: multiplications, sums, activations
and accesses to memories of a learning step by the figures of a 45 nm chip ([energy](energy.md),
`{table}`), without clock, control and wires. It is no measurement of an FPGA, which takes more; it
compares two rules.

"""


def text(cases: Sequence[Case], found: Mapping[str, Any]) -> str:
    """Return the page."""
    rows = [(case, found[case.name]) for case in cases if case.name in found]
    pairs = [(case, row) for case, row in rows if _is_pair(case)]
    single = [(case, row) for case, row in rows if not _is_pair(case)]
    parts = [_HEAD.format(seeds=_seeds(rows), versions=_versions(rows))]
    if single:
        parts += ["## On four families\n\n", _cells(single), "\n", _clocks(single), "\n"]
        parts += [_paths(single), "\n"]
    for case, row in single:
        if case.drawn:
            parts += [f"![The floorplan of row {case.name}](silicon.svg)\n\n"]
            parts += [f"## Row {case.name}, block by block\n\n", blocks(case, row), "\n"]
    if pairs:
        part = pairs[0][0].target.title
        parts += [_PAIRS.format(part=part, table=ENERGY_TABLE), _compared(pairs)]
    return "".join(parts).rstrip() + "\n"


def summary(cases: Sequence[Case], found: Mapping[str, Any]) -> str:
    """Return what README shows: chips, what they take and how fast they learn."""
    head = ("rule", "part", "N", "lanes", "LUTs", "block RAM", "multipliers", "MHz",
            "learning steps a second")  # fmt: skip
    body = []
    for case in cases:
        if case.name in found and not _is_pair(case):
            row, part = found[case.name], case.target
            whole = row["synthesis"]["whole"]
            body.append([
                case.rule, part.title, f"{case.units}", f"{case.lanes}", f"{whole['luts']:,}",
                _of(whole["block_rams"], part.blocks), f"{whole['multipliers']}", _mhz(row),
                _rate(row),
            ])  # fmt: skip
    return _table(head, body, 2)


def blocks(case: Case, row: Mapping[str, Any]) -> str:
    """Return what each block of a chip takes, the lanes together."""
    lanes: dict[str, int] = {}
    others = {}
    for name, cells in row["synthesis"]["blocks"].items():
        if of_a_lane(name):
            lanes = {kind: lanes.get(kind, 0) + count for kind, count in cells.items()}
        else:
            others[name] = cells
    kinds = ("luts", "carries", "registers", "block_rams", "multipliers")
    rows = [(f"{case.lanes} lanes with their tables", lanes), *others.items()]
    body = [[name, *(f"{cells[kind]:,}" for kind in kinds)] for name, cells in rows]
    head = ("block", "LUTs", "carries", "registers", "block RAM", "multipliers")
    return _table(head, body, 1)


def within(readme: str, cases: Sequence[Case], found: Mapping[str, Any]) -> str:
    """Return README with its tables of chips made anew."""
    before, begin, rest = readme.partition(_CHIPS)
    _, end, after = rest.partition(_END)
    tables = [summary(cases, found)]
    tables += [
        blocks(case, found[case.name]) for case in cases if case.drawn and case.name in found
    ]
    return "".join((before, begin, "\n".join(tables), end, after)) if end else readme


def _is_pair(case: Case) -> bool:
    return case.name.startswith(("trtrl-", "rtrl-"))


def _seeds(rows: Sequence[tuple[Case, Any]]) -> str:
    counts = {len(row["placement"]["runs"]) for _, row in rows if "placement" in row}
    said = " or ".join(map(str, sorted(counts))) or "no"
    return f"{said} seed{'s' * (said != '1')}"


def _versions(rows: Sequence[tuple[Case, Any]]) -> str:
    said = {f"Yosys {row['synthesis']['yosys']}" for _, row in rows}
    said |= {row["placement"]["tool"] for _, row in rows if "placement" in row}
    return ", ".join(sorted(said))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> str:
    """Return a table whose first columns are words and whose others are numbers."""
    ruler = ["---" if n < words else "---:" for n in range(len(head))]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ruler, *rows))


def _cells(rows: Sequence[tuple[Case, Any]]) -> str:
    head = ("row", "part", "N", "lanes", "LUTs", "predicted", "a lane", "the rest", "carries",
            "registers", "block RAM", "multipliers")  # fmt: skip
    body = []
    for case, row in rows:
        cells, part = row["synthesis"], case.target
        whole = cells["whole"]
        body.append([
            case.name, part.title, f"{case.units}", f"{case.lanes}",
            _of(whole["luts"], part.cells), _foreseen(row), f"{cells['luts_of_a_lane']:,.0f}",
            f"{cells['luts_of_the_rest']:,}", f"{whole['carries']:,}", f"{whole['registers']:,}",
            _of(whole["block_rams"], part.blocks), _of(whole["multipliers"], part.multipliers),
        ])  # fmt: skip
    return _table(head, body, 2)


def _foreseen(row: Mapping[str, Any]) -> str:
    """Return the LUTs that were predicted without a tool, and by how much that is off."""
    said, found = row["predicted"]["whole"]["luts"], row["synthesis"]["whole"]["luts"]
    return f"{said:,} ({100 * (said / found - 1):+.0f} %)"


def _of(used: int, there: int) -> str:
    return f"{used:,} of {there:,}"


def _clocks(rows: Sequence[tuple[Case, Any]]) -> str:
    head = ("row", "wanted", "MHz", "each seed", "cells in use", "cycles a step", "steps a second",
            "making, s", "synthesis, s", "placement, s")  # fmt: skip
    body = []
    for case, row in rows:
        placed = row.get("placement")
        seeds = ", ".join(f"{run['mhz']:.1f}" for run in placed["runs"]) if placed else ""
        slowest = max((run["seconds"] for run in placed["runs"]), default=0) if placed else 0
        body.append([
            case.name, f"{case.least_mhz:g}" if case.least_mhz else "",
            _mhz(row), seeds, _in_use(placed),
            f"{row['cycles']:,}", _rate(row), f"{row['generation_seconds']:g}",
            f"{row['synthesis']['seconds']:g}",
            f"{slowest:g}" if placed else "",
        ])  # fmt: skip
    return _table(head, body, 1)


def _mhz(row: Mapping[str, Any]) -> str:
    """Return the worst clock of all seeds; nothing where none was placed."""
    return f"{row['placement']['worst_mhz']:.1f}" if "placement" in row else ""


def _in_use(placed: Mapping[str, Any] | None) -> str:
    """Return the cells of logic that a placement occupies, a LUT, a register or both in each."""
    used = placed["utilisation"] if placed else {}
    return next((_of(*used[name].values()) for name in CELLS if name in used), "")


def _rate(row: Mapping[str, Any]) -> str:
    """Return learning steps a second at the worst clock."""
    placed = row.get("placement")
    return f"{placed['worst_mhz'] * 1e6 / row['cycles']:,.0f}" if placed else ""


def _paths(rows: Sequence[tuple[Case, Any]]) -> str:
    """Return what limits each clock, in words."""
    lines = []
    for case, row in rows:
        if "placement" in row:
            worst = min(row["placement"]["runs"], key=lambda run: run["mhz"])
            lines.append(f"* {case.name}: {worst['critical_path']['words']}\n")
    return f"What limits the clock:\n\n{''.join(lines)}" if lines else ""


def _compared(rows: Sequence[tuple[Case, Any]]) -> str:
    head = ("N", "rule", "LUTs", "block RAM", "multipliers", "cycles a step", "MHz",
            "steps a second", "nJ a step, estimated")  # fmt: skip
    body = []
    for case, row in rows:
        whole = row["synthesis"]["whole"]
        body.append([
            f"{case.units}", case.rule, f"{whole['luts']:,}", f"{whole['block_rams']}",
            f"{whole['multipliers']}", f"{row['cycles']:,}",
            _mhz(row), _rate(row),
            f"{sum(row['energy']['pj'].values()) / 1e3:.1f}",
        ])  # fmt: skip
    return _table(head, body, 2)
