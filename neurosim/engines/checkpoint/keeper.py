"""When checkpoints of a training are written, and which of them it goes on from."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neurosim.engines.checkpoint import files, trees
from neurosim.engines.checkpoint.lock import locked
from neurosim.errors import UserError
from neurosim.model.arithmetic import Array
from neurosim.version import version

SECONDS = 15.0
# So many times as long as a checkpoint takes is trained before the next: it costs 1 % at most, and
# with one more at the end still less than 2 % of a minute.
SECONDS_PER_SECOND = 100.0
BYTES_PER_SECOND = 2e8  # as a disk may write, before it is known how long it takes
WORTH_KEEPING = 1.0  # seconds of a training that is over
FULL = {errno.ENOSPC, errno.EDQUOT}


def said(message: str) -> None:
    """Say on stderr what the reader should know."""
    print(f"neurosim: {message}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Keeping:
    """Where and how often checkpoints are written.

    Attributes
    ----------
    folder
        Of one training; made where it is missing.
    seconds
        From one to the next; 0 writes none by time.
    steps
        Steps from one to the next, None writes none by steps.
    anew
        Begin from the beginning, whatever there is; what there is stays until the first new one.
    say
        Told what the user should know.
    """

    folder: Path
    seconds: float = SECONDS
    steps: int | None = None
    anew: bool = False
    say: Callable[[str], object] = field(default=said, repr=False)


class Resumed(NamedTuple):
    """Where a training goes on: steps done, seconds so far, raw outputs and errors of them."""

    step: int
    seconds: float
    outputs: Array
    errors: Array


class Keeper:
    """Writes the checkpoints of one training, and finds those of an earlier process.

    Parameters
    ----------
    keeping
        Where and how often.
    engine
        What steps, before its first step; it has ``state`` and ``restore``.
    marks
        What it is a training of: see ``marks_of``.
    """

    def __init__(self, keeping: Keeping, engine: Any, marks: Mapping[str, str]) -> None:
        self._keeping, self._engine, self._marks = keeping, engine, marks
        self._version = version()
        self._kept: list[int] = []
        self._number = max(files.numbers(keeping.folder), default=0)
        self._logs = tuple(
            files.Log(keeping.folder / f"{name}-{self._number + 1:06d}.bin")
            for name in ("outputs", "errors")
        )
        self._step = 0
        self._last, self._cost = time.monotonic(), 0.0
        self._said = self._unable = False

    def resumed(self, shape: tuple[int, ...], dtype: Any) -> Resumed:
        """Let the engine go on from the newest checkpoint that can be used, if any.

        ``shape`` and ``dtype`` are those of a step's outputs.
        """
        refused: list[str] = []
        folder = self._keeping.folder
        for number in [] if self._keeping.anew else files.numbers(folder):
            try:
                found = files.read(folder, number, self._marks, self._version)
                y, error = (np.frombuffer(w, dtype).reshape(-1, *shape) for w in found.words)
                tree = trees.put_together(found.node, found.arrays, self._template())
                self._engine.restore(tree)
            except (files.Refused, trees.Misfit, trees.Unkeepable, ValueError) as failure:
                step = files.step_of(folder, number)
                what = f"{number:06d}" if step is None else f"at step {step:,}"
                refused.append(f"{folder}: checkpoint {what} refused: {failure}")
                continue
            self._kept, self._logs = [number], found.logs
            self._step = found.step
            self._tell(refused, f"going on from step {found.step:,}")
            return Resumed(found.step, found.seconds, y, error)
        self._tell(refused, "starting from the beginning")
        nothing = np.empty((0, *shape), dtype)
        return Resumed(0, 0.0, nothing, nothing)

    def _tell(self, refused: list[str], then: str) -> None:
        for n, reason in enumerate(refused):
            self._keeping.say(f"{reason}; {then if n == len(refused) - 1 else 'trying the next'}")

    def stop(self, first: int) -> int | None:
        """Return the step at which to pause next, from a step on, where steps count."""
        steps = self._keeping.steps
        return None if steps is None else first - first % steps + steps

    def follow(self, done: int, seconds: float, y: Array, error: Array) -> None:
        """Write a checkpoint if one is due, after steps with these raw outputs and errors."""
        steps = self._keeping.steps
        if (steps is not None and done % steps == 0 and done) or self._due():
            self.write(done, seconds, y, error)

    def _due(self) -> bool:
        every = self._keeping.seconds
        waited = time.monotonic() - self._last
        return every > 0 and waited >= max(every, SECONDS_PER_SECOND * self._cost)

    def end(
        self, done: int, seconds: float, y: Array, error: Array, interrupted: bool
    ) -> None:  # fmt: skip
        """Write one more where a training ends: early, or after long enough to be worth it."""
        worth = seconds >= max(WORTH_KEEPING, SECONDS_PER_SECOND * self._cost_now())
        if done > self._step and (interrupted or worth):
            self.write(done, seconds, y, error)

    def _cost_now(self) -> float:
        """Return the seconds that a checkpoint takes, or may take where none was written yet."""
        if self._cost or self._unable:
            return self._cost
        try:
            arrays = trees.taken_apart(self._engine.state())[1]
        except trees.Unkeepable:
            return 0.0
        return sum(array.nbytes for array in arrays.values()) / BYTES_PER_SECOND

    def write(self, done: int, seconds: float, y: Array, error: Array) -> None:
        """Write a checkpoint after so many steps; a failure is told once, and tried again later."""
        if self._unable:
            return
        began = time.monotonic()
        try:
            self._write(done, seconds, y, error)
        except (OSError, MemoryError) as failure:
            reason = getattr(failure, "strerror", None) or "out of memory"
            self._fail(f"cannot be written ({reason})", "Make room.")
        except (trees.Unkeepable, trees.Misfit) as failure:
            self._unable = True
            self._fail(f"cannot be made: {failure}", "Keep arrays, numbers and tuples of them.")
        self._last = time.monotonic()
        self._cost = self._last - began

    def _write(self, done: int, seconds: float, y: Array, error: Array) -> None:
        node, arrays = trees.taken_apart(self._engine.state())
        # or nobody could go on from it
        trees.put_together(node, arrays, self._template(), copied=False)
        self._keeping.folder.mkdir(parents=True, exist_ok=True)  # there may be room by now
        for log, words in zip(self._logs, (y, error), strict=True):
            log.append(words[log.length // words[0].nbytes : done].tobytes())
        body = {
            "neurosim": self._version, "marks": dict(self._marks), "step": done,
            "seconds": seconds, "state": node, "logs": [log.record for log in self._logs],
        }  # fmt: skip
        number = self._number + 1
        files.write(self._keeping.folder, number, body, arrays)
        self._number, self._step = number, done
        self._kept = [number, *self._kept][: files.KEPT]
        files.prune(self._keeping.folder, self._kept, self._logs)

    def _template(self) -> object:
        return getattr(self._engine, "template", self._engine.state)()

    def _fail(self, what: str, advice: str) -> None:
        if not self._said:
            self._said = True
            folder, ending = self._keeping.folder, "The training goes on without."
            self._keeping.say(f"{folder}: a checkpoint {what}. {ending} {advice}")


@contextmanager
def opened(keeping: Keeping | None, engine: Any, marks: Mapping[str, str]) -> Iterator[Any]:
    """Yield the keeper of a training, None where nothing is kept; nobody else keeps one meanwhile.

    Raises
    ------
    UserError
        When the folder cannot be made for want of other things than room, or another process
        trains there.
    """
    if keeping is not None and not hasattr(engine, "restore"):
        keeping.say(f"{type(engine).__name__} cannot stop and go on: no checkpoints are written.")
        keeping = None
    if keeping is None:
        yield None
        return
    with ExitStack() as stack:
        try:
            keeping.folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(keeping.folder))
        except OSError as error:
            if error.errno not in FULL:
                raise UserError(
                    f"checkpoint: {keeping.folder} cannot be written ({error.strerror})."
                    " Name another folder."
                ) from None
        yield Keeper(keeping, engine, marks)
