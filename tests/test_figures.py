"""Figures: what they show, that all of it can be read, and that it is the same each time."""

import math
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from neurosim.report.figures import capacity, cycles, gallery, growth, learning, mesh, scales, style
from neurosim.report.figures.picture import Material, inline
from tests.reported import HOSTILE, RULES, aligned, hostile, profile, row, series, summary

SVG = "{http://www.w3.org/2000/svg}"
ONE_SIZE = set(gallery.NAMES) - {"growth"}
LABELS = {
    "alignment": {
        "multiplications a step",
        "cosine with the exact gradient, hidden units",
        "TRTRL",
    },
    "alignment_over_time": {"step", "cosine with the exact gradient, hidden units", "RTRL"},
    "learning": {"step", "normalised squared error", "at the end"},
    "answers": {"step", "target"},
    "growth": {"N, units", "multiplications a step", "words kept", "cycles a step"},
    "capacity": {"N, units", "bits kept from step to step"},
    "traffic": {"from", "to", "words a step"},
    "hops": {"links that a word crosses", "words a step"},
    "links": {"flits a step", "0", "3"},
    "cycles": {"share of a step's cycles, %", "computing", "waiting at the barrier"},
    "phases": {"cycles of a neuron, on average", "forward", "sensitivities"},
    "energy": {"share of a step's energy, %", "multiply", "stored read"},
    "reuse": {"reuse distance, distinct words between", "size of a memory, words"},
    "rent": {"units in a part", "edges that leave the part"},
    "roofline": {"multiplications for each word", "multiplications a cycle", "neuron"},
}


@pytest.fixture(scope="module")
def pictures():
    """Every figure there is: those of one size, and the growth over several."""
    found = {each.name: each for each in gallery.drawn(Material(summary(), series()))}
    along = gallery.drawn(Material(aligned()))
    found |= {each.name: each for each in along if each.name.startswith("alignment")}
    with style.house():
        found["growth"] = growth.growth(Material(summary((10, 20, 40))))
    return found


@pytest.fixture(scope="module")
def files(pictures):
    """The SVG file of each figure."""
    return {name: picture.svg() for name, picture in pictures.items()}


def texts(svg: str) -> set[str]:
    """Return the texts of an SVG file, read by a parser that knows nothing of how it was made."""
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    return {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}


def test_every_figure_is_drawn(pictures):
    assert set(pictures) == set(gallery.NAMES)
    assert set(LABELS) == set(gallery.NAMES)


@pytest.mark.parametrize("name", gallery.NAMES)
def test_a_figure_says_what_it_shows(name, pictures, files):
    picture = pictures[name]
    assert texts(files[name]) >= LABELS[name]
    assert picture.title
    assert picture.caption.endswith(".")
    assert picture.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("name", gallery.NAMES)
def test_nothing_is_cut_off_and_no_legend_covers_data(name, pictures):
    figure = pictures[name].figure
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer, (width, height) = canvas.get_renderer(), figure.get_size_inches()
    ink = figure.get_tightbbox(renderer)
    assert 0 <= ink.x0 < ink.x1 <= width
    assert 0 <= ink.y0 < ink.y1 <= height
    for legend in figure.legends:
        box = legend.get_window_extent(renderer)
        assert not any(box.overlaps(axes.get_window_extent(renderer)) for axes in figure.axes)


def test_what_there_is_no_data_for_is_left_out():
    bare = {key: row("rtrl")[key] for key in ("rule", "units", "outputs")}
    empty = summary(rows=(bare,), curves={}, profiles={})
    assert gallery.drawn(Material(empty)) == []
    assert gallery.drawn(Material(summary(rows=(), profiles={}, curves={}))) == []
    counted = summary(curves={}, profiles={})
    assert {p.name for p in gallery.drawn(Material(counted))} == {"capacity", "cycles"}
    nothing = {"traffic": {"names": [], "words": []}, "hops": {}, "cycles": {}, "roofline": []}
    nothing["links"] = {**profile("rtrl")["links"], "flits": [[0, 1, 0]]}
    hollow = summary(rows=(bare,), curves={}, profiles={"rtrl": nothing})
    assert gallery.drawn(Material(hollow)) == []


