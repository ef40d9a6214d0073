"""The report as one page: HTML that needs no network and no script, with its figures inside.

Whatever a user named or wrote goes through `text`, and only what is written here is HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from neurosim.report import alignment, cases, fit, quantities, wording
from neurosim.report.chip_page import Section
from neurosim.report.figures.picture import Picture
from neurosim.report.labels import label, over
from neurosim.report.markup import (
    TEXT,
    contents,
    document,
    figure,
    group,
    heading,
    line,
    listed,
    note,
    table,
    text,
    tiles,
    words,
)
from neurosim.report.quantities import Row
from neurosim.study import description
from neurosim.study.cases import variant
from neurosim.study.results import SCENARIO
from neurosim.study.scenario import Scenario, folder_name
from neurosim.study.summary import Check, Summary

# What stands at the top, if rules are compared: how many times as much the first one takes.
_HEADLINES = (
    ("multiplications_per_step", "multiplications"),
    ("stored_words", "words kept"),
    ("words_sent_per_step", "words sent"),
    ("cycles_per_step", "cycles"),
    ("energy_pj_per_step", "energy"),
)


def page(
    scenario: Scenario, summary: Summary, pictures: Sequence[Picture], chip: Section | None = None
) -> str:
    """Return the page of a study.

    Parameters
    ----------
    scenario, summary
        What was asked, and what came out.
    pictures
        The figures, in their order.
    chip
        The section about the chip, where there is one.
    """
    parts = [
        _heading(scenario, summary),
        contents({**{each.name: each.title for each in pictures}, **(chip.links if chip else {})}),
        _numbers(scenario, summary),
        _fits(summary),
        *map(figure, pictures),
        chip.body if chip else "",
        _energies(summary),
        _checks(summary),
        _terms(),
        _again(scenario, summary),
    ]
    return document(scenario.name, parts)


def _heading(scenario: Scenario, summary: Summary) -> str:
    facts = {
        "network": summary.network,
        "task": summary.task,
        "setting": wording.setting(scenario, summary),
        "took": quantities.seconds(max(0.0, summary.seconds)),
    }
    parts = heading(scenario.name, facts, wording.heading(scenario, summary))
    if summary.status != "done":
        parts.append(f'<p class="banner">This run {_ENDED[summary.status]}.</p>')
    parts += [f'<p class="banner">{text(said)}</p>' for said in summary.notes]
    return "\n".join([*parts, _headlines(summary)])


_ENDED = {"interrupted": "was interrupted", "failed": "failed in part", "done": "is done"}


def _headlines(summary: Summary) -> str:
    """Return how many times as much the first rule takes as the last, of the largest network."""
    rules = cases.rules(summary)
    if len(rules) < 2 or summary.verb == "align":
        return ""
    pair = _alike(summary, rules[0], rules[-1])
    if pair is None:
        return ""
    first, last = pair
    found = {
        what: quantities.times(first[name], last[name])
        for name, what in _HEADLINES
        if first.get(name, 0) > 0 and last.get(name, 0) > 0
    }
    if not found:
        return ""
    said = f"Each step of {label(rules[0])} with {first['units']:,} units takes this many times"
    said += f" what {label(rules[-1])} takes:"
    return f"<p>{text(said)}</p>\n{tiles(found)}"


def _alike(summary: Summary, one: str, other: str) -> tuple[Row, Row] | None:
    """Return the rows of two rules of the largest network, on one machine, that both are on."""
    rows = {(row["rule"], row["units"], variant(row, summary.rows)): row for row in summary.rows}
    tried = [(units, said) for rule, units, said in rows if rule == one]
    both = [case for case in tried if (other, *case) in rows]
    best = max(both, key=lambda case: case[0], default=None)
    return None if best is None else (rows[one, *best], rows[other, *best])


def _numbers(scenario: Scenario, summary: Summary) -> str:
    if summary.verb == "align":
        body = _aligned(summary)
    else:
        body = _by_case(scenario, summary) if scenario.swept else _by_quantity(summary)
    notes = [note(f"{mark} {said}".strip()) for mark, said in wording.footnotes(scenario, summary)]
    return "\n".join(["<h2>Numbers</h2>", body, *notes])


def _aligned(summary: Summary) -> str:
    """Return a line for each rule: how its gradients stand to the exact ones, and its costs."""
    lines = [
        line([label(row["rule"]), *one, *other])
        for row, one, other in zip(
            summary.rows, alignment.measures(summary), alignment.costs(summary), strict=True
        )
    ]
    heads = ["", *alignment.measure_heads(summary), *alignment.cost_heads(summary)]
    return f"{table(heads, lines)}\n{_by_quantity(summary)}"


def _by_quantity(summary: Summary) -> str:
    lines: list[str] = []
    for title, members in quantities.groups(summary.clock_mhz):
        found = [cells for each in members if (cells := quantities.line(each, summary.rows))]
        if found:
            lines.append(group(title))
            lines += [line(cells, len(summary.rows) > 1) for cells in found]
    return table(_columns([row["rule"] for row in summary.rows]), lines)


def _by_case(scenario: Scenario, summary: Summary) -> str:
    """Return, for each quantity, a line for each size or variant and how it grows."""
    rules = cases.rules(summary)
    lines: list[str] = []
    for section in cases.sections(scenario, summary):
        lines.append(group(section.heading))
        lines += [line([own[0].strip(), *own[1:]], len(rules) > 1) for own in section.lines]
    return table(_columns(rules), lines)


def _columns(rules: Sequence[str]) -> list[str]:
    ratio = [over(rules[0], rules[-1])] if len(rules) > 1 else []
    return ["", *map(label, rules), *ratio]


def _fits(summary: Summary) -> str:
    """Return which part is for which rule."""
    if not summary.fits:
        return ""
    lines = []
    for rule, rows in groupby(summary.fits, key=lambda row: str(row["rule"])):
        lines.append(group(label(rule)))
        lines += [line([str(cell).strip() for cell in fit.cells(row)]) for row in rows]
    title = f"{summary.fits[0]['units']:,} units on parts of the market"
    return f"<h2>{text(title)}</h2>\n{table(['', *fit.HEADINGS], lines)}\n{note(fit.NOTE)}"


def _energies(summary: Summary) -> str:
    """Return the energy of each part on each table, with where the numbers are from."""
    columns: list[str] = [""]
    parts: dict[str, list[str]] = {}
    sources: dict[tuple[str, str], list[str]] = {}
    kits = [
        (rule, kit, found)
        for rule, profile in summary.profiles.items()
        for kit, found in profile.get("energy_pj", {}).items()
    ]
    names = list(dict.fromkeys(part for _, _, found in kits for part in found))
    for rule, kit, found in kits:
        columns.append(f"{label(rule)}, {kit}")
        for part in names:
            written = quantities.si(found[part] * 1e-12, "J") if part in found else "-"
            parts.setdefault(part, [part]).append(written)
    if not names:
        return ""
    for profile in summary.profiles.values():
        for kit, found in profile.get("energy_sources", {}).items():
            for part, source in found.items():
                named = sources.setdefault((kit, source), [])
                named += [part] * (part not in named)
    cited = [words([kit, ", ".join(own), said]) for (kit, said), own in sources.items()]
    return "\n".join(
        [
            "<h2>Energies and their sources</h2>",
            "<p>Energy of one step by what it is spent on, and the source of each energy.</p>",
            table(columns, map(line, parts.values())),
            table(["table", "part", "source"], cited, TEXT) if cited else "",
        ]
    )


def _checks(summary: Summary) -> str:
    if not summary.checks:
        return ""
    facts = "".join(
        f"<dt>{_verdict(each)}</dt><dd>{text(each.promise)}</dd>" for each in summary.checks
    )
    return f"<h2>Checked on this very run</h2>\n<dl>{facts}</dl>"


def _verdict(check: Check) -> str:
    if check.held:
        return f'<span class="held">{check.times:,} of {check.times:,}</span>'
    broken = (
        f"{check.times - len(check.broken):,} of {check.times:,}, not {', '.join(check.broken[:3])}"
    )
    return f'<span class="broken">{text(broken)}</span>'


def _terms() -> str:
    terms = "".join(f"<dt>{text(term)}</dt><dd>{text(what)}</dd>" for term, what in _TERMS)
    return f'<h2>What the words mean</h2>\n<dl class="terms">{terms}</dl>'


_TERMS = (
    ("normalised error", "mean squared error over the target's variance, in the last tenth of the"
     " steps; 1 is what the target's mean would score"),
    ("bits per symbol", "mean of minus the logarithm to base 2 of the probability that the network"
     " gave to what came, in the same steps; bits per character where symbols are characters"),
    ("right answers", "how often the greatest output was that of the right class, where it counts"),
    ("cosine", "of the angle between a rule's gradient and the exact one; 1 is the same direction"),
    ("words kept", "what a rule keeps from one step to the next beside weights and activations"),
    ("words in buffers", "what it needs in between: inboxes and double buffers"),
    ("words sent", "words that leave a neuron for another, each counted once for each receiver"),
    ("hop-words", "words times the links that each crosses on its way"),
    ("local accesses", "accesses to a neuron's own memories over all, words from others included"),
    ("computing", "multiplying, activating, filling the pipeline, and waiting for a shared lane"),
    ("waiting at the barrier", "waiting at the end of the step for the neurons that take longest"),
    ("multipliers busy", "multiplications over what all multipliers could have done in that time"),
)  # fmt: skip


def _again(scenario: Scenario, summary: Summary) -> str:
    """Return how to get the same again, what it was computed with, and on."""
    folder = folder_name(scenario)
    commands = [f"neurosim {summary.verb} {folder}/{SCENARIO}", f"neurosim report {folder}"]
    toml = description.toml(description.mapping(scenario))
    return "\n".join(
        [
            "<h2>The same again</h2>",
            "<p>From the folder that holds the run folder, whose scenario is below.</p>",
            f"<pre>{text(chr(10).join(commands))}</pre>",
            f"<details><summary>{text(SCENARIO)}</summary><pre>{text(toml)}</pre></details>",
            listed({**summary.versions, **summary.host}),
        ]
    )
