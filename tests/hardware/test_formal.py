"""Properties hold of the small chip, and each of them fails on a bug that breaks it."""

import re
import shutil
from dataclasses import replace

import pytest

import neurosim as ns
from myhdl_core import formal
from myhdl_core.assemble import assemble
from myhdl_core.axi import emit as axi
from myhdl_core.axi.interface import interface_of
from myhdl_core.emit import emit
from neurosim.errors import UserError
from neurosim.study.graphs import graph_from
from neurosim.study.hardware import planned
from tests.hardware import needs

pytestmark = needs.formal

# Module, pattern, what stands there with the bug, and the task and property that show it.
BUGS = {
    "the last entry is noticed late": (
        "sequencer", r"is_last <= \(left == 1\)", "is_last <= (left == 0)", "step", "in_time"),
    "gaps are too short": (
        "sequencer", r"gap_ends <= \(gap_left == 2\)", "gap_ends <= (gap_left == 3)",
        "step", "exact"),
    "words are taken between steps": (
        "sequencer", r"assign in_ready = (.*);", r"assign in_ready = \1 || idle;",
        "step", "words"),
    "a step never begins": (
        "sequencer", r"loading <= \(fetching && \(!reset\)\)", "loading <= 1'b0",
        "step", "begins"),
    "done shows early": (
        "sequencer", r"assign done = .*;", "assign done = was_busy;", "step", "tells"),
    "a step never ends": (
        "sequencer", r"\(gap_over && is_end\)", "1'b0", "banks", "all_done"),
    "no output is said": (
        "bus", r"out_valid <= .*;", "out_valid <= 1'b0;", "banks", "outputs"),
    "what goes out is left open": (
        "bus", r"heard_word <= (.*);", r"heard_word <= manner_give ? 8'bx : \1;",
        "banks", "put_out"),
    "a register is not reset": (
        "sequencer", r"if \(reset\) begin(\s+issue <= 1'b0)", r"if (1'b0) begin\1",
        "banks", "decided"),
    "a bank is too small": (
        "lane", r"DEPTH\((\d+)\)(.*) u_units", r"DEPTH(\1 - 4)\2 u_units", "banks", "in_range"),
    "a bank is written late": (
        "lane", r"(u_x \(\s+\.clk\(clk\),\s+\.write\()(\w+)\),\s+\.data\((\w+)\)"
        r"([\s\S]*?)\.write_address\((.*?)\)([\s\S]*)endmodule",
        r"\1late_write), .data(late_data)\4.write_address(late_address)\6"
        r"reg late_write; reg [63:0] late_data, late_address;\n"
        r"always @(posedge clk) begin late_write <= \2; late_data <= \3; late_address <= \5; end\n"
        r"endmodule", "banks", "kept"),
}  # fmt: skip
AXI_BUGS = {
    "a beat does not wait": (
        "axi_answers",
        r"assign take = .*;", "assign take = there;",
        "answer_stays"),
    "tlast is missing": (
        "axi_answers",
        r"m_axis_tlast <= last;", "m_axis_tlast <= 1'b0;",
        "framed"),
    "an answer is sent again": (
        "axi_answers",
        r"out_of <= \(out_of != sent\)", "out_of <= out_of",
        "in_order"),
    "a response is taken back": (
        "axi_registers",
        r"s_axil_bvalid <= \(s_axil_bvalid .*", "s_axil_bvalid <= 1'b0;",
        "write_stays"),
    "a word is taken back": (
        "axi_registers",
        r"s_axil_rvalid <= \(s_axil_rvalid .*", "s_axil_rvalid <= 1'b0;",
        "read_stays"),
    "a read is answered as a write": (
        "axi_registers",
        r"s_axil_bvalid <= writing", "s_axil_bvalid <= 1'b1",
        "write_asked"),
    "a write is answered as a read": (
        "axi_registers",
        r"s_axil_rvalid <= \(!writing\)", "s_axil_rvalid <= 1'b1",
        "read_asked"),
    "a response is none of AXI's": (
        "axi_registers",
        r"s_axil_bresp <= \{error, 1'b0\}", "s_axil_bresp <= {error, 1'b1}",
        "responses"),
    "a step begins in another": (
        "axi_conductor",
        r"\(!\(busy \|\| hold\)\)", "(!hold)",
        "one_at_a_time"),
    "the window is open in a step": (
        "axi_registers",
        r"present && \(!seen_status_busy\)", "present",
        "closed"),
    "a word is written again and again": (
        "axi_registers",
        r"assign host_write = \(opens && writing\)",
        "assign host_write = ((opens || waiting) && writing)",
        "ready_to_write"),
    "the window is too large": ("axi_registers", r"&& present &&", "&&", "in_banks"),
}  # fmt: skip
QUICK = ("done shows early",)


