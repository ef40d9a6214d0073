"""Locality of rules: laws that its figures obey, and graphs on which they are known."""

import json
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.engines import simulated_step
from neurosim.engines.locality.footprint import footprint
from neurosim.engines.locality.measures import MOST_ROWS, locality, profile
from neurosim.engines.locality.rent import rent
from neurosim.engines.mapping.bisection import parts, symmetric
from neurosim.errors import UserError
from neurosim.learning import BPTT, RTRL, TRTRL, Inference
from neurosim.learning.rule import speak
from neurosim.machine import Links, Machine, Tiles, load
from neurosim.machine.parts import PARTS
from neurosim.model import Fixed, Float, Network
from neurosim.model.operations import Receive, Send
from neurosim.study.profiles import check
from tests.networks import dense_network, network_of, random_network

RULES = [RTRL(), TRTRL(), TRTRL(placement="owner"), BPTT(window=3), Inference()]
MACHINES = ["bus", "lanes", "ideal", "mesh", "tiles"]


def grid_network(shape, periodic=False):
    graph = nx.grid_graph(shape, periodic=periodic)
    graph = nx.convert_node_labels_to_integers(graph).to_directed()
    return Network(graph, [], ["0"])


def operations(network, rule):
    return [
        operation
        for neuron in network.neurons
        for operation in (speak(neuron) if neuron.is_input else rule.program(neuron, network, 0))
    ]


def bottleneck(network, rule, machine):
    found = locality(network, rule, machine, Fixed())
    return {level.level: level for level in found.roofline}


# --- Rent's exponent ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "exponent", "within"),
    [
        (grid_network([256], periodic=True), 0.0, 0.01),
        (grid_network([16, 16], periodic=True), 0.5, 0.02),
        (grid_network([20, 20]), 0.5, 0.1),
        (grid_network([8, 8, 8], periodic=True), 2 / 3, 0.03),
        (dense_network(96), 1.0, 0.04),
    ],
    ids=["ring", "torus", "grid", "3-d torus", "dense"],
)
def test_rent_exponents_that_are_known(network, exponent, within) -> None:
    assert rent(network).exponent == pytest.approx(exponent, abs=within)


def test_rent_is_the_same_every_time_and_hardly_depends_on_the_seed() -> None:
    network = random_network(60, 0.1, seed=3)
    assert rent(network, seed=1) == rent(network, seed=1)
    assert rent(network, seed=1).exponent == pytest.approx(rent(network, seed=2).exponent, abs=0.03)


def test_terminals_of_single_units_are_their_edges() -> None:
    network = dense_network(10, inputs=3)
    (units, terminals), *_ = rent(network).points
    assert (units, terminals) == pytest.approx((1, 2 * 9))


@pytest.mark.parametrize("units", [1, 2, 3])
def test_rent_of_next_to_nothing(units) -> None:
    few = rent(random_network(units, 1.0))
    assert few.exponent is None or 0 <= few.exponent <= 1
    assert rent(random_network(units, 0.0, seed=1)).points == ()


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 5), min_size=1, max_size=6).filter(sum),
    density=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_parts_have_the_sizes_asked_for(sizes, density, seed) -> None:
    nodes = sum(sizes)
    rows, columns = np.nonzero(np.random.default_rng(seed).random((nodes, nodes)) < density)
    cut = parts(symmetric(rows, columns, np.ones(len(rows)), nodes), sizes, seed)
    assert [len(part) for part in cut] == sizes
    assert sorted(np.concatenate(cut)) == list(range(nodes))


def test_two_cliques_are_cut_where_they_hang_together() -> None:
    graph = nx.relabel_nodes(nx.barbell_graph(8, 0), lambda n: (n * 5) % 16)
    rows, columns = np.array(graph.edges).T
    left, _ = parts(symmetric(rows, columns, np.ones(len(rows)), 16), [8, 8])
    assert {(n * 5) % 16 for n in range(8)} in ({*left.tolist()}, {*range(16)} - {*left.tolist()})


def test_a_large_graph_is_cut_without_its_spectrum(monkeypatch) -> None:
    monkeypatch.setattr("neurosim.engines.mapping.bisection.MOST_SPECTRAL", 10)
    assert rent(grid_network([256], periodic=True)).exponent == pytest.approx(0, abs=0.1)


# --- roofline -------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_no_level_is_faster_than_its_roofline(rule, machine) -> None:
    network = random_network(9, 0.5, inputs=2, outputs=2, seed=8)
    rule = load(machine).as_run(rule)
    activity, counts = simulated_step(network, rule, machine, Fixed())
    reached = counts.multiplications / activity.cycles
    levels = locality(network, rule, load(machine), Fixed()).roofline
    assert levels[0].attainable == min(level.attainable for level in levels)
    assert 0 < reached <= levels[0].attainable


