"""What chips take of FPGAs and how fast they are there, as docs/silicon.md and README.md show it.

    python benchmarks/silicon.py                     # every row: about half an hour on two cores
    python benchmarks/silicon.py --rows up5k gw2a    # some of them; the others stay as committed
    python benchmarks/silicon.py --page              # the page again, from what is committed

Every row is a fully recurrent network in 16-bit words, with its AXI top, made, synthesised and,
where something places on its part, placed with three seeds. What comes out is kept in
docs/silicon.json row by row, so that Ctrl-C loses only the one it stops. It ends with 1 where a row
misses what is wanted of it, with 2 where it is asked for wrongly.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs in a checkout that is not installed
os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is loaded: a core for each process

from benchmarks import silicon_page as page  # noqa: E402
from benchmarks.silicon_cases import CASES, Case  # noqa: E402
from neurosim.errors import RunFailed, UserError, nearest  # noqa: E402

RECORD, README = ROOT / "docs" / "silicon.json", ROOT / "README.md"
GOOD, OFF, MISTAKEN, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks/silicon.py", description=__doc__)
    parser.add_argument("--rows", nargs="+", default=[], metavar="ROW", help="which; all without")
    parser.add_argument("--seeds", type=int, default=3, help="placements of each (3)")
    parser.add_argument("--page", action="store_true", help="write the page alone")
    parser.add_argument("--record", type=Path, default=RECORD, help="another record, and page")
    asked = parser.parse_args(argv)
    if asked.page and asked.rows:
        parser.error("--rows measures rows, and --page measures nothing: give one of them")
    if asked.seeds < 1:
        parser.error(f"--seeds: must be 1 or more (got {asked.seeds})")
    try:
        chosen = () if asked.page else _chosen(asked.rows)
        kept = _written(_kept(asked.record), asked.record)
        for case in chosen:
            found, picture = measured(case, asked.seeds)
            kept = _written({**kept, case.name: found}, asked.record)
            if picture and case.drawn:
                asked.record.with_suffix(".svg").write_text(picture, "utf-8")
    except KeyboardInterrupt:
        print("silicon: interrupted; the rows above are kept.", file=sys.stderr)
        return INTERRUPTED
    except (UserError, RunFailed) as error:
        print(f"silicon: {error}", file=sys.stderr)
        return MISTAKEN if isinstance(error, UserError) else OFF
    missed = _missed(kept)
    for line in missed:
        print(f"silicon: {line}", file=sys.stderr)
    return OFF if missed else GOOD


def _chosen(names: Sequence[str]) -> list[Case]:
    known = {case.name: case for case in CASES}
    for name in names:
        if name not in known:
            raise UserError(f"{name}: is no row.{nearest(name, known)} Known: {', '.join(known)}.")
    return [case for case in CASES if case.name in names or not names]


def _kept(record: Path) -> dict[str, Any]:
    """Return what was measured before, having looked that a page can be made of it."""
    if not record.exists():
        return {}
    try:
        found = dict(json.loads(record.read_text("utf-8")))
        page.text(CASES, found)
        _missed(found)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise UserError(f"{record}: is no record of chips. Name another with --record.") from None
    return found


def _written(kept: Mapping[str, Any], record: Path) -> dict[str, Any]:
    """Keep what is known, and return it in the order of the rows."""
    ordered = {case.name: kept[case.name] for case in CASES if case.name in kept}
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(ordered, indent=1, allow_nan=False) + "\n", "utf-8")
        record.with_suffix(".md").write_text(page.text(CASES, ordered), "utf-8")
        if record == RECORD:
            README.write_text(page.within(README.read_text("utf-8"), CASES, ordered), "utf-8")
    except OSError as error:
        raise UserError(
            f"{record}: cannot be written ({error.strerror}). Name another with --record."
        ) from None
    return ordered


def _missed(kept: Mapping[str, Any]) -> list[str]:
    """Return what of what is wanted the rows do not have."""
    return [f"{c.name}: {m}" for c in CASES if c.name in kept for m in c.missed(kept[c.name])]


def measured(case: Case, seeds: int) -> tuple[dict[str, Any], str]:
    """Make a chip, synthesise and place it; return all that is found out, and its floorplan."""
    from myhdl_core.silicon.placement import placed
    from myhdl_core.silicon.synthesis import synthesised
    from neurosim.report.figures.floorplan import floorplan

    def say(what: str) -> None:
        print(f"{case.name}: {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        work, began = Path(folder), time.perf_counter()
        say("making the Verilog")
        found = case.made(work / "rtl")
        seconds = time.perf_counter() - began
        part = case.target
        chip = synthesised(
            work / "rtl",
            part.synthesis,
            work / "chip.json",
            say=say,
            multipliers=part.multipliers > 0,
        )
        found |= {"generation_seconds": round(seconds, 1), "synthesis": chip.as_dict()}
        if part.placer:
            numbers = tuple(range(1, seeds + 1))
            where = placed(chip, part, work, numbers, processes=os.cpu_count() or 1, say=say)
            found["placement"] = where.as_dict()
            return found, floorplan(where).svg()
    return found, ""


if __name__ == "__main__":
    sys.exit(main())
