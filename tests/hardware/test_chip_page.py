"""The page about a chip: what it shows, from which files, and what it refuses."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import neurosim as ns
from myhdl_core.assemble import assemble
from neurosim.cli import designs, main
from neurosim.report import chip_tools
from neurosim.report.figures import file, style, timeline, waves
from neurosim.study.hardware import check, diagram, planned, record, waveform
from neurosim.study.hardware.check import Begin, Checked
from neurosim.study.hardware.summary import PassLine, figures, summarised
from neurosim.study.scenario import folder_name
from tests.hardware import needs
from tests.reported import HOSTILE
from tests.test_page import Page

SCENARIO = """
name = "mine"
summary = "a test"
machine = "none"
[network]
topology = "fully_recurrent"
units = 3
[task]
name = "mackey_glass"
steps = 40
"""


def dense(names) -> ns.Network:
    """A dense network of these units, with one input."""
    graph = nx.DiGraph((a, b) for b in names for a in (*names, "x", "bias"))
    return ns.Network(graph, ["x"], names[:1])


@pytest.fixture(scope="module")
def small():
    """A small chip, not compiled: its parts, and its figures."""
    assembled = assemble(planned(dense(["a", "b", "c"]), ns.TRTRL(0.05), ns.Fixed(), 2), ns.Fixed())
    return assembled, summarised("mine", assembled, ns.Fixed(), False)


def checked(chip, **changed) -> Checked:
    """What a check finds of a chip that is right."""
    begins = tuple(timeline.planned(chip.passes))
    found = Checked(40, 1_000, 0, None, chip.cycles, (chip.cycles,), 0, 0, False, begins)
    return replace(found, **changed)


TOOLS = {
    "synthesis": {
        "family": "ecp5",
        "top": "network_axi",
        "yosys": "0.70",
        "seconds": 12.25,
        "whole": {"luts": 1310, "carries": 77, "registers": 900, "block_rams": 13,
                  "multipliers": 3},
        "blocks": {
            "axi": {"luts": 500, "carries": 7, "registers": 400, "block_rams": 1, "multipliers": 0},
            "lane 0": {"luts": 400, "carries": 30, "registers": 250, "block_rams": 6,
                       "multipliers": 1},
            "lane 1": {"luts": 410, "carries": 40, "registers": 250, "block_rams": 6,
                       "multipliers": 2},
        },
        "alarms": ["u_bus.x is a latch"],
    },
    "prediction": {
        "family": "ecp5",
        "whole": {"luts": 1290, "block_rams": 13, "multipliers": 3},
        "blocks": {"lanes": {"luts": 790, "block_rams": 12, "multipliers": 3}},
    },
    "placement": {
        "part": "ecp5-85f",
        "tool": "nextpnr-ecp5 0.11.1",
        "goal_mhz": 100,
        "worst_mhz": 103.41,
        "best_mhz": 104.41,
        "runs": [
            {"seed": 1, "mhz": 103.41, "seconds": 20.0,
             "critical_path": {"ns": 9.67, "logic_ns": 4.0, "wire_ns": 5.67, "levels": 5,
                               "words": "from the table of lane 0 to its bank"}},
            {"seed": 2, "mhz": 104.41, "seconds": 20.0, "critical_path": None},
        ],
        "utilisation": {"DP16KD": {"used": 13, "there": 208}},
    },
    "choices": {
        "choices": [
            {"part": "ecp5-85f", "cycles": 160, "clock_mhz": 100.0, "steps_per_second": 625000.0,
             "fits": True, "on_front": True,
             "fit": {"lanes": 2, "luts": 1290, "blocks": 13, "blocks_there": 208,
                     "multipliers": 3, "multipliers_there": 156}},
            {"part": "ice40-up5k", "cycles": 160, "clock_mhz": 30.0, "steps_per_second": 187500.0,
             "fits": False, "on_front": False,
             "fit": {"lanes": 2, "luts": 5290, "blocks": 33, "blocks_there": 30,
                     "multipliers": 3, "multipliers_there": 8}},
        ],
        "largest_units": {"ecp5-85f": 64},
    },
    "proof": [{"name": "valid stays", "status": "proved", "engine": "abc pdr", "depth": 20,
               "seconds": 1.5}],
}  # fmt: skip


@pytest.fixture
def folder(small, tmp_path, monkeypatch) -> Path:
    """A run folder of a chip that was checked, synthesised and placed; nothing was trained."""
    monkeypatch.chdir(tmp_path)
    assembled, chip = small
    made = Path("runs") / "mine-0"
    (made / "rtl").mkdir(parents=True)
    (made / "scenario.toml").write_text(SCENARIO)
    (made / "rtl" / "chip.svg").write_text(diagram.drawn(chip, assembled.learning), "utf-8")
    (made / "rtl" / "waveform.vcd").write_text(vcd())
    (made / "figures").mkdir()
    (made / "figures" / "floorplan.svg").write_text("<svg/>")
    write(made, {**figures(chip, None, checked(chip), ""), **TOOLS})
    return made


def write(folder: Path, found: object) -> None:
    (folder / "hardware.json").write_text(json.dumps(found))


def changed(folder: Path, **fields: object) -> None:
    write(folder, {**json.loads((folder / "hardware.json").read_text()), **fields})


# --- a waveform as Verilator writes it ------------------------------------------------------------

WIRES = {name: chr(ord("!") + n) for n, name in enumerate(waveform.PORTS)}
WIDE = {"in_data": 16, "out_data": 16, "cycles": 32, "phase": 3}
# Cycles of a step: start, idle, busy for 60, done; a word is taken in cycle 1, one leaves in 41.
BUSY = 60


def vcd(ends: bool = True) -> str:
    """Return a waveform in which one step is done."""
    wires = [f"$var wire {WIDE.get(n, 1)} {c} {n} [15:0] $end" for n, c in WIRES.items()]
    unit = ["$scope module u_lane_0 $end", "$scope module u_units $end",
            "$var wire 1 w( write $end", "$var wire 16 d( data [15:0] $end",
            "$upscope $end", "$upscope $end"]  # fmt: skip
    lines = ["$timescale 1ns $end", "$scope module TOP $end", *wires, "$scope module network $end",
             *wires, *unit, "$upscope $end", "$upscope $end", "$enddefinitions $end"]  # fmt: skip
    for n in range(BUSY + 5):
        lines.append(f"#{2 * n}")
        for name, value in {**ports(n - 3), "done": ends and n - 3 == BUSY}.items():
            code = WIRES.get(name, {"write": "w(", "data": "d("}.get(name))
            lines.append(f"b{value:b} {code}" if name in WIDE or name == "data" else
                         f"{int(value)}{code}")  # fmt: skip
        lines += [f"0{WIRES['clk']}", f"#{2 * n + 1}", f"1{WIRES['clk']}"]
    return "\n".join([*lines, f"#{2 * BUSY + 10}"]) + "\n"


def ports(cycle: int) -> dict[str, int]:
    """Return what the ports show in a cycle; 0 is the first that is busy."""
    return {
        "start": cycle == -2, "busy": 0 <= cycle < BUSY, "in_valid": -1 <= cycle < 2,
        "in_ready": cycle == 1, "in_data": 0xE000, "out_valid": cycle == 41,
        "out_data": 0x0C00, "phase": 1 + (cycle > 20), "cycles": max(0, cycle),
        "write": cycle == 2, "data": 0xE000,
    }  # fmt: skip


def excerpt(tmp_path: Path, text: str) -> waveform.Excerpt:
    (tmp_path / "waveform.vcd").write_text(text)
    found = waveform.first_step(tmp_path / "waveform.vcd")
    assert found is not None
    return found


def test_a_waveform_shows_each_cycle_as_its_rising_edge_sees_it(tmp_path):
    found = excerpt(tmp_path, vcd())
    assert found.first == -2
    assert found.cycles == BUSY + 4  # from the start to the cycle after the end
    for n in range(found.cycles):
        for name, value in ports(n - 2).items():
            signal = {"write": "bus_write", "data": "bus"}.get(name, name)
            assert found.signals[signal][n] == value, (name, n - 2)
    assert [n for n, on in enumerate(found.signals["done"]) if on] == [BUSY + 2]


def test_a_waveform_is_there_or_not_or_spoilt(tmp_path):
    assert waveform.first_step(tmp_path / "waveform.vcd") is None
    for text in ("", "nothing", "$enddefinitions $end\n", vcd().replace(" in_ready ", " other "),
                 vcd().replace("b1", "b 1 "), vcd().replace("#", "\x00\n")):  # fmt: skip
        with pytest.raises(ns.UserError, match=r"waveform\.vcd.*--waveforms"):
            excerpt(tmp_path, text)
    with pytest.raises(ns.UserError, match="no step in it ends"):
        excerpt(tmp_path, vcd(ends=False))
    (tmp_path / "waveform.vcd").write_bytes(b"\xff\xfe")
    with pytest.raises(ns.UserError, match="is no waveform"):
        waveform.first_step(tmp_path / "waveform.vcd")


def drawn(picture):
    """Return the texts of a figure, having looked that nothing is cut off."""
    figure = picture.figure
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    ink, (width, height) = figure.get_tightbbox(canvas.get_renderer()), figure.get_size_inches()
    assert 0 <= ink.x0 < ink.x1 <= width
    assert 0 <= ink.y0 < ink.y1 <= height
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_waves_are_cut_to_where_something_happens(small, tmp_path):
    found = excerpt(tmp_path, vcd())
    panels = waves.windows(found)
    assert [panel.title for panel in panels] == [
        "The step begins",
        "Outputs leave",
        "The step ends",
    ]
    assert all(a.end <= b.begin for a, b in pairwise(panels))
    assert panels[-1].end == found.cycles
    shown = [waves.rows(found, panel) for panel in panels]
    assert "in_data" in shown[0]
    assert "out_data" not in shown[0]
    assert "out_data" in shown[1]
    assert "in_data" not in shown[1]
    assert "done" in shown[2]
    with style.house():
        picture = waves.waves(found, small[1])
        texts = drawn(picture)
    assert "-2.000" in texts  # 0xE000 of 16 bits, 12 behind the point
    assert "0.750" in texts
    assert "forward" in texts
    assert "40" in texts


# --- the timeline ---------------------------------------------------------------------------------


def test_the_timeline_is_that_of_the_schedule(small):
    assembled, chip = small
    begins = timeline.planned(chip.passes)
    assert [(each.cycle, each.phase) for each in begins] == list(assembled.learning.phases)
    bar = timeline.stretches(begins, chip.cycles)
    for phase, cycles in chip.phases:
        own = sum(each.end - each.begin for each in bar if each.phase == phase)
        assert own + (phase == bar[0].phase) * bar[0].begin == cycles
    with style.house():
        texts = drawn(timeline.timeline(chip, None))
    products = next(p for p in chip.passes if p.multiplications)
    share = 100 * products.multiplications / (products.cycles * chip.lanes)
    assert f"{products.multiplications:,} products, multipliers {share:.0f} % busy" in texts
    assert f"mean {100 * chip.utilisation:.0f} %" in texts


def test_a_phase_that_begins_elsewhere_is_marked(small):
    chip = small[1]
    right = checked(chip)
    with style.house():
        picture = timeline.timeline(chip, right)
        assert "no phase began in another cycle" in picture.caption
        assert not [line for axes in picture.figure.axes[:2] for line in axes.lines]
        second = right.begins[1]
        moved = Begin(second.cycle + 2, second.phase)
        wrong = replace(right, begins=(right.begins[0], moved, *right.begins[2:]))
        picture = timeline.timeline(chip, wrong)
    marks = [line.get_xdata()[0] for line in picture.figure.axes[1].lines]
    assert marks == [second.cycle, moved.cycle]
    assert "red lines" in picture.caption


@pytest.mark.parametrize("phases", [1, 8, 12])
def test_any_number_of_phases_and_passes_can_be_read(small, phases):
    passes = tuple(
        PassLine(10 * n, 7, f"a phase of some name {n}", f"{'a long name ' * n}{n * 'z'}{n}", n)
        for n in range(phases)
    )
    many = tuple(PassLine(10 * n, 9, "all", f"pass {n}z", 3) for n in range(60))
    one = tuple(PassLine(10 * n, 9, "all", f"weights from {n}", 0) for n in range(60))
    with style.house():
        for chosen, rows in ((passes, phases), (many, timeline.MOST_ROWS), (one, 1)):
            chip = replace(small[1], passes=chosen, cycles=10 * len(chosen), utilisation=0.5)
            picture = timeline.timeline(chip, None)
            drawn(picture)
            assert len(picture.figure.axes[1].get_yticks()) == rows
    assert picture.figure.axes[1].get_yticklabels()[0].get_text() == "weights from 0 to 59"


# --- the page -------------------------------------------------------------------------------------


def test_a_chip_alone_has_a_page(folder, capsys):
    assert main(["report"]) == 0
    printed = capsys.readouterr()
    assert "cycles, predicted" in printed.out
    assert "report.html, 2 figures" in printed.err
    read = Page((folder / "report.html").read_text("utf-8"))
    assert read.open == []
    assert not {tag for tag, _ in read.tags} & {"script", "iframe", "link", "object"}
    (image,) = (attributes for tag, attributes in read.tags if tag == "img")
    assert image["src"].startswith("data:image/svg+xml;base64,")
    ids = [attributes["id"] for _, attributes in read.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for said in (
        "3 neurons with 15 weights on 2 lanes", "103.4 MHz, as placed", "1,310 LUTs, Lattice ECP5",
        "AXI4-Lite", "lane, each of 2 on average 405 35 250 6 1.5", "all, synthesised 1,310 77 900",
        "all, predicted 1,290 13 3", "u_bus.x is a latch", "1 103.4 9.7 4.0 5.7 5", "2 104.4",
        "from the table of lane 0 to its bank", "DP16KD 13 208 6.2 %", "sensitivity", "in_ready",
        "The chip is the model", "words compared 1,000 in 40 steps",
        "ecp5-85f, up to 64 fully recurrent units 2 1,290 13 of 208 3 of 156 160 100 625,000 •",
        "2 5,290 33 of 30 3 of 8 160 30 does not fit", "valid stays proved abc pdr 20 1.5",
        "neurosim hardware mine-0/scenario.toml --lanes 2 --check --waveforms",
    ):  # fmt: skip
        assert said in read.text, said
    names = {path.name for path in (folder / "figures").iterdir()}
    assert names == {"timeline.svg", "timeline.pdf", "waves.svg", "waves.pdf", "floorplan.svg"}
    first = (folder / "report.html").read_bytes()
    assert main(["report", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cycles"] > 0
    assert (folder / "report.html").read_bytes() == first


def test_a_chip_of_which_little_is_known_has_a_page(folder, small, capsys):
    write(folder, figures(small[1], None, None, None))
    for path in (folder / "rtl").iterdir():
        path.unlink()
    assert main(["report", str(folder)]) == 0
    text = Page((folder / "report.html").read_text("utf-8")).text
    for said in ("100 MHz, an assumption", "chip.svg is not there", "with --check"):
        assert said in text
    for unsaid in ("Resources", "Clock", "Waves", "measured,"):
        assert unsaid not in text


SHOWN = (chip_tools.resources, chip_tools.clock, chip_tools.choices, chip_tools.proofs)


@pytest.mark.parametrize("part", TOOLS)
@pytest.mark.parametrize(
    "found", [5, "x", [], {}, [1], [{}], {"whole": 5}, {"whole": {"luts": "many"}},
              {"blocks": {"axi": 5, "bus": {"luts": None}}, "whole": {"luts": float("nan")}},
              {"runs": [5, {}, {"mhz": -1, "critical_path": 5}], "worst_mhz": 0}]
)  # fmt: skip
def test_what_a_tool_said_may_be_anything(part, found):
    said = {**TOOLS, part: found}
    html = "".join(each(said) for each in SHOWN)
    assert Page(html).open == []
    assert all(isinstance(value, str) for value in chip_tools.tiles(said).values())
    assert (chip_tools.clock_mhz(said) or 1) > 0


def test_what_was_predicted_is_shown_beside_the_same_family_or_alone():
    alone = Page(chip_tools.resources({"prediction": TOOLS["prediction"]})).text
    assert "lanes 790 12 3 all, predicted 1,290 13 3 Lattice ECP5, predicted" in alone
    other = {**TOOLS, "prediction": {**TOOLS["prediction"], "family": "ice40"}}
    assert "predicted" not in Page(chip_tools.resources(other)).text
    assert "all, predicted 1,290" in Page(chip_tools.resources(TOOLS)).text


def test_nothing_in_the_files_is_html(folder):
    (folder / "rtl" / "waveform.vcd").unlink()
    changed(
        folder, name=HOSTILE, rule=HOSTILE,
        synthesis={"family": HOSTILE, "top": HOSTILE, "yosys": HOSTILE,
                   "whole": {"luts": 3}, "blocks": {HOSTILE: {"luts": 3}}, "alarms": [HOSTILE]},
        placement={**TOOLS["placement"], "part": HOSTILE, "tool": HOSTILE, "note": HOSTILE,
                   "utilisation": {HOSTILE: {"used": 1, "there": 2}}},
    )  # fmt: skip
    assert main(["report"]) == 0
    text = (folder / "report.html").read_text("utf-8")
    assert "<script" not in text
    assert Page(text).open == []


# --- wrong use ------------------------------------------------------------------------------------

SPOILT = [
    ("{", "is no record of a chip"), ("[]", "is no record of a chip"), ("{}", "is no record"),
    ('{"schema": 99}', "has schema 99, and known is 1"), ('{"schema": 1}', "phases"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), SPOILT)
def test_a_spoilt_record_is_refused(folder, text, said, capsys):
    (folder / "hardware.json").write_text(text)
    assert refused(capsys, said)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("cycles", 0, "cycles: must be"), ("cycles", "1", "cycles: needs a whole number"),
     ("lanes", -1, "lanes: must be"), ("passes", [{"start": 0}], "cycles: missing"),
     ("phases", {"a": "b"}, "phases.a: needs"), ("check", {"steps": 1}, "check words: missing"),
     ("check", [], "check: needs a table"), ("lint", 5, "lint: needs text"),
     ("fraction_bits", 99, "fraction_bits: must be")],
)  # fmt: skip
def test_a_wrong_field_is_named(folder, field, value, said, capsys):
    changed(folder, **{field: value})
    assert refused(capsys, said)


def refused(capsys, said: str) -> bool:
    """Say whether the report is refused in one clear message."""
    code, printed = main(["report"]), capsys.readouterr()
    assert "Traceback" not in printed.err
    assert said in printed.err
    assert "neurosim hardware" in printed.err or "Read it with" in printed.err
    return code == 2


@pytest.mark.parametrize(
    "text", ["", "<svg/>", '<!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg"/>',
             '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
             '<svg xmlns="http://www.w3.org/2000/svg"><rect onclick="alert(1)"/></svg>',
             '<svg xmlns="http://www.w3.org/2000/svg"><rect fill="url(http://a.b/c)"/></svg>',
             '<svg xmlns="http://www.w3.org/2000/svg"><image href="data:"/></svg>']
)  # fmt: skip
def test_a_drawing_of_someone_else_is_refused(tmp_path, text):
    (tmp_path / "chip.svg").write_text(text)
    with pytest.raises(ns.UserError, match=r"chip\.svg: is no drawing that neurosim wrote"):
        file.drawing(tmp_path / "chip.svg", "diagram")


@pytest.mark.parametrize(
    ("name", "said"), [("chip.svg", "is no drawing"), ("waveform.vcd", "is no waveform")]
)
def test_a_spoilt_file_of_a_chip_is_refused(folder, name, said, capsys):
    (folder / "rtl" / "waveform.vcd").unlink()
    (folder / "rtl" / name).write_text("nothing")
    assert refused(capsys, said)


def test_a_folder_of_neither_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    assert main(["report", "empty"]) == 2
    assert "holds no summary.json and no hardware.json" in capsys.readouterr().err


# --- the whole way --------------------------------------------------------------------------------


def test_a_run_and_a_chip_of_one_scenario_are_one_folder_and_one_page(
    small, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(SCENARIO)
    assert main(["run", "mine.toml"]) == 0
    (folder,) = Path("runs").iterdir()
    assert folder.name == folder_name(designs.reduced("mine.toml", None, None))
    write(folder, figures(small[1], None, checked(small[1]), ""))
    capsys.readouterr()
    assert main(["report"]) == 0
    printed = capsys.readouterr().out
    assert "normalised error" in printed
    assert "microcode" in printed
    read = Page((folder / "report.html").read_text("utf-8"))
    ids = [attributes["id"] for _, attributes in read.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert {"chip", "blocks", "timeline", "capacity"} <= set(ids)
    for said in ("Numbers", "The chip", "Block diagram", "What the words mean"):
        assert said in read.text


@needs.compiler
def test_what_is_measured_is_when_each_phase_began_and_comes_back_from_the_file(tmp_path):
    network, rule, number = dense(["n0", "n1", "n2"]), ns.TRTRL(0.05), ns.Fixed()
    core = ns.hardware.build(network, rule, lanes=2)
    x = np.sin(np.arange(12) / 2)
    # the first learning step comes after others
    found = check.compared(core, x, 0.8 * x, learn=np.arange(12) > 2)
    assert found.passed
    chip = summarised("mine", core.assembled, number, False)
    assert list(found.begins) == timeline.planned(chip.passes)
    write(tmp_path, figures(chip, None, found, "a line"))
    read = record.read(tmp_path / "hardware.json")
    assert (read.chip, read.checked, read.lint) == (chip, found, "a line")
    mismatch = check.Mismatch(3, "weight", "n0, edge n1 -> n0", 1, 2)
    write(tmp_path, figures(chip, None, replace(found, first=mismatch), ""))
    assert record.read(tmp_path / "hardware.json").checked.first == mismatch
