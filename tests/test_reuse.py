"""Stack distances against a plain stack, and miss ratios against a plain cache."""

from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.engines.locality import reuse as module
from neurosim.engines.locality.reuse import accesses_of, reuse, stack_distances
from neurosim.learning import BPTT, RTRL, TRTRL, Inference
from neurosim.model.neuron import Memory
from neurosim.model.operations import (
    Activate,
    Dot,
    Fma,
    Phase,
    Receive,
    Send,
    Words,
    every,
    operands,
    results,
)
from tests.networks import dense_network, random_network

RULES = [
    RTRL(),
    TRTRL(),
    TRTRL(placement="owner"),
    TRTRL(ingress_only=True),
    BPTT(window=3),
    Inference(),
]
NETWORKS = {
    "dense": dense_network(6, inputs=2, outputs=2),
    "sparse": random_network(8, 0.35, inputs=2, outputs=2, seed=4),
    "no bias": random_network(5, 0.8, bias=False, loops=False, seed=1),
}


def stack_depths(stream):
    """Mattson's stack, word by word."""
    stack, depths = [], []
    for word in stream:
        depths.append(len(stack) - stack.index(word) if word in stack else 0)
        if word in stack:
            stack.remove(word)
        stack.append(word)
    return depths


def misses(stream, words, counted_from):
    """A cache of so many words that evicts the least recently used."""
    cache: OrderedDict = OrderedDict()
    missed = 0
    for time, word in enumerate(stream):
        if word in cache:
            cache.move_to_end(word)
            continue
        missed += time >= counted_from
        cache[word] = None
        if len(cache) > words:
            cache.popitem(last=False)
    return missed


def word_by_word(operations):
    """The accesses of a program as (memory, place), from the meaning of its operations."""
    for operation in operations:
        if isinstance(operation, Phase):
            continue
        if isinstance(operation, (Send, Receive)):
            yield from ((operation.words.memory, n) for n in places(operation.words))
            continue
        read, written = operands(operation), results(operation)
        yield from ((w.memory, w.start) for w in read if w.stride == 0)
        length = max([w.count for w in (*read, *written)])
        dot = isinstance(operation, Dot)
        for n in range(length):
            for w in read if dot else (*read, *written):
                if w.stride and n < w.count:
                    yield w.memory, w.start + n * w.stride
        if dot:
            yield from ((w.memory, w.start) for w in written)


def places(words):
    return range(words.start, words.start + words.count)


def two_steps(network, rule, neuron):
    """All accesses of a unit in two steps, and how many belong to the first."""
    first, second = (
        list(word_by_word(rule.program(neuron, network, phase))) for phase in (0, 1 % rule.period)
    )
    return first + second, len(first)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=120))
def test_distances_are_depths_in_a_stack(stream) -> None:
    assert stack_distances(np.array(stream, dtype=np.int64)).tolist() == stack_depths(stream)


def test_a_long_cyclic_stream() -> None:
    stream = np.tile(np.arange(3000), 30)
    distances = stack_distances(stream)
    assert (distances[:3000] == 0).all()
    assert (distances[3000:] == 3000).all()


def test_accesses_in_the_order_of_the_program() -> None:
    memories = [Memory("a", 4), Memory("b", 4), Memory("s", 1)]  # words 0-3, 4-7, 8
    a, b, s = Words("a", 1, 2), Words("b", 0, 2), Words("s")
    program = [
        Phase("any"),
        Fma(a, every(s, 2), b, a),
        Dot(s, a, b),
        Activate(Words("a"), Words("b"), s),
        Send("kind", a, (1,)),
        Receive("kind", Words("b", 2, 2), (1, 2)),
    ]
    expected = [8, 4, 1, 1, 5, 2, 2, *(1, 4, 2, 5, 8), *(8, 0, 4), *(1, 2), *(6, 7)]
    assert accesses_of(program, memories).tolist() == expected


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_access_is_counted_once(rule, network) -> None:
    counts = rule.cost(network)
    found = reuse(network, rule)
    assert found.total == counts.reads + counts.writes
    assert found.cold == 0
    assert found.miss_ratio(0) == 1
    assert found.miss_ratio(len(found.accesses)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_misses_are_those_of_caches(rule, network) -> None:
    """Exact where neurons with equal counts do the same; RTRL's differ in where runs begin."""
    found = reuse(network, rule)
    units = network.neurons[: len(network.units)]
    streams = [two_steps(network, rule, unit) for unit in units]
    total = sum(len(stream) - first for stream, first in streams) + len(network.inputs)
    tolerance = 0.02 if isinstance(rule, RTRL) else 1e-12
    for words in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144):
        missed = sum(misses(stream, words, first) for stream, first in streams)
        assert found.miss_ratio(words) == pytest.approx(missed / total, abs=tolerance), words


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_neuron_alone_is_followed_to_the_word(rule) -> None:
    network = random_network(1, 1.0, seed=2)
    found = reuse(network, rule)
    stream, first = two_steps(network, rule, network.neurons[0])
    depths = np.bincount(stack_depths(stream)[first:])
    depths[1] += 1  # the input
    assert found.accesses.tolist() == depths[1:].tolist()


def test_few_neurons_stand_for_many() -> None:
    network = dense_network(12, outputs=4)
    exact, less = reuse(network, TRTRL()), reuse(network, TRTRL(), most=400)
    assert 1 <= less.examined < exact.examined < exact.neurons == 13
    assert less.total == pytest.approx(exact.total)
    for words in (4, 16, 64):
        assert less.miss_ratio(words) == pytest.approx(exact.miss_ratio(words), abs=0.1)


def test_a_program_that_is_too_long_is_not_followed(monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_ALONE", 100)
    assert reuse(NETWORKS["dense"], RTRL()) is None


def test_the_curve_that_a_report_draws() -> None:
    found = reuse(NETWORKS["dense"], TRTRL())
    drawn = found.as_dict()
    assert sum(drawn["accesses"]) + drawn["cold"] == found.total
    edges = drawn["distances"]
    assert edges == [2**n for n in range(len(edges))]
    assert edges[-2] < len(found.accesses) <= edges[-1]
    ratios = [ratio for _, ratio in drawn["miss_ratio"]]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] == 1 - found.accesses[0] / found.total
    assert ratios[-1] == pytest.approx(0, abs=1e-12)
