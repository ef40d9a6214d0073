"""A small chip, not compiled, what a check finds of it, and the texts of a figure about it."""

from dataclasses import replace

import networkx as nx
from matplotlib.backends.backend_agg import FigureCanvasAgg

import neurosim as ns
from myhdl_core.assemble import Assembled, assemble
from neurosim.report.figures import timeline
from neurosim.report.figures.picture import Picture
from neurosim.study.hardware import planned
from neurosim.study.hardware.check import Checked
from neurosim.study.hardware.summary import Chip, summarised

# Names that Verilog, HTML and tables each take for something else.
HOSTILE = ('endmodule"', "a\\b", "two\nlines", "</text><script>", "*/ $finish; /*", "π=1,{x}")


def dense(names, outputs=1) -> ns.Network:
    """A dense network whose nodes are called by these names, the last being the input."""
    *units, x = names
    graph = nx.DiGraph((a, b) for b in units for a in (*units, x, "bias"))
    return ns.Network(graph, [x], units[:outputs])


def small(lanes: int, names=("a", "b", "c", "x")) -> tuple[Assembled, Chip]:
    """A small chip's parts, and its figures."""
    network, number = dense(names), ns.Fixed()
    assembled = assemble(planned(network, ns.TRTRL(0.05), number, lanes), number)
    return assembled, summarised("small", assembled, number, False)


def checked(chip: Chip, **changed: object) -> Checked:
    """What a check finds of a chip that is right."""
    begins = tuple(timeline.planned(chip.passes))
    found = Checked(40, 1_000, 0, None, chip.cycles, (chip.cycles,), 0, 0, False, begins)
    return replace(found, **changed)


def drawn(picture: Picture) -> list[str]:
    """Return the texts of a figure, having looked that nothing is cut off."""
    figure = picture.figure
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    ink, (width, height) = figure.get_tightbbox(canvas.get_renderer()), figure.get_size_inches()
    assert 0 <= ink.x0 < ink.x1 <= width
    assert 0 <= ink.y0 < ink.y1 <= height
    return [text.get_text() for axes in figure.axes for text in axes.texts]
