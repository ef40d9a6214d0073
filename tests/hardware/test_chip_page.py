"""The page about a chip: what it shows, from which files, and what it refuses."""

import json
from pathlib import Path

import pytest

import neurosim as ns
from myhdl_core.formal import Proof
from neurosim.cli import designs, main
from neurosim.machine.parts import PARTS, Fit
from neurosim.report import chip_tools
from neurosim.report.figures import file
from neurosim.study.hardware import diagram
from neurosim.study.hardware.choice import TOO_LARGE, Choice, Choices
from neurosim.study.hardware.proof import NetlistChecked, Proved
from neurosim.study.hardware.summary import compared_as, figures
from neurosim.study.scenario import folder_name
from tests.hardware import small_chip, toy_waveform
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


@pytest.fixture(scope="module")
def small():
    return small_chip.small(2)


# A part on which it fits, one on which it does not, and lanes that were not planned.
CHOICES = Choices("mine", "TRTRL", "fixed16.12", 3, (
    Choice("ecp5-85f", Fit("an ECP5", 2, 13, 208, 3, 156, 1290, 83_640), 160, 100.0, "placed",
           True, 64),
    Choice("ice40-up5k", Fit("an iCE40", 2, 33, 30, 3, 8, 5290, 5280, "it needs 33 block RAMs."),
           160, 30.0, "careful", True),
    Choice("ice40-up5k", Fit("an iCE40", 4, 21, 30, 5, 8, 0, 5280, TOO_LARGE), None, 30.0,
           "careful", False),
))  # fmt: skip
PROVED = Proved((
    Proof("axi", "Streams keep to AXI.", (("stays", "it stays"),), "abc pdr", 0, 1.5, "proved"),
    Proof("step", "Steps take their cycles.", (("ends", "it ends"),), "bmc3", 20, 9.0, "failed",
          "ends", "not so in cycle 7: it ends"),
))  # fmt: skip
NETLIST = NetlistChecked(100, 4600, 2, "step 3: weight: 2 words differ", 1, 20.0, 30.0)
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
    "choices": CHOICES.as_dict(),
    "proof": PROVED.as_dict(),
    "netlist": NETLIST.as_dict(),
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
    (made / "rtl" / "waveform.vcd").write_text(toy_waveform.vcd())
    (made / "figures").mkdir()
    (made / "figures" / "floorplan.svg").write_text("<svg/>")
    write(made, figures(chip, None) | compared_as(small_chip.checked(chip), "") | TOOLS)
    return made


def write(folder: Path, found: object) -> None:
    (folder / "hardware.json").write_text(json.dumps(found))


def changed(folder: Path, **fields: object) -> None:
    write(folder, {**json.loads((folder / "hardware.json").read_text()), **fields})


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
        "ecp5-85f 2 1,290 13 of 208 3 of 156 160 100 625,000 64 •",
        "ice40-up5k 2 5,290 33 of 30 3 of 8 160 30 no: block RAMs",
        "4 ≥ 21 of 30 5 of 8 30 no: not planned",
        "axi Streams keep to AXI. proved by abc pdr for all time 1.5",
        "step Steps take their cycles. failed by bmc3: not so in cycle 7: it ends 20 cycles 9",
        "netlist of the iCE40 4,600 words in 100 steps: 2 differ, steps of another length: 1",
        "its first difference step 3: weight: 2 words differ",
        "neurosim hardware mine-0/scenario.toml --lanes 2 --check --prove --place --part ecp5-85f"
        " --place-seeds 2 --waveforms",
    ):  # fmt: skip
        assert said in read.text, said
    names = {path.name for path in (folder / "figures").iterdir()}
    assert names == {"timeline.svg", "timeline.pdf", "waves.svg", "waves.pdf", "floorplan.svg"}
    first = (folder / "report.html").read_bytes()
    assert main(["report", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cycles"] > 0
    assert (folder / "report.html").read_bytes() == first


def test_a_chip_of_which_little_is_known_has_a_page(folder, small, capsys):
    write(folder, figures(small[1], None))
    for path in (folder / "rtl").iterdir():
        path.unlink()
    assert main(["report", str(folder)]) == 0
    text = Page((folder / "report.html").read_text("utf-8")).text
    for said in ("100 MHz, an assumption", "chip.svg is not there", "with --check"):
        assert said in text
    for unsaid in ("Resources", "Clock", "Waves", "measured,"):
        assert unsaid not in text


def again(folder: Path) -> str:
    """Return the command that the page names to make the same chip."""
    assert main(["report"]) == 0
    text = Page((folder / "report.html").read_text("utf-8")).text
    return text[text.rindex("neurosim hardware ") :].partition(" neurosim report")[0]


@pytest.mark.parametrize(
    ("fit", "found", "flags"),
    [(None, {}, ""), (None, {"synthesis": TOOLS["synthesis"]}, " --synth ecp5"),
     (Fit(PARTS["ecp5-25f"].title, 2, 13, 56, 3, 28, 1290, 24_288), {}, " --part ecp5-25f"),
     (Fit(PARTS["ecp5-25f"].title, 2, 13, 56, 3, 28, 1290, 24_288),
      {"synthesis": TOOLS["synthesis"]}, " --part ecp5-25f --synth ecp5"),
     (Fit(PARTS["ice40-up5k"].title, 2, 13, 30, 3, 8, 1290, 5_280),
      {"synthesis": TOOLS["synthesis"]}, " --part ice40-up5k"),
     (None, {"proof": PROVED.as_dict()}, " --prove")],
)  # fmt: skip
def test_the_same_chip_is_made_again_with_the_flags_that_made_it(folder, small, fit, found, flags):
    (folder / "rtl" / "waveform.vcd").unlink()
    write(folder, figures(small[1], fit) | found)
    assert again(folder).endswith(f"mine-0/scenario.toml --lanes 2{flags}")


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
    facts = {**chip_tools.tiles(said), **chip_tools.netlist(said)}
    assert all(isinstance(value, str) for value in facts.values())
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
    write(folder, figures(small[1], None) | compared_as(small_chip.checked(small[1]), ""))
    capsys.readouterr()
    assert main(["report"]) == 0
    printed = capsys.readouterr().out
    assert "normalised error" in printed
    assert "microcode" in printed
    assert main(["report", "--json"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert both["rows"][0]["rule"]
    assert both["chip"]["lanes"] == 2
    read = Page((folder / "report.html").read_text("utf-8"))
    ids = [attributes["id"] for _, attributes in read.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert {"chip", "blocks", "timeline", "capacity"} <= set(ids)
    for said in ("Numbers", "The chip", "Block diagram", "What the words mean"):
        assert said in read.text
