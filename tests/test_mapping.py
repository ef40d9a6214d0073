"""Neurons on tiles: every policy, what the optimiser guarantees, and files of places."""

import itertools
import json
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.engines import simulated_step
from neurosim.engines.locality.traffic import traffic, words_between
from neurosim.engines.mapping import placement as mapping
from neurosim.engines.mapping.assignment import assign, exchange, total
from neurosim.engines.mapping.placement import carried_hop_words, distances, hop_words, place
from neurosim.errors import UserError
from neurosim.learning import RTRL, TRTRL, Inference
from neurosim.machine import Mapping, Noc, Tiles, load
from neurosim.model import Float, Network
from tests.networks import dense_network, network_of, random_network


def tiled(rows, cols, policy="row_major", noc=None, **fields):
    machine = load("mesh")
    noc = noc or replace(machine.interconnect, multicast="none")
    return replace(
        machine, tiles=Tiles(rows, cols), mapping=Mapping(policy, **fields), interconnect=noc
    )


def shuffled_grid(rows, cols, seed):
    """A grid of units whose numbers say nothing about where they belong."""
    grid = nx.grid_2d_graph(rows, cols)
    drawn = np.random.default_rng(seed).permutation(rows * cols)
    named = nx.relabel_nodes(grid, {node: f"n{drawn[n]:02}" for n, node in enumerate(grid)})
    graph = nx.DiGraph()
    graph.add_nodes_from(sorted(named))
    graph.add_edges_from(named.to_directed().edges)
    return Network(graph, [], ["n00"])


def hops_one_by_one(network, rule, tiles, far):
    words = words_between(network, rule)
    pairs = itertools.product(range(len(words)), repeat=2)
    return sum(int(words[a, b]) * int(far[tiles[a], tiles[b]]) for a, b in pairs)


@pytest.mark.parametrize(("units", "rows", "cols"), [(7, 2, 2), (3, 2, 3), (8, 2, 2), (5, 1, 1)])
def test_row_major_is_even_and_in_order(units, rows, cols) -> None:
    tiles = place(dense_network(units, inputs=2), TRTRL(), tiled(rows, cols))
    counts = np.bincount(tiles[:units], minlength=rows * cols)
    assert counts.max() - counts.min() <= 1
    assert sorted(counts, reverse=True) == counts.tolist()
    assert (np.diff(tiles[:units]) >= 0).all()
    assert tiles[units:].tolist() == [0, 0]


def test_random_shuffles_the_same_places() -> None:
    network = dense_network(11)
    first, same, other = (
        place(network, TRTRL(), tiled(2, 3, "random", seed=seed)) for seed in (1, 1, 2)
    )
    assert first.tolist() == same.tolist() != other.tolist()
    assert sorted(first) == sorted(place(network, TRTRL(), tiled(2, 3)))
    assert first[-1] == 0


@pytest.mark.parametrize("topology", ["mesh", "ring", "crossbar", "bus"])
def test_hop_words_are_words_times_links(topology) -> None:
    network = random_network(9, 0.5, inputs=2, outputs=2)
    machine = tiled(2, 3, "random", noc=Noc(topology, num_vcs=2))
    tiles, far = place(network, RTRL(), machine), distances(machine)
    expected = hops_one_by_one(network, RTRL(), tiles, far)
    assert hop_words(words_between(network, RTRL()), tiles, far) == expected


def test_distances_on_a_mesh_are_manhattan() -> None:
    far = distances(tiled(3, 4))
    for a, b in itertools.product(range(12), repeat=2):
        assert far[a, b] == abs(a // 4 - b // 4) + abs(a % 4 - b % 4)


@pytest.mark.parametrize("policy", ["row_major", "random", "min_hop_words"])
@pytest.mark.parametrize("rule", [RTRL(), TRTRL(), Inference()], ids=str)
def test_the_clocked_engine_carries_as_many_hop_words(rule, policy) -> None:
    network = random_network(10, 0.4, inputs=2, outputs=2, seed=5)
    machine = tiled(2, 2, policy, seed=3)
    activity, _ = simulated_step(network, rule, machine, Float())
    tiles = place(network, rule, machine)
    expected = carried_hop_words(traffic(network, rule), tiles, distances(machine))
    assert activity.hop_words == expected


@settings(max_examples=25, deadline=None)
@given(
    units=st.integers(1, 14),
    density=st.floats(0, 1),
    seed=st.integers(0, 999),
    grid=st.sampled_from([(1, 1), (2, 2), (2, 3), (4, 4), (1, 5)]),
    rule=st.sampled_from([TRTRL(), RTRL(), Inference()]),
    direct=st.sampled_from([mapping.MOST_DIRECT, 4]),
)
def test_the_optimiser_is_never_worse_than_row_major(
    units, density, seed, grid, rule, direct
) -> None:
    network = random_network(units, density, inputs=2, seed=seed)
    messages, far = traffic(network, rule), distances(tiled(*grid))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapping, "MOST_DIRECT", direct)
        best = place(network, rule, tiled(*grid, "min_hop_words"))
    plain = place(network, rule, tiled(*grid))
    assert carried_hop_words(messages, best, far) <= carried_hop_words(messages, plain, far)
    assert np.bincount(best[:units]).max() <= -(-units // len(far))
    assert (best[units:] == 0).all()
    assert 0 <= best.min() <= best.max() < len(far)


def test_row_major_stays_when_nothing_better_is_found(monkeypatch) -> None:
    def bad(words, far, starts, fixed=0, approximate=True):
        held = list(range(len(words) - fixed, len(words)))
        drawn = np.random.default_rng(0).permutation(len(words) - fixed)
        return np.array([*drawn, *held])

    monkeypatch.setattr(mapping, "assign", bad)
    pairs = [(f"n{n:02}", f"n{n + 1:02}") for n in range(15)]  # a line lies well in a line
    line = network_of([*pairs, ("x", "n00")], [f"n{n:02}" for n in range(16)], ["x"], ["n15"])
    found = place(line, Inference(), tiled(1, 16, "min_hop_words"))
    assert found.tolist() == place(line, Inference(), tiled(1, 16)).tolist()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_shuffled_grid_finds_its_way_back(seed) -> None:
    """Every word can go over one link; of 16! placements eight do that."""
    network = shuffled_grid(4, 4, seed)
    words, far = words_between(network, Inference()), distances(tiled(4, 4))
    assert hop_words(words, place(network, Inference(), tiled(4, 4)), far) > 2 * words.sum()
    best = place(network, Inference(), tiled(4, 4, "min_hop_words"))
    assert hop_words(words, best, far) == words.sum()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 9999), size=st.integers(2, 7), fixed=st.integers(0, 2))
