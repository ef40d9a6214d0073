"""What the verbs do: a study with its progress, run folder and report; and looks at the shelf."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from neurosim.cli import traces
from neurosim.cli.flags import DataShortcuts, apply
from neurosim.engines.checkpoint import Keeping
from neurosim.errors import UserError
from neurosim.learning import BPTT, RTRL, TRTRL, Rule
from neurosim.model.network import Network
from neurosim.report import progress, shelf, terminal
from neurosim.study import (
    checks,
    comparison,
    inventory,
    problem,
    results,
    rules,
    sources,
    unfinished,
)
from neurosim.study.comparison import Verb
from neurosim.study.scenario import Scenario
from neurosim.study.summary import Summary, finite
from neurosim.study.unfinished import AS_USUAL, Pace

if TYPE_CHECKING:
    from neurosim.study.hardware.record import Record

EXIT = {"done": 0, "failed": 1, "interrupted": 130}


class Asking(NamedTuple):
    """What a study was called, which flags changed it, and what is traced of it."""

    name: str
    changed: object
    tracing: traces.Wish | None = None


def named(
    verb: Verb,
    name: str,
    flags: Any,
    short: DataShortcuts | None,
    out: Path | None,
    as_json: bool,
    live: bool = False,
    tracing: traces.Wish | None = None,
    pace: Pace = AS_USUAL,
) -> int:
    """Do a verb on what is called ``name``."""
    return study(verb, sources.load(name), name, flags, short, out, as_json, live, tracing, pace)


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
    pace: Pace = AS_USUAL,
) -> int:
    """Run a study, write its folder (in ``out``) and print its report; return the exit code.

    With ``live`` its training is shown on the terminal while it lasts. With ``tracing`` some steps
    are simulated first, and what happens in them is written down. ``pace`` is that of checkpoints.
    """
    if verb == "run":
        rules.check(scenario.compare)
        name = getattr(getattr(flags, "rule", None), "name", None) or scenario.rule.name
        scenario = problem.single(scenario, name)
    scenario = apply(scenario, verb, flags, short)
    rules.check(scenario.compare)
    rules.kind(scenario.rule.name)
    asking = Asking(asked, flags or short, tracing)
    return computed(verb, scenario, _folder(scenario, out), as_json, live, pace, asking)


def computed(
    verb: Verb,
    scenario: Scenario,
    where: AbstractContextManager[Path | None],
    as_json: bool,
    live: bool,
    pace: Pace,
    asking: Asking | None = None,
) -> int:
    """Compute a scenario in its run folder; what is ``None`` asked goes on with what lies there."""
    with where as folder, _checkpoints(folder, scenario, verb, pace, asking) as keeping:
        tracing = asking.tracing if asking else None
        with progress.shown(scenario, live) as (watch, say):
            traced = traces.write(tracing, scenario, say) if tracing else []
            summary, outcomes = comparison.study(scenario, verb, watch, say, keeping)
        others = _fitting_rules([each.network for each in outcomes])
        hints = _hints(scenario, summary, asking, folder, others)
        summary = replace(summary, hints=hints)
        written = None
        try:
            if folder is not None:
                written = results.write(folder, scenario, summary, outcomes)
        finally:  # what was computed is shown even where it could not be kept
            printed(scenario, summary, written, as_json)
        if folder is not None and (summary.status != "interrupted" or results.finished(folder)):
            unfinished.forget(folder)
    for line in traced:
        print(f"neurosim: {line}", file=sys.stderr)
    # a report on the screen has said so already
    return end(summary, aloud=as_json or not sys.stdout.isatty())


def _checkpoints(
    folder: Path | None, scenario: Scenario, verb: Verb, pace: Pace, asking: Asking | None
) -> AbstractContextManager[Keeping | None]:
    if folder is None or verb == "cost":
        return nullcontext()
    return unfinished.begun(folder, scenario, verb, pace, anew=asking is not None)


def _folder(scenario: Scenario, out: Path | None) -> AbstractContextManager[Path | None]:
    return nullcontext() if out is None else results.prepared(scenario, out)


def again(name: str | None, out: Path, as_json: bool) -> int:
    """Print the report of a run folder, and write it there as a page with figures."""
    from neurosim.report import drawing  # slow to load

    folder = results.find(name, out)
    chip = _chip_in(folder)
    if chip is None and not checks.is_file(folder / results.SUMMARY):
        raise UserError(
            f"{folder}: is not done, and holds no report yet."
            f" `neurosim run --resume {folder}` goes on with it."
        )
    if chip is None or checks.is_file(folder / results.SUMMARY):
        scenario, summary = results.read(folder)
    else:
        scenario, summary = sources.load(str(folder / results.SCENARIO)), None
    if summary is not None and not (chip and as_json):
        printed(scenario, summary, results.listed(folder), as_json)
    if chip is not None:
        _print_made(chip, summary, folder, as_json)
    sys.stdout.flush()
    print(f"neurosim: written {drawing.draw(folder, scenario, summary, chip)}", file=sys.stderr)
    return 0


def _chip_in(folder: Path) -> Record | None:
    """Return the chip of a run folder, where it holds one."""
    path = folder / results.RECORD
    if not checks.is_file(path):
        return None
    from neurosim.study.hardware import record  # loads all that plans a chip

    return record.read(path)


def _print_made(made: Record, summary: Summary | None, folder: Path, as_json: bool) -> None:
    """Print the report of a chip; or its figures as JSON, beside those of a run if any."""
    from neurosim.report import hardware

    if as_json:
        _print_json({"rows": _rows(summary), "chip": made.whole} if summary else made.whole)
    else:
        listed = results.listed(folder)
        hardware.print_chip(
            made.chip, made.fit, made.checked, made.lint, listed, (), terminal.console()
        )


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


def printed(scenario: Scenario, summary: Summary, written: str | None, as_json: bool) -> None:
    """Print what came out: its report, or its rows as JSON."""
    if as_json:
        _print_json(_rows(summary))
        if written:
            print(f"neurosim: written {written}", file=sys.stderr)
    else:
        terminal.print_report(scenario, summary, written, terminal.console())


def _rows(summary: Summary) -> list[dict[str, Any]]:
    """Return the rows of a report as JSON has them."""
    return [_with_parts(finite(row), summary) for row in summary.rows]


def _with_parts(row: dict[str, Any], summary: Summary) -> dict[str, Any]:
    """Return a row with the parts that its rule was fitted on."""
    fits = [
        fit for fit in summary.fits if (fit["rule"], fit["units"]) == (row["rule"], row["units"])
    ]
    return {**row, "parts": fits} if fits else row


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, allow_nan=False))


def end(summary: Summary, aloud: bool) -> int:
    """Return the exit code, and say on stderr, if ``aloud``, what the reader should know."""
    broken = [check.promise for check in summary.checks if not check.held]
    for message in (*summary.notes, *(f"check broken: {promise}" for promise in broken)):
        if aloud:
            print(f"neurosim: {message}", file=sys.stderr)
    return EXIT["failed"] if broken and summary.status == "done" else EXIT[summary.status]


def _fitting(scenario: Scenario, summary: Summary) -> str | None:
    """Return the first part that the scenario's own rule was fitted on, and fits."""
    own = rules.key(scenario.rule.name)
    fits = (fit for fit in summary.fits if fit["rule"] == own and fit["fits"])
    return next((str(fit["part"]) for fit in fits), None)


