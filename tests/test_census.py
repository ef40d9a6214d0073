"""Networks by kinds of alike neurons: what is described equals what is built, at any size."""

from dataclasses import replace

import networkx as nx
import pytest

from neurosim.engines.tally import storage, tally
from neurosim.learning import Census
from neurosim.learning.counts import Counts, total
from neurosim.learning.rule import Rule, speak
from neurosim.model.blocks import Blocks, complete
from neurosim.model.network import Network
from neurosim.model.operations import Receive
from neurosim.study.graphs import graph_from
from tests.networks import dense_network, random_network
from tests.test_agreement import TOPOLOGIES, small
from tests.test_counts import RULES

SIZES = [(1, 1, 1), (2, 1, 1), (2, 1, 2), (3, 2, 1), (3, 1, 2), (5, 1, 5), (8, 3, 4), (17, 2, 1)]


def times(counts: Counts, n: int) -> Counts:
    return Counts(*(n * value for value in vars(counts).values()))


def worked(rule: Rule, census: Census, phase: int = 0) -> Counts:
    """Count what the rule says that a unit of each kind does, and what its memories hold."""
    found = []
    for kind in (*census.kinds, *census.inputs):
        neuron, alike = kind.example, len(kind.numbers)
        own = rule.work_at(kind, census, phase) if not neuron.is_input else ()
        does = own or ((1, operation) for operation in speak(neuron))
        for often, operation in does:
            found.append(times(tally(operation, neuron.number), often * alike))
            if isinstance(operation, Receive):
                away = sum(far != neuron.number for far in operation.along)
                words = operation.words.count * away // len(operation.along)
                found.append(Counts(words_received=words * often * alike))
        found.append(times(storage(rule.described(neuron, census.network).values()), alike))
    return total(found)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("units", "inputs", "outputs"), SIZES)
def test_the_complete_network_is_the_built_one(units, inputs, outputs, bias) -> None:
    network = dense_network(units, inputs, outputs, bias=bias)
    assert complete(units, inputs, outputs, bias).neurons == network.neurons
    census = Census.complete(units, inputs, outputs, bias)
    for rule in RULES:
        assert rule.closed(census) == rule.cost(network), rule
        assert worked(rule, census) == rule.cost(network), rule


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize(
    ("topology", "sizes", "joined", "options"),
    [
        ("elman", (5,), {(0, 0), (0, 1)}, {}),
        ("layered", (3, 4), {(0, 1), (1, 0)}, {"layers": [3, 4]}),
        ("layered", (2, 4, 1, 3), {(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)},
         {"layers": [2, 4, 1, 3]}),
    ],
)  # fmt: skip
def test_blocks_are_the_built_network(topology, sizes, joined, options, outputs) -> None:
    sizes = (*sizes, outputs) if topology == "elman" else sizes
    units = sum(sizes)
    built = graph_from(topology, units=units, inputs=("x0", "x1"), outputs=outputs, **options)
    network = Network(*built)
    blocks = Blocks(sizes, frozenset(joined), 2, frozenset({0}), range(units - outputs, units))
    assert blocks.neurons == network.neurons
    census = Census.described(blocks)
    for rule in RULES:
        assert rule.closed(census) == worked(rule, census) == rule.cost(network), rule


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_what_units_of_a_kind_do_is_what_is_counted(rule) -> None:
    """On graphs of every sort, and on units that hear nobody or that nobody hears."""
    lone = nx.DiGraph([("x", "a"), ("a", "b"), ("b", "a"), ("x", "deaf"), ("c", "d"), ("d", "c")])
    networks = [small(topology) for topology in TOPOLOGIES]
    networks += [random_network(9, d, 2, 3, seed=seed) for d in (0.1, 0.4) for seed in range(4)]
    for network in (*networks, Network(lone, ["x"], ["b"])):
        census = Census.of(network)
        assert sum(len(kind.numbers) for kind in census.kinds) == len(network.units)
        assert worked(rule, census) == rule.cost(network)


def test_alike_units_are_counted_once_and_any_size_is_quick() -> None:
    census = Census.complete(100_000, outputs=10)
    assert len(census.kinds) == 4
    assert census.edges == 100_000 * 100_002
    for rule in RULES:
        closed = rule.closed(census)
        assert closed.words_sent == closed.words_received > 0
    dense = Census.of(dense_network(12))
    assert len(dense.kinds) == 3
    assert sorted(n for kind in dense.kinds for n in kind.numbers) == list(range(12))


def test_a_described_neuron_says_where_its_edges_begin() -> None:
    blocks = complete(1000, 2, 3)
    assert blocks.neuron(999).first_edge == 999 * 1003
    assert blocks.neuron(1001) == replace(blocks.neuron(1000), number=1001, name="x1")
