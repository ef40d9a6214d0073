"""Worker processes on this computer: each computes one call at a time, and may die of it."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from neurosim.errors import RunFailed, UserError
from neurosim.study.workers import signals_held

T = TypeVar("T")
# Libraries of linear algebra read these when they are loaded. With one thread they add up in one
# order, so that every worker gives the same words, and cores are shared by whole cells.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
LIVES = 2  # processes that a call may end before it is given up


class Workers(Executor):
    """An executor of processes that outlives them: what a death took away is computed once more.

    Each of ``jobs`` threads leads a process of its own, so it is known which call a process died
    of. Processes are spawned with one thread of linear algebra each, do not hear Ctrl-C, and end
    with the process that started them, however that ends.

    Raises
    ------
    UserError
        When no process can be started from here.
    """

    def __init__(self, jobs: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._line, self._held = self._context.Pipe(duplex=False)
        self._ended = False
        self._idle: queue.SimpleQueue[ProcessPoolExecutor] = queue.SimpleQueue()
        for _ in range(jobs):
            self._idle.put(self._hired())
        self._leaders = ThreadPoolExecutor(jobs, "sweep")
        self._try_out(jobs)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have ``fn`` called in a process, from where what it returns or raises comes back.

        A call that ends two processes raises `RunFailed`.
        """
        return self._leaders.submit(self._led, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all processes; with ``cancel_futures`` at once, whatever they are doing."""
        if cancel_futures:
            self._end()
        self._leaders.shutdown(wait, cancel_futures=cancel_futures)
        while wait and not self._idle.empty():
            self._idle.get().shutdown()
        if wait:
            self._end()

    def _end(self) -> None:
        self._ended = True
        self._held.close()  # the processes hear that, as they would if this one died
        self._line.close()

    def _hired(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, self._context, _begin, (self._line,))

    def _led(self, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
        pool = self._idle.get()
        try:
            for _ in range(LIVES):
                try:
                    with signals_held({signal.SIGINT}):  # a process may be started
                        future = pool.submit(fn, *args, **kwargs)
                    return future.result()
                except BrokenProcessPool:
                    if self._ended:
                        raise
                    pool.shutdown()
                    pool = self._hired()
        finally:
            self._idle.put(pool)
        raise RunFailed(
            f"ended {LIVES} worker processes, one after the other, perhaps for want of memory."
            " Use fewer units, or fewer --jobs."
        )

    def _try_out(self, jobs: int) -> None:
        """Start all processes, side by side."""
        try:
            for answer in [self.submit(os.getpid) for _ in range(jobs)]:
                answer.result()
        except (RunFailed, RuntimeError):
            self.shutdown(cancel_futures=True)
            raise UserError(
                "jobs: no worker process can be started from here. In a script, put what starts"
                ' them under `if __name__ == "__main__":`.'
            ) from None


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let processes that are started while the block lasts have one thread of linear algebra."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin(line: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_at_the_end_of, args=(line,), daemon=True).start()


def _leave_at_the_end_of(line: Connection) -> None:
    """End this process when the other end of ``line`` is closed, or dies."""
    line.poll(None)
    os._exit(1)
