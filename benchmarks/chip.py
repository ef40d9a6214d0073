"""The long campaign for the chip: is it the model, can the check fail, does it learn.

Run it with ``python benchmarks/chip.py``; it takes about a quarter of an hour on two cores.

A  Random graphs, word widths, lanes and rules: 10^4 learning steps each, in which every word and
   every cycle of the Verilog, simulated by Verilator, is held against the fixed-point model.
B  Single faults in a small chip, each of which the same check has to catch.
C  Learning curves of the chip on top of those of the float model, as docs/chip_learning.svg.
D  The speed of the simulated chip.
E  The test bench of small chips under Icarus Verilog, where that is installed: 200 steps each,
   with memories that are unknown at first.

It ends with 1 when anything differs, with 130 after Ctrl-C, when it shows what was done by then.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs in a checkout that is not installed
os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is loaded: a core for each process

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from benchmarks import chip_exact, chip_faults, chip_icarus, chip_learning, chip_verdicts  # noqa: E402
from myhdl_core.cache import VARIABLE as CACHE  # noqa: E402

FAULTS, QUICK_FAULTS = 64, 12
SEED = 1
WANTED_SPEED = 1e6
SMALL = 7  # units
WIDE = 180  # columns, where no terminal says how many there are


@dataclass
class Report:
    """The table of a part, and whether all is as it should be."""

    table: Table
    rows: list[dict[str, Any]] = field(default_factory=list)
    passed: bool = True
    interrupted: bool = False
    note: str = ""

    def add(self, passed: bool, **cells: object) -> None:
        """Add a row; names of columns are those of the first."""
        if not self.table.columns:
            for name in cells:
                self.table.add_column(name.replace("_", " "), overflow="fold")
        self.rows.append({**cells, "passed": passed})
        self.passed &= passed
        self.table.add_row(*map(str, cells.values()), style="" if passed else "red")


@dataclass(frozen=True)
class Campaign:
    """What the parts share: processes, the terminal, and how long it may take."""

    pool: Pool
    console: Console
    quick: bool

    def each(self, report: Report, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Any:
        """Yield outcomes as they come, until there are no more or somebody has had enough."""
        try:
            yield from self.pool.imap_unordered(function, jobs)
        except KeyboardInterrupt:
            report.interrupted = True


# --- the parts --------------------------------------------------------------------------------


def exact(campaign: Campaign) -> Report:
    """Part A."""
    report = Report(Table(title="A  every word and every cycle"))
    cases = chip_exact.QUICK if campaign.quick else chip_exact.CASES
    job = chip_exact.run_quick if campaign.quick else chip_exact.run
    # The largest first, so that no process is left with one of them at the end.
    for o in campaign.each(report, job, sorted(cases, key=lambda case: -case.units)):
        case, c = o.case, o.checked
        report.add(
            o.passed,
            graph=f"{case.task if case.task != 'random' else case.seed}, {case.density:g}",
            N=case.units, edges=o.edges, K=case.outputs, inputs=case.inputs,
            number="/".join(map(str, case.number)), lanes=case.lanes, rule=case.rule,
            steps=c.steps if c else 0, words=f"{c.words:,}" if c else "",
            mismatches=c.mismatches + o.apart if c else o.failure,
            cycles_predicted=c.cycles_expected if c else "",
            measured=c.cycles_measured[-1] if c else "",
            cycles_differing=c.cycles_differing + c.phases_differing if c else "",
            utilisation=f"{o.utilisation:.2f}", Mcycles_s=f"{o.cycles_per_second / 1e6:.2f}",
            seconds=f"{o.seconds:.0f}",
        )  # fmt: skip
        first = f": {c.first}" if c and c.first else o.failure
        state = "the same" if o.passed else f"differs{first}"
        campaign.console.print(f"A  {case.units} units, {case.lanes} lanes, {case.rule}: {state}")
    report.note = f"{sum(row['steps'] for row in report.rows):,} steps in {len(report.rows)} graphs"
    return report


def faults(campaign: Campaign) -> Report:
    """Part B; a fault that does not compile is replaced by another one."""
    report = Report(Table(title="B  single faults"))
    if clean := campaign.pool.apply(chip_verdicts.judge, (None,)).shown:
        report.add(False, kind="no fault at all", caught_by=clean)
        return report
    wanted = QUICK_FAULTS if campaign.quick else FAULTS
    waiting = chip_faults.chosen(SEED)
    caught = refused = harmless = 0
    while caught < wanted and not report.interrupted:
        for v in campaign.each(report, chip_verdicts.judge, list(islice(waiting, wanted - caught))):
            refused += bool(v.refused)
            caught += bool(v.caught_by)
            harmless += bool(not v.shown and v.reason)
            if not v.refused:
                report.add(
                    v.passed, kind=v.fault.kind, place=v.fault.place, change=v.fault.what,
                    caught_by=v.caught_by or v.reason or "NOTHING",
                    steps=v.steps if v.caught_by else "",
                )  # fmt: skip
            campaign.console.print(f"B  {v.fault.place} {v.fault.kind}: {v.shown or 'not caught'}")
    report.note = (
        f"{caught} caught, {harmless} cannot matter, "
        f"{len(report.rows) - caught - harmless} not caught; {refused} more did not compile"
    )
    return report


def learning(campaign: Campaign) -> Report:
    """Part C; it writes the curves where all steps were done."""
    report = Report(Table(title="C  learning in the simulated chip"))
    job = chip_learning.learn_quick if campaign.quick else chip_learning.learn
    found = []
    for curves in campaign.each(report, job, chip_learning.TASKS):
        found.append(curves)
        report.add(
            curves.passed, task=curves.task.title, rate=curves.task.rate,
            steps=f"{curves.steps:,}", chip_nmse=f"{curves.chip_error:.3g}",
            float_nmse=f"{curves.model_error:.3g}", ratio=f"{curves.ratio:.3f}",
            allowed=chip_learning.ALLOWED, seconds=f"{curves.seconds:.0f}",
        )  # fmt: skip
        campaign.console.print(f"C  {curves.task.title}: {curves.failure or f'{curves.ratio:.3f}'}")
    found.sort(key=lambda curves: curves.task.units)
    if len(found) == len(chip_learning.TASKS) and report.passed and not campaign.quick:
        docs = ROOT / "docs"
        (docs / "chip_learning.csv").write_text(chip_learning.table(found), "utf-8")
        (docs / "chip_learning.svg").write_text(chip_learning.figure(found), "utf-8")
        report.note = "curves: docs/chip_learning.csv, docs/chip_learning.svg"
    return report


def speed(campaign: Campaign) -> Report:
    """Part D: alone on the computer, as far as this command goes."""
    report = Report(Table(title="D  speed of the simulated chip"))
    case = chip_exact.CASES[-1]
    for o in campaign.each(report, chip_exact.run_quick, [case]):
        rate = o.cycles_per_second
        report.add(
            o.passed, network=f"{case.units} units, dense", lanes=case.lanes, rule=case.rule,
            Mcycles_s=f"{rate / 1e6:.2f}", wanted=f"{WANTED_SPEED / 1e6:.2f}",
            steps_s=f"{rate / o.checked.cycles_expected:,.0f}" if o.checked else o.failure,
        )  # fmt: skip
        report.note = "" if rate >= WANTED_SPEED else "slower than wanted"
    return report


def second(campaign: Campaign) -> Report:
    """Part E: small chips, because Icarus does a thousandth of Verilator's cycles."""
    report = Report(Table(title="E  the test bench under Icarus Verilog"))
    if not shutil.which("iverilog"):
        report.note = "Icarus Verilog is not installed: left out"
        return report
    small = [case for case in chip_exact.CASES if case.units <= SMALL]
    for heard in campaign.each(report, chip_icarus.run, small[: 3 if campaign.quick else None]):
        case = heard.case
        report.add(
            heard.passed, graph=case.seed, N=case.units, number="/".join(map(str, case.number)),
            lanes=case.lanes, rule=case.rule, steps=heard.steps, said=heard.said[-60:],
            seconds=f"{heard.seconds:.0f}",
        )  # fmt: skip
        campaign.console.print(f"E  {case.units} units, {case.lanes} lanes: {heard.said[-60:]}")
    return report


