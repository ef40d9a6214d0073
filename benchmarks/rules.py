"""The table of all rules in docs/rules.md, from the rules themselves.

Run with ``python -m benchmarks.rules`` to write it into the page anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from neurosim.learning import RULES, Rule
from neurosim.model import Network
from neurosim.model.neuron import Role
from neurosim.study.abilities import abilities
from neurosim.study.graphs import graph_from

PAGE = Path(__file__).parents[1] / "docs" / "rules.md"
HEAD = "| rule | is | keeps | multiplications | numbers | units | chip | reference |"
_TABLE = re.compile(r"^\| rule \|.*\n(\|.*\n)+", re.MULTILINE)


def table() -> str:
    """Return the table in Markdown, a line for each rule."""
    lines = [HEAD, "|---" * HEAD.count(" |") + "|"]
    lines += [f"| {' | '.join(_cells(name, kind()))} |" for name, kind in RULES.items()]
    return "\n".join(lines) + "\n"


def _cells(name: str, rule: Rule) -> list[str]:
    found = abilities(rule)
    about = (type(rule).__doc__ or "").splitlines()[0].rstrip(".").replace("``", "`")
    kept = f"{_kept(rule)}: {rule.order_words}" if _kept(rule) else "nothing"
    chip = "yes" if found.chip else "-"
    units = ", ".join(found.units)
    numbers, said = ", ".join(found.numbers), re.sub(r" \(.*?\d{4}\)", "", about)
    where = re.sub(r"doi (\S+)", r"[\1](https://doi.org/\1)", rule.citation)
    return [f"`{name}`", said, kept, rule.order_multiplications, numbers, units, chip, where]


def _kept(rule: Rule) -> str:
    """Return the names of what a rule keeps from step to step, of a fully recurrent network."""
    graph, inputs, outputs = graph_from("fully_recurrent", units=3)
    network = Network(graph, inputs, outputs)
    sized = rule.for_steps(10).for_units(3)
    described = [sized.described(unit, network).values() for unit in network.neurons]
    found = [memory for each in described for memory in each]
    names = dict.fromkeys(memory.name for memory in found if memory.role is Role.STORED)
    return ", ".join(f"`{each}`" for each in names)


def main() -> None:
    """Write the table into the page."""
    PAGE.write_text(_TABLE.sub(lambda _: table(), PAGE.read_text(encoding="utf-8")), "utf-8")


if __name__ == "__main__":
    main()
