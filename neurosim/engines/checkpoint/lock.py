"""A folder that one process at a time works in."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurosim.errors import UserError

NAME = "lock"
PATIENCE_SECONDS = 5.0  # processes that were killed, or whose parent was, let go within a moment


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder while the block lasts, and after no end of this one.

    Where the system or the disk knows no locks, nobody is kept out.

    Raises
    ------
    UserError
        When another process is in it.
    OSError
        When the folder cannot be written.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with open(folder / NAME, "ab") as file:
        last = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < last:
                    time.sleep(0.1)
                    continue
                raise UserError(
                    f"{folder}: another process is at work on it. Wait for it, or end it."
                ) from None
            except OSError:  # a disk over the network may have none
                pass
            break
        yield
