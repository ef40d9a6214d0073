"""Lower bounds against simulated steps, and tables of traffic against what is really sent."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim
from neurosim import machine as machines
from neurosim.cli import main
from neurosim.engines import closed_cost, simulated_step
from neurosim.engines.analytic.all_to_all import haulage
from neurosim.engines.analytic.bounds import least
from neurosim.engines.analytic.haulage import MOST_TILES, counted, link_loads, tiles_of
from neurosim.engines.analytic.lines import lines
from neurosim.engines.clock.score import Score
from neurosim.learning import BPTT, RTRL, TRTRL, Census
from neurosim.machine import Noc, Tiles
from neurosim.machine.description import Dram, Mapping
from neurosim.model import Fixed, Float
from neurosim.noc.topology import Topology
from tests.networks import random_network
from tests.test_agreement import ON_CHIP, TOPOLOGIES, small
from tests.test_agreement import RULES as NAMED
from tests.test_counts import RULES, network_of

BUS = machines.load("bus")


def on_tiles(topology: str, rows: int, cols: int, policy: str = "row_major", **noc) -> object:
    """Return the machine `bus` with a network on chip in place of its bus."""
    carrier = Noc(topology=topology, num_vcs=2, max_packet_flits=6, **noc)
    places = Mapping(policy=policy, seed=3)
    return replace(BUS, interconnect=carrier, tiles=Tiles(rows, cols), mapping=places)


@pytest.mark.parametrize("name", machines.names())
@pytest.mark.parametrize("rule", NAMED)
def test_no_step_is_shorter_than_its_bounds(rule: str, name: str) -> None:
    machine = machines.load(name)
    if name == "chip" and rule not in ON_CHIP:
        pytest.skip("has no place on the chip")
    described = machine.as_run(NAMED[rule])
    networks = [small(topology, 3) for topology in TOPOLOGIES]
    networks += [network_of(units, 2, dense=True) for units in (2, 5, 9)]
    for network in networks:
        known = least(Census.of(network), described, machine, Float())
        activity, _ = simulated_step(network, described, machine, Float())
        assert activity.cycles >= known.bounds.cycles
        assert known.hop_words == activity.hop_words
        assert min(known.bounds) >= machine.sync.latency_cycles


@settings(max_examples=40, deadline=None)
@given(
    units=st.integers(1, 9),
    density=st.floats(0, 1),
    seed=st.integers(0, 99),
    rule=st.sampled_from([rule for rule in RULES if not isinstance(rule, BPTT)]),
    lanes=st.sampled_from(["per_neuron", "per_tile", 1, 2, 3]),
    macs=st.integers(1, 3),
    ports=st.integers(1, 2),
    scope=st.sampled_from(["neuron", "tile", "chip"]),
    carrier=st.sampled_from(["bus", "links", "mesh", "ring", "crossbar"]),
)
def test_bounds_hold_on_machines_nobody_thought_of(
    units, density, seed, rule, lanes, macs, ports, scope, carrier
) -> None:
    shelf = {"bus": BUS, "links": machines.load("ideal")}
    machine = shelf[carrier] if carrier in shelf else on_tiles(carrier, 2, 2)
    banks = [replace(machine.memory[0], n_rd_ports=ports, scope=scope, n_banks=ports)]
    machine = replace(
        machine,
        compute=replace(machine.compute, lanes=lanes, macs_per_lane=macs),
        memory=(*banks, *machine.memory[1:]),
        tiles=Tiles(2, 2),
    )
    network = random_network(units, density, seed=seed)
    activity, _ = simulated_step(network, rule, machine, Float())
    assert activity.cycles >= least(Census.of(network), rule, machine, Float()).bounds.cycles


def test_bounds_are_not_far_from_what_is_simulated() -> None:
    """The loosest are on `lanes`, where a neuron holds its lane while it waits for the memory."""
    network = network_of(25, 1, dense=True)
    trtrl = (TRTRL(), TRTRL(placement="owner"))
    for name, part in (("ideal", 0.95), ("bus", 0.8), ("lanes", 0.3), ("chip", 0.6)):
        machine = machines.load(name)
        for rule in map(machine.as_run, trtrl if name == "chip" else (RTRL(), *trtrl)):
            bound = least(Census.of(network), rule, machine, Float()).bounds.cycles
            assert bound >= part * simulated_step(network, rule, machine, Float())[0].cycles


def test_bounds_by_hand() -> None:
    """One unit, one input, no bias, on a bus, as in `test_clocked.py`."""
    network = random_network(1, 0.0, bias=False)
    bounds = least(Census.of(network), TRTRL(), BUS, Float()).bounds
    arrives, passes, ports, latencies, barrier = 2, 8, 5, 7 * 5 + 6, 2
    assert bounds.compute == passes + barrier
    assert bounds.memory == passes + ports + barrier
    assert bounds.dependency == arrives + passes + ports + latencies + barrier
    assert bounds.link == bounds.dependency
    assert simulated_step(network, TRTRL(), BUS, Float())[0].cycles == bounds.cycles


@pytest.mark.parametrize(
    ("topology", "rows", "cols"),
    [("mesh", 2, 2), ("mesh", 3, 2), ("mesh", 1, 4), ("ring", 1, 5), ("ring", 2, 3),
     ("crossbar", 2, 2), ("bus", 2, 2)],
)  # fmt: skip
@pytest.mark.parametrize(
    ("policy", "multicast"),
    [("row_major", "none"), ("random", "none"), ("row_major", "tree"), ("random", "path")],
)
def test_traffic_between_tiles_has_a_closed_form(topology, rows, cols, policy, multicast) -> None:
    machine, number = on_tiles(topology, rows, cols, policy, multicast=multicast), Fixed()
    for units, outputs in ((2, 1), (3, 2), (5, 2), (9, 9)):
        network = network_of(units, outputs, dense=True)
        for rule in RULES:
            sent = counted(Score(network, rule, number, machine))
            hops = sent.topology.distances()
            for census in (Census.of(network), Census.complete(units, 1, outputs)):
                tiles, work = tiles_of(census, rule, machine), lines(census, rule, machine, number)
                noc = machine.interconnect
                found = haulage(census, work, tiles, noc, machine, number.word_bits)
                assert found is not None
                np.testing.assert_array_equal(found.words, sent.words)
                np.testing.assert_array_equal(found.flits, sent.flits)
                assert found.hop_words == (sent.words * hops).sum()
                assert found.flit_hops == (sent.flits * hops).sum()


@pytest.mark.parametrize(
    ("topology", "rows", "cols"),
    [("mesh", 1, 1), ("mesh", 4, 3), ("mesh", 5, 1), ("ring", 1, 2), ("ring", 1, 6), ("ring", 1, 7),
     ("crossbar", 2, 3), ("bus", 2, 3)],
)  # fmt: skip
def test_link_loads_are_those_of_all_ways(topology, rows, cols) -> None:
    network = Topology(Noc(topology=topology, num_vcs=2), Tiles(rows, cols))
    table = np.random.default_rng(1).integers(0, 9, (rows * cols, rows * cols))
    np.fill_diagonal(table, 0)
    one_by_one = network.loads(table.astype(float))
    fast = link_loads(network, table)
    assert sorted(fast[fast > 0]) == sorted(one_by_one[one_by_one > 0])


def test_sparse_networks_and_multicast_are_counted() -> None:
    network = small("small_world")
    for machine in (on_tiles("mesh", 2, 2), on_tiles("mesh", 2, 2, multicast="tree")):
        known = least(Census.of(network), TRTRL(), machine, Float())
        activity, _ = simulated_step(network, TRTRL(), machine, Float())
        assert known.hop_words == activity.hop_words
        assert known.haulage.flit_hops == activity.link.flit_hops
        assert activity.cycles >= known.bounds.cycles


def test_a_hundred_thousand_units() -> None:
    """Nothing is built: a table of the edges alone would take 80 GB."""
    census = Census.complete(100_000)
    for name in machines.names():
        machine = machines.load(name)
        if isinstance(machine.interconnect, Noc) and machine.on(census.n).tiles.count > MOST_TILES:
            continue
        for rule in (RTRL(), TRTRL()):
            cost = closed_cost(census, rule, machine, Float())
            assert cost.tier == "analytic"
            assert cost.cycles_per_step >= cost.multiplications_per_step // 100_000
            bound = getattr(cost, f"cycles_{cost.cycles_bound_by}_bound")
            assert bound == cost.cycles_per_step


def test_cost_says_its_tier() -> None:
    network = network_of(9, 1, dense=True)
    bound = neurosim.cost(network, TRTRL(), "bus", tier="analytic")
    simulated = neurosim.cost(network, TRTRL(), "bus")
    assert bound.cycles_per_step < simulated.cycles_per_step
    assert "cycles_compute" not in bound.as_dict()
    assert "cycles_bound_by" not in simulated.as_dict()


def asked(capsys, *argv: str) -> list[dict]:
    assert main(["cost", *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("topology", ["fully_recurrent", "elman", "layered", "ring"])
@pytest.mark.parametrize("outputs", ["1", "2", "n1,n3"])
def test_a_described_network_costs_what_the_built_one_does(topology, outputs, capsys) -> None:
    flags = [topology, "--network.units", "8", "--network.outputs", outputs]
    if outputs == "n1,n3" and topology != "fully_recurrent":
        flags += ["--network.inputs", "x"]
    bound = asked(capsys, *flags, "--tier", "analytic")
    simulated = asked(capsys, *flags)
    for row, other in zip(bound, simulated, strict=True):
        assert row["tier"] == "analytic"
        assert row["cycles_per_step"] <= other["cycles_per_step"]
        for key in row.keys() & other.keys() - {"tier", "cycles_per_step"}:
            assert row[key] == other[key], key


def test_the_report_says_that_cycles_are_bounds(capsys) -> None:
    assert main(["cost", "--network.units", "100000", "--tier", "analytic"]) == 0
    printed = capsys.readouterr().out
    assert "10,000,200,000 edges" in printed
    assert "cycles, at least" in printed
    assert "lower bounds" in printed
    assert "waiting" not in printed


def test_a_training_with_bounds(capsys) -> None:
    flags = ["--network.units", "3", "--steps", "20", "--tier", "analytic", "--json"]
    assert main(["compare", *flags]) == 0
    for row in json.loads(capsys.readouterr().out):
        assert row["tier"] == "analytic"
        assert row["steps"] == 20


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--tier", "cycle"], ["tier", "machine bus has a bus", "[noc]"]),
        (["--tier", "cycle", "--machine", "none"], ["there is no machine"]),
        (["--tier", "cycles"], ["cycles"]),
        (["--tier", "analytic", "--network.density", "0.5"], ["density", "does not take"]),
        (["--tier", "analytic", "--network.units", "0"], ["units"]),
        (["--tier", "analytic", "--network.outputs", "26"], ["26 outputs", "fewer outputs"]),
        (["--tier", "analytic", "--network.inputs", "a,b"], ["2 inputs", "1 input"]),
        (["--tier", "analytic", "--network.inputs", "n0"], ["n0", "taken"]),
        (["--tier", "analytic", "--network.activation", "relu"], ["relu"]),
    ],
)
def test_mistakes_are_found_without_a_network(flags, parts, capsys) -> None:
    assert main(["cost", *flags]) == 2
    said = capsys.readouterr().err
    for part in parts:
        assert part in said


@pytest.mark.parametrize("scope", ["neuron", "tile", "chip"])
@pytest.mark.parametrize("rule", [RTRL(), TRTRL(), TRTRL(placement="owner")], ids=str)
def test_what_spills_goes_through_the_dram(rule, scope) -> None:
    """The bound counts each access and leaves out the opening of rows alone."""
    depth = {"neuron": 30, "tile": 60, "chip": 150}[scope]
    bank = replace(BUS.memory[0], holds=("weight", "stored", "buffer"), scope=scope, depth=depth)
    rest = replace(BUS.memory[1], holds=("activation", "inbox"))
    machine = replace(on_tiles("mesh", 2, 2), memory=(bank, rest), dram=Dram())
    network = network_of(9, 2, dense=True)
    activity, _ = simulated_step(network, rule, machine, Float())
    assert activity.dram.bits > 0
    bound = least(Census.of(network), rule, machine, Float()).bounds
    assert bound == least(Census.complete(9, 1, 2), rule, machine, Float()).bounds
    assert activity.cycles >= bound.memory
    rows = (machine.dram.nRCD + machine.dram.nRP) * machine.dram.tCK_ns * machine.clock_mhz / 1000
    opened = activity.dram.row_misses * rows
    served = activity.dram.busy_cycles
    assert bound.memory - 2 <= served
    requests = activity.dram.row_hits + activity.dram.row_misses
    assert served - opened - requests <= bound.memory
