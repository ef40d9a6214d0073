"""The topologies on the shelf: what all share, what each promises, and sizes that make no sense."""

import networkx as nx
import pytest

from neurosim.errors import UserError
from neurosim.model.network import Network
from neurosim.study.graphs import graph_from

SHELF = (
    "elman",
    "fully_recurrent",
    "layered",
    "ring",
    "scale_free",
    "small_world",
    "sparse_random",
    "tournament",
)
RANDOM = ("scale_free", "small_world", "sparse_random", "tournament")


def built(topology, units=12, **options):
    return graph_from(topology, units=units, **options)


def recurrent(graph):
    """Return the graph of the units alone."""
    return graph.subgraph([node for node in graph if node.startswith("n")])


def reciprocated(graph):
    return all(graph.has_edge(b, a) for a, b in graph.edges)


@pytest.mark.parametrize("topology", SHELF)
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("inputs", [("x",), ("left", "right")])
@pytest.mark.parametrize("units", [8, 25])
def test_every_topology_is_a_network(topology, units, inputs, outputs):
    graph, found_inputs, found_outputs = built(topology, units, inputs=inputs, outputs=outputs)
    names = [f"n{number}" for number in range(units)]
    assert type(graph) is nx.DiGraph
    assert list(graph)[:units] == names
    assert set(graph) == {*names, *inputs, "bias"}
    assert found_inputs == inputs
    assert len(found_outputs) == outputs
    assert graph.graph["inputs"] == list(inputs)
    assert graph.graph["outputs"] == list(found_outputs)
    assert all(graph.has_edge("bias", unit) for unit in names)
    assert not any(graph.in_degree(node) for node in (*inputs, "bias"))
    for source in inputs:
        assert set(found_outputs) <= nx.descendants(graph, source)
    network = Network(graph, found_inputs, found_outputs)
    assert network.units == tuple(names)


@pytest.mark.parametrize("topology", [name for name in SHELF if name not in ("elman", "layered")])
def test_inputs_feed_every_unit_and_the_first_units_are_outputs(topology):
    graph, _, outputs = built(topology, outputs=2)
    assert set(graph.successors("x")) == {f"n{number}" for number in range(12)}
    assert outputs == ("n0", "n1")


@pytest.mark.parametrize("topology", SHELF)
def test_the_seed_decides(topology):
    def edges(seed):
        return set(built(topology, 30, seed=seed).graph.edges)

    assert edges(3) == edges(3)
    assert (edges(3) != edges(4)) == (topology in RANDOM)


@pytest.mark.parametrize(
    ("topology", "units"),
    [
        ("fully_recurrent", 1),
        ("ring", 1),
        ("ring", 2),
        ("sparse_random", 1),
        ("tournament", 1),
        ("elman", 2),
        ("layered", 2),
        ("scale_free", 3),
        ("small_world", 5),
    ],
)
def test_the_smallest_of_each(topology, units):
    graph, inputs, outputs = built(topology, units)
    assert len(Network(graph, inputs, outputs).units) == units


@pytest.mark.parametrize("topology", [name for name in SHELF if name != "fully_recurrent"])
def test_thousands_of_units(topology):
    options = {"sparse_random": {"density": 0.01}, "layered": {"layers": [50] * 40}}
    units = 400 if topology in ("elman", "tournament") else 2_000
    graph = built(topology, units, **options.get(topology, {})).graph
    assert len(recurrent(graph)) == units


def test_fully_recurrent_has_every_edge():
    assert recurrent(built("fully_recurrent", 7).graph).number_of_edges() == 49


def test_elman_reads_its_hidden_units_without_recurrence_of_the_outputs():
    graph, _, outputs = built("elman", 7, outputs=2)
    hidden = {f"n{number}" for number in range(5)}
    assert outputs == ("n5", "n6")
    assert set(graph.successors("x")) == hidden
    for output in outputs:
        assert not list(graph.successors(output))
        assert set(graph.predecessors(output)) == hidden | {"bias"}
    for unit in hidden:
        assert set(graph.predecessors(unit)) == hidden | {"x", "bias"}


