"""The command as a program of its own, and what a terminal's Ctrl-C does to it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from neurosim.cli import main

ROOT = Path(__file__).parent.parent
TOUCHING = """
import sys
from contextlib import contextmanager
from pathlib import Path
from neurosim.cli import main
from neurosim.report import progress

@contextmanager
def shown(scenario, live=False):  # as if somebody watched: leaves a file when it has begun
    yield lambda progress: Path("begun").touch(), lambda text: None

if __name__ == "__main__":
    progress.shown = shown
    sys.exit(main())
"""


def started(*argv):
    """Start the command as a program of its own, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, *argv], start_new_session=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def interrupted(*argv):
    """Start a command, send Ctrl-C when it has begun, and return what it printed."""
    Path("watched.py").write_text(TOUCHING)
    process = started("watched.py", *argv)
    while not Path("begun").exists() and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process at once
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted after" in err
    assert "Traceback" not in err
    return out


def rows(capsys, *argv):
    """Return the rows that a command prints as JSON."""
    assert main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def only_run() -> Path:
    """Return the only folder in the run store of the working folder."""
    (folder,) = Path("runs").iterdir()
    return folder