def test_the_same_figure_is_the_same_bytes_whatever_the_user_has_set(pictures):
    def bytes_of():
        with style.house():
            found = learning.curves(Material(summary(), series()))
        return found.svg(), found.pdf()

    before = dict(matplotlib.rcParams)
    first = bytes_of()
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.hashsalt": None}):
        assert bytes_of() == first
    assert dict(matplotlib.rcParams) == before
    assert "date" not in first[0].lower()
    assert b"CreationDate" not in first[1]


def test_names_of_the_users_are_text_and_no_more():
    found = gallery.drawn(Material(hostile(), {}))
    assert len(found) >= 8
    shown = set()
    for picture in found:
        svg = picture.svg()
        root = ElementTree.fromstring(inline(picture.name, svg))
        assert not [each for each in root.iter() if "script" in str(each.tag)]
        shown |= texts(svg)
    # as it was written, dollar signs and all, without what cannot be printed, cut to a label
    assert any(text.startswith("<script>alert(1)</script>") for text in shown)
    assert not any("\x1b" in text or HOSTILE in text for text in shown)


def test_figures_on_one_page_share_no_identifier(files):
    seen: set[str] = set()
    for name, svg in files.items():
        root = ElementTree.fromstring(inline(name, svg))
        own = [each.get("id") for each in root.iter() if each.get("id")]
        assert len(own) == len(set(own))
        assert not seen & set(own)
        seen |= set(own)
        for each in root.iter():
            for key, value in each.attrib.items():
                if key.endswith("href") and not value.startswith("data:"):
                    assert value[1:] in own
                for target in value.split("url(#")[1:]:
                    assert target.split(")")[0] in own


# --- what single figures show -----------------------------------------------------------------


def drawn(draw, material):
    with style.house():
        return draw(material).figure


def test_theoretical_slopes_are_those_of_the_slides():
    figure = drawn(growth.growth, Material(summary((10, 20, 40))))
    slopes = [
        [
            np.polyfit(np.log(line.get_xdata()), np.log(line.get_ydata()), 1)[0]
            for line in axes.lines
        ]
        for axes in figure.axes
    ]
    # rules in order, then the dotted lines
    assert slopes[0] == pytest.approx([4, 2, 4, 2])
    assert slopes[1] == pytest.approx([3, 2, 3, 2])
    assert slopes[3][2:] == pytest.approx([4, 3, 2])


def test_each_machine_has_a_line_and_a_bar_of_its_own():
    rows = tuple(
        row(rule, units, machine=machine, cycles_per_step=units * (1 + (machine == "mesh")))
        for units in (10, 20)
        for machine in ("bus", "mesh")
        for rule in RULES
    )
    slopes = {"rtrl, bus": {"cycles_per_step": 1.0}, "rtrl, mesh": {"cycles_per_step": 1.25}}
    material = Material(summary(rows=rows, slopes=slopes, profiles={}))
    figure = drawn(growth.growth, material)
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sorted(named[:4]) == ["RTRL, bus", "RTRL, mesh", "TRTRL, bus", "TRTRL, mesh"]
    cycles_axes = figure.axes[3]
    assert sorted(tuple(line.get_ydata()) for line in cycles_axes.lines[:4]) == [
        (10, 20), (10, 20), (20, 40), (20, 40),
    ]  # fmt: skip
    assert cycles_axes.get_title("left") == "grows with RTRL, bus N^1.00, RTRL, mesh N^1.25"
    labels = [tick.get_text() for tick in drawn(cycles.by_rule, material).axes[0].get_yticklabels()]
    assert labels[2] == "RTRL, mesh\n20 units, 40 cycles"


def test_bars_are_whole_and_split_as_the_row_says():
    figure = drawn(cycles.by_rule, Material(summary(profiles={})))
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths == pytest.approx([50, 12.5, 25, 12.5] * 2)
    with_lanes = drawn(cycles.by_rule, Material(summary()))
    first = [bar.get_width() for bar in with_lanes.axes[0].patches][:5]
    busy = 40_000 + 200 - 200  # of the profile's phases: computing, without waiting for a lane
    assert sum(first) == pytest.approx(100)
    assert first[0] / first[1] == pytest.approx(busy / 200)


