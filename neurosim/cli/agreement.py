"""What `neurosim check` does: hold the forms of a rule against each other, and say what differs."""

from __future__ import annotations

import json

from neurosim.report import agreement as report
from neurosim.report import terminal
from neurosim.study import checks, rules
from neurosim.study.agreement import RATE, Agreement, check_rule


def checked(text: str, steps: int, as_json: bool) -> int:
    """Check the rule that ``text`` names and print what was found; return the exit code."""
    checks.whole("--steps", steps)
    with rules.blamed(text):
        found = check_rule(rules.rule(text, {}, RATE), steps)
    if as_json:
        print(json.dumps(_record(rules.key(text), found), indent=2))
    else:
        report.print_agreement(found, rules.key(text), terminal.console())
    return 0 if found.held else 1


def _record(key: str, found: Agreement) -> dict[str, object]:
    tried = [
        {
            "network": each.network,
            "number": each.number,
            "agrees": None if each.refused else each.difference is None,
            **({"difference": str(each.difference)} if each.difference else {}),
            **({"refused": each.refused} if each.refused else {}),
        }
        for each in found.tried
    ]
    return {"rule": key, "steps": found.steps, "agrees": found.held, "tried": tried}
