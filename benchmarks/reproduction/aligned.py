"""How near the rules' gradients come to the exact one, on the Add task.

The cosine is that of the weights of hidden units, as a mean over the steps of each seed.
"""

from __future__ import annotations

from benchmarks.reproduction.figures import Claim, Figure, Values
from neurosim.errors import RunFailed
from neurosim.study import alignment, rules
from neurosim.study.costing import Say
from neurosim.study.scenario import Scenario
from neurosim.study.training import Watcher

OFF = 0.03
# Random feedback knows nothing of the error, and what it scores is chance: 0 with a spread of 0.142
# over 80 seeds (docs/alignment.md). This is three standard errors of a median of eight.
BY_CHANCE = 0.19
RANDOM = "rflo:feedback=random"
CLAIMED = {"uoro": 0.05, "kf_rtrl": 0.39, "rflo": 0.69}


def figures(scenario: Scenario) -> tuple[Figure, ...]:
    """Describe the cosine of every rule that is not exact by definition."""
    return tuple(Figure(_cosine(name), "spread", _claim(name)) for name in _inexact(scenario))


def build(scenario: Scenario, watch: Watcher, say: Say) -> dict[str, Values]:
    """Let RTRL learn from every seed, and compare the others' gradients."""
    prepared, notes = alignment.prepared(scenario, given=True)
    summary, _ = alignment.study(prepared, watch, say, notes)
    if summary.status == "interrupted":
        raise KeyboardInterrupt
    if summary.status == "failed":
        raise RunFailed(" ".join(summary.notes))
    found = {row["rule"]: row["hidden_cosine_by_seed"] for row in summary.rows}
    return {_cosine(name): found[name] for name in _inexact(scenario)}


def _inexact(scenario: Scenario) -> list[str]:
    exact = ("rtrl", "hybrid")
    return [rules.key(text) for text in scenario.compare if rules.kind(text).name not in exact]


def _claim(rule: str) -> Claim | None:
    if rule == RANDOM:
        return Claim(f"0.04; by chance, 0 ± {BY_CHANCE}", -BY_CHANCE, BY_CHANCE)
    if rule not in CLAIMED:
        return None
    value = CLAIMED[rule]
    return Claim(f"{value} ± {OFF}", value - OFF, value + OFF)


def _cosine(rule: str) -> str:
    return f"{rule}: cosine to RTRL's gradient"