def unicast() -> Machine:
    """Return the shelf's mesh, on which every tile gets a copy of its own."""
    mesh = load("mesh")
    return replace(mesh, interconnect=replace(mesh.interconnect, multicast="none"))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("rule", [RTRL(), TRTRL(), Inference()], ids=str)
def test_levels_bring_what_the_engine_saw_but_for_messages(rule, machine) -> None:
    network = random_network(9, 0.5, inputs=2, outputs=2, seed=8)
    described = unicast() if machine == "mesh" else load(machine)
    activity, _ = simulated_step(network, rule, described, Fixed())
    levels = bottleneck(network, rule, described)
    seen = {name: bank.reads + bank.writes for name, bank in activity.banks.items()}
    assert all(levels[name].words <= words for name, words in seen.items() if words)
    sent = [op.words.count for op in operations(network, rule) if isinstance(op, Send)]
    filled = [op.words.count for op in operations(network, rule) if isinstance(op, Receive)]
    computed = sum(levels[name].words for name, words in seen.items() if words)
    assert sum(seen.values()) == computed + sum(sent) + sum(filled)
    if machine == "bus":
        assert levels["bus"].words == activity.link.words
    if machine == "mesh":
        assert levels["mesh"].words == activity.hop_words


def test_the_roofline_of_a_step_counted_by_hand() -> None:
    """Three units, an input, a bias: 5 edges each; inference does 15 products and one error.

    Weights: 15 reads. Activations: 15 sources, 3 sums and the output's y and target read; 3 sums,
    3 y, 3 slopes, one error written. The bus carries each unit's and the input's word once.
    """
    levels = bottleneck(dense_network(3), Inference(), load("bus"))
    assert levels["weights"].words == 15
    assert levels["weights"].words_per_cycle == 3
    assert levels["activations"].words == 15 + 3 + 2 + 3 + 6 + 1
    assert levels["activations"].words_per_cycle == pytest.approx(3 * 30 / 20)
    assert levels["bus"].words == 4
    assert levels["bus"].multiplications_per_word == 16 / 4
    assert levels["bus"].attainable == 3  # the lanes' peak, below 16 / 4 * 1
    two = replace(load("ideal"), interconnect=Links(words_per_cycle=2))
    links = bottleneck(dense_network(3), Inference(), two)["links"]
    assert (links.words, links.words_per_cycle) == (9, 9 * 2)  # 3 * 2 and 3 ways, 2 words each


@pytest.mark.parametrize(("flit_bits", "words_per_flit"), [(32, 2), (40, 2), (16, 1), (6, 1 / 3)])
def test_a_network_brings_flits_over_all_its_links(flit_bits, words_per_flit) -> None:
    mesh = load("mesh")
    noc = replace(mesh.interconnect, flit_bits=flit_bits)
    machine = replace(mesh, tiles=Tiles(2, 3), interconnect=noc)
    level = bottleneck(dense_network(6), TRTRL(), machine)["mesh"]
    assert level.words_per_cycle == pytest.approx((2 * 2 * 2 + 3 * 2) * words_per_flit)


def test_with_multicast_a_word_crosses_a_link_for_each_tile_at_least() -> None:
    line = replace(unicast(), tiles=Tiles(1, 4))
    tree = replace(line, interconnect=replace(line.interconnect, multicast="tree"))
    network = dense_network(4, inputs=0)
    alone, shared = (bottleneck(network, Inference(), m)["mesh"].words for m in (line, tree))
    assert alone == 2 * (3 * 1 + 2 * 2 + 1 * 3)  # both ways, pairs times links between them
    assert shared == 4 * 3
    assert simulated_step(network, Inference(), tree, Fixed())[0].hop_words >= shared


def test_what_does_not_fit_is_fed_by_the_dram() -> None:
    tiles = load("tiles")
    small = replace(tiles, memory=(replace(tiles.memory[0], depth=4), *tiles.memory[1:]))
    network = dense_network(8)
    levels = bottleneck(network, RTRL(), small)
    assert min(levels.values(), key=lambda level: level.attainable).level == "dram"
    floats = locality(network, RTRL(), small, Float()).roofline[0]
    assert floats.words_per_cycle * 64 == pytest.approx(2 * 16 * (1000 / 200) / 1.25)
    with pytest.raises(UserError, match="do not fit"):
        locality(network, RTRL(), replace(small, dram=None), Fixed())