def _fitting_rules(networks: Iterable[Network]) -> list[str]:
    """Return two rules that have a gradient for all units of these networks, if there are."""
    kinds = {traits.kind for network in networks for traits in network.traits}
    known: dict[str, type[Rule]] = {
        RTRL.name: RTRL,
        TRTRL.name: TRTRL,
        f"{BPTT.name}:window=20": BPTT,
    }
    return [text for text, rule in known.items() if kinds <= rule.kinds][:2]


def _hints(
    scenario: Scenario,
    summary: Summary,
    asking: Asking | None,
    folder: Path | None,
    others: Sequence[str],
) -> tuple[tuple[str, str], ...]:
    """Return commands that could follow; ``others`` are rules for the network that was trained."""
    hints = []
    changed = asking is None or asking.changed
    asked = f" {shlex.quote(asking.name)}" if asking else ""
    # with flags, the folder's own scenario is the short way to say the same again
    again = f" {shlex.quote(str(folder / results.SCENARIO))}" if folder and changed else asked
    if folder is not None:
        hints.append((results.reporting(folder), "draws it: report.html"))
    if summary.status == "interrupted" and folder and unfinished.there(folder):
        hints.append((f"neurosim run --resume {shlex.quote(str(folder))}", "goes on with it"))
    elif summary.status == "interrupted":
        hints.append((f"neurosim {summary.verb}{again}", "starts it anew"))
    elif summary.verb == "run" and len(others) > 1:
        same = again == asked and TRTRL.name in others
        several = "" if same else f" --compare {','.join(others)}"
        hints.append((f"neurosim compare{again}{several}", "sets rules side by side"))
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
