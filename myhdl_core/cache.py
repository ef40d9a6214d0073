"""Folders of built files that are kept between runs, each under a key that says how it was made.

The cache is ``$NEUROSIM_CACHE``, or ``neurosim`` in the user's cache folder. A folder in it appears
at once and whole; what was damaged later is made again. Where nothing can be written, a temporary
folder serves until the program ends.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

VARIABLE = "NEUROSIM_CACHE"
SUMS = "sums.json"
MAKING = ".making-"
DAY = 24 * 3600
# What was not used for so long goes when something new is built.
KEPT_DAYS = 90


def wished() -> Path:
    """Return the folder that the cache should lie in."""
    if given := os.environ.get(VARIABLE):
        return Path(given).expanduser().absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "neurosim" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "neurosim"
    given = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if os.path.isabs(given) else Path("~/.cache").expanduser()) / "neurosim"


def kept(key: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of a key, letting ``make`` fill it where it is not there yet.

    Processes that want the same folder at once wait for the first (where the system has locks), or
    each make it, and the last one is kept.
    """
    if _is_whole(wished() / key):
        return _used(wished() / key)
    place = _writable(wished())
    found = place / key
    with _alone(place / f"{key}.lock"):
        if _is_whole(found):
            return _used(found)
        made = Path(tempfile.mkdtemp(prefix=MAKING, dir=place))
        try:
            make(made)
            _seal(made)
            _swap(made, found)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    _sweep(place)
    return found


@lru_cache(maxsize=8)
def _writable(place: Path) -> Path:
    """Return a folder if files can be made in it, otherwise a temporary one."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return place
    except OSError:
        temporary = tempfile.mkdtemp(prefix="neurosim-")
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        return Path(temporary)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.open("w") as lock, contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
            stack.callback(fcntl.flock, lock, fcntl.LOCK_UN)
        yield


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _seal(folder: Path) -> None:
    """Write down what the files of a folder hold."""
    sums = {path.name: _sum(path) for path in sorted(folder.iterdir())}
    (folder / SUMS).write_text(json.dumps(sums), "utf-8")


def _is_whole(folder: Path) -> bool:
    try:
        sums = json.loads((folder / SUMS).read_text("utf-8"))
        return all(_sum(folder / name) == expected for name, expected in sums.items())
    except (OSError, ValueError, AttributeError):
        return False


def _used(folder: Path) -> Path:
    with contextlib.suppress(OSError):
        os.utime(folder)
    return folder


def _swap(made: Path, found: Path) -> None:
    """Put a finished folder in its place; what is there goes away in one go."""
    aside = Path(f"{made}-old")
    with contextlib.suppress(FileNotFoundError):
        found.rename(aside)
    try:
        made.rename(found)
    except OSError:
        if not _is_whole(found):  # unless another process was quicker, and its one is as good
            raise
    shutil.rmtree(aside, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Drop what was not used for long, and what a process that was ended left behind."""
    for entry in place.iterdir():
        days = 1 if entry.name.startswith(MAKING) else KEPT_DAYS
        with contextlib.suppress(OSError):
            if entry.stat().st_mtime < time.time() - days * DAY:
                if entry.is_dir():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
