"""Processes that train: what signals mean to them, and that they end with whoever began them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from typing import Any

SECONDS_TO_TELL = 1.0  # so long a process that was ended has to hand over what it did
ENDING = {signal.SIGINT, signal.SIGTERM}
_shared: dict[str, Any] = {}


@contextmanager
def signals_held(held: Collection[signal.Signals] = ENDING) -> Iterator[None]:
    """Keep Ctrl-C and SIGTERM waiting here, and out of processes that are started meanwhile.

    A terminal sends Ctrl-C to every process, and one that is still loading could only crash.
    """
    if not hasattr(signal, "pthread_sigmask"):  # not on every system
        yield
        return
    resource_tracker.ensure_running()  # its own start would let signals in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin(reports: Queue[Any], stop: Event) -> None:
    """Begin a process that trains; it tells ``reports`` how far it is, and heeds ``stop``."""
    # a terminal sends Ctrl-C to every process; only the first decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    idle = threading.Event()
    idle.set()
    _shared.update(reports=reports, stop=stop, idle=idle)
    # a service that is stopped sends SIGTERM to every process too; what is trained is kept first
    signal.signal(signal.SIGTERM, _leave_when_idle)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


@contextmanager
def busy() -> Iterator[Callable[[Any], object]]:
    """Do not let this process leave while the block lasts; yield what takes its reports."""
    _shared["idle"].clear()
    try:
        yield _shared["reports"].put
    finally:
        _shared["idle"].set()


def stopped() -> bool:
    """Whether what is being trained here has to end early."""
    return "leaving" in _shared or bool(_shared["stop"].is_set())


def _leave_with_parent() -> None:
    """End this process as soon as the one that started it is gone, however it ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _leave_when_idle(number: int, frame: object) -> None:
    _shared["leaving"] = True
    threading.Thread(target=_leave_soon, daemon=True).start()


def _leave_soon() -> None:
    _shared["idle"].wait()
    time.sleep(SECONDS_TO_TELL)
    os._exit(128 + signal.SIGTERM)
