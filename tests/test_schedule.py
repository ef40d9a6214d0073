"""The schedule of a chip of lanes: what it promises of time, banks and the bus, on any graph."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.errors import UserError
from neurosim.learning import RTRL, TRTRL, Inference
from neurosim.machine import Fabric
from neurosim.model import Network
from neurosim.model.neuron import Memory
from neurosim.model.operations import Fma, Words
from neurosim.schedule import Act, Source, schedule
from neurosim.study.graphs import graph_from


def dense(units: int, outputs: int = 1) -> Network:
    graph, inputs, names = graph_from("fully_recurrent", units=units, outputs=outputs)
    return Network(graph, inputs, names)


def sparse(units: int, density: float, outputs: int, seed: int) -> Network:
    graph, inputs, names = graph_from(
        "sparse_random", units=units, density=density, outputs=outputs, seed=seed
    )
    return Network(graph, inputs, names, seed=seed)


networks = st.builds(
    sparse, st.integers(2, 12), st.floats(0.2, 1.0), st.integers(1, 2), st.integers(0, 99)
)
rules = st.sampled_from([TRTRL(), TRTRL(ingress_only=True), TRTRL(self_terms=False), Inference()])


def test_eight_lanes_keep_their_multipliers_busy_with_32_units() -> None:
    assert schedule(dense(32), TRTRL(), lanes=8).utilisation >= 0.9
    assert schedule(dense(32, outputs=4), TRTRL(), lanes=8).utilisation >= 0.75


def test_a_plain_product_of_32_by_32_on_one_lane() -> None:
    rng = np.random.default_rng(0)
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_weighted_edges_from(
        (f"n{j}", f"n{i}", rng.uniform(-0.1, 0.1)) for i in range(32) for j in range(32)
    )
    plan = schedule(Network(graph, inputs=[], outputs=["n0"]), Inference(), lanes=1)
    assert plan.multiplications == 32 * 32 + 1
    assert plan.cycles <= 1060


def test_passes_on_dense_graphs_do_not_grow_in_number() -> None:
    assert len({len(schedule(dense(n), TRTRL(), lanes=4).steps) for n in (8, 16, 24)}) == 1


@settings(max_examples=40, deadline=None)
@given(networks, rules, st.data())
def test_every_product_is_done_and_every_clash_avoided(network, rule, data) -> None:
    lanes = data.draw(st.integers(1, len(network.units)))
    plan = schedule(network, rule, lanes)
    products = sum(step.burst.multiplications for step in plan.steps)
    assert products == plan.multiplications == rule.placed("owner").cost(network).multiplications
    bus, broadcast, activation, ends = Counter(), Counter(), [], 0
    fabric = Fabric()
    for step in plan.steps:
        burst, start = step.burst, step.start
        assert start >= ends
        ends = start + burst.length
        for walk in burst.walks:
            assert len(walk) == burst.length
            for n, slot in enumerate(walk, start):
                if slot.send:
                    bus[n + fabric.send_cycles] += 1
                    broadcast[n + fabric.send_cycles] += 1
                gives = slot.act is Act.LAST or (slot.act is Act.WORD and not burst.dot)
                if not gives or burst.to is None or burst.to.source is not Source.UNIT:
                    continue
                heard = n + fabric.broadcast_cycles
                bus[heard] += 1
                if burst.activate:
                    activation.append(heard)
                    broadcast[heard + fabric.activate_cycles] += 1
                    broadcast[heard + fabric.slope_cycles] += 1
                else:
                    broadcast[heard] += 1
    assert max(bus.values(), default=0) <= 1
    assert max(broadcast.values(), default=0) <= 1
    assert all(b - a not in (0, 1, 3) for a, b in combinations(sorted(activation), 2))
    assert plan.cycles >= ends


def touched(burst, lane, slot, own, fabric):
    """Return the words that a slot reads, and those it writes with when they can be read."""

    def word(operand):
        if operand.source is Source.UNIT:
            return operand.array, slot.unit
        return operand.array or "w", lane, slot.edge + operand.shift

    stored = (Source.WEIGHT, Source.X, Source.Y, Source.UNIT)
    operands = [burst.scalar] if slot.act is Act.LOAD else []
    if slot.act >= Act.WORD:
        operands += [burst.left, burst.right, burst.plus]
    sends = slot.send and burst.send is not None and burst.only in (None, lane)
    operands += [burst.send] if sends else []
    reads = [word(o) for o in operands if o is not None and o.source in stored]
    writes = [((burst.send_to, slot.unit), fabric.send_cycles)] if sends else []
    gives = slot.act is Act.LAST or (slot.act is Act.WORD and not burst.dot)
    if gives and burst.to is not None and burst.to.source is Source.UNIT:
        heard, unit = fabric.broadcast_cycles, slot.unit if burst.to_unit else own
        if burst.activate:
            writes.append((("y.new", unit), heard + fabric.activate_cycles))
            heard += fabric.slope_cycles
        writes.append(((burst.to.array, unit), heard))
    elif gives and burst.to is not None:
        writes.append((word(burst.to), fabric.result_cycles))
    return reads, writes


@settings(max_examples=40, deadline=None)
@given(networks, st.one_of(rules, st.just(RTRL())), st.data())
def test_no_word_is_read_before_it_is_there(network, rule, data) -> None:
    hold_in_time(schedule(network, rule, data.draw(st.integers(1, len(network.units)))))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("rule", [TRTRL(), TRTRL(self_terms=False)])
def test_lanes_that_read_one_word_in_different_cycles(rule, seed) -> None:
    hold_in_time(schedule(sparse(9, 0.4, 2, seed), rule, lanes=4))


def hold_in_time(plan) -> None:
    """Go through all slots of a step, and hold every read against the writes before it."""
    fabric, ready = Fabric(), {}
    for step in plan.steps:
        burst, written = step.burst, []
        for lane, walk in enumerate(burst.walks):
            own = 0
            for cycle, slot in enumerate(walk, step.start):
                if burst.alone and lane != burst.only:
                    continue
                own = slot.unit if slot.act is Act.LOAD else own
                reads, writes = touched(burst, lane, slot, own, fabric)
                assert all(ready.get(word, 0) <= cycle for word in reads), burst.name
                written += [(word, cycle + after) for word, after in writes]
                own += slot.act is Act.LAST
                if burst.ride and cycle >= step.start + fabric.arrive_cycles:
                    sent = cycle - fabric.arrive_cycles
                    written.append(((burst.ride, lane, slot.unit), sent + fabric.rotate_cycles))
        for word, there in written:
            ready[word] = max(there, ready.get(word, 0))
    assert plan.cycles >= max(ready.values()) + fabric.landing_cycles


@settings(max_examples=25, deadline=None)
@given(networks, st.data())
def test_weights_on_the_rotator_arrive_at_their_reverse_edge(network, data) -> None:
    lanes = data.draw(st.integers(1, len(network.units)))
    plan = schedule(network, TRTRL(), lanes)
    place = plan.placement
    units = network.neurons[: len(network.units)]
    wanted = {
        (place.lane[j], place.first[j] + units[j].sources.index(i.number)): (
            place.lane[i.number],
            place.first[i.number] + slot,
        )
        for i in units
        for slot, j in enumerate(i.reciprocals)
    }
    rides = [s.burst for s in plan.steps if s.burst.ride]
    assert len(rides) == bool(wanted)
    found = {}
    for burst in rides:
        late = len(burst.walks[0]) - len(burst.turns)
        for n, turn in enumerate(burst.turns):
            for lane, walk in enumerate(burst.walks):
                if walk[n].act is Act.WORD:
                    far = (lane + turn) % lanes
                    found[lane, walk[n].edge] = far, burst.walks[far][n + late].unit
    assert found == wanted


@pytest.mark.parametrize("lanes", [0, 9, -1])
def test_lanes_out_of_range(lanes: int) -> None:
    with pytest.raises(UserError, match="lanes: must be from 1 to 8"):
        schedule(dense(8), TRTRL(), lanes)


class Greedy(Inference):
    """A rule whose last operation wants three words of every edge in one cycle."""

    def memories(self, neuron, network):
        return tuple(Memory(name, neuron.edges) for name in ("one", "two", "three"))

    def program(self, neuron, network, phase=0):
        yield from super().program(neuron, network, phase)
        one, two, three = (Words(name, 0, neuron.edges) for name in ("one", "two", "three"))
        yield Fma(three, one, two, three)


def test_a_clash_of_banks_names_the_operation() -> None:
    with pytest.raises(UserError, match=r"three = one \* two \+ three.*one bank"):
        schedule(dense(4), Greedy(), 2)


@pytest.mark.parametrize("rule", [TRTRL(literal=True)])
def test_what_has_no_place_on_the_chip_says_so(rule) -> None:
    with pytest.raises(UserError, match="has no place on the chip"):
        schedule(dense(4), rule, 2)
