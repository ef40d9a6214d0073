"""Latency of an empty network: exact, in both tiers, on any size."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.machine.description import Noc, Tiles
from neurosim.noc.arbiter import Clock
from neurosim.noc.burst import BurstNetwork
from neurosim.noc.cycle import CycleNetwork
from neurosim.noc.network import zero_load_cycles
from neurosim.noc.packets import Train

TIERS = [BurstNetwork, CycleNetwork]


def alone(tier, noc, tiles, source, destination, train):
    """Return the cycles of a single message through an empty network."""
    clock, arrivals = Clock(), []
    network = tier(clock, noc, tiles, lambda tag: arrivals.append((tag, clock.now)))
    network.send(7, source, destination, train)
    clock.play()
    ((tag, cycle),) = arrivals
    assert tag == 7
    return cycle


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(("rows", "cols"), [(4, 4), (8, 8), (3, 5), (1, 7), (6, 1)])
@pytest.mark.parametrize("vcs", [1, 4])
def test_a_packet_takes_4_d_plus_L_plus_5_cycles(tier, rows, cols, vcs):
    tiles, noc = Tiles(rows, cols), Noc(num_vcs=vcs)
    for source in {0, tiles.count // 2, tiles.count - 1}:
        for destination in range(tiles.count):
            (y, x), (to_y, to_x) = divmod(source, cols), divmod(destination, cols)
            d = abs(x - to_x) + abs(y - to_y)
            for flits in (1, 8):
                cycles = alone(tier, noc, tiles, source, destination, Train(1, flits))
                assert cycles == 4 * d + flits + 5


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    ("topology", "vcs", "destination", "links"),
    [("ring", 2, 3, 3), ("ring", 2, 7, 2), ("ring", 4, 5, 4), ("crossbar", 1, 5, 0),
     ("bus", 1, 5, 0)],
)  # fmt: skip
def test_other_topologies_use_the_same_routers(tier, topology, vcs, destination, links):
    noc = Noc(topology=topology, num_vcs=vcs)
    cycles = alone(tier, noc, Tiles(3, 3), 0, destination, Train(1, 6))
    assert cycles == 4 * links + 6 + 5


@pytest.mark.parametrize(
    ("delays", "cycles"),
    [
        # 3 links and 4 routers; 2 cycles in, then routing, allocations and traversal by router,
        # links between, 1 cycle out, and the other 7 flits behind the head
        ({"routing_delay": 2}, 2 + 4 * 5 + 3 + 1 + 7),
        ({"vc_alloc_delay": 3}, 2 + 4 * 5 + 3 + 1 + 7),
        ({"st_final_delay": 2}, 2 + 4 * 4 + 3 + 1 + 7),
        ({"link_latency": 2}, 2 + 4 * 3 + 6 + 1 + 7),
        ({"sw_alloc_delay": 2}, 2 + 4 * 4 + 3 + 1 + 2 * 7),
        ({"credit_delay": 3}, 2 + 4 * 3 + 3 + 1 + 7),
    ],
)
@pytest.mark.parametrize("tier", TIERS)
def test_each_delay_counts(tier, delays, cycles):
    assert alone(tier, Noc(**delays), Tiles(1, 4), 0, 3, Train(1, 8)) == cycles


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*(st.integers(low, 3) for low in (0, 1, 1, 0, 1, 0))),
    st.sampled_from([1, 2]),
    st.integers(1, 4),
    st.integers(1, 30),
    st.integers(0, 19),
)
def test_tiers_agree_on_any_delays(delays, vcs, packets, more, destination):
    names = ("routing_delay", "vc_alloc_delay", "sw_alloc_delay", "st_final_delay", "link_latency",
             "credit_delay")  # fmt: skip
    # buffers hide the round trip of a credit; several packets in one channel leave gaps
    noc = Noc(**dict(zip(names, delays, strict=True)), num_vcs=vcs, vc_buf_size=32)
    train = Train(packets if vcs == 1 else 1, packets + more)
    by_tier = [alone(tier, noc, Tiles(4, 5), 6, destination, train) for tier in TIERS]
    (y, x), (to_y, to_x) = divmod(6, 5), divmod(destination, 5)
    by_formula = zero_load_cycles(noc, abs(x - to_x) + abs(y - to_y), train)
    assert by_tier == [by_formula, by_formula]
