"""Reports of several cases: for each quantity sizes or variants down, rules across.

What a machine or a place does not change is said once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from neurosim.report import quantities
from neurosim.report.labels import over
from neurosim.report.quantities import Quantity, Row
from neurosim.study.cases import AXES, variant
from neurosim.study.comparison import GROWING, slope_key
from neurosim.study.scenario import Scenario
from neurosim.study.summary import Summary


class Section(NamedTuple):
    """One quantity, of one variant where there are several: a heading and lines of cells."""

    heading: str
    lines: list[list[str]]


def rules(summary: Summary) -> list[str]:
    """Return the rules of a summary in order."""
    return list(dict.fromkeys(row["rule"] for row in summary.rows))


def sections(scenario: Scenario, summary: Summary) -> Iterator[Section]:
    """Yield all that is to be printed of several cases."""
    for quantity, name in zip(quantities.GROWN, GROWING, strict=True):
        if name == "hop_words_per_step" and _one_hop(summary):
            continue
        axes = _axes(summary, name)
        named = list(dict.fromkeys(variant(row, summary.rows, axes) for row in summary.rows))
        for some in [[one] for one in named] if scenario.sizes else [named]:
            heading = ": ".join(filter(None, (quantity.label, *some[: len(some) < len(named)])))
            yield from _section(heading, quantity, summary, axes, some)


def _one_hop(summary: Summary) -> bool:
    """Say whether all words cross one link, as on a bus, so that hop-words say nothing new."""
    rows = summary.rows
    return all(row.get("hop_words_per_step") == row.get("words_sent_per_step") for row in rows)


class Ratios(NamedTuple):
    """How many times the last rule's cost the first one's is: sizes down, variants across."""

    heading: str
    columns: list[str]
    lines: list[list[str]]


def ratios(scenario: Scenario, summary: Summary) -> Ratios | None:
    """Return what several variants make of the gap between rules, or None where there are none."""
    names, rows = rules(summary), summary.rows
    variants = list(dict.fromkeys(variant(row, rows) for row in rows))
    if not scenario.sizes or len(names) < 2 or not 1 < len(variants) <= MOST_COMPARED:
        return None
    columns = [(quantity, one) for quantity in _COMPARED for one in variants]
    lines = []
    for units in _sizes(summary):
        lines.append([f"  {units:,} units"])
        for quantity, one in columns:
            found = [_row(summary, units, rule, AXES, one) for rule in (names[0], names[-1])]
            said = quantities.line(quantity, found) or [""]
            lines[-1].append(said[-1])
    heading = over(names[0], names[-1])
    labels = [f"{quantity.label}, {one}" for quantity, one in columns]
    return Ratios(heading, labels, [line for line in lines if any(line[1:])])


MOST_COMPARED = 3
_COMPARED = (
    Quantity("hop-words", lambda row: row.get("hop_words_per_step")),
    Quantity("cycles", lambda row: row.get("cycles_per_step")),
)


def _section(
    heading: str, quantity: Quantity, summary: Summary, axes: Sequence[str], variants: list[str]
) -> Iterator[Section]:
    names, sizes = rules(summary), _sizes(summary)
    lines = []
    for units in sizes:
        for one in variants:
            rows = [_row(summary, units, rule, axes, one) for rule in names]
            label = f"  {units:,} units" if len(sizes) > 1 else f"  {one or f'{units:,} units'}"
            if line := quantities.line(quantity, rows):
                lines.append([label, *line[1:]])
    if lines and (slopes := _slopes(quantity, summary, axes, variants)):
        cells = [f"N^{slopes[rule]:.2f}" if rule in slopes else "-" for rule in names]
        lines.append(["  grows with", *cells, *[""] * (len(names) > 1)])
    if lines:
        yield Section(heading, lines)


def _sizes(summary: Summary) -> list[int]:
    return sorted({row["units"] for row in summary.rows})


def _slopes(
    quantity: Quantity, summary: Summary, axes: Sequence[str], variants: list[str]
) -> dict[str, float]:
    """Return how fast a figure grows with each rule; a summary has it by the whole variant."""
    name = GROWING[quantities.GROWN.index(quantity)]
    found = {}
    for row in summary.rows:
        if variant(row, summary.rows, axes) in variants:
            slopes = summary.slopes.get(slope_key(row["rule"], variant(row, summary.rows)), {})
            found.update({row["rule"]: slopes[name]} if name in slopes else {})
    return found


def _row(summary: Summary, units: int, rule: str, axes: Sequence[str], one: str) -> Row:
    asked = (units, rule, one)
    for row in summary.rows:
        if (row["units"], row["rule"], variant(row, summary.rows, axes)) == asked:
            return row
    return {}


def _axes(summary: Summary, name: str) -> list[str]:
    """Return the axes that a figure depends on."""
    needed = list(AXES)
    for axis in AXES:
        fewer = [other for other in needed if other != axis]
        found: dict[tuple[object, ...], set[object]] = {}
        for row in summary.rows:
            case = (row["units"], row["rule"], *map(row.get, fewer))
            found.setdefault(case, set()).add(row.get(name))
        if all(len(values) == 1 for values in found.values()):
            needed = fewer
    return needed
