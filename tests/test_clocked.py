"""Time: events a burst, contention, arbitration."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from neurosim.engines import simulated_step, train
from neurosim.engines.clock.plan import plan
from neurosim.engines.clocked import ClockedEngine
from neurosim.learning import RTRL, TRTRL, Inference
from neurosim.machine import Noc, Tiles, load
from neurosim.model import Float, Network
from neurosim.model.operations import Fma, Receive, Send, Words
from neurosim.noc.arbiter import Arbiter, Clock
from neurosim.study.graphs import graph_from


def dense(units: int) -> Network:
    graph, inputs, outputs = graph_from("fully_recurrent", units=units)
    return Network(graph, inputs, outputs)


def bursts(network: Network, rule) -> int:
    """Count the operations of all programs: no event may stand for less than one of them."""
    return sum(
        len(list(rule.program(neuron, network))) for neuron in network.neurons[: len(network.units)]
    )


@pytest.mark.parametrize(("units", "rule"), [(25, RTRL()), (25, TRTRL()), (60, TRTRL())], ids=str)
def test_an_event_stands_for_a_burst_at_least(units: int, rule) -> None:
    network = dense(units)
    activity, counts = simulated_step(network, rule, "bus", Float())
    assert activity.events < bursts(network, rule) + 8 * units
    assert activity.events < counts.multiplications / 10


def test_events_grow_with_edges_for_rtrl_and_with_neurons_for_trtrl() -> None:
    events = {
        (rule.name, n): simulated_step(dense(n), rule, "bus", Float())[0].events
        for rule in (RTRL(), TRTRL())
        for n in (15, 30)
    }
    assert 3 < events["rtrl", 30] / events["rtrl", 15] < 4.2
    assert 1.8 < events["trtrl", 30] / events["trtrl", 15] < 2.2


def test_contention_costs_and_ideal_links_do_not() -> None:
    network = dense(12)
    cycles = {
        name: simulated_step(network, TRTRL(), name, Float())[0]
        for name in ("ideal", "bus", "lanes")
    }
    assert cycles["ideal"].cycles < cycles["bus"].cycles < cycles["lanes"].cycles
    assert cycles["ideal"].link.waited_cycles == 0 < cycles["bus"].link.waited_cycles
    assert cycles["lanes"].mean("lane") > 0 == cycles["bus"].mean("lane")
    assert cycles["lanes"].mean("memory") > cycles["bus"].mean("memory")


def test_the_owner_placement_relieves_a_bus_and_loads_a_shared_memory() -> None:
    network = dense(25)
    for machine, faster in (("bus", "owner"), ("lanes", "unit")):
        steps = {
            where: simulated_step(network, TRTRL(placement=where), machine, Float())[0]
            for where in ("unit", "owner")
        }
        assert steps["owner"].link.words < steps["unit"].link.words / 2
        assert min(steps, key=lambda where: steps[where].cycles) == faster


@pytest.mark.parametrize("machine", ["bus", "lanes", "mesh"])
def test_a_step_takes_the_same_time_whatever_the_words(machine: str) -> None:
    """So it is simulated once, and an engine that simulates each anew learns the same."""
    once, anew = (ClockedEngine(dense(8), RTRL(0.1), Float(), machine) for _ in range(2))
    rng = np.random.default_rng(0)
    for _ in range(5):
        x, target = rng.uniform(-1, 1, (2, 1))
        anew._known.clear()
        for mine, theirs in zip(once.step(x, target), anew.step(x, target), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert once.cycles == anew.cycles
    assert len(set(anew.cycles)) == 1
    np.testing.assert_array_equal(once.weights(), anew.weights())
    assert once.simulated == 1


@pytest.mark.parametrize("rule", [RTRL(), TRTRL()], ids=lambda rule: rule.name)
def test_all_that_travels_may_go_to_a_tile_that_is_not_the_first(rule) -> None:
    graph = nx.DiGraph([("n0", "n1"), ("bias", "n0")])
    graph.add_node("x")
    network = Network(graph, ["x"], ["n0"])
    machine = replace(load("bus"), interconnect=Noc(topology="mesh", num_vcs=2), tiles=Tiles(1, 2))
    stream = np.linspace(-1, 1, 5)
    clocked = train(network, rule, stream, stream, engine="clocked", machine=machine)
    np.testing.assert_array_equal(clocked.outputs, train(network, rule, stream, stream).outputs)


def test_rows_that_are_left_open_make_another_step() -> None:
    """Off the chip a step begins where the last one ended; the third is like the second."""
    tiles = load("tiles")
    small = replace(tiles, memory=(replace(tiles.memory[0], depth=8), *tiles.memory[1:]))
    engine = ClockedEngine(dense(9), RTRL(0.1), Float(), small)
    for _ in range(4):
        engine.step(np.array([0.1]), np.array([0.2]))
    assert engine.cycles[0] != engine.cycles[1] == engine.cycles[2] == engine.cycles[3]
    assert engine.simulated == 2


def test_a_step_of_one_neuron_by_hand() -> None:
    """One unit, one input, no bias, on a bus: every cycle can be counted on paper."""
    import networkx as nx

    network = Network(nx.DiGraph([("x", "n0")]), ["x"], ["n0"])
    activity, _ = simulated_step(network, TRTRL(), "bus", Float())
    arrives = 1 + 1  # arbitration, one word
    burst = 1 + 3 + 1 + 1  # read, multiply, write, one pass
    activate = 1 + 4 + 1 + 1
    bursts = 7 * burst + activate  # s, error, v, g = q a, g += v z, a, w; and f(s)
    ports = 5  # two words of one memory: y and slope; y, target; error, slope; v, g; slope, z
    assert activity.cycles == arrives + bursts + ports + 2
    assert (activity.neurons[0].link, activity.neurons[0].memory) == (arrives, ports)


def served(policy: str, asks: list[tuple[int, int]], cycles: int = 3) -> list[tuple[int, int]]:
    """Let requesters ask at given cycles; return who was served when."""
    clock, log = Clock(), []

    def serve(requester: int) -> None:
        log.append((clock.now, requester))
        clock.call(arbiter.release, cycles)

    arbiter = Arbiter(clock, serve, policy)
    for when, who in asks:
        clock.call(lambda who=who: arbiter.request(who, who), when)
    clock.run()
    return log


def test_requests_of_one_cycle_are_decided_together() -> None:
    """Whoever asks first within a cycle has no advantage: lowest first, or round the circle."""
    asks = [(0, 3), (0, 1), (0, 2), (3, 0)]
    assert served("fixed_priority", asks) == [(0, 1), (3, 0), (6, 2), (9, 3)]
    assert served("round_robin", asks) == [(0, 1), (3, 2), (6, 3), (9, 0)]


def test_nobody_is_served_twice_in_a_round() -> None:
    asks = [(0, 1), (0, 1), (0, 2), (1, 0), (7, 1)]
    assert served("fixed_priority", asks) == [(0, 1), (3, 0), (6, 1), (9, 1), (12, 2)]
    assert served("round_robin", asks) == [(0, 1), (3, 2), (6, 0), (9, 1), (12, 1)]


def test_a_saturated_bus_by_hand() -> None:
    """All neurons speak at once: the bus is never idle, and everyone waits for those before."""
    network, bus = dense(20), load("bus")
    activity, _ = simulated_step(network, Inference(), bus, Float())
    speakers, each = len(network.neurons), 1 + 1  # arbitration, one word
    assert activity.link.busy_cycles == each * speakers
    assert activity.link.waited_cycles == each * speakers * (speakers - 1) // 2
    assert {neuron.link for neuron in activity.neurons} == {each * speakers}
    shares = [
        simulated_step(dense(units), TRTRL(), bus, Float())[0].link_utilisation
        for units in (30, 60, 120)
    ]
    assert 0.9 < shares[0] < shares[1] < shares[2] < 1  # all but the last bursts of a step
    assert 1 - shares[2] < 0.6 * (1 - shares[1]) < 0.4 * (1 - shares[0])


def test_a_plan_waits_for_words_and_not_for_more() -> None:
    a, b, c, inbox = Words("a", 0, 4), Words("b", 0, 4), Words("c", 0, 4), Words("inbox", 0, 4)
    steps = plan(
        (
            Fma(a, b, c),  # 0
            Send("k", a, (1,)),  # 1: after 0
            Receive("k", inbox, (1,)),  # 2: at once
            Fma(c, inbox, b),  # 3: after 2
            Fma(a, b, c),  # 4: overwrites what 1 sends
            Receive("k", inbox, (1,)),  # 5: after 3 has used the buffer
            Fma(b, inbox, c),  # 6: after 5
        )
    )
    assert steps.waits == [0, 1, 0, 1, 1, 1, 1]
    assert steps.then == [[1], [4], [3], [5], [], [6], []]


def test_a_message_off_the_graph_is_refused() -> None:
    class Leaky(TRTRL):
        def program(self, neuron, network, phase=0):
            yield Send("secret", Words("y"), (2,))

    import networkx as nx

    network = Network(nx.DiGraph([("x", "a"), ("a", "b"), ("b", "c")]), ["x"], ["c"])
    with pytest.raises(RuntimeError, match=r"a sends secret to c, but no edge joins them"):
        simulated_step(network, Leaky(), "bus", Float())
