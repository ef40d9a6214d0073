"""What every report says of a study in words, on the terminal and on a page."""

from __future__ import annotations

from pathlib import Path

from neurosim.engines.energy import same_ranking
from neurosim.report import alignment, cases
from neurosim.report.labels import label
from neurosim.study import rules
from neurosim.study.cases import AXES
from neurosim.study.optimizers import OptimizerSpec
from neurosim.study.scenario import Scenario
from neurosim.study.summary import Summary


def heading(scenario: Scenario, summary: Summary) -> str:
    """Return what is reported of, in a line."""
    if summary.verb == "align":
        own = label(rules.key(scenario.rule.name))
        return f"gradients along what {own} learns, beside the exact ones of RTRL"
    return scenario.summary or _about(summary)


def _about(summary: Summary) -> str:
    """Say what is reported of, for a scenario that does not."""
    rules = [label(rule) for rule in cases.rules(summary)]
    return " against ".join(rules) if len(rules) > 1 else f"{''.join(rules)} alone"


def setting(scenario: Scenario, summary: Summary) -> str:
    """Return steps, engine, numbers, machine and seeds in a line."""
    machines = [Path(name).stem for name in scenario.machines or (scenario.machine,)]
    named = f"machine{'s' * (len(machines) > 1)} {' and '.join(machines)}"
    simulated = summary.clock_mhz or any("machine" in row for row in summary.rows)
    parts = [_number(scenario), named if simulated else "no machine"]
    parts[:0] = _optimizer(scenario.optimizer)
    if summary.clock_mhz:
        parts[-1] += f" at {summary.clock_mhz:g} MHz"
    if summary.verb != "cost":
        parts.insert(0, f"engine {scenario.engine}")
        steps = max((row.get("steps", 0) for row in summary.rows), default=0)
        parts.insert(0, f"{steps:,} steps")
    if len(scenario.seeds) > 1 and not scenario.swept and summary.verb != "cost":
        kind = "means" if summary.verb == "align" else "medians"
        parts.append(f"{kind} of {len(scenario.seeds)} seeds")
    return ", ".join(parts)


def _optimizer(described: OptimizerSpec) -> list[str]:
    """Return what is made of gradients and of the rate, where that is not the plain thing."""
    said = [described.method] if described.method != "plain" else []
    for name, bound in (("value", described.clip_value), ("norm", described.clip_norm)):
        if bound is not None:
            said.append(f"clipped by {name} {bound:g}")
    if described.course != "constant":
        said.append(f"{described.course} rate")
    if described.warmup:
        said.append(f"warm-up of {described.warmup:,} steps")
    return said


def _number(scenario: Scenario) -> str:
    number = scenario.number
    if number.kind == "float":
        return f"float{number.float_bits or 64}"
    return f"fixed{number.word_bits}.{number.fraction_bits}"


def slides(scenario: Scenario, summary: Summary) -> list[tuple[str, str]]:
    """Return what there is to say about the slides' closed forms, each with its mark."""
    if not {"rtrl", "trtrl"} & {row["rule"] for row in summary.rows}:
        return []
    if scenario.swept:
        return [("", _SLIDES_GROWTH)]
    notes = [("[1]", _SLIDES_COUNTS)]
    if any((row["units"], row["outputs"]) == (100, 10) for row in summary.rows):
        notes.append(("   ", _SLIDES_EXAMPLE))
    return notes


def energy(summary: Summary) -> list[tuple[str, str]]:
    """Return whose energies they are, and whether the rules rank alike by others'."""
    first = next((row for row in summary.rows if "technology" in row), None)
    if first is None:
        return []
    kinds = [kind for kind in ("", "alternate_") if f"{kind}technology" in first]
    names = [first[f"{kind}technology"] for kind in kinds]
    alike = [
        row for row in summary.rows if all(row.get(k) == first.get(k) for k in ("units", *AXES))
    ]
    totals = {
        name: {row["rule"]: row[f"energy_{kind}pj_per_step"] for row in alike}
        for name, kind in zip(names, kinds, strict=True)
    }
    said = f"Published energies of {' and '.join(names)}; docs/energy.md has the sources."
    return [
        ("[2]", f"{said} {same_ranking(totals) if len(alike) > 1 < len(totals) else ''}".strip())
    ]


def footnotes(scenario: Scenario, summary: Summary) -> list[tuple[str, str]]:
    """Return all that stands below the figures, each with its mark."""
    if summary.verb == "align":
        return [*alignment.notes(summary), *rounds(summary)]
    trained = summary.verb != "cost" and any("events_per_step" in row for row in summary.rows)
    once = [("", _SIMULATED_ONCE)] if trained else []
    return [*slides(scenario, summary), *energy(summary), *once, *rounds(summary)]


def rounds(summary: Summary) -> list[tuple[str, str]]:
    """Return of which rules figures are means, because their steps differ."""
    steps = {row["rule"]: row["round_steps"] for row in summary.rows if "round_steps" in row}
    return [
        ("", f"Steps of {rule} differ: its figures are means over a round of {each} steps.")
        for rule, each in steps.items()
    ]


_SIMULATED_ONCE = (
    "Time and traffic on the machine are those of one simulated step: they do not depend on data,"
    " so it stands for all steps of the training."
)
_SLIDES_COUNTS = (
    "The TRTRL slides count sensitivity updates alone, with N units and K outputs. The figures"
    " above it are exact counts of this network: inputs, bias, forward pass and weight updates"
    " included, and TRTRL in its edge-local form, which no longer grows with K."
)
_SLIDES_EXAMPLE = (
    "For N = 100, K = 10 the slides print 100 k multiplications; their formula 2 K N^2 gives"
    " 200 k. Their 20 kB are N^2 words of two bytes."
)
_SLIDES_GROWTH = (
    "The TRTRL slides give N^4 multiplications and N^3 words for RTRL, 2 K N^2 and N^2 for TRTRL"
    " with K outputs. Figures here are exact counts, inputs, bias, forward pass and weight updates"
    " included."
)
