"""Pieces of a page in HTML. Whatever a user named or wrote goes through `text`."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from string import Template

from neurosim.report.figures.picture import Picture, inline

_UNDER = ' class="under"'
TEXT = ' class="text"'


def document(title: str, parts: Iterable[str]) -> str:
    """Return a whole page of parts, of which empty ones are left out."""
    template = Template(resources.files(__package__).joinpath("page.html").read_text("utf-8"))
    return template.substitute(title=text(title), body="\n".join(filter(None, parts)))


def text(value: object) -> str:
    """Return a text as HTML that shows it and does nothing else."""
    plain = "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}"
        for letter in str(value)
    )
    return html.escape(plain)


def heading(title: str, facts: Mapping[str, object], lead: str) -> list[str]:
    """Return what a page begins with."""
    return [f"<h1>{text(title)}</h1>", f'<p class="lead">{text(lead)}</p>', listed(facts)]


def contents(links: Mapping[str, str]) -> str:
    """Return a line of links to sections: their titles by their identifiers."""
    shown = [f'<a href="#{name}">{text(title)}</a>' for name, title in links.items()]
    return f"<nav>Figures: {' · '.join(shown)}</nav>" if shown else ""


def line(cells: Sequence[str], compared: bool = False) -> str:
    """Return a line of a table: its label, its values, and if ``compared`` their ratio last."""
    label, *values = cells
    name = f"<td{_UNDER * label.startswith('    ')}>{text(label.strip())}</td>"
    ratio = f'<td class="ratio">{text(values.pop())}</td>' if compared else ""
    return f"<tr>{name}{''.join(f'<td>{text(value)}</td>' for value in values)}{ratio}</tr>"


def words(cells: Sequence[str]) -> str:
    """Return a line of a table of words."""
    return f"<tr>{''.join(f'<td{TEXT}>{text(cell)}</td>' for cell in cells)}</tr>"


def group(title: str) -> str:
    """Return a line that stands over a group of lines."""
    return f'<tr><th colspan="9">{text(title)}</th></tr>'


def table(columns: Sequence[str], lines: Iterable[str], kind: str = "") -> str:
    """Return a table of lines under the names of its columns; ``kind`` is `TEXT` for words."""
    head = "".join(f"<th{kind}>{text(column)}</th>" for column in columns)
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>\n'
        + "\n".join(lines)
        + "\n</tbody></table></div>"
    )


def listed(facts: Mapping[str, object]) -> str:
    """Return facts by name."""
    items = (f"<dt>{text(name)}</dt><dd>{text(fact)}</dd>" for name, fact in facts.items())
    return f"<dl>{''.join(items)}</dl>"


def tiles(values: Mapping[str, str]) -> str:
    """Return figures in large letters, each with what it is: values by what they are."""
    found = (f'<div class="tile"><b>{text(v)}</b>{text(what)}</div>' for what, v in values.items())
    return f'<div class="tiles">{"".join(found)}</div>' if values else ""


def note(said: str) -> str:
    """Return a remark in small letters."""
    return f'<p class="note">{text(said)}</p>'


def figure(picture: Picture) -> str:
    """Return a figure under its title."""
    return f'<h2 id="{picture.name}">{text(picture.title)}</h2>\n' + sheet(
        inline(picture.name, picture.svg()), picture.caption
    )


def sheet(svg: str, caption: str) -> str:
    """Return a drawing, which is SVG that may be trusted, and what to see in it."""
    return (
        f'<figure><div class="sheet">{svg}</div><figcaption>{text(caption)}</figcaption></figure>'
    )
