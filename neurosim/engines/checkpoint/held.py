"""Ctrl-C and SIGTERM that wait until the steps at hand are done, and state is whole."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

_HEARD = (signal.SIGINT, signal.SIGTERM)


class Held:
    """Keeps both signals waiting in blocks of ``whole``; a second one is no longer kept.

    Only the main thread hears signals, so elsewhere nothing is held.

    Parameters
    ----------
    always
        Also hold a SIGTERM that nobody listens to, which would end the process at once; it ends it
        afterwards.
    """

    def __init__(self, always: bool) -> None:
        self._always, self._waiting = always, 0
        self._inside = self._fatal = False
        self._before: dict[int, Any] = {}

    @property
    def asked(self) -> bool:
        """Whether a signal waits."""
        return bool(self._waiting)

    def __enter__(self) -> Held:
        if threading.current_thread() is threading.main_thread():
            for number in _HEARD:
                before = signal.getsignal(number)
                if callable(before) or (self._always and before is signal.SIG_DFL):
                    self._before[number] = before
                    signal.signal(number, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        if self._fatal:
            os.kill(os.getpid(), signal.SIGTERM)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        first, self._waiting = not self._waiting, number
        if not (self._inside and first):
            self.deliver()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Keep signals waiting while the block lasts."""
        self._inside = True
        try:
            yield
        finally:
            self._inside = False

    def deliver(self) -> None:
        """Let a signal that waits do what it would have done.

        Raises
        ------
        KeyboardInterrupt
            As a rule.
        """
        number, self._waiting = self._waiting, 0
        if not number:
            return
        if callable(before := self._before[number]):
            before(number, None)
        else:
            self._fatal = True
            raise KeyboardInterrupt
