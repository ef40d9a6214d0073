"""What `neurosim run --resume RUN` does: go on with a run or a comparison that is not done."""

from __future__ import annotations

import sys
from pathlib import Path

from neurosim.cli import studies
from neurosim.cli.flags import CheckpointFlags
from neurosim.errors import UserError
from neurosim.study import results, unfinished
from neurosim.study.unfinished import AS_USUAL, Pace


def needed(name: str | None) -> str:
    """Return the name, where there is one.

    Raises
    ------
    UserError
        Where there is none.
    """
    if name is None:
        raise UserError("NAME: is missing. See `neurosim run --help`.")
    return name


def pace(flags: CheckpointFlags | None) -> Pace:
    """Return how often the flags ask for checkpoints.

    Raises
    ------
    UserError
        When they ask for something that cannot be.
    """
    if flags is None:
        return AS_USUAL
    given = {"seconds": flags.checkpoint_seconds, "steps": flags.checkpoint_steps}
    return Pace(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]


def resumed(
    kept: CheckpointFlags,
    name: str | None,
    others: tuple[object, ...],
    out: Path,
    as_json: bool,
    live: bool,
) -> int:
    """Go on with the run that is named; return the exit code.

    ``others`` are what the remaining flags said: nothing that would change a run is taken.

    Raises
    ------
    UserError
        When there is no such run, or it cannot be gone on with.
    """
    assert kept.resume is not None
    if name is not None:
        raise UserError(f"--resume: names the run to go on with. Leave {name} out.")
    if any(others):
        raise UserError(
            "--resume: goes on with a run as it was begun. Leave out the flags that change what is"
            " computed, or start another run without --resume."
        )
    folder = results.find(kept.resume, out)
    begun = unfinished.begun_in(folder)
    if begun is None:
        print(
            f"neurosim: {folder} is done, so there is nothing to go on with. `neurosim report"
            f" {folder}` shows it.",
            file=sys.stderr,
        )
        return 0
    where = results.made(folder)
    return studies.computed(begun.verb, begun.scenario, where, as_json, live, pace(kept))
