"""Unfinished runs: what lies in a run folder while it is computed, and how somebody goes on.

`NAME-HASH/resume/` holds `run.json` (which verb, and of what), and for every training a folder
`RULE-SEED/` with its checkpoints. It goes when the run is done.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from neurosim.engines.checkpoint import Keeping
from neurosim.engines.checkpoint.keeper import SECONDS, said
from neurosim.engines.checkpoint.lock import locked
from neurosim.errors import UserError
from neurosim.study import checks, description, results, sources
from neurosim.study.scenario import Scenario, digest

SCHEMA = 1
FOLDER, RECORD = "resume", results.UNFINISHED.name
WITHOUT = "The run goes on without checkpoints."
Verb = Literal["run", "compare"]


@dataclass(frozen=True)
class Pace:
    """How often checkpoints are written.

    Attributes
    ----------
    seconds
        From one to the next; 0 writes none by time.
    steps
        Steps of a training from one to the next, None writes none by steps.
    """

    seconds: float = SECONDS
    steps: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.seconds < float("inf"):
            raise UserError(
                f"--checkpoint-seconds: must be 0, for none, or more (got {self.seconds:g})."
            )
        if self.steps is not None and self.steps < 1:
            raise UserError(f"--checkpoint-steps: must be 1 or more (got {self.steps}).")


AS_USUAL = Pace()


class Unfinished(NamedTuple):
    """A run that somebody began: what it computes, and by which verb."""

    folder: Path
    scenario: Scenario
    verb: Verb


@contextmanager
def begun(
    folder: Path, scenario: Scenario, verb: Verb, pace: Pace, anew: bool
) -> Iterator[Keeping | None]:
    """Note in a run folder what is being computed there, and keep others out while the block lasts.

    Yields where checkpoints go, None where none are written: costs and times of several sizes are
    over before they would be worth it. With ``anew`` those that are there are not gone on from;
    without, they are at any pace, and on a full disk too.

    Raises
    ------
    UserError
        When another process is computing it.
    """
    if scenario.swept or (anew and not (pace.seconds or pace.steps)):
        yield None
        return
    resume, keeping, ours = folder / FOLDER, None, not any(folder.iterdir())
    with ExitStack() as stack:
        try:
            resume.mkdir(exist_ok=True)
            stack.enter_context(locked(resume))
            if anew and there(folder):
                said(
                    f"{folder} holds unfinished work of this run, and this starts it anew."
                    f" `neurosim run --resume {folder}` goes on with it."
                )
            if anew:
                _note(folder, scenario, verb)
            keeping = Keeping(resume, pace.seconds, pace.steps, anew)
        except OSError as error:
            said(f"{resume}: cannot be written ({error.strerror}). {WITHOUT}")
        except results.Unwritable as error:
            said(f"{error} {WITHOUT}")
        try:
            yield keeping
        finally:
            if not there(folder):
                forget(folder, ours)


def _note(folder: Path, scenario: Scenario, verb: Verb) -> None:
    if not checks.is_file(folder / results.SCENARIO):
        described = description.toml(description.mapping(scenario))
        results.place(folder / results.SCENARIO, described.encode())
    record = {"schema": SCHEMA, "verb": verb, "hash": digest(scenario)}
    results.place(folder / FOLDER / RECORD, (json.dumps(record, indent=2) + "\n").encode())


def there(folder: Path) -> bool:
    """Say whether a run folder holds checkpoints of a run that is not done."""
    return any((folder / FOLDER).glob("*/*.json")) and not results.finished(folder)


def forget(folder: Path, ours: bool = False) -> None:
    """Remove what was kept to go on with a run; of a folder that is ours, if that was all, all."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    if ours and {path.name for path in folder.iterdir()} == {results.SCENARIO}:
        with suppress(OSError):
            (folder / results.SCENARIO).unlink()


def begun_in(folder: Path) -> Unfinished | None:
    """Return what was begun in a run folder, None where all of it is done.

    Raises
    ------
    UserError
        When it cannot be gone on with: it was not made for that, or is no longer the same.
    """
    verb = "run"
    if checks.is_file(folder / results.SUMMARY):
        scenario, summary = results.read(folder)
        verb = summary.verb
        if summary.status != "interrupted":
            return None
        if scenario.swept:
            raise UserError(
                f"{folder}: measures several cases, of which no checkpoints are written."
                f" Start it anew: `neurosim {summary.verb} {folder / results.SCENARIO}`."
            )
    record = _read(folder, verb)
    scenario = sources.load(str(folder / results.SCENARIO))
    if digest(scenario) != record["hash"]:
        raise UserError(
            f"{folder}: a file that it reads, or its scenario, has changed since (it was"
            f" {record['hash']} and is {digest(scenario)} now), so nothing can go on."
            f" Start it anew: `neurosim {record['verb']} {folder / results.SCENARIO}`."
        )
    return Unfinished(folder, scenario, "compare" if record["verb"] == "compare" else "run")


def _read(folder: Path, verb: str) -> dict[str, str]:
    """Return what a run folder says is computed in it; ``verb`` began it, where it does not say."""
    path = folder / FOLDER / RECORD
    anew = f"Start it anew: `neurosim {verb} {folder / results.SCENARIO}`."
    try:
        record = json.loads(path.read_bytes())
        schema, verb, mark = record["schema"], record["verb"], record["hash"]
    except FileNotFoundError:
        raise UserError(f"{folder}: holds no checkpoints to go on from. {anew}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: cannot be read ({error}). {anew}") from None
    if schema != SCHEMA:
        raise UserError(f"{path}: another version of neurosim wrote it. {anew}")
    return {"verb": str(verb), "hash": str(mark)}