@pytest.mark.parametrize("self_loops", [False, True])
def test_a_ring_is_a_circle(self_loops):
    graph = recurrent(built("ring", 5, self_loops=self_loops).graph)
    circle = {(f"n{unit}", f"n{(unit + 1) % 5}") for unit in range(5)}
    loops = {(f"n{unit}", f"n{unit}") for unit in range(5)}
    assert set(graph.edges) == circle | (loops if self_loops else set())


@pytest.mark.parametrize("neighbours", [2, 6])
def test_small_world_without_rewiring_is_a_lattice(neighbours):
    graph = recurrent(built("small_world", 20, neighbours=neighbours, rewiring=0.0).graph)
    assert set(dict(graph.in_degree).values()) == {neighbours}
    assert reciprocated(graph)
    assert graph.has_edge("n0", "n1")
    assert not graph.has_edge("n0", "n10")


def test_rewiring_shortens_the_paths_and_keeps_the_number_of_links():
    lattice = recurrent(built("small_world", 100, rewiring=0.0).graph)
    rewired = recurrent(built("small_world", 100, rewiring=0.3).graph)
    assert rewired.number_of_edges() == lattice.number_of_edges() == 400
    assert reciprocated(rewired)
    lengths = [nx.average_shortest_path_length(graph) for graph in (lattice, rewired)]
    assert lengths[1] < 0.5 * lengths[0]


def test_scale_free_has_hubs():
    graph = recurrent(built("scale_free", 300, neighbours=2).graph)
    degrees = sorted(dict(graph.in_degree).values())
    assert graph.number_of_edges() == 2 * 2 * (300 - 2)
    assert reciprocated(graph)
    assert degrees[0] >= 1
    assert degrees[150] <= 4  # most have few
    assert degrees[-1] > 20  # a few have very many


def test_layers_feed_the_next_and_get_feedback_from_it():
    graph, _, outputs = built("layered", 6, layers=[3, 2, 1])
    forward = {("n0", "n3"), ("n1", "n3"), ("n2", "n3"), ("n0", "n4"), ("n1", "n4"), ("n2", "n4")}
    forward |= {("n3", "n5"), ("n4", "n5")}
    assert set(recurrent(graph).edges) == forward | {(b, a) for a, b in forward}
    assert set(graph.successors("x")) == {"n0", "n1", "n2"}
    assert outputs == ("n5",)


def test_two_layers_where_nothing_is_said():
    graph, _, outputs = built("layered", 5, outputs=2)
    assert set(graph.successors("x")) == {"n0", "n1", "n2"}
    assert outputs == ("n3", "n4")


@pytest.mark.parametrize("density", [0.02, 0.3, 1.0])
@pytest.mark.parametrize("self_loops", [False, True])
def test_sparse_random_has_its_density(density, self_loops):
    options = {"density": density, "self_loops": self_loops, "seed": 1}
    graph = recurrent(built("sparse_random", 100, **options).graph)
    possible = 100 * (100 if self_loops else 99)
    spread = (possible * density * (1 - density)) ** 0.5
    assert abs(graph.number_of_edges() - possible * density) <= 4 * spread
    assert (nx.number_of_selfloops(graph) > 0) == self_loops


def test_a_density_near_zero_gives_no_edges_and_no_trouble():
    assert not recurrent(built("sparse_random", 5, density=1e-300).graph).edges


@pytest.mark.parametrize("self_loops", [False, True])
def test_a_tournament_joins_each_pair_once(self_loops):
    graph = recurrent(built("tournament", 15, self_loops=self_loops).graph)
    assert graph.number_of_edges() == 15 * 14 / 2 + 15 * self_loops
    pairs = [(a, b) for a, b in graph.edges if a != b]
    assert not any(graph.has_edge(b, a) for a, b in pairs)