@pytest.fixture(scope="module")
def chip(tmp_path_factory):
    """The Verilog of a chip, and what its schedule says."""
    graph, inputs, outputs = graph_from("fully_recurrent", units=2)
    network, number = ns.Network(graph, inputs, outputs), ns.Fixed(8, 6, 16, 12)
    plan = planned(network, ns.TRTRL(0.1), number, 2)
    assembled = assemble(plan, number)
    rtl = tmp_path_factory.mktemp("chip")
    emit(assembled.program, rtl)
    facts = formal.facts_of(assembled)
    formal.write(rtl, facts)
    return rtl, facts, assembled


def test_the_properties_of_a_step_hold(chip):
    (proof,) = formal.prove(*chip[:2], only=["step"])
    assert (proof.name, proof.status, proof.counterexample) == ("step", "proved", "")
    assert dict(proof.properties)["exact"].startswith("A step takes exactly")


@pytest.mark.slow
def test_a_step_that_is_predicted_wrong_is_shown(chip, tmp_path):
    rtl, facts = shutil.copytree(chip[0], tmp_path / "rtl"), chip[1]
    wrong = replace(facts, inference=facts.inference - 1)
    formal.write(rtl, wrong)
    (proof,) = formal.prove(rtl, wrong, only=["step"])
    assert (proof.status, proof.failed) == ("failed", "in_time")
    assert re.match(r"not so in cycle \d+: A step is over within", proof.counterexample)


def bugged(chip, bug, tmp_path):
    """Put a bug into a chip, and return what its task says."""
    rtl, facts = shutil.copytree(chip[0], tmp_path / "rtl"), chip[1]
    module, old, new, task, _ = BUGS[bug]
    text = (rtl / f"{module}.v").read_text()
    assert len(re.findall(old, text)) == 1 or module == "sequencer"
    (rtl / f"{module}.v").write_text(re.sub(old, new, text))
    return formal.prove(rtl, facts, only=[task])[0]


@pytest.mark.parametrize("bug", QUICK)
def test_a_bug_is_shown(chip, bug, tmp_path):
    proof = bugged(chip, bug, tmp_path)
    assert (proof.status, proof.failed) == ("failed", BUGS[bug][4])


@pytest.mark.slow
@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug not in QUICK])
def test_every_property_fails_on_its_bug(chip, bug, tmp_path):
    proof = bugged(chip, bug, tmp_path)
    assert (proof.status, proof.failed) == ("failed", BUGS[bug][4])


@pytest.mark.slow
def test_no_word_is_used_that_nothing_defines(chip):
    (proof,) = formal.prove(*chip[:2], only=["banks"])
    assert (proof.status, proof.counterexample) == ("proved", "")


@pytest.fixture(scope="module")
def bus_chip(chip, tmp_path_factory):
    """A chip with AXI, and what its schedule says."""
    rtl = shutil.copytree(chip[0], tmp_path_factory.mktemp("bus") / "rtl")
    axi.emit(interface_of(chip[2], 100, "map"), rtl)
    formal.write(rtl, chip[1])
    return rtl, chip[1]


@pytest.mark.slow
def test_the_ports_of_axi_keep_their_rules(bus_chip):
    (proof,) = formal.prove(*bus_chip, only=["axi"])
    assert (proof.status, proof.counterexample) == ("proved", "")
    assert {name for name, _ in proof.properties} == {bug[3] for bug in AXI_BUGS.values()}


@pytest.mark.slow
@pytest.mark.parametrize("bug", AXI_BUGS)
def test_every_property_of_axi_fails_on_its_bug(bus_chip, bug, tmp_path):
    rtl = shutil.copytree(bus_chip[0], tmp_path / "rtl")
    module, old, new, name = AXI_BUGS[bug]
    text = (rtl / f"{module}.v").read_text()
    assert len(re.findall(old, text)) == 1
    (rtl / f"{module}.v").write_text(re.sub(old, new, text))
    (proof,) = formal.prove(rtl, bus_chip[1], only=["axi"])
    assert (proof.status, proof.failed) == ("failed", name)


def test_a_task_that_is_not_there_is_named(chip):
    with pytest.raises(UserError, match=r"property 'stepp': unknown\. Did you mean step"):
        formal.prove(*chip[:2], only=["stepp"])
