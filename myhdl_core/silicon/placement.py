"""A chip on a part: placed and routed by nextpnr with several seeds, and what came of each.

The chip stands in a harness (``harness``), so that no pin's path counts; the clock asked for is the
goal. A chip that misses the goal is a finding; one that has no room on the part fails.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from myhdl_core import tools
from myhdl_core.silicon import floor, harness, netlist, timing
from myhdl_core.silicon.families import Resources
from myhdl_core.silicon.floor import Floorplan
from myhdl_core.silicon.synthesis import Say, Synthesis, silent
from myhdl_core.silicon.timing import CriticalPath
from neurosim.errors import RunFailed, UserError
from neurosim.machine.parts import Part

SEEDS = (1, 2, 3)
# Seconds after which a placement is given up: of a chip that nearly fills its part, or none.
PATIENCE_S = 3600.0


@dataclass(frozen=True)
class Seeded:
    """What came of one seed: the clock reached, the seconds taken, and the slowest path."""

    seed: int
    mhz: float
    seconds: float
    path: CriticalPath | None

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        path = None if self.path is None else self.path.as_dict()
        return {
            "seed": self.seed,
            "mhz": round(self.mhz, 2),
            "seconds": round(self.seconds, 1),
            "critical_path": path,
        }


class Used(NamedTuple):
    """How many of a part's things of one kind are used, and how many there are."""

    used: int
    there: int


