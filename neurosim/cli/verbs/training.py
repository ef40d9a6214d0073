"""Verbs that let one network learn, or count what that would cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from neurosim.cli.flags import by, folder
from neurosim.cli.verbs.fields import (
    OUTPUT,
    AlignFields,
    CompareFields,
    CostFields,
    Json,
    Kept,
    Out,
    RunFields,
    Short,
    ShortData,
    Tracing,
    Watch,
    app,
)
from neurosim.study.scenario import RUNS


@app.command(usage="Usage: neurosim run NAME [FLAGS]", sort_key=2)
def run(
    name: str | None = None, /, *, short: Short = None, watch: Watch = False,
    flags: RunFields = None, out: Out = RUNS, tracing: Tracing = None, kept: Kept = None,
    json: Json = False,
) -> int:  # fmt: skip
    """Train a scenario's own rule, and write a run folder.

    Parameters
    ----------
    name
        Scenario, topology or graph: a name or a file. Left out with --resume.
    watch
        Show errors, speed and busiest units live while it trains.
    out
        Folder that the run folder is made in.
    json
        Print figures as JSON.
    """
    from neurosim.cli import resuming, studies, traces

    wish = traces.wish(tracing, out)
    if kept and kept.resume is not None:
        return resuming.resumed(kept, name, (flags, short, wish), out, json, watch)
    asked = resuming.needed(name)
    return studies.named("run", asked, flags, short, out, json, watch, wish, resuming.pace(kept))


@app.command(usage="Usage: neurosim compare [NAME] [FLAGS]", sort_key=1)
def compare(
    name: str | None = None, /, *, short: Short = None, watch: Watch = False,
    flags: CompareFields = None, out: Out = RUNS, tracing: Tracing = None, kept: Kept = None,
    json: Json = False,
) -> int:  # fmt: skip
    """Train every rule of a scenario, and set what they learn and cost side by side.

    Parameters
    ----------
    name
        Scenario, topology or graph: a name or a file; compare where left out.
    watch
        Show errors, speed and busiest units live while it trains.
    out
        Folder that the run folder is made in.
    json
        Print figures as JSON, one object for each rule.
    """
    from neurosim.cli import resuming, studies, traces

    wish = traces.wish(tracing, out)
    if kept and kept.resume is not None:
        return resuming.resumed(kept, name, (flags, short, wish), out, json, watch)
    asked, how_often = "compare" if name is None else name, resuming.pace(kept)
    return studies.named("compare", asked, flags, short, out, json, watch, wish, how_often)


@app.command(usage="Usage: neurosim cost [NAME] [FLAGS]", sort_key=3)
def cost(
    name: str = "compare",
    /,
    *,
    short: ShortData = None,
    flags: CostFields = None,
    out: Annotated[Path | None, by(folder), Parameter(group=OUTPUT)] = None,
    tracing: Tracing = None,
    json: Json = False,
) -> int:
    """Count what a step of every rule costs, without training.

    Parameters
    ----------
    name
        Scenario, topology or graph: a name or a file.
    out
        Folder that the run folder with traces is made in (runs).
    json
        Print figures as JSON, one object for each rule.
    """
    from neurosim.cli import studies, traces

    wish = traces.wish(tracing, out or RUNS)
    traces.refuse_unused(out, wish)
    return studies.named("cost", name, flags, short, None, json, tracing=wish)


@app.command(usage="Usage: neurosim align NAME [FLAGS]", sort_key=4)
def align(
    name: str, /, *, short: Short = None, flags: AlignFields = None, out: Out = RUNS,
    json: Json = False,
) -> int:  # fmt: skip
    """Hold every rule's gradient against the exact one, beside what it costs.

    The scenario's own rule learns (--rule.name), the others (--compare, or all that fit) are shown
    the same weights, inputs and targets, and move nothing.

    Parameters
    ----------
    name
        Scenario, topology or graph: a name or a file.
    out
        Folder that the run folder is made in.
    json
        Print figures as JSON, one object for each rule.
    """
    from neurosim.cli import align as alignments

    return alignments.aligned(name, flags, short, out, json)
