"""The command line: list, show, run, compare, cost, report.

Data goes to stdout, progress and messages to stderr. Exit codes: 0 done, 1 a run failed, 2 wrong
use, 130 ended by Ctrl-C. Nothing heavy is imported before a verb needs it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from neurosim.errors import RunFailed, UserError

if TYPE_CHECKING:
    from cyclopts import CycloptsError

    from neurosim.study.scenario import Scenario

DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` says (without the program's name) and return its exit code."""
    from neurosim.cli.verbs import app

    arguments = list(sys.argv[1:] if argv is None else argv)
    return _guarded(lambda: app(arguments))


def run(scenario: Scenario, argv: Sequence[str] | None = None) -> NoReturn:
    """Do what `neurosim compare SCRIPT` does, then leave with its exit code.

    Parameters
    ----------
    scenario
        What the script that calls this describes.
    argv
        Flags as on the command line; the script's own where left out.
    """
    from neurosim.cli.script import compared

    arguments = list(sys.argv[1:] if argv is None else argv)
    sys.exit(_guarded(lambda: compared(scenario, arguments)))


def _guarded(command: Callable[[], object]) -> int:
    """Call ``command`` and turn whatever ends it into a message and an exit code."""
    from cyclopts import CycloptsError

    # One core for each training, here and in the processes started from here, so that measured
    # times can be compared; NumPy reads this when it is loaded.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    try:
        code = command()
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except CycloptsError as error:
        return _say(_misuse(error), WRONG_USE)
    except UserError as error:
        return _say(str(error), WRONG_USE)
    except RunFailed as error:
        return _say(str(error), FAILED)
    except MemoryError:
        return _say("out of memory. Use fewer units or steps.", FAILED)
    except KeyboardInterrupt:
        return _say("interrupted.", INTERRUPTED)
    except BrokenPipeError:
        # whoever read our output has seen enough; nothing more can be said on it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception:
        import traceback

        traceback.print_exc()
        return _say("this is an error in neurosim itself. Please report it with the above.", FAILED)


def _misuse(error: CycloptsError) -> str:
    """Return what is wrong with the arguments, in a line, and where to look."""
    from cyclopts import UnusedCliTokensError

    said = " ".join(str(error).split()).rstrip(".")
    said = said if said.endswith("?") else f"{said}."
    if isinstance(error, UnusedCliTokensError):
        said = f"{' '.join(error.unused_tokens or ())}: does not belong here."
    verb = " ".join(error.command_chain or ())
    return f"{said} See `{f'neurosim {verb}'.strip()} --help`."


def _say(message: str, code: int) -> int:
    print(f"neurosim: {message}", file=sys.stderr)
    return code
