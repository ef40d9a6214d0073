"""Where the energy went, on both tables of published energies."""

from __future__ import annotations

from collections.abc import Mapping

from neurosim.report import quantities
from neurosim.report.figures import bars, scales, style
from neurosim.report.figures.picture import Material, Picture

OTHER = "all other"


def split(material: Material) -> Picture | None:
    """Draw, for each rule and table, the share of each part in the energy of a step."""
    found = {
        (rule, table): {part: pj for part, pj in parts.items() if scales.drawable(pj)}
        for rule, tables in material.profiled("energy_pj").items()
        for table, parts in list(tables.items())[:4]
    }
    found = {key: parts for key, parts in found.items() if parts}
    if not found:
        return None
    kept = _largest(list(found.values()))
    gathered = [_gathered(parts, kept) for parts in found.values()]
    labels = [
        f"{style.title(rule)}, {style.plain(table)}\n"
        f"{quantities.si(sum(found[rule, table].values()) * 1e-12, 'J')}"
        for rule, table in found
    ]
    names = {part: style.plain(part) for part in kept}
    figure = bars.shares(gathered, labels, names, "share of a step's energy, %")
    return Picture(
        "energy",
        "Where the energy went",
        "The energy of one step by what it is spent on, for each rule on each table of published"
        " energies. The bars are shares; the energy stands beside them. Each is a count times an"
        " energy whose source is in the table below.",
        figure,
    )


def _largest(every: list[dict[str, float]]) -> list[str]:
    """Return the parts that are drawn apart, in the order of the tables."""
    names = list(dict.fromkeys(part for bar in every for part in bar))
    if len(names) <= style.MOST_PARTS:
        return names
    weight = {name: max(bar.get(name, 0) / sum(bar.values()) for bar in every) for name in names}
    kept = sorted(names, key=lambda name: -weight[name])[: style.MOST_PARTS - 1]
    return [*(name for name in names if name in kept), OTHER]


def _gathered(parts: Mapping[str, float], kept: list[str]) -> dict[str, float]:
    bar = {name: parts.get(name, 0.0) for name in kept}
    if OTHER in kept:
        bar[OTHER] = sum(pj for name, pj in parts.items() if name not in kept)
    return bar
