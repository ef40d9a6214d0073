"""Verbs that let many networks learn, and say which is worth having."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from neurosim.cli.flags import Decimal, Whole
from neurosim.cli.verbs.fields import (
    MOST_USED,
    Json,
    Out,
    Short,
    ShortData,
    SweepFields,
    Switch,
    Used,
    app,
)
from neurosim.study.scenario import RUNS


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


@app.command(usage="Usage: neurosim design --data FILE --rate RATE --part PART [FLAGS]", sort_key=7)
def design(
    *,
    short: ShortData = None,
    rate: Annotated[str | None, Used] = None,
    part: Annotated[str | None, Used] = None,
    max_error: Annotated[Decimal | None, Used] = None,
    budget: Annotated[str | None, Used] = None,
    trials: Annotated[Whole | None, Used] = None,
    steps: Annotated[Whole | None, Used] = None,
    passes: Annotated[Whole | None, Used] = None,
    seed: Annotated[Whole, Used] = 0,
    jobs: Annotated[Whole | None, Used] = None,
    cluster: Annotated[str | None, Used] = None,
    out: Out = RUNS,
    json: Json = False,
) -> int:
    """Find the cheapest chip that learns a series at a sample rate on a part.

    The same command goes on where it ended. Where nothing does, it says what would and ends with 1.

    Parameters
    ----------
    rate
        Samples a second, with a unit: 20kHz.
    part
        What it is built on: ecp5-25f, ecp5-85f, ice40-up5k, gw2a-18 and others with a known clock.
    max_error
        The largest error, over the target's variance; near the best one where left out.
    budget
        How long to search, as 90s, 10min or 1h (10min, or endless with --trials).
    trials
        How many designs are trained at most, those of earlier calls among them.
    steps
        Steps of each training (30,000).
    passes
        How often each goes through the data, in place of steps.
    seed
        Of the search, and of the initial weights.
    jobs
        Worker processes; as many as there are cores.
    cluster
        Let a Dask scheduler train, tcp://HOST:8786; local starts one here.
    out
        Folder that the run folder is made in; the search is kept in designs in it.
    json
        Print the answer as JSON.
    """
    from neurosim.cli import design as designs

    wishes = designs.Wishes(
        rate, part, max_error, budget, trials, steps, passes, seed, jobs, cluster
    )
    return designs.asked(short, wishes, out, json)