# --- the whole ------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    units=st.integers(1, 8),
    density=st.floats(0, 1),
    seed=st.integers(0, 99),
    machine=st.sampled_from([*MACHINES, "chip"]),
    rule=st.sampled_from(RULES),
)
def test_words_are_conserved(units, density, seed, machine, rule) -> None:
    network = random_network(units, density, inputs=2, seed=seed)
    found = locality(network, rule, load(machine), Fixed())
    counts = load(machine).as_run(rule).cost(network)
    drawn = found.as_dict()
    assert sum(found.hops.words.values()) == counts.words_sent
    assert np.sum(drawn["traffic"]["words"]) == counts.words_sent
    assert sum(drawn["words_by_kind"].values()) == counts.words_sent
    assert found.hops.hop_words == sum(far * n for far, n in found.hops.words.items())
    assert found.hops.carried_hop_words <= found.hops.hop_words
    assert found.local_access_ratio == counts.local_access_ratio
    assert json.loads(json.dumps(drawn)) == drawn
    check("profile", drawn)


def test_footprint_is_what_rules_keep() -> None:
    network = dense_network(6, inputs=2, outputs=2)
    number = Fixed(weight_bits=32)
    for rule in RULES:
        counts, tiles = rule.cost(network), np.arange(8)
        kept = footprint(network, rule, load("bus"), number, tiles)
        assert kept.by_role["stored" if counts.stored_words else "weight"]
        assert kept.by_role.get("stored", 0) == counts.stored_words
        between = kept.by_role.get("buffer", 0) + kept.by_role.get("inbox", 0)
        assert between == counts.buffer_words
        assert kept.by_role["weight"] == len(network.edges)
        assert kept.words == sum(kept.by_role.values())
        assert "constant" not in kept.by_role
        assert kept.bits >= 16 * kept.words + 16 * len(network.edges)
        assert set(kept.blocks) == set(PARTS)
    slim = footprint(network, Inference(), load("bus"), number, np.arange(8))
    assert slim.bits == 16 * (slim.words + len(network.edges))
    # 9 sources, s, y, slope, and at outputs target and error; the inputs' words
    assert slim.by_role["activation"] == 6 * (9 + 3) + 2 * 2 + 2
    # each unit has one block for weights and one for activations, and each input one
    assert slim.blocks["ecp5-25f"] == 6 * 2 + 2


def test_one_memory_for_all_is_as_wide_as_its_widest_word() -> None:
    """About 500 words a unit fit a block of 1024 x 18 bits, but sums are wider than 36."""
    network = dense_network(6, inputs=2, outputs=2)
    kept = footprint(network, RTRL(), load("ideal"), Fixed(), np.arange(8))
    assert 256 < kept.largest <= 512
    assert kept.blocks["ecp5-25f"] == 6 * 2 + 2


def test_trtrl_is_local_on_a_local_graph_and_rtrl_is_not() -> None:
    pairs = [(f"n{i}", f"n{(i + d) % 16}") for i in range(16) for d in (-1, 1)]
    network = network_of([*pairs, ("x", "n0")], [f"n{i}" for i in range(16)], ["x"], ["n0"])
    mesh = replace(load("mesh"), tiles=Tiles(1, 16))
    near, far = (locality(network, rule, mesh, Float()) for rule in (TRTRL(), RTRL()))
    assert set(near.hops.words) <= {0, 1, 15}  # neighbours, and where the circle closes
    assert near.local_access_ratio > far.local_access_ratio
    assert len(far.hops.words) > 10  # what outputs say to units wherever they are
    assert near.footprint.words < far.footprint.words / 4


def test_the_busiest_link_of_a_line() -> None:
    """Everything that the first half says to the second crosses the middle."""
    network = dense_network(4, inputs=0)
    line = replace(load("mesh"), tiles=Tiles(1, 4))
    link = locality(network, Inference(), line, Float()).hops.busiest
    assert (link.source, link.destination, link.words) == (1, 2, 2 * 2)


def test_a_heat_map_of_many_neurons_groups_them() -> None:
    network = random_network(3 * MOST_ROWS - 5, 0.02, seed=2)
    found = locality(network, Inference(), load("bus"), Float())
    names, words = found.heat_map()
    assert len(names) == len(words) <= MOST_ROWS
    assert names[0] == "n0..n2"
    assert words.sum() == Inference().cost(network).words_sent
    assert profile(network, Inference(), load("bus"), Float())["traffic"]["names"] == names


def test_arithmetic_intensity_alone_flatters_rtrl() -> None:
    """Which is why absolute traffic comes first: more products a word, and far more words."""
    network = dense_network(16)
    rtrl, trtrl = (bottleneck(network, rule, load("bus"))["bus"] for rule in (RTRL(), TRTRL()))
    assert rtrl.multiplications_per_word > 4 * trtrl.multiplications_per_word
    assert rtrl.words > 5 * trtrl.words
