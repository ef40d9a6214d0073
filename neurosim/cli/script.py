"""The command line of a scenario script: `python scenarios/compare.py --steps 1000`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cyclopts import App

from neurosim.cli import studies
from neurosim.cli.verbs.fields import (
    CompareFields,
    CostFields,
    Json,
    Out,
    Short,
    ShortData,
    Watch,
    new_app,
)
from neurosim.study.scenario import RUNS, Scenario, resolve_files


def compared(scenario: Scenario, argv: list[str]) -> Any:
    """Compare the rules of ``scenario`` with the flags in ``argv``; return the exit code."""
    script, app = _app(scenario, "compare")

    @app.default
    def compare(
        *, short: Short = None, watch: Watch = False, flags: CompareFields = None,
        out: Out = RUNS, json: Json = False,
    ) -> int:  # fmt: skip
        described = resolve_files(scenario, script.parent)
        return studies.study("compare", described, str(script), flags, short, out, json, watch)

    return app(argv)


def counted(scenario: Scenario, argv: list[str]) -> Any:
    """Count what the rules of ``scenario`` cost, with the flags in ``argv``; return the code."""
    script, app = _app(scenario, "cost")

    @app.default
    def cost(*, short: ShortData = None, flags: CostFields = None, json: Json = False) -> int:
        described = resolve_files(scenario, script.parent)
        return studies.study("cost", described, str(script), flags, short, None, json)

    return app(argv)


def _app(scenario: Scenario, verb: str) -> tuple[Path, App]:
    script = Path(sys.argv[0])
    about = f"{scenario.summary}\n\nThe flags are those of `neurosim {verb}`."
    return script, new_app(script.name, about)
