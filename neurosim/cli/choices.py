"""What `neurosim hardware NAME --fit` does: show which parts and lanes a network fits."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from neurosim.cli.designs import learner
from neurosim.cli.findings import Wishes
from neurosim.errors import UserError
from neurosim.machine.parts import PARTS, part_named
from neurosim.report import choice as report
from neurosim.report import progress, terminal
from neurosim.report.hardware import closing
from neurosim.study import checks, results
from neurosim.study.hardware import folder as chip_folder
from neurosim.study.hardware import record
from neurosim.study.hardware.choice import Choices, Placed, choices, placement_in
from neurosim.study.scenario import Scenario


def shown(scenario: Scenario, again: str, wishes: Wishes, out: Path, as_json: bool) -> int:
    """Print for each part and number of lanes whether the chip fits, and draw it.

    Parameters
    ----------
    scenario
        Of one rule and one size.
    again
        The command that asked, without ``--fit``.
    wishes
        What else is wanted: a part, a number of lanes.
    out
        Folder of the run folders.
    as_json
        Print it as JSON.
    """
    _refuse_others(wishes)
    parts = (part_named(wishes.part).name,) if wishes.part else tuple(PARTS)
    with progress.shown(scenario) as (_, say):
        posed, rule, number = learner(scenario)
        with results.prepared(scenario, out) as folder:
            lanes = None if wishes.lanes is None else (wishes.lanes,)
            network, known = posed.network, _placed(folder)
            found = choices(scenario.name, network, rule, number, parts, lanes, known, say)
            say("drawing")
            chip_folder.keep_scenario(folder, scenario)
            text = json.dumps(found.as_dict(), indent=2, allow_nan=False)
            results.place(folder / record.CHOICES, (text + "\n").encode())
            written = _drawn(found, folder)
    if as_json:
        print(text)
        return 0
    console = terminal.console()
    report.print_choices(found, console)
    closing(written, _hints(found, again, wishes), console)
    return 0


def _refuse_others(wishes: Wishes) -> None:
    tools = wishes.tools
    others = {
        "--check": wishes.check, "--waveforms": wishes.waveforms, "--synth": tools.synth,
        "--place": tools.place, "--place-seeds": tools.place_seeds is not None,
        "--prove": tools.prove, "--board": tools.board, "--steps": wishes.steps is not None,
    }  # fmt: skip
    for flag, given in others.items():
        if given:
            raise UserError(
                f"--fit: writes no chip, so {flag} has nothing to do. Give one of both."
            )


def _placed(folder: Path) -> tuple[Placed, ...]:
    """Return what was placed of this scenario."""
    path = folder / results.RECORD
    found = placement_in(record.read(path).whole) if checks.is_file(path) else None
    return () if found is None else (found,)


def _drawn(found: Choices, folder: Path) -> str:
    from neurosim.report.figures.choice import choice  # slow to load

    picture = choice(found)
    if picture is None:
        return f"{folder / record.CHOICES}"
    figure = folder / results.FIGURES / f"{picture.name}.svg"
    results.place(figure, picture.svg().encode())
    return f"{folder / record.CHOICES}, {figure}"


def _hints(found: Choices, again: str, wishes: Wishes) -> tuple[tuple[str, str], ...]:
    small = found.smallest()
    if small is None:
        return ()
    part = PARTS[small.part]
    tool, said = "--place", "what clock it reaches"
    if not part.placer:
        tool, said = f"--synth {part.synthesis}", "what it takes"
    lanes = f" --lanes {small.lanes}" * (wishes.lanes is None)  # else it has them already
    command = f"{again}{lanes} --part {shlex.quote(part.name)} {tool}"
    return ((command, f"makes it, and says {said}"),)
