"""From a schedule to microcode: what grows with the network, and what does not."""

import pytest

import neurosim as ns
from myhdl_core.assemble import assemble
from myhdl_core.microcode import unpack_entry
from neurosim.study.graphs import graph_from
from neurosim.study.hardware import planned


def assembled(units: int, lanes: int, rule: ns.Rule):
    graph, inputs, outputs = graph_from("fully_recurrent", units=units)
    return assemble(planned(ns.Network(graph, inputs, outputs), rule, None, lanes), ns.Fixed())


@pytest.mark.parametrize("rule", [ns.TRTRL(), ns.TRTRL(ingress_only=True), ns.Inference()])
def test_instructions_do_not_grow_with_a_dense_network(rule):
    programs = [assembled(n, 4, rule).program for n in (8, 16, 32)]
    assert len({len(program.instructions) for program in programs}) == 1


@pytest.mark.parametrize("rule", [ns.TRTRL(), ns.RTRL()])
def test_tables_hold_equal_walks_once(rule):
    made = assembled(8, 4, rule)
    passes = [t.burst for plan in (made.learning, made.inference) for t in plan.steps]
    different = {burst.walks for burst in passes if not burst.take}
    assert len(made.program.tables[0]) == sum(len(walks[0]) for walks in different)
    assert len(different) < len(passes)


@pytest.mark.parametrize("rule", [ns.TRTRL(), ns.RTRL()])
def test_cycles_are_the_schedules(rule):
    made = assembled(6, 3, rule)
    assert made.program.cycles(learn=True) == made.learning.cycles
    assert made.program.cycles(learn=False) == made.inference.cycles


def test_tables_say_what_the_walks_say():
    made = assembled(5, 2, ns.TRTRL())
    instructions = iter(made.program.instructions)
    for timed in made.learning.steps:
        instruction = next(instructions)
        for lane, walk in enumerate(timed.burst.walks):
            for n, slot in enumerate(walk):
                word = made.program.tables[lane][instruction.start + n]
                entry = unpack_entry(word, made.program.shape)
                assert entry == (slot.act, slot.send, slot.edge, slot.unit)
