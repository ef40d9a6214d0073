"""Small chips against the model, word by word; benchmarks/chip.py has more and larger ones."""

import shutil
from unittest.mock import patch

import networkx as nx
import pytest

import neurosim as ns
from benchmarks import chip_icarus
from benchmarks.chip_exact import CASES, Case, network_of, run
from myhdl_core import verilator
from myhdl_core.assemble import assemble
from myhdl_core.circuit import circuit_of
from neurosim.study.hardware import planned

STEPS = 200
SMALL = (
    Case(2, 2, 2, 0.5, (8, 6, 16, 13, 6), 2, bias=False, loops=False),
    Case(5, 3, 1, 0.3, (10, 7, 20, 16, 8), 2, "ingress", loops=False),
    Case(9, 2, 2, 0.4, (20, 15, 36, 28), 4, "no loops"),
    Case(4, 2, 2, 0.6, (8, 6, 16, 13, 6), 2, "rtrl"),
    Case(5, 2, 1, 0.7, (12, 8, 24, 18), 2, "snap"),
    Case(6, 2, 2, 0.5, (10, 7, 20, 16, 8), 3, "rflo"),
    Case(4, 4, 3, 0.9, (24, 20, 40, 32), 3, activation="logistic"),
)


@pytest.mark.parametrize("case", SMALL, ids=lambda case: f"{case.units}-{case.lanes}-{case.rule}")
def test_the_chip_is_the_model(case):
    """Every word, cycle and phase, with learning switched on and off, then without a pause."""
    with patch.multiple(verilator, FAST="-O0", SLOW="-O0"):  # it does not run for long
        outcome = run(case, STEPS)
    assert outcome.passed, outcome.failure or outcome
    assert outcome.checked.steps > STEPS
    assert len(outcome.checked.cycles_measured) == 2  # learning on and off


@pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus Verilog is not installed")
@pytest.mark.parametrize("rule", ["trtrl", pytest.param("rtrl", marks=pytest.mark.slow)])
def test_icarus_agrees(rule):
    """Four-state logic, and memories that are unknown at first: clearing them is complete."""
    heard = chip_icarus.run(Case(4, 2, 1, 0.8, (12, 8, 24, 18), 2, rule), STEPS)
    assert heard.passed, heard.said


def test_a_unit_with_a_bias_alone_has_a_schedule():
    graph = nx.DiGraph([("x", "n0"), ("bias", "n1"), ("n1", "n0")])
    assert planned(ns.Network(graph, ["x"], ["n0"]), ns.TRTRL(0.05), ns.Fixed(), 1).cycles


def test_the_rotator_reaches_all_of_its_bank():
    """Its addresses come from the unit bank's path, though its bank can be the deeper one."""
    case = next(case for case in CASES if case.task == "mackey_glass")
    plan = planned(network_of(case), ns.TRTRL(0.05), case.fixed, case.lanes)
    program = assemble(plan, case.fixed).program
    assert program.shape.y_depth > program.shape.u_depth
    assert 1 << circuit_of(program).address_bits["u"] >= program.shape.y_depth
