"""The report as one page: HTML that needs no network and no script, with its figures inside.

Whatever a user named or wrote goes through `_text`, and only what is written here is HTML.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from itertools import groupby
from string import Template

from neurosim.report import alignment, cases, fit, quantities, wording
from neurosim.report.figures.picture import Picture, inline
from neurosim.report.labels import label, over
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


def page(scenario: Scenario, summary: Summary, pictures: Sequence[Picture]) -> str:
    """Return the page of a study.

    Parameters
    ----------
    scenario, summary
        What was asked, and what came out.
    pictures
        The figures, in their order.
    """
    parts = [
        _heading(scenario, summary),
        _contents(pictures),
        _numbers(scenario, summary),
        _fits(summary),
        _figures(pictures),
        _energies(summary),
        _checks(summary),
        _terms(),
        _again(scenario, summary),
    ]
    template = Template(resources.files(__package__).joinpath("page.html").read_text("utf-8"))
    return template.substitute(title=_text(scenario.name), body="\n".join(filter(None, parts)))


def _text(value: object) -> str:
    """Return a text as HTML that shows it and does nothing else."""
    plain = "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}"
        for letter in str(value)
    )
    return html.escape(plain)


def _heading(scenario: Scenario, summary: Summary) -> str:
    facts = {
        "network": summary.network,
        "task": summary.task,
        "setting": wording.setting(scenario, summary),
        "took": quantities.seconds(max(0.0, summary.seconds)),
    }
    parts = [f"<h1>{_text(scenario.name)}</h1>"]
    parts += [f'<p class="lead">{_text(wording.heading(scenario, summary))}</p>', _listed(facts)]
    if summary.status != "done":
        parts.append(f'<p class="banner">This run {_ENDED[summary.status]}.</p>')
    parts += [f'<p class="banner">{_text(note)}</p>' for note in summary.notes]
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
    tiles = [
        f'<div class="tile"><b>{quantities.times(first[name], last[name])}</b>{label}</div>'
        for name, label in _HEADLINES
        if first.get(name, 0) > 0 and last.get(name, 0) > 0
    ]
    if not tiles:
        return ""
    said = f"Each step of {label(rules[0])} with {first['units']:,} units takes this many times"
    said += f" what {label(rules[-1])} takes:"
    return f'<p>{_text(said)}</p>\n<div class="tiles">{"".join(tiles)}</div>'


def _alike(summary: Summary, one: str, other: str) -> tuple[Row, Row] | None:
    """Return the rows of two rules of the largest network, on one machine, that both are on."""
    rows = {(row["rule"], row["units"], variant(row, summary.rows)): row for row in summary.rows}
    tried = [(units, said) for rule, units, said in rows if rule == one]
    both = [case for case in tried if (other, *case) in rows]
    best = max(both, key=lambda case: case[0], default=None)
    return None if best is None else (rows[one, *best], rows[other, *best])


def _contents(pictures: Sequence[Picture]) -> str:
    links = [f'<a href="#{each.name}">{_text(each.title)}</a>' for each in pictures]
    return f"<nav>Figures: {' · '.join(links)}</nav>" if links else ""


def _numbers(scenario: Scenario, summary: Summary) -> str:
    if summary.verb == "align":
        body = _aligned(summary)
    else:
        body = _by_case(scenario, summary) if scenario.swept else _by_quantity(summary)
    notes = [
        f'<p class="note">{_text(f"{mark} {note}".strip())}</p>'
        for mark, note in wording.footnotes(scenario, summary)
    ]
    return "\n".join(["<h2>Numbers</h2>", body, *notes])


def _aligned(summary: Summary) -> str:
    """Return a line for each rule: how its gradients stand to the exact ones, and its costs."""
    lines = [
        _line([label(row["rule"]), *one, *other], False)
        for row, one, other in zip(
            summary.rows, alignment.measures(summary), alignment.costs(summary), strict=True
        )
    ]
    heads = ["", *alignment.measure_heads(summary), *alignment.cost_heads(summary)]
    return f"{_table(heads, lines)}\n{_by_quantity(summary)}"


def _by_quantity(summary: Summary) -> str:
    lines: list[str] = []
    for group, members in quantities.groups(summary.clock_mhz):
        found = [line for each in members if (line := quantities.line(each, summary.rows))]
        if found:
            lines.append(f'<tr><th colspan="9">{_text(group)}</th></tr>')
            lines += [_line(line, len(summary.rows) > 1) for line in found]
    return _table(_columns([row["rule"] for row in summary.rows]), lines)


def _by_case(scenario: Scenario, summary: Summary) -> str:
    """Return, for each quantity, a line for each size or variant and how it grows."""
    rules = cases.rules(summary)
    lines: list[str] = []
    for section in cases.sections(scenario, summary):
        lines.append(f'<tr><th colspan="9">{_text(section.heading)}</th></tr>')
        lines += [_line([line[0].strip(), *line[1:]], len(rules) > 1) for line in section.lines]
    return _table(_columns(rules), lines)


def _columns(rules: Sequence[str]) -> list[str]:
    ratio = [over(rules[0], rules[-1])] if len(rules) > 1 else []
    return ["", *map(label, rules), *ratio]


def _line(cells: Sequence[str], compared: bool) -> str:
    """Return a line of the table: its label, a value for each rule, and their ratio."""
    label, *values = cells
    name = f"<td{_UNDER * label.startswith('    ')}>{_text(label.strip())}</td>"
    ratio = f'<td class="ratio">{_text(values.pop())}</td>' if compared else ""
    return f"<tr>{name}{''.join(f'<td>{_text(value)}</td>' for value in values)}{ratio}</tr>"


_UNDER = ' class="under"'


def _table(columns: Sequence[str], lines: Iterable[str], kind: str = "") -> str:
    head = "".join(f"<th{kind}>{_text(column)}</th>" for column in columns)
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>\n'
        + "\n".join(lines)
        + "\n</tbody></table></div>"
    )


def _fits(summary: Summary) -> str:
    """Return which part is for which rule."""
    if not summary.fits:
        return ""
    lines = []
    for rule, rows in groupby(summary.fits, key=lambda row: str(row["rule"])):
        lines.append(f'<tr><th colspan="9">{_text(label(rule))}</th></tr>')
        lines += [_line([str(cell).strip() for cell in fit.cells(row)], False) for row in rows]
    heading = f"{summary.fits[0]['units']:,} units on parts of the market"
    note = f'<p class="note">{_text(fit.NOTE)}</p>'
    return f"<h2>{_text(heading)}</h2>\n{_table(['', *fit.HEADINGS], lines)}\n{note}"


def _figures(pictures: Sequence[Picture]) -> str:
    return "\n".join(
        f'<h2 id="{each.name}">{_text(each.title)}</h2>\n<figure>'
        f'<div class="sheet">{inline(each.name, each.svg())}</div>'
        f"<figcaption>{_text(each.caption)}</figcaption></figure>"
        for each in pictures
    )


def _energies(summary: Summary) -> str:
    """Return the energy of each part on each table, with where the numbers are from."""
    columns: list[str] = [""]
    parts: dict[str, list[str]] = {}
    sources: dict[tuple[str, str], list[str]] = {}
    tables = [
        (rule, table, found)
        for rule, profile in summary.profiles.items()
        for table, found in profile.get("energy_pj", {}).items()
    ]
    names = list(dict.fromkeys(part for _, _, found in tables for part in found))
    for rule, table, found in tables:
        columns.append(f"{label(rule)}, {table}")
        for part in names:
            written = quantities.si(found[part] * 1e-12, "J") if part in found else "-"
            parts.setdefault(part, [part]).append(written)
    if not names:
        return ""
    for profile in summary.profiles.values():
        for table, found in profile.get("energy_sources", {}).items():
            for part, source in found.items():
                named = sources.setdefault((table, source), [])
                named += [part] * (part not in named)
    cited = [_cited([table, ", ".join(own), said]) for (table, said), own in sources.items()]
    return "\n".join(
        [
            "<h2>Energies and their sources</h2>",
            "<p>Energy of one step by what it is spent on, and the source of each energy.</p>",
            _table(columns, [_line(line, False) for line in parts.values()]),
            _table(["table", "part", "source"], cited, ' class="text"') if cited else "",
        ]
    )


def _cited(cells: Sequence[str]) -> str:
    found = "".join(f'<td class="text">{_text(cell)}</td>' for cell in cells)
    return f"<tr>{found}</tr>"


def _checks(summary: Summary) -> str:
    if not summary.checks:
        return ""
    facts = "".join(
        f"<dt>{_verdict(each)}</dt><dd>{_text(each.promise)}</dd>" for each in summary.checks
    )
    return f"<h2>Checked on this very run</h2>\n<dl>{facts}</dl>"


def _verdict(check: Check) -> str:
    if check.held:
        return f'<span class="held">{check.times:,} of {check.times:,}</span>'
    broken = (
        f"{check.times - len(check.broken):,} of {check.times:,}, not {', '.join(check.broken[:3])}"
    )
    return f'<span class="broken">{_text(broken)}</span>'


def _terms() -> str:
    terms = "".join(f"<dt>{_text(term)}</dt><dd>{_text(what)}</dd>" for term, what in _TERMS)
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
            f"<pre>{_text(chr(10).join(commands))}</pre>",
            f"<details><summary>{_text(SCENARIO)}</summary><pre>{_text(toml)}</pre></details>",
            _listed({**summary.versions, **summary.host}),
        ]
    )


def _listed(facts: Mapping[str, object]) -> str:
    items = (f"<dt>{_text(name)}</dt><dd>{_text(fact)}</dd>" for name, fact in facts.items())
    return f"<dl>{''.join(items)}</dl>"