def test_every_link_is_an_arrow_where_it_lies():
    part = profile("rtrl")["links"]
    part["flits"][0][2] = 0  # carried nothing
    figure = drawn(mesh.links, Material(summary(profiles={"rtrl": {"links": part}})))
    _, idle, busy = figure.axes[0].collections
    assert (len(idle.get_paths()), len(busy.get_paths())) == (1, 7)
    # from tile 0, north-west, to tile 1 east of it: along x, and y stays between the tiles' borders
    xs, ys = idle.get_paths()[0].vertices.T
    assert 0 < xs.min() < xs.max() < 1
    assert np.abs(ys).max() < 0.3
    # the way back lies beside it
    back = busy.get_paths()[0].vertices[:, 1]
    assert np.sign(back.mean()) == -np.sign(ys.mean())
    most = max(flits for *_, flits in part["flits"])
    assert f"{100 * most / part['cycles']:.0f} % of the cycles" in figure.axes[0].get_title("left")


def test_a_device_is_a_line_at_the_bits_of_its_block_ram():
    figure = drawn(capacity.capacity, Material(summary(profiles={})))
    heights = {line.get_ydata()[0] for line in figure.axes[0].lines if line.get_xdata()[0] == 0}
    # Lattice: 208 blocks of 18 kbit in the 85F, 30 of 4 kbit in the UP5K
    assert {208 * 18 * 1024, 30 * 4 * 1024} <= heights


def test_outputs_are_drawn_against_the_target_step_by_step():
    last = series()
    figure = drawn(learning.answers, Material(summary(), last))
    target, *outputs = figure.axes[0].lines
    assert len(outputs) == len(RULES)
    assert list(target.get_xdata()) == list(range(3800, 4000))
    assert list(target.get_ydata()) == list(last["rtrl"].targets[0][-200:])
    for line in outputs:
        assert np.subtract(line.get_ydata(), target.get_ydata()) == pytest.approx(0.1)


def test_rules_look_different_in_colour_line_and_in_grey():
    looks = style.rules(["rtrl", "trtrl", "bptt", "inference", "mine", "yours"])
    for part in ("colour", "line", "marker", "hatch"):
        assert len({str(getattr(look, part)) for look in looks.values()}) == len(looks)
    assert style.rules(["trtrl"])["trtrl"] == looks["trtrl"]
    assert len(style.rules(map(str, range(50)))) == style.MOST_RULES


def test_a_rule_that_diverged_has_a_curve_and_no_error_at_the_end():
    failed = {key: value for key, value in row("rtrl").items() if not key.startswith("nmse")}
    figure = drawn(learning.curves, Material(summary(rows=(failed, row("trtrl")))))
    curves, ends = figure.axes
    assert len(curves.lines) == 2
    assert [len(line.get_ydata()) for line in ends.lines] == [0, 3]


TICKS = [(0, "0"), (250, "250"), (1000, "1 k"), (2.5e6, "2.5 M"), (3e20, "3·10²⁰"), (0.5, "0.5")]


@pytest.mark.parametrize(("value", "text"), TICKS)
def test_a_tick_is_readable(value, text):
    assert scales.amount(value) == text


@pytest.mark.parametrize(("value", "text"), [(1e-4, "10⁻⁴"), (2e-5, "2·10⁻⁵"), (0.03, "0.03")])
def test_a_small_tick_is_readable(value, text):
    assert scales.power(value) == text


@pytest.mark.parametrize("high", [1.0, 1.5, 30, 1e5, 1e29])
def test_a_logarithmic_axis_has_labels_however_much_it_spans(high):
    with style.house():
        figure, (axes,) = style.sheet(2.0)
        axes.plot([1, 2], [1.0, high])
        scales.logarithmic(axes.yaxis, [1.0, high, 0.0, -1.0])
        figure.draw_without_rendering()
    low, top = axes.get_ylim()
    assert low < 1.0 <= high < top < math.inf
    inside = [tick for tick in axes.get_yticks() if low <= tick <= top]
    assert 1 <= len(inside) <= 12
