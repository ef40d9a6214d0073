"""The command line: list, show, run, compare, cost, sweep, design, hardware, report, doctor.

Data goes to stdout, progress and messages to stderr. Exit codes: 0 done, 1 a run failed, 2 wrong
use, 130 ended by Ctrl-C, 143 by SIGTERM. Nothing heavy is imported before a verb needs it.
"""

from __future__ import annotations

import errno
import io
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Literal, NoReturn

from neurosim.errors import RunFailed, UserError

if TYPE_CHECKING:
    from neurosim.study.scenario import Scenario

DONE, FAILED, WRONG_USE, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
# A word of a message that is longer, such as a name without end, is cut.
LONGEST_WORD = 200


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` says (without the program's name) and return its exit code."""

    def command() -> object:
        from neurosim.cli.verbs import app

        return app(list(sys.argv[1:] if argv is None else argv))

    return _guarded(command)


def run(
    scenario: Scenario,
    argv: Sequence[str] | None = None,
    verb: Literal["compare", "cost"] = "compare",
) -> NoReturn:
    """Do what `neurosim compare SCRIPT` does, then leave with its exit code.

    Parameters
    ----------
    scenario
        What the script that calls this describes.
    argv
        Flags as on the command line; the script's own where left out.
    verb
        With ``cost`` nothing is trained, as in `neurosim cost SCRIPT`.
    """

    def command() -> object:
        from neurosim.cli import script

        done = script.compared if verb == "compare" else script.counted
        return done(scenario, list(sys.argv[1:] if argv is None else argv))

    sys.exit(_guarded(command))


def _guarded(command: Callable[[], object]) -> int:
    """Do ``command`` and turn whatever ends it into a message and an exit code."""
    # One core for each training, here and in the processes started from here, so that measured
    # times can be compared; NumPy reads this when it is loaded.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    _open_what_is_closed()
    with Termination() as termination:
        code = _ended(command)
    return TERMINATED if termination.heard and code in (DONE, INTERRUPTED) else code


class Termination:
    """SIGTERM taken as Ctrl-C is, so that what was computed is kept; ``heard`` says that it came.

    Only the main thread can listen, and whoever listens already goes on doing so.
    """

    def __init__(self) -> None:
        self.heard = False
        main = threading.current_thread() is threading.main_thread()
        self._listens = main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    def __enter__(self) -> Termination:
        if self._listens:
            signal.signal(signal.SIGTERM, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        if self._listens:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.heard = True
        raise KeyboardInterrupt


def _ended(command: Callable[[], object]) -> int:
    """Call ``command``; return the exit code, and say what ended it."""
    try:
        _check_place()
        code = command()
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except UserError as error:
        return _say(str(error), WRONG_USE)
    except RunFailed as error:
        return _say(str(error), FAILED)
    except MemoryError:
        return _say("out of memory. Use fewer units or steps.", FAILED)
    except KeyboardInterrupt:
        return _say("interrupted.", INTERRUPTED)
    except BrokenPipeError:
        _drop_output()  # whoever read it has seen enough; nothing more can be said on it
        return DONE
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EDQUOT):
            return _other(error)
        _drop_output()
        return _say(f"cannot write the output ({error.strerror}). Make room.", WRONG_USE)
    except Exception as error:
        return _other(error)


def _open_what_is_closed() -> None:
    """Give the program the standard streams that whoever started it has closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, io.StringIO())


def _check_place() -> None:
    try:
        os.getcwd()
    except OSError:
        raise UserError("the working folder is gone. Change to one that is there.") from None


def _drop_output() -> None:
    """Lead what is still in stdout's buffer, and whatever follows, nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _other(error: Exception) -> int:
    """Say what the command line's own library found wrong, or that neurosim is."""
    from cyclopts import CycloptsError

    if isinstance(error, CycloptsError):
        from neurosim.cli.misuse import message

        return _say(message(error), WRONG_USE)
    import traceback

    traceback.print_exception(error)
    return _say("this is an error in neurosim itself. Please report it with the above.", FAILED)


def _say(message: str, code: int) -> int:
    # what the user gave may hold anything, and a message must not move the terminal's cursor
    plain = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in message)
    cut = re.sub(rf"(\S{{{LONGEST_WORD}}})\S+", r"\1...", plain)
    if typed := os.environ.get("NEUROSIM_COMMAND"):
        cut = cut.replace("`neurosim ", f"`{typed} ")
    print(f"neurosim: {cut}", file=sys.stderr)
    return code
