"""Verbs that show what there is, and whether it is in order."""

from __future__ import annotations

from typing import Annotated

from neurosim.cli.flags import Whole
from neurosim.cli.verbs.fields import Json, Out, Used, app
from neurosim.study.scenario import RUNS


@app.command(usage="Usage: neurosim report [NAME] [FLAGS]", sort_key=8)
def report(name: str | None = None, /, *, out: Out = RUNS, json: Json = False) -> int:
    """Print the report of a run, a chip or a sweep again, and write it into its folder as a page.

    What tools found out about a chip (cells, clock, proofs) stands on the page and in the JSON.

    Parameters
    ----------
    name
        A run folder, or the beginning of its name; the newest where left out.
    out
        Folder that the run folders are in.
    json
        Print figures as JSON: one object for each rule, of a chip one; of both rows and chip.
    """
    from neurosim.cli import studies
    from neurosim.study.sweep import folder as sweeps

    swept = sweeps.found(name, out)
    if swept is not None:
        from neurosim.cli import sweep

        return sweep.again(swept, json)
    return studies.again(name, out, json)


@app.command(name="list", usage="Usage: neurosim list [FLAGS]", sort_key=10)
def list_(*, json: Json = False) -> int:
    """List scenarios, topologies, rules, tasks and machines.

    Parameters
    ----------
    json
        Print names and lines as JSON.
    """
    from neurosim.cli import studies

    return studies.listed(json)


@app.command(usage="Usage: neurosim show NAME [FLAGS]", sort_key=11)
def show(name: str, /, *, json: Json = False) -> int:
    """Show one of them in full; a scenario or a machine as TOML, to be edited and used.

    Parameters
    ----------
    name
        A name from `neurosim list`, or a file.
    json
        Print it as JSON.
    """
    from neurosim.cli import studies

    return studies.shown(name, json)


@app.command(usage="Usage: neurosim check RULE [FLAGS]", sort_key=12)
def check(rule: str, /, *, steps: Annotated[Whole, Used] = 40, json: Json = False) -> int:
    """Check that a rule's messages, arrays and closed forms say the same.

    Parameters
    ----------
    rule
        A rule by name or file, with options as in trtrl:literal=true.
    steps
        Steps that are compared on each of a few small networks.
    json
        Print what was found as JSON.
    """
    from neurosim.cli import agreement

    return agreement.checked(rule, steps, json)


@app.command(usage="Usage: neurosim doctor [FLAGS]", sort_key=13)
def doctor(*, json: Json = False) -> int:
    """Show which packages and tools are here, what each is for, and how to get the rest.

    Parameters
    ----------
    json
        Print what was found as JSON.
    """
    from neurosim.cli import doctor

    return doctor.examined(json)
