"""`neurosim hardware`: what it writes, what it checks, and how it refuses."""

import csv
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import neurosim as ns
from myhdl_core import tools
from neurosim.cli import main
from neurosim.machine import parts
from neurosim.schedule import Source
from neurosim.study.hardware import check
from neurosim.study.hardware import folder as chip_folder
from neurosim.study.hardware import map as word_map
from neurosim.study.hardware.places import BANKS
from tests.hardware import needs
from tests.hardware.small_chip import HOSTILE, dense, small

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("fully_recurrent", "--network.units", "3", "--lanes", "2")


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def folder() -> Path:
    (found,) = Path("runs").iterdir()
    return found / "rtl"


def contents(rtl: Path) -> dict[str, bytes]:
    return {str(p.relative_to(rtl)): p.read_bytes() for p in rtl.rglob("*") if p.is_file()}


# --- without any tool ---------------------------------------------------------------------------


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_the_map_has_every_word_at_a_place_of_its_own(lanes):
    assembled, _ = small(lanes)
    plan = assembled.learning
    rows = list(csv.DictReader(io.StringIO(word_map.table(plan, ns.Fixed()))))
    edges = {(r["source"], r["neuron"]) for r in rows if r["word"] == "w"}
    assert edges == set(plan.network.edges)
    places = [(r["lane"], r["bank"], r["address"]) for r in rows if r["memory"] != "u_units"]
    assert len(set(places)) == len(places)
    shared = [r["address"] for r in rows if r["memory"] == "u_units"]
    assert len(set(shared)) == len(shared)
    for row in rows:
        memory = next(s for s, n in BANKS.items() if str(n) == row["bank"])
        assert int(row["address"]) < plan.placement.depths[memory]


def test_the_map_is_where_the_program_has_the_words():
    """Every weight's place is the one that the schedule multiplies it at."""
    plan = small(2)[0].learning
    forward = next(t.burst for t in plan.steps if t.burst.activate)
    used = {(lane, slot.edge) for lane, walk in enumerate(forward.walks) for slot in walk
            if slot.act >= 2}  # fmt: skip
    mapped = {
        (p.lane, p.address) for p in word_map.places(plan, ns.Fixed()) if p.memory is Source.WEIGHT
    }
    assert used == mapped


def test_what_a_part_has_bounds_what_it_takes():
    _, chip = small(2)
    part = parts.part_named("ecp5-25f")
    number, wide = ns.Fixed(), ns.Fixed(word_bits=24, fraction_bits=16)
    fit = parts.fitted(part, chip.memories, 2, number)
    assert (fit.multipliers, fit.multipliers_there, fit.blocks_there) == (3, 28, 56)
    assert fit.blocks == 2 * 4 + 2 + 1  # banks, tables, activation table; the microcode is logic
    with pytest.raises(ns.UserError, match="needs 29 multipliers"):
        parts.fitted(part, chip.memories, 28, number)
    with pytest.raises(ns.UserError, match="needs 68 multipliers"):
        parts.fitted(part, chip.memories, 16, wide)
    with pytest.raises(ns.UserError, match="block RAMs"):
        parts.fitted(part, [parts.Memory("x", 1, 100_000, 16)], 2, number)
    with pytest.raises(ns.UserError, match="no multipliers"):
        parts.fitted(parts.PARTS["ice40-hx8k"], [], 32, number)


def test_the_phases_of_a_step_divide_its_cycles():
    _, chip = small(2)
    assert sum(cycles for _, cycles in chip.phases) == chip.cycles
    assert sum(p.multiplications for p in chip.passes) == chip.multiplications


def test_a_step_may_begin_in_the_phase_of_the_last():
    plan = small(2)[0].learning
    numbering = ("idle", *dict.fromkeys(phase for _, phase in plan.phases))
    assert check.phase_changes(plan, numbering, 5)[0] == (0, 1)
    late = replace(plan, steps=plan.steps[1:])
    first = late.steps[0].start
    assert check.phase_changes(late, numbering, 5)[:2] == [(0, 5), (first, 2)]


def test_the_package_has_the_chips_module_without_loading_it():
    assert ns.hardware.build is __import__("neurosim.study.hardware", fromlist=["build"]).build
    assert "hardware" in dir(ns)


