"""What the verbs do: a study with its progress, run folder and report; and looks at the shelf."""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from neurosim.cli import traces
from neurosim.cli.flags import DataShortcuts, apply
from neurosim.report import progress, shelf, terminal
from neurosim.study import comparison, inventory, problem, results, sources
from neurosim.study.comparison import Verb
from neurosim.study.scenario import Scenario
from neurosim.study.summary import Summary, finite

EXIT = {"done": 0, "failed": 1, "interrupted": 130}


def named(
    verb: Verb,
    name: str,
    flags: Any,
    short: DataShortcuts | None,
    out: Path | None,
    as_json: bool,
    live: bool = False,
    tracing: traces.Wish | None = None,
) -> int:
    """Do a verb on what is called ``name``."""
    return study(verb, sources.load(name), name, flags, short, out, as_json, live, tracing)


def study(
    verb: Verb,
    scenario: Scenario,
    asked: str,
    flags: Any,
    short: DataShortcuts | None,
    out: Path | None,
    as_json: bool,
    live: bool = False,
    tracing: traces.Wish | None = None,
) -> int:
    """Run a study, write its folder (in ``out``) and print its report; return the exit code.

    With ``live`` its training is shown on the terminal while it lasts. With ``tracing`` some steps
    are simulated first, and what happens in them is written down.
    """
    if verb == "run":
        problem.check_rules(scenario.compare)
        name = getattr(getattr(flags, "rule", None), "name", None) or scenario.rule.name
        scenario = problem.single(scenario, name)
    scenario = apply(scenario, verb, flags, short)
    problem.check_rules((*scenario.compare, scenario.rule.name))
    with _folder(scenario, out) as folder:
        with progress.shown(scenario, live) as (watch, say):
            traced = traces.write(tracing, scenario, say) if tracing else []
            summary, outcomes = comparison.study(scenario, verb, watch, say)
        summary = replace(summary, hints=_hints(scenario, summary, asked, folder, flags or short))
        written = None
        try:
            if folder is not None:
                written = results.write(folder, scenario, summary, outcomes)
        finally:  # what was computed is shown even where it could not be kept
            _print(scenario, summary, written, as_json)
    for line in traced:
        print(f"neurosim: {line}", file=sys.stderr)
    # a report on the screen has said so already
    return _end(summary, aloud=as_json or not sys.stdout.isatty())


def _folder(scenario: Scenario, out: Path | None) -> AbstractContextManager[Path | None]:
    return nullcontext() if out is None else results.prepared(scenario, out)


def again(name: str | None, out: Path, as_json: bool) -> int:
    """Print the report of a run folder, and write it there as a page with figures."""
    from neurosim.report import drawing  # slow to load

    folder = results.find(name, out)
    scenario, summary = results.read(folder)
    _print(scenario, summary, results.listed(folder), as_json)
    sys.stdout.flush()
    print(f"neurosim: written {drawing.draw(folder, scenario, summary)}", file=sys.stderr)
    return 0


def listed(as_json: bool) -> int:
    """Print what is on the shelf."""
    found = inventory.summaries()
    if as_json:
        _print_json(found)
    else:
        shelf.print_list(found, terminal.console())
    return 0


def shown(name: str, as_json: bool) -> int:
    """Print one thing in full."""
    entry = inventory.entry(name)
    if as_json:
        _print_json({key: value for key, value in asdict(entry).items() if value is not None})
    else:
        shelf.print_entry(entry, terminal.console())
    return 0


def _print(scenario: Scenario, summary: Summary, written: str | None, as_json: bool) -> None:
    if as_json:
        _print_json([_with_parts(finite(row), summary) for row in summary.rows])
        if written:
            print(f"neurosim: written {written}", file=sys.stderr)
    else:
        terminal.print_report(scenario, summary, written, terminal.console())


def _with_parts(row: dict[str, Any], summary: Summary) -> dict[str, Any]:
    """Return a row with the parts that its rule was fitted on."""
    fits = [
        fit for fit in summary.fits if (fit["rule"], fit["units"]) == (row["rule"], row["units"])
    ]
    return {**row, "parts": fits} if fits else row


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, allow_nan=False))


def _end(summary: Summary, aloud: bool) -> int:
    broken = [check.promise for check in summary.checks if not check.held]
    for message in (*summary.notes, *(f"check broken: {promise}" for promise in broken)):
        if aloud:
            print(f"neurosim: {message}", file=sys.stderr)
    return EXIT["failed"] if broken and summary.status == "done" else EXIT[summary.status]


def _fitting(scenario: Scenario, summary: Summary) -> str | None:
    """Return the first part that the scenario's own rule was fitted on, and fits."""
    fits = (fit for fit in summary.fits if fit["rule"] == scenario.rule.name and fit["fits"])
    return next((str(fit["part"]) for fit in fits), None)


def _hints(
    scenario: Scenario, summary: Summary, asked: str, folder: Path | None, changed: object
) -> tuple[tuple[str, str], ...]:
    """Return commands that could follow."""
    hints = []
    asked = f" {shlex.quote(asked)}"
    # with flags, the folder's own scenario is the short way to say the same again
    again = f" {shlex.quote(str(folder / results.SCENARIO))}" if folder and changed else asked
    if folder is not None:
        hints.append((f"neurosim report {shlex.quote(folder.name)}", "draws it: report.html"))
    if summary.status == "interrupted":
        hints.append((f"neurosim {summary.verb}{again}", "starts it anew"))
    elif summary.verb == "run":
        rules = "" if again == asked else " --compare rtrl,trtrl"
        hints.append((f"neurosim compare{again}{rules}", "sets rules side by side"))
    elif scenario.swept and summary.verb == "cost" and not changed:
        hints.append((f"neurosim compare{again}", "measures training times too"))
    elif scenario.swept:
        hints.append(("neurosim compare", "lets the rules learn to the end"))
    elif chip := _fitting(scenario, summary):
        hints.append((f"neurosim hardware{again} --part {chip}", "writes the chip"))
    elif summary.verb == "compare" and scenario.network.units:
        twice = 2 * scenario.network.units
        hints.append((f"neurosim cost{again} --network.units {twice}", "a larger network"))
    elif summary.verb == "cost" and not changed:
        hints.append((f"neurosim compare{again}", "lets the rules learn"))
    return tuple(hints)
