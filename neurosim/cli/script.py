"""The command line of a scenario script: `python scenarios/compare.py --steps 1000`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from neurosim.cli import studies
from neurosim.cli.verbs import RUNS, CompareFields, Json, Out, Short, new_app
from neurosim.study.scenario import Scenario, resolve_files


def compared(scenario: Scenario, argv: list[str]) -> Any:
    """Compare the rules of ``scenario`` with the flags in ``argv``; return the exit code."""
    script = Path(sys.argv[0])
    app = new_app(script.name, f"{scenario.summary}\n\nThe flags are those of `neurosim compare`.")

    @app.default
    def compare(
        *, short: Short = None, flags: CompareFields = None, out: Out = RUNS, json: Json = False
    ) -> int:
        described = resolve_files(scenario, script.parent)
        return studies.study("compare", described, str(script), flags, short, out, json)

    return app(argv)