MISTAKES = [
    (("--lanes", "4"), "lanes: must be from 1 to 3"),
    (("--lanes", "0"), "lanes: must be from 1 to 3"),
    (("--rule.name", "bptt", "--rule.window", "3"), "has no place on the chip"),
    (("--rule.literal",), "has no place on the chip"),
    (("--number.word_bits", "8", "--number.fraction_bits", "7"), "holds -1 to 0.99"),
    (("--number.word_bits", "3"), "word_bits: must lie between"),
    (("--rule.learning_rate", "2"), "holds rates below 1"),
    (("--part", "ecp85f"), "Did you mean ecp5-85f?"),
    (("--part", "ice40-up5k", "--lanes", "3", "--number.word_bits", "24"), "needs 16 mult"),
    (("--synth", "ecp"), "Did you mean ecp5?"),
    (("--place-seeds", "2"), "says how often --place places"),
    (("--synth", "gowin", "--part", "ecp5-85f", "--place"), "is synthesised as ecp5"),
    (("--place", "--part", "artix7-35t"), "nothing places on"),
    (("--board", "ulx3"), "Did you mean ulx3s?"),
    (("--fit", "--check"), "writes no chip"),
    (("--fit", "--lanes", "9"), "lanes: must be from 1 to 3"),
    (("--steps", "10"), "says how long --check compares"),
    (("--check", "--steps", "0"), "--steps: must be from 1 to"),
    (("--machine", "bus"), "Use --lanes"),
    (("--compare", "rtrl"), "Use --rule.name"),
    (("--seeds", "0,1"), "Give one seed"),
    (("--task.steps", "10"), "--steps says how long"),
]


