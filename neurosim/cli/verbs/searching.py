"""Verbs that let many networks learn, and say which is worth having."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from neurosim.cli.flags import Whole
from neurosim.cli.verbs.fields import (
    MOST_USED,
    RUNS,
    Json,
    Out,
    Short,
    SweepFields,
    Switch,
    Used,
    app,
)


@app.command(usage="Usage: neurosim sweep NAME --over FIELD=VALUES [FLAGS]", sort_key=5)
def sweep(
    name: str,
    /,
    *,
    over: Annotated[
        tuple[str, ...], Parameter(group=MOST_USED, negative=(), show_default=False)
    ] = (),
    seeds: Annotated[str | None, Used] = None,
    jobs: Annotated[Whole | None, Used] = None,
    cluster: Annotated[str | None, Used] = None,
    short: Short = None,
    flags: SweepFields = None,
    parquet: Annotated[bool, Switch] = False,
    out: Out = RUNS,
    json: Json = False,
) -> int:
    """Train a scenario with every combination of some fields' values, each from several seeds.

    The same command goes on after Ctrl-C, and tries again what failed.

    Parameters
    ----------
    name
        Scenario, topology or graph: a name or a file.
    over
        A field and its values, as network.units=8,16, number.word_bits=8..16 or rule=rtrl,trtrl;
        give it for each field.
    seeds
        How many seeds each is tried from, or which, as 3,7 (the scenario's).
    jobs
        Worker processes; as many as there are cores.
    cluster
        Let a Dask scheduler compute, tcp://HOST:8786; local starts one here.
    parquet
        Write the table as Parquet too.
    out
        Folder that the run folders are made in.
    json
        Print rows, medians and fronts as JSON.
    """
    from neurosim.cli import sweep as sweeps

    wishes = sweeps.Wishes(over, seeds, jobs, cluster, parquet)
    return sweeps.swept(name, flags, short, wishes, out, json)