@dataclass(frozen=True)
class Placement:
    """A chip placed on a part.

    Attributes
    ----------
    part
        The part.
    tool
        The program and its version.
    goal_mhz
        The clock that was asked for.
    runs
        What came of each seed, in their order.
    utilisation
        What is used of the part by the tool's names, the harness's share among it.
    harness
        What the harness alone takes.
    floorplan
        Where everything lies, in the run with the lowest clock.
    """

    part: Part
    tool: str
    goal_mhz: float
    runs: tuple[Seeded, ...]
    utilisation: Mapping[str, Used]
    harness: Resources
    floorplan: Floorplan

    @property
    def worst(self) -> Seeded:
        """The run with the lowest clock, which is the one to count on."""
        return min(self.runs, key=lambda run: run.mhz)

    @property
    def best(self) -> Seeded:
        """The run with the highest clock."""
        return max(self.runs, key=lambda run: run.mhz)

    @property
    def reached(self) -> bool:
        """Whether every seed reached the goal."""
        return self.worst.mhz >= self.goal_mhz

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the floorplan, as JSON has it."""
        return {
            "part": self.part.name,
            "device": self.part.device,
            "package": self.part.package,
            "speed": self.part.speed,
            "tool": self.tool,
            "goal_mhz": self.goal_mhz,
            "reached": self.reached,
            "worst_mhz": round(self.worst.mhz, 2),
            "best_mhz": round(self.best.mhz, 2),
            "runs": [run.as_dict() for run in self.runs],
            "utilisation": {name: used._asdict() for name, used in self.utilisation.items()},
            "harness": self.harness.as_dict(),
            "note": (
                "the chip in a harness of registers with three pins, so that no pin's path counts;"
                " what the harness takes is in utilisation and not in the synthesis"
            ),
        }


def placed(
    chip: Synthesis,
    part: Part,
    folder: Path,
    seeds: Sequence[int] = SEEDS,
    goal_mhz: float | None = None,
    processes: int = 2,
    say: Say = silent,
) -> Placement:
    """Place and route a chip.

    Parameters
    ----------
    chip
        The chip, synthesised for the part's family.
    part
        Where it goes.
    folder
        Holds what the tools write.
    seeds
        Each gives another placement.
    goal_mhz
        The clock to try for; by default the part's.
    processes
        How many placements run at once.
    say
        Hears what is being done.

    Raises
    ------
    UserError
        When the part cannot be placed or the tool is missing.
    RunFailed
        When the chip has no room on the part, with what there is too little of.
    """
    command = _command(part, chip)
    goal = part.goal_mhz if goal_mhz is None else goal_mhz
    design = netlist.read(chip.path, chip.family, chip.top)
    around = harness.wrapped(chip, design, folder / "harness.json")
    if part.pins:
        lines = (
            f'IO_LOC "{name}" {pin};' for name, pin in zip(harness.PINS, part.pins, strict=True)
        )
        (folder / "pins.cst").write_text("\n".join(lines) + "\n", "utf-8")
    say(f"placing on {part.title}, {len(seeds)} seed{'s' * (len(seeds) != 1)}")
    reports = _all(part, [*command, "--freq", f"{goal:g}"], folder, seeds, processes, say)
    runs = tuple(
        Seeded(seed, mhz(report), seconds, timing.critical(report, design))
        for seed, (report, seconds) in zip(seeds, reports, strict=True)
    )
    worst = min(range(len(runs)), key=lambda n: runs[n].mhz)
    path = runs[worst].path
    return Placement(
        part=part,
        tool=tools.placer_version(part.placer),
        goal_mhz=goal,
        runs=runs,
        utilisation=utilised(reports[worst][0]),
        harness=around,
        floorplan=floor.read(
            folder / f"placed-{seeds[worst]}.json", design, part.title, path.places if path else ()
        ),
    )


def check_part(part: Part) -> None:
    """Refuse a part on which nothing places, or on which what places is not here.

    Raises
    ------
    UserError
        When that is so.
    """
    if not part.placer:
        raise UserError(
            f"--place: nothing places on {part.title}: {part.why_not_placed}. Choose another"
            " --part, or --synth alone."
        )
    tools.require((tools.placer_name(part.placer),), "placing a chip")


def _command(part: Part, chip: Synthesis) -> list[str]:
    """Return the command of nextpnr for a part, as far as it is the same for all seeds."""
    check_part(part)
    if part.synthesis != chip.family.name:
        raise UserError(
            f"--place: {part.title} is synthesised as {part.synthesis} (got {chip.family.name})."
            " Give --part and --synth of one family, or --part alone."
        )
    return [*tools.placer(part.placer), *part.arguments, "--timing-allow-fail", "--quiet"]


# --- running ----------------------------------------------------------------------------------


class _Run(NamedTuple):
    report: dict[str, Any]
    seconds: float


def _all(
    part: Part, command: list[str], folder: Path, seeds: Sequence[int], processes: int, say: Say
) -> list[_Run]:
    """Run every seed, as many at once as are wanted; all stop when one fails or on Ctrl-C."""
    with ThreadPoolExecutor(max(1, processes)) as pool, _children() as started:
        waiting = [pool.submit(_one, part, command, folder, seed, started) for seed in seeds]
        found = []
        for seed, job in zip(seeds, waiting, strict=True):
            found.append(job.result())
            say(f"seed {seed}: {mhz(found[-1].report):.1f} MHz")
    return found


class _Started:
    """Processes that were started, so that all can be stopped."""

    def __init__(self) -> None:
        self._lock, self._running, self._over = Lock(), set[subprocess.Popen[str]](), False

    def run(self, command: Sequence[str], folder: Path) -> tuple[int, str]:
        """Run a command to its end, and return its code and words."""
        with self._lock:
            if self._over:
                return -1, ""
            child = subprocess.Popen(
                command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace",
            )  # fmt: skip
            self._running.add(child)
        try:
            said, _ = child.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            said, _ = child.communicate()
            said += f"\nERROR: gave up after {PATIENCE_S:,.0f} s"
        finally:
            self._running.discard(child)
        return child.returncode, said

    def stop(self) -> None:
        """Stop all of them, and let none start."""
        with self._lock:
            self._over = True
            for child in tuple(self._running):
                child.kill()


@contextmanager
def _children() -> Iterator[_Started]:
    started = _Started()
    try:
        yield started
    finally:
        started.stop()


def _one(part: Part, command: list[str], folder: Path, seed: int, started: _Started) -> _Run:
    report, log = f"report-{seed}.json", f"placed-{seed}.log"
    began = time.perf_counter()
    code, said = started.run(
        [*command, "--json", "harness.json", "--write", f"placed-{seed}.json", "--report", report,
         "--seed", str(seed), "--log", log],
        folder,
    )  # fmt: skip
    written = folder / log
    if code or not (folder / report).is_file():
        told = written.read_text("utf-8", errors="replace") if written.is_file() else ""
        why = failure("\n".join((told, said)))
        raise RunFailed(f"{part.title}: {why}")
    found = json.loads((folder / report).read_text("utf-8"))
    return _Run(found, time.perf_counter() - began)


# --- reading ----------------------------------------------------------------------------------

_LINE = re.compile(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", re.MULTILINE)
#: What nextpnr's names of the things that matter are in words.
NAMES = {
    "DP16KD": "block RAMs", "ICESTORM_RAM": "block RAMs", "BSRAM": "block RAMs",
    "MULT18X18D": "multipliers", "ICESTORM_DSP": "multipliers", "MULT18X18": "multipliers",
    "TRELLIS_COMB": "LUTs", "ICESTORM_LC": "logic cells", "LUT4": "LUTs",
    "TRELLIS_FF": "registers", "DFF": "registers",
}  # fmt: skip


def mhz(report: Mapping[str, Any]) -> float:
    """Return the clock that a report says is reached: the lowest, where there are several."""
    reached = [clock["achieved"] for clock in report.get("fmax", {}).values()]
    if not reached:
        raise RunFailed("nextpnr's report has no clock: no path leads from register to register.")
    return float(min(reached))


def utilised(report: Mapping[str, Any]) -> dict[str, Used]:
    """Return what is used of a part, by nextpnr's names; without what is not."""
    found = report.get("utilization", {})
    return {
        name: Used(each["used"], each["available"])
        for name, each in sorted(found.items())
        if each["used"] and each["available"]
    }


def failure(log: str) -> str:
    """Return why nextpnr gave up: what there is too little of, or its own words."""
    lacking = [
        f"{int(used):,} {NAMES.get(name, name)} are needed, and there are {int(there):,}"
        for name, used, there in _LINE.findall(log)
        if int(used) > int(there)
    ]
    if lacking:
        return (
            f"the chip does not fit: {'; '.join(dict.fromkeys(lacking))}. Use fewer --lanes, fewer"
            " units, narrower words or another --part."
        )
    errors = [line for line in log.splitlines() if line.startswith("ERROR")]
    return "not placed.\n" + "\n".join(dict.fromkeys(errors or log.splitlines()[-5:]))