PARTS = {"A": exact, "B": faults, "C": learning, "D": speed, "E": second}


# --- the command ------------------------------------------------------------------------------


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--parts", default=",".join(PARTS), help="which, such as A,C")
    parser.add_argument("--quick", action="store_true", help="a little of everything")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--json", action="store_true", help="print the tables as JSON")
    given = parser.parse_args()
    given.parts = given.parts.upper().split(",")
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"--parts: {', '.join(sorted(unknown))}: unknown. Known: {', '.join(PARTS)}.")
    if given.jobs < 1:
        parser.error(f"--jobs: must be 1 or more (got {given.jobs}).")
    return given


def deaf() -> None:
    """Leave Ctrl-C to the process that the others work for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> int:
    """Run the parts that were asked for; return how to end."""
    given = arguments()
    console = Console(stderr=given.json)
    if not console.is_terminal:
        console = Console(stderr=given.json, width=WIDE)
    began, reports = time.perf_counter(), {}
    with tempfile.TemporaryDirectory() as folder:
        if not given.quick:  # so that the times are those of a first run
            os.environ[CACHE] = folder
        if "B" in given.parts:
            chip_faults.subject()  # once, for all processes
        with multiprocessing.get_context().Pool(given.jobs, deaf) as pool:
            campaign = Campaign(pool, console, given.quick)
            for name in given.parts:
                reports[name] = PARTS[name](campaign)
                if reports[name].interrupted:
                    break
    if given.json:
        print(json.dumps({name: report.rows for name, report in reports.items()}, indent=1))
    for report in reports.values():
        console.print(report.table, report.note, sep="\n")
    console.print(f"{time.perf_counter() - began:.0f} s")
    if any(report.interrupted for report in reports.values()):
        return 130
    return int(not all(report.passed for report in reports.values()))


if __name__ == "__main__":
    sys.exit(main())
