"""What `neurosim design` does: find the cheapest chip for a series, a sample rate and a part."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from neurosim.cli.flags import DataShortcuts
from neurosim.errors import UserError
from neurosim.report import design as report
from neurosim.report import terminal
from neurosim.study import checks, results
from neurosim.study.design.answer import RECORD, Answer, checked, designed
from neurosim.study.design.demand import STANDARD_STEPS, Demand, duration, frequency
from neurosim.study.design.search import Limits
from neurosim.study.scenario import Scenario, TaskSpec, resolve_files
from neurosim.study.sweep.executors import opened

EXIT = {"found": 0, "none": 1, "interrupted": 130}
#: Seconds of a search where nobody says how many.
BUDGET = 600.0


class Wishes(NamedTuple):
    """What a design has to do, how long it is looked for, and who computes."""

    rate: str | None
    part: str | None
    max_error: float | None
    budget: str | None
    trials: int | None
    steps: int | None
    passes: int | None
    seed: int
    jobs: int | None = None
    cluster: str | None = None


def asked(short: DataShortcuts | None, wishes: Wishes, out: Path, as_json: bool) -> int:
    """Search, print the answer, and return the exit code."""
    demand, limits = demanded(short, wishes), limited(wishes)
    checked(demand)
    with opened(wishes.jobs, wishes.cluster) as executor, report.shown() as watch:
        answer = designed(demand, executor, out, limits, watch)
    _drawn(answer)
    if as_json:
        print(json.dumps(answer.as_dict(), indent=2, allow_nan=False))
        written = f"neurosim: written {answer.folder / RECORD}"
        print(written, file=sys.stderr)
    else:
        listed = results.listed(answer.folder)
        report.print_answer(answer, listed, hints(answer), terminal.console())
    return EXIT[answer.status]


def demanded(short: DataShortcuts | None, wishes: Wishes) -> Demand:
    """Return what is demanded.

    Raises
    ------
    UserError
        When something is left out, or is not what its flag wants.
    """
    if short is None or short.data is None:
        raise UserError("--data: names the series to be learned. Add --data FILE.csv.")
    if wishes.rate is None:
        raise UserError("--rate: says how many samples come in a second. Add it, as --rate 20kHz.")
    if wishes.part is None:
        raise UserError("--part: says what it is built on. Add it, as --part ecp5-85f.")
    if wishes.steps is not None and wishes.passes is not None:
        raise UserError("--steps: --passes says how long to train too. Give one of both.")
    steps = wishes.steps
    if wishes.passes is None:
        steps = STANDARD_STEPS if steps is None else steps
    task = TaskSpec(
        name="csv", data=short.data, input=short.input, target=short.target,
        horizon=1 if short.horizon is None else short.horizon, steps=steps, passes=wishes.passes,
    )  # fmt: skip
    task = resolve_files(Scenario(task=task), Path.cwd()).task
    rate = frequency("--rate", wishes.rate)
    return Demand(task, rate, wishes.part.lower(), wishes.max_error, wishes.seed)


def limited(wishes: Wishes) -> Limits:
    """Return how long the search may take: the standard time where nobody says anything."""
    limits = Limits()
    if wishes.trials is not None:
        limits.trainings = checks.whole("--trials", wishes.trials)
    if wishes.budget is not None:
        limits.seconds = duration("--budget", wishes.budget)
    elif wishes.trials is None:
        limits.seconds = BUDGET
    return limits


def _drawn(answer: Answer) -> None:
    from neurosim.report.figures.design import design  # slow to load

    picture = design(answer)
    if picture is not None:
        figure = answer.folder / results.FIGURES / f"{picture.name}.svg"
        results.place(figure, picture.svg().encode())


def hints(answer: Answer) -> tuple[tuple[str, str], ...]:
    """Return commands that could follow: they make, check and train what was chosen."""
    if answer.chosen is None:
        return ()
    scenario = shlex.quote(str(answer.folder / results.SCENARIO))
    lanes = answer.chosen.verdict.lanes
    chip = f"neurosim hardware {scenario} --lanes {lanes} --part {answer.demand.part}"
    return (
        (f"{chip} --check", "writes the chip, and compares it with the model"),
        (f"{chip} --place", "says what clock it reaches"),
        (f"neurosim run {scenario}", "trains it again, to the same error"),
    )