@needs.compiler
@pytest.mark.parametrize(("flags", "said"), MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES])
def test_mistakes_are_told_before_anything_is_written(flags, said, capsys):
    assert main(["hardware", "fully_recurrent", "--network.units", "3", *flags]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert "Traceback" not in printed.err
    assert not list(Path().iterdir())


def test_several_sizes_are_refused(capsys):
    assert main(["hardware", "scaling"]) == 2
    assert "tries several sizes" in capsys.readouterr().err


@pytest.mark.parametrize(("gone", "flags"), [("myhdl", ()), ("verilator", ("--check",)),
                                             (tools.COMPILER, ("--waveforms",))])  # fmt: skip
def test_a_missing_tool_is_named_with_what_installs_it(gone, flags, monkeypatch, capsys):
    def look(version: bool = True) -> tools.Tool:
        return tools.Tool(gone, False, "", "", "", "pip install the-tool")

    monkeypatch.setitem(tools.TOOLS, gone, look)
    assert main(["hardware", *SMALL, *flags]) == 2
    said = capsys.readouterr().err
    assert f"needs {gone}" in said or f" and {gone}" in said
    assert "pip install the-tool" in said
    assert not list(Path().iterdir())


# --- what is written ----------------------------------------------------------------------------


@needs.myhdl
def test_the_report_and_the_folder(capsys):
    assert main(["hardware", *SMALL]) == 0
    printed = capsys.readouterr().out
    for word in ("cycles", "multipliers busy", "100 MHz, an assumption", "a_sum = w * b + a_sum",
                 "fixed16.12 by default", "--check"):  # fmt: skip
        assert word in printed
    assert max(map(len, printed.splitlines()[:-3])) <= 80
    rtl = folder()
    for name in ("network.v", "network_tb.v", "README.md", "chip.svg", "map.csv", "vectors"):
        assert (rtl / name).exists()
    listed = json.loads((rtl / "contents.json").read_text())
    assert sorted([*listed, "contents.json"]) == sorted(contents(rtl))
    record = json.loads((rtl.parent / "hardware.json").read_text())
    assert record["cycles"] == sum(record["phases"].values())
    readme = (rtl / "README.md").read_text("utf-8")
    assert all(f"| `{port}` |" in readme for port in word_map._HOST)


@needs.myhdl
def test_the_same_scenario_gives_the_same_bytes():
    assert main(["hardware", *SMALL, "--json"]) == 0
    first = contents(folder())
    again = folder().parent / "scenario.toml"
    assert main(["hardware", str(again), "--lanes", "2", "--out", "other", "--json"]) == 0
    (other,) = Path("other").iterdir()
    assert contents(other / "rtl") == first


def test_what_is_no_longer_written_goes_and_what_is_the_users_stays():
    def write(names) -> None:
        made = Path("made")
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        for name in names:
            (made / name).write_text(f"// {name}")
        sums = {name: chip_folder._sum(made / name) for name in names}
        (made / "contents.json").write_text(json.dumps(sums))
        chip_folder._move(made, Path("rtl"))

    write(["lane.v", "table_1.v", "table_2.v"])
    Path("rtl/mine.v").write_text("// mine")
    Path("rtl/table_1.v").write_text("// changed by hand")
    Path("outside.v").write_text("// outside")
    listed = json.loads(Path("rtl/contents.json").read_text())
    listed["../outside.v"] = chip_folder._sum(Path("outside.v"))
    Path("rtl/contents.json").write_text(json.dumps(listed))
    write(["lane.v"])
    left = sorted(path.name for path in Path("rtl").iterdir())
    assert left == ["contents.json", "lane.v", "mine.v", "table_1.v"]
    assert Path("outside.v").exists()


def hostile_graph(names) -> None:
    edges = [{"source": s, "target": t} for t in names for s in (*names[:2], "in put")]
    nodes = [{"id": name} for name in (*names, "in put")]
    nodes[0]["role"], nodes[-1]["role"] = "output", "input"
    graph = {"directed": True, "multigraph": False, "graph": {}, "nodes": nodes, "edges": edges}
    Path("hostile.json").write_text(json.dumps(graph))


@needs.myhdl
def test_names_of_nodes_never_reach_the_verilog():
    names = [name for name in HOSTILE if name.isprintable()]  # others no file can bring
    hostile_graph(names)
    assert main(["hardware", "hostile.json", "--lanes", "2", "--json"]) == 0
    rtl = folder()
    for path in (*rtl.glob("*.v"), *rtl.rglob("*.hex")):
        text = path.read_text("utf-8")
        assert text.isascii()
        assert not any(name in text for name in names)
        assert text.count("endmodule") <= 1
    ElementTree.fromstring((rtl / "chip.svg").read_text("utf-8"))
    with (rtl / "map.csv").open(newline="") as file:
        assert {row["neuron"] for row in csv.DictReader(file)} == set(names)


# --- the check ----------------------------------------------------------------------------------


@needs.compiler
def test_chip_and_model_agree_and_waves_show_the_neurons(capsys):
    flags = ("--check", "--waveforms", "--steps", "40", "--json")
    assert main(["hardware", *SMALL, *flags]) == 0
    record = json.loads(capsys.readouterr().out)
    found = record["check"]
    edges = 3 * 5
    assert found["words"] == 40 * (1 + 3 * edges)
    assert (found["mismatches"], found["cycles_differing"], found["phases_differing"]) == (0, 0, 0)
    assert found["cycles_measured"] == [found["cycles_expected"]] == [record["cycles"]]
    assert record["lint"] == ""
    rtl = folder()
    recorded = recorded_signals((rtl / "waveform.vcd").read_text())
    saved = (rtl / "waveform.gtkw").read_text()
    shown = set(re.findall(r"^(?:\+\{.*\} )?(TOP\.\S+)$", saved, re.MULTILINE))
    assert len(shown) > 3 * (5 + 5)
    assert shown <= recorded
    assert saved.count("-neuron n") == 2 * 3


def recorded_signals(vcd: str) -> set[str]:
    """Return the signals of a waveform as GTKWave calls them."""
    scopes: list[str] = []
    found = set()
    for line in vcd[: vcd.index("$enddefinitions")].splitlines():
        words = line.split()
        if words[:1] == ["$scope"]:
            scopes.append(words[2])
        elif words[:1] == ["$upscope"]:
            scopes.pop()
        elif words[:1] == ["$var"]:
            found.add(".".join([*scopes, "".join(words[4:-1])]))
    return found


@needs.compiler
def test_learning_can_be_switched_off_and_on_again():
    network, rule = dense(("n0", "n1", "n2", "x")), ns.TRTRL(0.05)
    core = ns.hardware.build(network, rule, lanes=2)
    x = np.sin(np.arange(30) / 2)
    found = check.compared(core, x, 0.8 * x, learn=np.arange(30) % 5 > 1)
    assert found.passed, found
    assert len(found.cycles_measured) == 2


@needs.compiler
def test_a_difference_is_told_and_exits_1(monkeypatch, capsys):
    right = check.Model.raw

    def wrong(self, name):
        words = right(self, name).copy()
        words[7] += name == "a" and self.steps == 4
        return words

    monkeypatch.setattr(check.Model, "raw", wrong)
    assert main(["hardware", *SMALL, "--check", "--steps", "6"]) == 1
    printed = capsys.readouterr()
    assert "check failed: step 3: sensitivity a of n1, edge n1 -> n1: expected" in printed.err
    assert "words that differ" in printed.out


def test_the_vectors_are_of_learning_steps_and_then_of_others():
    assembled, chip = small(2)
    x = np.sin(np.arange(30.0))[:, None]
    network, number = assembled.learning.network, ns.Fixed()
    rule = ns.TRTRL(0.05)
    design = chip_folder.Design(network, rule, number, assembled, chip, x, 0.8 * x)
    found = chip_folder.vectors(design)
    assert found.learn == (True,) * 20 + (False,) * 4
    assert set(found.cycles) == {assembled.learning.cycles, assembled.inference.cycles}
    trained = ns.train(network, rule, x[:20], 0.8 * x[:20], number=number)
    weights = sorted(v for lane in found.final[0].lanes for v in lane)
    expected = number.encode(trained.network.weight_vector, ns.model.arithmetic.Format.WEIGHT)
    spare = len(weights) - len(expected)
    assert weights == sorted([*expected.tolist(), *[0] * spare])
