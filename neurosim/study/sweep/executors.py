"""Who computes the cells of a sweep: processes on this computer, or a cluster that runs already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from neurosim.study.checks import whole
from neurosim.study.sweep import cluster as clusters
from neurosim.study.sweep.processes import Workers, single_threaded


@contextmanager
def opened(jobs: int | None = None, cluster: str | None = None) -> Iterator[Executor]:
    """Open an executor for the block, and end what it is still computing when the block ends.

    Parameters
    ----------
    jobs
        Worker processes on this computer; as many as it has cores where None.
    cluster
        Address of a Dask scheduler, such as ``tcp://127.0.0.1:8786``; ``local`` starts one here
        with ``jobs`` workers. None uses no Dask.

    Raises
    ------
    UserError
        When no worker can be started, or the cluster is not there or is of another version.
    """
    if cluster is not None:
        with clusters.connected(cluster, jobs) as executor:
            yield executor
        return
    count = os.cpu_count() or 1 if jobs is None else whole("--jobs", jobs)
    with single_threaded():
        workers = Workers(count)
        try:
            yield workers
        finally:
            workers.shutdown(cancel_futures=True)
