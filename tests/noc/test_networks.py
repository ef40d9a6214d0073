"""Laws that hold for any traffic: nothing is lost, links carry what routes say, time is enough."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.errors import UserError
from neurosim.machine.description import Noc, Tiles
from neurosim.noc.arbiter import Clock
from neurosim.noc.burst import BurstNetwork
from neurosim.noc.characterise import Study, of_batch
from neurosim.noc.cycle import CycleNetwork, Flits
from neurosim.noc.network import zero_load_cycles
from neurosim.noc.packets import Train, cut, train
from neurosim.noc.topology import KINDS, Topology, multicast_plan
from neurosim.noc.traffic import pattern

GRIDS = st.builds(Tiles, st.integers(1, 4), st.integers(1, 4))
NOCS = st.builds(
    Noc,
    topology=st.sampled_from(["mesh", "ring", "crossbar", "bus"]),
    num_vcs=st.integers(2, 4),
    vc_buf_size=st.integers(1, 8),
    max_packet_flits=st.integers(2, 12),
    routing_delay=st.integers(0, 1),
    vc_alloc_delay=st.integers(1, 2),
    sw_alloc_delay=st.integers(1, 2),
    link_latency=st.integers(1, 2),
)


@st.composite
def messages(draw):
    """Return a network, its tiles and messages: (cycle, source, destination, train)."""
    noc, tiles = draw(NOCS), draw(GRIDS)
    node = st.integers(0, tiles.count - 1)
    # packets as the network interface would cut them
    trains = st.integers(1, 40).map(lambda f: Train(-(-f // noc.max_packet_flits), f))
    sent = draw(st.lists(st.tuples(st.integers(0, 60), node, node, trains), max_size=25))
    return noc, tiles, sorted(sent)


def played(tier, noc, tiles, sent):
    """Return the network after all messages, and when each arrived."""
    clock, arrivals = Clock(), {}

    def arrived(tag):
        assert tag not in arrivals
        arrivals[tag] = clock.now

    network = tier(clock, noc, tiles, arrived)
    for tag, (cycle, *message) in enumerate(sent):
        clock.call(lambda tag=tag, message=message: network.send(tag, *message), cycle)
    clock.play()
    return network, arrivals


@settings(max_examples=60, deadline=None)
@given(messages())
def test_nothing_is_lost_and_both_tiers_count_the_same(case):
    noc, tiles, sent = case
    topology = Topology(noc, tiles)
    expected = Counter()
    for _, source, destination, message in sent:
        for link in topology.path(source, destination):
            expected[link] += message.flits
    for tier in (BurstNetwork, CycleNetwork):
        network, arrivals = played(tier, noc, tiles, sent)
        assert sorted(arrivals) == list(range(len(sent)))
        assert network.flits_in == network.flits_out == sum(m.flits for *_, m in sent)
        assert network.packets == sum(m.packets for *_, m in sent)
        loads = {link: n for link, n in enumerate(network.link_flits) if n}
        assert loads == dict(expected)
        assert network.flit_hops == sum(expected.values())
        last = max(arrivals.values(), default=0)
        assert last >= max(expected.values(), default=0)


@settings(max_examples=60, deadline=None)
@given(messages())
def test_nothing_is_faster_than_in_an_empty_network(case):
    noc, tiles, sent = case
    topology = Topology(noc, tiles)
    for tier in (BurstNetwork, CycleNetwork):
        _, arrivals = played(tier, noc, tiles, sent)
        for tag, (cycle, source, destination, message) in enumerate(sent):
            hops = 0 if topology.switched else len(topology.path(source, destination))
            # one packet: several may overtake each other in other channels
            least = zero_load_cycles(
                noc, hops, Train(1, message.flits if message.packets == 1 else 1)
            )
            assert arrivals[tag] - cycle >= least


@settings(max_examples=25, deadline=None)
@given(messages())
def test_buffers_never_overflow_and_every_credit_comes_back(case):
    noc, tiles, sent = case
    flits = Flits(noc, Topology(noc, tiles))
    packets = [(s, d, n, c) for c, s, d, m in sent for n in cut(m, noc.max_packet_flits)]
    if packets:
        flits.add(*np.array(packets).T)
    while not flits.empty:
        flits.run(flits.now + 1)
        assert (flits.net.inputs.held <= noc.vc_buf_size).all()
        assert (flits.net.inputs.held >= 0).all()
        assert (flits.net.outputs.credits >= 0).all()
        assert flits.now < 100_000
    assert (flits.net.outputs.credits == noc.vc_buf_size).all()
    assert not flits.net.outputs.taken.any()
    assert not flits.net.inputs.held.any()
    assert (flits.arrivals() >= 0).all()


@pytest.mark.parametrize("vcs", [2, 3, 4])
def test_a_full_ring_does_not_deadlock(vcs):
    noc, tiles = Noc(topology="ring", num_vcs=vcs, vc_buf_size=2), Tiles(2, 4)
    sent = [(0, s, (s + far) % 8, Train(3, 30)) for s in range(8) for far in (3, 4, 5)] * 4
    _, arrivals = played(CycleNetwork, noc, tiles, sent)
    assert len(arrivals) == len(sent)


def test_a_bus_carries_one_flit_in_a_cycle():
    noc, tiles = Noc(topology="bus", num_vcs=2), Tiles(2, 3)
    for tier in ("cycle", "burst"):
        point = of_batch(Study(noc, tiles, pattern("neighbor", tiles), 8, tier), 20)
        assert point.flits <= point.completion_cycles <= point.flits + 20


def test_a_crossbar_serves_all_outputs_at_once():
    noc, tiles = Noc(topology="crossbar", num_vcs=2), Tiles(2, 3)
    for tier in ("cycle", "burst"):
        point = of_batch(Study(noc, tiles, pattern("neighbor", tiles), 8, tier), 20)
        assert 160 <= point.completion_cycles <= 160 + 8


@pytest.mark.parametrize("tier", ["cycle", "burst"])
@pytest.mark.parametrize(("size", "name"), [(8, "transpose"), (6, "neighbor"), (5, "transpose")])
def test_permutations_run_at_the_speed_of_the_busiest_link(tier, size, name):
    tiles = Tiles(size, size)
    matrix = np.zeros((tiles.count, tiles.count))
    for node in range(tiles.count):
        y, x = divmod(node, size)
        to = x * size + y if name == "transpose" else (y + 1) % size * size + (x + 1) % size
        matrix[node, to] += 1
    busiest = Topology(Noc(), tiles).loads(matrix).max()
    for vcs, cycles_per_packet in ((1, 9), (4, 8)):
        study = Study(Noc(num_vcs=vcs), tiles, pattern(name, tiles), 8, tier)
        least = 50 * busiest * cycles_per_packet
        assert least <= of_batch(study, 50).completion_cycles <= least + 100


@given(NOCS, GRIDS, st.data())
@settings(max_examples=100, deadline=None)
def test_multicast_reaches_every_destination_once(noc, tiles, data):
    topology = Topology(noc, tiles)
    node = st.integers(0, tiles.count - 1)
    source, destinations = data.draw(node), data.draw(st.lists(node))
    hops = {}
    for kind in KINDS:
        legs = multicast_plan(topology, source, destinations, kind)
        have = {source}
        for start, end in legs:
            assert start in have
            assert end not in have
            have.add(end)
        assert set(destinations) <= have
        assert kind == "tree" or have == {source, *destinations}
        hops[kind] = sum(len(topology.path(*leg)) for leg in legs)
    assert hops["tree"] <= hops["none"]


def test_routes_are_made_of_links():
    for topology in ("mesh", "ring", "crossbar", "bus"):
        network = Topology(Noc(topology=topology, num_vcs=2), Tiles(3, 4))
        distances = network.distances()
        for a in range(12):
            for b in range(12):
                path = network.path(a, b)
                assert len(path) == distances[a, b]
                if not network.switched:
                    steps = [network.links[link] for link in path]
                    assert [a, *(end for _, end in steps)] == network.stops(a, b)


@given(
    st.integers(1, 500),
    st.integers(4, 40),
    st.integers(8, 64),
    st.integers(1, 4),
    st.integers(5, 40),
)
def test_trains_carry_their_words(words, word_bits, flit_bits, header, longest):
    noc = Noc(flit_bits=flit_bits, header_flits=header, max_packet_flits=longest)
    packets, flits = train(words, word_bits, noc)
    payload = flits - packets * header
    shared = flit_bits // word_bits
    need = -(-words // shared) if shared else words * -(-word_bits // flit_bits)
    assert payload == need
    assert packets == -(-need // (longest - header))
    sizes = cut(Train(packets, flits), longest)
    assert len(sizes) == packets
    assert sum(sizes) == flits
    assert max(sizes) <= longest
    assert min(sizes) > header


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Topology(Noc(topology="mesj"), Tiles(2, 2)), "Did you mean mesh?"),
        (lambda: Topology(Noc(), Tiles(0, 4)), "got 0 x 4"),
        (lambda: Topology(Noc(), Tiles(10**9, 1)), "from 1 to 16,384"),
        (lambda: Topology(Noc(topology="ring"), Tiles(2, 2)), "a ring needs 2 or more"),
        (lambda: train(3, 16, Noc(header_flits=4, max_packet_flits=4)), "larger than header_flits"),
        (
            lambda: multicast_plan(Topology(Noc(), Tiles(2, 2)), 0, [1], "treee"),
            "Did you mean tree?",
        ),
    ],
)
def test_mistakes_are_named(make, said):
    with pytest.raises(UserError, match=said):
        make()


PLAIN = """
import sys
sys.modules["numba"] = None
from tests.noc.test_networks import CycleNetwork, Noc, Tiles, Train, played
sent = [(n % 7, n % 9, n * 5 % 9, Train(1, 1 + n % 6)) for n in range(60)]
print(sorted(played(CycleNetwork, Noc(num_vcs=2), Tiles(3, 3), sent)[1].items()))
"""


def test_without_a_compiler_the_same_cycles_come_out():
    sent = [(n % 7, n % 9, n * 5 % 9, Train(1, 1 + n % 6)) for n in range(60)]
    _, arrivals = played(CycleNetwork, Noc(num_vcs=2), Tiles(3, 3), sent)
    plain = subprocess.run(
        [sys.executable, "-c", PLAIN], capture_output=True, text=True, check=True
    )
    assert plain.stdout.strip() == str(sorted(arrivals.items()))
    assert "numba is not here" in plain.stderr
