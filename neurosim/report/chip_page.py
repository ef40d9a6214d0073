"""What a page says about a chip: its blocks, its time, its resources, and how it was checked."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from myhdl_core.silicon.placement import SEEDS
from neurosim.machine.parts import PARTS
from neurosim.report import chip_tools, quantities
from neurosim.report.figures import file, floorplan, style, timeline, waves
from neurosim.report.figures.picture import Picture
from neurosim.report.markup import (
    document,
    figure,
    heading,
    line,
    listed,
    note,
    sheet,
    table,
    text,
    tiles,
)
from neurosim.study import checks, description, results
from neurosim.study.hardware import waveform
from neurosim.study.hardware.check import Checked
from neurosim.study.hardware.folder import DIAGRAM, RTL, WAVEFORM
from neurosim.study.hardware.record import Record
from neurosim.study.hardware.summary import CLOCK_MHZ, Chip, counted
from neurosim.study.scenario import Scenario

FIGURES = ("timeline", "waves")


class Section(NamedTuple):
    """What a page says about a chip.

    ``links`` are titles of its parts by their identifiers, ``body`` is HTML.
    """

    links: Mapping[str, str]
    body: str


def pictures(record: Record, folder: Path) -> list[Picture]:
    """Return the figures of a chip, of what its folder holds.

    Raises
    ------
    UserError
        When the waveform is spoilt.
    """
    waved = waveform.first_step(folder / RTL / WAVEFORM)
    with style.house():
        found = [
            timeline.timeline(record.chip, record.checked),
            waves.waves(waved, record.chip) if waved else None,
        ]
    return [picture for picture in found if picture is not None]


def section(record: Record, folder: Path, drawn: Sequence[Picture]) -> Section:
    """Return what there is to say about a chip; ``drawn`` are its figures.

    Raises
    ------
    UserError
        When the diagram is spoilt.
    """
    named = {each.name: each for each in drawn}
    parts = {
        "chip": ("The chip", _lead(record)),
        "blocks": ("Block diagram", _blocks(folder)),
        "resources": ("Resources", chip_tools.resources(record.whole)),
        "clock": ("Clock", chip_tools.clock(record.whole)),
        "floorplan": ("Where the blocks lie", _floorplan(record, folder)),
        **{name: (named[name].title, figure(named[name])) for name in named},
        "memories": ("Memories", _memories(record.chip)),
        "parts": ("Which part", chip_tools.choices(record.whole)),
        "checked": ("Checked", _checked(record)),
        "proofs": ("Proved", chip_tools.proofs(record.whole)),
        "again": ("The same chip again", _again(record, folder)),
    }
    shown = {name: part for name, part in parts.items() if part[1]}
    body = "\n".join(
        html if name in named else f'<h2 id="{name}">{text(title)}</h2>\n{html}'
        for name, (title, html) in shown.items()
    )
    return Section({name: title for name, (title, _) in shown.items()}, body)


def page(scenario: Scenario, record: Record, chip: Section) -> str:
    """Return the page of a chip whose network was not trained in software."""
    said = f"{record.chip.rule} as a chip in Verilog"
    facts = {"numbers": record.chip.number, "seed": scenario.seeds[0]}
    toml = description.toml(description.mapping(scenario))
    asked = f"<details><summary>{results.SCENARIO}</summary><pre>{text(toml)}</pre></details>"
    return document(
        f"{scenario.name}: a chip",
        [*heading(scenario.name, facts, said), chip.body, asked],
    )


# --- parts --------------------------------------------------------------------------------------


def _lead(record: Record) -> str:
    chip = record.chip
    lanes = counted(chip.lanes, "lane")
    said = (
        f"{chip.units:,} neurons with {chip.edges:,} weights on {lanes}, each a multiplier with"
        f" memories of its own. In each step they compute their outputs and learn by {chip.rule},"
        f" in {chip.number}; {chip.inference_cycles:,} cycles where learning is off."
    )
    return f"<p>{text(said)}</p>\n{tiles(_tiles(record))}"


def _tiles(record: Record) -> dict[str, str]:
    chip, mhz = record.chip, chip_tools.clock_mhz(record.whole)
    at = f"{CLOCK_MHZ:g} MHz, an assumption" if mhz is None else f"{mhz:.1f} MHz, as placed"
    rate = (mhz or CLOCK_MHZ) * 1e6 / chip.cycles
    busy = {"of what the multipliers could do": quantities.share(chip.utilisation)}
    return {
        "cycles a learning step": quantities.count(chip.cycles),
        f"learning steps a second at {at}": quantities.count(round(rate)),
        **(chip_tools.tiles(record.whole) or busy),
    }


def _blocks(folder: Path) -> str:
    path = folder / RTL / DIAGRAM
    if not checks.is_file(path):
        return note(f"{path} is not there. `neurosim hardware` draws it.")
    return sheet(
        file.drawing(path, "diagram"),
        "One sequencer tells all lanes what to do. Each lane has four memories and one multiplier,"
        " and hosts the neurons that are named in it; the bus carries words to all lanes.",
    )


def _floorplan(record: Record, folder: Path) -> str:
    """Return the picture of the placed chip that was drawn when it was placed, if it was."""
    path = folder / results.FIGURES / f"{floorplan.NAME}.svg"
    if chip_tools.clock_mhz(record.whole) is None or not checks.is_file(path):
        return ""
    return sheet(
        file.image(path, "floorplan of the chip"),
        "The part with the tiles that the chip takes, coloured by its blocks, as it was placed with"
        " the seed that reached the lowest clock. The red line is the slowest path.",
    )


def _memories(chip: Chip) -> str:
    lines = [
        line([m.name, f"{m.count:,}", f"{m.words:,}", f"{m.bits:,}", "ROM" if m.rom else "RAM",
              f"{m.count * m.words * m.bits:,}"])
        for m in chip.memories
    ]  # fmt: skip
    return table(["memory", "how many", "words", "bits of a word", "kind", "bits in all"], lines)


def _checked(record: Record) -> str:
    """Return what was compared, and what was found."""
    if record.checked is None:
        return note(
            "The Verilog was not compared with the model: `neurosim hardware` with --check."
        )
    found, lint = record.checked, record.lint
    facts = {
        "words compared": f"{found.words:,} in {found.steps:,} steps: outputs, all weights, and all"
        " that the rule keeps",
        "words that differ": f"{found.mismatches:,}",
        "cycles of a step": f"{_cycles(found)} measured, {found.cycles_expected:,} predicted",
        "steps of another length": f"{found.cycles_differing:,}",
        "steps with a phase elsewhere": f"{found.phases_differing:,}",
        "a result was clipped": "yes" if found.saturated else "no",
        "lint": "clean" if not lint else f"{len(lint.splitlines())} lines",
    }
    if found.first is not None:
        facts["first difference"] = str(found.first)
    facts |= chip_tools.netlist(record.whole)
    verdict = '<span class="held">The chip is the model</span>, word by word and cycle by cycle.'
    if not found.passed:
        verdict = '<span class="broken">The chip is not the model.</span>'
    return f"<p>{verdict}</p>\n{listed(facts)}"


def _cycles(found: Checked) -> str:
    return ", ".join(f"{cycles:,}" for cycles in found.cycles_measured[:4]) or "none"


def _again(record: Record, folder: Path) -> str:
    made = ["neurosim", "hardware", f"{folder.name}/{results.SCENARIO}", *_flags(record)]
    made += ["--waveforms"] * checks.is_file(folder / RTL / WAVEFORM)
    commands = [shlex.join(made), f"neurosim report {shlex.quote(folder.name)}"]
    said = f"From the folder that holds the run folder; this page shows its {results.RECORD}."
    return f"<p>{text(said)}</p>\n<pre>{text(chr(10).join(commands))}</pre>"


def _flags(record: Record) -> list[str]:
    """Return what lets the same tools look at the same chip."""
    flags = ["--lanes", str(record.chip.lanes)] + ["--check"] * (record.checked is not None)
    flags += ["--prove"] * bool(chip_tools.tables(record.whole, "proof", "tasks"))
    part = chip_tools.words_of(record.whole, "placement", "part")
    family = chip_tools.words_of(record.whole, "synthesis", "family")
    seeds = len(chip_tools.tables(record.whole, "placement", "runs"))
    if part:
        others = ["--place-seeds", str(seeds)] * (seeds not in (0, len(SEEDS)))
        return [*flags, "--place", "--part", part, *others]
    fitted = [each for each in PARTS.values() if record.fit and each.title == record.fit.part]
    flags += [word for each in fitted for word in ("--part", each.name)]
    same = not fitted or fitted[0].synthesis == family  # others contradict each other
    return flags + ["--synth", family] * (bool(family) and same)
