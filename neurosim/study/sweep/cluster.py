"""A Dask cluster as an executor: found, asked who is there, and given back.

Scheduling, retries and moving of results are Dask's own [1]_.

.. [1] M. Rocklin, "Dask: Parallel computation with blocked algorithms and task scheduling",
   Proc. 14th Python in Science Conf., 2015, doi 10.25080/Majora-7b98e3ed-013.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

import neurosim
from neurosim.errors import UserError
from neurosim.study.checks import short, whole
from neurosim.study.sweep.processes import single_threaded
from neurosim.study.workers import signals_held

LOCAL = "local"
PATIENCE_SECONDS = 10
RETRIES = 3  # of a cell whose worker died, as often as Dask itself allows
_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://(\[[0-9a-fA-F:.]+\]|[^/:\s]+):[0-9]{1,5}/?")
# A worker without neurosim could load no function of ours, so it is asked by one of Python's own.
_VERSION = "__import__('neurosim').__version__"


@contextmanager
def connected(address: str, jobs: int | None = None) -> Iterator[Executor]:
    """Return an executor of the cluster at ``address``; `LOCAL` starts one with ``jobs`` workers.

    Raises
    ------
    UserError
        When Dask is not installed, the address is none, nobody answers there, or a worker has no
        neurosim or another version of it.
    """
    local = address == LOCAL
    if not local and not _ADDRESS.fullmatch(address):
        raise UserError(
            f"--cluster {short(address)}: is no address of a scheduler. Write {LOCAL}, or"
            " something like tcp://HOST:8786."
        )
    if not local and jobs is not None:
        raise UserError("--jobs: a cluster has its own workers. Drop it, or use --cluster local.")
    distributed = _dask()
    there = _started(distributed, jobs) if local else _found(distributed, address)
    with _quiet(), there as client:
        check_workers(client, address)
        executor: Executor = client.get_executor(retries=RETRIES, pure=False)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own log out: who ends is told of by what becomes of its cells."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    before = {name: logging.getLogger(name).level for name in names}
    for name in before:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _dask() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise UserError(
            "--cluster: needs Dask, which is not installed. `pip install 'neurosim-hdl[cluster]'`"
        ) from None


@contextmanager
def _started(distributed: Any, jobs: int | None) -> Iterator[Any]:
    count = os.cpu_count() or 1 if jobs is None else whole("--jobs", jobs)
    with single_threaded():
        with signals_held({signal.SIGINT}):  # as the thread is that starts its workers
            cluster = distributed.LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
        with cluster, distributed.Client(cluster) as client:
            yield client


@contextmanager
def _found(distributed: Any, address: str) -> Iterator[Any]:
    try:
        client = distributed.Client(address, timeout=f"{PATIENCE_SECONDS}s")
    except (OSError, ValueError) as error:
        raise UserError(
            f"--cluster {address}: no scheduler answers there ({_reason(error)}). Start one with"
            " `dask scheduler`, or check host and port."
        ) from None
    with client:
        yield client


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def check_workers(client: Any, address: str) -> None:
    """Return when the scheduler, and all workers that are there now, have the neurosim that asks.

    Workers that come later are asked with every cell.

    Raises
    ------
    UserError
        When one has none, or another version.
    """
    answers: Mapping[str, Any] = client.run(eval, _VERSION, on_error="return")
    if not answers:
        print(f"neurosim: {address}: no worker is there yet; cells wait for one.", file=sys.stderr)
    everyone = {"the scheduler": _of_scheduler(client)}
    everyone |= {f"worker {worker}": answer for worker, answer in sorted(answers.items())}
    own = neurosim.__version__
    for who, answer in everyone.items():
        if isinstance(answer, BaseException):
            raise UserError(
                f"--cluster {address}: {who} cannot load neurosim ({_reason_of(answer)})."
                " Install it there: `pip install neurosim-hdl`."
            )
        if answer != own:
            raise UserError(
                f"--cluster {address}: {who} has neurosim {answer}, and here is {own}."
                " Install the same on both."
            )


def _of_scheduler(client: Any) -> Any:
    try:
        return client.run_on_scheduler(eval, _VERSION)
    except Exception as error:  # whatever it was over there
        return error


def _reason_of(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
