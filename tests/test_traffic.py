"""Messages as arrays, against the programs that say them and the counts of the engines."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.engines.locality import traffic as module
from neurosim.engines.locality.traffic import carried, entries, grouped, traffic, words_between
from neurosim.learning import BPTT, RTRL, TRTRL, Inference
from neurosim.learning.rule import speak
from neurosim.model.operations import Receive, Send
from tests.networks import dense_network, random_network

RULES = [
    RTRL(),
    TRTRL(),
    TRTRL(literal=True),
    TRTRL(placement="owner"),
    BPTT(window=4),
    Inference(),
]
NETWORKS = [
    dense_network(7, inputs=2, outputs=3),
    random_network(9, 0.3, inputs=2, outputs=2, seed=3),
    random_network(1, 1.0),
]


def programs(network, rule):
    for neuron in network.neurons:
        spoken = speak(neuron) if neuron.is_input else rule.program(neuron, network, 0)
        for operation in spoken:
            yield neuron.number, operation


def said(network, rule):
    """Words by kind, source and destination, one message after the other."""
    words: Counter = Counter()
    for source, operation in programs(network, rule):
        if isinstance(operation, Send):
            for far in operation.along:
                each = 1 if operation.scatter else operation.words.count
                words[operation.kind, source, far] += each if far != source else 0
    return words


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_messages_are_those_of_the_programs(rule, network) -> None:
    expected, messages = said(network, rule), traffic(network, rule)
    assert messages.by_kind == {
        kind: sum(n for (k, _, _), n in expected.items() if k == kind) for kind in messages.kinds
    }
    between = words_between(network, rule)
    matrix = np.zeros_like(between)
    for (_, source, far), words in expected.items():
        matrix[source, far] += words
    assert np.array_equal(between, matrix)
    counts = rule.cost(network)
    assert between.sum() == messages.total == counts.words_sent
    assert messages.words[messages.bursts.broadcast[messages.burst]].sum() == counts.words_broadcast


@settings(max_examples=40, deadline=None)
@given(
    units=st.integers(1, 8),
    density=st.floats(0, 1),
    seed=st.integers(0, 999),
    rule=st.sampled_from(RULES),
)
def test_what_is_sent_is_received(units, density, seed, rule) -> None:
    """What arrives fills every Receive, but for what a neuron says to itself."""
    network = random_network(units, density, inputs=2, seed=seed)
    arrived = words_between(network, rule).sum(axis=0)
    filled = np.zeros(len(network.neurons), dtype=int)
    for number, operation in programs(network, rule):
        if isinstance(operation, Receive):
            share = operation.words.count // len(operation.along)
            filled[number] += share * sum(source != number for source in operation.along)
    assert arrived.tolist() == filled.tolist()


def test_many_neurons_make_a_sparse_matrix(monkeypatch) -> None:
    network = NETWORKS[1]
    dense = words_between(network, RTRL())
    monkeypatch.setattr(module, "MOST_DENSE", 4)
    sparse = words_between(network, RTRL())
    assert np.array_equal(sparse.toarray(), dense)
    listed = [sorted(zip(*entries(matrix), strict=True)) for matrix in (sparse, dense)]
    assert listed[0] == listed[1]
    place = np.arange(len(network.neurons)) % 3
    assert np.array_equal(grouped(sparse, place, 3), grouped(dense, place, 3))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), tiles=st.integers(1, 5), rule=st.sampled_from(RULES))
def test_a_burst_goes_to_each_tile_once(seed, tiles, rule) -> None:
    network = random_network(6, 0.6, inputs=2, outputs=2, seed=seed)
    place = np.random.default_rng(seed).integers(0, tiles, len(network.neurons))
    expected = np.zeros((tiles, tiles), dtype=int)
    for source, operation in programs(network, rule):
        if isinstance(operation, Send):
            far = [place[f] for f in operation.along if f != source]
            for tile in far if operation.scatter else set(far):
                words = 1 if operation.scatter else operation.words.count
                expected[place[source], tile] += words if tile != place[source] else 0
    found = carried(traffic(network, rule), place, tiles)
    assert np.array_equal(found, expected)
    copied = grouped(words_between(network, rule), place, tiles)
    assert copied.sum() == rule.cost(network).words_sent
    assert (found <= copied).all()


def test_with_a_neuron_a_tile_nothing_is_shared() -> None:
    network = NETWORKS[0]
    alone = np.arange(len(network.neurons))
    for rule in RULES:
        matrix = words_between(network, rule)
        assert np.array_equal(carried(traffic(network, rule), alone, len(alone)), matrix)
        assert not carried(traffic(network, rule), 0 * alone, 1).any()
