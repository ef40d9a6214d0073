"""A chip as a block diagram: SVG as it stands in the file, with no program to draw it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from neurosim.machine.parts import Memory
from neurosim.schedule import Schedule
from neurosim.study.hardware.summary import Chip, counted

WIDTH, MARGIN, GAP = 1080, 40, 12
FRAME = 14  # from the border to the frame of the top module
LINE, SMALL = 18, 13
NAME_LINES = 3
# Up to this many lanes each shows its memories' sizes; of more, the heading says them once.
DETAILED_LANES = 8
# What a character of the small letters takes, a little more than it does.
LETTER = 7.5
COLOURS = {
    "ground": "#ffffff",
    "ink": "#1f2933",
    "faint": "#52606d",
    "control": "#fdf0d5",
    "lane": "#f5f7fa",
    "memory": "#d9e8f6",
    "datapath": "#e3f1dc",
    "transport": "#eadff2",
    "bus": "#fbe3dc",
    "line": "#9aa5b1",
}
STYLE = "font-family: 'DejaVu Sans', Verdana, sans-serif"


def drawn(chip: Chip, plan: Schedule) -> str:
    """Return the diagram of a chip as SVG."""
    drawing = _Drawing()
    lanes = counted(chip.lanes, "lane")
    drawing.text(FRAME, 30, f"{chip.name}: {chip.units} neurons on {lanes}", 19, "ink")
    said = f"{chip.rule} in {chip.number}, {chip.edges:,} weights, {chip.cycles:,} cycles a step"
    drawing.text(FRAME, 52, said, SMALL, "faint")
    drawing.text(MARGIN, 92, "network_axi", 14, "ink")
    drawing.text(MARGIN + 100, 92, "the core, and a bus for each of its ports", SMALL, "faint")
    y = _sequencer(drawing, chip, 104)
    drawing.arrow(WIDTH / 2, y, WIDTH / 2, y + 24)
    drawing.text(WIDTH / 2 + 10, y + 16, "the same instruction to all lanes", SMALL, "faint")
    y = _all_lanes(drawing, chip, plan, y + 24)
    y = _transport(drawing, plan, y)
    y = _axi(drawing, _ends(drawing, chip, y))
    drawing.frame(FRAME, 70, WIDTH - 2 * FRAME, y - 70)
    return drawing.svg()


def _sequencer(drawing: _Drawing, chip: Chip, y: float) -> float:
    rows = (
        f"microcode: {chip.instructions} instructions x {chip.instruction_bits} bits",
        f"a table for each lane: {chip.table_words:,} words x {chip.table_bits} bits,"
        " one a cycle: what to do, which edge, which unit",
    )
    return drawing.box(MARGIN, y, WIDTH - 2 * MARGIN, "sequencer", rows, "control")


def _all_lanes(drawing: _Drawing, chip: Chip, plan: Schedule, y: float) -> float:
    """Draw the lanes in rows and return where the last row ends."""
    detailed = chip.lanes <= DETAILED_LANES
    columns = min(chip.lanes, 4) if detailed else _columns(chip.lanes)
    width = (WIDTH - 2 * MARGIN - GAP * (columns - 1)) / columns
    names = [[unit.name for unit in hosts] for hosts in plan.placement.lanes]
    lines = [wrapped(each, int((width - 20) / LETTER), NAME_LINES) for each in names]
    height = 44 + LINE * max(map(len, lines)) + detailed * (2 * 46 + 58)
    if not detailed:
        banks = ", ".join(f"{m.name} {m.words:,} x {m.bits}" for m in _banks(chip))
        drawing.text(MARGIN, y + 16, f"in each lane, words x bits: {banks}", SMALL, "faint")
        y += 26
    for lane, each in enumerate(lines):
        column = lane % columns
        if column == 0 and lane:
            y += height + GAP
        x = MARGIN + column * (width + GAP)
        drawing.rectangle(x, y, width, height, "lane")
        hosted = counted(len(names[lane]), "neuron")
        drawing.text(x + 10, y + 20, f"lane {lane}: {hosted}", SMALL, "ink")
        inside = _inside(drawing, chip, x + 10, y + 30, width - 20) if detailed else y + 30
        for n, line in enumerate(each):
            drawing.text(x + 10, inside + 12 + LINE * n, line, SMALL, "ink")
    return y + height


def _columns(lanes: int) -> int:
    """Return how many of many lanes stand side by side, so that rows are full if they can be."""
    return next((columns for columns in (6, 5, 4) if lanes % columns == 0), 6)


def _banks(chip: Chip) -> list[Memory]:
    return [memory for memory in chip.memories if memory.name in ("weights", "x", "y", "units")]


def _inside(drawing: _Drawing, chip: Chip, x: float, y: float, width: float) -> float:
    """Draw what a lane is made of, and return where it ends."""
    half = (width - 10) / 2
    for n, bank in enumerate(_banks(chip)):
        left, top = x + n % 2 * (half + 10), y + n // 2 * 46
        drawing.rectangle(left, top, half, 40, "memory")
        drawing.text(left + 8, top + 16, bank.name, SMALL, "ink")
        drawing.text(left + 8, top + 32, f"{bank.words:,} x {bank.bits}", SMALL, "faint")
    y += 2 * 46
    drawing.rectangle(x, y + 2, width, 44, "datapath")
    drawing.text(x + 8, y + 19, "multiply, add", SMALL, "ink")
    drawing.text(x + 8, y + 36, "round and saturate", SMALL, "faint")
    return y + 58


def _transport(drawing: _Drawing, plan: Schedule, y: float) -> float:
    """Draw what carries words between lanes, and return where it ends."""
    y += 22
    drawing.arrow(WIDTH / 2 - 60, y - 22, WIDTH / 2 - 60, y)
    drawing.arrow(WIDTH / 2 + 60, y, WIDTH / 2 + 60, y - 22)
    rides = [t.burst for t in plan.steps if t.burst.ride]
    if rides:
        where = "the lane some places on" if plan.lanes > 1 else "the lane itself"
        cycles = len(rides[0].turns)
        said = f"in each of {cycles:,} cycles, a lane's weight to the y bank of {where}"
        y = drawing.box(MARGIN, y, WIDTH - 2 * MARGIN, "rotator", (said,), "transport") + 10
    said = "one word a cycle, from any lane to the unit banks of all lanes"
    return drawing.box(MARGIN, y, WIDTH - 2 * MARGIN, "bus", (said,), "transport")


def _ends(drawing: _Drawing, chip: Chip, y: float) -> float:
    """Draw what hangs on the bus, and return where it ends."""
    table = next(m for m in chip.memories if m.name == "activation table")
    boxes = (
        ("activation unit", (f"table {table.words:,} x {table.bits} bits,", "interpolation, slope"),
         "datapath", "both"),
        ("input stream", ("in_valid, in_ready, in_data:", "inputs, then targets"), "control", "up"),
        ("output stream", ("out_valid, out_data:", "outputs"), "control", "down"),
        ("host port", ("weights and state, written", "and read back between steps"), "control",
         "both"),
    )  # fmt: skip
    return _row(drawing, boxes, y)


def _axi(drawing: _Drawing, y: float) -> float:
    """Draw what ties the ports to AXI, with what passes the frame; return where the frame is."""
    boxes = (
        ("start of steps", ("when a whole sample is there,", "and room for its answer"), "bus", ""),
        ("AXI4-Stream in", ("inputs, then targets;", "holds two samples"), "bus", "up"),
        ("AXI4-Stream out", ("outputs of a step;", "holds two answers"), "bus", "down"),
        ("AXI4-Lite", ("registers, and a window", "to all memories"), "bus", "both"),
    )
    y = _row(drawing, boxes, y)
    width = (WIDTH - 2 * MARGIN - GAP * 3) / 4
    for n, (name, way) in enumerate((("s_axis", "up"), ("m_axis", "down"), ("s_axil", "both")), 1):
        middle = MARGIN + n * (width + GAP) + width / 2
        _pass(drawing, middle, y, 42, way)
        drawing.text(middle + 20, y + 38, name, SMALL, "ink")
    return y + 20


Box = tuple[str, tuple[str, ...], str, str]


def _row(drawing: _Drawing, boxes: Sequence[Box], y: float) -> float:
    """Draw boxes side by side, with what they take from above or give; return where they end."""
    width = (WIDTH - 2 * MARGIN - GAP * (len(boxes) - 1)) / len(boxes)
    bottom = y
    for n, (title, rows, colour, way) in enumerate(boxes):
        x = MARGIN + n * (width + GAP)
        _pass(drawing, x + width / 2, y, 24, way)
        bottom = drawing.box(x, y + 24, width, title, rows, colour)
    return bottom


def _pass(drawing: _Drawing, x: float, y: float, length: float, way: str) -> None:
    """Draw an arrow up, one down, or both, below y."""
    if way in ("up", "both"):
        drawing.arrow(x + 8, y + length, x + 8, y)
    if way in ("down", "both"):
        drawing.arrow(x - 8, y, x - 8, y + length)


class _Drawing:
    """Shapes one by one; grows as high as they ask for."""

    def __init__(self) -> None:
        self.root = Xml.Element("svg", xmlns="http://www.w3.org/2000/svg", style=STYLE)
        self.bottom = 0.0
        marker = Xml.SubElement(
            Xml.SubElement(self.root, "defs"), "marker", id="tip", viewBox="0 0 10 10", refX="9",
            refY="5", markerWidth="7", markerHeight="7", orient="auto",
        )  # fmt: skip
        Xml.SubElement(marker, "path", d="M0 0L10 5L0 10z", fill=COLOURS["faint"])
        self.ground = Xml.SubElement(self.root, "rect", fill=COLOURS["ground"])

    def rectangle(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Draw a filled box."""
        self.bottom = max(self.bottom, y + height)
        Xml.SubElement(
            self.root, "rect", x=_number(x), y=_number(y), width=_number(width),
            height=_number(height), rx="4", fill=COLOURS[colour], stroke=COLOURS["line"],
        )  # fmt: skip

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """Draw the border of a module, with nothing in it."""
        self.bottom = max(self.bottom, y + height)
        attributes = {"stroke-dasharray": "6 4", "stroke-width": "1.5"}
        Xml.SubElement(
            self.root, "rect", attributes, x=_number(x), y=_number(y), width=_number(width),
            height=_number(height), rx="6", fill="none", stroke=COLOURS["faint"],
        )  # fmt: skip

    def text(self, x: float, y: float, said: str, size: int, colour: str) -> None:
        """Write a line."""
        attributes = {"font-size": str(size), "fill": COLOURS[colour]}
        self.bottom = max(self.bottom, y)
        made = Xml.SubElement(self.root, "text", attributes, x=_number(x), y=_number(y))
        made.text = plain(said)

    def arrow(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """Draw an arrow."""
        attributes = {"marker-end": "url(#tip)", "stroke-width": "1.5"}
        Xml.SubElement(
            self.root, "line", attributes, x1=_number(x), y1=_number(y), x2=_number(to_x),
            y2=_number(to_y), stroke=COLOURS["faint"],
        )  # fmt: skip

    def box(
        self, x: float, y: float, width: float, title: str, rows: Sequence[str], colour: str
    ) -> float:
        """Draw a box with a title and lines below it; return where it ends."""
        height = 28 + LINE * len(rows)
        self.rectangle(x, y, width, height, colour)
        self.text(x + 12, y + 19, title, 14, "ink")
        for n, row in enumerate(rows):
            self.text(x + 12, y + 37 + LINE * n, row, SMALL, "faint")
        return y + height

    def svg(self) -> str:
        """Return the whole as text."""
        height = _number(self.bottom + MARGIN)
        self.root.attrib |= {"viewBox": f"0 0 {WIDTH} {height}", "width": str(WIDTH)}
        self.root.set("height", height)
        self.ground.attrib |= {"width": str(WIDTH), "height": height}
        Xml.indent(self.root)
        return Xml.tostring(self.root, encoding="unicode") + "\n"


def wrapped(names: Sequence[str], room: int, most: int) -> list[str]:
    """Return as many names as fit into some lines, and how many there are besides."""
    lines, left = [""], [_cut(name, room - 9 * (len(names) > 1)) for name in names]
    while left:
        more = f" +{len(left) - 1} more" if len(left) > 1 and len(lines) == most else ""
        joined = f"{lines[-1]}, {left[0]}" if lines[-1] else left[0]
        if len(joined) + len(more) <= room:
            lines[-1] = joined
            left.pop(0)
        elif len(lines) < most:
            lines[-1] += ","
            lines.append("")
        else:
            lines[-1] += f" +{len(left)} more"
            break
    return lines


def plain(text: str) -> str:
    """Return a text without what XML cannot hold; what it has to escape is escaped later."""
    kept = re.sub(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
    return kept if kept.strip() else "?"


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: max(1, most - 3)]}..."


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
