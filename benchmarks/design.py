"""What `neurosim design` promises and keeps, as docs/designing.md shows it.

    python benchmarks/design.py --out FOLDER                  # six cases: about half an hour
    python benchmarks/design.py --out FOLDER --cases sunspots:ice40-up5k
    python benchmarks/design.py --out FOLDER --grid           # and a small grid by brute force

A case is a series and a part, at 20 kHz. Its design is trained again from the scenario that was
written, in a store of its own, and its Verilog is simulated: error, cycles and words have to be
what was promised. With --grid every design of a small grid that would cost less by more than a
tenth is trained: none may meet the error, from the seed that is built and in the median of three.
Ends with 1 where a promise is not kept. What was trained stays in FOLDER, so that Ctrl-C loses
little.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from itertools import product
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs in a checkout that is not installed
os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is loaded: a core for each process

from neurosim.cli.design import Wishes, demanded  # noqa: E402
from neurosim.cli.flags import DataShortcuts  # noqa: E402
from neurosim.study import comparison, sources  # noqa: E402
from neurosim.study.design.answer import CELLS, ROOM, Answer, designed  # noqa: E402
from neurosim.study.design.demand import Demand  # noqa: E402
from neurosim.study.design.judge import Judge  # noqa: E402
from neurosim.study.design.search import SEEDS, Limits, Progress  # noqa: E402
from neurosim.study.design.space import Candidate, scenario  # noqa: E402
from neurosim.study.hardware.check import Checked, check  # noqa: E402
from neurosim.study.mackey_glass import mackey_glass  # noqa: E402
from neurosim.study.problem import Problem  # noqa: E402
from neurosim.study.scenario import folder_name  # noqa: E402
from neurosim.study.sweep.cells import computed  # noqa: E402
from neurosim.study.sweep.executors import opened  # noqa: E402

PARTS = ("ecp5-25f", "ecp5-85f", "ice40-up5k")
#: The largest error of each series, over the variance of its target.
ERRORS = {"sunspots": 0.17, "mackey_glass": 0.02}
RATE, STEPS, CHECKED_STEPS = "20kHz", 6_000, 300
#: What brute force tries: all combinations.
GRID = {
    "rule": ("rflo", "snap", "trtrl", "rtrl"),
    "units": (3, 4, 6, 8, 12),
    "density": (0.25, 0.75, 1.0),
    "word_bits": (8, 12, 16),
    "weight_bits": (24,),
    "learning_rate": (0.034, 0.096),
}
CHEAPER = 0.9


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks/design.py", description=__doc__)
    every = [f"{series}:{part}" for series in ERRORS for part in PARTS]
    parser.add_argument("--out", type=Path, required=True, help="folder of all that is trained")
    parser.add_argument("--cases", nargs="+", default=every, choices=every, metavar="SERIES:PART")
    parser.add_argument("--trials", type=int, default=40, help="designs that are trained (40)")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of each ({STEPS})")
    parser.add_argument("--jobs", type=int, default=None, help="processes; one a core")
    parser.add_argument("--grid", action="store_true", help="try a small grid by brute force")
    asked = parser.parse_args(argv)
    held = [_case(*name.split(":"), asked) for name in asked.cases]
    return 0 if all(held) else 1


def _case(series: str, part: str, asked: argparse.Namespace) -> bool:
    """Search, keep the promises, and print a line of what was found."""
    demand = demand_of(series, part, asked.steps, asked.out)
    with opened(asked.jobs) as executor:
        answer = designed(demand, executor, asked.out, Limits(trainings=asked.trials), _say)
        if answer.chosen is None:
            print(f"{series}:{part}: no design: {json.dumps(answer.as_dict()['missing'])}")
            return False
        error, checked = again(answer, asked.steps)
        cheaper = list(brute(demand, answer, executor, asked.out)) if asked.grid else []
    chosen = answer.chosen
    kept = error == chosen.error and checked.passed
    kept = kept and checked.cycles_expected == chosen.verdict.cycles and not cheaper
    row = {
        "case": f"{series}:{part}", "kept": kept, **answer.as_dict()["design"],
        "again": error, "words": checked.words, "mismatches": checked.mismatches,
        "cycles_measured": checked.cycles_measured, "trained": answer.tried,
        "cheaper_by_brute_force": cheaper if asked.grid else None,
    }  # fmt: skip
    print(json.dumps(row), flush=True)
    return kept


def demand_of(series: str, part: str, steps: int, out: Path) -> Demand:
    """Return what is demanded in a case; writes the series where it is none of the shelf."""
    data, target = ("sunspots", "sunspots")
    if series == "mackey_glass":
        data, target = str(_mackey_glass(out)), "x"
    short = DataShortcuts(data, None, target, 1)
    wishes = Wishes(RATE, part, ERRORS[series], None, None, steps, None, 0)
    return demanded(short, wishes)


def _mackey_glass(out: Path) -> Path:
    """Write the series of the task of that name as a CSV file, and return it."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "mackey_glass.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["x"])
        writer.writerows([repr(float(x))] for x in mackey_glass(10_000, 17.0, 1.2))
    return path