@pytest.mark.parametrize(
    ("topology", "options", "parts"),
    [
        ("ring", {"units": 0}, ["ring: units", "from 1 to", "got 0"]),
        ("ring", {"units": -3}, ["ring: units", "got -3"]),
        ("ring", {"units": 2.5}, ["ring: units", "whole number", "2.5"]),
        ("ring", {"units": True}, ["ring: units", "whole number"]),
        ("ring", {"units": "many"}, ["ring: units", "whole number", "'many'"]),
        ("ring", {"units": 10**400}, ["ring: units", "from 1 to", "about 401 digits"]),
        ("ring", {"units": 3, "outputs": 4}, ["4 outputs", "got 3", "fewer outputs"]),
        ("ring", {"units": 3, "outputs": 0}, ["ring: outputs", "at least 1"]),
        ("ring", {"units": 3, "seed": -1}, ["seed", "at least 0"]),
        ("ring", {"units": 3, "inputs": []}, ["inputs", "empty"]),
        ("ring", {"units": 3, "inputs": ["n1"]}, ["n1", "taken", "Rename"]),
        ("ring", {"units": 3, "inputs": ["bias"]}, ["bias", "taken"]),
        ("ring", {"units": 3, "inputs": ["x", "x"]}, ["x", "taken"]),
        ("ring", {"units": 3, "outputs": ["n7"]}, ["ring", "outputs", "'n7'"]),
        ("ring", {"density": 0.5}, ["topology ring", "density", "It takes self_loops, units"]),
        ("ring", {"self_loop": True}, ["self_loop", "Did you mean self_loops?"]),
        ("fully_recurrent", {"units": 100_000}, ["about 10,000,000,000 edges", "limit"]),
        ("fully_recurrent", {"units": "many"}, ["fully_recurrent: units", "whole number"]),
        ("elman", {"units": 1}, ["elman: units", "from 2 to"]),
        ("elman", {"units": 3, "outputs": 3}, ["no hidden one", "more units"]),
        ("layered", {"units": 1}, ["layered: units", "from 2 to"]),
        ("layered", {"units": 8, "layers": [4, 5]}, ["4 + 5", "9 units", "Set units to 9"]),
        ("layered", {"units": 8, "layers": [8]}, ["at least two layers"]),
        ("layered", {"units": 8, "layers": 2}, ["at least two layers"]),
        ("layered", {"units": 8, "layers": [8, 0]}, ["layered: layers", "at least 1"]),
        ("layered", {"units": 8, "layers": [7, 1], "outputs": 2}, ["last layer", "wider"]),
        ("small_world", {"units": 9, "neighbours": 3}, ["even", "Try 4"]),
        ("small_world", {"units": 4, "neighbours": 4}, ["at least 5 units"]),
        ("small_world", {"units": 9, "neighbours": 0}, ["neighbours", "at least 2"]),
        ("small_world", {"units": 9, "rewiring": 1.5}, ["rewiring", "at most 1", "1.5"]),
        ("small_world", {"units": 9, "rewiring": float("nan")}, ["rewiring", "nan"]),
        ("scale_free", {"units": 2, "neighbours": 2}, ["at least 3 units"]),
        ("scale_free", {"units": 9, "neighbours": 0}, ["neighbours", "at least 1"]),
        ("sparse_random", {"density": 0}, ["density", "above 0"]),
        ("sparse_random", {"density": 1.01}, ["density", "at most 1"]),
        ("sparse_random", {"density": "dense"}, ["density", "must be a number", "'dense'"]),
        ("sparse_random", {"density": 10**400}, ["density", "about 401 digits"]),
    ],
)
def test_what_makes_no_sense_is_said_so(topology, options, parts):
    with pytest.raises(UserError) as caught:
        graph_from(topology, **options)
    for part in parts:
        assert part in str(caught.value)