def test_no_exchange_helps_any_more(seed, size, fixed) -> None:
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 6, (size, size))
    np.fill_diagonal(words, 0)
    far = distances(tiled(2, 4))[:size, :size]
    start = rng.permutation(size)
    found = assign(words, far, [start], fixed)
    held = size - fixed
    assert found[held:].tolist() == start[held:].tolist()
    assert sorted(found) == list(range(size))
    least = total(words, far, found)
    local = exchange((words + words.T).astype(float), far.astype(float), found, fixed)
    assert total(words, far, local) == least
    for i, j in itertools.combinations(range(held), 2):
        other = found.copy()
        other[[i, j]] = other[[j, i]]
        assert total(words, far, other) >= least
    kept = start[held:].tolist()
    orders = itertools.permutations(sorted(set(range(size)) - set(kept)))
    best = min(total(words, far, np.array([*order, *kept])) for order in orders)
    assert best <= least <= 1.25 * best


FILES = {
    '{"n0": 0, "n1": 3, "n2": 1}': None,
    '{"n0": 0, "n1": 3}': "n2: has no tile. Give every unit",
    '{"n0": 0, "n1": 3, "n2": 1, "n22": 1}': "n22: seed 0 has no such unit. Did you mean n2?",
    '{"n0": 0, "n1": 3, "n2": 1, "x0": 0}': "x0: is an input, and inputs enter at tile 0",
    '{"n0": 0, "n1": 3, "n2": 1, "bias": 0}': "bias: seed 0 has no such unit",
    '{"n0": 0, "n1": 4, "n2": 1}': "n1: there is no tile 4; the machine has 4, numbered from 0",
    '{"n0": 0, "n1": -1, "n2": 1}': "n1: there is no tile -1",
    '{"n0": 0, "n1": 1.0, "n2": 1}': "n1: the tile must be a whole number (got 1.0)",
    '{"n0": 0, "n1": true, "n2": 1}': "n1: the tile must be a whole number (got True)",
    '{"n0": 0, "n1": 1, "n1": 2, "n2": 1}': "n1: has two tiles",
    "[0, 3, 1]": "must be a JSON object (got list)",
    "{'n0': 0}": "1:2: is not JSON",
    "": "is not JSON",
    "[" * 100_000: "is no list of places",
    '{"n0": ' + "9" * 5000 + "}": "is no list of places",
}


@pytest.mark.parametrize(("text", "message"), FILES.items(), ids=lambda text: str(text)[:30])
def test_a_file_of_places(tmp_path, text, message) -> None:
    network = random_network(3, 1.0)
    path = tmp_path / "places.json"
    path.write_text(text)
    machine = tiled(2, 2, "file", file=str(path))
    if message is None:
        assert place(network, TRTRL(), machine).tolist() == [0, 3, 1, 0]
        return
    with pytest.raises(UserError) as caught:
        place(network, TRTRL(), machine)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_file_that_is_none(tmp_path) -> None:
    network = random_network(3, 1.0)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    large = tmp_path / "large.json"
    with large.open("wb") as stream:
        stream.truncate(2**25)
    for name, message in {
        "missing.json": "cannot be read (No such file",
        ".": "is no plain file",
        "binary.json": "is not UTF-8 text",
        "large.json": "is larger than 16 MiB",
    }.items():
        with pytest.raises(UserError, match=message.replace("(", r"\(")):
            place(network, TRTRL(), tiled(2, 2, "file", file=str(tmp_path / name)))


def test_places_can_be_written_down_and_read_again(tmp_path) -> None:
    network = random_network(8, 0.5)
    best = place(network, TRTRL(), tiled(3, 3, "min_hop_words"))
    path = tmp_path / "best.json"
    path.write_text(json.dumps(dict(zip(network.units, best.tolist(), strict=False))))
    again = place(network, TRTRL(), tiled(3, 3, "file", file=str(path)))
    assert again.tolist() == best.tolist()