def again(answer: Answer, steps: int) -> tuple[float | None, Checked]:
    """Train a design from its scenario alone, and simulate its chip beside the model."""
    assert answer.chosen is not None
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "again.toml"
        copy.write_bytes((answer.folder / "scenario.toml").read_bytes())
        read = sources.load(str(copy))
    summary, _ = comparison.study(read, "run", lambda progress: None)
    problem = Problem.of(read, read.seeds[0])
    rule, number = problem.rule(read.rule.name), problem.number
    x, target = (each[:CHECKED_STEPS] for each in (problem.series.inputs, problem.series.targets))
    lanes = answer.chosen.verdict.lanes
    found: Any = check(problem.network, rule, number, lanes, x, target)  # type: ignore[arg-type]
    return summary.rows[0].get("nmse"), found


def brute(
    demand: Demand, answer: Answer, executor: Executor, out: Path
) -> Iterator[dict[str, Any]]:
    """Yield the designs of the grid that meet the demand and cost less by more than a tenth."""
    assert answer.chosen is not None
    judge, most = Judge(demand), CHEAPER * answer.chosen.verdict.cost
    every = [Candidate(**dict(zip(GRID, each, strict=True))) for each in product(*GRID.values())]
    less = [each for each in every if (v := judge.judged(each)).good and v.cost < most]
    print(f"brute force: {len(less)} of {len(every)} cost less", file=sys.stderr)
    own = _errors(demand, less, demand.seed, executor, out)
    met = [each for each in less if own[each] <= (demand.max_error or 0.0)]
    for each in met:
        seeds = range(demand.seed + 1, demand.seed + SEEDS)
        others = [_errors(demand, [each], seed, executor, out)[each] for seed in seeds]
        if median([own[each], *others]) <= (demand.max_error or 0.0):
            yield {**vars(each), "cost": judge.judged(each).cost, "nmse": own[each]}


def _errors(
    demand: Demand, which: list[Candidate], seed: int, executor: Executor, out: Path
) -> dict[Candidate, float]:
    """Return the error of each candidate, endless where it could not learn."""
    scenarios = {each: scenario(demand, each, seed) for each in which}
    found = {}
    for n, result in enumerate(computed(executor, scenarios.values(), out / ROOM / CELLS)):
        error = None if result.row is None else result.row.get("nmse")
        found[result.folder.name] = inf if error is None else float(error)
        if n % 20 == 0:
            print(f"brute force: {n} of {len(which)}", file=sys.stderr, flush=True)
    return {each: found[folder_name(one)] for each, one in scenarios.items()}


def _say(at: Progress) -> None:
    best = None if at.best is None else (at.best.error, at.best.verdict.cost)
    print(f"{at.doing}: {at.trained} trained, best {best}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
