"""From a schedule to microcode: what grows with the network, and what does not."""

import pytest

import neurosim as ns
from myhdl_core.assemble import assemble
from myhdl_core.microcode import Entry, pack_entry, unpack_entry
from neurosim.schedule import Act, Source
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
def test_tables_hold_walks_once_that_can_be_one(rule):
    made = assembled(8, 4, rule)
    passes = [t.burst for plan in (made.learning, made.inference) for t in plan.steps]
    different = {burst.walks for burst in passes if not burst.take}
    assert len(made.program.tables[0]) < sum(len(walks[0]) for walks in different)
    inference = made.program.instructions[made.program.entry_infer]
    assert inference.take  # and what follows is there already, for learning
    forward = made.program.instructions[made.program.entry_infer + 1]
    assert forward.start == made.program.instructions[1].start


@pytest.mark.parametrize("rule", [ns.TRTRL(), ns.RTRL()])
def test_cycles_are_the_schedules(rule):
    made = assembled(6, 3, rule)
    assert made.program.cycles(learn=True) == made.learning.cycles
    assert made.program.cycles(learn=False) == made.inference.cycles


@pytest.mark.parametrize("rule", [ns.TRTRL(), ns.RTRL()])
def test_tables_say_what_the_walks_say(rule):
    """In all that the pass asks of them; results go to edges, and words to units."""
    made, edges = assembled(5, 2, rule), (Source.WEIGHT, Source.X, Source.Y)
    for timed, instruction in zip(made.learning.steps, made.program.instructions, strict=False):
        burst, ride = timed.burst, instruction.ride
        operands = [o.source for o in (burst.left, burst.right, burst.plus, burst.to) if o]
        for lane, walk in enumerate(burst.walks):
            for n, slot in enumerate(walk):
                word = made.program.tables[lane][instruction.start + n]
                entry = unpack_entry(word, made.program.shape, ride)
                assert entry.act == slot.act
                assert instruction.mute or entry.send == slot.send
                if slot.act == Act.LOAD or ride or (entry.send and not instruction.mute):
                    assert entry.unit == slot.unit
                if slot.act >= Act.WORD and set(operands) & set(edges):
                    assert entry.edge == slot.edge
                if slot.act >= Act.WORD and Source.UNIT in operands[:-1]:
                    assert entry.unit == slot.unit


@pytest.mark.parametrize("units", [4, 8])
def test_a_far_unit_takes_the_bit_that_says_send(units):
    """The rotator's places need one bit more than any other unit, and nobody sends there."""
    shape = assembled(units, 2, ns.TRTRL()).program.shape
    assert shape.far
    far = Entry(2, 0, 1, (1 << shape.unit_bits) + 1)
    assert unpack_entry(pack_entry(far, shape), shape, ride=1) == far
    with pytest.raises(ValueError, match="does not fit"):
        pack_entry(far._replace(send=1), shape)
