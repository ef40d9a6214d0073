"""Where the cycles went: by rule, and by phase of each rule's step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurosim.report.figures import bars, scales, style
from neurosim.report.figures.picture import Material, Picture

MOST_BARS = 12
KINDS = {
    "compute": "computing",
    "lane": "waiting for a shared lane",
    "memory": "waiting for memory",
    "link": "waiting for messages",
    "barrier": "waiting at the barrier",
}


def by_rule(material: Material) -> Picture | None:
    """Draw, for each rule, what share of a step went where."""
    rows = {
        key: line[-1]
        for key, line in list(material.lines().items())[:MOST_BARS]
        if line[-1].get("cycles_per_step")
    }
    split = {key: _split(row, material) for key, row in rows.items()}
    split = {key: shares for key, shares in split.items() if scales.drawable(sum(shares.values()))}
    if not split:
        return None
    labels = [_label(key, rows[key]) for key in split]
    figure = bars.shares(list(split.values()), labels, KINDS, "share of a step's cycles, %")
    return Picture(
        "cycles",
        "Where the cycles went",
        "Each bar is one step, a mean over the neurons: multiplying and activating, waiting for a"
        " lane that others use, for memory ports, for messages, and for the last neuron at the"
        " step's end. The bars are shares; the number of cycles stands beside them.",
        figure,
    )


def _label(key: str, row: Mapping[str, Any]) -> str:
    units, cycles = f"{row['units']:,.0f} units", f"{scales.amount(row['cycles_per_step'])} cycles"
    return f"{style.title(key)}\n{units}, {cycles}"


def _split(row: Mapping[str, Any], material: Material) -> dict[str, float]:
    """Return a step's cycles by kind; waiting for a lane apart where the profile tells it."""
    found = {kind: max(0.0, row.get(f"cycles_{kind}", 0.0)) for kind in KINDS}
    profile = material.profiled("cycles").get(row["rule"], {})
    own = {kind: sum(phase.get(kind, 0) for phase in profile.values()) for kind in KINDS}
    busy = own["compute"] + own["lane"]
    if busy:  # the row's computing has both in it
        found["lane"] = found["compute"] * own["lane"] / busy
        found["compute"] -= found["lane"]
    return found


def by_phase(material: Material) -> Picture | None:
    """Draw, for each rule, the cycles of each phase of its step."""
    found = {
        rule: {
            phase: kinds for phase, kinds in part.items() if scales.drawable(sum(kinds.values()))
        }
        for rule, part in list(material.profiled("cycles").items())[:4]
    }
    found = {rule: phases for rule, phases in found.items() if phases}
    if not found:
        return None
    tallest = [len(phases) for phases in found.values()]
    figure, axes = style.sheet(
        0.8 + 0.26 * sum(tallest) + 0.55 * len(found), len(found), 1, height_ratios=tallest
    )
    rows = material.largest()
    for place, (rule, phases) in zip(axes, found.items(), strict=True):
        neurons = max(1, rows[rule]["units"])
        means = [
            {kind: kinds.get(kind, 0) / neurons for kind in KINDS} for kinds in phases.values()
        ]
        bars.stack(place, means, [style.plain(phase) for phase in phases], KINDS)
        place.set_title(style.title(rule))
        scales.linear(place.xaxis)
    axes[-1].set_xlabel("cycles of a neuron, on average")
    used = [
        kind
        for kind in KINDS
        if any(kinds.get(kind) for phases in found.values() for kinds in phases.values())
    ]
    looks = style.parts(list(KINDS))
    style.legend(figure, [style.swatch(looks[kind], KINDS[kind]) for kind in used])
    return Picture(
        "phases",
        "Cycles by phase",
        "The same cycles by phase of the step, in the order of a neuron's program, without the"
        " barrier. Each rule has a scale of its own.",
        figure,
    )
