"""What `neurosim align` does: rules along one learner's trajectory, with folder and report."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from neurosim.cli import studies
from neurosim.cli.flags import DataShortcuts, apply
from neurosim.report import progress
from neurosim.study import alignment, results, rules, sources
from neurosim.study.scenario import Scenario
from neurosim.study.summary import Summary


def aligned(name: str, flags: Any, short: DataShortcuts | None, out: Path, as_json: bool) -> int:
    """Compare gradients along what ``name`` learns; return the exit code."""
    scenario = apply(sources.load(name), "align", flags, short)
    rules.check(scenario.compare)
    rules.kind(scenario.rule.name)
    given = getattr(flags, "compare", None) is not None
    scenario, notes = alignment.prepared(scenario, given)
    with results.prepared(scenario, out) as folder:
        with progress.shown(scenario) as (watch, say):
            summary, seen = alignment.study(scenario, watch, say, notes)
        hints = _hints(scenario, summary, folder)
        summary, written = replace(summary, hints=hints), None
        try:
            beside = {alignment.FILE: alignment.table(seen)} if seen else {}
            written = results.write(folder, scenario, summary, [], beside)
        finally:  # what was computed is shown even where it could not be kept
            studies.printed(scenario, summary, written, as_json)
    return studies.end(summary, aloud=as_json or not sys.stdout.isatty())


def _hints(scenario: Scenario, summary: Summary, folder: Path) -> tuple[tuple[str, str], ...]:
    """Return commands that could follow."""
    again = shlex.quote(str(folder / results.SCENARIO))
    hints = [(results.reporting(folder), "draws it: report.html")]
    if summary.status == "interrupted":
        return (*hints, (f"neurosim align {again}", "starts it anew"))
    return (*hints, (f"neurosim compare {again}", "lets all of these rules learn themselves"))
